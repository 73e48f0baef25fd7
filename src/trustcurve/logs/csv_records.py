"""CSV files: records with fields of any length, lines with wrong quotes one by one, and the log that they make.

Python's own reader limits the length of a field for the whole process, and does not say where a quote was opened.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import NamedTuple, TextIO
from unicodedata import normalize

import polars as pl
from attrs import evolve

from trustcurve.logs.log_errors import UnreadableLogError
from trustcurve.logs.opened_log import ROW, UTF_16, Log, check_names, gather

__all__ = ["OPEN_QUOTE", "csv_records", "read_csv"]

OPEN_QUOTE = "opens a quote that is never closed"


def csv_records(lines: Iterable[str], separator: str) -> Iterator[list[str] | str]:
    r"""Yield each record: its fields, or its problem. A blank line is a record without fields.

    A field that begins with a quote ends at the next quote that is not doubled; what follows, up to the separator,
    is part of it. In a record of several lines nothing may follow, every quote must be closed, and there must be as
    many fields as in the first record, the heading: otherwise the first quote is a literal character, or its end is
    missing. Then only the first line is broken; the lines after it are read as separate records, so that no row is
    lost in a field of another. The work is in proportion to the file, whatever is in it.

    Args:
        lines: The lines of a file that was opened with ``newline=""``.
        separator: The character between fields.

    Examples:
        >>> list(csv_records(['a,"b\n', 'c"\n', 'd,"e\n', "f,g\n"], ","))
        [['a', 'b\nc'], 'opens a quote that is never closed', ['f', 'g']]
    """
    source = _Lines(lines, separator)
    width: int | None = None  # of the heading
    for line in source:
        if '"' in line:
            part = _part(line, separator)
            record = source.joined(part, width) if part.is_open else part.fields
        else:
            text = line.rstrip("\r\n")
            record = text.split(separator) if text else []
        width = width or (len(record) if isinstance(record, list) else None)
        yield record


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

    def joined(self, first: _Part, width: int | None) -> list[str] | str:
        """Return the fields of a record whose first line ends inside quotes; its problem if only that line is taken."""
        if first.is_right and not self._ahead:
            self._read_ahead()
        last = self._ahead[-1][1] if self._ahead else first
        if last.is_open or not (first.is_right and last.is_right):
            return OPEN_QUOTE
        count = len(first.fields) + self._added
        if width and count != width:
            lines = len(self._ahead) + 1
            return f"opens a quote across {lines} lines, which gives {count} fields, but the heading has {width}"
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


_FOR_SPREADSHEETS = re.compile("sep=.?", re.IGNORECASE)
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def read_csv(name: str, file: TextIO, separator: str) -> Log:
    """Read a file whose first line names the columns; ``file`` is opened with ``newline=""``.

    Columns without a name, which spreadsheets write at the end, and those whose name is there twice are not read.
    """
    records = csv_records(file, separator)
    heading = next(records, [])
    if isinstance(heading, str):
        raise UnreadableLogError(name, f"the first line {heading}")
    heading = [normalize("NFC", column) for column in heading]
    _check_heading(name, heading, separator)
    repeated = frozenset(column for column, times in Counter(filter(None, heading)).items() if times > 1)
    read = [place for place, column in enumerate(heading) if column and column not in repeated]
    log = gather(name, _csv_rows(records, len(heading)), partial(_csv_frame, heading, read))
    return evolve(log, heading=separator.join(heading), repeated=repeated)


def _csv_rows(records: Iterator[list[str] | str], width: int) -> Iterator[tuple[int, list[str] | str]]:
    """Number the records; blank lines are skipped, and records that do not fit the heading are broken."""
    for number, fields in enumerate((record for record in records if record), start=1):
        if isinstance(fields, str) or len(fields) == width:
            yield number, fields
        else:
            yield number, f"has {len(fields)} fields, but the heading has {width}"


def _csv_frame(heading: list[str], read: list[int], rows: list[tuple[int, list[str]]]) -> pl.DataFrame:
    """Return a batch of rows as columns: those at the places that are read."""
    schema = {ROW: pl.UInt32, **{heading[place]: pl.String for place in read}}
    if len(read) < len(heading):
        rows = [(number, [fields[place] for place in read]) for number, fields in rows]
    return pl.DataFrame([(number, *fields) for number, fields in rows], schema=schema, orient="row")


def _check_heading(name: str, heading: list[str], separator: str) -> None:
    """Raise unless the first line is a heading."""
    line = separator.join(heading)
    if _FOR_SPREADSHEETS.fullmatch(line):
        raise UnreadableLogError(name, f"the first line is {line!r}, which only spreadsheets read; delete it")
    if not any(heading):
        problem = "no names" if heading else "a blank line"
        raise UnreadableLogError(name, f"the first line must name the columns, got {problem}")
    other = [words for mark, words in _SEPARATORS.items() if mark in heading[0] and mark != separator]
    if len(heading) == 1 and other:
        rule = f"fields must be separated by {_SEPARATORS[separator]}, not {other[0]}"
        raise UnreadableLogError(name, f"{rule}: the first line has one column, {heading[0]!r}")
    if "\0" in line:  # the other byte of a separator: letters of two bytes can be other letters in UTF-8
        raise UnreadableLogError(name, UTF_16)
    check_names(name, heading)
