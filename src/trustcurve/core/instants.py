"""Times at the door: aware, then UTC instants of microseconds; durations are elapsed time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trustcurve.core.errors import InvalidValueError, NaiveTimeError

__all__ = ["LAST", "MICROSECOND", "instant", "later"]

MICROSECOND = timedelta(microseconds=1)
LAST = datetime.max.replace(tzinfo=UTC)


def instant(value: datetime, argument: str = "at") -> datetime:
    """Turn an aware time into the same instant in UTC.

    Raises:
        NaiveTimeError: It has no timezone.
        InvalidValueError: It is no datetime, or has no instant in UTC between the years 1 and 9999.
    """
    if not isinstance(value, datetime):
        raise InvalidValueError(argument, value, "must be an aware datetime")
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise NaiveTimeError(argument, value)
    try:
        utc = value.astimezone(UTC)
    except OverflowError:
        raise InvalidValueError(argument, value, "has no instant in UTC between the years 1 and 9999") from None
    # Plain again: a subclass may know more than microseconds, and would not compare as it looks.
    day, clock = (utc.year, utc.month, utc.day), (utc.hour, utc.minute, utc.second, utc.microsecond)
    return datetime(*day, *clock, tzinfo=UTC)


def later(start: datetime, elapsed: timedelta) -> datetime:
    """Add a duration; what would lie beyond the calendar lies at its end."""
    try:
        return start + elapsed
    except OverflowError:
        return LAST
