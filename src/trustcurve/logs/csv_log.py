"""CSV files as logs: the heading, or names that are given, and the rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from io import SEEK_END, StringIO
from itertools import chain
from unicodedata import normalize

import polars as pl
from attrs import evolve, frozen

from trustcurve.errors import shown
from trustcurve.logs.csv_blocks import CleanBlock, clean_block
from trustcurve.logs.csv_records import HEADING, csv_records
from trustcurve.logs.log_errors import UnreadableLogError
from trustcurve.logs.opened_log import ROW, UTF_16, Log, Part, batches, check_names, gather
from trustcurve.logs.text_blocks import TextBlocks

__all__ = ["read_csv"]

_FOR_SPREADSHEETS = re.compile("sep=.?", re.IGNORECASE)
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def read_csv(name: str, blocks: TextBlocks, separator: str, columns: tuple[str, ...] = ()) -> Log:
    """Read a file whose first line names the columns, or whose columns are named by ``columns``.

    Columns without a name, which spreadsheets write at the end, and those whose name is there twice are not read.
    """
    if columns:
        _check_first_row(name, blocks, separator, columns)
        heading, rule = [normalize("NFC", column) for column in columns], "columns names"
    else:
        heading, rule = _heading(name, blocks, separator), HEADING
    repeated = frozenset(column for column, times in Counter(filter(None, heading)).items() if times > 1)
    read = [place for place, column in enumerate(heading) if column and column not in repeated]
    table = _Table(separator, heading, read, rule)
    log = gather(name, (heading[place] for place in read), table.parts(blocks))
    return evolve(log, heading=None if columns else separator.join(heading), column_names=columns, repeated=repeated)


@frozen
class _Table:
    """The form of a file.

    Args:
        separator: The character between fields.
        heading: The names of its columns.
        read: The places of the columns that are read.
        rule: What says how many fields there must be.
    """

    separator: str
    heading: list[str]
    read: list[int]
    rule: str

    def parts(self, blocks: TextBlocks) -> Iterator[Part]:
        """Yield the rows: of clean blocks as they are, of all others one by one."""
        number, rest = 1, b""
        while block := blocks.take(rest):
            clean = clean_block(block, self.separator, len(self.heading), is_last=blocks.is_at_end)
            if clean is None:
                rest, parts = b"", batches(self._one_by_one(block, blocks, number), self._frame)
            else:
                rest, parts = clean.rest, iter((self._part(clean, number),))
            for part in parts:
                number += part.frame.height + len(part.broken)
                yield part

    def _part(self, clean: CleanBlock, first: int) -> Part:
        broken = tuple((first + place, self._misfit(count)) for place, count in clean.broken)
        return Part(clean.frame(self.separator, self.heading, self.read, first), broken)

    def _one_by_one(self, block: bytes, blocks: TextBlocks, first: int) -> Iterator[tuple[int, list[str] | str]]:
        """Number the records of a block, and of those after it up to the end of a record; blank lines are skipped."""
        lines = StringIO(block.decode(), newline="")
        end = lines.seek(0, SEEK_END)
        lines.seek(0)
        width = len(self.heading)
        records = csv_records(
            chain(lines, blocks.lines()), self.separator, width, rule=self.rule, until=lambda: lines.tell() == end
        )
        numbered: Iterator[tuple[int, list[str] | str]] = enumerate(filter(None, records), first)
        for number, fields in numbered:
            if isinstance(fields, list) and len(fields) != width:
                yield number, self._misfit(len(fields))
            else:
                yield number, fields

    def _misfit(self, count: int) -> str:
        return f"has {count} fields, but {self.rule} {len(self.heading)}"

    def _frame(self, rows: list[tuple[int, list[str]]]) -> pl.DataFrame:
        """Return a batch of rows as columns: those that are read."""
        schema = {ROW: pl.UInt32, **{self.heading[place]: pl.String for place in self.read}}
        read = [(number, *(fields[place] for place in self.read)) for number, fields in rows]
        return pl.DataFrame(read, schema=schema, orient="row")


def _heading(name: str, blocks: TextBlocks, separator: str) -> list[str]:
    heading = next(csv_records(blocks.lines(), separator), [])
    if isinstance(heading, str):
        raise UnreadableLogError(name, f"the first line {heading}")
    heading = [normalize("NFC", column) for column in heading]
    _check_heading(name, heading, separator)
    return heading


def _check_first_row(name: str, blocks: TextBlocks, separator: str, columns: tuple[str, ...]) -> None:
    """Raise if the first row has more or fewer fields than there are names of columns, or is these names."""
    width = len(columns)
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in blocks.lines():
            taken.append(line)
            yield line

    first = next(filter(None, csv_records(lines(), separator, width)), None)
    if isinstance(first, list) and len(first) != width:
        problem = f"columns names {width} columns, but the first line has {len(first)} fields"
        raise UnreadableLogError(name, f"{problem}: {shown(separator.join(first))}")
    if first == list(columns):
        raise UnreadableLogError(name, "columns must be left out: the first line has these names, so it is a heading")
    blocks.put_back("".join(taken).encode())


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
