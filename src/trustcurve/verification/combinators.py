"""Combinators: they make properties of predicates, functions from a turn to true or false."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from attrs import evolve

from trustcurve.core.values import checked_word
from trustcurve.errors import InvalidValueError
from trustcurve.verification.arguments import check_kind, check_whole, check_words, checked_predicate
from trustcurve.verification.monitor import VIOLATED, Monitor, both, under_assumption
from trustcurve.verification.property import (
    Fairness,
    LeadsTo,
    Possible,
    Predicate,
    Property,
    PropertyLike,
    Recoverable,
    Relational,
    Safety,
    Until,
    as_property,
)
from trustcurve.verification.turn import Turn

__all__ = [
    "always",
    "assuming",
    "at_least",
    "at_most",
    "before",
    "leads_to",
    "never",
    "possible",
    "recoverable_to",
    "relational",
    "safety",
    "until",
]


def always(holds: Predicate, *, when: Predicate | None = None, name: str = "always", description: str = "") -> Safety:
    """Return the property that ``holds`` is true in every turn (in which ``when`` is true).

    Examples:
        >>> prop = always(lambda turn: turn.after.doubt <= 12, name="doubt_is_bounded")
        >>> prop.name
        'doubt_is_bounded'
    """
    kept, relevant = checked_predicate("holds", holds), checked_predicate("when", when or _any)

    def step(state: int, turn: Turn) -> int:
        return VIOLATED if relevant(turn) and not kept(turn) else state

    return Safety(name=name, description=description, monitor=Monitor(0, step), relevant=relevant, momentary=True)


def never(happens: Predicate, *, when: Predicate | None = None, name: str = "never", description: str = "") -> Safety:
    """Return the property that ``happens`` is true in no turn (in which ``when`` is true).

    Examples:
        >>> never(lambda turn: "ask" in turn.actions, when=lambda turn: turn.met.stage == "departed").name
        'never'
    """
    comes = checked_predicate("happens", happens)
    return always(lambda turn: not comes(turn), when=when, name=name, description=description)


def possible(goal: Predicate, *, name: str = "possible", description: str = "") -> Possible:
    """Return the property that some run has a turn in which ``goal`` is true. Its witness shows how.

    Examples:
        >>> possible(lambda turn: turn.after.stage == "advocate", name="can_be_won").name
        'can_be_won'
    """
    return Possible(name=name, description=description, goal=checked_predicate("goal", goal))


def recoverable_to(goal: Predicate, *, name: str = "recoverable_to", description: str = "") -> Recoverable:
    """Return the property that a turn in which ``goal`` is true can still come, whatever has happened.

    Examples:
        >>> recoverable_to(lambda turn: turn.after.stage == "hopeful", name="hope_returns").name
        'hope_returns'
    """
    return Recoverable(name=name, description=description, goal=checked_predicate("goal", goal))


def leads_to(
    after: Predicate,
    comes: Predicate,
    *,
    unless: Predicate | None = None,
    within: int | None = None,
    fair: Fairness = "nothing",
    name: str = "leads_to",
    description: str = "",
) -> Safety | LeadsTo:
    """Return the property that every turn in which ``after`` is true is followed by one in which ``comes`` is.

    Args:
        after: What calls for something.
        comes: What must come; the same turn counts.
        unless: What lifts the obligation, if it comes before; the same turn counts. To forbid something until ``comes``
            has come, add ``before(comes, bad, after=after)``.
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
    calls, settles = checked_predicate("after", after), checked_predicate("comes", comes)
    lifts = checked_predicate("unless", unless or _none)
    fairness = _fairness(fair)

    def settled(turn: Turn) -> bool:
        return settles(turn) or lifts(turn)

    if within is None:
        return LeadsTo(name=name, description=description, after=calls, comes=settled, fair=fairness)
    turns = check_whole("within", within, 0)

    def step(state: int, turn: Turn) -> int:
        if settled(turn):
            return -1
        left = state - 1 if state != -1 else turns if calls(turn) else None
        if left is None:
            return -1
        return VIOLATED if left <= 0 else left

    return Safety(name=name, description=description, monitor=Monitor(-1, step), relevant=calls)


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
    counts, runs = checked_predicate("event", event), checked_predicate("while", while_ or _any)
    most, width = check_whole("n", n, 0), None if per is None else check_whole("per", per, 1)
    if width is not None and most > width:
        raise InvalidValueError("n", n, f"must be at most the {width} turns in which events are counted")

    def step(state: int, turn: Turn) -> int:
        if not runs(turn):
            return 0
        if width is None:
            counted = state + counts(turn)
            return VIOLATED if counted > most else counted
        seen = (state << 1 | counts(turn)) & ((1 << width) - 1)
        return VIOLATED if seen.bit_count() > most else _that_count(seen, most, width)

    return Safety(name=name, description=description, monitor=Monitor(0, step), relevant=runs if while_ else counts)


