"""Convert times: aware datetimes become UTC instants; internally an instant is a number of microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trustcurve.core.field_types import DueDate
from trustcurve.errors import InvalidValueError, NaiveTimeError

__all__ = ["EPOCH", "LAST", "MICROSECOND", "datetime_of", "duration_us", "instant", "microseconds", "optional_due"]

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Microseconds are counted from here. Source: our choice, the same as Arrow's and Polars'."""


def instant(value: datetime, argument: str = "at") -> datetime:
    """Convert an aware time to the same instant in UTC.

    Raises:
        NaiveTimeError: The time has no timezone.
        InvalidValueError: The value is not a datetime, or does not lie between the years 1 and 9999 in UTC.
    """
    if not isinstance(value, datetime):
        raise InvalidValueError(argument, value, "must be a datetime with a timezone")
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    try:
        offset = value.utcoffset()
    except ValueError:  # pandas' NaT is a datetime, too
        raise InvalidValueError(argument, value, "must be a time, not a value for a missing one") from None
    if offset is None:
        raise NaiveTimeError(argument, value)
    try:
        utc = value.astimezone(UTC)
    except OverflowError:
        raise InvalidValueError(argument, value, "must lie between the years 1 and 9999 in UTC") from None
    # A plain datetime: a subclass may be more precise than microseconds, and compare differently than it prints.
    day, clock = (utc.year, utc.month, utc.day), (utc.hour, utc.minute, utc.second, utc.microsecond)
    return datetime(*day, *clock, tzinfo=UTC)


def optional_due(value: datetime | None) -> DueDate | None:
    """Convert a due date to an instant in UTC; a promise can be without one."""
    return None if value is None else instant(value, "due")


def microseconds(at: datetime) -> int:
    """Return the microseconds from 1970 to a UTC instant."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def duration_us(elapsed: timedelta) -> int:
    """Return a duration in microseconds."""
    return elapsed // MICROSECOND


LAST = microseconds(datetime.max.replace(tzinfo=UTC))
"""The end of the calendar, in microseconds: nothing can be observed after it."""


def datetime_of(us: int) -> datetime:
    """Return the UTC instant of a number of microseconds, at most the end of the calendar."""
    return EPOCH + timedelta(microseconds=min(us, LAST))
