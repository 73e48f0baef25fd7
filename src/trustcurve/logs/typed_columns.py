"""Columns of Parquet as texts, each value exactly: two different values never become the same text.

Polars itself writes numbers, booleans, words and times of the calendar so.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
from polars.datatypes import DataTypeClass

__all__ = ["readable"]

_PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEX = "\\x"


def readable(column: str, dtype: pl.DataType) -> pl.Expr | None:
    """Return a column as mappings read it, or None if that is how it is; NaN is an empty field."""
    source = pl.col(column)
    if dtype.is_float():
        return source.fill_nan(None)
    if dtype == pl.Time:
        return source.dt.to_string("%H:%M:%S%.f")
    if not (dtype.is_nested() or dtype in (pl.Binary, pl.Duration)):
        return None

    def texts(values: pl.Series) -> pl.Series:
        numbers = values.cast(_in_numbers(dtype)).to_list()
        return pl.Series([None if value is None else _text(value, dtype) for value in numbers], dtype=pl.String)

    return source.map_batches(texts, return_dtype=pl.String, is_elementwise=True)


def _in_numbers(dtype: pl.DataType) -> pl.DataType:
    """Return a type with numbers in place of times, which Python's types cannot all hold."""
    if isinstance(dtype, pl.Struct):
        return pl.Struct([pl.Field(each.name, _in_numbers(_type(each.dtype))) for each in dtype.fields])
    if isinstance(dtype, pl.List):
        return pl.List(_in_numbers(_type(dtype.inner)))
    if isinstance(dtype, pl.Array):
        return pl.Array(_in_numbers(_type(dtype.inner)), dtype.size)
    if dtype in (pl.Datetime, pl.Duration, pl.Time):
        return pl.Int64()
    return pl.Int32() if dtype == pl.Date else dtype


def _type(dtype: DataTypeClass | pl.DataType) -> pl.DataType:
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def _text(value: object, dtype: pl.DataType) -> str:
    """Return a value as text; nested values as JSON, as in JSON lines."""
    plain = _plain(value, dtype)
    return json.dumps(plain, ensure_ascii=False) if dtype.is_nested() else str(plain)


def _plain(value: object, dtype: pl.DataType) -> object:
    if isinstance(value, dict) and isinstance(dtype, pl.Struct):
        return {each.name: _plain(value[each.name], _type(each.dtype)) for each in dtype.fields}
    if isinstance(value, list) and isinstance(dtype, pl.List | pl.Array):
        return [_plain(each, _type(dtype.inner)) for each in value]
    if isinstance(value, bytes):
        return _of_bytes(value)
    if isinstance(value, int) and dtype.is_temporal():
        return _of_time(value, dtype)
    return value if value is None or isinstance(value, int | float | str) else str(value)


def _of_bytes(value: bytes) -> str:
    r"""Return bytes as their text in UTF-8; others in hexadecimal, as PostgreSQL does, and texts that look so, too.

    Examples:
        >>> _of_bytes(b"ann"), _of_bytes(b"\x80\x01")
        ('ann', '\\x8001')
    """
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"{_HEX}{value.hex()}"
    return f"{_HEX}{value.hex()}" if text.strip().startswith(_HEX) else text


def _of_time(value: int, dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Duration):
        return _of_duration(value, _PER_SECOND[dtype.time_unit])
    if isinstance(dtype, pl.Datetime):
        return _of_instant(value, dtype.time_unit, dtype.time_zone)
    if dtype == pl.Time:
        clock = _of_duration(value, _PER_SECOND["ns"])
        return clock if clock[1] != ":" else f"0{clock}"
    try:
        return str(date(1970, 1, 1) + timedelta(days=value))
    except OverflowError:
        return f"{value} days since 1970-01-01"


def _of_duration(value: int, per_second: int) -> str:
    """Return a duration as Python writes it, to the nanosecond."""
    seconds, part = divmod(value, per_second)
    days, seconds = divmod(seconds, 86_400)
    micros, nanos = divmod(part * 10**9 // per_second, 1_000)
    day = f"{days} day{'s' if abs(days) != 1 else ''}, " if days else ""
    return f"{day}{timedelta(seconds=seconds, microseconds=micros)}{_after(micros, nanos)}"


def _of_instant(value: int, unit: str, zone: str | None) -> str:
    """Return a time as Python writes it, to the nanosecond; beyond the calendar, in numbers."""
    micros, nanos = divmod(value * 10**9 // _PER_SECOND[unit], 1_000)
    try:
        moment = (_EPOCH + timedelta(microseconds=micros)).astimezone(ZoneInfo(zone or "UTC"))
    except (OverflowError, ValueError):
        return f"{value} {unit} since 1970-01-01"
    local = str(moment.replace(tzinfo=None))
    offset = str(moment).removeprefix(local) if zone else ""
    return f"{local}{_after(moment.microsecond, nanos)}{offset}"


def _after(micros: int, nanos: int) -> str:
    """Return the digits of nanoseconds after a text that ends in microseconds, unless there are none."""
    return f"{'' if micros else '.000000'}{nanos:03}" if nanos else ""
