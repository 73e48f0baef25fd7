"""Replay: the events of many customers in; standings, transitions and rejects out.

This module is the single definition of a log's rules: order, identity, what is applied together, until.
Every other engine that runs a log has the signature of ``replay`` and returns an equal result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal, Protocol, TypeVar, get_args

from attrs import field, frozen

from trustcurve.core.events import Event
from trustcurve.core.instants import instant
from trustcurve.core.standing import Standing, check_standing
from trustcurve.core.steps import Step, Transition
from trustcurve.core.values import Value, check_flag, check_integer
from trustcurve.errors import CustomerMismatchError, InvalidValueError, TrustcurveError

__all__ = [
    "FATES",
    "CurveLike",
    "EventCounts",
    "EventFate",
    "Fate",
    "History",
    "Identity",
    "LoggedEvent",
    "LoggedTransition",
    "Observation",
    "Replay",
    "check_events",
    "check_identities",
    "check_used",
    "combine",
    "history",
    "replay",
    "transitions_of",
]

Fate = Literal["applied", "skipped", "duplicate", "conflict", "later", "rejected"]
"""What happened to an event of a log; each event has exactly one fate."""

FATES: tuple[Fate, ...] = get_args(Fate)

Identity = tuple[str, str, int]
"""Customer, id and place of an event; an event repeats another one if they have the same identity."""


class CurveLike(Protocol):
    """The methods that a replay calls; curves and timetables have them."""

    def begin(self, customer: str, at: datetime) -> Standing:
        """Return the standing of a new customer."""

    def advance(self, standing: Standing, event: Event) -> Step:
        """Apply what came due before an event, then the event."""

    def observe(self, standing: Standing, at: datetime) -> Step:
        """Apply what came due, without an event."""

    def next_due(self, standing: Standing) -> datetime | None:
        """Return when something is due next."""


@frozen(eq=False, repr=False)
class LoggedEvent(Value):
    """An event and its place in a log.

    Args:
        event: The event.
        row: The number of its row; None for an event of a stream, which counts as a row.
        place: Its place among the events that the row's rule makes; 0 for an event of a stream.
        sequence: A whole number that orders rows of one instant, before the row number does; rows without one come last.
        if_open: Skip the event if its promise is neither open nor overdue.

    Raises:
        InvalidValueError: The event is not an Event, ``if_open`` not a bool, or a number not whole or of more than 64 bits.
    """

    event: Event = field(validator=lambda _, attribute, value: _check_event(value, attribute.name))
    row: int | None = field(default=None, validator=check_integer)
    place: int = field(default=0, validator=check_integer)
    sequence: int | None = field(default=None, validator=check_integer)
    if_open: bool = field(default=False, validator=check_flag)


@frozen(eq=False, repr=False)
class EventFate(Value):
    """What happened to one event.

    Args:
        logged: The event.
        fate: "applied", "skipped", "duplicate", "conflict", "later" or "rejected".
        step: What an applied event did.
        error: Why a rejected event could not be applied.
        cause: The event that caused the fate. For a duplicate or a conflict: the one that used the identity first.
            For a rejected event: the one that raised the error, which is itself or another of its row at this instant.
    """

    logged: LoggedEvent
    fate: Fate
    step: Step | None = None
    error: TrustcurveError | None = None
    cause: LoggedEvent | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EventFate) and self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash((self.logged, self.fate))

    def _compared(self) -> tuple[object, ...]:
        return self.logged, self.fate, self.step, type(self.error), str(self.error), self.cause


@frozen(eq=False, repr=False)
class History(Value):
    """What happened to the events of one customer, in the order of the log.

    Args:
        customer: The customer's id.
        start: The standing before the first applied event; None if no event was applied.
        standing: The standing after the last applied event.
        fates: The fate of each event.
        used: The identities that these events used, each with its event.
    """

    customer: str
    start: Standing | None
    standing: Standing | None
    fates: tuple[EventFate, ...]
    used: dict[Identity, LoggedEvent]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the applied events."""
        return tuple(each.step for each in self.fates if each.step is not None)


@frozen(eq=False, repr=False)
class LoggedTransition(Value):
    """A transition and the row that caused it; None if the clock caused it."""

    transition: Transition
    row: int | None = None


