"""Conditions and effects of a curve's rules as transitions calls them, on a walker. Nothing here uses what ``react`` runs on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast, final

from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.rules import Condition, Effect, Number, Stage
from trustcurve.core.signals import ACCOUNT_LEVELS, ACCOUNT_WEIGHTS, Account
from trustcurve.core.standing import Position
from trustcurve.errors import final_class

if TYPE_CHECKING:
    from transitions import EventData

__all__ = ["PLACED", "Change", "Felt", "Guard", "Walker", "felt_doubt", "holds_in", "leaf_of", "number", "target_of"]

PLACED = ("stage", "posture", "outside")
"""The parts of a position that are known once the leaf state is known."""

_LEVELS: tuple[str, ...] = ACCOUNT_LEVELS


@final
@define(eq=False, slots=False)  # transitions writes its methods onto its models
class Walker:
    """A customer on a ``TrustMachine``: a model, as transitions calls it. Make one with ``machine.walker()``.

    ``state`` is the leaf state. A machine of transitions knows only states, so the walker itself holds
    the counters and the account. It also has the methods that transitions adds to every model, such as
    ``walker.trigger("exchange")``.
    """

    kept: int
    engaged: int
    doubt: int
    account: Account
    state: str = field(init=False)
    trigger: Any = field(init=False, repr=False)

    __init_subclass__ = final_class

    @property
    def felt_doubt(self) -> int:
        """Doubt plus the weight of the account."""
        return felt_doubt(self.doubt, self.account)

    @property
    def position(self) -> Position:
        """The position on the curve."""
        return Position(self.state.partition(".")[0], self.kept, self.engaged, self.doubt, self.account)


def felt_doubt(doubt: int, account: Account) -> int:
    """Return doubt plus the weight of the account."""
    return doubt + ACCOUNT_WEIGHTS[ACCOUNT_LEVELS.index(account)]


def walker_of(event: EventData) -> Walker:
    """Return the walker of an event of transitions."""
    return cast("Walker", event.model)


def number(curve: Curve, value: Number) -> int:
    """Return a number, or the value of the parameter that holds it; ``-name`` is its negative."""
    if isinstance(value, int):
        return value
    return -int(curve.parameters[value[1:]]) if value.startswith("-") else int(curve.parameters[value])


def _values(condition: Condition) -> tuple[Any, ...]:
    return condition.value if isinstance(condition.value, tuple) else (condition.value,)


def holds_in(stage: Stage, leaf: str, condition: Condition) -> bool:
    """Return whether a condition on stage, posture or side of the barrier holds in a leaf state."""
    seen = {"stage": stage.name, "posture": leaf.partition(".")[2], "outside": stage.outside}
    return seen[condition.part] in _values(condition)


def leaf_of(curve: Curve, stage: Stage, felt_doubt: int) -> str:
    """Return the leaf state of a stage at a given felt doubt."""
    called = [p for p in stage.postures if p.above is None or felt_doubt > number(curve, p.above)]
    return f"{stage.name}.{called[-1].name}" if called else stage.name


def target_of(curve: Curve, stage: Stage, effects: Iterable[Effect]) -> Stage:
    """Return the stage to which a rule's effects lead from a stage."""
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
    """A condition on a counter, on felt doubt or on the account."""

    curve: Curve
    condition: Condition

    def __call__(self, event: EventData) -> bool:
        """Return whether it holds."""
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
    """Whether felt doubt puts the walker into a given leaf state of a stage."""

    curve: Curve
    stage: Stage
    leaf: str

    def __call__(self, event: EventData) -> bool:
        """Return whether it does."""
        return leaf_of(self.curve, self.stage, walker_of(event).felt_doubt) == self.leaf


@frozen
class Change:
    """One effect of a rule on a counter or on the account, clamped to its range."""

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
