"""Errors of live customers and diagrams."""

from __future__ import annotations

from attrs import define

from trustcurve.errors import TrustcurveError

__all__ = ["BusyCustomerError", "DrawingError", "MissingProgramError"]


@define(slots=False, repr=False)
class BusyCustomerError(TrustcurveError):
    """A callback applied an event to a customer whose step waits for that very callback: ``customer``."""

    customer: str

    def __str__(self) -> str:
        return (
            f"customer {self.customer!r} is in the middle of a step that waits for this callback: "
            "let apply return first, then apply the next event"
        )


@define(slots=False, repr=False)
class MissingProgramError(TrustcurveError):
    """A program is not installed: ``program``, the ``package`` that has it, and what it is ``needed`` for."""

    program: str
    package: str
    needed: str

    def __str__(self) -> str:
        return (
            f"program {self.program!r} of {self.package} is needed {self.needed}, and is not installed: "
            f"on Debian and Ubuntu run apt-get install {self.package.lower()}"
        )


@define(slots=False, repr=False)
class DrawingError(TrustcurveError):
    """Graphviz failed to draw a diagram: ``format``, and the ``output`` of Graphviz."""

    format: str
    output: str

    def __str__(self) -> str:
        return f"Graphviz cannot draw this as {self.format}: {self.output}"
