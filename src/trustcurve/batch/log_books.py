"""The promise books of a log's customers, kept by columns: which events count, which do not, and whom columns cannot decide."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import numpy as np
import polars as pl
from attrs import frozen

from trustcurve.arrays.curve_arrays import CurveArrays
from trustcurve.batch.event_columns import EventColumns
from trustcurve.batch.identity_columns import IdentityColumns, differing, repeats_of_earlier
from trustcurve.batch.ints import NONE, Ints
from trustcurve.batch.promise_columns import OpenPromises, PromiseColumns
from trustcurve.batch.promise_entries import OVERDUE
from trustcurve.core.curve import Curve
from trustcurve.core.events import PromiseMade
from trustcurve.core.instants import datetime_of
from trustcurve.core.replay import EventFate, LoggedEvent
from trustcurve.errors import PromiseAlreadyOpenError, PromiseOverdueError, TrustcurveError, UnknownPromiseError
from trustcurve.records import RejectRecord, event_of

__all__ = ["LogBooks"]


@frozen(eq=False)
class LogBooks:
    """The events of a log as columns, and what the promise books of all customers say.

    Args:
        curve: The curve.
        arrays: Its table.
        events: The columns.
        repeated: The events that repeat an identity.
        conflicting: Those of them that differ from the first event with it.
        first_rows: The first events of these, as records of ``EVENTS``.
        book: What the books say.
        rejected: The events that are rejected, because the book rejects them or another event of their row at that instant.
        causes: The event that the book rejects, for each of them.
        odd: The customers who must be replayed one event after the other, a flag for each: an event cannot be made or is of
            the past, events of a row hang together, or what repeats what is not clear; all, where silences never settle.
    """

    curve: Curve
    arrays: CurveArrays
    events: EventColumns
    repeated: Ints
    conflicting: Ints
    first_rows: pl.DataFrame
    book: PromiseColumns
    rejected: Ints
    causes: Ints
    odd: Ints

    @classmethod
    def of(
        cls,
        events: EventColumns,
        curve: Curve,
        arrays: CurveArrays,
        begin: OpenPromises,
        identities: pl.DataFrame | None = None,
    ) -> LogBooks:
        """Keep the books.

        Args:
            events: The events.
            curve: The curve.
            arrays: Its table.
            begin: The promises that are open before the first event.
            identities: The events with ids that were applied before: a table of ``EVENTS``.
        """
        old, old_rows = repeats_of_earlier(events, identities)
        found = IdentityColumns.of(events, old)
        book = PromiseColumns.of(events, found, curve, arrays, begin, gone=old)
        rejected, causes, again = _with_their_rows(events, book, found, old)
        odd = events.odd | (not arrays.settles)
        # The book goes promise by promise: it does not know yet whether an event about another one counts.
        other = _is_about_another(events, found) | (again & found.crowded)
        tied = rejected[(events.about[rejected] != NONE) & (rejected != causes)]
        odd[events.customer[np.concatenate([found.repeats[other], tied])]] = True
        new = found.without(again)
        new_rows = events.rows(new.firsts)
        differ = [differing(events, *each, odd) for each in ((old, old_rows), (new.repeats, new_rows))]
        return cls(
            curve=curve,
            arrays=arrays,
            events=events,
            repeated=np.concatenate([old, new.repeats]),
            conflicting=np.concatenate([old[differ[0]], new.repeats[differ[1]]]),
            first_rows=pl.concat(
                [rows.filter(pl.Series(each)) for rows, each in zip((old_rows, new_rows), differ, strict=True)],
                how="diagonal_relaxed",
            ),
            book=book,
            rejected=rejected,
            causes=causes,
            odd=odd,
        )

    @property
    def odd_customers(self) -> pl.Series:
        """The names of the customers who must be replayed one event after the other."""
        return self.events.customers.filter(pl.Series(self.odd, dtype=pl.Boolean))

    @property
    def gone(self) -> Ints:
        """The events that do not count."""
        return np.concatenate([self.repeated, self.book.skipped, self.rejected])

    def counts(self, chosen: Ints) -> dict[str, int]:
        """Return the number of events of some customers that do not count, by fate."""
        owner = self.events.customer

        def many(events: Ints) -> int:
            return int(np.count_nonzero(chosen[owner[events]]))

        conflicts = many(self.conflicting)
        return {
            "skipped": many(self.book.skipped),
            "duplicate": many(self.repeated) - conflicts,
            "conflict": conflicts,
            "rejected": many(self.rejected),
        }

    def rejects(self, chosen: Ints) -> list[RejectRecord]:
        """Return the rejected and the conflicting events of some customers, one customer after the other."""
        found = [(number, RejectRecord.of(fate)) for number, fate in self._conflicts(chosen)]
        numbers, causes, errors = self._rejected(chosen)
        for number, record, cause in zip(numbers.tolist(), self._records(numbers), causes.tolist(), strict=True):
            found.append((number, RejectRecord.of_error(**record, kind=errors[cause][0], error=errors[cause][1])))
        return [record for _, record in sorted(found, key=itemgetter(0))]

    def fates(self, chosen: Ints) -> list[EventFate]:
        """Return the fates of these events, which takes objects for them."""
        found = self._conflicts(chosen)
        numbers, causes, errors = self._rejected(chosen)
        logged = zip(self._logged(numbers), self._logged(causes), strict=True)
        for number, of, (event, cause) in zip(numbers.tolist(), causes.tolist(), logged, strict=True):
            found.append((number, EventFate(event, "rejected", None, errors[of][1], cause)))
        return [fate for _, fate in sorted(found, key=itemgetter(0))]

    def _conflicts(self, chosen: Ints) -> list[tuple[int, EventFate]]:
        some = np.flatnonzero(chosen[self.events.customer[self.conflicting]])
        numbers, firsts = self.conflicting[some], map(event_of, self.first_rows[some].iter_rows(named=True))
        return [
            (number, EventFate(logged, "conflict", None, None, first))
            for number, logged, first in zip(numbers.tolist(), self._logged(numbers), firsts, strict=True)
        ]

    def _rejected(self, chosen: Ints) -> tuple[Ints, Ints, dict[int, tuple[str, TrustcurveError]]]:
        """Return the rejected events of some customers, their causes, and why the book rejects these."""
        mine = np.flatnonzero(chosen[self.events.customer[self.rejected]])
        return self.rejected[mine], self.causes[mine], self._errors(self.causes[mine])

    def _logged(self, events: Ints) -> Iterator[LoggedEvent]:
        return map(event_of, self.events.rows(events).iter_rows(named=True))

    def _records(self, events: Ints) -> Iterator[dict[str, Any]]:
        """Yield what a reject says of its event."""
        columns, at = self.events, map(datetime_of, self.events.at[events].tolist())
        texts = (columns.texts(name, events).cast(pl.String).to_list() for name in ("customer", "event"))
        for row, when, customer, event in zip(columns.texts("row", events).to_list(), at, *texts, strict=True):
            yield {"row": row, "customer": customer, "at": when, "event": event}

    def _errors(self, causes: Ints) -> dict[int, tuple[str, TrustcurveError]]:
        """Return why the book rejects events: the class of each, and the error that ``advance`` raises there."""
        book = self.book
        order = np.argsort(book.rejected)
        place = order[np.searchsorted(book.rejected[order], np.unique(causes))]
        numbers = book.rejected[place]
        rows = self.events.rows(numbers).select("customer", "promise", "event").iter_rows()
        return {
            number: (kind, _error(customer, promise, kind, stood, due))
            for number, stood, due, (customer, promise, kind) in zip(
                numbers.tolist(), book.stood[place].tolist(), book.was_due[place].tolist(), rows, strict=True
            )
        }


def _error(customer: str, promise: str, kind: str, stood: int, due: int) -> TrustcurveError:
    """Return the error of an event about a promise that stands in a way in which it cannot be applied."""
    if kind == PromiseMade.__name__:
        return PromiseAlreadyOpenError(customer, promise, stood == OVERDUE)
    if stood == OVERDUE:
        return PromiseOverdueError(customer, promise, datetime_of(due))
    return UnknownPromiseError(customer, promise, kind)


def _is_about_another(events: EventColumns, found: IdentityColumns) -> Ints:
    """Return which repeats are about a promise, and the first of their identity is not about the same one. Shape (repeats,)."""
    about = events.about[found.repeats] != NONE
    other: Ints = about.copy()
    some = np.flatnonzero(about & (events.about[found.firsts] != NONE))
    one, first = (events.texts("promise", each[some]) for each in (found.repeats, found.firsts))
    other[some] = one.ne_missing(first).to_numpy()
    return other


def _with_their_rows(
    events: EventColumns, book: PromiseColumns, found: IdentityColumns, old: Ints
) -> tuple[Ints, Ints, Ints]:
    """Return the events that are rejected with those that the book rejects: all of a row at one instant.

    Returns:
        The events; the cause of each; and which repeats count like other events, because the first of their identity does
        not. Shapes (rejected,), (rejected,) and (repeats,).
    """
    left_out = np.concatenate([book.skipped, book.rejected])
    if not len(book.rejected) or not events.table.given("row"):
        return book.rejected, book.rejected, np.isin(found.firsts, left_out)
    unit = _units(events)
    first = (
        pl.DataFrame({"unit": unit[book.rejected], "cause": book.rejected}).group_by("unit").agg(pl.col("cause").min())
    )
    places = np.flatnonzero(np.isin(unit, first["unit"].to_numpy()))
    places = places[~np.isin(places, np.concatenate([book.repeated, book.skipped, old]))]
    again = np.isin(found.firsts, np.concatenate([places[~np.isin(places, found.repeats)], left_out]))
    places = places[~np.isin(places, found.repeats[~again])]
    both = pl.DataFrame({"event": places, "unit": unit[places]}).join(first, on="unit", how="left").sort("event")
    return both["event"].to_numpy(), both["cause"].to_numpy(), again


def _units(events: EventColumns) -> Ints:
    """Number the events so that those have the same number that are applied all or none: of one row, at one instant."""
    table, source = events.table, events.source
    row, place = table.integers("row", NONE)[source], table.integers("place", 0)[source]
    begins = np.ones(len(row), bool)
    begins[1:] = (row[1:] != row[:-1]) | (row[1:] == NONE) | (events.at[1:] != events.at[:-1])
    begins[1:] |= (events.customer[1:] != events.customer[:-1]) | (place[1:] <= place[:-1])
    return np.cumsum(begins, dtype=np.int64)
