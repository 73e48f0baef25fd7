"""The ledger: turns events and the passing of time into signals for the curve."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from attrs import evolve

from trustcurve.core.clock import coming_due, run_clock
from trustcurve.core.events import (
    Event,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Signalled,
)
from trustcurve.core.instants import LAST, datetime_of, instant, microseconds
from trustcurve.core.promises import EMPTY, Promise, PromiseBook
from trustcurve.core.signals import BROKEN, KEPT, LEDGER_SIGNALS, MADE
from trustcurve.core.standing import Reaction, Standing, check_standing
from trustcurve.core.steps import BrokenPromise, Occurrence, Silence, Step
from trustcurve.core.values import checked_name
from trustcurve.errors import (
    CustomerMismatchError,
    InvalidValueError,
    ObservedInThePastError,
    OutOfOrderError,
    PromiseAlreadyOpenError,
    PromiseOverdueError,
    UnknownPromiseError,
    UnknownWordError,
)

if TYPE_CHECKING:
    from trustcurve.core.rulebook import Rulebook

__all__ = ["advance", "begin", "next_due", "observe"]

_SILENCE = Silence()


def begin(curve: Rulebook, customer: str, at: datetime) -> Standing:
    """Return the standing of a new customer.

    This is not an event: it only starts the quiet clock.

    Args:
        curve: The curve.
        customer: The customer's id, a text that is not empty.
        at: When the company first met this customer; a time with a timezone.

    Raises:
        InvalidValueError: The id is not a text, or the time is not a datetime.
        NaiveTimeError: The time has no timezone.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve
        >>> Curve.default().begin("ann", datetime(2026, 1, 1, tzinfo=UTC)).position
        Position(stage='distrust', kept=0, engaged=0, doubt=2, account='clear')
    """
    name, start = checked_name("customer", customer), microseconds(instant(at))
    return Standing.of(name, curve.start, start, start, EMPTY)


def advance(curve: Rulebook, standing: Standing, event: Event) -> Step:
    """Apply everything that came due before an event, then the event.

    ``advance`` does not detect duplicates: an event that is delivered twice counts twice. ``replay`` drops them.

    Args:
        curve: The curve.
        standing: The standing before; it is not changed.
        event: What happened, not before ``standing.as_of``.

    Returns:
        The step; ``step.after`` is the new standing.

    Raises:
        OutOfOrderError: The event is earlier than ``standing.as_of``.
        CustomerMismatchError: The event names another customer.
        PromiseAlreadyOpenError: A promise with this id is already open or overdue.
        UnknownPromiseError: The promise is neither open nor overdue, and the event has no weight.
        PromiseOverdueError: An overdue promise cannot be moved.
        UnknownWordError: A ``Signalled`` names a signal that this curve does not have.
        InvalidValueError: The value is not an event, or a ``Signalled`` names a signal that has its own event class.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, Proposed
        >>> curve, new_year = Curve.default(), datetime(2026, 1, 1, tzinfo=UTC)
        >>> step = curve.advance(curve.begin("ann", new_year), Proposed(at=new_year))
        >>> step.rose, curve.state(step.after.position)
        (True, 'hopeful')
    """
    if not (isinstance(event, Event) and isinstance(standing, Standing)):
        check_standing(standing)
        raise InvalidValueError("event", event, "must be an Event such as Exchanged(at=...)")
    at, signal, customer = event.at_us, event.signal, standing.customer
    if at < standing.as_of_us:
        raise OutOfOrderError(customer, event.at, standing.as_of)
    if event.customer is not None and event.customer != customer:
        raise CustomerMismatchError(customer, event.customer)
    position, book, quiet_since = standing.position, standing.book, standing.quiet_since_us
    due: tuple[Occurrence, ...] = ()
    if at - quiet_since > curve.silence_after_us or (book and book.breaks_before(at - curve.grace_us)):
        position, book, found = run_clock(curve, standing, at)
        due = _occurrences(found)
    counts_as = signal
    if signal is None:
        signal, counts_as, book = _enter(customer, book, event)
    elif type(event) is Signalled:
        _check_own(curve, signal)
    reaction: Reaction | None = None
    if signal is not None:
        reaction = curve.react(position, signal)
        position = reaction.after
    if counts_as is not None:
        ends = curve.ends_silence[counts_as]
        if ends == "always" or (ends == "crossing" and reaction is not None and reaction.crosses):
            quiet_since = at
    return Step.of(standing, event, due, reaction, Standing.of(customer, position, at, quiet_since, book))


def observe(curve: Rulebook, standing: Standing, at: datetime) -> Step:
    """Observe a customer at a given time: apply everything due strictly before it, without an event.

    Observing never changes later results.

    Raises:
        ObservedInThePastError: ``at`` is earlier than ``standing.as_of``.
        NaiveTimeError: The time has no timezone.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, Proposed
        >>> curve, new_year = Curve.default(), datetime(2026, 1, 1, tzinfo=UTC)
        >>> ann = curve.advance(curve.begin("ann", new_year), Proposed(at=new_year)).after
        >>> observed = curve.observe(ann, datetime(2026, 7, 1, tzinfo=UTC))
        >>> observed.fell, observed.due[0].at.date().isoformat()
        (True, '2026-04-01')
    """
    utc = instant(at)
    until = microseconds(utc)
    check_standing(standing)
    if until < standing.as_of_us:
        raise ObservedInThePastError(standing.customer, utc, standing.as_of)
    quiet_since = standing.quiet_since_us
    position, book, found = run_clock(curve, standing, until)
    after = Standing.of(standing.customer, position, until, quiet_since, book)
    return Step.of(standing, None, _occurrences(found), None, after)


def next_due(curve: Rulebook, standing: Standing) -> datetime | None:
    """Return the first time at which ``observe`` finds something if no event comes, or None.

    It is one microsecond after the due instant, because a promise kept at exactly that instant is kept in
    time. Use it to set a timer.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, PromiseMade
        >>> curve, new_year = Curve.default(), datetime(2026, 1, 1, tzinfo=UTC)
        >>> made = PromiseMade(at=new_year, promise="parcel 17", due=datetime(2026, 1, 5, tzinfo=UTC))
        >>> curve.next_due(curve.advance(curve.begin("ann", new_year), made).after).isoformat()
        '2026-01-05T00:00:00.000001+00:00'
    """
    check_standing(standing)
    for at, _, _ in coming_due(curve, standing):
        return datetime_of(at + 1) if at < LAST else None  # nothing can be observed after the end of the calendar
    return None


def _enter(customer: str, book: PromiseBook, event: Event) -> tuple[str | None, str | None, PromiseBook]:
    """Enter an event about a promise into the book.

    Returns:
        The signal for the curve, if any; the signal that decides whether a silence ends, which differs only for
        promises that were kept or broken too late; and the book after the event.
    """
    assert isinstance(event, PromiseMade | PromiseKept | PromiseBroken | PromiseMoved | PromiseReleased)  # noqa: S101
    name = event.promise
    found = book.get(name)
    if isinstance(event, PromiseMade):
        if found is not None:
            raise PromiseAlreadyOpenError(customer, name, found.overdue)
        signal = MADE[event.weight]
        return signal, signal, book.add(Promise(name, event.due, event.weight))
    if isinstance(event, PromiseKept | PromiseBroken):
        weight = event.weight if found is None else found.weight
        if weight is None:
            raise UnknownPromiseError(customer, name, type(event).__name__)
        signal = (KEPT if isinstance(event, PromiseKept) else BROKEN)[weight]
        if found is None:
            return signal, signal, book
        return None if found.overdue else signal, signal, book.remove(found)
    if found is None:
        raise UnknownPromiseError(customer, name, type(event).__name__)
    if isinstance(event, PromiseReleased):
        return None, None, book.remove(found)
    if found.overdue:
        raise PromiseOverdueError(customer, name, found.due)
    return None, None, book.remove(found).add(evolve(found, due=event.due))


def _occurrences(found: list[tuple[int, Promise | None, Reaction]]) -> tuple[Occurrence, ...]:
    return tuple(
        Occurrence(datetime_of(at), _SILENCE if promise is None else BrokenPromise(promise.id), reaction)
        for at, promise, reaction in found
    )


def _check_own(curve: Rulebook, signal: str) -> None:
    if signal in LEDGER_SIGNALS:
        raise InvalidValueError(
            "signal", signal, "has an event of its own; Signalled is for the signals that a curve adds"
        )
    if signal not in curve.signals:
        raise UnknownWordError("signal", signal, curve.signals)