@frozen(eq=False, repr=False)
class EventCounts(Value):
    """The number of events of a log, by fate."""

    applied: int = 0
    skipped: int = 0
    duplicate: int = 0
    conflict: int = 0
    later: int = 0
    rejected: int = 0

    @classmethod
    def of(cls, fates: Iterable[EventFate]) -> EventCounts:
        """Count fates."""
        counted = Counter(each.fate for each in fates)
        return cls(*(counted[fate] for fate in FATES))

    @property
    def total(self) -> int:
        """The number of events."""
        return sum(getattr(self, fate) for fate in FATES)


@frozen(eq=False, repr=False)
class Observation(Value):
    """All customers, observed at one instant.

    Args:
        until: The instant; None if no event of the log was applied.
        standings: The standing of each customer at this instant.
        transitions: The transitions between each customer's last event and this instant, by time and customer.
    """

    until: datetime | None
    standings: dict[str, Standing]
    transitions: tuple[Transition, ...]


@frozen(eq=False, repr=False)
class Replay(Value):
    """The result of replaying a log of many customers.

    Args:
        standings: The standing of each customer at their last event. Store these to continue the replay later.
        transitions: Every transition up to that event, by time and customer.
        rejects: The fates of rejected and of conflicting events, by time and customer.
        counts: The number of events, by fate.
        used: The identities used so far, for a replay that continues from ``standings``; None if they were not kept.
        at_until: All customers, observed at one instant.
    """

    standings: dict[str, Standing]
    transitions: tuple[LoggedTransition, ...]
    rejects: tuple[EventFate, ...]
    counts: EventCounts
    used: dict[Identity, LoggedEvent] | None
    at_until: Observation


def replay(
    events: Iterable[Event | LoggedEvent],
    standings: Mapping[str, Standing],
    curve: CurveLike,
    until: datetime | None = None,
    *,
    used: Mapping[Identity, LoggedEvent] | None = None,
) -> Replay:
    """Replay a log of many customers.

    Args:
        events: Events that name their customers, in any order. An ``Event`` that is not in a ``LoggedEvent`` counts
            as a row of its own.
        standings: The standings to continue from, by customer; customers without one begin at their first applied event.
        curve: The curve.
        until: Leave out later events, and observe all customers at this instant. If None: the time of the latest
            applied event of the whole log, which is the latest ``as_of`` of all standings.
        used: The identities used so far (``Replay.used``). Needed if events with ids continue from ``standings``;
            an empty mapping means that no event repeats an earlier one.

    Raises:
        InvalidValueError: Something is not an event, an event names no customer, or ``used`` is missing.
        CustomerMismatchError: A standing is stored under another customer's id.
        ObservedInThePastError: ``until`` is earlier than a standing.
        NaiveTimeError: ``until`` has no timezone.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, Departed, Proposed
        >>> curve, day = Curve.default(), lambda n: datetime(2026, 1, n, tzinfo=UTC)
        >>> log = [Proposed(at=day(2), customer="ann", id="1"), Departed(at=day(3), customer="bob", id="1")]
        >>> done = replay([*log, log[0]], {}, curve)
        >>> done.counts.applied, done.counts.duplicate, done.at_until.until.day
        (2, 1, 3)
        >>> [(each.transition.customer, each.transition.after) for each in done.transitions]
        [('ann', 'hopeful'), ('bob', 'departed')]
        >>> more = [Departed(at=day(9), customer="ann", id="2")]
        >>> replay(more, done.standings, curve, used=done.used).standings["ann"].position.stage
        'departed'
    """
    end = None if until is None else instant(until, "until")
    _check_curve(curve)
    if not isinstance(standings, Mapping):
        raise InvalidValueError("standings", standings, "must be a dict of standings by customer")
    for customer, standing in standings.items():
        check_standing(standing, f"standings[{customer!r}]")
        if standing.customer != customer:
            raise CustomerMismatchError(customer, standing.customer)
    check_identities(used)
    by_customer: dict[str, list[LoggedEvent]] = {}
    for number, each in enumerate(check_events(events)):
        logged = _logged(each, f"events[{number}]")
        whose = logged.event.customer
        if whose is None:
            raise InvalidValueError(f"events[{number}].customer", None, "must name a customer in a log of many")
        by_customer.setdefault(whose, []).append(logged)
    for customer, own in by_customer.items():
        check_used(own, standings.get(customer), used)
    histories = (
        history(curve, customer, own, standings.get(customer), until=end, used=used)
        for customer, own in by_customer.items()
    )
    return combine(histories, standings, curve, end, used={} if used is None else used)


def _check_curve(value: object) -> None:
    if isinstance(value, type) or not callable(getattr(value, "advance", None)):
        raise InvalidValueError("curve", value, "must be a Curve or a Timetable, for example Curve.default()")


