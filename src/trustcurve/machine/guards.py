"""Conditions and effects of rows, read by themselves: as callbacks that transitions calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.rules import Condition, Effect, Number, Stage
from trustcurve.core.signals import ACCOUNT_LEVELS
from trustcurve.machine.walker import walker_of

if TYPE_CHECKING:
    from transitions import EventData

__all__ = ["PLACED", "Change", "Felt", "Guard", "holds_in", "leaf_of", "number", "target_of"]

PLACED = ("stage", "posture", "outside")
"""What a condition can ask of the leaf state alone."""

_LEVELS: tuple[str, ...] = ACCOUNT_LEVELS


def number(curve: Curve, value: Number) -> int:
    """Look up a number, or the parameter that holds it; ``-name`` is its negative."""
    if isinstance(value, int):
        return value
    return -int(curve.parameters[value[1:]]) if value.startswith("-") else int(curve.parameters[value])


def _values(condition: Condition) -> tuple[Any, ...]:
    return condition.value if isinstance(condition.value, tuple) else (condition.value,)


def holds_in(stage: Stage, leaf: str, condition: Condition) -> bool:
    """Whether a condition on stage, posture or side of the barrier holds in a leaf state."""
    seen = {"stage": stage.name, "posture": leaf.partition(".")[2], "outside": stage.outside}
    return seen[condition.part] in _values(condition)


def leaf_of(curve: Curve, stage: Stage, felt_doubt: int) -> str:
    """Name the leaf state in which somebody with so much felt doubt stands in a stage."""
    called = [p for p in stage.postures if p.above is None or felt_doubt > number(curve, p.above)]
    return f"{stage.name}.{called[-1].name}" if called else stage.name


def target_of(curve: Curve, stage: Stage, effects: Iterable[Effect]) -> Stage:
    """Answer with the stage to which a row's effects lead from a stage."""
    order = list(curve.stages)
    names = [each.name for each in order]
    for effect in effects:
        if effect.part != "stage":
            continue
        place = order.index(stage)
        if effect.op == "add":
            lowest = next(i for i, each in enumerate(order) if not each.apart)
            if place >= lowest:  # a stage apart stays where it is
                place = min(max(place + number(curve, effect.value), lowest), len(order) - 1)
        else:
            named = names.index(str(effect.value))
            place = named if effect.op == "set" else max(place, named)
        stage = order[place]
    return stage


@frozen
class Guard:
    """A condition on a counter, on felt doubt or on the account, as transitions asks it."""

    curve: Curve
    condition: Condition

    def __call__(self, event: EventData) -> bool:
        """Whether it holds."""
        part, test = self.condition.part, self.condition.test
        seen = getattr(walker_of(event), part)
        if part == "account":
            return seen in _values(self.condition)
        numbers = [number(self.curve, value) for value in _values(self.condition)]
        match test:
            case "is":
                return seen in numbers
            case "at_least":
                return bool(seen >= numbers[0])
            case "at_most":
                return bool(seen <= numbers[0])
            case "above":
                return bool(seen > numbers[0])
            case "below":
                return bool(seen < numbers[0])


@frozen
class Felt:
    """Whether felt doubt calls for a leaf state of a stage."""

    curve: Curve
    stage: Stage
    leaf: str

    def __call__(self, event: EventData) -> bool:
        """Whether it does."""
        return leaf_of(self.curve, self.stage, walker_of(event).felt_doubt) == self.leaf


@frozen
class Change:
    """One effect of a row on a counter or on the account, clamped to its range."""

    curve: Curve
    effect: Effect
    tops: dict[str, int]

    def __call__(self, event: EventData) -> None:
        """Make the change."""
        op, part, value = self.effect.op, self.effect.part, self.effect.value
        walker = walker_of(event)
        if part == "account":
            now, top = _LEVELS.index(walker.account), len(_LEVELS) - 1
            amount = number(self.curve, value) if op == "add" else _LEVELS.index(str(value))
        else:
            now, top = getattr(walker, part), self.tops[part]
            amount = number(self.curve, value)
        new = {"set": amount, "add": now + amount, "at_least": max(now, amount)}[op]
        new = min(max(new, 0), top)
        setattr(walker, part, _LEVELS[new] if part == "account" else new)
