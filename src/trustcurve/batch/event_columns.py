"""A table of events as arrays of numbers, one customer after the other, each customer's events in the order of the log."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl
from attrs import frozen

from trustcurve.batch.event_table import EventTable
from trustcurve.batch.ints import NO_TIME, NONE, Ints
from trustcurve.core.curve import Curve
from trustcurve.core.events import EVENTS, PromiseBroken, PromiseKept, PromiseMade, PromiseMoved, PromiseReleased
from trustcurve.core.signals import FAULTS, LEDGER_SIGNALS, SIDES, WEIGHTS

__all__ = ["ABOUT_PROMISES", "KEPT", "MADE", "MOVED", "RELEASED", "EventColumns", "odd_customers"]

ABOUT_PROMISES = (PromiseMade, PromiseKept, PromiseBroken, PromiseMoved, PromiseReleased)
MADE, KEPT, BROKEN, MOVED, RELEASED = range(len(ABOUT_PROMISES))
"""What an event says of its promise, as numbers."""

_KINDS = tuple(kind.__name__ for kind in EVENTS)
_ABOUT = {kind.__name__: number for number, kind in enumerate(ABOUT_PROMISES)}


@frozen(eq=False)
class EventColumns:
    """Events as arrays, one customer after the other, each customer's in the order of the log.

    Args:
        table: The table of events that they come from.
        source: The place of each event in that table. Shape (events,), like all below.
        starts: The place of each customer's first event, and the number of all. Shape (customers + 1,).
        customers: The names of the customers, in the order in which they first appear.
        at: When it happened, in microseconds since 1970.
        signal: The column of its signal in the curve's table; ``NONE`` where that depends on a promise.
        about: What it says of a promise: ``MADE`` to ``RELEASED``; ``NONE``: nothing.
        due: The due date of a promise, in microseconds since 1970, or ``NO_TIME``. Empty if no event is about a promise.
        weight: 0 for a major promise, 1 for a minor one, ``NONE`` if it is not said. Empty like ``due``.
        if_open: Whether it is skipped where its promise is neither open nor overdue; None: no event is.
        odd: Which customers have an event that must be looked at by itself. Shape (customers,).
    """

    table: EventTable
    source: Ints
    starts: Ints
    customers: pl.Series
    at: Ints
    signal: Ints
    about: Ints
    due: Ints
    weight: Ints
    if_open: Ints | None
    odd: Ints

    @classmethod
    def of(
        cls, table: EventTable, curve: Curve, columns: dict[str, int], known: pl.Series | None = None
    ) -> EventColumns:
        """Make the columns of events.

        Args:
            table: The events, in any order.
            curve: The curve.
            columns: The columns of the curve's signals.
            known: The names of customers who come first, whether they have events or not.
        """
        source, starts, customers = _by_customer(table, known)
        at, kind = table.micros("at"), table.coded("event", _KINDS)
        about = np.array([*(_ABOUT.get(name, NONE) for name in _KINDS), NONE], np.int8)[kind]
        promises = bool((about != NONE).any())
        due = table.micros("due") if promises else np.zeros(0, np.int64)
        weight = _weights(table, about) if promises else np.zeros(0, np.int8)
        wrong = _wrong(table, curve, kind)
        if promises:
            dated = (about == MADE) | (about == MOVED)
            wrong |= ((due < at) & dated) | ((due == NO_TIME) & (about == MOVED))
            wrong |= ~table.is_given("promise") & (about != NONE)
        odd = np.zeros(len(customers), bool)
        if wrong.any():
            odd[np.searchsorted(starts, np.flatnonzero(wrong[source]), side="right") - 1] = True
        skips = promises and table.given("if_open")
        return cls(
            table=table,
            source=source,
            starts=starts,
            customers=customers,
            at=at[source],
            signal=_signals(table, kind, columns)[source],
            about=about[source],
            due=due[source] if promises else due,
            weight=weight[source] if promises else weight,
            if_open=((table.integers("if_open", 0) == 1) & (about != NONE))[source] if skips else None,
            odd=odd | (customers == "").to_numpy(),
        )

    @cached_property
    def customer(self) -> Ints:
        """The number of each event's customer. Shape (events,)."""
        return np.repeat(np.arange(len(self.customers), dtype=np.int32), np.diff(self.starts))

    def texts(self, column: str, places: Ints) -> pl.Series:
        """Return a column of the table for some events."""
        return self.table.texts(column, self.source[places])

    def rows(self, places: Ints) -> pl.DataFrame:
        """Return the rows of the table for some events."""
        return self.table.rows(self.source[places])


