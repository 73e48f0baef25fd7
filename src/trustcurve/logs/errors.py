"""What can be wrong with a log or its mapping as a whole; single rows become rejects instead."""

from __future__ import annotations

from attrs import define

from trustcurve.core.errors import Finding, TrustcurveError

__all__ = ["InvalidMappingError", "LogError", "UnreadableLogError"]


class LogError(TrustcurveError):
    """The root of the errors about logs and mappings."""


@define(slots=False, repr=False)
class InvalidMappingError(LogError):
    """A mapping is wrong, or does not fit the log: ``findings``, all of them at once."""

    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        return "\n".join(str(finding) for finding in self.findings)


@define(slots=False, repr=False)
class UnreadableLogError(LogError):
    """A log cannot be read: ``path``, ``problem``."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"
