"""An opened log, and how it is gathered from numbered rows."""

from __future__ import annotations

import csv
import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import TextIOWrapper
from itertools import chain, islice
from os import PathLike, fspath
from pathlib import Path
from typing import TextIO, TypeVar

import polars as pl
from attrs import evolve, frozen

from trustcurve.logs.errors import UnreadableLogError

__all__ = ["ROW", "Log", "check_names", "gather", "read_csv", "read_json_lines", "scan_log", "scan_parquet"]


_OURS = "trustcurve."

ROW = f"{_OURS}row"
"""The column that numbers the rows of a log, from 1 (a CSV's heading does not count)."""

# So many rows at a time become columns: the lists of a whole file would take much memory, and time.
_AT_ONCE = 2_000

_Fields = TypeVar("_Fields", list[str], dict[str, str | None])


@frozen
class Log:
    """An opened log: its rows with their numbers, and broken lines as (row number, problem)."""

    path: str
    rows: pl.LazyFrame
    broken: tuple[tuple[int, str], ...] = ()

    def having(self, columns: Iterable[str]) -> Log:
        """Add columns to a log that has none: where rows name them, as in JSON lines, a log without rows may have any."""
        if self.rows.collect_schema().names() != [ROW]:
            return self
        return evolve(self, rows=self.rows.with_columns(pl.lit(None, pl.String).alias(column) for column in columns))


def gather(
    name: str, rows: Iterator[tuple[int, _Fields | str]], frame: Callable[[list[tuple[int, _Fields]]], pl.DataFrame]
) -> Log:
    """Gather a log from its rows.

    Args:
        name: The file's name.
        rows: The number of each row with its fields, or with what is wrong with it.
        frame: Makes columns of some rows.
    """
    frames = [frame([])]
    broken: list[tuple[int, str]] = []
    while some := list(islice(rows, _AT_ONCE)):
        frames.append(frame([(number, fields) for number, fields in some if not isinstance(fields, str)]))
        broken += [(number, says) for number, says in some if isinstance(says, str)]
    return Log(name, pl.concat(frames, how="diagonal").lazy(), tuple(broken))


def check_names(name: str, columns: Iterable[str]) -> None:
    """Refuse columns whose names are taken by those that mapping adds."""
    for column in columns:
        if column.startswith(_OURS):
            raise UnreadableLogError(name, f"names that begin with {_OURS!r} are taken: rename its column {column!r}")


_OPEN = "opens a quote that is never closed"
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def read_csv(name: str, file: TextIO, separator: str) -> Log:
    """Read a file whose first line names the columns; ``file`` keeps its line ends (``newline=""``)."""
    records = _records(_Lines(file), separator)
    heading = next(records, [])
    if isinstance(heading, str):
        raise UnreadableLogError(name, f"its first line {heading}")
    _check_heading(name, heading, separator)
    return gather(name, _csv_rows(records, len(heading)), partial(_csv_frame, heading))


class _Lines:
    """The lines of a file, of which those read last can be read again."""

    def __init__(self, file: TextIO) -> None:
        # A blank line more does no harm, but where a quote is open it becomes part of the last record.
        self._file = chain(file, ("\n",))
        self._again: deque[str] = deque()
        self.read: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._file)
        self.read.append(line)
        return line

    def go_on_after_first(self) -> None:
        """Go back to the second of the lines in ``read``."""
        self._again.extendleft(reversed(self.read[1:]))


def _records(lines: _Lines, separator: str) -> Iterator[list[str] | str]:
    """Read one record after the other: its fields, or what is wrong with it.

    A record of several lines has a quote that is closed in a later one. Where that goes wrong, the
    quote was meant as a letter or its end is missing; then the lines after the first are records of
    their own, or the rest of the file could be lost in one field.
    """
    reader = csv.reader(lines, delimiter=separator)
    while True:
        lines.read.clear()
        fields: list[str] | str
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fields = str(error)
        if len(lines.read) > 1 and (isinstance(fields, str) or not _is_clean(lines.read, separator)):
            lines.go_on_after_first()
            fields = _OPEN
        yield fields


def _is_clean(record: list[str], separator: str) -> bool:
    """Whether every quote that opens a field is closed at the field's end."""
    try:
        return len(list(csv.reader(record, delimiter=separator, strict=True))) == 1
    except csv.Error:
        return False


def _csv_rows(records: Iterator[list[str] | str], width: int) -> Iterator[tuple[int, list[str] | str]]:
    """Number the records; blank lines are none, and those that do not fit the heading are broken."""
    for number, fields in enumerate((record for record in records if record), start=1):
        if isinstance(fields, str) or len(fields) == width:
            yield number, fields
        else:
            yield number, f"has {len(fields)} fields, but the heading has {width}"


def _csv_frame(heading: list[str], rows: list[tuple[int, list[str]]]) -> pl.DataFrame:
    schema = {ROW: pl.UInt32, **dict.fromkeys(heading, pl.String)}
    return pl.DataFrame([(number, *fields) for number, fields in rows], schema=schema, orient="row")


def _check_heading(name: str, heading: list[str], separator: str) -> None:
    """See that the first line can be a heading."""
    twice = [column for column, times in Counter(heading).items() if times > 1]
    if not heading or twice:
        which = f", and {twice[0]!r} is there twice" if twice else ", and it is blank"
        raise UnreadableLogError(name, f"its first line must name every column, each once{which}")
    other = [words for mark, words in _SEPARATORS.items() if mark in heading[0] and mark != separator]
    if len(heading) == 1 and other:
        says = f"its first line names one column, {heading[0]!r}: its fields must be parted by {_SEPARATORS[separator]}"
        raise UnreadableLogError(name, f"{says}, not by {other[0]}")
    check_names(name, heading)