_AnyEvent = TypeVar("_AnyEvent")


def check_events(events: Iterable[_AnyEvent]) -> Iterable[_AnyEvent]:
    """Return the events, or raise ``InvalidValueError`` if they cannot be iterated over."""
    if not isinstance(events, Iterable):
        raise InvalidValueError("events", events, "must be a list or another iterable of events")
    return events


def history(
    curve: CurveLike,
    customer: str,
    events: Iterable[Event | LoggedEvent],
    standing: Standing | None = None,
    *,
    until: datetime | None = None,
    used: Mapping[Identity, LoggedEvent] | None = None,
) -> History:
    """Replay the events of one customer, without a final observation; for arguments and errors see ``replay``.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, PromiseKept, Purchased
        >>> new_year = datetime(2026, 1, 1, tzinfo=UTC)
        >>> row = [Purchased(at=new_year), PromiseKept(at=new_year, promise="never made")]
        >>> row = [LoggedEvent(event, row=7, place=place) for place, event in enumerate(row)]
        >>> [each.fate for each in history(Curve.default(), "ann", [*row, Purchased(at=new_year)]).fates]
        ['rejected', 'rejected', 'applied']
    """
    ordered = [_logged(each, f"events[{number}]") for number, each in enumerate(events)]
    ordered.sort(key=_order)
    check_used(ordered, standing, used)
    start, fresh, fates = standing, dict[Identity, LoggedEvent](), list[EventFate]()
    identities = (fresh, used) if used else (fresh,)
    for unit in _units(ordered):
        at = unit[0].event.at
        if until is not None and at > until:
            fates += [EventFate(each, "later") for each in unit]
            continue
        before = curve.begin(customer, at) if standing is None else standing
        for fate in _apply(curve, before, unit, customer, identities):
            fates.append(fate)
            if fate.step is not None:
                start = before if start is None else start
                standing = fate.step.after
                if fate.logged.event.id is not None:
                    fresh[customer, fate.logged.event.id, fate.logged.place] = fate.logged
    return History(customer, start, standing, tuple(fates), fresh)


def combine(
    histories: Iterable[History],
    standings: Mapping[str, Standing],
    curve: CurveLike,
    until: datetime | None = None,
    *,
    used: Mapping[Identity, LoggedEvent] | None = None,
    observed: Callable[[Step], None] | None = None,
) -> Replay:
    """Combine the histories of customers, and observe all customers.

    Args:
        histories: One for each customer; an iterator is consumed and not kept.
        standings: The standings before.
        curve: The curve.
        until: When to observe; for None see ``replay``.
        used: The identities used before, to which those of the histories are added; if None, none are kept.
        observed: Called with each step of the final observation; no step is kept.
    """
    after, identities = dict(standings), None if used is None else dict(used)
    moved: list[LoggedTransition] = []
    rejects: list[EventFate] = []
    counts: Counter[Fate] = Counter()
    for each in histories:
        if each.standing is not None:
            after[each.customer] = each.standing
        if identities is not None:
            identities.update(each.used)
        for fate in each.fates:
            counts[fate.fate] += 1
            if fate.step is not None:
                row = fate.logged.row
                moved += [
                    LoggedTransition(move, None if move.event is None else row) for move in transitions_of(fate.step)
                ]
            elif fate.fate in ("rejected", "conflict"):
                rejects.append(fate)
    moved.sort(key=lambda each: (each.transition.at, each.transition.customer))
    rejects.sort(key=lambda each: (each.logged.event.at, each.logged.event.customer or ""))
    return Replay(
        after,
        tuple(moved),
        tuple(rejects),
        EventCounts(*(counts[fate] for fate in FATES)),
        identities,
        _observe_all(curve, after.values(), until, observed),
    )


def check_identities(used: object) -> None:
    """Raise unless ``used`` are identities with their events, as ``Replay.used`` has them, or None."""
    if used is None:
        return
    if not isinstance(used, Mapping):
        raise InvalidValueError("used", used, "must be a dict of events by identity, such as Replay.used")
    for identity, logged in used.items():
        if not isinstance(identity, tuple) or tuple(map(type, identity)) != (str, str, int):
            raise InvalidValueError("used", identity, "must have identities as keys: (customer, id, place)")
        if type(logged) is not LoggedEvent:
            raise InvalidValueError(f"used[{identity!r}]", logged, "must be a LoggedEvent")


