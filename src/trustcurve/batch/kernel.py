"""The kernel of a replay by columns: the quiet clock and the curve's reactions, for the k-th row of all customers at once."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
from attrs import frozen

from trustcurve.arrays.curve_arrays import CurveArrays
from trustcurve.batch.ints import Ints
from trustcurve.batch.timeline import Timeline
from trustcurve.core.curve import Curve

__all__ = ["Beginning", "Course", "KernelTable", "Silences", "run_kernel"]

_FEW: Final = 40
"""How many customers are run one after the other. Source: our choice, measured."""

_LAST: Final = np.iinfo(np.int32).max


@frozen(eq=False, slots=False)
class KernelTable:
    """A curve as the kernel reads it, with two codes more than there are signals (``codes_of``).

    Args:
        next: ``next[p * width + c]``: the position to which code ``c`` leads from position ``p``. Shape (positions * width,).
        ends: Whether that ends a silence. The same shape.
        width: The number of codes.
        silences: The position after n silences in a row. Shape (n + 1, positions).
        period: The length of a quiet period, in microseconds.
        patience: How many silences do not count while a promise with a date is open.
    """

    next: Ints
    ends: Ints
    width: int
    silences: Ints
    period: int
    patience: int

    @cached_property
    def lists(self) -> tuple[list[int], list[bool]]:
        """``next`` and ``ends`` as lists, which are faster for single numbers."""
        return self.next.tolist(), self.ends.tolist()

    @classmethod
    def of(cls, curve: Curve, arrays: CurveArrays) -> KernelTable:
        """Make the table of a curve, whose silences settle."""
        too_late = np.ones((len(arrays.next), 1), bool)
        small = np.int16 if len(arrays.next) <= np.iinfo(np.int16).max else np.int32
        moves = np.hstack([arrays.next, arrays.next[:, -1:]]).astype(small)
        return cls(
            next=moves.ravel(),
            ends=np.hstack([arrays.ends_silence, too_late]).ravel(),
            width=moves.shape[1],
            silences=arrays.silences.astype(small),
            period=curve.silence_after_us,
            patience=curve.waiting_periods,
        )


@frozen(eq=False)
class Beginning:
    """How customers stand before their first row, in the order of ``Ranks.customers``. Shape (customers,) each.

    Args:
        position: The number of the position.
        quiet: Since when the customer has been left alone, in microseconds since 1970.
        as_of: The instant up to which all this is known.
        waiting: Whether a promise with a date is open.
    """

    position: Ints
    quiet: Ints
    as_of: Ints
    waiting: Ints


@frozen(eq=False)
class Silences:
    """Silences that changed a position, between a row and the one before it; one entry for all that came in a row.

    Args:
        place: The place of the row before which they come; for those before the look at the end, the number of all rows
            plus the customer's place in ``Ranks.customers``. Shape (entries,), like all below.
        before: The position before them.
        after: The position after them.
        quiet: Since when the customer had been left alone, in microseconds since 1970.
        first: The number of the first of them that counts, from ``quiet`` on.
        count: How many of them count in a row, at most; the last ones may change nothing.
    """

    place: Ints
    before: Ints
    after: Ints
    quiet: Ints
    first: Ints
    count: Ints


@frozen(eq=False)
class Course:
    """How customers go through a timeline.

    Args:
        met: The position just before each row's own signal. Shape (rows,).
        after: The position after it. Shape (rows,).
        quiet: Since when each customer has been left alone in the end, in the order of ``Ranks.customers``. Shape (customers,).
        observed: The position of each customer at the look. Shape (customers,).
        silences: The silences that changed something.
    """

    met: Ints
    after: Ints
    quiet: Ints
    observed: Ints
    silences: Silences


def run_kernel(timeline: Timeline, table: KernelTable, begin: Beginning, until: int) -> Course:
    """Run all customers through their rows, and look at them at the end.

    Args:
        timeline: What happens.
        table: The curve.
        begin: How customers stand before.
        until: The instant of the look, in microseconds since 1970.
    """
    return _Kernel(timeline, table, begin).run(until)


class _Kernel:
    """The clock and the curve, run for many customers at once while there are many, and for one after the other at the end."""

    def __init__(self, timeline: Timeline, table: KernelTable, begin: Beginning) -> None:
        rows = len(timeline.at)
        self.timeline, self.table, self.begin = timeline, table, begin
        self.here, self.since = begin.position.astype(table.next.dtype), begin.quiet.copy()
        self.met, self.after = np.empty(rows, table.next.dtype), np.empty(rows, table.next.dtype)
        self.found: list[tuple[Ints, ...]] = []

    def run(self, until: int) -> Course:
        """Run all customers; the longest first, so that those who have a k-th row stand together."""
        timeline, table, offsets = self.timeline, self.table, self.timeline.ranks.offsets
        for rank in range(len(offsets) - 1):
            low, high = int(offsets[rank]), int(offsets[rank + 1])
            many = high - low
            if many <= _FEW:
                self._run_rest(rank, many)
                break
            here, since, at = self.here[:many], self.since[:many], timeline.at[low:high]
            late = np.flatnonzero(at - since > table.period)
            if len(late):
                last, waiting = self._before(rank)
                waits = None if waiting is None else waiting[late]
                here[late] = self._silent(late + low, here[late], since[late], last[late], waiting=waits, at=at[late])
            self.met[low:high] = here
            key = here.astype(np.int32)
            key *= table.width
            key += timeline.code[low:high]
            np.take(table.next, key, out=here, mode="clip")
            self.after[low:high] = here
            np.copyto(since, at, where=table.ends[key])
        return self._look(until)

    def _before(self, rank: int) -> tuple[Ints, Ints | None]:
        """Return the instant of the row before those of a rank, and whether a promise with a date is open after it."""
        timeline = self.timeline
        if rank == 0:
            return self.begin.as_of, self.begin.waiting
        before = slice(int(timeline.ranks.offsets[rank - 1]), int(timeline.ranks.offsets[rank]))
        return timeline.at[before], None if timeline.waiting is None else timeline.waiting[before]

    def _silent(self, places: Ints, here: Ints, since: Ints, last: Ints, *, waiting: Ints | None, at: Ints) -> Ints:
        """Let silences pass before rows that come late; return the positions after them, and note those that changed one."""
        table = self.table
        lowest = np.maximum(1, -((since - last) // table.period))
        if waiting is not None:
            lowest = np.where(waiting, np.maximum(lowest, table.patience + 1), lowest)
        count = np.clip(-((since - at) // table.period) - lowest, 0, len(table.silences) - 1)
        after: Ints = table.silences[count, here]
        moved = np.flatnonzero(after != here)
        if len(moved):
            first = np.minimum(lowest[moved], _LAST)
            self.found.append((places[moved], here[moved], after[moved], since[moved], first, count[moved]))
        return after

    def _run_rest(self, rank: int, many: int) -> None:
        """Run the last few customers through the rest of their rows, one after the other: that is faster than arrays."""
        ranks = self.timeline.ranks
        lengths = np.diff(ranks.starts)[ranks.customers[:many]]
        for column, length in enumerate(lengths.tolist()):
            self._run_one(column, rank, ranks.offsets[rank:length] + column)

    def _run_one(self, column: int, rank: int, places: Ints) -> None:
        """Run one customer through rows."""
        timeline, table = self.timeline, self.table
        lasts, waits = self._before(rank)
        here, since, last = int(self.here[column]), int(self.since[column]), int(lasts[column])
        waiting = waits is not None and bool(waits[column])
        (moves, ends), width, period = table.lists, table.width, table.period
        waited = [False] * len(places) if timeline.waiting is None else timeline.waiting[places].tolist()
        met, after = [], []
        for place, at, code, waits_then in zip(
            places.tolist(), timeline.at[places].tolist(), timeline.code[places].tolist(), waited, strict=True
        ):
            if at - since > period:
                now = (np.array([each]) for each in (place, here, since, last))
                here = int(self._silent(*now, waiting=np.array([waiting]), at=np.array([at]))[0])
            met.append(here)
            key = here * width + code
            here = moves[key]
            after.append(here)
            if ends[key]:
                since = at
            last, waiting = at, waits_then
        self.met[places], self.after[places] = met, after
        self.here[column], self.since[column] = here, since

    def _look(self, until: int) -> Course:
        """Look at all customers at the end."""
        ranks, timeline = self.timeline.ranks, self.timeline
        last, waiting = self.begin.as_of.copy(), self.begin.waiting.copy()
        some = ranks.customers[np.diff(ranks.starts)[ranks.customers] > 0]
        ends = ranks.ends(some)
        last[: len(some)] = timeline.at[ends]
        waiting[: len(some)] = False if timeline.waiting is None else timeline.waiting[ends]
        late = np.flatnonzero(until - self.since > self.table.period)
        observed = self.here.copy()
        observed[late] = self._silent(
            late + len(timeline.at),
            observed[late],
            self.since[late],
            last[late],
            waiting=waiting[late],
            at=np.full(len(late), until),
        )
        none = (np.zeros(0, np.int64),) * len(Silences.__attrs_attrs__)
        silences = Silences(*(np.concatenate(part) for part in zip(none, *self.found, strict=True)))
        return Course(self.met, self.after, self.since, observed, silences)
