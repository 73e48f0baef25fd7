"""Properties about chances: probabilities and means, in environments that have probabilities."""

from __future__ import annotations

from math import inf

from trustcurve.errors import InvalidValueError
from trustcurve.verification.arguments import check_function, check_number, check_whole, checked_predicate
from trustcurve.verification.property import Amount, ExpectedTotal, ExpectedTurns, Predicate, Probability

__all__ = ["expected_total", "expected_turns", "probability"]


def probability(
    goal: Predicate,
    *,
    within: int | None = None,
    at_least: float = 0.0,
    at_most: float = 1.0,
    name: str = "probability",
    description: str = "",
) -> Probability:
    """Return the property that the probability of a turn in which ``goal`` is true lies within bounds.

    It needs an environment with probabilities. The probability is exact up to floating-point error: a value up to 1e-9
    beyond a bound counts as on it; impossible is exactly 0, certain is exactly 1. If the mean number of turns until it
    is decided exceeds a million, the verdict is UNKNOWN.

    Args:
        goal: What may come.
        within: In how many turns; None: eventually.
        at_least: The lower bound.
        at_most: The upper bound.
        name: The property's name.
        description: What it protects.

    Raises:
        InvalidValueError: The bounds are not probabilities, or in the wrong order.

    Examples:
        >>> probability(lambda turn: turn.after.stage == "departed", within=12, at_most=0.1).at_most
        0.1
    """
    reached = checked_predicate("goal", goal)
    _check_bounds(at_least, at_most, 0, 1)
    turns = None if within is None else check_whole("within", within, 1)
    return Probability(
        name=name, description=description, goal=reached, within=turns, at_least=at_least, at_most=at_most
    )


def expected_turns(
    goal: Predicate, *, at_most: float, name: str = "expected_turns", description: str = ""
) -> ExpectedTurns:
    """Return the property that the mean number of turns up to one in which ``goal`` is true, including it, is bounded.

    It is computed as ``probability`` is. If the goal is not certain to come, the mean is infinite.

    Args:
        goal: What must come.
        at_most: The largest mean; ``math.inf`` only reports it.
        name: The property's name.
        description: What it protects.

    Raises:
        InvalidValueError: ``at_most`` is not a number of at least 1.

    Examples:
        >>> expected_turns(lambda turn: turn.after.stage == "hopeful", at_most=6).at_most
        6
    """
    reached = checked_predicate("goal", goal)
    check_number("at_most", at_most, 1, inf)
    return ExpectedTurns(name=name, description=description, goal=reached, at_most=at_most)


def expected_total(
    amount: Amount,
    *,
    within: int | None = None,
    goal: Predicate | None = None,
    at_least: float = -inf,
    at_most: float = inf,
    name: str = "expected_total",
    description: str = "",
) -> ExpectedTotal:
    """Return the property that the mean total of an amount lies within bounds: a number of turns, or their cost.

    It is computed as ``probability`` is. If the goal may never come, the total is infinite where amounts go on forever, and
    UNKNOWN where some of them are above 0 and some below. Without bounds it is reported only.

    Args:
        amount: A pure function from a turn to a finite number: what the turn adds.
        within: Over how many turns; None: all turns up to the goal.
        goal: Up to which turn, including it; None: all of ``within``. With both, whichever comes first ends it.
        at_least: The lower bound.
        at_most: The upper bound.
        name: The property's name.
        description: What it protects.

    Raises:
        InvalidValueError: Both ``within`` and ``goal`` are missing, or the bounds are not numbers or in the wrong order.
            From ``check``: ``amount`` returned something that is not a finite number.

    Examples:
        >>> reproaches = expected_total(lambda turn: "complaint" in turn.moves, within=12, at_most=2, name="complaints")
        >>> reproaches.within, reproaches.at_most
        (12, 2)
    """
    check_function("amount", amount)
    reached = None if goal is None else checked_predicate("goal", goal)
    if goal is None and within is None:
        raise InvalidValueError("within, goal", (None, None), "must not both be missing: a total ends somewhere")
    turns = None if within is None else check_whole("within", within, 1)
    _check_bounds(at_least, at_most, -inf, inf)
    return ExpectedTotal(
        name=name,
        description=description,
        amount=amount,
        goal=reached,
        within=turns,
        at_least=at_least,
        at_most=at_most,
    )


def _check_bounds(at_least: float, at_most: float, least: float, most: float) -> None:
    check_number("at_least", at_least, least, most)
    check_number("at_most", at_most, least, most)
    if at_least > at_most:
        raise InvalidValueError("at_least, at_most", (at_least, at_most), "must be in ascending order")
