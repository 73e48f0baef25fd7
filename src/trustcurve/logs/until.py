"""Read ``--until``, and warn if it lies long after nearly all events."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl
from attrs import frozen

from trustcurve.batch.ints import Ints
from trustcurve.core.instants import datetime_of, instant, microseconds
from trustcurve.errors import InvalidValueError
from trustcurve.logs.columns import due_time, value_instant
from trustcurve.logs.mapping import Due, LogMapping

__all__ = ["EventTimes", "far_until", "nearly_all", "read_until"]

# Python accepts too much: any character in place of T, so that 2026-01-31+01:00 would be one in the morning,
# and weeks such as 2026-W05.
_DAY = r"\d{4}-?\d\d-?\d\d"
_CLOCK = r"[T ]\d\d(:?\d\d(:?\d\d([.,]\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?"


def read_until(text: str, mapping: LogMapping, option: str = "--until") -> datetime:
    """Return the instant of a day (its last microsecond) or a time; without a timezone, in that of the mapping.

    Args:
        text: The text.
        mapping: The mapping.
        option: The name of the option in messages.

    Raises:
        InvalidValueError: The text is not a day or a time, or does not lie between the years 1 and 9999 in UTC.
    """
    words = text.strip()
    try:
        if re.fullmatch(_DAY, words, re.ASCII):
            return _last_of(date.fromisoformat(words), mapping, option)
        if re.fullmatch(_DAY + _CLOCK, words, re.ASCII):
            return instant(value_instant(datetime.fromisoformat(words), mapping), option)
    except ValueError:
        pass
    rule = "must be an ISO 8601 time such as 2026-01-31, 2026-01-31T18:00 or 2026-01-31T18:00+01:00"
    raise InvalidValueError(option, text, rule)


def _last_of(day: date, mapping: LogMapping, option: str) -> datetime:
    """Return a day's last microsecond, as ``end_of_day`` of a mapping does."""
    frame = pl.DataFrame({"day": [day]})
    ends = due_time(Due(column="day", end_of_day=True), pl.lit(None), frame.schema["day"], mapping)
    try:
        end = frame.select(ends).item()
    except (OverflowError, ValueError):
        end = None
    if end is None:
        raise InvalidValueError(option, str(day), "must lie between the years 1 and 9999 in UTC")
    return instant(end, option)


_MINUTE = 60_000_000
_FEW = 0.01
_TIMES_STEADY = 5
_PERIODS_FEW, _PERIODS_MANY = 0.5, 10.0


@frozen(eq=False, slots=False)
class EventTimes:
    """When the events of a log happened.

    Args:
        at: Instants in microseconds since 1970, in order. Shape (n,), like the one below.
        count: How many events lie at each of them, or within the minute that begins there.
    """

    at: Ints
    count: Ints

    @classmethod
    def of(cls, micros: Ints, until: datetime | None) -> EventTimes:
        """Return the times of events that are not after an instant, each by itself."""
        early = micros if until is None else micros[micros <= microseconds(until)]
        return cls(np.sort(early), np.ones(len(early), np.int64))

    @classmethod
    def by_minute(cls, micros: Ints) -> EventTimes:
        """Return the times of events as numbers of events for each minute, which takes less memory."""
        at, count = np.unique(micros - micros % _MINUTE, return_counts=True)
        return cls(at, count)

    @classmethod
    def together(cls, parts: Iterable[EventTimes], until: datetime | None) -> EventTimes:
        """Return the times of several parts of a log, up to an instant."""
        listed = list(parts)
        at, number = np.unique(np.concatenate([each.at for each in listed]), return_inverse=True)
        count = np.bincount(number, weights=np.concatenate([each.count for each in listed]), minlength=len(at))
        early = np.ones(len(at), bool) if until is None else at <= microseconds(until)
        return cls(at[early], count[early].astype(np.int64))

    @property
    def total(self) -> int:
        """The number of events."""
        return int(self.count.sum())

    @cached_property
    def since(self) -> Ints:
        """How many events lie at each instant or after it."""
        return np.cumsum(self.count[::-1])[::-1]

    def but(self, rest: int) -> int:
        """Return the last instant up to which all events lie but so many of the last ones."""
        return int(self.at[np.flatnonzero(self.since > rest)[-1]])


def far_until(times: EventTimes, until: datetime | None, quiet: timedelta) -> str | None:
    """Return a warning if a log's last applied event lies long after nearly all events, otherwise None.

    There are two cases. Source: our choice.

    - The last hundredth of the events takes half a quiet period or longer, and more than a twentieth of the log's
      time, which is five times its share in a steady log: then many silences at the end only mean that the log
      has few late events.
    - Fewer than half of the events come after a gap of ten quiet periods or longer (two and a half years by
      default): then perhaps a year is mistyped, or means "never".

    Args:
        times: When the events happened, up to ``until``.
        until: When all customers are observed.
        quiet: The length of a quiet period of the curve.
    """
    if until is None or not len(times.at):
        return None
    period = quiet // timedelta(microseconds=1)
    rest = _after_gap(times, period) or _last_few(times, period)
    if not rest:
        return None
    return (
        f"{rest:,} of {times.total:,} events lie after {datetime_of(times.but(rest)):%Y-%m-%d}; "
        f"every customer is observed on {until:%Y-%m-%d}, at the last event: see --until"
    )


def nearly_all(times: EventTimes, until: datetime | None) -> datetime | None:
    """Return the instant up to which 99 % of the events lie that are not after ``until``; None if there are none."""
    if until is None or not len(times.at):
        return None
    return datetime_of(times.but(int(times.total * _FEW)))


def _after_gap(times: EventTimes, period: int) -> int:
    """Return the number of events after a long gap, if they are fewer than half."""
    late = times.since[1:][np.diff(times.at) > period * _PERIODS_MANY]
    return int(late[2 * late < times.total].max(initial=0))


def _last_few(times: EventTimes, period: int) -> int:
    """Return the number of events in the last hundredth, if it takes long."""
    rest = int(times.total * _FEW)
    if not rest:
        return 0
    takes, all_ = int(times.at[-1]) - times.but(rest), int(times.at[-1] - times.at[0])
    return rest if takes >= period * _PERIODS_FEW and takes > all_ * _FEW * _TIMES_STEADY else 0
