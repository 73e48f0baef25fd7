"""Open a log, lazily: CSV, JSON lines or Parquet. Lines that break the format are kept as rejects."""

from __future__ import annotations

import csv
import json
from os import PathLike, fspath
from pathlib import Path

import polars as pl
from attrs import frozen

from trustcurve.logs.errors import UnreadableLogError

__all__ = ["ROW", "Log", "scan_log"]

ROW = "trustcurve.row"
"""The column that numbers the rows of a log, from 1 (a CSV's heading does not count)."""

_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")


@frozen
class Log:
    """An opened log: its rows with their numbers, and broken lines as (row number, problem)."""

    path: str
    rows: pl.LazyFrame
    broken: tuple[tuple[int, str], ...] = ()


def scan_log(path: str | PathLike[str]) -> Log:
    """Open a log by the ending of its name.

    Args:
        path: A file ending in .csv, .tsv, .jsonl, .ndjson or .parquet. CSV is read as text
            throughout (UTF-8, with a heading), so that nothing is lost to a guessed type.

    Raises:
        UnreadableLogError: The ending is unknown, or the file as a whole cannot be read.
        OSError: The file cannot be opened.
    """
    name = fspath(path)
    ending = Path(name).suffix.lower()
    if ending not in _ENDINGS:
        raise UnreadableLogError(name, f"its name must end in one of {', '.join(_ENDINGS)}")
    with Path(name).open("rb"):  # a missing file is an OSError now, not later
        pass
    try:
        if ending == ".parquet":
            return _numbered(name, pl.scan_parquet(name))
        if ending in (".csv", ".tsv"):
            return _scan_csv(name, "\t" if ending == ".tsv" else ",")
        return _scan_json_lines(name)
    except (pl.exceptions.PolarsError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableLogError(name, f"cannot be read: {str(error).splitlines()[0]}") from None


def _numbered(name: str, rows: pl.LazyFrame) -> Log:
    rows.collect_schema()  # what is no such file says so here
    return Log(name, rows.with_row_index(ROW, offset=1))


def _scan_csv(name: str, separator: str) -> Log:
    """Scan a CSV; where lines have too many or too few fields, read it line by line and keep those apart."""
    with Path(name).open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        heading = next(reader, [])
        broken: list[tuple[int, str]] = []
        number, blank = 0, False
        for fields in reader:
            blank = blank or not fields
            if fields:
                number += 1
                if len(fields) != len(heading):
                    broken.append((number, f"has {len(fields)} fields, but the heading has {len(heading)}"))
    if len(set(heading)) != len(heading) or not heading:
        raise UnreadableLogError(name, "its first line must name every column, each once")
    if not broken and not blank:
        return _numbered(name, pl.scan_csv(name, separator=separator, infer_schema=False, encoding="utf8"))
    apart = {row for row, _ in broken}
    columns: list[list[str | None]] = [[] for _ in heading]
    numbers: list[int] = []
    with Path(name).open(encoding="utf-8-sig", newline="") as file:
        lines = (fields for fields in csv.reader(file, delimiter=separator) if fields)
        next(lines)
        for number, fields in enumerate(lines, start=1):
            if number not in apart:
                numbers.append(number)
                for column, value in zip(columns, fields, strict=True):
                    column.append(value or None)
    frame = pl.DataFrame(
        {ROW: numbers, **dict(zip(heading, columns, strict=True))},
        schema={ROW: pl.UInt32, **dict.fromkeys(heading, pl.String)},
    )
    return Log(name, frame.lazy(), tuple(broken))


def _scan_json_lines(name: str) -> Log:
    """Read JSON lines: each line an object; lines that are none are kept apart."""
    rows: list[dict[str, object]] = []
    broken: list[tuple[int, str]] = []
    with Path(name).open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except ValueError as error:
                broken.append((number, f"is no JSON: {error}"))
                continue
            if not isinstance(value, dict):
                broken.append((number, "is no JSON object"))
                continue
            rows.append({ROW: number, **{key: _plain(each) for key, each in value.items()}})
    columns = dict.fromkeys(key for row in rows for key in row if key != ROW)
    data = {key: [row.get(key) for row in rows] for key in columns}
    frame = pl.DataFrame(
        {ROW: [row[ROW] for row in rows], **data}, schema={ROW: pl.UInt32, **dict.fromkeys(columns, pl.String)}
    )
    return Log(name, frame.lazy(), tuple(broken))


def _plain(value: object) -> str | None:
    """Keep every JSON value as its text; nested ones as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
