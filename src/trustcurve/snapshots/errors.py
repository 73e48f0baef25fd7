"""What can be wrong with a snapshot."""

from __future__ import annotations

from attrs import define

from trustcurve.errors import TrustcurveError

__all__ = ["MalformedSnapshotError", "OtherCurveError", "SnapshotError", "UnknownVersionError"]


class SnapshotError(TrustcurveError):
    """The root of the errors about snapshots."""


@define(slots=False)
class UnknownVersionError(SnapshotError):
    """The snapshot's schema version is not known here: ``version``, ``known``."""

    version: object
    known: int

    def __str__(self) -> str:
        newer = isinstance(self.version, int) and self.version > self.known
        cure = ": it was written by a newer trustcurve, update this one" if newer else ""
        return f"snapshot has schema version {self.version!r}; this trustcurve reads 1 to {self.known}{cure}"


@define(slots=False)
class OtherCurveError(SnapshotError):
    """The snapshot was made on another curve: ``expected`` and ``found`` fingerprints."""

    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"snapshot was made on curve {self.found[:12]}, not on {self.expected[:12]}: "
            "read it with its own curve, then carry it over with curve.migrate"
        )


@define(slots=False)
class MalformedSnapshotError(SnapshotError):
    """The snapshot does not have the form it should have.

    ``path`` leads to the first wrong field ("$.position.kept"), ``problem`` says what is wrong with
    it, ``others`` are further findings.
    """

    path: str
    problem: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = f" (and {len(self.others)} more)" if self.others else ""
        return f"snapshot is malformed at {self.path}: {self.problem}{more}"
