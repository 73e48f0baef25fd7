"""Coverage of a curve: which of its positions and transitions the journeys and the proofs of a test run reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.standing import Reaction
from trustcurve.core.steps import Step
from trustcurve.testing.session import session

__all__ = ["Coverage", "CurveCoverage", "Recorder"]

Plain = dict[str, Any]


@define(eq=False)
class Recorder:
    """Records every reaction of every step that any code makes between ``start`` and ``stop``."""

    _seen: dict[int, Reaction] = field(factory=dict, init=False)
    _original: Any = field(default=None, init=False)

    def start(self) -> None:
        """Start: every step is made by ``Step.of``, so that is wrapped."""
        original, seen = Step.of, self._seen
        self._original = original

        def recorded(*args: Any) -> Step:
            step = original(*args)
            for reaction in step.reactions:
                seen[id(reaction)] = reaction
            return step

        Step.of = staticmethod(recorded)  # type: ignore[method-assign,assignment] # the same arguments, passed on

    def stop(self) -> None:
        """Stop."""
        if self._original is not None:
            Step.of = staticmethod(self._original)  # type: ignore[method-assign]
            self._original = None

    def plain(self) -> dict[str, Plain]:
        """Return as plain data what was covered of each curve that the tests are about, or else of the default curve."""
        curves = session().curves or {Curve.default().fingerprint: Curve.default()}
        return {fingerprint: self._of(curve) for fingerprint, curve in curves.items()}

    def _of(self, curve: Curve) -> Plain:
        table = curve.table()
        columns = {signal: column for column, signal in enumerate(table.signals)}
        taken = set[int]()
        for reaction in self._seen.values():
            at, column = table.numbers.get(reaction.before), columns.get(reaction.signal)
            if at is not None and column is not None and table.reactions[at][column] == reaction:
                taken.add(at * len(columns) + column)
        return {
            "curve": curve.name,
            "positions": len(table),
            "signals": len(columns),
            "next": [target for row in table.next for target in row],
            "journeys": sorted(taken),
            "proofs": sorted(session().explored.get(curve.fingerprint, ())),
        }


@frozen
class CurveCoverage:
    """How much of one curve was covered: by journeys alone, and in all."""

    curve: str
    positions: int
    transitions: int
    positions_by_journeys: int
    transitions_by_journeys: int
    positions_covered: int
    transitions_covered: int

    @property
    def percent(self) -> float:
        """The percentage of positions that were covered."""
        return 100 * self.positions_covered / self.positions

    def __str__(self) -> str:
        share = 100 * self.transitions_covered / self.transitions
        return (
            f"curve {self.curve}: {self.positions_covered:,} of {self.positions:,} positions ({self.percent:.1f} %) and "
            f"{self.transitions_covered:,} of {self.transitions:,} transitions ({share:.1f} %) covered; "
            f"by journeys alone {self.positions_by_journeys:,} and {self.transitions_by_journeys:,}"
        )


@define(eq=False)
class Coverage:
    """What all processes of a test run covered."""

    _curves: dict[str, Plain] = field(factory=dict, init=False)

    def add(self, plain: Mapping[str, Plain]) -> None:
        """Add what one process covered."""
        for fingerprint, more in plain.items():
            known = self._curves.setdefault(fingerprint, {**more, "journeys": [], "proofs": []})
            for kind in ("journeys", "proofs"):
                known[kind] = sorted({*known[kind], *more[kind]})

    def of_curves(self) -> Iterator[CurveCoverage]:
        """Return the coverage of each curve; fingerprints distinguish those of one name."""
        names = [plain["curve"] for plain in self._curves.values()]
        for fingerprint, plain in self._curves.items():
            by_journeys, covered = set(plain["journeys"]), {*plain["journeys"], *plain["proofs"]}
            yield CurveCoverage(
                curve=plain["curve"] if names.count(plain["curve"]) == 1 else f"{plain['curve']} ({fingerprint[:8]})",
                positions=plain["positions"],
                transitions=plain["positions"] * plain["signals"],
                positions_by_journeys=len(_ends(plain, by_journeys)),
                transitions_by_journeys=len(by_journeys),
                positions_covered=len(_ends(plain, covered)),
                transitions_covered=len(covered),
            )


def _ends(plain: Plain, transitions: Iterable[int]) -> set[int]:
    """Return the positions at both ends of transitions."""
    return {place for taken in transitions for place in (taken // plain["signals"], plain["next"][taken])}
