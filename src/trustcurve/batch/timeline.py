"""What happens to customers in order, events and breaks together, laid out by rank: all first rows, then all second rows."""

from __future__ import annotations

import numpy as np
import polars as pl
from attrs import frozen

from trustcurve.batch.event_columns import EventColumns
from trustcurve.batch.ints import Ints
from trustcurve.batch.promise_columns import PromiseColumns

__all__ = ["Ranks", "Timeline"]

_INT32_MOST = np.iinfo(np.int32).max


@frozen(eq=False)
class Ranks:
    """Where the rows of customers lie if all first rows come first, then all second rows, and so on.

    Within a rank the customers with the most rows come first: so those who have a k-th row stand together, in the same order.

    Args:
        starts: Where each customer's rows begin, one customer after the other, and the number of all. Shape (customers + 1,).
        customers: The customers, those with the most rows first. Shape (customers,).
        column: The place of each customer in that order. Shape (customers,).
        offsets: Where each rank begins, and the number of all rows. Shape (ranks + 1,).
    """

    starts: Ints
    customers: Ints
    column: Ints
    offsets: Ints

    @classmethod
    def of(cls, lengths: Ints) -> Ranks:
        """Lay out customers by their numbers of rows."""
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
        customers = np.argsort(-lengths, kind="stable")
        column = np.empty(len(lengths), np.int32)
        column[customers] = np.arange(len(lengths), dtype=np.int32)
        having = np.bincount(lengths, minlength=1)
        active = having.sum() - np.cumsum(having)[:-1]  # how many have more than k rows
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(active, dtype=np.int64)])
        return cls(starts, customers, column, offsets)

    def places(self) -> Ints:
        """Return where each row lies, for the rows of one customer after the other."""
        kind = np.int32 if self.starts[-1] <= _INT32_MOST else np.int64
        lengths = np.diff(self.starts)
        rank = np.arange(self.starts[-1], dtype=kind) - np.repeat(self.starts[:-1].astype(kind), lengths)
        places: Ints = self.offsets.astype(kind)[rank]
        places += np.repeat(self.column.astype(kind), lengths)
        return places

    def rows(self, places: Ints) -> tuple[Ints, Ints]:
        """Return the customers of some places, and their rows: the numbers that they have one customer after the other."""
        rank = np.searchsorted(self.offsets, places, side="right") - 1
        customer = self.customers[places - self.offsets[rank]]
        return customer, self.starts[customer] + rank

    def owners(self) -> Ints:
        """Return the customer of each place."""
        column = np.arange(self.offsets[-1]) - np.repeat(self.offsets[:-1], np.diff(self.offsets))
        owners: Ints = self.customers[column]
        return owners

    def ends(self, customers: Ints) -> Ints:
        """Return where the last rows of customers lie, each of whom has one."""
        rank = self.starts[customers + 1] - self.starts[customers] - 1
        places: Ints = self.offsets[rank] + self.column[customers]
        return places


