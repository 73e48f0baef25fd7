"""The kinds of properties, as values: each is decided in a way of its own.

A predicate gets a ``Turn`` and answers with true or false. It must be pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Literal

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.errors import InvalidValueError
from trustcurve.core.values import Value
from trustcurve.verification.arguments import check_number, check_predicates, check_whole, check_word, check_words
from trustcurve.verification.automaton import Turn
from trustcurve.verification.search import VIOLATED, Monitor

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
    "always",
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


def always(holds: Predicate, *, when: Predicate | None = None, name: str = "always", says: str = "") -> Safety:
    """Make a property: in every turn (or every turn in which ``when`` holds), ``holds`` holds.

    Examples:
        >>> prop = always(lambda turn: turn.after.doubt <= 12, name="doubt_is_bounded")
        >>> prop.name
        'doubt_is_bounded'
    """
    relevant = when or _any
    check_predicates(holds=holds, when=relevant)

    def step(state: int, turn: Turn) -> int:
        return VIOLATED if relevant(turn) and not holds(turn) else state

    return Safety(name=name, says=says, monitor=Monitor(0, step), relevant=relevant)


def never(happens: Predicate, *, when: Predicate | None = None, name: str = "never", says: str = "") -> Safety:
    """Make a property: in no turn (in which ``when`` holds) ``happens`` holds; see ``always``.

    Examples:
        >>> never(lambda turn: turn.action == "ask", when=lambda turn: turn.met.stage == "departed").name
        'never'
    """
    check_predicates(happens=happens)
    return always(lambda turn: not happens(turn), when=when, name=name, says=says)


def possible(goal: Predicate, *, name: str = "possible", says: str = "") -> Possible:
    """Make a property: some run has a turn in which ``goal`` holds. Its witness shows how.

    Examples:
        >>> possible(lambda turn: turn.after.stage == "advocate", name="can_be_won").name
        'can_be_won'
    """
    check_predicates(goal=goal)
    return Possible(name=name, says=says, goal=goal)


def recoverable_to(goal: Predicate, *, name: str = "recoverable_to", says: str = "") -> Recoverable:
    """Make a property: whatever happened, a turn in which ``goal`` holds can still come.

    Examples:
        >>> recoverable_to(lambda turn: turn.after.stage == "hopeful", name="hope_returns").name
        'hope_returns'
    """
    check_predicates(goal=goal)
    return Recoverable(name=name, says=says, goal=goal)


def leads_to(
    after: Predicate,
    comes: Predicate,
    *,
    within: int | None = None,
    fair: Literal["nothing", "moves"] = "nothing",
    name: str = "leads_to",
    says: str = "",
) -> Safety | LeadsTo:
    """Make a property: after every turn in which ``after`` holds comes one in which ``comes`` holds.

    Args:
        after: What calls for something.
        comes: What must come; the same turn counts.
        within: In how many further turns at most; None: sooner or later.
        fair: What is assumed of the environment where ``within`` is None. "nothing": it may do whatever it
            can, for ever. "moves": if it comes to the same situation (a state of the loop) again and again, it
            makes there each move that it can make, again and again. Situations in which promises stay open, or
            are never made, are other situations: a move is not fair across them.
        name: The property's name.
        says: What it protects, in words.

    Raises:
        InvalidValueError: ``within`` is no whole number of turns.
        UnknownWordError: ``fair`` is neither "nothing" nor "moves".

    Examples:
        >>> thanked = leads_to(
        ...     lambda turn: turn.move == "advocacy",
        ...     lambda turn: turn.action == "exchange",
        ...     within=2,
        ...     name="favours_are_thanked",
        ... )
        >>> thanked.name
        'favours_are_thanked'
    """
    check_predicates(after=after, comes=comes)
    check_word("fair", fair, ("nothing", "moves"))
    if within is None:
        return LeadsTo(name=name, says=says, after=after, comes=comes, fair=fair)
    turns = check_whole("within", within, 0)

    def step(state: int, turn: Turn) -> int:
        if comes(turn):
            return -1
        left = state - 1 if state != -1 else turns if after(turn) else None
        if left is None:
            return -1
        return VIOLATED if left <= 0 else left

    return Safety(name=name, says=says, monitor=Monitor(-1, step), relevant=after)


def at_most(
    n: int,
    event: Predicate,
    *,
    while_: Predicate | None = None,
    per: int | None = None,
    name: str = "at_most",
    says: str = "",
) -> Safety:
    """Make a property: ``event`` happens in at most ``n`` turns.

    Args:
        n: How often at most.
        event: What is counted.
        while_: Counted only while this holds; a turn in which it does not begins the count anew.
        per: In how many turns in a row; None: for ever.
        name: The property's name.
        says: What it protects, in words.

    Raises:
        InvalidValueError: A number is not whole, or too small.

    Examples:
        >>> at_most(1, lambda turn: turn.action == "ask", per=3, name="one_ask_a_quarter").name
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
        return VIOLATED if seen.bit_count() > most else seen

    return Safety(name=name, says=says, monitor=Monitor(0, step), relevant=while_ or event)


def relational(
    insert: Sequence[str], *, never: Literal["higher", "lower"], name: str = "relational", says: str = ""
) -> Relational:
    """Make a property of two journeys: with one of these signals inserted anywhere, a customer never stands higher (or lower).

    Neither at once nor at any later moment, whatever comes after: decided by the greatest simulation.

    Raises:
        UnknownWordError: ``never`` is neither "higher" nor "lower"; from ``check``: the curve has no such signal.
        InvalidValueError: ``insert`` is no list of signals.

    Examples:
        >>> relational(["complaint"], never="higher").insert
        ('complaint',)
    """
    check_word("never", never, ("higher", "lower"))
    return Relational(name=name, says=says, insert=check_words("insert", insert), helps=never == "higher")


def _any(_: Turn) -> bool:
    return True


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
