"""The kernel of a replay by columns: the quiet clock and the curve's reactions, for the k-th row of all customers at once."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from attrs import frozen

from trustcurve.arrays.curve_arrays import ALWAYS, CROSSING, CurveArrays
from trustcurve.batch.event_columns import Ints
from trustcurve.core.curve import Curve

__all__ = ["Course", "Timeline", "run_kernel"]

_FEW: Final = 40
"""How many customers are run one after the other. Source: our choice, measured."""

_LAST: Final = np.iinfo(np.int32).max


@frozen(eq=False)
class Timeline:
    """What happens to customers, one after the other, each customer's in order: events, breaks and looks.

    Args:
        starts: The place of each customer's first row, and the number of all rows. Shape (customers + 1,).
        at: When it happens, in microseconds since 1970. Shape (rows,), like all below.
        signal: The column of its signal; the curve's "no signal" for what sends none.
        ends: When it ends a silence: ``NEVER``, ``ALWAYS`` or ``CROSSING``.
        dated: How many promises with a date are open after it.
    """

    starts: Ints
    at: Ints
    signal: Ints
    ends: Ints
    dated: Ints


@frozen(eq=False)
class Course:
    """How customers go through a timeline; each array has a place for each row.

    Args:
        before: The position before whatever comes due before the row.
        met: The position just before the row's own signal.
        after: The position after it.
        quiet: Since when the customer has been left alone, before the row; in microseconds since 1970.
        quiet_after: The same after it.
        first: The number of the first silence that counts between the row before and this one, from ``quiet`` on.
        count: How many of them count in a row, at most; the last ones may change nothing.
    """

    before: Ints
    met: Ints
    after: Ints
    quiet: Ints
    quiet_after: Ints
    first: Ints
    count: Ints


def run_kernel(timeline: Timeline, curve: Curve, arrays: CurveArrays, start: int = 0) -> Course:
    """Run all customers through their rows.

    Args:
        timeline: What happens.
        curve: The curve.
        arrays: Its table; silences must settle.
        start: The position in which everybody begins, at the instant of their first row.
    """
    return _Kernel(timeline, curve, arrays).run(start)


class _Begun(NamedTuple):
    """Where a customer stands between two rows."""

    position: int
    since: int  # since when it has been quiet
    last: int  # the instant of the row before
    waiting: bool  # whether a promise with a date is open


class _Kernel:
    """The clock and the curve, run for many customers at once while there are many, and for one after the other at the end."""

    def __init__(self, timeline: Timeline, curve: Curve, arrays: CurveArrays) -> None:
        rows = len(timeline.at)
        self.timeline, self.arrays, self.silences = timeline, arrays, arrays.silences
        self.period, self.patience = curve.silence_after_us, curve.waiting_periods
        kinds = (*[np.int32] * 3, *[np.int64] * 2, *[np.int32] * 2)
        self.course = Course(*(np.zeros(rows, kind) for kind in kinds))

    def run(self, start: int) -> Course:
        """Run all customers; the longest first, so that those who have a k-th row stand together."""
        timeline, course, most = self.timeline, self.course, len(self.silences) - 1
        length = np.diff(timeline.starts)
        longest = np.argsort(-length, kind="stable")
        begin, length = timeline.starts[:-1][longest], length[longest]
        here = np.full(len(begin), start, self.arrays.next.dtype)
        since = timeline.at[begin].copy() if len(begin) else np.zeros(0, np.int64)
        last, waiting = since.copy(), np.zeros(len(begin), bool)
        for k in range(int(length[0]) if len(length) else 0):
            active = int(np.searchsorted(-length, -k, side="left"))
            if active <= _FEW:
                for place in range(active):
                    begun = _Begun(int(here[place]), int(since[place]), int(last[place]), bool(waiting[place]))
                    self._run_one(int(begin[place]) + k, int(begin[place] + length[place]), begun)
                break
            row = begin[:active] + k
            at, now, quiet_since = timeline.at[row], here[:active], since[:active]
            lowest = np.maximum(1, -((quiet_since - last[:active]) // self.period))
            lowest = np.where(waiting[:active], np.maximum(lowest, self.patience + 1), lowest)
            silent = np.clip(-((quiet_since - at) // self.period) - lowest, 0, most)
            meets = self.silences[silent, now]
            signal, ends = timeline.signal[row], timeline.ends[row]
            then = self.arrays.next[meets, signal]
            course.before[row], course.met[row], course.after[row] = now, meets, then
            course.quiet[row], course.count[row] = quiet_since, silent
            course.first[row] = np.minimum(lowest, _LAST)
            ended = (ends == ALWAYS) | ((ends == CROSSING) & self.arrays.crosses[meets, signal])
            since[:active] = np.where(ended, at, quiet_since)
            course.quiet_after[row] = since[:active]
            here[:active], last[:active], waiting[:active] = then, at, timeline.dated[row] > 0
        return course

    def _run_one(self, first: int, end: int, begun: _Begun) -> None:
        """Run one customer through rows, one after the other: for few customers that is faster than arrays."""
        part, course, timeline = slice(first, end), self.course, self.timeline
        (here, since, last, waiting), most = begun, len(self.silences) - 1
        noted = []
        happens = (each[part].tolist() for each in (timeline.at, timeline.signal, timeline.ends, timeline.dated))
        for at, signal, ends, dated in zip(*happens, strict=True):
            silent, lowest, meets = 0, 1, here
            if at - since > self.period:
                lowest = max(1, -((since - last) // self.period), self.patience + 1 if waiting else 1)
                silent = min(max(-((since - at) // self.period) - lowest, 0), most)
                meets = int(self.silences[silent, here])
            then, quiet = int(self.arrays.next[meets, signal]), since
            if ends == ALWAYS or (ends == CROSSING and self.arrays.crosses[meets, signal]):
                since = at
            noted.append((here, meets, then, quiet, since, min(lowest, _LAST), silent))
            here, last, waiting = then, at, dated > 0
        columns = (
            course.before,
            course.met,
            course.after,
            course.quiet,
            course.quiet_after,
            course.first,
            course.count,
        )
        for column, values in zip(columns, zip(*noted, strict=True), strict=True):
            column[part] = values
