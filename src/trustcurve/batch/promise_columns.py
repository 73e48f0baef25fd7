"""The promise book by columns: what the events of all promises say, the k-th event of each promise at once.

Which promises are open, kept, broken or overdue does not depend on the curve's positions: so the book comes first, and the
clock reads what it says.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen

from trustcurve.arrays.curve_arrays import CurveArrays
from trustcurve.batch.event_columns import BROKEN, ENDINGS, KEPT, MADE, MOVED, NO_TIME, NONE, EventColumns, Ints
from trustcurve.core.curve import Curve
from trustcurve.core.signals import BROKEN as BROKEN_SIGNALS
from trustcurve.core.signals import KEPT as KEPT_SIGNALS
from trustcurve.core.signals import MADE as MADE_SIGNALS
from trustcurve.core.signals import WEIGHTS

__all__ = ["PromiseColumns"]

_ABSENT, _OPEN, _OVERDUE = range(3)


@frozen(eq=False)
class PromiseColumns:
    """What the book says of each event, and the promises that broke by their date.

    Args:
        signal: The column of each event's signal. Shape (events,), like the three below.
        ends: When it ends a silence: ``NEVER``, ``ALWAYS`` or ``CROSSING``.
        dated: By how many the open promises with a date grow or shrink with it.
        skipped: Whether it is left out, because its promise is not open and it says so.
        odd: Which customers have an event that the book refuses. Shape (customers,).
        broken: The promise of each break. Shape (breaks,), like the three below.
        broken_at: When it breaks, in microseconds since 1970: after all that happens at that instant.
        broken_signal: The column of its signal.
        broken_of: The number of its customer.
        left: The promises that are open or overdue in the end. Shape (left,), like the four below.
        left_of: The number of the customer.
        left_due: The due date, or ``NO_TIME``.
        left_weight: 0 for major, 1 for minor.
        left_breaks: When it breaks, whether that has come or not; ``NO_TIME``: never.
    """

    signal: Ints
    ends: Ints
    dated: Ints
    skipped: Ints
    odd: Ints
    broken: Ints
    broken_at: Ints
    broken_signal: Ints
    broken_of: Ints
    left: Ints
    left_of: Ints
    left_due: Ints
    left_weight: Ints
    left_breaks: Ints

    @classmethod
    def of(cls, events: EventColumns, curve: Curve, arrays: CurveArrays) -> PromiseColumns:
        """Keep the books of all customers."""
        return _Books(events, curve, arrays).kept()


class _Books:
    """The promises of all customers as they change; each is a small state machine of its own."""

    def __init__(self, events: EventColumns, curve: Curve, arrays: CurveArrays) -> None:
        self.events, self.grace = events, curve.grace_us
        none = arrays.no_signal
        self.made = np.array([_column(arrays, MADE_SIGNALS[weight]) for weight in WEIGHTS])
        self.kept_signals = np.array([arrays.columns[KEPT_SIGNALS[weight]] for weight in WEIGHTS])
        self.broken_signals = np.array([arrays.columns[BROKEN_SIGNALS[weight]] for weight in WEIGHTS])
        self.ending = np.array(
            [*(ENDINGS[curve.ends_silence[signal]] for signal in arrays.columns), ENDINGS["never"]], np.int8
        )
        self.none = none
        self.signal = np.where(events.signal == NONE, none, events.signal).astype(np.int32)
        self.ends = self.ending[self.signal]
        self.dated = np.zeros(len(events.at), np.int32)
        self.skipped = np.zeros(len(events.at), bool)
        self.odd = np.zeros(len(events.customers), bool)
        many = len(events.promises)
        self.status = np.zeros(many, np.int8)
        self.due = np.full(many, NO_TIME, np.int64)
        self.weight = np.zeros(many, np.int8)
        self.owner = np.zeros(many, np.int32)
        self.breaks: list[tuple[Ints, Ints, Ints]] = []  # promises, instants and weights

    def kept(self) -> PromiseColumns:
        """Apply the k-th event of every promise, for all k, and return what the book says."""
        events = self.events
        places = np.flatnonzero(events.about != NONE)
        order = places[np.argsort(events.promise[places], kind="stable")]
        promise = events.promise[order]
        self.owner[promise] = events.customer[order]
        first = np.flatnonzero(np.r_[True, promise[1:] != promise[:-1]]) if len(order) else np.zeros(0, np.int64)
        length = np.diff(np.r_[first, len(order)])
        longest = np.argsort(-length, kind="stable")
        first, length = first[longest], length[longest]
        for k in range(int(length[0]) if len(length) else 0):
            active = int(np.searchsorted(-length, -k, side="left"))
            self._apply(order[first[:active] + k])
        return self._result()

    def _apply(self, places: Ints) -> None:
        """Apply events of different promises."""
        events = self.events
        self._break(events.promise[places], events.at[places])
        skipped = events.if_open[places] & (self.status[events.promise[places]] == _ABSENT)
        self.skipped[places[skipped]] = True
        places = places[~skipped]
        promise, about = events.promise[places], events.about[places]
        status, said, weight = self.status[promise], events.weight[places], self.weight[promise]
        ends_it = (about == KEPT) | (about == BROKEN)
        absent = status == _ABSENT
        weight = np.where(absent, said, weight)
        refused = np.where(
            about == MADE,
            ~absent,
            np.where(ends_it, weight == NONE, absent | ((about == MOVED) & (status == _OVERDUE))),
        )
        self.odd[events.customer[places[refused]]] = True
        counts_as = np.where(
            about == MADE,
            self.made[weight],
            np.where(about == KEPT, self.kept_signals[weight], self.broken_signals[weight]),
        )
        silent = (about > BROKEN) | refused
        counts_as = np.where(silent, self.none, counts_as)
        self.ends[places] = self.ending[counts_as]
        self.signal[places] = np.where(ends_it & (status == _OVERDUE), self.none, counts_as)
        had = (status == _OPEN) & (self.due[promise] != NO_TIME)
        opens = (about == MADE) | (about == MOVED)
        due = np.where(opens, events.due[places], NO_TIME)
        self.dated[places] = (opens & (due != NO_TIME)).astype(np.int32) - had
        self.status[promise] = np.where(opens, _OPEN, _ABSENT)
        self.due[promise] = due
        self.weight[promise] = np.where(about == MADE, said, weight)

    def _break(self, promise: Ints, before: Ints) -> None:
        """Let open promises break whose date, with grace, has passed before an instant."""
        passed = (
            (self.status[promise] == _OPEN) & (self.due[promise] != NO_TIME) & (self.due[promise] < before - self.grace)
        )
        broken = promise[passed]
        self.status[broken] = _OVERDUE
        self.breaks.append((broken, self.due[broken] + self.grace, self.weight[broken]))

    def _result(self) -> PromiseColumns:
        left = np.flatnonzero(self.status != _ABSENT)
        breaks = np.where(self.due[left] == NO_TIME, NO_TIME, self.due[left] + self.grace)
        still = (self.status[left] == _OPEN) & (breaks != NO_TIME)
        parts = [*self.breaks, (left[still], breaks[still], self.weight[left[still]])]
        broken, at, weight = (np.concatenate(part).astype(np.int64) for part in zip(*parts, strict=True))
        return PromiseColumns(
            signal=self.signal,
            ends=self.ends,
            dated=self.dated,
            skipped=self.skipped,
            odd=self.odd,
            broken=broken,
            broken_at=at,
            broken_signal=self.broken_signals[weight],
            broken_of=self.owner[broken],
            left=left,
            left_of=self.owner[left],
            left_due=self.due[left],
            left_weight=self.weight[left],
            left_breaks=breaks,
        )


def _column(arrays: CurveArrays, signal: str | None) -> int:
    return arrays.no_signal if signal is None else arrays.columns[signal]
