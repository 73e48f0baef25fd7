"""A log of many customers, replayed a second time: slow and obvious, one event after the other, over ``advance`` alone.

It knows nothing of the library's replay but the values that it answers with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from trustcurve import Curve, Event, Standing, Step, TrustcurveError
from trustcurve.core.replay import EventCounts, EventFate, LoggedEvent, LoggedTransition, Observation, Replay

Placed = tuple[datetime, float, float, int]


def plain_replay(
    events: Iterable[Event | LoggedEvent],
    standings: Mapping[str, Standing],
    curve: Curve,
    until: datetime | None = None,
    *,
    used: Mapping[Any, LoggedEvent] | None = None,
) -> Replay:
    """Replay a log as its rules say it, word by word."""
    log = [each if isinstance(each, LoggedEvent) else LoggedEvent(each) for each in events]
    where, identities = dict(standings), dict(used or {})
    fates: list[EventFate] = []
    waiting = sorted(range(len(log)), key=lambda number: (_placed(log[number]), number))
    while waiting:
        together = [waiting.pop(0)]
        first = log[together[0]]
        for number in list(waiting):
            if _same_row(log[number], first) and all(log[number].place != log[other].place for other in together):
                together.append(number)
                waiting.remove(number)
        fates += _row([log[number] for number in together], where, identities, curve, until)
    fates.sort(key=lambda fate: (fate.logged.event.at, fate.logged.event.customer))
    moved = [
        LoggedTransition(move, fate.logged.row if move.event else None)
        for fate in fates
        if fate.step
        for move in fate.step.transitions
    ]
    moved.sort(key=lambda each: (each.transition.at, each.transition.customer))
    rejects = [fate for fate in fates if fate.fate in ("rejected", "conflict")]
    names = [fate.fate for fate in fates]
    counts = EventCounts(**{name: names.count(name) for name in set(names)})
    return Replay(where, tuple(moved), tuple(rejects), counts, identities, _observation(where, curve, until))


def _placed(logged: LoggedEvent) -> Placed:
    """The place in the order of the log: time, sequence, row, place; a stream's events stay as they came."""
    sequence = float("inf") if logged.sequence is None else logged.sequence
    row = float("inf") if logged.row is None else logged.row
    return logged.event.at, sequence, row, 0 if logged.row is None else logged.place


def _same_row(one: LoggedEvent, other: LoggedEvent) -> bool:
    if one.row is None or one.event.customer != other.event.customer:
        return False
    return (one.row, one.sequence, one.event.at) == (other.row, other.sequence, other.event.at)


def _row(
    row: list[LoggedEvent],
    where: dict[str, Standing],
    identities: dict[Any, LoggedEvent],
    curve: Curve,
    until: datetime | None,
) -> list[EventFate]:
    """What becomes of a row's events at one instant; where it is applied, the standing and the identities follow."""
    at, customer = row[0].event.at, row[0].event.customer
    assert customer is not None
    if until is not None and at > until:
        return [EventFate(logged, "later") for logged in row]
    here = where.get(customer) or curve.begin(customer, at)
    done: dict[int, EventFate] = {}
    steps: dict[int, Step] = {}
    refused: tuple[TrustcurveError, LoggedEvent] | None = None
    for number, logged in enumerate(row):
        dropped = _repeated(logged, identities) or _skipped(logged, here)
        if dropped is not None:
            done[number] = dropped
        elif refused is None:
            try:
                steps[number] = curve.advance(here, logged.event)
                here = steps[number].after
            except TrustcurveError as error:
                refused = error, logged
    for number, logged in enumerate(row):
        if number not in done and refused is not None:
            done[number] = EventFate(logged, "rejected", error=refused[0], cause=refused[1])
        elif number not in done:
            done[number] = EventFate(logged, "applied", steps[number])
            where[customer] = steps[number].after
            if logged.event.id is not None:
                identities[customer, logged.event.id, logged.place] = logged
    return [done[number] for number in range(len(row))]


def _repeated(logged: LoggedEvent, identities: dict[Any, LoggedEvent]) -> EventFate | None:
    before = identities.get((logged.event.customer, logged.event.id, logged.place))
    if logged.event.id is None or before is None:
        return None
    return EventFate(logged, "duplicate" if before.event == logged.event else "conflict", cause=before)


def _skipped(logged: LoggedEvent, here: Standing) -> EventFate | None:
    promise = getattr(logged.event, "promise", None)
    if not logged.if_open or promise is None or promise in [known.id for known in here.promises]:
        return None
    return EventFate(logged, "skipped")


def _observation(where: dict[str, Standing], curve: Curve, until: datetime | None) -> Observation:
    end = until or max((standing.as_of for standing in where.values()), default=None)
    if end is None:
        return Observation(None, {}, ())
    looks = [curve.observe(standing, end) for standing in where.values()]
    moved = sorted((move for look in looks for move in look.transitions), key=lambda move: (move.at, move.customer))
    return Observation(end, {look.after.customer: look.after for look in looks}, tuple(moved))
