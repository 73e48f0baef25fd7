"""What came of a replay by columns, as the objects of core: standings, transitions, and what was applied."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from trustcurve.batch.column_replay import Changes, ColumnReplay
from trustcurve.batch.ints import NO_TIME, Ints
from trustcurve.core.instants import datetime_of
from trustcurve.core.promises import EMPTY, Promise, PromiseBook
from trustcurve.core.replay import Identity, LoggedEvent, LoggedTransition
from trustcurve.core.signals import WEIGHTS
from trustcurve.core.standing import Standing
from trustcurve.core.steps import BrokenPromise, Cause, Silence, Transition
from trustcurve.records import event_of

__all__ = ["identities_of", "standings_of", "transitions_of"]

_SILENCE = Silence()


def standings_of(found: ColumnReplay, *, observed: bool) -> dict[str, Standing]:
    """Return the standing of each customer at their last event, or at the look at the end."""
    positions, names = found.curve.table().positions, found.names.gather(found.present).to_list()
    position, as_of, quiet = found.last
    if observed:
        position, as_of = found.observed, np.full(len(as_of), found.until)
    owned = _books(found, as_of)
    chosen = found.present
    each = zip(
        names, chosen.tolist(), position[chosen].tolist(), as_of[chosen].tolist(), quiet[chosen].tolist(), strict=True
    )
    return {
        name: Standing.of(name, positions[place], when, since, owned.get(number, EMPTY))
        for name, number, place, when, since in each
    }


def _books(found: ColumnReplay, as_of: Ints) -> dict[int, PromiseBook]:
    """Return the promise book of each customer who has one, as of an instant."""
    left = found.books.book.left
    mine = np.flatnonzero(found.there[left.customer])
    overdue = left.breaks[mine] < as_of[left.customer[mine]]
    listed: dict[int, list[tuple[Promise, bool]]] = {}
    parts = (part[mine].tolist() for part in (left.customer, left.due, left.weight))
    for name, owner, due, weight, late in zip(left.id.gather(mine).to_list(), *parts, overdue.tolist(), strict=True):
        promise = Promise(name, None if due == NO_TIME else datetime_of(due), WEIGHTS[weight])
        listed.setdefault(owner, []).append((promise, late))
    return {owner: PromiseBook.of_opened(promises) for owner, promises in listed.items()}


def transitions_of(found: ColumnReplay) -> tuple[list[LoggedTransition], list[Transition]]:
    """Return the transitions up to each customer's last event, and those after it; customer by customer."""
    moved: list[LoggedTransition] = []
    later: list[Transition] = []
    table, changes = found.curve.table(), found.transitions
    names = found.names.gather(changes.customer).to_list()
    after_last = (changes.row > found.last_rows[changes.customer]).tolist()
    for name, at, signal, before, is_later, (cause, row) in zip(
        names, changes.at.tolist(), changes.signal.tolist(), changes.before.tolist(), after_last,
        _causes(found, changes), strict=True,
    ):  # fmt: skip
        reaction = table.reactions[before][signal]
        states = (reaction.state_before, reaction.state_after, reaction.change)
        transition = Transition(name, datetime_of(at), *states, cause, reaction)
        if is_later:
            later.append(transition)
        else:
            moved.append(LoggedTransition(transition, row))
    return moved, later


def _causes(found: ColumnReplay, changes: Changes) -> Iterator[tuple[Cause, int | None]]:
    """Yield the cause of each change, and its row in the log; None if the clock made it."""
    books = found.books
    loud = ~changes.silent
    is_break, number = found.timeline.sources(changes.row[loud])
    made = map(event_of, books.events.rows(number[~is_break]).iter_rows(named=True))
    broken = iter(books.book.broken.gather(number[is_break]).to_list())
    breaks = iter(is_break.tolist())
    for sent in loud.tolist():
        if not sent:
            yield _SILENCE, None
        elif next(breaks):
            yield BrokenPromise(next(broken)), None
        else:
            logged = next(made)
            yield logged.event, logged.row


def identities_of(events: pl.DataFrame) -> dict[Identity, LoggedEvent]:
    """Return events with ids by their identities; this takes an object for each."""
    made = map(event_of, events.iter_rows(named=True))
    return {(str(each.event.customer), str(each.event.id), each.place): each for each in made}
