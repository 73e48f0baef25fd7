"""What events enter in the promise books: by the template that made the promise, for all events at once."""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
from attrs import frozen

from trustcurve.batch.event_columns import ABOUT_PROMISES
from trustcurve.batch.ints import Ints
from trustcurve.core.events import Event, PromiseBroken, PromiseKept, PromiseMade, PromiseMoved, PromiseReleased

__all__ = ["ABSENT", "ENTRIES", "ENTRY_NUMBERS", "OPEN", "OVERDUE", "Entry", "PromiseEntries", "entry_of"]

ABSENT, OPEN, OVERDUE = range(3)
"""How a promise stands, as numbers."""

Entry = Literal["made", "kept", "late", "broken", "moved", "released"]
"""What an event enters in the book."""

ENTRIES: tuple[Entry, ...] = get_args(Entry)

_ENTRIES: Final[dict[type[Event], Entry]] = {
    PromiseMade: "made",
    PromiseKept: "kept",
    PromiseBroken: "broken",
    PromiseMoved: "moved",
    PromiseReleased: "released",
}


def entry_of(kind: type[Event], *, overdue: bool) -> Entry:
    """Return what an applied event about a promise enters in the book.

    Args:
        kind: The class of the event.
        overdue: Whether its promise was overdue. Then it is too late to keep or to break it.

    Examples:
        >>> entry_of(PromiseKept, overdue=False), entry_of(PromiseKept, overdue=True)
        ('kept', 'late')
    """
    return "late" if overdue and kind in (PromiseKept, PromiseBroken) else _ENTRIES[kind]


ENTRY_NUMBERS: Final[Ints] = np.array(
    [
        [ENTRIES.index(entry_of(kind, overdue=status == OVERDUE)) for status in (ABSENT, OPEN, OVERDUE)]
        for kind in ABOUT_PROMISES
    ],
    np.int8,
)
"""The number of the entry, by what an event says of its promise and by how that stands."""


@frozen(eq=False)
class PromiseEntries:
    """What the events about promises enter in the books, and who made the promises.

    A template makes a promise; one that is kept or broken without being made counts for the template of that event. It is
    ``NONE`` for promises that were made before the first event.

    Args:
        customer: The number of the customer of each event that is applied, if nothing else of its row is rejected.
            Shape (entries,), like the two below.
        template: The number of the template that made the promise.
        entry: The number of the entry, as in ``ENTRIES``.
        broken: The template of each promise that broke by its date. Shape (breaks,).
        left: The template of each promise that is open or overdue in the end. Shape (left,).
    """

    customer: Ints
    template: Ints
    entry: Ints
    broken: Ints
    left: Ints

    @classmethod
    def none(cls) -> PromiseEntries:
        """Return no entries."""
        ints = np.zeros(0, np.int32)
        return cls(ints, ints, ints, ints, ints)