def check_used(events: Iterable[LoggedEvent], standing: Standing | None, used: object) -> None:
    """Raise if events with ids continue from a standing without the identities used before."""
    if standing is not None and used is None and any(each.event.id is not None for each in events):
        rule = (
            "must be the identities used so far (Replay.used), or {} if no event repeats an earlier one; "
            f"events with ids continue from the standing of customer {standing.customer!r}, which does not contain them"
        )
        raise InvalidValueError("used", used, rule)


def transitions_of(step: Step) -> tuple[Transition, ...]:
    """Return the transitions of a step; fast for the many steps that have none."""
    return step.transitions if step.due or (step.reaction is not None and step.reaction.change) else ()


def _logged(each: Event | LoggedEvent, argument: str) -> LoggedEvent:
    if type(each) is LoggedEvent:
        return each
    _check_event(each, argument)
    return LoggedEvent(each)  # type: ignore[arg-type] # it was just checked


def _check_event(value: object, argument: str) -> None:
    if not isinstance(value, Event):
        raise InvalidValueError(argument, value, "must be an Event such as Exchanged(at=...)")


def _order(logged: LoggedEvent) -> tuple[object, ...]:
    """Order by time, then by sequence, row and place; events of a stream keep the order in which they arrive."""
    at, row, sequence = logged.event.at, logged.row, logged.sequence
    if row is None:
        return at, sequence is None, sequence or 0, True
    return at, sequence is None, sequence or 0, False, row, logged.place


def _units(ordered: list[LoggedEvent]) -> Iterator[list[LoggedEvent]]:
    """Group events that are applied all or none: those of one row, at one instant, each at a different place."""
    unit: list[LoggedEvent] = []
    for each in ordered:
        last = unit[-1] if unit else each
        if unit and (
            each.row is None or each.row != last.row or each.event.at != last.event.at or each.place <= last.place
        ):
            yield unit
            unit = []
        unit.append(each)
    if unit:
        yield unit


def _apply(
    curve: CurveLike,
    standing: Standing,
    unit: list[LoggedEvent],
    customer: str,
    used: tuple[Mapping[Identity, LoggedEvent], ...],
) -> list[EventFate]:
    """Drop repeated and skipped events, and apply the other events of a row at one instant: all or none."""
    fates: list[EventFate] = []
    error, cause = None, None
    for logged in unit:
        name = logged.event.id
        fate = None if name is None else _repeated((customer, name, logged.place), logged, used)
        if fate is None and logged.if_open and not _is_open(standing, logged.event):
            fate = EventFate(logged, "skipped")
        if fate is None and error is None:
            try:
                step = curve.advance(standing, logged.event)
            except TrustcurveError as why:
                error, cause = why, logged
            else:
                standing, fate = step.after, EventFate(logged, "applied", step)
        fates.append(fate or EventFate(logged, "rejected", None, error, cause))
    if error is None:
        return fates
    return [fate if fate.step is None else EventFate(fate.logged, "rejected", None, error, cause) for fate in fates]


def _repeated(
    identity: Identity, logged: LoggedEvent, used: tuple[Mapping[Identity, LoggedEvent], ...]
) -> EventFate | None:
    """Return the fate of an event whose identity was used before, or None."""
    for each in used:
        if (first := each.get(identity)) is not None:
            return EventFate(logged, "duplicate" if first.event == logged.event else "conflict", None, None, first)
    return None


def _is_open(standing: Standing, event: Event) -> bool:
    """Whether the promise that an event refers to is open or overdue; True if it refers to no promise."""
    promise: str | None = getattr(event, "promise", None)
    return promise is None or standing.book.get(promise) is not None


def _observe_all(
    curve: CurveLike,
    standings: Iterable[Standing],
    until: datetime | None,
    observe: Callable[[Step], None] | None,
) -> Observation:
    """Observe all customers at one instant; if None, at the latest ``as_of`` of all standings."""
    listed = list(standings)
    end = max((each.as_of for each in listed), default=None) if until is None else until
    if end is None:
        return Observation(None, {}, ())
    observed: dict[str, Standing] = {}
    moved: list[Transition] = []
    for standing in listed:
        if standing.as_of == end:
            observed[standing.customer] = standing
            continue
        step = curve.observe(standing, end)
        if observe is not None:
            observe(step)
        observed[standing.customer] = step.after
        moved += transitions_of(step)
    moved.sort(key=lambda each: (each.at, each.customer))
    return Observation(end, observed, tuple(moved))
