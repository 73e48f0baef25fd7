"""Carry a standing without its history to another curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from trustcurve.core.signals import COUNTERS
from trustcurve.core.standing import Position, Standing
from trustcurve.core.values import Value

if TYPE_CHECKING:
    from trustcurve.core.rulebook import Rulebook

__all__ = ["Adoption", "adopt"]


@frozen(eq=False, repr=False)
class Adoption(Value):
    """A standing carried to another curve, and what was lost on the way, in words; nothing lost, no words."""

    standing: Standing
    lost: tuple[str, ...]


def adopt(curve: Rulebook, standing: Standing, *, from_curve: Rulebook) -> Adoption:
    """Carry a standing to this curve: the nearest position that its start can reach.

    The same position, where it exists. Else the same stage (or the nearest lower one that both
    curves know, for a new curve should not promise more than the old one saw), then the nearest
    account, doubt, kept and engaged, in that order; of two equally near, the more doubtful.
    Promises and times are kept. Source of the order: our choice; what is owed and doubted weighs
    more than what was earned. Where there is a log, replay it instead: nothing is lost then.

    Raises:
        UnknownWordError: The standing is not one of ``from_curve``.
        InvalidPositionError: A counter is out of ``from_curve``'s range.
    """
    old_state = from_curve.state(standing.position)
    position = standing.position
    table = curve.table()  # type: ignore[attr-defined]
    if position not in table.numbers:
        stage = _stage(curve, from_curve, position.stage)
        wanted = evolve(position, stage=stage)
        position = min(table.positions, key=lambda known: _distance(curve, wanted, known))
    lost = [
        f"{part} {old} became {new}"
        for part in ("stage", *COUNTERS, "account")
        if (old := getattr(standing.position, part)) != (new := getattr(position, part))
    ]
    state = curve.state(position)
    if state != old_state and position.stage == standing.position.stage:
        lost.append(f"{old_state} is {state} on this curve")
    return Adoption(evolve(standing, position=position), tuple(lost))


def _stage(curve: Rulebook, from_curve: Rulebook, stage: str) -> str:
    here = {row.name for row in curve.stages}
    names = [row.name for row in from_curve.stages]
    at_most = names[: names.index(stage) + 1]
    return next((name for name in reversed(at_most) if name in here), curve.start.stage)


def _distance(curve: Rulebook, wanted: Position, known: Position) -> tuple[int, ...]:
    want, have = curve.cells(evolve(wanted, kept=0, engaged=0, doubt=0)), curve.cells(known)
    return (
        abs(want[0] - have[0]),
        abs(want[4] - have[4]),
        abs(wanted.doubt - known.doubt),
        abs(wanted.kept - known.kept),
        abs(wanted.engaged - known.engaged),
        -have[4],
        -known.doubt,
        known.kept,
        known.engaged,
    )
