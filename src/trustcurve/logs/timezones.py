"""Timezones and formats of times, tried out before they are used: an unknown one would spoil every row."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import polars as pl

from trustcurve.errors import did_you_mean
from trustcurve.logs.columns import naive_and_aware

__all__ = ["format_problem", "zone_problem"]

_EPOCHS = ("epoch_seconds", "epoch_milliseconds")

# The first midnight of a year, far from UTC: a format may leave out what is smaller than a day, but
# one that knows no date, or takes local times for UTC, does not read it back.
_LOCAL = datetime(2026, 1, 1)  # noqa: DTZ001 - it is local on purpose
_ZONE = "Asia/Kolkata"
_INSTANT = _LOCAL.replace(tzinfo=UTC) - timedelta(hours=5, minutes=30)


def zone_problem(zone: str) -> str | None:
    """Say why a timezone cannot be used: Python and Polars bring their own lists, and both must know it."""
    try:
        ZoneInfo(zone)
        pl.Series([_LOCAL]).dt.replace_time_zone(zone)
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError):
        known = available_timezones() - {zone}
        if not known:
            return f"unknown timezone {zone!r}: this system has no timezones, pip install tzdata"
        hint = did_you_mean(zone, known) or ": use an IANA name such as 'Europe/Berlin'"
        return f"unknown timezone {zone!r}{hint}"
    return None


def format_problem(form: str) -> str | None:
    """Say why no times can be read by a format: a time written by it must be read back as it was."""
    if form in _EPOCHS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pl.exceptions.ChronoFormatWarning)
            # %#z, an offset with or without minutes, can be read but not written.
            written = pl.Series([_LOCAL]).dt.replace_time_zone(_ZONE).dt.strftime(form.replace("%#z", "%z"))
            naive, aware = naive_and_aware("written", pl.String(), form)
            read = pl.DataFrame({"written": written}).select(naive=naive, aware=aware).row(0)
    except pl.exceptions.ChronoFormatWarning as warning:
        return f"{form!r} would misread times: {str(warning).partition(' See ')[0]}"
    except pl.exceptions.PolarsError:
        read = (None, None)
    if read in ((_LOCAL, None), (None, _INSTANT)):
        return None
    hint = (
        did_you_mean(form, _EPOCHS)
        or ": write one such as '%d.%m.%Y %H:%M', or 'epoch_seconds' or 'epoch_milliseconds'"
    )
    return f"no times can be read by {form!r}{hint}"
