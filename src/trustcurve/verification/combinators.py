"""Combinators: they make properties of predicates, functions from a turn to true or false."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from trustcurve.core.values import checked_word
from trustcurve.verification.arguments import check_predicates, check_whole, check_words
from trustcurve.verification.product import VIOLATED, Monitor
from trustcurve.verification.property import LeadsTo, Possible, Predicate, Recoverable, Relational, Safety
from trustcurve.verification.turn import Turn

__all__ = ["always", "at_most", "leads_to", "never", "possible", "recoverable_to", "relational"]


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
