"""What arguments of the kit must be, checked where they are given."""

from __future__ import annotations

from trustcurve.core.curve import Curve
from trustcurve.verification.arguments import check_kind, check_whole

__all__ = ["check_curve", "check_max_size"]


def check_curve(curve: object) -> None:
    """Refuse what is no curve."""
    check_kind("curve", curve, Curve, "must be a Curve, for example Curve.default()")


def check_max_size(max_size: int) -> None:
    """Refuse what is no number of events."""
    check_whole("max_size", max_size, 0)
