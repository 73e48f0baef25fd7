"""Which events of a table repeat the identity of an earlier one: the same customer, id and place."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from attrs import frozen

from trustcurve.batch.event_columns import EventColumns
from trustcurve.batch.ints import Ints
from trustcurve.core.events import Event
from trustcurve.records import EVENTS, event_of

__all__ = ["IdentityColumns"]

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
    def of(cls, events: EventColumns) -> IdentityColumns:
        """Find the repeated identities of events."""
        none = np.zeros(0, np.int64)
        if not events.table.given("id"):
            return cls(none, none, none.astype(bool))
        some = _candidates(events)
        named = pl.DataFrame(
            {
                "event": some,
                "customer": events.customer[some],
                "id": events.texts("id", some),
                "place": _places(events)[some],
            }
        ).drop_nulls("id")
        first, many = (each.over("customer", "id", "place") for each in (pl.col("event").min(), pl.len()))
        found = named.with_columns(first=first, crowded=many > 2).filter(pl.col("event") != pl.col("first"))  # noqa: PLR2004
        return cls(*(found.sort("event")[name].to_numpy() for name in ("event", "first", "crowded")))

    def without(self, some: Ints) -> IdentityColumns:
        """Return the repeats without some of them, for each of which there is a flag."""
        return IdentityColumns(self.repeats[~some], self.firsts[~some], self.crowded[~some])

    def conflicts(self, events: EventColumns, odd: Ints) -> Ints:
        """Return which repeats differ from the first event of their identity; those of odd customers do not. Shape (repeats,)."""
        columns = [name for name in _CONTENT if events.table.given(name)]
        one, other = (events.rows(places) for places in (self.repeats, self.firsts))
        differ = [(one[name].ne_missing(other[name])).to_numpy() for name in columns]
        found: Ints = np.any(differ, axis=0) if differ and len(one) else np.zeros(len(self.repeats), bool)
        found &= ~odd[events.customer[self.repeats]]  # their events perhaps cannot be made
        for number in np.flatnonzero(found).tolist():  # one may say what is the default of the other
            found[number] = event_at(events, self.repeats[number]) != event_at(events, self.firsts[number])
        return found


def event_at(events: EventColumns, number: int) -> Event:
    """Return an event of the columns."""
    return event_of(events.rows(np.array([number])).row(0, named=True)).event


def _candidates(events: EventColumns) -> Ints:
    """Return the events whose identity may be there twice: those with a hash that is there twice."""
    hashes = events.table.frame["id"].hash().to_numpy()[events.source]
    hashes = hashes ^ (events.customer.astype(np.uint64) * _MIXED[0]) ^ (_places(events).view(np.uint64) * _MIXED[1])
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return np.zeros(0, np.int64)
    return np.flatnonzero(pl.Series(hashes).is_in(pl.Series(twice).implode()).to_numpy())


def _places(events: EventColumns) -> Ints:
    return events.table.integers("place", 0)[events.source]
