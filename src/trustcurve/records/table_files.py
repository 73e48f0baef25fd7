"""Write tables to files: the one place that knows the formats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, get_args

from trustcurve.core.values import checked_path, checked_word
from trustcurve.records.whole_files import WholeFiles

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FileFormat", "write_tables"]

FileFormat = Literal["parquet", "csv"]

_FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)


def write_tables(
    tables: Mapping[str, pl.DataFrame | pl.LazyFrame],
    folder: str | PathLike[str],
    format: FileFormat = "parquet",  # noqa: A002 - what the command line calls it, too
) -> tuple[Path, ...]:
    r"""Write tables to files in a folder, which is created if needed; existing files are replaced.

    They are replaced once all tables are written: after an error or Ctrl-C, the old files are as they were.

    Args:
        tables: Polars frames by name, such as ``Run.tables()`` or ``Solution.tables()``; lazy ones are written as they are read.
        folder: The folder.
        format: "parquet" or "csv".

    In CSV, a text or the name of a column that begins with =, +, -, @ (or one of these in full width), a tab or a line
    break gets an apostrophe before it: spreadsheets would run it as a formula, and ids and notes come from anybody. So
    does one that begins with apostrophes before such a character: take one away to read a text back. Parquet has every
    text as it is.

    Returns:
        The files.

    Raises:
        UnknownWordError: The format is not "parquet" or "csv".
        InvalidValueError: The folder is not a path.
        OSError: A file cannot be written.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> import polars as pl
        >>> with TemporaryDirectory() as folder:
        ...     (file,) = write_tables({"shares": pl.DataFrame({"share": [0.5]})}, folder, "csv")
        ...     file.name, file.read_text()
        ('shares.csv', 'share\n0.5\n')
    """
    ending = checked_word("format", format, _FORMATS)
    target = Path(checked_path("folder", folder))
    target.mkdir(parents=True, exist_ok=True)
    written = []
    with WholeFiles() as files:
        for name, frame in tables.items():
            path = target / f"{name}.{ending}"
            with files.open(path) as file:  # Polars opens no file whose name is not UTF-8
                _write(frame, file, ending)
            written.append(path)
    return tuple(written)


def _write(table: pl.DataFrame | pl.LazyFrame, file: BinaryIO, ending: str) -> None:
    from polars.exceptions import ComputeError  # noqa: PLC0415 - slow to import

    frame = table.lazy()
    if ending == "csv":
        _for_spreadsheets(frame.collect()).write_csv(file, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
        return
    try:
        frame.sink_parquet(file)
    except ComputeError as error:
        if "(os error " not in str(error):
            raise
        raise OSError(str(error)) from error  # such as a full disk


_RUNS = r"^'*[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001 - spreadsheets read the wide signs as the others
"""What spreadsheets would run as a formula, and what it becomes. Source: OWASP, "CSV Injection"."""


def _for_spreadsheets(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 - slow to import

    words = (pl.String, pl.Categorical, pl.Enum)
    texts = [pl.col(name).cast(pl.String) for name, dtype in frame.schema.items() if dtype in words]
    runs = [(text, text.str.contains(_RUNS)) for text in texts]
    plain = frame.with_columns(pl.when(odd).then(pl.lit("'") + text).otherwise(text).name.keep() for text, odd in runs)
    return plain.rename(lambda name: f"'{name}" if re.match(_RUNS, name) else name)
