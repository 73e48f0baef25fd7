"""Segments: customers with their own policy and their own environment, which may change at some step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import expm1, floor, fsum, log1p
from typing import Final

from attrs import field, frozen

from trustcurve.core.errors import InvalidValueError
from trustcurve.documents.forms import ANY_TEXT, between, whole
from trustcurve.policies import MOVES, Environment, Move, Policy
from trustcurve.policies.environment import CHANCE
from trustcurve.verification.arguments import check_kind

__all__ = [
    "FOUR_QUARTERS",
    "KEEPS_AWAY",
    "SHARE",
    "STEP",
    "Departures",
    "Segment",
    "Turning",
    "WordOfMouth",
    "apportioned",
    "per_turn",
]


STEP: Final = whole(1)
"""The number of a step; steps count from 1."""

KEEPS_AWAY: Final = between(0, 1000)
"""How many newcomers one who tells others keeps away. Source: our choice; more would be a newspaper."""

SHARE: Final = between(0, 1)
"""A share of all customers."""

_ROUNDING, _DIGITS = 1e-9, 9


def _environment(environment: object, argument: str) -> None:
    check_kind(argument, environment, Environment, "must be an Environment")
    if isinstance(environment, Environment) and environment.probabilities is None:
        raise InvalidValueError(argument, environment.name, "has no probabilities: give each move one")


@frozen(kw_only=True)
class Turning:
    """From some step on another environment holds.

    Args:
        from_step: The first step in which it holds; steps count from 1.
        environment: The environment.
    """

    from_step: int = field(validator=STEP)
    environment: Environment

    def __attrs_post_init__(self) -> None:
        _environment(self.environment, "environment")


def _turnings(value: Iterable[Turning]) -> tuple[Turning, ...]:
    turnings = tuple(value) if isinstance(value, Iterable) else (value,)
    for turning in turnings:
        check_kind("turnings", turning, Turning, "must be made of turnings")
    return turnings


@frozen(kw_only=True)
class Segment:
    """Customers of one kind.

    Args:
        policy: What the company does with them.
        environment: What happens to them, with probabilities.
        name: What they are called.
        share: Their share of all customers and of all newcomers.
        turnings: From when on another environment holds, in order.

    Raises:
        InvalidValueError: A share is not between 0 and 1, an environment has no probabilities, the turnings are not in order,
            or only some of the environments keep promises.
    """

    policy: Policy
    environment: Environment
    name: str = field(default="everyone", validator=ANY_TEXT)
    share: float = field(default=1.0, validator=SHARE)
    turnings: tuple[Turning, ...] = field(default=(), converter=_turnings)

    def __attrs_post_init__(self) -> None:
        check_kind(
            "policy", self.policy, Policy, "must be a Policy: load_policy(path), or a function under @policy(name)"
        )
        _environment(self.environment, "environment")
        steps = [turning.from_step for turning in self.turnings]
        if steps != sorted(set(steps)):
            told = ", ".join(map(str, steps))
            raise InvalidValueError("turnings", steps, f"must begin one after the other, not in steps {told}")
        if len({environment.keeps_promises for environment in self.environments}) > 1:
            raise InvalidValueError(
                "turnings", steps, "promises must be kept in all environments of a segment, or in none"
            )

    @property
    def environments(self) -> tuple[Environment, ...]:
        """The environments, one after the other."""
        return (self.environment, *(turning.environment for turning in self.turnings))

    @property
    def moves(self) -> tuple[Move, ...]:
        """Every move that can happen at all."""
        possible = {move for each in self.environments for move, p in (each.probabilities or {}).items() if p}
        return tuple(move for move in MOVES if move in possible or move == "nothing")

    def phase(self, step: int) -> int:
        """Answer with the number of the environment that holds in a step."""
        return sum(turning.from_step <= step for turning in self.turnings)


def apportioned(
    size: int, weights: Sequence[float], owed: list[float], most: Sequence[int] | None = None
) -> tuple[int, ...]:
    """Part a number of customers as weights say, and keep in mind what rounding owes: it is paid the next time.

    So however few come at a time, all in all everybody has their part, but for one. Of equals the earliest comes first.

    Args:
        size: How many.
        weights: The weights; all 0: nobody comes.
        owed: What each part is owed; changed in place. Zeros at first.
        most: The most that each part can take, together ``size`` or more; no limit if left out.

    Examples:
        >>> owed = [0.0, 0.0, 0.0]
        >>> [apportioned(2, [0.5, 0.25, 0.25], owed) for _ in range(4)]
        [(1, 1, 0), (1, 0, 1), (1, 1, 0), (1, 0, 1)]
    """
    total = fsum(weights)
    if not total:
        return (0,) * len(weights)
    fair = [size * weight / total for weight in weights]
    given = [floor(part + _ROUNDING) for part in fair]
    owed[:] = [debt + part - whole for debt, part, whole in zip(owed, fair, given, strict=True)]
    for _ in range(size - sum(given)):
        open_ = [place for place in range(len(given)) if most is None or given[place] < most[place]]
        next_ = max(open_, key=lambda place: round(owed[place], _DIGITS))
        given[next_] += 1
        owed[next_] -= 1
    return tuple(given)


FOUR_QUARTERS: Final = timedelta(days=360)
"""Four quarters. Source: our choice; a quarter has 90 days, as long as the default curve's quiet period, so that it is
a whole number of turns."""


def per_turn(chance: float, over: timedelta, turn: timedelta) -> float:
    """Spread a chance over turns: with the same hazard in each, it adds up to the chance.

    Examples:
        >>> round(per_turn(0.77, FOUR_QUARTERS, timedelta(days=30)), 4)
        0.1153
    """
    if chance >= 1:
        return 1.0
    return -expm1(log1p(-chance) * (turn / over))


def _duration(_: object, attribute: object, value: timedelta) -> None:
    if not isinstance(value, timedelta) or value <= timedelta(0):
        raise InvalidValueError(attribute.name, value, "must be a duration above zero")  # type: ignore[attr-defined]


@frozen(kw_only=True)
class Departures:
    """Those who were customers and now distrust leave, beyond what the environment says.

    Args:
        hazard: How likely it is that one of them leaves over ``over``, if nothing else happens to them. Source: 77 % said
            in a survey that they had refused to buy from a company they distrusted (Edelman Trust Barometer 2009). That
            they do so evenly over a year is our choice.
        over: Over how long.

    Examples:
        >>> Departures().hazard
        0.77
    """

    hazard: float = field(default=0.77, validator=CHANCE)
    over: timedelta = field(default=FOUR_QUARTERS, validator=_duration, metadata={"key": "over_days"})


@frozen(kw_only=True)
class WordOfMouth:
    """Those who were customers and now distrust, or have left since, tell others, and newcomers stay away.

    Args:
        telling: How likely it is that one of them tells others over ``over``. Source: none that we could
            find; the survey that has the 77 % reports more.
        over: Over how long.
        keeps_away: How many newcomers of the next turn stay away for each time that somebody tells. Source: our choice;
            one is the least that makes telling matter.

    Examples:
        >>> WordOfMouth(keeps_away=2).telling
        0.33
    """

    telling: float = field(default=0.33, validator=CHANCE)
    over: timedelta = field(default=FOUR_QUARTERS, validator=_duration, metadata={"key": "over_days"})
    keeps_away: float = field(default=1.0, validator=KEEPS_AWAY)
