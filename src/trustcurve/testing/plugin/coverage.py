"""Which positions and transitions of each curve a test run covered, by the steps of its journeys and by its proofs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.standing import Reaction
from trustcurve.core.steps import Step
from trustcurve.testing.session import session
from trustcurve.verification.closed_loop import ANYBODY

__all__ = ["Coverage", "Covered", "Recorder"]

Plain = dict[str, Any]


@define(eq=False)
class Recorder:
    """Notes every reaction of every step that is made while it listens, whoever makes it."""

    _seen: dict[int, Reaction] = field(factory=dict, init=False)
    _original: Any = field(default=None, init=False)

    def listen(self) -> None:
        """Begin; a step is made wherever an event is applied, so that is the one place to listen at."""
        original, seen = Step.of, self._seen
        self._original = original

        def noted(*given: Any) -> Step:
            step = original(*given)
            if step.after.customer is not ANYBODY:  # what proofs look at is noted by the proofs
                for reaction in step.reactions:
                    seen[id(reaction)] = reaction
            return step

        Step.of = staticmethod(noted)  # type: ignore[method-assign,assignment] # the same arguments, handed on

    def stop(self) -> None:
        """End."""
        if self._original is not None:
            Step.of = staticmethod(self._original)  # type: ignore[method-assign]
            self._original = None

    def plain(self) -> dict[str, Plain]:
        """Say as plain data what was covered of each curve that the tests are about; of the default curve if of none."""
        curves = session.curves or {Curve.default().fingerprint: Curve.default()}
        return {fingerprint: self._of(curve) for fingerprint, curve in curves.items()}

    def _of(self, curve: Curve) -> Plain:
        table = curve.table()
        columns = {signal: column for column, signal in enumerate(table.signals)}
        taken = set[int]()
        for reaction in self._seen.values():
            at, column = table.numbers.get(reaction.before), columns.get(reaction.signal)
            if at is not None and column is not None and table.reactions[at][column] == reaction:
                taken.add(at * len(columns) + column)
        proved = session.looked_at.get(curve.fingerprint, set[int]())
        return {
            "curve": curve.name,
            "positions": len(table),
            "signals": len(columns),
            "next": [leads for row in table.next for leads in row],
            "walked": sorted(taken),
            "proved": sorted(proved),
        }


@frozen
class Covered:
    """How much of one curve was covered: ``walked`` by journeys alone, and in all."""

    curve: str
    positions: int
    transitions: int
    walked_positions: int
    walked_transitions: int
    all_positions: int
    all_transitions: int

    @property
    def percent(self) -> float:
        """How many of a hundred positions were covered."""
        return 100 * self.all_positions / self.positions

    def __str__(self) -> str:
        share = 100 * self.all_transitions / self.transitions
        return (
            f"curve {self.curve}: {self.all_positions:,} of {self.positions:,} positions ({self.percent:.1f} %) and "
            f"{self.all_transitions:,} of {self.transitions:,} transitions ({share:.1f} %) covered; "
            f"by journeys alone {self.walked_positions:,} and {self.walked_transitions:,}"
        )


@define(eq=False)
class Coverage:
    """What several processes covered, put together."""

    _curves: dict[str, Plain] = field(factory=dict, init=False)

    def add(self, plain: Mapping[str, Plain]) -> None:
        """Put what one process covered to the rest."""
        for fingerprint, more in plain.items():
            known = self._curves.setdefault(fingerprint, {**more, "walked": [], "proved": []})
            for kind in ("walked", "proved"):
                known[kind] = sorted({*known[kind], *more[kind]})

    def covered(self) -> Iterator[Covered]:
        """Answer with how much was covered of each curve; those of one name are told apart by their fingerprints."""
        names = [plain["curve"] for plain in self._curves.values()]
        for fingerprint, plain in self._curves.items():
            walked, together = set(plain["walked"]), {*plain["walked"], *plain["proved"]}
            yield Covered(
                curve=plain["curve"] if names.count(plain["curve"]) == 1 else f"{plain['curve']} ({fingerprint[:8]})",
                positions=plain["positions"],
                transitions=plain["positions"] * plain["signals"],
                walked_positions=len(_places(plain, walked)),
                walked_transitions=len(walked),
                all_positions=len(_places(plain, together)),
                all_transitions=len(together),
            )


def _places(plain: Plain, transitions: Iterable[int]) -> set[int]:
    """Answer with the positions at both ends of transitions."""
    return {place for taken in transitions for place in (taken // plain["signals"], plain["next"][taken])}
