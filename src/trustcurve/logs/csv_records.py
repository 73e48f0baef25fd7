"""The records of a CSV file: fields of any length, and lines with wrong quotes one by one.

Python's own reader limits the length of a field for the whole process, and does not say where a quote was opened.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache

__all__ = ["OPEN_QUOTE", "csv_records"]

OPEN_QUOTE = "opens a quote that is never closed"


def csv_records(lines: Iterable[str], separator: str) -> Iterator[list[str] | str]:
    r"""Yield each record: its fields, or its problem. A blank line is a record without fields.

    A field that begins with a quote ends at the next quote that is not doubled; what follows, up to the separator,
    is part of it. In a record of several lines nothing may follow, and every quote must be closed: otherwise the
    first quote is a literal character, or its end is missing. Then only the first line is broken; the lines after
    it are read as separate records, so that the rest of the file is not lost in one field.

    Args:
        lines: The lines of a file that was opened with ``newline=""``.
        separator: The character between fields.

    Examples:
        >>> list(csv_records(['a,"b\n', 'c"\n', 'd,"e\n', "f,g\n"], ","))
        [['a', 'b\nc'], 'opens a quote that is never closed', ['f', 'g']]
    """
    source = _Lines(lines)
    for line in source:
        if '"' in line:
            fields = _Record(line, source, separator).fields()
            yield OPEN_QUOTE if fields is None else fields
        else:
            text = line.rstrip("\r\n")
            yield text.split(separator) if text else []


class _Lines:
    """Lines that can be put back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return self._again.popleft() if self._again else next(self._lines)

    def put_back(self, lines: list[str]) -> None:
        self._again.extendleft(reversed(lines))


class _Record:
    """A record that has a quote, while it is read; ``later`` has its lines after the first."""

    _INSIDE = re.compile(r'(?:[^"]++|"")*+')
    """Up to the closing quote, or the end of the line; a doubled quote is a quote."""

    def __init__(self, line: str, source: _Lines, separator: str) -> None:
        self.line, self.place, self.later, self.closed = line, 0, list[str](), True
        self.source, self.separator, self.outside = source, separator, _outside(separator)

    def fields(self) -> list[str] | None:
        """Return the fields; None if only the first line can be judged, and put the other lines back."""
        fields: list[str] = []
        valid = True
        while True:
            quoted = self.line.startswith('"', self.place)
            inside = self._inside() if quoted else ""
            rest = self._next(self.outside)
            valid = valid and not (quoted and rest)
            fields.append(inside + rest)
            if not self.line.startswith(self.separator, self.place):
                break
            self.place += 1
        if self.closed and (valid or not self.later):
            return fields
        self.source.put_back(self.later)
        return None

    def _inside(self) -> str:
        """Return what is inside quotes, which may end in a later line."""
        self.place += 1
        parts = [self._next(self._INSIDE)]
        while self.place == len(self.line):
            following = next(self.source, None)
            if following is None:
                self.closed = False
                return ""
            self.later.append(following)
            self.line, self.place = following, 0
            parts.append(self._next(self._INSIDE))
        self.place += 1  # the closing quote
        return "".join(parts).replace('""', '"')

    def _next(self, pattern: re.Pattern[str]) -> str:
        """Return what matches a pattern that can match nothing, and go behind it."""
        found = pattern.match(self.line, self.place)
        text = "" if found is None else found[0]
        self.place += len(text)
        return text


@cache
def _outside(separator: str) -> re.Pattern[str]:
    return re.compile(rf"[^{re.escape(separator)}\r\n]*+")
