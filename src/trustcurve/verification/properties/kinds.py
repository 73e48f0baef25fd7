"""The kinds of properties, as values: each is decided in a way of its own.

A predicate gets a ``Turn`` and answers with true or false. It must be pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.values import Value
from trustcurve.verification.deciding.search import Monitor
from trustcurve.verification.unrolling.automaton import Turn

__all__ = [
    "CurveProperty",
    "ExpectedTurns",
    "LeadsTo",
    "Possible",
    "Predicate",
    "Probability",
    "Property",
    "Recoverable",
    "Relational",
    "Safety",
]

Predicate = Callable[[Turn], bool]


@frozen(eq=False, repr=False, kw_only=True)
class Property(Value):
    """What must hold: a name, and in words what it protects."""

    name: str
    says: str = ""


@frozen(eq=False, repr=False, kw_only=True)
class Safety(Property):
    """Nothing bad ever happens: no run breaks the monitor. ``relevant`` turns are those it speaks of."""

    monitor: Monitor
    relevant: Predicate


@frozen(eq=False, repr=False, kw_only=True)
class Possible(Property):
    """Something good can happen: some run has a turn that is a goal."""

    goal: Predicate


@frozen(eq=False, repr=False, kw_only=True)
class Recoverable(Property):
    """From everywhere, some run leads to a turn that is a goal."""

    goal: Predicate


@frozen(eq=False, repr=False, kw_only=True)
class LeadsTo(Property):
    """After every turn of one kind comes, sooner or later, a turn of another; under a stated fairness."""

    after: Predicate
    comes: Predicate
    fair: Literal["nothing", "moves"]


@frozen(eq=False, repr=False, kw_only=True)
class Probability(Property):
    """How likely it is that a turn that is a goal comes, in some turns or at all."""

    goal: Predicate
    within: int | None
    at_least: float
    at_most: float


@frozen(eq=False, repr=False, kw_only=True)
class ExpectedTurns(Property):
    """How many turns it takes on average until a turn that is a goal, that one counted."""

    goal: Predicate
    at_most: float


@frozen(eq=False, repr=False, kw_only=True)
class CurveProperty(Property):
    """A statement about a curve alone: answers with the signals of a counterexample, or None where it holds."""

    counterexample: Callable[[Curve], tuple[str, ...] | None]


@frozen(eq=False, repr=False, kw_only=True)
class Relational(Property):
    """A statement about two journeys on a curve, one of which gets a signal more."""

    insert: tuple[str, ...]
    helps: bool
