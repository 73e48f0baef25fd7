"""Combinators of how likely something is and how long it takes; they need an environment with probabilities."""

from __future__ import annotations

from math import inf

from trustcurve.errors import InvalidValueError
from trustcurve.verification.arguments import check_number, check_predicates, check_whole
from trustcurve.verification.properties.kinds import ExpectedTurns, Predicate, Probability

__all__ = ["expected_turns", "probability"]


def probability(
    goal: Predicate,
    *,
    within: int | None = None,
    at_least: float = 0.0,
    at_most: float = 1.0,
    name: str = "probability",
    says: str = "",
) -> Probability:
    """Make a property: the probability that a turn comes in which ``goal`` holds lies within bounds.

    It needs an environment with probabilities. It is computed exactly, as far as floating-point numbers go: a
    value up to 1e-9 beyond a bound counts as on it. What is impossible is 0, and what is certain is 1. Where it may
    take more than a million turns on average until it is decided, the verdict is UNKNOWN.

    Args:
        goal: What is hoped for or feared.
        within: In how many turns; None: ever.
        at_least: The least it may be.
        at_most: The most it may be.
        name: The property's name.
        says: What it protects, in words.

    Raises:
        InvalidValueError: The bounds are no probabilities, or the wrong way round.

    Examples:
        >>> probability(lambda turn: turn.after.stage == "departed", within=12, at_most=0.1).at_most
        0.1
    """
    check_predicates(goal=goal)
    check_number("at_least", at_least, 0, 1)
    check_number("at_most", at_most, 0, 1)
    if at_least > at_most:
        raise InvalidValueError("at_least, at_most", (at_least, at_most), "must stand in this order")
    turns = None if within is None else check_whole("within", within, 1)
    return Probability(name=name, says=says, goal=goal, within=turns, at_least=at_least, at_most=at_most)


def expected_turns(goal: Predicate, *, at_most: float, name: str = "expected_turns", says: str = "") -> ExpectedTurns:
    """Make a property: on average a turn in which ``goal`` holds comes within so many turns, that one counted.

    It is computed as ``probability`` is. Where the goal is not certain to come, the time is infinite.

    Args:
        goal: What is hoped for.
        at_most: The most turns it may take on average; ``math.inf``: just tell.
        name: The property's name.
        says: What it protects, in words.

    Raises:
        InvalidValueError: ``at_most`` is no number of at least 1.

    Examples:
        >>> expected_turns(lambda turn: turn.after.stage == "hopeful", at_most=6).at_most
        6
    """
    check_predicates(goal=goal)
    check_number("at_most", at_most, 1, inf)
    return ExpectedTurns(name=name, says=says, goal=goal, at_most=at_most)
