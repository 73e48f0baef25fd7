"""What arguments of the kit must be, checked where they are given."""

from __future__ import annotations

from typing import Final

from hypothesis import settings as hypothesis_settings

from trustcurve.core.curve import Curve
from trustcurve.errors import InvalidValueError
from trustcurve.verification.arguments import check_kind, check_whole

__all__ = ["check_curve", "check_max_size", "check_settings"]

MOST: Final = 1_000
"""The most events of a journey. Source: our choice; Hypothesis draws a few thousand numbers for a test and no more."""


def check_curve(curve: object) -> None:
    """Refuse what is no curve."""
    check_kind("curve", curve, Curve, "must be a Curve, for example Curve.default()")


def check_max_size(max_size: int) -> None:
    """Refuse what is no number of events, or more than Hypothesis can draw."""
    if check_whole("max_size", max_size, 0) > MOST:
        raise InvalidValueError("max_size", max_size, f"must be at most {MOST}")


def check_settings(settings: object) -> None:
    """Refuse what are no settings of Hypothesis."""
    if settings is not None:
        check_kind("settings", settings, hypothesis_settings, "must be settings(...) of Hypothesis")
