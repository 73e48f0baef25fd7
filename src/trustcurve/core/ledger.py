"""Events and the clock into signals: the only place that knows when a promise breaks and a silence counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import evolve

from trustcurve.core.errors import (
    InvalidValueError,
    LookingBackError,
    OtherCustomerError,
    OutOfOrderError,
    PromiseAlreadyOpenError,
    PromiseOverdueError,
    UnknownPromiseError,
    UnknownWordError,
)
from trustcurve.core.events import (
    Event,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Signalled,
)
from trustcurve.core.instants import LAST, MICROSECOND, instant, later
from trustcurve.core.signals import LEDGER_SIGNALS, SILENCE
from trustcurve.core.standing import Position, Promise, Reaction, Standing
from trustcurve.core.steps import Step, Tick

if TYPE_CHECKING:
    from trustcurve.core.rulebook import Rulebook

__all__ = ["advance", "begin", "next_due", "observe"]

_Promises = tuple[Promise, ...]


def begin(curve: Rulebook, customer: str, at: datetime) -> Standing:
    """Begin with a stranger.

    Args:
        curve: The curve.
        customer: The customer's id, a text that is not empty.
        at: An aware time: when the company first saw this customer.

    Raises:
        InvalidValueError: The id is no text, or the time no datetime.
        NaiveTimeError: The time has no timezone.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve
        >>> Curve.default().begin("ann", datetime(2026, 1, 1, tzinfo=UTC)).position
        Position(stage='distrust', kept=0, engaged=0, doubt=2, account='clear')
    """
    if not isinstance(customer, str) or not customer:
        raise InvalidValueError("customer", customer, "must be a text that is not empty")
    start = instant(at)
    return Standing(customer, start, curve.start, (), start)


def advance(curve: Rulebook, standing: Standing, event: Event) -> Step:
    """Apply one event, after whatever came due before it.

    Args:
        curve: The curve.
        standing: Where the customer stands; it is left as it was, whatever happens.
        event: What happened, not before ``standing.as_of``.

    Returns:
        The step; ``step.after`` is the new standing.

    Raises:
        OutOfOrderError: The event lies before ``standing.as_of``.
        OtherCustomerError: The event names another customer.
        PromiseAlreadyOpenError: The promise's id is open or overdue already.
        UnknownPromiseError: The promise is neither open nor overdue, and the event brings no weight.
        PromiseOverdueError: An overdue promise cannot be moved.
        UnknownWordError: A ``Signalled`` names no signal of this curve.
        InvalidValueError: It is no event, or a ``Signalled`` names a signal that has an event of its own.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, Proposed
        >>> curve, new_year = Curve.default(), datetime(2026, 1, 1, tzinfo=UTC)
        >>> step = curve.advance(curve.begin("ann", new_year), Proposed(at=new_year))
        >>> step.rose, curve.state(step.after.position)
        (True, 'hopeful')
    """
    if not isinstance(event, Event):
        raise InvalidValueError("event", event, "must be an event, for example Exchanged(at=...)")
    at = event.at
    if at < standing.as_of:
        raise OutOfOrderError(standing.customer, at, standing.as_of)
    if event.customer is not None and event.customer != standing.customer:
        raise OtherCustomerError(standing.customer, event.customer)
    position, promises = standing.position, standing.promises
    ticks: tuple[Tick, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    if promises or at - standing.quiet_since > curve.silence_after:
        position, promises, ticks, reactions = _run_clock(curve, standing, at)
    signal = event.signal
    if signal is None:
        signal, promises = _close_or_open(standing.customer, promises, event)
    elif type(event) is Signalled:
        _check_own(curve, signal)
    quiet_since = at if event.gives else standing.quiet_since
    if signal is not None:
        reaction = curve.react(position, signal)
        position = reaction.after
        reactions = (*reactions, reaction) if reactions else (reaction,)
        if reaction.crosses or (type(event) is Signalled and _ends_silence(curve, signal)):
            quiet_since = at
    after = Standing(standing.customer, at, position, promises, quiet_since)
    return Step(standing, event, reactions, after, ticks)


def observe(curve: Rulebook, standing: Standing, at: datetime) -> Step:
    """Run the clock alone, to look at a customer at a given time.

    What comes due strictly before ``at`` happens. Looking never changes what comes later.

    Raises:
        LookingBackError: ``at`` lies before ``standing.as_of``.
        NaiveTimeError: The time has no timezone.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, Proposed
        >>> curve, new_year = Curve.default(), datetime(2026, 1, 1, tzinfo=UTC)
        >>> ann = curve.advance(curve.begin("ann", new_year), Proposed(at=new_year)).after
        >>> look = curve.observe(ann, datetime(2026, 7, 1, tzinfo=UTC))
        >>> look.fell, look.ticks[0].at.date().isoformat()
        (True, '2026-04-01')
    """
    until = instant(at)
    if until < standing.as_of:
        raise LookingBackError(standing.customer, until, standing.as_of)
    position, promises, ticks, reactions = _run_clock(curve, standing, until)
    after = Standing(standing.customer, until, position, promises, standing.quiet_since)
    return Step(standing, None, reactions, after, ticks)


def next_due(curve: Rulebook, standing: Standing) -> datetime | None:
    """Answer with the first time at which ``observe`` will say something if no event comes, or with None.

    It is one microsecond after the due instant itself, because what is kept at exactly that
    instant is kept. Set a timer to it.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, PromiseMade
        >>> curve, new_year = Curve.default(), datetime(2026, 1, 1, tzinfo=UTC)
        >>> made = PromiseMade(at=new_year, promise="parcel 17", due=datetime(2026, 1, 5, tzinfo=UTC))
        >>> curve.next_due(curve.advance(curve.begin("ann", new_year), made).after).isoformat()
        '2026-01-05T00:00:00.000001+00:00'
    """
    for at, _, _ in _due(curve, standing.position, standing.promises, standing.quiet_since, standing.as_of):
        return at + MICROSECOND if at < LAST else None  # at the end of the calendar nobody can look any later
    return None


def _due(
    curve: Rulebook, position: Position, promises: _Promises, quiet_since: datetime, since: datetime
) -> Iterator[tuple[datetime, Promise | None, Reaction]]:
    """Answer with what comes due from ``since`` on, in order, as long as no event comes.

    Each: the instant, the promise that breaks (None: silence), the reaction. At one instant
    promises come first, by id. Silence counts only while no dated promise is open, and only where
    it changes something: where it changes nothing now, it will not until a promise breaks.
    """
    waiting = sorted(
        (max(breaks, since), promise.id, promise)
        for promise in promises
        if (breaks := promise.breaks_at(curve.grace)) is not None
    )
    period = curve.silence_after
    for at, _, promise in waiting:
        reaction = curve.react(position, f"broken_{promise.weight}")
        position = reaction.after
        yield at, promise, reaction
        since = at
    quiet_periods = max(1, -((quiet_since - since) // period))
    while True:
        at = later(quiet_since, period * quiet_periods)
        reaction = curve.react(position, SILENCE)
        if reaction.after == position or at < since:
            return
        yield at, None, reaction
        position = reaction.after
        quiet_periods += 1


def _run_clock(
    curve: Rulebook, standing: Standing, until: datetime
) -> tuple[Position, _Promises, tuple[Tick, ...], tuple[Reaction, ...]]:
    """Let happen what comes due strictly before ``until``."""
    position, promises = standing.position, standing.promises
    ticks: list[Tick] = []
    reactions: list[Reaction] = []
    for at, promise, reaction in _due(curve, position, promises, standing.quiet_since, standing.as_of):
        if at >= until:
            break
        if promise is not None:
            promises = tuple(evolve(p, overdue=True) if p.id == promise.id else p for p in promises)
        position = reaction.after
        ticks.append(Tick(at, None if promise is None else promise.id))
        reactions.append(reaction)
    return position, promises, tuple(ticks), tuple(reactions)


def _close_or_open(customer: str, promises: _Promises, event: Event) -> tuple[str | None, _Promises]:
    """Apply an event about a promise: answer with its signal, if any, and the promises after."""
    assert isinstance(event, PromiseMade | PromiseKept | PromiseBroken | PromiseMoved | PromiseReleased)  # noqa: S101
    name = event.promise
    found = next((promise for promise in promises if promise.id == name), None)
    others = tuple(promise for promise in promises if promise is not found)
    if isinstance(event, PromiseMade):
        if found is not None:
            raise PromiseAlreadyOpenError(customer, name, found.overdue)
        made = Promise(name, event.due, event.weight)
        return "promise_made" if event.weight == "major" else None, _ordered(others, made)
    if isinstance(event, PromiseKept | PromiseBroken):
        weight = event.weight if found is None else found.weight
        if weight is None:
            raise UnknownPromiseError(customer, name, type(event).__name__)
        verb = "kept" if isinstance(event, PromiseKept) else "broken"
        return None if found is not None and found.overdue else f"{verb}_{weight}", others
    if found is None:
        raise UnknownPromiseError(customer, name, type(event).__name__)
    if isinstance(event, PromiseReleased):
        return None, others
    if found.overdue:
        raise PromiseOverdueError(customer, name, found.due)
    return None, _ordered(others, evolve(found, due=event.due))


def _ordered(promises: _Promises, added: Promise) -> _Promises:
    return tuple(sorted((*promises, added), key=lambda promise: promise.id)) if promises else (added,)


def _check_own(curve: Rulebook, signal: str) -> None:
    if signal in LEDGER_SIGNALS:
        raise InvalidValueError(
            "signal", signal, "has an event of its own; Signalled is for the signals that a curve adds"
        )
    if signal not in curve.signals:
        raise UnknownWordError("signal", signal, curve.signals)


def _ends_silence(curve: Rulebook, signal: str) -> bool:
    return any(row.name == signal and row.ends_silence for row in curve.signal_rows)
