"""Replay a table of events: by columns where the columns decide, and one event after the other where they do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from operator import attrgetter

import polars as pl

from trustcurve.batch.column_replay import Books, ColumnReplay, books_of
from trustcurve.batch.event_columns import Ints
from trustcurve.core.curve import Curve
from trustcurve.core.instants import datetime_of, instant, microseconds
from trustcurve.core.replay import (
    FATES,
    EventCounts,
    History,
    Identity,
    LoggedEvent,
    Observation,
    Replay,
    combine,
    history,
)
from trustcurve.core.standing import Standing
from trustcurve.records import EVENTS, event_of, polars_types

__all__ = ["in_order", "replay_frame", "together"]


def replay_frame(
    events: pl.DataFrame, curve: Curve, until: datetime | None = None, *, keep_identities: bool = False
) -> Replay:
    """Replay a table of events of many customers; the result is that of ``replay`` of the same events.

    Args:
        events: A table of ``EVENTS`` (see ``trustcurve.records``), in any order.
        curve: The curve.
        until: Leave out later events, and observe all customers at this instant. If None: the time of the last applied
            event.
        keep_identities: Whether to return the identities used, with their events, which takes an object for each.

    Raises:
        TrustcurveError: A row is no event: the error of its class.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Exchanged
        >>> from trustcurve.records import event_record, polars_frame
        >>> one = Exchanged(at=datetime(2026, 1, 1, tzinfo=UTC), customer="ann")
        >>> replay_frame(polars_frame(EVENTS, [event_record(one)]), Curve.default()).standings["ann"].position.engaged
        0
    """
    end = None if until is None else microseconds(instant(until, "until"))
    ordered = in_order(events)
    late = ordered.filter(pl.col("at").dt.timestamp("us") > end) if end is not None else ordered.clear()
    early = ordered.filter(pl.col("at").dt.timestamp("us") <= end) if end is not None else ordered
    books = books_of(early, curve)
    odd = books.odd
    slow = list(_histories(early.filter(_of(books, odd)), curve))
    last = [microseconds(each.standing.as_of) for each in slow if each.standing is not None]
    last += books.last_applied(~odd)
    used: dict[Identity, LoggedEvent] | None = {} if keep_identities else None
    if end is None and not last:
        return combine(slow, {}, curve, until, used=used)
    found = ColumnReplay(books, ~odd, max(last) if end is None else end)
    if used is not None:
        applied = pl.Series(~books.book.skipped) & ~_of(books, odd)
        used = _identities(early.filter(applied & pl.col("id").is_not_null()))
    order = early["customer"].unique(maintain_order=True).to_list()
    return together(found, combine(slow, {}, curve, datetime_of(found.until), used=used), order, len(late))


def in_order(events: pl.DataFrame) -> pl.DataFrame:
    """Return a table of events with one customer after the other, each customer's events in the order of the log."""
    full = pl.DataFrame(schema=polars_types(EVENTS))
    placed = pl.concat([full, events.select(pl.col(full.columns))], how="vertical_relaxed").with_row_index(
        "trustcurve.arrived"
    )
    order = placed.sort(
        "at",
        "sequence",
        "row",
        pl.when(pl.col("row").is_not_null()).then(pl.col("place")),
        "trustcurve.arrived",
        nulls_last=True,
    )
    first = pl.col("trustcurve.arrived").min().over("customer").alias("trustcurve.first")
    return (
        order.with_columns(first)
        .sort("trustcurve.first", maintain_order=True)
        .drop("trustcurve.arrived", "trustcurve.first")
    )


def _of(books: Books, chosen: Ints) -> pl.Series:
    return pl.Series(chosen[books.events.customer], dtype=pl.Boolean)


def _histories(events: pl.DataFrame, curve: Curve) -> Iterator[History]:
    """Replay customers one event after the other."""
    for own in events.partition_by("customer", maintain_order=True):
        yield history(curve, own["customer"][0], map(event_of, own.iter_rows(named=True)))


def _identities(events: pl.DataFrame) -> dict[Identity, LoggedEvent]:
    """Return the identities of events that were applied."""
    made = map(event_of, events.iter_rows(named=True))
    return {(str(each.event.customer), str(each.event.id), each.place): each for each in made}


def together(found: ColumnReplay, slow: Replay, order: list[str], late: int) -> Replay:
    """Return the customers of both ways as one replay.

    Args:
        found: Those whom the columns decide.
        slow: The others, observed at the same instant.
        order: All customers, in the order in which they first appear.
        late: The number of events of the former after the end.
    """
    moved, later = found.transitions()
    counts = {fate: getattr(slow.counts, fate) for fate in FATES}
    counts["applied"] += found.applied
    counts["skipped"] += found.skipped
    counts["later"] += late
    return Replay(
        _ordered(order, found.standings(), slow.standings),
        tuple(sorted((*moved, *slow.transitions), key=attrgetter("transition.at", "transition.customer"))),
        slow.rejects,
        EventCounts(**counts),
        slow.used,
        Observation(
            datetime_of(found.until),
            _ordered(order, found.observed(), slow.at_until.standings),
            tuple(sorted((*later, *slow.at_until.transitions), key=attrgetter("at", "customer"))),
        ),
    )


def _ordered(order: list[str], *found: Mapping[str, Standing]) -> dict[str, Standing]:
    both = {**found[0], **found[1]}
    return {customer: both[customer] for customer in order if customer in both}
