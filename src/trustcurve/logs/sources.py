"""Open logs: CSV, JSON lines and Parquet files."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from io import TextIOWrapper
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import TextIO, TypeVar
from unicodedata import normalize

import polars as pl
from attrs import evolve, frozen

from trustcurve.core.values import checked_path
from trustcurve.errors import shown
from trustcurve.logs.csv_records import csv_records
from trustcurve.logs.log_errors import UnreadableLogError
from trustcurve.logs.typed_columns import readable

__all__ = ["ROW", "Log", "check_names", "gather", "read_csv", "read_json_lines", "scan_log", "scan_parquet"]


_OURS = "trustcurve."

ROW = f"{_OURS}row"
"""The column that numbers the rows of a log, from 1 (a CSV's heading does not count)."""

# Rows are converted to columns in batches: lists of a whole file would take too much memory and time.
_AT_ONCE = 2_000

# Some damage makes Polars panic, which is no Exception.
_POLARS_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)

_Fields = TypeVar("_Fields", list[str], dict[str, str | None])


@frozen
class Log:
    """An opened log: its rows with their numbers, and broken lines as (row number, problem)."""

    path: str
    rows: pl.LazyFrame
    broken: tuple[tuple[int, str], ...] = ()
    heading: str | None = None
    """The first line of a CSV."""

    def having(self, columns: Iterable[str]) -> Log:
        """Add the columns that a mapping names in another Unicode form: a letter and its accent can be two characters.

        A log without columns, such as a JSON lines file without rows, gets all of them.
        """
        names = self.rows.collect_schema().names()
        if names == [ROW]:
            added = [pl.lit(None, pl.String).alias(column) for column in columns if not column.startswith(_OURS)]
        else:
            forms = {column: normalize("NFC", column) for column in columns if column not in names}
            added = [pl.col(form).alias(column) for column, form in forms.items() if form in names]
        return evolve(self, rows=self.rows.with_columns(added))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, in Unicode form NFC."""
        return tuple(name for name in self.rows.collect_schema().names() if not name.startswith(_OURS))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Raise ``UnreadableLogError`` for what is found wrong only when the rows are read, such as a damaged page."""
        try:
            yield
        except _POLARS_ERRORS as error:
            raise unreadable(self.path, error) from None


def unreadable(name: str, error: BaseException) -> UnreadableLogError:
    """Return the error for a file that Polars cannot read."""
    damaged = isinstance(error, pl.exceptions.PanicException)
    problem = "a part of it is damaged" if damaged else str(error).partition("\n")[0]
    return UnreadableLogError(name, f"cannot be read: {problem}")


def gather(
    name: str, rows: Iterator[tuple[int, _Fields | str]], frame: Callable[[list[tuple[int, _Fields]]], pl.DataFrame]
) -> Log:
    """Return a log from its rows.

    Args:
        name: The file's name.
        rows: The number of each row with its fields, or with its problem.
        frame: Converts a batch of rows to columns.
    """
    frames = [frame([])]
    broken: list[tuple[int, str]] = []
    while some := list(islice(rows, _AT_ONCE)):
        frames.append(frame([(number, fields) for number, fields in some if not isinstance(fields, str)]))
        broken += [(number, problem) for number, problem in some if isinstance(problem, str)]
    return Log(name, pl.concat(frames, how="diagonal").lazy(), tuple(broken))


def check_names(name: str, columns: Iterable[str]) -> None:
    """Raise if a column has a reserved name."""
    for column in columns:
        if column.startswith(_OURS):
            raise UnreadableLogError(
                name, f"column {column!r} must be renamed: names that begin with {_OURS!r} are reserved"
            )


_FOR_SPREADSHEETS = re.compile("sep=.?", re.IGNORECASE)
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def read_csv(name: str, file: TextIO, separator: str) -> Log:
    """Read a file whose first line names the columns; ``file`` is opened with ``newline=""``."""
    records = csv_records(file, separator)
    heading = next(records, [])
    if isinstance(heading, str):
        raise UnreadableLogError(name, f"the first line {heading}")
    heading = [normalize("NFC", column) for column in heading]
    _check_heading(name, heading, separator)
    log = gather(name, _csv_rows(records, len(heading)), partial(_csv_frame, heading))
    return evolve(log, heading=separator.join(heading))