def _that_count(seen: int, most: int, width: int) -> int:
    """Forget the oldest turns while they cannot be among too many, even if all turns count until they are forgotten."""
    while seen and seen.bit_count() + width - seen.bit_length() <= most:
        seen ^= 1 << (seen.bit_length() - 1)
    return seen


def at_least(
    n: int,
    event: Predicate,
    *,
    per: int,
    while_: Predicate | None = None,
    name: str = "at_least",
    description: str = "",
) -> Safety:
    """Return the property that ``event`` is true in at least ``n`` of any ``per`` turns in a row.

    Args:
        n: The fewest turns, at least 1.
        event: What is counted.
        per: The number of turns in a row, at least ``n``. The first ones are counted when so many turns have passed.
        while_: Only turns in a row in all of which this is true; a turn in which it is not starts the count again.
        name: The property's name.
        description: What it protects.

    Raises:
        InvalidValueError: A number is not whole, or too small.

    Examples:
        >>> at_least(1, lambda turn: "exchange" in turn.signals, per=6, name="something_every_half_year").name
        'something_every_half_year'
    """
    counts, runs = checked_predicate("event", event), checked_predicate("while", while_ or _any)
    least = check_whole("n", n, 1)
    width = check_whole("per", per, least)

    def step(state: int, turn: Turn) -> int:
        if not runs(turn):
            return 1
        seen = state << 1 | counts(turn)  # a bit for each turn, after a first bit that is always set
        if seen.bit_count() - 1 >= least:
            return _since_the_nth_latest(seen, least)
        return VIOLATED if seen.bit_length() - 1 >= width else seen

    return Safety(name=name, description=description, monitor=Monitor(1, step), relevant=runs)


def _since_the_nth_latest(seen: int, n: int) -> int:
    """Forget the n-th latest event and what came before it: turns in a row that contain it have enough events."""
    later = seen
    for _ in range(n - 1):
        later &= later - 1
    kept = (later & -later).bit_length() - 1
    return 1 << kept | seen & ((1 << kept) - 1)


def before(
    first: Predicate,
    then: Predicate,
    *,
    after: Predicate | None = None,
    name: str = "before",
    description: str = "",
) -> Safety:
    """Return the property that no turn in which ``then`` is true comes before one in which ``first`` is.

    Args:
        first: What must come first; the same turn counts, because a turn does not say in which order things happened.
        then: What must not come before it. Neither has to come.
        after: What calls for ``first`` anew, each time; the same turn counts. None: it must come once, from the beginning.
        name: The property's name.
        description: What it protects.

    Raises:
        InvalidValueError: One of them is not a function.

    Examples:
        >>> amends_first = before(
        ...     lambda turn: "repair" in turn.signals,
        ...     lambda turn: "company_one_sided" in turn.signals,
        ...     after=lambda turn: "complaint" in turn.moves,
        ...     name="amends_come_before_asks",
        ... )
        >>> amends_first.name
        'amends_come_before_asks'
    """
    comes, bad = checked_predicate("first", first), checked_predicate("then", then)
    calls = checked_predicate("after", after or _none)

    def step(waiting: bool, turn: Turn) -> int:  # noqa: FBT001 - the state of a monitor
        if comes(turn):
            return False
        called = waiting or calls(turn)
        return VIOLATED if called and bad(turn) else called

    monitor = Monitor(after is None, step)
    return Safety(name=name, description=description, monitor=monitor, relevant=calls if after else bad)


def until(
    holds: Predicate,
    goal: Predicate,
    *,
    weak: bool = False,
    fair: Fairness = "nothing",
    name: str = "until",
    description: str = "",
) -> Safety | Until:
    """Return the property that ``holds`` is true in every turn before the first one in which ``goal`` is, and that this comes.

    Args:
        holds: What must hold; not in the turn of the goal.
        goal: What ends it.
        weak: Whether the goal need not come. Then ``holds`` must be true forever if it does not.
        fair: What is assumed of the environment, as for ``leads_to``. It makes no difference if ``weak`` is true.
        name: The property's name.
        description: What it protects.

    Raises:
        InvalidValueError: ``holds`` or ``goal`` is not a function, or ``weak`` is neither True nor False.
        UnknownWordError: ``fair`` is neither "nothing" nor "moves".

    Examples:
        >>> outside = until(
        ...     lambda turn: "company_one_sided" not in turn.signals,
        ...     lambda turn: turn.after.kept > 0,
        ...     weak=True,
        ...     name="no_ask_until_a_promise_is_kept",
        ... )
        >>> outside.name
        'no_ask_until_a_promise_is_kept'
    """
    kept, reaches = checked_predicate("holds", holds), checked_predicate("goal", goal)
    check_kind("weak", weak, bool, "must be True or False")
    fairness = _fairness(fair)

    def step(reached: bool, turn: Turn) -> int:  # noqa: FBT001 - the state of a monitor
        if reached or reaches(turn):
            return True
        return False if kept(turn) else VIOLATED

    monitor = Monitor(False, step)  # noqa: FBT003 - the state of a monitor
    if weak:
        return Safety(name=name, description=description, monitor=monitor, relevant=_any)
    return Until(name=name, description=description, monitor=monitor, goal=reaches, fair=fairness)


