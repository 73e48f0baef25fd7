"""A replay by columns: the books, then the clock and the curve for all customers at once, then what came of it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl
from attrs import fields, frozen

from trustcurve.batch.ints import NO_TIME, NONE, Ints
from trustcurve.batch.kernel import Beginning, Course, KernelTable, run_kernel
from trustcurve.batch.log_books import LogBooks
from trustcurve.batch.timeline import Timeline
from trustcurve.core.curve import Curve
from trustcurve.core.signals import SILENCE

__all__ = ["Changes", "ColumnReplay", "KnownCustomers"]

_LAST_OF_A_ROW = 1 << 30
_OBSERVED = 1 << 30
"""The row of a change that the look at the end finds."""


@frozen(eq=False)
class KnownCustomers:
    """How customers stand before the first event of a log; they are the first customers of its columns.

    Args:
        position: The number of the position. Shape (known,), like all below.
        as_of: The instant up to which it is known, in microseconds since 1970.
        quiet: Since when the customer has been left alone.
        dated: How many promises with a date are open.
    """

    position: Ints
    as_of: Ints
    quiet: Ints
    dated: Ints

    @classmethod
    def none(cls) -> KnownCustomers:
        """Return no customers."""
        ints = np.zeros(0, np.int64)
        return cls(ints, ints, ints, ints)


@frozen(eq=False)
class Changes:
    """Changes of position, in the order of customers, and within each in the order of time.

    Args:
        customer: The number of the customer. Shape (changes,), like all below.
        row: The number of the row, one customer after the other; for a silence, of the row after it.
        at: When, in microseconds since 1970.
        signal: The column of the signal.
        before: The position before.
        after: The position after.
        silent: Whether a silence made it.
    """

    customer: Ints
    row: Ints
    at: Ints
    signal: Ints
    before: Ints
    after: Ints
    silent: Ints

    def where(self, differs: Ints) -> Changes:
        """Return those for which the numbers of the positions before and after differ."""
        some = differs[self.before] != differs[self.after]
        return Changes(*(getattr(self, each.name)[some] for each in fields(Changes)))


class ColumnReplay:
    """The customers of a log whom the columns decide, replayed up to an instant.

    Args:
        books: The books.
        known: How customers stand before.
        until: The instant of the last look, in microseconds since 1970; None: the last event that is applied.
        at_least: With None, an instant before which the look does not lie.
    """

    def __init__(self, books: LogBooks, known: KnownCustomers, until: int | None, at_least: int | None = None) -> None:
        self.books, self.known = books, known
        events = books.events
        self.decided = ~books.odd
        self.gone = books.gone[self.decided[events.customer[books.gone]]]
        many = np.diff(events.starts) - np.bincount(events.customer[self.gone], minlength=len(events.customers))
        self.applied_by = np.where(self.decided, many, 0)
        self.there = (self.applied_by > 0) | (self.decided & self._is_known)
        end = self._last_instant() if until is None else until
        self.until = end if at_least is None or end is None else max(end, at_least)
        if self.until is None:
            self.until = at_least

    @cached_property
    def _is_known(self) -> Ints:
        return np.arange(len(self.books.events.customers)) < len(self.known.position)

    def _last_instant(self) -> int | None:
        """Return the last instant of all standings."""
        instants = [
            self.books.events.at[self.applied_events()],
            self.known.as_of[self.decided[: len(self.known.as_of)]],
        ]
        return max((int(each.max()) for each in instants if len(each)), default=None)

    def applied_events(self) -> Ints:
        """Return which events are applied: a flag for each. Shape (events,)."""
        stays: Ints = self.decided[self.books.events.customer]
        stays[self.gone] = False
        return stays

    # --- the course -------------------------------------------------------------------------------

    @cached_property
    def timeline(self) -> Timeline:
        """What happens to the customers who are there."""
        assert self.until is not None  # noqa: S101 - then nobody is there
        open_ = np.zeros(len(self.there), np.int64)
        open_[: len(self.known.dated)] = self.known.dated
        return Timeline.of(self.books.events, self.books.book, self.there, self.gone, until=self.until, open_=open_)

    @cached_property
    def course(self) -> Course:
        """How they go through it."""
        assert self.until is not None  # noqa: S101 - then nobody is there
        curve, ranks, known = self.books.curve, self.timeline.ranks, self.known
        many = len(self.there)
        position = np.full(many, curve.table().number(curve.start), np.int32)
        # Customers who are not there have no rows, and stay where they are.
        as_of = np.full(many, self.until, np.int64)
        first = self.timeline.at[: int(ranks.offsets[1])] if len(ranks.offsets) > 1 else np.zeros(0, np.int64)
        as_of[ranks.customers[: len(first)]] = first
        quiet, waiting = as_of.copy(), np.zeros(many, bool)
        count = len(known.position)
        there = self.there[:count]
        for values, before in ((position, known.position), (as_of, known.as_of), (quiet, known.quiet)):
            values[:count][there] = before[there]
        waiting[:count] = known.dated > 0
        begin = Beginning(*(each[ranks.customers] for each in (position, quiet, as_of, waiting)))
        return run_kernel(self.timeline, KernelTable.of(curve, self.books.arrays), begin, self.until)

    @property
    def applied(self) -> int:
        """The number of events that are applied."""
        return int(self.applied_by.sum())

    def counts(self) -> dict[str, int]:
        """Return the number of events, by fate."""
        return {"applied": self.applied, **self.books.counts(self.decided)}

    # --- standings --------------------------------------------------------------------------------

    @cached_property
    def present(self) -> Ints:
        """The numbers of the customers who have a standing."""
        return np.flatnonzero(self.there)

    @cached_property
    def last_rows(self) -> Ints:
        """The row of each customer's last event, one customer after the other; ``NONE``: there is none. Shape (customers,)."""
        timeline = self.timeline
        ends = np.cumsum(self.applied_by) - 1
        last = ends + np.searchsorted(timeline.breaks - np.arange(len(timeline.breaks)), ends, side="right")
        return np.where(self.applied_by > 0, last, NONE)

    def _last_places(self) -> tuple[Ints, Ints]:
        """Return the customers who have an event, and the place of their last one."""
        some = np.flatnonzero(self.applied_by)
        ranks = self.timeline.ranks
        return some, ranks.offsets[self.last_rows[some] - ranks.starts[some]] + ranks.column[some]

    @cached_property
    def last(self) -> tuple[Ints, Ints, Ints]:
        """The position, the instant and the beginning of the silence of each customer at their last event. Shape (customers,)."""
        position, as_of, quiet = (np.zeros(len(self.there), np.int64) for _ in range(3))
        for values, before in ((position, self.known.position), (as_of, self.known.as_of)):
            values[: len(before)] = before
        some, places = self._last_places()
        position[some], as_of[some] = self.course.after[places], self.timeline.at[places]
        quiet[self.timeline.ranks.customers] = self.course.quiet
        return position, as_of, quiet

    @cached_property
    def observed(self) -> Ints:
        """The position of each customer at the look. Shape (customers,)."""
        found = np.zeros(len(self.there), np.int64)
        found[self.timeline.ranks.customers] = self.course.observed
        return found

    # --- what moved them --------------------------------------------------------------------------

    @property
    def transitions(self) -> Changes:
        """The changes of leaf state."""
        return self._moves.where(self.books.arrays.ranks)

    @property
    def relations(self) -> Changes:
        """The changes of whether a customer is across the barrier, or is engaged."""
        return self._moves.where(self.across * 2 + self.engaged)

    @cached_property
    def across(self) -> Ints:
        """Which positions lie across the barrier. Shape (positions,)."""
        return np.array([not self.curve.stage(each).outside for each in self.curve.table().positions])

    @cached_property
    def engaged(self) -> Ints:
        """In which positions customers are engaged. Shape (positions,)."""
        return np.array([self.curve.is_engaged(each) for each in self.curve.table().positions])

    @cached_property
    def _moves(self) -> Changes:
        return self._changes(self.books.arrays.ranks * 4 + self.across * 2 + self.engaged)

    def _changes(self, differs: Ints) -> Changes:
        """Return the changes of position that matter.

        Args:
            differs: A number for each position: a change matters if the numbers of its positions differ. Shape (positions,).
        """
        course, timeline = self.course, self.timeline
        own = np.flatnonzero(differs[course.met] != differs[course.after])
        customer, row = timeline.ranks.rows(own)
        last = np.full(len(own), _LAST_OF_A_ROW)
        parts = [
            (customer, row, timeline.at[own], timeline.code[own], course.met[own], course.after[own], last),
            *self._silent_changes(differs),
        ]
        found = [np.concatenate(part) for part in zip(*parts, strict=True)]
        order = np.lexsort((found[-1], found[1], found[0]))
        customer, row, at, signal, before, after, place = (part[order] for part in found)
        return Changes(customer, row, at, signal, before, after, place < _LAST_OF_A_ROW)

    def _silent_changes(self, differs: Ints) -> list[tuple[Ints, ...]]:
        """Return the changes that silences make: those of all first silences in a row, of all second ones, and so on."""
        silences, found = self.books.arrays.silences, self.course.silences
        column, ranks = self.books.arrays.columns[SILENCE], self.timeline.ranks
        rows = len(self.timeline.at)
        looks = found.place >= rows
        customer, row = ranks.rows(np.where(looks, 0, found.place)) if rows else (found.place, found.place)
        customer = np.where(looks, ranks.customers[np.where(looks, found.place - rows, 0)], customer)
        row = np.where(looks, _OBSERVED, row)
        parts: list[tuple[Ints, ...]] = []
        entries = np.arange(len(found.place))
        for n in range(int(found.count.max(initial=0))):
            entries = entries[found.count[entries] > n]
            before, after = silences[n, found.before[entries]], silences[n + 1, found.before[entries]]
            matters = differs[before] != differs[after]
            some = entries[matters]
            at = found.quiet[some] + (found.first[some].astype(np.int64) + n) * self.books.curve.silence_after_us
            signal, place = np.full(len(some), column), np.full(len(some), n)
            parts.append((customer[some], row[some], at, signal, before[matters], after[matters], place))
        return parts

    def events_met(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Return the customer, the instant, the position that it meets and the signal of each event that sends one."""
        timeline = self.timeline
        sends = timeline.code < self.books.arrays.no_signal
        if len(timeline.breaks):
            ranks = timeline.ranks
            customer = np.searchsorted(ranks.starts, timeline.breaks, side="right") - 1
            sends[ranks.offsets[timeline.breaks - ranks.starts[customer]] + ranks.column[customer]] = False
        places = np.flatnonzero(sends)
        customer = timeline.ranks.owners()[places]
        return customer, timeline.at[places], self.course.met[places], timeline.code[places]

    def first_at(self) -> Ints:
        """Return the instant of the first event of each customer who has one, or of their standing before; ``NO_TIME``: neither."""
        found = np.full(len(self.there), NO_TIME, np.int64)
        ranks = self.timeline.ranks
        many = int(ranks.offsets[1]) if len(ranks.offsets) > 1 else 0
        found[ranks.customers[:many]] = self.timeline.at[:many]
        found[: len(self.known.as_of)] = self.known.as_of
        return found

    @property
    def names(self) -> pl.Series:
        """The names of all customers of the columns."""
        return self.books.events.customers

    @property
    def curve(self) -> Curve:
        """The curve."""
        return self.books.curve
