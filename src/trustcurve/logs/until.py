"""Read the time at which everyone is looked at, as users write it."""

from __future__ import annotations

import re
from datetime import date, datetime

import polars as pl

from trustcurve.core.errors import InvalidValueError
from trustcurve.core.instants import instant
from trustcurve.logs.columns import due_time, value_instant
from trustcurve.logs.mappings.mapping import Due, Mapping

__all__ = ["read_until"]

# Python reads more than is meant: it takes any character for the T, so that 2026-01-31+01:00 would be one in the
# morning, and the week 2026-W05 would be its Monday.
_DAY = r"\d{4}-?\d\d-?\d\d"
_CLOCK = r"[T ]\d\d(:?\d\d(:?\d\d([.,]\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?"


def read_until(text: str, mapping: Mapping) -> datetime:
    """Read a day or a time: a day is its last microsecond, and what has no timezone is in the mapping's.

    Raises:
        InvalidValueError: It is neither, or has no instant in UTC between the years 1 and 9999.
    """
    words = text.strip()
    try:
        if re.fullmatch(_DAY, words, re.ASCII):
            return _last_of(date.fromisoformat(words), mapping)
        if re.fullmatch(_DAY + _CLOCK, words, re.ASCII):
            return instant(value_instant(datetime.fromisoformat(words), mapping), "--until")
    except ValueError:
        pass
    says = "must be an ISO 8601 time such as 2026-01-31, 2026-01-31T18:00 or 2026-01-31T18:00+01:00"
    raise InvalidValueError("--until", text, says)


def _last_of(day: date, mapping: Mapping) -> datetime:
    """Find a day's last microsecond, just as a mapping's ``end_of_day`` does."""
    frame = pl.DataFrame({"day": [day]})
    ends = due_time(Due(column="day", end_of_day=True), pl.lit(None), frame.schema["day"], mapping)
    try:
        end = frame.select(ends).item()
    except (OverflowError, ValueError):
        end = None
    if end is None:
        raise InvalidValueError("--until", str(day), "has no instant in UTC between the years 1 and 9999")
    return instant(end, "--until")
