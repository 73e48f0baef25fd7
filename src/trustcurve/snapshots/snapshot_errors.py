"""Errors about snapshots."""

from __future__ import annotations

from attrs import define

from trustcurve.errors import TrustcurveError, shown

__all__ = ["MalformedSnapshotError", "OtherCurveError", "SnapshotError", "UnknownVersionError"]


class SnapshotError(TrustcurveError):
    """The base class of errors about snapshots."""


@define(slots=False)
class UnknownVersionError(SnapshotError):
    """The schema version of a snapshot is unknown: ``version``, ``known`` (the latest known version)."""

    version: object
    known: int

    def __str__(self) -> str:
        newer = isinstance(self.version, int) and self.version > self.known
        hint = "; it was written by a newer version of trustcurve" if newer else ""
        return f"schema version of the snapshot must be from 1 to {self.known}, got {shown(self.version)}{hint}"


@define(slots=False)
class OtherCurveError(SnapshotError):
    """A snapshot was made on another curve: ``expected`` and ``found`` fingerprints."""

    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"snapshot was made on curve {self.found[:12]}, not on {self.expected[:12]}: "
            "read it with its own curve, then move it to this one with curve.migrate"
        )


@define(slots=False)
class MalformedSnapshotError(SnapshotError):
    """A snapshot is malformed.

    Args:
        path: The path to the first invalid field ("$.position.kept").
        problem: What is wrong with it.
        others: Further problems.
    """

    path: str
    problem: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = f" (and {len(self.others)} more)" if self.others else ""
        return f"snapshot is malformed at {self.path}: {self.problem}{more}"
