"""Segments: customers with their own policy and their own environment, which may change at some step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, fsum
from typing import Final

from attrs import field, frozen

from trustcurve.documents.forms import ANY_TEXT, between
from trustcurve.errors import InvalidValueError
from trustcurve.policies import MOVES, Environment, Move, Policy
from trustcurve.simulation.populations.limits import STEP
from trustcurve.verification.arguments import check_kind

__all__ = ["SHARE", "Segment", "Turning", "apportioned"]

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
