"""Properties as values: what each kind consists of, and what may be given for one.

A predicate is a pure function from a ``Turn`` to true or false.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Literal, Self

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.values import Value
from trustcurve.errors import InvalidValueError, final_class
from trustcurve.policies.policy import Policy
from trustcurve.verification.monitor import Monitor
from trustcurve.verification.turn import Turn

__all__ = [
    "Amount",
    "CurveProperty",
    "ExpectedTotal",
    "ExpectedTurns",
    "Fairness",
    "LeadsTo",
    "Possible",
    "Predicate",
    "Probability",
    "Property",
    "PropertyLike",
    "Recoverable",
    "Relational",
    "Safety",
    "Until",
    "as_property",
]

Predicate = Callable[[Turn], bool]
Amount = Callable[[Turn], float]
Fairness = Literal["nothing", "moves"]

# --- the kinds: each is decided in its own way --------------------------------------------------------


@frozen(eq=False, repr=False, kw_only=True)
class Property(Value):
    """What must hold: a name, and what it protects. Make one with a combinator such as ``always``."""

    name: str
    description: str = ""

    def __init_subclass__(cls) -> None:
        if cls.__module__ != __name__:
            final_class(cls)

    def __call__(self) -> Self:
        """Return the property itself: a named property reads the same with and without numbers."""
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


@frozen(eq=False, repr=False, kw_only=True)
class Safety(Property):
    """Something bad never happens: no run violates the monitor. ``relevant`` turns are those that it is about.

    ``momentary``: each turn is judged by itself.
    """

    monitor: Monitor
    relevant: Predicate
    momentary: bool = False


@frozen(eq=False, repr=False, kw_only=True)
class Possible(Property):
    """Something good can happen: some run has a goal turn, while an assumption (if there is one) is not violated."""

    goal: Predicate
    assumption: Monitor | None = None


@frozen(eq=False, repr=False, kw_only=True)
class Recoverable(Property):
    """From every reachable state some run leads to a goal turn."""

    goal: Predicate


@frozen(eq=False, repr=False, kw_only=True)
class LeadsTo(Property):
    """After every turn of one kind a turn of another comes eventually, under a stated fairness, and an assumption if given."""

    after: Predicate
    comes: Predicate
    fair: Fairness
    assumption: Monitor | None = None


@frozen(eq=False, repr=False, kw_only=True)
class Until(Property):
    """A goal turn comes, and the monitor is not violated before; under a stated fairness, and an assumption if given."""

    monitor: Monitor
    goal: Predicate
    fair: Fairness
    assumption: Monitor | None = None


@frozen(eq=False, repr=False, kw_only=True)
class Probability(Property):
    """The probability of a goal turn, in some turns or eventually, lies within bounds."""

    goal: Predicate
    within: int | None
    at_least: float
    at_most: float


@frozen(eq=False, repr=False, kw_only=True)
class ExpectedTurns(Property):
    """The mean number of turns up to the first goal turn, including it, lies within a bound."""

    goal: Predicate
    at_most: float


@frozen(eq=False, repr=False, kw_only=True)
class ExpectedTotal(Property):
    """The mean total of an amount, over some turns or up to the first goal turn, lies within bounds."""

    amount: Amount
    goal: Predicate | None
    within: int | None
    at_least: float
    at_most: float


@frozen(eq=False, repr=False, kw_only=True)
class CurveProperty(Property):
    """A statement about a curve alone; ``counterexample`` returns the signals of one, or None if it holds."""

    counterexample: Callable[[Curve], tuple[str, ...] | None]


@frozen(eq=False, repr=False, kw_only=True)
class Relational(Property):
    """A statement about two journeys on a curve, one of which gets one more signal."""

    insert: tuple[str, ...]
    at: tuple[str, ...]
    helps: bool


PropertyLike = Property | Callable[[], Property]
"""A property, or a function that makes one without arguments."""


def as_property(argument: str, value: object) -> Property:
    """Return a property that is given as such, or as a function that makes one without arguments.

    Raises:
        InvalidValueError: It is neither.
    """
    if isinstance(value, Property):
        return value
    if isinstance(value, Policy):
        raise InvalidValueError(argument, value, f"must be a property; give the policy by name: policy={value.name!r}")
    rule = "must be a property, for example always(...)"
    if not callable(value):
        raise InvalidValueError(argument, value, rule)
    name, needed = getattr(value, "__name__", type(value).__name__), _needed(value)
    if needed:
        raise InvalidValueError(
            argument, value, f"must be a property; {name} needs arguments: {name}({', '.join(needed)})"
        )
    made = value()
    if not isinstance(made, Property):
        raise InvalidValueError(argument, value, f"{rule}; {name}() returned {made!r}")
    return made


def _needed(function: Callable[..., object]) -> list[str]:
    """Return the names of the arguments that a function cannot do without."""
    variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    parameters = signature(function).parameters.values()
    return [each.name for each in parameters if each.default is Parameter.empty and each.kind not in variable]
