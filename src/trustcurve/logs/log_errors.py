"""Errors about a log or a mapping as a whole; problems of single rows become rejects instead."""

from __future__ import annotations

from attrs import define

from trustcurve.errors import InvalidDocumentError, TrustcurveError

__all__ = ["InvalidMappingError", "LogError", "UnreadableLogError"]


class LogError(TrustcurveError):
    """The base class of errors about logs and mappings."""


class InvalidMappingError(LogError, InvalidDocumentError):
    """A mapping is invalid, or does not fit the log: ``findings``, all problems at once."""


@define(slots=False, repr=False)
class UnreadableLogError(LogError):
    """A log cannot be read: ``path``, ``problem``."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"
