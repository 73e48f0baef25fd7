"""Columns of a log as Polars expressions: texts and times. An unreadable value is null, never an error."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from trustcurve.logs.local_times import INSTANT, instant_of, local_time_of
from trustcurve.logs.mapping import ColumnCondition, Due, LogMapping, Template
from trustcurve.logs.numbers import number, text

__all__ = [
    "INSTANT",
    "cleaned",
    "due_time",
    "is_about_time",
    "moment",
    "naive_and_aware",
    "short_text",
    "template",
    "time_columns",
    "unread_time",
    "used_columns",
    "utc",
    "value_instant",
    "with_moments",
]

_ISO = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M")
_ISO_AWARE = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z")
_NAIVE = pl.Datetime("us")
_CLOCK = ("%H", "%I", "%k", "%l", "%T", "%R", "%X", "%r", "%c", "%s")
_EPOCHS = {"epoch_seconds": 1_000_000, "epoch_milliseconds": 1_000}

_EPOCH = date(1970, 1, 1)
_DAYS = ((date.min - _EPOCH).days, (date.max - _EPOCH).days + 1)
"""The years 1 to 9999, as days since 1970."""
_DAY = {"ms": 86_400 * 1_000, "us": 86_400 * 1_000_000, "ns": 86_400 * 1_000_000_000}
"""A day in each time unit."""
_INT64 = (-(2**63), 2**63 - 1)
_MOMENT = "trustcurve.moment."
_LONG = timedelta(days=_DAYS[1] - _DAYS[0])
_SHOWN = 200  # characters of a value in a message


def used_columns(columns: Iterable[str], schema: pl.Schema, mapping: LogMapping) -> list[pl.Expr]:
    """Return columns of a log; times far beyond the calendar are moved close to it, or are texts of their numbers.

    Polars panics when it writes or converts such a time, and a template must not take two of them for the same.
    """
    times = time_columns(mapping)
    return [(_sane if column in times else _exact)(column, schema[column]) for column in columns]


def _sane(column: str, dtype: pl.DataType) -> pl.Expr:
    source = pl.col(column)
    if isinstance(dtype, pl.Datetime):
        return _near(source.to_physical(), _DAY[dtype.time_unit]).cast(dtype)
    return _near(source.to_physical(), 1).cast(dtype) if dtype == pl.Date else source


def _exact(column: str, dtype: pl.DataType) -> pl.Expr:
    if dtype not in (pl.Datetime, pl.Date):
        return pl.col(column)
    sane, number = _sane(column, dtype), pl.col(column).to_physical()
    unit = dtype.time_unit if isinstance(dtype, pl.Datetime) else "days"
    far = pl.format(f"{{}} {unit} since 1970-01-01", number)
    return pl.when(number == sane.to_physical()).then(sane.cast(pl.String)).when(number.is_not_null()).then(far)


def short_text(column: str) -> pl.Expr:
    """Return a column's text for a message: cut off if it is long."""
    whole = text(column)
    return pl.when(whole.str.len_chars() > _SHOWN).then(whole.str.head(_SHOWN) + "...").otherwise(whole)


def unread_time(column: str) -> pl.Expr:
    """Return the problem of a time that is there and cannot be read, in words; null for others."""
    problem = pl.format("unreadable time: column '{}' has '{}'", pl.lit(column), short_text(column))
    return pl.when(text(column).is_not_null() & moment(column).is_null()).then(problem)


def template(made_of: Template) -> pl.Expr:
    """Fill a template from columns that are clean (``cleaned``); null if one of them is null."""
    pieces: list[pl.Expr] = []
    for literal, column in made_of.parts:
        pieces += [pl.lit(literal)] if literal else []
        pieces += [pl.col(column).cast(pl.String)] if column is not None else []
    return pieces[0] if len(pieces) == 1 else pl.concat_str(pieces or [pl.lit("")])


def cleaned(rows: pl.LazyFrame, columns: Iterable[str]) -> pl.LazyFrame:
    """Return rows with the texts of some columns as they are read: without blanks around them, and null if nothing is left.

    What is read often is cleaned once.
    """
    schema = rows.collect_schema()
    plain = (
        schema[column].is_numeric() or schema[column].is_temporal() or schema[column] == pl.Boolean
        for column in columns
    )
    texts = [text(column) for column, is_plain in zip(columns, plain, strict=True) if not is_plain]
    return rows.with_columns(texts) if texts else rows


def is_about_time(condition: ColumnCondition) -> bool:
    """Whether a condition compares with dates or times."""
    return any(isinstance(value, date) for value in condition.values)


def time_columns(mapping: LogMapping) -> tuple[str, ...]:
    """Return the columns that are read as times."""
    named = [mapping.time, *(condition.column for _, condition in mapping.conditions if is_about_time(condition))]
    named += [outcome.at for outcome in mapping.outcomes if outcome.at]
    for rule in mapping.rules:
        for event in rule.events:
            named += [event.at] if event.at else []
            named += [event.due.column] if event.due and event.due.column else []
    return tuple(dict.fromkeys(named))


