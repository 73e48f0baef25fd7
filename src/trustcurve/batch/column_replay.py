"""A replay by columns: the book, then the clock and the curve for all customers at once, then standings and transitions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import polars as pl
from attrs import frozen

from trustcurve.arrays.curve_arrays import NEVER, CurveArrays
from trustcurve.batch.event_columns import NO_TIME, EventColumns, Ints
from trustcurve.batch.kernel import Timeline, run_kernel
from trustcurve.batch.promise_columns import PromiseColumns
from trustcurve.core.curve import Curve
from trustcurve.core.instants import datetime_of
from trustcurve.core.promises import EMPTY, Promise, PromiseBook
from trustcurve.core.replay import LoggedTransition
from trustcurve.core.signals import SILENCE, WEIGHTS
from trustcurve.core.standing import Standing
from trustcurve.core.steps import BrokenPromise, Cause, Silence, Transition
from trustcurve.records import event_of

__all__ = ["Books", "ColumnReplay", "books_of"]

_SILENCE = Silence()
_EVENT, _BREAK, _LOOK = range(3)
"""The kinds of rows of a timeline, in their order at one instant."""


@frozen(eq=False)
class Books:
    """The events of a log as columns, and what the promise books of all customers say.

    Args:
        frame: The events, a table of ``EVENTS``.
        curve: The curve.
        arrays: Its table.
        events: The columns.
        book: What the books say.
    """

    frame: pl.DataFrame
    curve: Curve
    arrays: CurveArrays
    events: EventColumns
    book: PromiseColumns

    @property
    def odd(self) -> Ints:
        """Which customers must be replayed one event after the other.

        Those of whom an event may be refused, or repeats one, or none is left; all, where silences never settle.
        """
        left = np.bincount(self.events.customer[~self.book.skipped], minlength=len(self.events.customers))
        odd: Ints = self.events.odd | self.book.odd | (left == 0) | (not self.arrays.settles)
        return odd

    def last_applied(self, chosen: Ints) -> list[int]:
        """Return the instant of the last event of some customers that is applied, in microseconds since 1970; [] if none is."""
        applied = self.events.at[chosen[self.events.customer] & ~self.book.skipped]
        return [int(applied.max())] if len(applied) else []


def books_of(frame: pl.DataFrame, curve: Curve) -> Books:
    """Keep the books of a log's customers.

    Args:
        frame: A table of ``EVENTS``: one customer after the other, each customer's in the order of the log.
        curve: The curve.
    """
    arrays = CurveArrays.of(curve)
    events = EventColumns.of(frame, curve, arrays.columns)
    return Books(frame, curve, arrays, events, PromiseColumns.of(events, curve, arrays))


@frozen(eq=False)
class _Rows:
    """The rows of a timeline: where each comes from."""

    kind: Ints
    source: Ints  # the place of the event, or the number of the break
    customer: Ints
    timeline: Timeline


@frozen(eq=False)
class Changes:
    """Changes of position, in the order of customers, and within each in the order of time.

    Args:
        row: The row of the timeline. Shape (changes,), like all below.
        at: When, in microseconds since 1970.
        signal: The column of the signal.
        before: The position before.
        after: The position after.
        silent: Whether a silence made it.
    """

    row: Ints
    at: Ints
    signal: Ints
    before: Ints
    after: Ints
    silent: Ints


class ColumnReplay:
    """The customers of a log whom the columns decide, replayed up to an instant.

    Args:
        books: The books.
        chosen: Which customers to replay. Shape (customers,).
        until: The instant of the last look, in microseconds since 1970, not before any of their events.
    """

    def __init__(self, books: Books, chosen: Ints, until: int) -> None:
        self.books, self.until = books, until
        kept = ~books.book.skipped & chosen[books.events.customer]
        self.chosen = np.flatnonzero(chosen)
        self.skipped = int((books.book.skipped & chosen[books.events.customer]).sum())
        self.rows = self._rows(np.flatnonzero(kept))
        start = books.curve.table().number(books.curve.start)
        self.course = run_kernel(self.rows.timeline, books.curve, books.arrays, start)

    def _rows(self, mine: Ints) -> _Rows:
        """Merge events, breaks and the last look."""
        events, book = self.books.events, self.books.book
        breaks = np.flatnonzero(np.isin(book.broken_of, self.chosen) & (book.broken_at < self.until))
        # At one instant promises break by id.
        if len(breaks):
            names = events.promises.gather(book.broken[breaks])
            breaks = breaks[names.arg_sort().to_numpy()]
        looks = self.chosen
        customer = np.concatenate([events.customer[mine], book.broken_of[breaks], looks])
        at = np.concatenate([events.at[mine], book.broken_at[breaks], np.full(len(looks), self.until)])
        kind = np.repeat(np.array([_EVENT, _BREAK, _LOOK], np.int8), [len(mine), len(breaks), len(looks)])
        signal = np.concatenate(
            [book.signal[mine], book.broken_signal[breaks], np.full(len(looks), self.books.arrays.no_signal)]
        )
        ends = np.concatenate([book.ends[mine], np.full(len(breaks) + len(looks), NEVER, np.int8)])
        dated = np.concatenate([book.dated[mine], np.full(len(breaks), -1), np.zeros(len(looks), np.int32)])
        source = np.concatenate([mine, breaks, looks])
        order = np.lexsort((kind, at, customer))
        customer = customer[order]
        starts: Ints = np.searchsorted(customer, np.append(looks, np.iinfo(np.int32).max))
        open_ = np.cumsum(dated[order])  # of all customers together: what those before have left open is taken away
        base = np.repeat(np.append(0, open_[starts[1:-1] - 1])[: len(looks)], np.diff(starts))
        timeline = Timeline(starts, at[order], signal[order], ends[order], open_ - base)
        return _Rows(kind[order], source[order], customer, timeline)

    @property
    def applied(self) -> int:
        """The number of events."""
        return int((self.rows.kind == _EVENT).sum())

    # --- standings --------------------------------------------------------------------------------

    def _last_events(self) -> Ints:
        """Return the row of each customer's last event."""
        place = np.where(self.rows.kind == _EVENT, np.arange(len(self.rows.kind)), -1)
        last: Ints = np.maximum.reduceat(place, self.rows.timeline.starts[:-1]) if len(place) else place
        return last

    def standings(self) -> dict[str, Standing]:
        """Return the standing of each customer at their last event."""
        return self._standings(self._last_events(), self.rows.timeline.at)

    def observed(self) -> dict[str, Standing]:
        """Return the standing of each customer at the last look."""
        return self._standings(self.rows.timeline.starts[1:] - 1, self.rows.timeline.at)

    def _standings(self, rows: Ints, at: Ints) -> dict[str, Standing]:
        positions, names = self.books.curve.table().positions, self.books.events.customers
        as_of = at[rows]
        owned = self._promises(dict(zip(self.chosen.tolist(), as_of.tolist(), strict=True)))
        found = zip(
            self.chosen.tolist(), self.course.after[rows].tolist(), as_of.tolist(), self.course.quiet_after[rows].tolist(), strict=True,
        )  # fmt: skip
        return {
            names[number]: Standing.of(names[number], positions[position], when, quiet, owned.get(number, EMPTY))
            for number, position, when, quiet in found
        }

    @cached_property
    def _left(self) -> list[tuple[int, Promise, int]]:
        """The promises that are open or overdue in the end, as they were before they broke: whose, which, and when it breaks."""
        book = self.books.book
        mine = np.isin(book.left_of, self.chosen)
        names = self.books.events.promises.gather(book.left[mine]).to_list()
        parts = (part[mine].tolist() for part in (book.left_of, book.left_due, book.left_weight, book.left_breaks))
        return [
            (owner, Promise(name, None if due == NO_TIME else datetime_of(due), WEIGHTS[weight]), breaks)
            for name, owner, due, weight, breaks in zip(names, *parts, strict=True)
        ]

    def _promises(self, as_of: dict[int, int]) -> dict[int, PromiseBook]:
        """Return the promise book of each customer who has one, as of an instant."""
        listed: dict[int, list[tuple[Promise, bool]]] = {}
        for owner, promise, breaks in self._left:
            listed.setdefault(owner, []).append((promise, breaks < as_of[owner]))
        return {owner: PromiseBook.of_opened(promises) for owner, promises in listed.items()}

    # --- what moved them --------------------------------------------------------------------------

    def changes(self, differs: Ints) -> Changes:
        """Return the changes of position that matter.

        Args:
            differs: A number for each position: a change matters if the numbers of its positions differ. Shape (positions,).
        """
        course, timeline = self.course, self.rows.timeline
        own = np.flatnonzero(differs[course.met] != differs[course.after])
        parts = [
            (
                own,
                timeline.at[own],
                timeline.signal[own],
                course.met[own],
                course.after[own],
                np.full(len(own), 1 << 30),
            )
        ]
        silences = self.books.arrays.silences
        quiet, silence = np.flatnonzero(course.before != course.met), self.books.arrays.columns[SILENCE]
        for n in range(int(course.count[quiet].max(initial=0))):
            quiet = quiet[course.count[quiet] > n]
            before, after = silences[n, course.before[quiet]], silences[n + 1, course.before[quiet]]
            matters = differs[before] != differs[after]
            rows = quiet[matters]
            at = course.quiet[rows] + (course.first[rows].astype(np.int64) + n) * self.books.curve.silence_after_us
            parts.append(
                (rows, at, np.full(len(rows), silence), before[matters], after[matters], np.full(len(rows), n))
            )
        row, at, signal, before, after, place = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.lexsort((place, row))
        return Changes(row[order], at[order], signal[order], before[order], after[order], (place < 1 << 30)[order])

    def events_met(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Return of each event that sends a signal its customer, its instant, the position that it meets, and the signal."""
        sent = np.flatnonzero((self.rows.kind == _EVENT) & (self.rows.timeline.signal != self.books.arrays.no_signal))
        timeline = self.rows.timeline
        return self.rows.customer[sent], timeline.at[sent], self.course.met[sent], timeline.signal[sent]

    def first_at(self) -> Ints:
        """Return the instant of the first event of each customer whom it replays."""
        first: Ints = self.rows.timeline.at[self.rows.timeline.starts[:-1]]
        return first

    def transitions(self) -> tuple[list[LoggedTransition], list[Transition]]:
        """Return the transitions up to each customer's last event, and those after it; customer by customer."""
        curve, table = self.books.curve, self.books.curve.table()
        leaf = np.array([table.states.index(curve.state(position)) for position in table.positions])
        found = self.changes(leaf)
        last = np.repeat(self._last_events(), np.diff(self.rows.timeline.starts))
        causes = self._causes(found)
        names = self.books.events.customers
        moved: list[LoggedTransition] = []
        later: list[Transition] = []
        for customer, at, signal, before, is_later, (cause, row) in zip(
            self.rows.customer[found.row].tolist(), found.at.tolist(), found.signal.tolist(), found.before.tolist(),
            (found.row > last[found.row]).tolist(), causes, strict=True,
        ):  # fmt: skip
            reaction = table.reactions[before][signal]
            transition = Transition(
                names[customer],
                datetime_of(at),
                reaction.state_before,
                reaction.state_after,
                reaction.change,
                cause,
                reaction,
            )
            if is_later:
                later.append(transition)
            else:
                moved.append(LoggedTransition(transition, row))
        return moved, later

    def _causes(self, found: Changes) -> Iterator[tuple[Cause, int | None]]:
        """Yield the cause of each change, and its row in the log; None if the clock made it."""
        kinds = np.where(found.silent, -1, self.rows.kind[found.row])
        sources = self.rows.source[found.row]
        by_event = sources[kinds == _EVENT]
        made = map(event_of, self.books.frame[by_event].iter_rows(named=True))
        names = self.books.events.promises
        broken = self.books.book.broken
        for kind, source in zip(kinds.tolist(), sources.tolist(), strict=True):
            if kind == _EVENT:
                logged = next(made)
                yield logged.event, logged.row
            elif kind == _BREAK:
                yield BrokenPromise(names[int(broken[source])]), None
            else:
                yield _SILENCE, None
