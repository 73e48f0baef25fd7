"""Local times and instants, by Python's timezones: one table of timezones in the whole program.

Polars has a table of its own, which differs from Python's for far years. The offset of a timezone is asked once for
each day of a log; only on days on which clocks change it is asked for each time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

__all__ = ["INSTANT", "instant_of", "local_time_of"]

INSTANT = pl.Datetime("us", "UTC")
"""The type of every column of instants."""

_NAIVE = pl.Datetime("us")
_DAY = 86_400_000_000
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the origin of local times and of instants alike

_FIRST = (datetime.min - _EPOCH) // _MICROSECOND  # noqa: DTZ901 - the same
_LAST = (datetime.max - _EPOCH) // _MICROSECOND  # noqa: DTZ901
"""The first and the last microsecond of the calendar."""

_Offset = Callable[[datetime], timedelta | None]


def instant_of(local: pl.Expr, zone: str) -> pl.Expr:
    """Return the instants of local times.

    An ambiguous time is the earlier one; a time that is skipped when clocks go forward is read as if they had not,
    as in Python's datetime.
    """
    there = ZoneInfo(zone)

    def offset(moment: datetime) -> timedelta | None:
        return moment.replace(tzinfo=there).utcoffset()

    return _shifted(local, offset, -1, INSTANT)


def local_time_of(when: pl.Expr, zone: str) -> pl.Expr:
    """Return the local times of instants."""
    there = ZoneInfo(zone)

    def offset(moment: datetime) -> timedelta | None:
        return moment.replace(tzinfo=UTC).astimezone(there).utcoffset()

    return _shifted(when, offset, 1, _NAIVE)


def _shifted(times: pl.Expr, offset: _Offset, sign: int, dtype: pl.DataType) -> pl.Expr:
    """Add the offset of each time, or subtract it."""

    def shift(given: pl.Series) -> pl.Series:
        micros = given.to_physical().rename("micros")
        frame = micros.to_frame().with_columns(day=micros // _DAY)
        days = frame["day"].unique().drop_nulls().to_list()
        steady = pl.DataFrame(
            {"day": days, "offset": [_of_day(day, offset) for day in days]},
            schema={"day": pl.Int64, "offset": pl.Int64},
        )
        frame = frame.join(steady, on="day", how="left", maintain_order="left")
        odd = frame.filter(pl.col("offset").is_null())["micros"].unique().drop_nulls().to_list()
        if odd:
            asked = {each: _of_time(each, offset) for each in odd}
            own = pl.col("micros").replace_strict(asked, default=None, return_dtype=pl.Int64)
            frame = frame.with_columns(pl.coalesce("offset", own).alias("offset"))
        return frame.select((pl.col("micros") + sign * pl.col("offset")).cast(_NAIVE))["micros"].cast(_NAIVE)

    shifted = times.map_batches(shift, return_dtype=_NAIVE, is_elementwise=True)
    return shifted.dt.replace_time_zone("UTC") if dtype == INSTANT else shifted


def _of_day(day: int, offset: _Offset) -> int | None:
    """Return the offset of all times of a day; None if it changes on this day."""
    begins, ends = _of_time(day * _DAY, offset), _of_time((day + 1) * _DAY, offset)
    return begins if begins == ends else None


def _of_time(micros: int, offset: _Offset) -> int:
    """Return the offset of a time; beyond the calendar, that of its last day or its first."""
    moment = _EPOCH + timedelta(microseconds=min(max(micros, _FIRST), _LAST))
    try:
        found = offset(moment)
    except OverflowError:  # the same instant is beyond the calendar in the other timezone
        found = offset(moment + timedelta(days=-1 if micros > 0 else 1))
    assert found is not None  # noqa: S101 - a timezone has an offset at every time
    return found // _MICROSECOND
