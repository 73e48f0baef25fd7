"""The promise books of a log's customers, kept by columns: which events count, which do not, and whom columns cannot decide."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

import numpy as np
import polars as pl
from attrs import frozen

from trustcurve.arrays.curve_arrays import CurveArrays
from trustcurve.batch.event_columns import EventColumns
from trustcurve.batch.identity_columns import IdentityColumns
from trustcurve.batch.ints import NO_TIME, NONE, Ints
from trustcurve.batch.promise_columns import ABSENT, OVERDUE, OpenPromises, PromiseColumns
from trustcurve.core.curve import Curve
from trustcurve.core.instants import datetime_of
from trustcurve.core.promises import EMPTY, Promise, PromiseBook
from trustcurve.core.replay import EventFate, LoggedEvent
from trustcurve.core.standing import Standing
from trustcurve.errors import TrustcurveError
from trustcurve.records import event_of

__all__ = ["LogBooks"]


@frozen(eq=False)
class LogBooks:
    """The events of a log as columns, and what the promise books of all customers say.

    Args:
        curve: The curve.
        arrays: Its table.
        events: The columns.
        repeats: The events that repeat an identity.
        conflicting: Which of them differ from the first event of their identity. Shape (repeats,).
        book: What the books say.
        rejected: The events that are rejected, because the book rejects them or another event of their row at that instant.
        causes: The event that the book rejects, for each of them.
        odd: The customers who must be replayed one event after the other, a flag for each: an event cannot be made or is of
            the past, events of a row hang together, or what repeats what is not clear; all, where silences never settle.
    """

    curve: Curve
    arrays: CurveArrays
    events: EventColumns
    repeats: IdentityColumns
    conflicting: Ints
    book: PromiseColumns
    rejected: Ints
    causes: Ints
    odd: Ints

    @classmethod
    def of(cls, events: EventColumns, curve: Curve, arrays: CurveArrays, begin: OpenPromises) -> LogBooks:
        """Keep the books.

        Args:
            events: The events.
            curve: The curve.
            arrays: Its table.
            begin: The promises that are open before the first event.
        """
        repeats = IdentityColumns.of(events)
        book = PromiseColumns.of(events, repeats.repeats, curve, arrays, begin)
        rejected, causes = _with_their_rows(events, book, repeats.repeats)
        odd = events.odd | (not arrays.settles)
        # Here the first event of an identity was taken to be applied; and no row to have two events about promises.
        unsure = repeats.firsts[np.isin(repeats.firsts, np.concatenate([rejected, book.skipped]))]
        tied = rejected[(events.about[rejected] != NONE) & (rejected != causes)]
        odd[events.customer[np.concatenate([unsure, tied])]] = True
        return cls(curve, arrays, events, repeats, repeats.conflicts(events, odd), book, rejected, causes, odd)

    @property
    def odd_customers(self) -> pl.Series:
        """The names of the customers who must be replayed one event after the other."""
        return self.events.customers.filter(pl.Series(self.odd, dtype=pl.Boolean))

    @property
    def gone(self) -> Ints:
        """The events that do not count."""
        return np.concatenate([self.repeats.repeats, self.book.skipped, self.rejected])

    def counts(self, chosen: Ints) -> dict[str, int]:
        """Return the number of events of some customers that do not count, by fate."""
        owner = self.events.customer

        def many(events: Ints) -> int:
            return int(np.count_nonzero(chosen[owner[events]]))

        conflicts = many(self.repeats.repeats[self.conflicting])
        return {
            "skipped": many(self.book.skipped),
            "duplicate": many(self.repeats.repeats) - conflicts,
            "conflict": conflicts,
            "rejected": many(self.rejected),
        }

    def fates(self, chosen: Ints) -> list[EventFate]:
        """Return the fates of the rejected and the conflicting events of some customers, one customer after the other."""
        owner, repeats = self.events.customer, self.repeats
        found: list[tuple[int, EventFate]] = []
        conflicts = np.flatnonzero(self.conflicting & chosen[owner[repeats.repeats]])
        numbers, firsts = repeats.repeats[conflicts], repeats.firsts[conflicts]
        for number, logged, first in zip(numbers.tolist(), self._logged(numbers), self._logged(firsts), strict=True):
            found.append((number, EventFate(logged, "conflict", None, None, first)))
        mine = np.flatnonzero(chosen[owner[self.rejected]])
        numbers, causes = self.rejected[mine], self.causes[mine]
        errors = dict(zip(self.book.rejected.tolist(), self._errors(), strict=True)) if len(mine) else {}
        for number, of, logged, cause in zip(
            numbers.tolist(), causes.tolist(), self._logged(numbers), self._logged(causes), strict=True
        ):
            found.append((number, EventFate(logged, "rejected", None, errors[of], cause)))
        return [fate for _, fate in sorted(found, key=itemgetter(0))]

    def _logged(self, events: Ints) -> Iterator[LoggedEvent]:
        return map(event_of, self.events.rows(events).iter_rows(named=True))

    def _errors(self) -> Iterator[TrustcurveError | None]:
        """Yield why the book rejects each event: what the ledger says where the promise stands as it stood."""
        book = self.book
        for logged, stood, due in zip(
            self._logged_or_none(book.rejected), book.stood.tolist(), book.was_due.tolist(), strict=True
        ):
            yield None if logged is None else self._error(logged, stood, due)

    def _logged_or_none(self, events: Ints) -> Iterator[LoggedEvent | None]:
        """Make events; None for those of odd customers, which perhaps cannot be made."""
        made = self._logged(events[~self.odd[self.events.customer[events]]])
        for odd in self.odd[self.events.customer[events]].tolist():
            yield None if odd else next(made)

    def _error(self, logged: LoggedEvent, stood: int, due: int) -> TrustcurveError:
        event = logged.event
        found = Promise(
            event.promise,  # type: ignore[attr-defined] # it is about a promise
            None if due == NO_TIME else datetime_of(due),
            overdue=stood == OVERDUE,
        )
        book = EMPTY if stood == ABSENT else PromiseBook.of([found])
        standing = Standing.of(str(event.customer), self.curve.start, event.at_us, event.at_us, book)
        try:
            self.curve.advance(standing, event)
        except TrustcurveError as error:
            return error
        raise AssertionError(logged)  # pragma: no cover - the columns and the ledger would not agree


def _with_their_rows(events: EventColumns, book: PromiseColumns, repeats: Ints) -> tuple[Ints, Ints]:
    """Return the events that are rejected with those that the book rejects, all of a row at one instant; and the cause of each."""
    rejected = book.rejected
    if not len(rejected) or not events.table.given("row"):
        return rejected, rejected
    unit = _units(events)
    first = pl.DataFrame({"unit": unit[rejected], "cause": rejected}).group_by("unit").agg(pl.col("cause").min())
    places = np.flatnonzero(np.isin(unit, first["unit"].to_numpy()))
    places = places[~np.isin(places, np.concatenate([repeats, book.skipped]))]
    both = pl.DataFrame({"event": places, "unit": unit[places]}).join(first, on="unit", how="left")
    both = both.sort("event")
    return both["event"].to_numpy(), both["cause"].to_numpy()


def _units(events: EventColumns) -> Ints:
    """Number the events so that those have the same number that are applied all or none: of one row, at one instant."""
    table, source = events.table, events.source
    row, place = table.integers("row", NONE)[source], table.integers("place", 0)[source]
    begins = np.ones(len(row), bool)
    begins[1:] = (row[1:] != row[:-1]) | (row[1:] == NONE) | (events.at[1:] != events.at[:-1])
    begins[1:] |= (events.customer[1:] != events.customer[:-1]) | (place[1:] <= place[:-1])
    return np.cumsum(begins, dtype=np.int64)