def safety(
    monitor: Monitor, *, relevant: Predicate | None = None, name: str = "safety", description: str = ""
) -> Safety:
    """Return the property that no journey violates a monitor: for what the other combinators cannot express.

    Args:
        monitor: The monitor.
        relevant: The turns that it is about: without one, the property is vacuously true. None: all turns.
        name: The property's name.
        description: What it protects.

    Raises:
        InvalidValueError: ``monitor`` is not a Monitor, or ``relevant`` is not a function. From ``check``: the monitor
            returned something that is not a state.

    Examples:
        >>> def falls_in_a_row(falls, turn):
        ...     falls = falls + 1 if turn.after.doubt > turn.before.doubt else 0
        ...     return VIOLATED if falls == 3 else falls
        >>> safety(Monitor(0, falls_in_a_row), name="doubt_never_rises_three_times").name
        'doubt_never_rises_three_times'
    """
    check_kind("monitor", monitor, Monitor, "must be a Monitor, for example Monitor(0, step)")
    concerned = checked_predicate("relevant", relevant or _any)
    return Safety(name=name, description=description, monitor=monitor, relevant=concerned)


def assuming(
    assumption: PropertyLike, prop: PropertyLike, *, name: str | None = None, description: str | None = None
) -> Property:
    """Return a property of those journeys only in which an assumption is not violated.

    A turn that violates the assumption, and everything after it, no longer counts. So ``assuming(at_most(2, harm), prop)`` is
    ``prop`` for an environment that does harm in at most two turns.

    Args:
        assumption: A property that says what must never happen: of ``always``, ``never``, ``at_most``, ``at_least``,
            ``before``, ``safety``, ``until(weak=True)`` or ``leads_to(within=n)``.
        prop: Such a property, or one of ``until``, ``leads_to`` or ``possible``. With ``fair="moves"``, moves that violate the
            assumption are not among those that are made again and again.
        name: The property's name. Default: the two names.
        description: What it protects. Default: that of ``prop``.

    Raises:
        InvalidValueError: One of them is a property of another kind, or not a property.

    Examples:
        >>> harm = lambda turn: "complaint" in turn.moves or "broken" in turn.moves
        >>> calm = always(lambda turn: turn.after.doubt < 6, name="doubt_stays_low")
        >>> assuming(at_most(1, harm, name="one_harm"), calm).name
        'doubt_stays_low, assuming one_harm'
    """
    assumed, asked = as_property("assumption", assumption), as_property("prop", prop)
    if not isinstance(assumed, Safety):
        rule = "must say what never happens, for example at_most(2, harm); leads_to needs within, and until weak=True"
        raise InvalidValueError("assumption", assumed, rule)
    called = f"{asked.name}, assuming {assumed.name}" if name is None else name
    says = asked.description if description is None else description
    if isinstance(asked, Safety):
        monitor = under_assumption(assumed.monitor, asked.monitor)
        return Safety(name=called, description=says, monitor=monitor, relevant=asked.relevant)
    if isinstance(asked, Until | LeadsTo | Possible):
        monitor = assumed.monitor if asked.assumption is None else both(assumed.monitor, asked.assumption)
        if isinstance(asked, Possible):
            return evolve(asked, assumption=monitor, name=called, description=says)
        return evolve(asked, assumption=monitor, name=called, description=says)
    rule = "must be a property of single journeys: of always, never, at_most, at_least, before, until, leads_to or possible"
    raise InvalidValueError("prop", asked, rule)


def relational(
    insert: Sequence[str],
    *,
    never: Literal["higher", "lower"],
    at: Sequence[str] = (),
    name: str = "relational",
    description: str = "",
) -> Relational:
    """Return the property that inserting one of these signals anywhere never makes a customer stand higher (or lower).

    Neither at once nor at any later moment, whatever comes after; decided by the greatest simulation relation.

    Args:
        insert: The signals.
        never: How a customer never stands with one of them more.
        at: The stages and leaf states in which it is inserted; everywhere if left out.
        name: The property's name.
        description: What it protects.

    Raises:
        UnknownWordError: ``never`` is neither "higher" nor "lower"; from ``check``: the curve does not have a signal or state.
        InvalidValueError: ``insert`` or ``at`` is not a list of words.

    Examples:
        >>> relational(["complaint"], never="higher").insert
        ('complaint',)
    """
    never = cast("Literal['higher', 'lower']", checked_word("never", never, ("higher", "lower")))
    signals = check_words("insert", insert)
    return Relational(
        name=name, description=description, insert=signals, at=check_words("at", at), helps=never == "higher"
    )


def _fairness(fair: str) -> Fairness:
    return cast("Fairness", checked_word("fair", fair, ("nothing", "moves")))


def _any(_: Turn) -> bool:
    return True


def _none(_: Turn) -> bool:
    return False
