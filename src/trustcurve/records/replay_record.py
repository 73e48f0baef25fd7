"""The results of a replay as flat records: signals, transitions, standings and rejects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Self

from attrs import asdict, fields, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event
from trustcurve.core.instants import instant_of_text
from trustcurve.core.promises import Promise
from trustcurve.core.replay import EventFate, LoggedEvent
from trustcurve.core.standing import Position, Standing
from trustcurve.core.steps import BrokenPromise, Cause, Migration, Step, Transition
from trustcurve.errors import InvalidValueError, TrustcurveError
from trustcurve.records.schema import Schema, columns_of

__all__ = [
    "ONCE_PER",
    "REJECTS",
    "RUNS",
    "SIGNALS",
    "STANDINGS",
    "TRANSITIONS",
    "OncePerRecord",
    "RejectRecord",
    "RunRecord",
    "SignalRecord",
    "StandingRecord",
    "TransitionRecord",
]


def _source(cause: Cause) -> str:
    """Return the source of a signal or a transition: the event class, "clock" or "migration"."""
    if isinstance(cause, Migration):
        return "migration"
    return type(cause).__name__ if isinstance(cause, Event) else "clock"


@frozen
class SignalRecord:
    """A signal that reached the curve.

    Args:
        customer: The customer's id.
        at: The event's time, or the instant at which something came due.
        row: The row of the log that sent it; None if the clock sent it, and for an event of a stream.
        source: The event class, or "clock".
        promise: The promise that broke by its due date.
        signal: The signal.
    """

    customer: str
    at: datetime
    row: int | None
    source: str
    promise: str | None
    signal: str

    @classmethod
    def of(cls, step: Step, row: int | None = None) -> Iterator[Self]:
        """Return the signals of a step."""
        customer = step.after.customer
        for each in step.occurrences:
            if each.reaction is not None:
                promise = each.cause.promise if isinstance(each.cause, BrokenPromise) else None
                found = row if isinstance(each.cause, Event) else None
                yield cls(customer, each.at, found, _source(each.cause), promise, each.reaction.signal)


@frozen
class TransitionRecord:
    """A change of leaf state.

    Args:
        customer: The customer's id.
        at: When it happened.
        row: The row of the log that caused it; None if the clock caused it, and for an event of a stream.
        source: The event class, "clock", or "migration" (a change of curve).
        promise: The promise that broke by its due date.
        signal: The signal that caused it; None for a migration.
        rule: The row of the curve that applied; None for a migration.
        because: The reason.
        before: The leaf state before.
        after: The leaf state after.
        change: Places risen (above 0) or fallen (below 0).
        observed: Whether it was found by an observation after the customer's last event.
    """

    customer: str
    at: datetime
    row: int | None
    source: str
    promise: str | None
    signal: str | None
    rule: str | None
    because: str
    before: str
    after: str
    change: int
    observed: bool = False

    @classmethod
    def of(cls, transition: Transition, row: int | None = None, *, observed: bool = False) -> Self:
        """Return the record of a transition."""
        t = transition
        rule = None if t.rule is None else t.rule.name
        why = (t.signal, rule, t.because)
        return cls(t.customer, t.at, row, _source(t.cause), t.promise, *why, t.before, t.after, t.change, observed)


@frozen
class StandingRecord:
    """A standing, with its position in columns and its promises as JSON; it can be read back.

    Args:
        customer: The customer's id.
        state: The leaf state.
        stage: The stage; together with ``kept``, ``engaged``, ``doubt`` and ``account`` the position.
        kept: Promises kept.
        engaged: Goodwill.
        doubt: Doubt.
        account: What the company owes.
        as_of: The time of the latest event or observation.
        quiet_since: When the current silence began.
        promises: Open and overdue promises, a JSON array.
        promises_open: The number of open promises.
        promises_overdue: The number of overdue promises.
        next_due: When something is due next if no event comes.
    """

    customer: str
    state: str
    stage: str
    kept: int
    engaged: int
    doubt: int
    account: str
    as_of: datetime
    quiet_since: datetime
    promises: str
    promises_open: int
    promises_overdue: int
    next_due: datetime | None

    @classmethod
    def of(cls, standing: Standing, curve: Curve) -> Self:
        """Return the record of a standing on its curve."""
        overdue = sum(promise.overdue for promise in standing.promises)
        return cls(
            customer=standing.customer,
            state=curve.state(standing.position),
            **asdict(standing.position),
            as_of=standing.as_of,
            quiet_since=standing.quiet_since,
            promises=_written(standing.promises),
            promises_open=len(standing.promises) - overdue,
            promises_overdue=overdue,
            next_due=curve.next_due(standing),
        )

    @staticmethod
    def read(record: Mapping[str, Any]) -> Standing:
        """Return the standing of a record; derived columns are not read.

        Raises:
            InvalidValueError: A column is missing, or has a value that no standing has.
            NaiveTimeError: A time has no timezone.
        """
        if not isinstance(record, Mapping):
            raise InvalidValueError("record", record, "must be a mapping of columns to values")
        names = [field.name for field in fields(Position)]
        for name in ("customer", *names, "as_of", "quiet_since", "promises"):
            if name not in record:
                raise InvalidValueError(name, None, "must be given in a record of a standing")
        return Standing(
            customer=record["customer"],
            as_of=record["as_of"],
            position=Position(**{name: record[name] for name in names}),
            promises=_read(record["promises"]),
            quiet_since=record["quiet_since"],
        )


@frozen
class RejectRecord:
    """A row or event of a log that could not be used.

    Args:
        row: The row's number; None for an event of a stream.
        customer: The customer's id, if known.
        at: The event's time; None for a row that could not be turned into events.
        event: The event class; None for such a row.
        reason: The kind of problem, in a few words.
        detail: The problem, with the values.
    """

    row: int | None
    customer: str | None
    at: datetime | None
    event: str | None
    reason: str
    detail: str

    @classmethod
    def of(cls, fate: EventFate) -> Self:
        """Return the reject of an event whose fate is "rejected" or "conflict"."""
        event, cause = fate.logged.event, fate.cause or fate.logged
        if fate.error is None:
            reason, detail = "conflict", _conflict(event, cause)
        else:
            reason, detail = _reason_and_detail(type(cause.event).__name__, fate.error)
        return cls(fate.logged.row, event.customer, event.at, type(event).__name__, reason, detail)

    @classmethod
    def of_error(
        cls, row: int | None, customer: str, at: datetime, event: str, *, kind: str, error: TrustcurveError
    ) -> Self:
        """Return the reject of an event by the error of an event of some class, itself or another of its row."""
        return cls(row, customer, at, event, *_reason_and_detail(kind, error))

    @classmethod
    def of_row(cls, row: int, customer: str, kind: str, error: TrustcurveError) -> Self:
        """Return the reject of a row that could not be turned into an event of a given class."""
        return cls(row, customer, None, None, *_reason_and_detail(kind, error))


@frozen
class RelationRecord:
    """How the company and the customers who came in one month deal with each other in another, with months in UTC.

    Args:
        cohort: The month of the customers' first event, such as "2026-03".
        month: The month; those in which nothing changed for the cohort are left out.
        customers: The number of customers in the cohort.
        crossed: How many of them were ever across the barrier, up to the end of the month.
        across: How many still are, at the end of the month (at the look, in the month of the look).
        engaged: How many of these have goodwill left.
        given: How often the company gave them something in the month: promises kept, exchanges, repairs (``Curve.gives``).
        asked: How often the company asked something of them in the month; pitches that repeat or intrude are asks (``Curve.is_ask``).
    """

    cohort: str
    month: str
    customers: int
    crossed: int
    across: int
    engaged: int
    given: int
    asked: int


@frozen
class RunRecord:
    """What a later run must know of an earlier one.

    Args:
        curve: The fingerprint of the curve.
        until: The instant at which all customers were observed; None if no event was applied.
    """

    curve: str
    until: datetime | None


@frozen
class OncePerRecord:
    """A value of a rule with ``once_per`` that was seen.

    Args:
        customer: The customer's id.
        rule: The name of the rule.
        value: The value.
        id: The id of the first row with it, if it has one: rows that repeat it match, too.
    """

    customer: str
    rule: str
    value: str
    id: str | None


SIGNALS = Schema("signals", columns_of(SignalRecord))
TRANSITIONS = Schema("transitions", columns_of(TransitionRecord))
STANDINGS = Schema("standings", columns_of(StandingRecord))
REJECTS = Schema("rejects", columns_of(RejectRecord))
RUNS = Schema("run", columns_of(RunRecord))
ONCE_PER = Schema("once_per", columns_of(OncePerRecord))
RELATIONS = Schema("relations", columns_of(RelationRecord))

_PROMISE = columns_of(Promise)


def _written(promises: tuple[Promise, ...]) -> str:
    if not promises:
        return "[]"
    return json.dumps(
        [{column.name: _plain(getattr(promise, column.name)) for column in _PROMISE} for promise in promises],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(text: object) -> tuple[Promise, ...]:
    try:
        found = json.loads(text)  # type: ignore[arg-type] # a TypeError is caught
    except (TypeError, ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise InvalidValueError("promises", text, "must be a JSON array of promises")
    return tuple(_promise(given, f"promises[{number}]") for number, given in enumerate(found))


def _promise(given: object, place: str) -> Promise:
    names = [column.name for column in _PROMISE]
    if not isinstance(given, dict) or sorted(given) != sorted(names):
        raise InvalidValueError(place, given, f"must be an object of {', '.join(names)}")
    due = given["due"]
    return Promise(**{**given, "due": None if due is None else instant_of_text(due, f"{place}.due")})


def _reason_and_detail(kind: str, error: TrustcurveError) -> tuple[str, str]:
    """Return an error's name in words (UnknownPromiseError is "unknown promise"), and its message with the event class."""
    reason = re.sub("(?<!^)([A-Z])", r" \1", type(error).__name__.removesuffix("Error")).lower()
    return reason, str(error) if str(error).startswith(kind) else f"{kind}: {error}"


def _conflict(event: Event, first: LoggedEvent) -> str:
    """Return which row used the id first, and what differs."""
    where = f"row {first.row}" if first.row is not None else f"the event at {first.event.at.isoformat()}"
    differing = ["event"]
    if type(event) is type(first.event):
        names = [column.name for column in columns_of(type(event))]
        differing = [name for name in names if getattr(event, name) != getattr(first.event, name)]
    return f"conflict: {where} used id {event.id!r} with another {' and '.join(differing)}"