@frozen(eq=False)
class Timeline:
    """Events and breaks of customers in order, laid out by rank.

    Args:
        ranks: How they are laid out.
        at: When each row happens, in microseconds since 1970. Shape (rows,), like the two below.
        code: What it sends.
        waiting: Whether a promise with a date is open after it; None: never.
        breaks: The rows that are breaks, one customer after the other, in order. Shape (breaks,).
        broken: Which break of the book each of them is. Shape (breaks,).
        kept: The events that the other rows are, one customer after the other; None: all events of the columns.
    """

    ranks: Ranks
    at: Ints
    code: Ints
    waiting: Ints | None
    breaks: Ints
    broken: Ints
    kept: Ints | None

    @classmethod
    def of(
        cls, events: EventColumns, book: PromiseColumns, chosen: Ints, gone: Ints, *, until: int, open_: Ints
    ) -> Timeline:
        """Merge events and breaks.

        Args:
            events: The events.
            book: What the books say of them.
            chosen: The customers who are there: a flag for each.
            gone: The events that do not count, of customers who are there. Shape (gone,).
            until: Breaks count up to this instant, which is not before any event; in microseconds since 1970.
            open_: How many promises with a date are open before the first event of each customer. Shape (customers,).
        """
        kept = None
        if len(gone) or not chosen.all():
            stays = np.ones(len(events.at), bool) if chosen.all() else chosen[events.customer]
            stays[gone] = False
            kept = np.flatnonzero(stays)
        at, code, dated, customer = events.at, book.code, book.dated, events.customer
        if kept is not None:
            at, code, customer = at[kept], code[kept], customer[kept]
            dated = None if dated is None else dated[kept]
        lengths = np.bincount(customer, minlength=len(events.customers))
        broken = np.flatnonzero(chosen[book.broken_of] & (book.broken_at < until))
        broken = broken[_order(book, broken)]
        whose, when = book.broken_of[broken], book.broken_at[broken]
        after = _insertions(at, np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]), whose, when)
        breaks = after + np.arange(len(broken))
        if len(broken):
            at, code = _merged(at, breaks, when), _merged(code, breaks, book.broken_code[broken])
            lengths = lengths + np.bincount(whose, minlength=len(lengths))
        ranks = Ranks.of(lengths)
        places = ranks.places()
        waiting = None
        if dated is not None:
            dated = _merged(dated, breaks, np.full(len(broken), -1, np.int8))
            waiting = _laid(_waiting(dated, ranks.starts, open_), places)
        elif open_.any():
            waiting = _laid(_waiting(np.zeros(len(at), np.int8), ranks.starts, open_), places)
        return cls(ranks, _laid(at, places), _laid(code, places), waiting, breaks, broken, kept)

    def sources(self, rows: Ints) -> tuple[Ints, Ints]:
        """Return what some rows are, which are numbered one customer after the other.

        Returns:
            Whether each is a break; and the number of the break in the book, or of the event in the columns.
        """
        before = np.searchsorted(self.breaks, rows)
        if not len(self.breaks):
            return np.zeros(len(rows), bool), rows if self.kept is None else self.kept[rows]
        is_break = self.breaks[np.minimum(before, len(self.breaks) - 1)] == rows
        number = rows - before
        found = np.empty(len(rows), np.int64)
        found[is_break] = self.broken[before[is_break]]
        others = number[~is_break]
        found[~is_break] = others if self.kept is None else self.kept[others]
        return is_break, found


def _order(book: PromiseColumns, broken: Ints) -> Ints:
    """Return the order of breaks: by customer and time; at one instant promises break by id."""
    frame = pl.DataFrame(
        {"customer": book.broken_of[broken], "at": book.broken_at[broken], "id": book.broken.gather(broken)}
    )
    return frame.select(pl.arg_sort_by("customer", "at", "id")).to_series().to_numpy()


def _insertions(at: Ints, starts: Ints, whose: Ints, when: Ints) -> Ints:
    """Return before which event each break comes: the first of its customer that is later; by bisection, all at once."""
    low, high = starts[whose], starts[whose + 1]
    while True:
        open_ = low < high
        if not open_.any():
            return low
        middle = (low + high) // 2
        later = at[np.minimum(middle, len(at) - 1)] > when
        high = np.where(open_ & later, middle, high)
        low = np.where(open_ & ~later, middle + 1, low)


def _merged(events: Ints, breaks: Ints, values: Ints) -> Ints:
    """Put the values of breaks between those of events."""
    if not len(breaks):
        return events
    both = np.empty(len(events) + len(breaks), events.dtype)
    is_event = np.ones(len(both), bool)
    is_event[breaks] = False
    both[breaks] = values
    both[is_event] = events
    return both


def _waiting(dated: Ints, starts: Ints, open_: Ints) -> Ints:
    """Return whether a promise with a date is open after each row: one running sum over all customers."""
    running = np.cumsum(dated, dtype=np.int32)
    lengths = np.diff(starts)
    some = lengths > 0
    before = np.zeros(len(lengths), np.int32)
    first = starts[:-1][some]
    before[some] = running[first] - dated[first]
    waits: Ints = running > np.repeat(before - open_.astype(np.int32), lengths)
    return waits


def _laid(values: Ints, places: Ints) -> Ints:
    laid = np.empty_like(values)
    laid[places] = values
    return laid