def _csv_rows(records: Iterator[list[str] | str], width: int) -> Iterator[tuple[int, list[str] | str]]:
    """Number the records; blank lines are skipped, and records that do not fit the heading are broken."""
    for number, fields in enumerate((record for record in records if record), start=1):
        if isinstance(fields, str) or len(fields) == width:
            yield number, fields
        else:
            yield number, f"has {len(fields)} fields, but the heading has {width}"


def _csv_frame(heading: list[str], rows: list[tuple[int, list[str]]]) -> pl.DataFrame:
    """Return a batch of rows as columns; those without a name are left out, which spreadsheets write at the end."""
    named = [place for place, column in enumerate(heading) if column]
    schema = {ROW: pl.UInt32, **{heading[place]: pl.String for place in named}}
    if len(named) < len(heading):
        rows = [(number, [fields[place] for place in named]) for number, fields in rows]
    return pl.DataFrame([(number, *fields) for number, fields in rows], schema=schema, orient="row")


def _check_heading(name: str, heading: list[str], separator: str) -> None:
    """Raise unless the first line is a heading."""
    twice = [column for column, times in Counter(filter(None, heading)).items() if times > 1]
    line = separator.join(heading)
    if _FOR_SPREADSHEETS.fullmatch(line):
        raise UnreadableLogError(name, f"the first line is {line!r}, which only spreadsheets read; delete it")
    if not any(heading) or twice:
        problem = f"{twice[0]!r} twice" if twice else "a blank line" if not heading else "no names"
        raise UnreadableLogError(name, f"the first line must name every column once, got {problem}")
    other = [words for mark, words in _SEPARATORS.items() if mark in heading[0] and mark != separator]
    if len(heading) == 1 and other:
        rule = f"fields must be separated by {_SEPARATORS[separator]}, not {other[0]}"
        raise UnreadableLogError(name, f"{rule}: the first line has one column, {heading[0]!r}")
    if "\0" in line:  # the other byte of a separator: letters of two bytes can be other letters in UTF-8
        raise UnreadableLogError(name, _UTF_16)
    check_names(name, heading)


def read_json_lines(name: str, file: TextIO) -> Log:
    """Read a file of JSON lines; its columns are the keys of all objects."""
    return gather(name, _json_rows(file), partial(_json_frame, name))


def _json_rows(file: TextIO) -> Iterator[tuple[int, dict[str, str | None] | str]]:
    """Yield each line: its fields, or its problem; blank lines are skipped but counted."""
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield number, _fields(line)


class _BrokenLineError(Exception):
    """A JSON line that cannot be used, and why."""


class _Number(str):
    """A number of a JSON line, as it is written: a double would change it, or be the same as another's."""

    __slots__ = ()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object; raise if it has a key twice, of which ``json`` would take the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise _BrokenLineError(f"has key {shown(twice)} twice")
    return found


_JSON = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_Number, parse_int=_Number, parse_constant=_Number)


def _in_one_form(fields: dict[str, object]) -> dict[str, object]:
    """Return an object with its keys in one Unicode form, as the columns of a log."""
    return (
        fields if all(map(str.isascii, fields)) else _unique([(normalize("NFC", key), fields[key]) for key in fields])
    )


def _fields(line: str) -> dict[str, str | None] | str:
    try:
        value = _JSON.decode(line)
        if not isinstance(value, dict):
            return "is not a JSON object"
        fields = {key: _field(each) for key, each in _in_one_form(value).items()}
        if "\\u" in line:  # only an escape can be a lone surrogate
            "".join((*fields, *(each or "" for each in fields.values()))).encode()
    except UnicodeEncodeError:
        return "has a lone surrogate, which is not a character"
    except RecursionError:
        return "is nested too deeply"
    except _BrokenLineError as error:
        return str(error)
    except json.JSONDecodeError as error:
        return f"is not JSON: {error}"
    return fields


def _field(value: object) -> str | None:
    """Return a JSON value as text; nested values as JSON. NaN is an empty field, and infinity breaks the line."""
    if value is None:
        return None
    if isinstance(value, _Number):
        if value.endswith("Infinity"):
            raise _BrokenLineError(f"has {value}, which is not a number")
        return None if value == "NaN" else str(value)
    return value if isinstance(value, str) else _json_text(value)


