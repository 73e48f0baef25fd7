"""How two curves differ: the same signals to both, until they lead to different states."""

from __future__ import annotations

from attrs import evolve, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.journey import Journey
from trustcurve.core.parts import DURATIONS
from trustcurve.core.values import Value
from trustcurve.verification.answers.witnesses import CurveWitness, indented

__all__ = ["CurveDifference", "between_curves"]


@frozen(eq=False, repr=False)
class CurveDifference(Value):
    """How two curves differ; true where they do.

    Args:
        signals: The shortest signals after which a customer stands in another state, or None.
        states: Where on the old curve, and where on the new.
        pairs: In how many pairs of positions, reached by the same signals, the states differ.
        of: How many pairs of positions the same signals reach.
        only_old: Signals that the new curve does not have.
        only_new: Signals that the old curve did not have.
        share: The share of the journeys given that end in another state.
        old: The old curve.
        new: The new one.
    """

    signals: tuple[str, ...] | None
    states: tuple[str, str] | None
    pairs: int
    of: int
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    share: float | None
    old: Curve
    new: Curve

    def __bool__(self) -> bool:
        return self.signals is not None or bool(self.only_old) or bool(self.only_new) or bool(self.clock)

    @property
    def clock(self) -> tuple[str, ...]:
        """What the two clocks count differently, in words: the same events can then bring other signals."""
        counted = {name: (getattr(self.old, name), getattr(self.new, name)) for name in DURATIONS}
        return tuple(f"{name}: {was} becomes {now}" for name, (was, now) in counted.items() if was != now)

    def __str__(self) -> str:
        told = [f"only on the old curve: {', '.join(self.only_old)}"] if self.only_old else []
        told += [f"only on the new curve: {', '.join(self.only_new)}"] if self.only_new else []
        told += self.clock
        share = [f"share of customers who end elsewhere: {self.share:.1%}"] if self.share is not None else []
        if self.signals is None or self.states is None:
            return "\n".join([*told, "no difference: the same signals lead to the same states", *share])
        told.append(f"{self.states[0]} becomes {self.states[1]}; in {self.pairs} of {self.of} pairs of positions")
        told += share
        for title, curve in (("old", self.old), ("new", self.new)):
            told += [f"the shortest such journey, on the {title} curve:", indented(CurveWitness(curve, self.signals))]
        return "\n".join(told)


def between_curves(old: Curve, new: Curve, journeys: tuple[Journey, ...]) -> CurveDifference:
    """Find how two curves differ; for arguments see ``diff``."""
    one, two = old.table(), new.table()
    shared = [signal for signal in one.signals if signal in two.signals]
    columns = [(one.signals.index(signal), two.signals.index(signal)) for signal in shared]
    came: dict[tuple[int, int], tuple[str, ...]] = {(0, 0): ()}
    differing: list[tuple[int, int]] = []
    for pair in (queue := [(0, 0)]):
        if one.states[one.ranks[pair[0]]] != two.states[two.ranks[pair[1]]]:
            differing.append(pair)
        for signal, (left, right) in zip(shared, columns, strict=True):
            then = (one.next[pair[0]][left], two.next[pair[1]][right])
            if then not in came:
                came[then] = (*came[pair], signal)
                queue.append(then)
    first = differing[0] if differing else None
    moved = [old.state(j.standing.position) != _again(new, j) for j in journeys]
    return CurveDifference(
        signals=None if first is None else came[first],
        states=None if first is None else (one.states[one.ranks[first[0]]], two.states[two.ranks[first[1]]]),
        pairs=len(differing),
        of=len(came),
        only_old=tuple(signal for signal in one.signals if signal not in two.signals),
        only_new=tuple(signal for signal in two.signals if signal not in one.signals),
        share=sum(moved) / len(moved) if moved else None,
        old=old,
        new=new,
    )


def _again(curve: Curve, journey: Journey) -> str:
    """Replay a journey's events on another curve, and say where it ends."""
    # Without ids: all of these events were applied, also those of one row, which share its id.
    events = [evolve(step.event, id=None) for step in journey.steps if step.event is not None]
    start = curve.begin(journey.customer, journey.start.as_of)
    end = journey.standing.as_of
    return curve.state(curve.journey(events, start=start, until=end, rejects="keep").standing.position)
