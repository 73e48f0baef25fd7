"""Open logs: CSV, JSON lines and Parquet files."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from io import BufferedReader
from os import PathLike
from pathlib import Path
from unicodedata import normalize

import polars as pl

from trustcurve.core.values import checked_path
from trustcurve.errors import InvalidValueError
from trustcurve.logs.csv_log import read_csv
from trustcurve.logs.json_lines import read_json_lines
from trustcurve.logs.json_records import read_json_array
from trustcurve.logs.log_errors import UnreadableLogError
from trustcurve.logs.mapping import names_problem
from trustcurve.logs.opened_log import POLARS_ERRORS, ROW, UTF_16, Log, check_names, unreadable
from trustcurve.logs.text_blocks import TextBlocks
from trustcurve.logs.typed_columns import readable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["scan_log"]


def scan_parquet(name: str) -> Log:
    """Scan a Parquet file lazily: columns that are not used are not read, and of rows that are not used only what decides that."""
    schema = pl.scan_parquet(
        name, glob=False, hive_partitioning=False
    ).collect_schema()  # raises if it is not a Parquet file
    forms = {column: normalize("NFC", column) for column in schema}
    check_names(name, forms.values())
    repeated = frozenset(form for form, times in Counter(forms.values()).items() if times > 1)
    # Numbered by the scan itself: Polars takes no filter past a step that numbers rows.
    rows = pl.scan_parquet(name, glob=False, hive_partitioning=False, row_index_name=ROW, row_index_offset=1)
    kept = (pl.col(column).alias(form) for column, form in forms.items() if form not in repeated)
    rows = rows.select(ROW, *kept)
    read = (readable(column, dtype) for column, dtype in rows.collect_schema().items() if column != ROW)
    rows = rows.with_columns(each for each in read if each is not None)
    return Log(name, rows, repeated=repeated)


_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_JSON: dict[str, Callable[[str, TextBlocks], Log]] = {
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json_array,
}
_PARQUET = ".parquet"
_PACKINGS = {".gz": "gzip", ".zst": "zstd"}
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, zstd.ZstdError)
_TEXTS = (*_SEPARATORS, *_JSON)
_ENDINGS = f"{', '.join((*_TEXTS, _PARQUET))}, or of a compressed text file, such as .csv{' or .csv'.join(_PACKINGS)}"

_SIGNATURES = {
    b"\xff\xfe": "it is UTF-16; save it as UTF-8",
    b"\xfe\xff": "it is UTF-16; save it as UTF-8",
    b"\x1f\x8b": "it is compressed with gzip; its name must end in .gz",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd; its name must end in .zst",
    b"PK\x03\x04": "it is a zip archive or a spreadsheet; unpack it, or save it as CSV",
    b"PAR1": "it is Parquet; rename it to end in .parquet",
}
"""The first bytes of files that are not UTF-8 text."""


_BEGINNING = 1_024

_Bytes = BufferedReader | gzip.GzipFile | zstd.ZstdFile


def _is_utf_16(begins: bytes) -> bool:
    """Whether a file begins with two Latin characters in UTF-16, as JSON does in every language."""
    zeros = [byte == 0 for byte in begins[:4]]
    return zeros in ([False, True] * 2, [True, False] * 2)


def scan_log(path: str | PathLike[str], columns: Sequence[str] = ()) -> Log:
    r"""Open a log; the ending of its name is its format.

    Args:
        path: A file ending in .csv, .tsv, .jsonl, .ndjson, .json or .parquet; a text file also with .gz or .zst after it.
            Text files are UTF-8; all fields are read as text, so that no type is guessed.
        columns: The names of all columns, in their order, of a CSV without a heading, such as ``mapping.column_names``; its
            first line is row 1. Without them the first line is the heading.

    Raises:
        UnreadableLogError: The ending is unknown, or the file as a whole cannot be read.
        InvalidValueError: The path is not one, or the columns are not names, each there once.
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
    name, columns = checked_path("path", path), _checked_names(columns)
    ending, packing = _form(name)
    if columns and ending not in _SEPARATORS:
        problem = f"columns must be left out: they are for {' and '.join(_SEPARATORS)} files without a heading"
        raise UnreadableLogError(name, problem)
    with Path(name).open("rb") as file:  # raises OSError now if the file is missing
        try:
            if ending == _PARQUET:
                return scan_parquet(name)
            return _scan_text(name, ending, _unpacked(file, packing), columns)
        except POLARS_ERRORS as error:
            raise unreadable(name, error) from None
        except _DAMAGED as error:
            problem = f"cannot be read: it is not {_PACKINGS.get(packing)}, or damaged: {error}"
            raise UnreadableLogError(name, problem) from None


def _checked_names(columns: Sequence[str]) -> tuple[str, ...]:
    rule: str | None = "must be a list of texts"
    if (
        isinstance(columns, Sequence)
        and not isinstance(columns, str)
        and all(isinstance(each, str) for each in columns)
    ):
        rule = names_problem(columns)
    if rule is not None:
        raise InvalidValueError("columns", columns, rule)
    return tuple(columns)


def _form(name: str) -> tuple[str, str]:
    """Return the endings of a file's name that say its format and how it is compressed ("": not at all)."""
    path = Path(name)
    packing = path.suffix.lower() if path.suffix.lower() in _PACKINGS else ""
    ending = Path(path.stem if packing else path).suffix.lower()
    if ending not in (*_TEXTS, *(() if packing else (_PARQUET,))):
        raise UnreadableLogError(name, f"the name must end in one of {_ENDINGS}")
    return ending, packing


def _unpacked(file: BufferedReader, packing: str) -> _Bytes:
    """Return what is in a file, without its compression."""
    if packing == ".gz":
        return gzip.GzipFile(fileobj=file)
    return zstd.ZstdFile(file) if packing else file


def _scan_text(name: str, ending: str, file: _Bytes, columns: tuple[str, ...]) -> Log:
    begins = file.peek(_BEGINNING)[:_BEGINNING]
    if _is_utf_16(begins):
        raise UnreadableLogError(name, UTF_16)
    for mark, problem in _SIGNATURES.items():
        if begins.startswith(mark):
            raise UnreadableLogError(name, f"cannot be read: {problem}")
    try:
        blocks = TextBlocks(file)
        separator = _SEPARATORS.get(ending)
        return _JSON[ending](name, blocks) if separator is None else read_csv(name, blocks, separator, columns)
    except UnicodeDecodeError as error:
        problem = f"cannot be read: it is not UTF-8 (byte {error.object[error.start]:#04x}); save it as UTF-8"
        raise UnreadableLogError(name, UTF_16 if 0 in begins else problem) from None
