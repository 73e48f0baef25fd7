"""Scan a Parquet file; columns keep their types, but for those that have no texts, such as lists."""

from __future__ import annotations

import json

import polars as pl

from trustcurve.logs.sources.log import ROW, Log, check_names

__all__ = ["scan_parquet"]


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
