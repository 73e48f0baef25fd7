"""Convert times: aware datetimes become UTC instants; internally an instant is a number of microseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache

from trustcurve.errors import InvalidValueError, NaiveTimeError, shown

__all__ = [
    "EPOCH",
    "LAST",
    "MICROSECOND",
    "RFC_3339",
    "datetime_of",
    "duration_us",
    "instant",
    "instant_of_text",
    "microseconds",
    "optional_due",
]

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Microseconds are counted from here. Source: our choice, the same as Arrow's and Polars'."""

RFC_3339 = (
    r"^(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""Times in texts, as a pattern for Python and for JSON Schema."""


def instant(value: datetime, argument: str = "at") -> datetime:
    """Convert an aware time to the same instant in UTC.

    Raises:
        NaiveTimeError: The time has no timezone.
        InvalidValueError: The value is not a datetime, its timezone has no offset for it, or it does not lie between the
            years 1 and 9999 in UTC.
    """
    if not isinstance(value, datetime):
        raise InvalidValueError(argument, value, "must be a datetime with a timezone")
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    try:
        offset = value.utcoffset()
        utc = value if offset is None else value.astimezone(UTC)
    except OverflowError:
        raise InvalidValueError(argument, value, "must lie between the years 1 and 9999 in UTC") from None
    except Exception as error:  # noqa: BLE001 - a timezone can raise anything
        raise InvalidValueError(argument, value, _no_offset(value, error)) from None
    if offset is None:
        raise NaiveTimeError(argument, value)
    # A plain datetime: a subclass may be more precise than microseconds, and compare differently than it prints.
    day, clock = (utc.year, utc.month, utc.day), (utc.hour, utc.minute, utc.second, utc.microsecond)
    return datetime(*day, *clock, tzinfo=UTC)


def _no_offset(value: datetime, error: Exception) -> str:
    """Return the rule that a time breaks whose timezone raises an error."""
    if value != value:  # noqa: PLR0124 - pandas' NaT is a datetime, too, and equal to nothing
        return "must be a time, not a value for a missing one"
    return f"must have a timezone that knows its offset, which raises {shown(error)}"


def instant_of_text(text: object, argument: str = "at") -> datetime:
    """Read a time in RFC 3339 as an instant in UTC; one that is more exact than microseconds is not cut.

    Raises:
        InvalidValueError: The value is not such a text, or does not lie between the years 1 and 9999 in UTC.
    """
    if not isinstance(text, str) or not _time_pattern().fullmatch(text):
        raise InvalidValueError(
            argument,
            text,
            "must be a time in RFC 3339 (strict ISO 8601 with an offset, and at most six decimals) "
            "such as 2026-03-01T12:00:00Z",
        )
    try:
        return instant(datetime.fromisoformat(text), argument)
    except ValueError as error:
        raise InvalidValueError(argument, text, f"is not a time: {error}") from None


@cache
def _time_pattern() -> re.Pattern[str]:
    return re.compile(RFC_3339)


def optional_due(value: datetime | None) -> datetime | None:
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