def with_moments(rows: pl.LazyFrame, mapping: LogMapping) -> pl.LazyFrame:
    """Read every column of times once, and add its instants; ``moment(column)`` returns them."""
    columns, schema = time_columns(mapping), rows.collect_schema()
    read = rows.with_columns(_instants(column, schema[column], mapping).alias(_MOMENT + column) for column in columns)
    return read.with_columns(_in_calendar(moment(column)).alias(_MOMENT + column) for column in columns)


def moment(column: str) -> pl.Expr:
    """Return the instants of a column of times; null if a time is unreadable or beyond the calendar."""
    return pl.col(_MOMENT + column)


def naive_and_aware(column: str, dtype: pl.DataType, time_format: str | None) -> tuple[pl.Expr, pl.Expr]:
    """Read a column's times: those without a timezone, and those with one as instants in UTC.

    For each row at most one of them is not null; both are null if the time is unreadable.
    """
    naive, aware = _read(column, dtype, time_format)
    return pl.lit(None, _NAIVE) if naive is None else naive, pl.lit(None, INSTANT) if aware is None else aware


def _read(column: str, dtype: pl.DataType, time_format: str | None) -> tuple[pl.Expr | None, pl.Expr | None]:
    source = pl.col(column)
    if isinstance(dtype, pl.Datetime):
        return (source.cast(_NAIVE), None) if dtype.time_zone is None else (None, source.cast(INSTANT))
    if dtype == pl.Date:
        return source.cast(_NAIVE), None
    if time_format in _EPOCHS:
        micros = _near((number(column) * _EPOCHS[time_format]).round(), _DAY["us"])
        return None, micros.cast(pl.Int64).cast(_NAIVE).dt.replace_time_zone("UTC")
    if time_format is not None:
        if "%z" in time_format or "%#z" in time_format or time_format == "%+":
            return None, text(column).str.to_datetime(time_format, strict=False, time_unit="us", time_zone="UTC")
        if not any(code in time_format for code in _CLOCK):
            return text(column).str.to_date(time_format, strict=False).cast(_NAIVE), None
        return text(column).str.to_datetime(time_format, strict=False, time_unit="us"), None
    iso = text(column).str.replace(" ", "T")
    naive = [iso.str.to_datetime(pattern, strict=False, time_unit="us") for pattern in _ISO]
    naive.append(iso.str.to_date("%Y-%m-%d", strict=False).cast(_NAIVE))
    aware = [iso.str.to_datetime(pattern, strict=False, time_unit="us", time_zone="UTC") for pattern in _ISO_AWARE]
    return pl.coalesce(naive), pl.coalesce(aware)


def _near(numbers: pl.Expr, a_day: int) -> pl.Expr:
    """Move times far beyond the calendar to just beyond its edge; ``a_day`` is a day in the unit of the numbers."""
    first, last = (_DAYS[0] - 1) * a_day, (_DAYS[1] + 1) * a_day
    return numbers.clip(max(first, _INT64[0]), min(last, _INT64[1]))


def _in_calendar(source: pl.Expr) -> pl.Expr:
    """Keep the instants of the years 1 to 9999, as Python does; others become null."""
    first, last = _DAYS[0] * _DAY["us"], _DAYS[1] * _DAY["us"] - 1
    return pl.when(source.to_physical().is_between(first, last)).then(source)


def utc(column: str, dtype: pl.DataType, mapping: LogMapping) -> pl.Expr:
    """Read a column's times as instants in UTC; null if a time is unreadable."""
    return _in_calendar(_instants(column, dtype, mapping))


def _instants(column: str, dtype: pl.DataType, mapping: LogMapping) -> pl.Expr:
    naive, aware = _read(column, dtype, mapping.time_format(column))
    local = None if naive is None else instant_of(naive, mapping.timezone or "UTC")
    return pl.coalesce([each for each in (aware, local) if each is not None])


def due_time(due: Due, at: pl.Expr, dtype: pl.DataType | None, mapping: LogMapping) -> pl.Expr:
    """Return when a promise is due: a calendar day ends at its last microsecond, in the log's timezone.

    Null if the column is empty or unreadable, or the time lies beyond the years 1 to 9999.
    """
    when = at if due.column is None else utc(due.column, dtype or pl.String(), mapping)
    when = _plus(when, due.after or timedelta(0))
    if due.end_of_day:
        zone = mapping.timezone or "UTC"
        midnight = local_time_of(when, zone).dt.truncate("1d")
        when = instant_of(midnight + timedelta(days=1), zone) - timedelta(microseconds=1)
    return _in_calendar(_plus(when, due.plus))


def _plus(when: pl.Expr, elapsed: timedelta) -> pl.Expr:
    """Add a duration, at most the length of the calendar."""
    return when + max(min(elapsed, _LONG), -_LONG) if elapsed else when


def value_instant(value: date | datetime, mapping: LogMapping) -> datetime:
    """Convert a date or time of the mapping file to an instant, in the log's timezone if it has none."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(mapping.timezone or "UTC"))
