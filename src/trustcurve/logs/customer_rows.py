"""The events and outcomes of the rows of single customers, as objects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import polars as pl
from attrs import define, evolve, fields_dict, frozen

from trustcurve.batch.event_table import EventTable
from trustcurve.core.instants import datetime_of
from trustcurve.core.replay import LoggedEvent
from trustcurve.errors import TrustcurveError
from trustcurve.logs.mapping import KINDS
from trustcurve.records import EVENTS, RejectRecord

__all__ = ["CustomerRows", "Mark", "customer_rows"]

_PLACED = ("event", "at", "customer", "row", "place", "sequence", "if_open")
_GIVEN = {
    name: [column.name for column in EVENTS.columns if column.name not in _PLACED and column.name in fields_dict(kind)]
    for name, kind in KINDS.items()
}
_TIMES = ("at", "due")
_AT_ONCE = 4_096


@frozen(eq=False)
class Mark:
    """An outcome in a log.

    Args:
        before: The number of the customer's events that come before it in the order of the log.
        row: The row's number.
        at: The time of the outcome.
        id: The row's id, if it has one.
        outcome: The name of the outcome.
        value: Its value; None if it is unreadable, or if later events decide.
        odd: Why it is unreadable; None if it is not.
    """

    before: int
    row: int
    at: datetime
    id: str | None
    outcome: str
    value: float | None
    odd: str | None


@define(eq=False)
class CustomerRows:
    """The events and outcomes of the rows of one customer, both in the order of the log.

    ``broken`` has a reject for each row with an event that could not be created; ``events`` has no events of such a row.
    """

    customer: str
    events: list[LoggedEvent]
    marks: list[Mark]
    broken: list[RejectRecord]


def customer_rows(table: EventTable, marks: pl.DataFrame | None = None) -> Iterator[CustomerRows]:
    """Create the events of a table, and the outcomes beside them, customer by customer, in the order of first appearance.

    Args:
        table: The events.
        marks: The outcomes, as ``Mapped.marks``; those of a row come before its events.
    """
    made: CustomerRows | None = None
    for record in _records(table, marks):
        if made is None or made.customer != record["customer"]:
            if made is not None:
                yield _without_broken(made)
            made = CustomerRows(record["customer"], [], [], [])
        _add(made, record)
    if made is not None:
        yield _without_broken(made)


def _add(made: CustomerRows, record: dict[str, Any]) -> None:
    at, row, kind = datetime_of(record["at"]), record["row"], record["event"]
    if kind is None:
        said = (record[name] for name in ("id", "outcome", "value", "odd"))
        made.marks.append(Mark(len(made.events), row, at, *said))
        return
    given = {name: record[name] for name in _GIVEN[kind] if record.get(name) is not None}
    if "due" in given:
        given["due"] = datetime_of(given["due"])
    try:
        event = KINDS[kind](at=at, customer=made.customer, **given)
    except TrustcurveError as error:
        made.broken.append(RejectRecord.of_row(row, made.customer, kind, error))
        return
    flag = bool(record["if_open"])
    made.events.append(LoggedEvent(event, row, record["place"], record.get("sequence"), if_open=flag))


def _records(table: EventTable, marks: pl.DataFrame | None) -> Iterator[dict[str, Any]]:
    """Yield events and outcomes in the order of the log, one customer after the other.

    Times are microseconds: the UTC of Polars is not that of Python, and the ledger would convert every time.
    """
    rows = table.all_rows()
    if marks is not None:
        shown = marks.with_columns(pl.lit(-1, pl.Int64).alias("place"), pl.lit(None, pl.String).alias("event"))
        rows = pl.concat([rows, shown], how="diagonal_relaxed")
    by = ["at", *(["sequence"] if "sequence" in rows.columns else []), "row", "place"]
    placed = rows.sort(by, nulls_last=True, maintain_order=True).with_row_index("trustcurve.place")
    first = pl.col("trustcurve.place").first().over("customer").alias("trustcurve.first")
    ordered = placed.with_columns(first).sort("trustcurve.first", "trustcurve.place")
    physical = [pl.col(name).to_physical() for name in _TIMES if name in ordered.columns]
    for some in ordered.with_columns(physical).iter_slices(_AT_ONCE):
        yield from some.iter_rows(named=True)


def _without_broken(made: CustomerRows) -> CustomerRows:
    """Leave out the events of broken rows."""
    if not made.broken:
        return made
    broken = {reject.row for reject in made.broken}
    kept = [each for each in made.events if each.row not in broken]
    gone = [0]
    for each in made.events:
        gone.append(gone[-1] + (each.row in broken))
    marks = [evolve(mark, before=mark.before - gone[mark.before]) for mark in made.marks]
    first = {reject.row: reject for reject in reversed(made.broken)}
    return CustomerRows(made.customer, kept, marks, list(first.values()))
