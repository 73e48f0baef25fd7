"""Properties as values, and the combinators that make them of predicates.

A predicate is a pure function from a ``Turn`` to true or false.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from math import inf
from typing import Literal, Self, cast

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.values import Value, checked_word
from trustcurve.errors import InvalidValueError, final_class
from trustcurve.policies.policy import Policy
from trustcurve.verification.arguments import (
    check_number,
    check_predicates,
    check_whole,
    check_words,
)
from trustcurve.verification.product import VIOLATED, Monitor
from trustcurve.verification.turn import Turn

__all__ = [
    "CurveProperty",
    "ExpectedTurns",
    "LeadsTo",
    "Possible",
    "Predicate",
    "Probability",
    "Property",
    "PropertyLike",
    "Recoverable",
    "Relational",
    "Safety",
    "always",
    "as_property",
    "at_most",
    "expected_turns",
    "leads_to",
    "never",
    "possible",
    "probability",
    "recoverable_to",
    "relational",
]

Predicate = Callable[[Turn], bool]

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
    """Something good can happen: some run has a goal turn."""

    goal: Predicate


@frozen(eq=False, repr=False, kw_only=True)
class Recoverable(Property):
    """From every reachable state some run leads to a goal turn."""

    goal: Predicate


@frozen(eq=False, repr=False, kw_only=True)
class LeadsTo(Property):
    """After every turn of one kind a turn of another comes eventually, under a stated fairness."""

    after: Predicate
    comes: Predicate
    fair: Literal["nothing", "moves"]


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
class CurveProperty(Property):
    """A statement about a curve alone; ``counterexample`` returns the signals of one, or None if it holds."""

    counterexample: Callable[[Curve], tuple[str, ...] | None]


@frozen(eq=False, repr=False, kw_only=True)
class Relational(Property):
    """A statement about two journeys on a curve, one of which gets one more signal."""

    insert: tuple[str, ...]
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


# --- combinators ------------------------------------------------------------------------------------------


def always(holds: Predicate, *, when: Predicate | None = None, name: str = "always", description: str = "") -> Safety:
    """Return the property that ``holds`` is true in every turn (in which ``when`` is true).

    Examples:
        >>> prop = always(lambda turn: turn.after.doubt <= 12, name="doubt_is_bounded")
        >>> prop.name
        'doubt_is_bounded'
    """
    relevant = when or _any
    check_predicates(holds=holds, when=relevant)

    def step(state: int, turn: Turn) -> int:
        return VIOLATED if relevant(turn) and not holds(turn) else state

    return Safety(name=name, description=description, monitor=Monitor(0, step), relevant=relevant, momentary=True)


def never(happens: Predicate, *, when: Predicate | None = None, name: str = "never", description: str = "") -> Safety:
    """Return the property that ``happens`` is true in no turn (in which ``when`` is true).

    Examples:
        >>> never(lambda turn: "ask" in turn.actions, when=lambda turn: turn.met.stage == "departed").name
        'never'
    """
    check_predicates(happens=happens)
    return always(lambda turn: not happens(turn), when=when, name=name, description=description)


def possible(goal: Predicate, *, name: str = "possible", description: str = "") -> Possible:
    """Return the property that some run has a turn in which ``goal`` is true. Its witness shows how.

    Examples:
        >>> possible(lambda turn: turn.after.stage == "advocate", name="can_be_won").name
        'can_be_won'
    """
    check_predicates(goal=goal)
    return Possible(name=name, description=description, goal=goal)


def recoverable_to(goal: Predicate, *, name: str = "recoverable_to", description: str = "") -> Recoverable:
    """Return the property that a turn in which ``goal`` is true can still come, whatever has happened.

    Examples:
        >>> recoverable_to(lambda turn: turn.after.stage == "hopeful", name="hope_returns").name
        'hope_returns'
    """
    check_predicates(goal=goal)
    return Recoverable(name=name, description=description, goal=goal)


def leads_to(
    after: Predicate,
    comes: Predicate,
    *,
    within: int | None = None,
    fair: Literal["nothing", "moves"] = "nothing",
    name: str = "leads_to",
    description: str = "",
) -> Safety | LeadsTo:
    """Return the property that every turn in which ``after`` is true is followed by one in which ``comes`` is.

    Args:
        after: What calls for something.
        comes: What must come; the same turn counts.
        within: In how many further turns at most; None: eventually.
        fair: What is assumed of the environment if ``within`` is None. "nothing": it may do anything, forever.
            "moves": in a state of the loop that it comes to again and again, it makes every possible move again and
            again. States in which promises stay open, or are never made, are other states: a move is not fair across
            them.
        name: The property's name.
        description: What it protects.

    Raises:
        InvalidValueError: ``within`` is not a whole number of turns.
        UnknownWordError: ``fair`` is neither "nothing" nor "moves".

    Examples:
        >>> thanked = leads_to(
        ...     lambda turn: "advocacy" in turn.moves,
        ...     lambda turn: "exchange" in turn.actions,
        ...     within=2,
        ...     name="favours_are_thanked",
        ... )
        >>> thanked.name
        'favours_are_thanked'
    """
    check_predicates(after=after, comes=comes)
    fairness = cast("Literal['nothing', 'moves']", checked_word("fair", fair, ("nothing", "moves")))
    if within is None:
        return LeadsTo(name=name, description=description, after=after, comes=comes, fair=fairness)
    turns = check_whole("within", within, 0)

    def step(state: int, turn: Turn) -> int:
        if comes(turn):
            return -1
        left = state - 1 if state != -1 else turns if after(turn) else None
        if left is None:
            return -1
        return VIOLATED if left <= 0 else left

    return Safety(name=name, description=description, monitor=Monitor(-1, step), relevant=after)


def at_most(
    n: int,
    event: Predicate,
    *,
    while_: Predicate | None = None,
    per: int | None = None,
    name: str = "at_most",
    description: str = "",
) -> Safety:
    """Return the property that ``event`` is true in at most ``n`` turns.

    Args:
        n: The most turns.
        event: What is counted.
        while_: Count only while this is true; a turn in which it is not starts the count again.
        per: The number of turns in a row in which events are counted; None: all turns.
        name: The property's name.
        description: What it protects.

    Raises:
        InvalidValueError: A number is not whole, or too small.

    Examples:
        >>> at_most(1, lambda turn: "ask" in turn.actions, per=3, name="one_ask_a_quarter").name
        'one_ask_a_quarter'
    """
    check_predicates(event=event, while_=while_ or _any)
    most, width = check_whole("n", n, 0), None if per is None else check_whole("per", per, 1)

    def step(state: int, turn: Turn) -> int:
        if while_ is not None and not while_(turn):
            return 0
        if width is None:
            counted = state + bool(event(turn))
            return VIOLATED if counted > most else counted
        seen = (state << 1 | bool(event(turn))) & ((1 << width) - 1)
        return VIOLATED if seen.bit_count() > most else _that_count(seen, most, width)

    return Safety(name=name, description=description, monitor=Monitor(0, step), relevant=while_ or event)


def _that_count(seen: int, most: int, width: int) -> int:
    """Forget the oldest turns while they cannot be among too many, even if all turns count until they are forgotten."""
    while seen and seen.bit_count() + width - seen.bit_length() <= most:
        seen ^= 1 << (seen.bit_length() - 1)
    return seen


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
    check_predicates(goal=goal)
    check_number("at_least", at_least, 0, 1)
    check_number("at_most", at_most, 0, 1)
    if at_least > at_most:
        raise InvalidValueError("at_least, at_most", (at_least, at_most), "must be in ascending order")
    turns = None if within is None else check_whole("within", within, 1)
    return Probability(name=name, description=description, goal=goal, within=turns, at_least=at_least, at_most=at_most)


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
    check_predicates(goal=goal)
    check_number("at_most", at_most, 1, inf)
    return ExpectedTurns(name=name, description=description, goal=goal, at_most=at_most)


def relational(
    insert: Sequence[str], *, never: Literal["higher", "lower"], name: str = "relational", description: str = ""
) -> Relational:
    """Return the property that inserting one of these signals anywhere never makes a customer stand higher (or lower).

    Neither at once nor at any later moment, whatever comes after; decided by the greatest simulation relation.

    Raises:
        UnknownWordError: ``never`` is neither "higher" nor "lower"; from ``check``: the curve does not have a signal.
        InvalidValueError: ``insert`` is not a list of signals.

    Examples:
        >>> relational(["complaint"], never="higher").insert
        ('complaint',)
    """
    never = cast("Literal['higher', 'lower']", checked_word("never", never, ("higher", "lower")))
    signals = check_words("insert", insert)
    return Relational(name=name, description=description, insert=signals, helps=never == "higher")


def _any(_: Turn) -> bool:
    return True
