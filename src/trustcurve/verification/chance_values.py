"""The values of properties about chances, and the bounds that they must keep."""

from __future__ import annotations

from math import inf, isfinite
from numbers import Real
from typing import Final

from trustcurve.arrays import Array
from trustcurve.errors import InvalidValueError, require
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.chain import (
    TURNS_MAX,
    UndecidedError,
    expected_total_of,
    expected_turns_to,
    probability_of,
)
from trustcurve.verification.interval_chain import IntervalChain
from trustcurve.verification.product import graph_of, values_on
from trustcurve.verification.property import Amount, ExpectedTotal, ExpectedTurns, Probability
from trustcurve.verification.turn import Turn

__all__ = ["Chance", "broken_bound", "values_of"]

Chance = Probability | ExpectedTurns | ExpectedTotal

_EXACT: Final = 1e-9
"""How far a number may lie beyond a bound and still count as on it. Source: our choice; it is solved in floating point."""


def values_of(automaton: Automaton, asked: Chance) -> tuple[float, float]:
    """Return the least and the most that a property's probability, mean number of turns or mean total can be.

    They are equal unless the environment has intervals of probabilities.

    Raises:
        UndecidedError: It cannot be computed exactly.
        InvalidValueError: The environment has no probabilities, or an amount is not a finite number.
    """
    goal = _goal(automaton, asked)
    if automaton.loop.environment.has_intervals:
        chain = IntervalChain(automaton, goal)
        if isinstance(asked, ExpectedTotal):
            return chain.total(values_on(automaton, _checked(asked.amount)), asked.within)
        return chain.probability(asked.within) if isinstance(asked, Probability) else chain.turns()
    if isinstance(asked, ExpectedTotal):
        amounts = values_on(automaton, _checked(asked.amount))
        total = expected_total_of(automaton, goal, amounts, asked.within)
        if asked.within is not None and not isfinite(total):
            raise UndecidedError("the total is larger than a number can be")
        value: float | None = total
    elif isinstance(asked, Probability):
        value = probability_of(automaton, goal, asked.within)
    else:
        value = expected_turns_to(automaton, goal)
    if value is None:
        raise UndecidedError(f"the mean number of turns may exceed {TURNS_MAX:,}: too many to compute exactly")
    return value, value


def _goal(automaton: Automaton, asked: Chance) -> Array:
    """Return which edges are goals."""
    np = require("numpy", "verify")
    if asked.goal is None:
        return np.zeros(automaton.transitions, bool)
    return graph_of(automaton, [asked.goal]).marks[0]


def _checked(amount: Amount) -> Amount:
    """Return a function that raises unless amounts are finite numbers."""

    def checked(turn: Turn) -> float:
        value = amount(turn)
        if not _is_finite(value):
            raise InvalidValueError("what amount returned", value, "must be a finite number")
        return float(value)

    return checked


def _is_finite(value: object) -> bool:
    try:
        return isinstance(value, Real) and isfinite(value)
    except OverflowError:  # an int beyond all floats
        return False


def broken_bound(asked: Chance, value: float) -> str:
    """Return which rule a value breaks, in words; "" if it keeps all."""
    if isinstance(asked, Probability):
        least, most, slack = asked.at_least, asked.at_most, _EXACT
        rule = f"must lie between {least:g} and {most:g}"
    elif isinstance(asked, ExpectedTurns):
        least, most, slack = -inf, asked.at_most, _EXACT * asked.at_most
        rule = f"must be at most {most:g}"
    else:
        least, most = asked.at_least, asked.at_most
        slack = _EXACT * max(1, *(abs(bound) for bound in (least, most) if isfinite(bound)), 1)
        rule = f"must lie between {least:g} and {most:g}"
        if least == -inf:
            rule = f"must be at most {most:g}"
        elif most == inf:
            rule = f"must be at least {least:g}"
    kept = (least <= value or least - value <= slack) and (value <= most or value - most <= slack)
    return "" if kept else rule
