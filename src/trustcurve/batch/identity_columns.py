"""Which events of a table repeat the identity of an earlier one: the same customer, id and place."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from attrs import frozen

from trustcurve.batch.event_columns import EventColumns
from trustcurve.batch.ints import Ints
from trustcurve.records import EVENTS, event_of, polars_types

__all__ = ["IdentityColumns", "differing", "repeats_of_earlier"]

_PLACED = ("row", "place", "sequence", "if_open")
_CONTENT = tuple(name for name in EVENTS.names if name not in _PLACED)
_MIXED: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
"""Two odd numbers that spread customers and places over 64 bits. Source: the golden ratio; a prime of xxHash."""


@frozen(eq=False)
class IdentityColumns:
    """The events that repeat an identity, by their numbers in the columns, in the order of the log.

    Args:
        repeats: Each event whose identity an earlier one has. Shape (repeats,), like the two below.
        firsts: The first event with that identity.
        crowded: Whether more than two have it.
    """

    repeats: Ints
    firsts: Ints
    crowded: Ints

    @classmethod
    def of(cls, events: EventColumns, gone: Ints) -> IdentityColumns:
        """Find the repeated identities of events, but those that are gone."""
        none = np.zeros(0, np.int64)
        if not events.table.given("id"):
            return cls(none, none, none.astype(bool))
        some = _candidates(events)
        some = some[~np.isin(some, gone)] if len(gone) else some
        named = pl.DataFrame(
            {
                "event": some,
                "customer": events.customer[some],
                "id": events.texts("id", some),
                "place": _places(events, some),
            }
        ).drop_nulls("id")
        first, many = (each.over("customer", "id", "place") for each in (pl.col("event").min(), pl.len()))
        found = named.with_columns(first=first, crowded=many > 2).filter(pl.col("event") != pl.col("first"))  # noqa: PLR2004
        return cls(*(found.sort("event")[name].to_numpy() for name in ("event", "first", "crowded")))

    def without(self, some: Ints) -> IdentityColumns:
        """Return the repeats without some of them, for each of which there is a flag."""
        return IdentityColumns(self.repeats[~some], self.firsts[~some], self.crowded[~some])


def repeats_of_earlier(events: EventColumns, earlier: pl.DataFrame | None) -> tuple[Ints, pl.DataFrame]:
    """Return the events that repeat an identity of an earlier run, and the event of that run for each."""
    if earlier is None or earlier.is_empty() or not events.table.given("id"):
        return np.zeros(0, np.int64), pl.DataFrame(schema=polars_types(EVENTS))
    known = (
        earlier.with_columns(pl.col("place").fill_null(0))
        if "place" in earlier.columns
        else earlier.with_columns(place=0)
    )
    named = pl.DataFrame(
        {
            "event": np.arange(len(events.at)),
            "customer": events.customers.gather(events.customer),
            "id": events.texts("id", np.arange(len(events.at))),
            "place": _places(events),
        }
    ).drop_nulls("id")
    keys = ["customer", "id", "place"]
    numbered = known.select(keys).cast({"place": pl.Int64}).with_row_index("known").unique(keys, keep="first")
    found = named.join(numbered, on=keys).sort("event")
    return found["event"].to_numpy(), known[found["known"].to_numpy()]


def differing(events: EventColumns, repeats: Ints, firsts: pl.DataFrame, odd: Ints) -> Ints:
    """Return which events differ from others; those of odd customers do not. Shape (repeats,).

    Args:
        events: The events.
        repeats: The numbers of the ones.
        firsts: The others, as records of ``EVENTS``.
        odd: A flag for each customer: their events perhaps cannot be made.
    """
    one = events.rows(repeats)
    same = [_column(one, name).eq_missing(_column(firsts, name)).to_numpy() for name in _CONTENT]
    found: Ints = ~np.all(same, axis=0) if len(one) else np.zeros(0, bool)
    found &= ~odd[events.customer[repeats]]
    for number in np.flatnonzero(found).tolist():  # one may say what is the default of the other
        both = (event_of(each.row(number, named=True)).event for each in (one, firsts))
        found[number] = next(both) != next(both)
    return found


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    dtype = polars_types(EVENTS)[name]
    return frame[name].cast(dtype) if name in frame.columns else pl.repeat(None, frame.height, dtype=dtype, eager=True)


def _candidates(events: EventColumns) -> Ints:
    """Return the events whose identity may be there twice: those with a hash that is there twice."""
    hashes = events.table.frame["id"].hash().to_numpy()[events.source]
    hashes = hashes ^ (events.customer.astype(np.uint64) * _MIXED[0])
    if not events.table.is_constant("place"):
        hashes ^= _places(events).view(np.uint64) * _MIXED[1]
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return np.zeros(0, np.int64)
    return np.flatnonzero(pl.Series(hashes).is_in(pl.Series(twice).implode()).to_numpy())


def _places(events: EventColumns, some: Ints | None = None) -> Ints:
    """Return the places of all events or of some, among the events of their rows."""
    if some is None:
        return events.table.integers("place", 0)[events.source]
    places: Ints = events.texts("place", some).cast(pl.Int64).fill_null(0).to_numpy()
    return places