def _json_text(value: object) -> str:
    """Return a value as JSON, numbers as they were written."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_json_text(key)}: {_json_text(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_json_text, value))}]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _json_frame(name: str, rows: list[tuple[int, dict[str, str | None]]]) -> pl.DataFrame:
    columns = dict.fromkeys(key for _, fields in rows for key in fields)
    check_names(name, columns)
    schema = {ROW: pl.UInt32, **dict.fromkeys(columns, pl.String)}
    return pl.DataFrame([{ROW: number, **fields} for number, fields in rows], schema=schema)


def scan_parquet(name: str) -> Log:
    """Scan a Parquet file lazily: columns that are not used are not read."""
    rows = pl.scan_parquet(name, glob=False, hive_partitioning=False)
    schema = rows.collect_schema()  # raises if it is not a Parquet file
    forms = {column: normalize("NFC", column) for column in schema}
    twice = [form for form, times in Counter(forms.values()).items() if times > 1]
    if twice:
        raise UnreadableLogError(name, f"column {twice[0]!r} is there twice, in two Unicode forms; rename one of them")
    check_names(name, forms.values())
    rows = rows.rename({column: form for column, form in forms.items() if form != column})
    schema = rows.collect_schema()
    read = (readable(column, dtype) for column, dtype in schema.items())
    return Log(name, rows.with_columns(each for each in read if each is not None).with_row_index(ROW, offset=1))


_TEXTS: dict[str, Callable[[str, TextIO], Log]] = {
    ".csv": lambda name, file: read_csv(name, file, ","),
    ".tsv": lambda name, file: read_csv(name, file, "\t"),
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
}
_PARQUET = ".parquet"

_SIGNATURES = {
    b"\xff\xfe": "it is UTF-16; save it as UTF-8",
    b"\xfe\xff": "it is UTF-16; save it as UTF-8",
    b"\x1f\x8b": "it is compressed with gzip; unpack it first",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd; unpack it first",
    b"PK\x03\x04": "it is a zip archive or a spreadsheet; unpack it, or save it as CSV",
    b"PAR1": "it is Parquet; rename it to end in .parquet",
}
"""The first bytes of files that are not UTF-8 text."""


_BEGINNING = 1_024
_UTF_16 = "cannot be read: it is UTF-16 without a byte order mark; save it as UTF-8"


def _is_utf_16(begins: bytes) -> bool:
    """Whether a file begins with two Latin characters in UTF-16, as JSON does in every language."""
    zeros = [byte == 0 for byte in begins[:4]]
    return zeros in ([False, True] * 2, [True, False] * 2)


def scan_log(path: str | PathLike[str]) -> Log:
    r"""Open a log; the ending of its name is its format.

    Args:
        path: A file ending in .csv, .tsv, .jsonl, .ndjson or .parquet. Text files are UTF-8, and a CSV has
            a heading; all fields are read as text, so that no type is guessed.

    Raises:
        UnreadableLogError: The ending is unknown, or the file as a whole cannot be read.
        InvalidValueError: The path is not one.
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
    name = checked_path("path", path)
    ending = Path(name).suffix.lower()
    if ending not in (*_TEXTS, _PARQUET):
        raise UnreadableLogError(name, f"the name must end in one of {', '.join((*_TEXTS, _PARQUET))}")
    with Path(name).open("rb") as file:  # raises OSError now if the file is missing
        try:
            if ending == _PARQUET:
                return scan_parquet(name)
            begins = file.peek(_BEGINNING)[:_BEGINNING]
            if _is_utf_16(begins):
                raise UnreadableLogError(name, _UTF_16)
            for mark, problem in _SIGNATURES.items():
                if begins.startswith(mark):
                    raise UnreadableLogError(name, f"cannot be read: {problem}")
            with TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
                return _TEXTS[ending](name, text)
        except UnicodeDecodeError as error:
            problem = f"cannot be read: it is not UTF-8 (byte {error.object[error.start]:#04x}); save it as UTF-8"
            raise UnreadableLogError(name, _UTF_16 if 0 in begins else problem) from None
        except _POLARS_ERRORS as error:
            raise unreadable(name, error) from None
