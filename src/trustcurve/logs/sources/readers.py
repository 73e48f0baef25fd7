"""Open a log: CSV, JSON lines or Parquet. Lines that break the format are kept as rejects."""

from __future__ import annotations

from collections.abc import Callable
from io import TextIOWrapper
from os import PathLike, fspath
from pathlib import Path
from typing import TextIO

import polars as pl

from trustcurve.logs.errors import UnreadableLogError
from trustcurve.logs.sources.csv_lines import read_csv
from trustcurve.logs.sources.json_lines import read_json_lines
from trustcurve.logs.sources.log import ROW, Log
from trustcurve.logs.sources.parquet_columns import scan_parquet

__all__ = ["ROW", "Log", "scan_log"]

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
