"""Check timezones and formats of times before they are used."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import polars as pl

from trustcurve.errors import did_you_mean
from trustcurve.logs.columns import naive_and_aware

__all__ = ["format_problem", "zone_problem"]

_EPOCHS = ("epoch_seconds", "epoch_milliseconds")

# The first midnight of a year, in a timezone far from UTC: a format without a time of day reads it back,
# but a format without a date, or one that reads local times as UTC, does not.
_LOCAL = datetime(2026, 1, 1)  # noqa: DTZ001 - a local time is needed
_ZONE = "Asia/Kolkata"
_INSTANT = _LOCAL.replace(tzinfo=UTC) - timedelta(hours=5, minutes=30)


def zone_problem(zone: str) -> str | None:
    """Return why a timezone cannot be used, or None."""
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        known = available_timezones() - {zone}
        if not known:
            return f"unknown timezone {zone!r}: this system has no timezone data; pip install tzdata"
        hint = did_you_mean(zone, known) or ": use an IANA name such as 'Europe/Berlin'"
        return f"unknown timezone {zone!r}{hint}"
    return None


def format_problem(format: str) -> str | None:  # noqa: A002 - the name of the key
    """Return why a format of times cannot be used, or None; it must read back a time that it wrote."""
    if format in _EPOCHS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pl.exceptions.ChronoFormatWarning)
            # %#z, an offset with or without minutes, can be read but not written.
            written = pl.Series([_LOCAL]).dt.replace_time_zone(_ZONE).dt.strftime(format.replace("%#z", "%z"))
            naive, aware = naive_and_aware("written", pl.String(), format)
            read = pl.DataFrame({"written": written}).select(naive=naive, aware=aware).row(0)
    except pl.exceptions.ChronoFormatWarning as warning:
        return f"format {format!r} would misread times: {str(warning).partition(' See ')[0]}"
    except pl.exceptions.PolarsError:
        read = (None, None)
    if read in ((_LOCAL, None), (None, _INSTANT)):
        return None
    hint = (
        did_you_mean(format, _EPOCHS)
        or ": write one such as '%d.%m.%Y %H:%M', or 'epoch_seconds' or 'epoch_milliseconds'"
    )
    return f"format {format!r} cannot read times{hint}"
