"""Columns of a log as Polars expressions: texts, numbers and times, without losing what cannot be read."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from trustcurve.logs.mapping import Due, Mapping, Template

__all__ = ["due_time", "number", "template", "text", "utc", "value_instant"]

_ISO = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M")
_ISO_AWARE = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z")
_INSTANT = pl.Datetime("us", "UTC")
_NAIVE = pl.Datetime("us")


def text(column: str) -> pl.Expr:
    """Read a column as text; blanks around it do not count, and an empty text is none."""
    trimmed = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(trimmed != "").then(trimmed)


def number(column: str) -> pl.Expr:
    """Read a column as numbers; what is none becomes null."""
    return text(column).cast(pl.Float64, strict=False)


def template(made_of: Template, *, gaps: bool = False) -> pl.Expr:
    """Fill a template from columns; null where one of them is, or with ``gaps`` only where all of them are."""
    if gaps:
        filled = [
            pl.lit(literal) + (pl.lit("") if c is None else text(c).fill_null("")) for literal, c in made_of.parts
        ]
        return pl.when(~pl.all_horizontal([text(c).is_null() for c in made_of.columns])).then(pl.concat_str(filled))
    pieces: list[pl.Expr] = []
    for literal, column in made_of.parts:
        pieces += [pl.lit(literal)] if literal else []
        pieces += [text(column)] if column is not None else []
    return pl.concat_str(pieces or [pl.lit("")])


def naive_and_aware(column: str, dtype: pl.DataType, time_format: str | None) -> tuple[pl.Expr, pl.Expr]:
    """Read a column's times: those without timezone, and those with one as instants in UTC.

    Either is null where the other is not, and both are where nothing could be read.
    """
    nothing = (pl.lit(None, _NAIVE), pl.lit(None, _INSTANT))
    source = pl.col(column)
    if isinstance(dtype, pl.Datetime):
        return (source.cast(_NAIVE), nothing[1]) if dtype.time_zone is None else (nothing[0], source.cast(_INSTANT))
    if dtype == pl.Date:
        return source.cast(_NAIVE), nothing[1]
    if time_format in ("epoch_seconds", "epoch_milliseconds"):
        factor = 1_000_000 if time_format == "epoch_seconds" else 1_000
        micros = (text(column).cast(pl.Float64, strict=False) * factor).round().cast(pl.Int64, strict=False)
        return nothing[0], micros.cast(_NAIVE).dt.replace_time_zone("UTC")
    if time_format is not None:
        if "%z" in time_format or "%#z" in time_format or time_format == "%+":
            return nothing[0], text(column).str.to_datetime(time_format, strict=False, time_unit="us", time_zone="UTC")
        if not any(code in time_format for code in ("%H", "%I", "%k", "%l", "%T", "%R", "%X", "%r", "%c", "%s")):
            return text(column).str.to_date(time_format, strict=False).cast(_NAIVE), nothing[1]
        return text(column).str.to_datetime(time_format, strict=False, time_unit="us"), nothing[1]
    iso = text(column).str.replace(" ", "T")
    naive = [iso.str.to_datetime(form, strict=False, time_unit="us") for form in _ISO]
    naive.append(iso.str.to_date("%Y-%m-%d", strict=False).cast(_NAIVE))
    aware = [iso.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC") for form in _ISO_AWARE]
    return pl.coalesce(naive), pl.coalesce(aware)


def localized(naive: pl.Expr, zone: str) -> pl.Expr:
    """Turn naive local times into instants.

    A time that happens twice is the earlier one; a time that the clock skips is taken as if the
    clock had not been put forward yet, as Python's own datetime does.
    """

    def shifted(by: timedelta) -> pl.Expr:
        local = (naive - by).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        return local.dt.convert_time_zone("UTC") + by

    return pl.coalesce([shifted(timedelta(0)), shifted(timedelta(hours=1)), shifted(timedelta(days=1))])


def utc(column: str, dtype: pl.DataType, mapping: Mapping) -> pl.Expr:
    """Read a column's times as instants in UTC; null where nothing could be read."""
    naive, aware = naive_and_aware(column, dtype, mapping.time_format(column))
    return pl.coalesce([aware, localized(naive, mapping.timezone or "UTC")])


def due_time(due: Due, at: pl.Expr, dtype: pl.DataType | None, mapping: Mapping) -> pl.Expr:
    """Compute when a promise is due: a calendar day ends at its last microsecond, in the log's timezone."""
    zone = mapping.timezone or "UTC"
    when = at + due.after if due.after is not None else utc(str(due.column), dtype or pl.String(), mapping)
    if due.end_of_day:
        midnight = when.dt.convert_time_zone(zone).dt.replace_time_zone(None).dt.truncate("1d")
        when = localized(midnight + timedelta(days=1), zone) - timedelta(microseconds=1)
    return when + due.plus


def value_instant(value: date | datetime, mapping: Mapping) -> datetime:
    """Turn a date or time of the mapping file into an instant, in the log's timezone where it has none."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(mapping.timezone or "UTC"))