def odd_customers(table: EventTable, curve: Curve) -> pl.Series:
    """Return the names of the customers who have an event that must be looked at by itself."""
    columns = {signal: number for number, signal in enumerate(curve.signals)}
    events = EventColumns.of(table, curve, columns)
    return events.customers.filter(pl.Series(events.odd, dtype=pl.Boolean))


def _by_customer(table: EventTable, known: pl.Series | None) -> tuple[Ints, Ints, pl.Series]:
    """Return the order of events, one customer after the other; where each customer begins; and their names."""
    order, keys = _order(table), table.frame["customer"]
    keys = keys if order is None else keys.gather(order)
    many = 0 if known is None else len(known)
    if known is not None and many:
        keys = pl.concat([known.cast(pl.String), keys.cast(pl.String)])
    groups = keys.to_frame("customer").with_row_index("place").group_by("customer", maintain_order=True).agg("place")
    source = groups["place"].explode(empty_as_null=False).to_numpy()
    lengths = groups["place"].list.len().to_numpy().astype(np.int64)
    if many:
        source = source[source >= many] - many
        lengths[:many] -= 1
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
    return source if order is None else order[source], starts, groups["customer"].cast(pl.String)


def _order(table: EventTable) -> Ints | None:
    """Return the order of the log: by time, then by sequence, row and place; None if the events are in it."""
    at = table.frame["at"].cast(pl.Datetime("us", "UTC"))
    if _in_order_of_rows(table):
        if at.is_sorted():
            return None
        return at.to_frame("at").with_row_index("arrived").sort("at", maintain_order=True)["arrived"].to_numpy()
    keys = {"at": at, "row": table.frame["row"] if table.given("row") else pl.repeat(None, table.height, eager=True)}
    if table.given("sequence"):
        keys["sequence"] = table.frame["sequence"]
    frame = pl.DataFrame({**keys, "place": table.integers("place", 0)}).with_row_index("arrived")
    place = pl.when(pl.col("row").is_not_null()).then("place")
    by = ["at", *(["sequence"] if "sequence" in keys else []), "row", place]
    return frame.select("arrived", *keys, "place").sort(by, nulls_last=True, maintain_order=True)["arrived"].to_numpy()


def _in_order_of_rows(table: EventTable) -> bool:
    """Whether the events of one instant come in the order of their rows, and those of a row in that of their places."""
    if table.given("sequence") or not table.is_given("row").all():
        return False
    row, place = table.frame["row"], table.integers("place", 0)
    number = row.to_numpy()
    return row.is_sorted() and not bool(((number[1:] == number[:-1]) & (place[1:] < place[:-1])).any())


def _weights(table: EventTable, about: Ints) -> Ints:
    """Return the weights of promises; one that is made without any is major."""
    weight = table.coded("weight", WEIGHTS)
    return np.where((about == MADE) & ~table.is_given("weight"), 0, weight).astype(np.int8)


def _signals(table: EventTable, kind: Ints, columns: dict[str, int]) -> Ints:
    """Return the column of each event's signal, where it does not depend on a promise."""
    direct = [columns.get(each.signal, NONE) if isinstance(each.signal, str) else NONE for each in EVENTS]
    found = np.array([*direct, NONE], np.int16)[kind]
    sided = kind == _KINDS.index("OneSided")
    if sided.any():
        sides = np.array([*(columns[f"{side}_one_sided"] for side in SIDES), NONE], np.int16)
        found = np.where(sided, sides[table.coded("by", SIDES)], found)
    own = kind == _KINDS.index("Signalled")
    if own.any():
        numbers = np.array([*columns.values(), NONE], np.int16)
        found = np.where(own, numbers[table.coded("signal", tuple(columns))], found)
    return found


def _wrong(table: EventTable, curve: Curve, kind: Ints) -> Ints:
    """Return which events cannot be made, or are rejected whatever came before them."""
    own = tuple(set(curve.signals) - set(LEDGER_SIGNALS))
    wrong: Ints = kind == NONE
    for column, known in (("weight", tuple[str, ...](WEIGHTS)), ("fault", tuple[str, ...](FAULTS))):
        if table.given(column):
            wrong |= table.is_given(column) & (table.coded(column, known) == NONE)
    for column, name, words in (("by", "OneSided", SIDES), ("signal", "Signalled", own)):
        those = kind == _KINDS.index(name)
        if those.any():
            wrong |= those & (table.coded(column, words) == NONE)
    for column in ("id", "promise"):
        if table.given(column):
            wrong |= table.coded(column, ("",)) != NONE
    return wrong
