"""What can be wrong with live customers and pictures."""

from __future__ import annotations

from attrs import define

from trustcurve.errors import TrustcurveError

__all__ = ["BusyCustomerError", "DrawingError", "MissingProgramError"]


@define(slots=False, repr=False)
class BusyCustomerError(TrustcurveError):
    """A callback applied an event to the very customer whose step it was called for: ``customer``."""

    customer: str

    def __str__(self) -> str:
        return (
            f"customer {self.customer!r} is in the middle of a step: a callback must not apply events to it; "
            "let apply return first, and decide by its step what comes next"
        )


@define(slots=False, repr=False)
class MissingProgramError(TrustcurveError):
    """A program of the system is missing: ``program``, ``package`` that brings it, and what it is ``needed`` for."""

    program: str
    package: str
    needed: str

    def __str__(self) -> str:
        return (
            f"{self.needed}, the program {self.program!r} of {self.package} is needed and not installed: "
            f"on Debian and Ubuntu, apt-get install {self.package.lower()}"
        )


@define(slots=False, repr=False)
class DrawingError(TrustcurveError):
    """Graphviz fails to draw a picture: its ``form``, and what Graphviz ``said``."""

    form: str
    said: str

    def __str__(self) -> str:
        return f"Graphviz cannot draw this as {self.form}: {self.said}"
