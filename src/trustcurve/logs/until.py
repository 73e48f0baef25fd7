"""Read ``--until``, and warn if it lies long after nearly all events."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from trustcurve.core.instants import instant
from trustcurve.errors import InvalidValueError
from trustcurve.logs.columns import due_time, value_instant
from trustcurve.logs.mapper import Mapped
from trustcurve.logs.mapping import Due, LogMapping

__all__ = ["far_until", "nearly_all", "read_until"]

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


_FEW = 0.01
_TIMES_STEADY = 5
_PERIODS_FEW, _PERIODS_MANY = 0.5, 10.0


def far_until(mapped: Mapped, until: datetime | None, quiet: timedelta) -> str | None:
    """Return a warning if a log's last applied event lies long after nearly all events, otherwise None.

    There are two cases. Source: our choice.

    - The last hundredth of the events takes half a quiet period or longer, and more than a twentieth of the log's
      time, which is five times its share in a steady log: then many silences at the end only mean that the log
      has few late events.
    - Fewer than half of the events come after a gap of ten quiet periods or longer (two and a half years by
      default): then perhaps a year is mistyped, or means "never".

    Args:
        mapped: The mapped log.
        until: When all customers are observed.
        quiet: The length of a quiet period of the curve.
    """
    if until is None:
        return None
    times = mapped.events.frame["at"].filter(mapped.events.frame["at"] <= until).sort()
    count = len(times)
    rest = _after_gap(times, quiet) or _last_few(times, quiet)
    if not rest:
        return None
    after = times[count - rest - 1].astimezone(UTC)
    return (
        f"{rest:,} of {count:,} events lie after {after:%Y-%m-%d}; "
        f"every customer is observed on {until:%Y-%m-%d}, at the last event: see --until"
    )


def nearly_all(mapped: Mapped, until: datetime | None) -> datetime | None:
    """Return the instant up to which 99 % of the events lie that are not after ``until``; None if there are none."""
    if until is None:
        return None
    times = mapped.events.frame["at"]
    times = times.filter(times <= until)
    rest = int(len(times) * _FEW)
    found: Any = times.top_k(rest + 1).min() if len(times) else None
    return None if found is None else instant(found)


def _after_gap(times: pl.Series, quiet: timedelta) -> int:
    """Return the number of events after a long gap, if they are fewer than half."""
    gaps = (times.diff() > quiet * _PERIODS_MANY).fill_null(value=False).arg_true()
    late = [len(times) - int(place) for place in gaps if 2 * (len(times) - int(place)) < len(times)]
    return max(late, default=0)


def _last_few(times: pl.Series, quiet: timedelta) -> int:
    """Return the number of events in the last hundredth, if it takes long."""
    rest = int(len(times) * _FEW)
    if not rest:
        return 0
    first, last = times[0], times[-1]
    takes = last - times[len(times) - rest - 1]
    return rest if takes >= quiet * _PERIODS_FEW and takes > (last - first) * _FEW * _TIMES_STEADY else 0
