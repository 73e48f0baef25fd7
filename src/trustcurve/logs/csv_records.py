"""Records of CSV files, one by one: with fields of any length, and lines with wrong quotes by themselves.

Python's own reader limits the length of a field for the whole process, and does not say where a quote was opened.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

__all__ = ["HEADING", "OPEN_QUOTE", "csv_records"]

OPEN_QUOTE = "opens a quote that is never closed"
HEADING = "the heading has"


def csv_records(
    lines: Iterable[str],
    separator: str,
    width: int | None = None,
    *,
    rule: str = HEADING,
    until: Callable[[], bool] = bool,
) -> Iterator[list[str] | str]:
    r"""Yield each record: its fields, or its problem. A blank line is a record without fields.

    A field that begins with a quote ends at the next quote that is not doubled; what follows, up to the separator,
    is part of it. In a record of several lines nothing may follow, every quote must be closed, and there must be as
    many fields as in the heading: otherwise the first quote is a literal character, or its end is
    missing. Then only the first line is broken; the lines after it are read as separate records, so that no row is
    lost in a field of another. The work is in proportion to the file, whatever is in it.

    Args:
        lines: The lines of a file that was opened with ``newline=""``.
        separator: The character between fields.
        width: The number of fields in the heading; if it is None, the first record is the heading.
        rule: What says how many fields there must be.
        until: Whether to stop after a record; it is asked where no line was read beyond it.

    Examples:
        >>> list(csv_records(['a,"b\n', 'c"\n', 'd,"e\n', "f,g\n"], ","))
        [['a', 'b\nc'], 'opens a quote that is never closed', ['f', 'g']]
    """
    source = _Lines(lines, separator)
    for line in source:
        if '"' in line:
            part = _part(line, separator)
            record = source.joined(part, width, rule) if part.is_open else part.fields
        else:
            text = line.rstrip("\r\n")
            record = text.split(separator) if text else []
        width = width or (len(record) if isinstance(record, list) else None)
        yield record
        if not source.is_ahead and until():
            return


class _Part(NamedTuple):
    """What one line adds to a record.

    ``is_open``: the line ends inside quotes. ``is_right``: nothing follows a closing quote but a separator or the end.
    """

    fields: list[str]
    is_open: bool
    is_right: bool


class _Lines:
    """The lines of a file, some of them read ahead: from the next line to the one at which an open quote comes to an end.

    A quote that is open before a line comes to the same end wherever it was opened. So the lines ahead answer for all
    lines among them, and each line is read twice at most: inside quotes, and as the first line of a record.
    """

    def __init__(self, lines: Iterable[str], separator: str) -> None:
        self._lines, self._separator = iter(lines), separator
        self._ahead: deque[tuple[str, _Part]] = deque()
        self._added = 0
        """The number of fields that the lines ahead add to a record."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self._ahead:
            return next(self._lines)
        line, part = self._ahead.popleft()
        self._added -= len(part.fields) - 1
        return line

    @property
    def is_ahead(self) -> bool:
        """Whether there are lines that were read ahead."""
        return bool(self._ahead)

    def joined(self, first: _Part, width: int | None, rule: str) -> list[str] | str:
        """Return the fields of a record whose first line ends inside quotes; its problem if only that line is taken."""
        if first.is_right and not self._ahead:
            self._read_ahead()
        last = self._ahead[-1][1] if self._ahead else first
        if last.is_open or not (first.is_right and last.is_right):
            return OPEN_QUOTE
        count = len(first.fields) + self._added
        if width and count != width:
            lines = len(self._ahead) + 1
            return f"opens a quote across {lines} lines, which gives {count} fields, but {rule} {width}"
        pieces = [[text] for text in first.fields]
        for _, part in self._ahead:
            pieces[-1].append(part.fields[0])
            pieces += [[text] for text in part.fields[1:]]
        self._ahead.clear()
        self._added = 0
        return ["".join(each) for each in pieces]

    def _read_ahead(self) -> None:
        """Read the lines up to the one in which an open quote is closed for good, or wrongly."""
        for line in self._lines:
            part = _part(line, self._separator, inside=True)
            self._ahead.append((line, part))
            self._added += len(part.fields) - 1
            if not (part.is_open and part.is_right):
                return


_INSIDE = re.compile(r'(?:[^"]++|"")*+')
"""Up to the closing quote, or the end of the line; a doubled quote is a quote."""


@cache
def _outside(separator: str) -> re.Pattern[str]:
    return re.compile(rf"[^{re.escape(separator)}\r\n]*+")


def _part(line: str, separator: str, *, inside: bool = False) -> _Part:
    """Read one line; ``inside``: a quote is open before it."""
    outside, fields = _outside(separator), list[str]()
    place, is_right = 0, True
    while True:
        text = ""
        quoted = inside or line.startswith('"', place)
        if quoted:
            begin = place if inside else place + 1
            place = _end(_INSIDE, line, begin)
            text = line[begin:place].replace('""', '"')
            if place == len(line):
                return _Part([*fields, text], is_open=True, is_right=is_right)
            place += 1  # the closing quote
        end = _end(outside, line, place)
        is_right = is_right and not (quoted and end > place)
        fields.append(text + line[place:end])
        if not line.startswith(separator, end):
            return _Part(fields, is_open=False, is_right=is_right)
        place, inside = end + 1, False


def _end(pattern: re.Pattern[str], line: str, place: int) -> int:
    """Return where the match of a pattern ends that can match nothing."""
    found = pattern.match(line, place)
    return place if found is None else found.end()