def read_json_lines(name: str, file: TextIO) -> Log:
    """Read a file of JSON lines; its columns are all names that any object has."""
    return gather(name, _json_rows(file), partial(_json_frame, name))


def _json_rows(file: TextIO) -> Iterator[tuple[int, dict[str, str | None] | str]]:
    """Read one line after the other: its fields, or what is wrong with it; blank ones are none, but they are counted."""
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield number, _fields(line)


def _fields(line: str) -> dict[str, str | None] | str:
    try:
        value = json.loads(line)
        if not isinstance(value, dict):
            return "is no JSON object"
        fields = {key: _json_text(each) for key, each in value.items()}
        if "\\u" in line:  # only what is escaped can be no text
            "".join((*fields, *(each or "" for each in fields.values()))).encode()
    except UnicodeEncodeError:
        return "is no text: one half of a surrogate pair is no character"
    except RecursionError:
        return "is nested too deeply"
    except ValueError as error:
        return f"is no JSON: {error}"
    return fields


def _json_text(value: object) -> str | None:
    """Keep every JSON value as its text; nested ones as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _json_frame(name: str, rows: list[tuple[int, dict[str, str | None]]]) -> pl.DataFrame:
    columns = dict.fromkeys(key for _, fields in rows for key in fields)
    check_names(name, columns)
    schema = {ROW: pl.UInt32, **dict.fromkeys(columns, pl.String)}
    return pl.DataFrame([{ROW: number, **fields} for number, fields in rows], schema=schema)


def scan_parquet(name: str) -> Log:
    """Scan a file lazily: what nobody asks for is never read."""
    rows = pl.scan_parquet(name, glob=False, hive_partitioning=False)
    schema = rows.collect_schema()  # what is no such file says so here
    check_names(name, schema)
    odd = [_as_text(column, dtype) for column, dtype in schema.items() if dtype.is_nested() or dtype in _ODD]
    return Log(name, rows.with_columns(odd).with_row_index(ROW, offset=1))


_ODD = (pl.Binary, pl.Duration)


def _as_text(column: str, dtype: pl.DataType) -> pl.Expr:
    """Read nested values as JSON, just as they would stand in JSON lines."""
    values = pl.col(column).arr.to_list() if isinstance(dtype, pl.Array) else pl.col(column)
    return values.map_elements(_text, return_dtype=pl.String)


def _text(value: object) -> str:
    if isinstance(value, pl.Series | dict):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(_plain(value))


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.to_list() if isinstance(value, pl.Series) else str(value)


_TEXTS: dict[str, Callable[[str, TextIO], Log]] = {
    ".csv": lambda name, file: read_csv(name, file, ","),
    ".tsv": lambda name, file: read_csv(name, file, "\t"),
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
}
_PARQUET = ".parquet"

_NO_TEXTS = {
    b"\xff\xfe": "it is UTF-16, save it as UTF-8",
    b"\xfe\xff": "it is UTF-16, save it as UTF-8",
    b"\x1f\x8b": "it is compressed with gzip, unpack it first",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd, unpack it first",
    b"PK\x03\x04": "it is a zip archive or a spreadsheet, unpack it first or save it as CSV",
    b"PAR1": "it is Parquet, let its name end in .parquet",
}
"""How files begin that are no texts, whatever their names say."""


def scan_log(path: str | PathLike[str]) -> Log:
    r"""Open a log by the ending of its name.

    Args:
        path: A file ending in .csv, .tsv, .jsonl, .ndjson or .parquet. Text files are UTF-8, a CSV has
            a heading; their fields are read as text throughout, so that nothing is lost to a
            guessed type.

    Raises:
        UnreadableLogError: The ending is unknown, or the file as a whole cannot be read.
        OSError: The file cannot be opened.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "log.csv")
        ...     _ = path.write_text("time,customer,event\n2026-01-01,ann,placed\n2026-01-02,bob\n")
        ...     log = scan_log(path)
        >>> log.rows.select("customer", "event").collect().rows()
        [('ann', 'placed')]
        >>> log.broken
        ((2, 'has 2 fields, but the heading has 3'),)
    """
    name = fspath(path)
    ending = Path(name).suffix.lower()
    if ending not in (*_TEXTS, _PARQUET):
        raise UnreadableLogError(name, f"its name must end in one of {', '.join((*_TEXTS, _PARQUET))}")
    with Path(name).open("rb") as file:  # a missing file is an OSError now, not later
        try:
            if ending == _PARQUET:
                return scan_parquet(name)
            begins = file.peek(4)
            for mark, says in _NO_TEXTS.items():
                if begins.startswith(mark):
                    raise UnreadableLogError(name, f"cannot be read: {says}")
            with TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
                return _TEXTS[ending](name, text)
        except UnicodeDecodeError as error:
            says = f"it is not UTF-8 (byte {error.object[error.start]:#04x}), save it as UTF-8"
            raise UnreadableLogError(name, f"cannot be read: {says}") from None
        except pl.exceptions.PolarsError as error:
            raise UnreadableLogError(name, f"cannot be read: {str(error).splitlines()[0]}") from None
