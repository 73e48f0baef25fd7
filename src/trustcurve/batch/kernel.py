"""The kernel of a replay by columns: the quiet clock and the curve's reactions, for the k-th row of all customers at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import frozen

from trustcurve.arrays.curve_arrays import ALWAYS, CROSSING, CurveArrays
from trustcurve.batch.event_columns import Ints
from trustcurve.core.curve import Curve
from trustcurve.core.signals import SILENCE

__all__ = ["Course", "Timeline", "run_kernel", "silences_of"]

_SETTLED: Final = 4096
"""The most silences that are tabled: far more than any curve has positions in a row. Source: our choice."""


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


def silences_of(arrays: CurveArrays) -> Ints:
    """Return the position after n silences in a row: (n + 1, positions); the last row is where nothing changes any more."""
    column = arrays.next[:, arrays.columns[SILENCE]]
    rows = [np.arange(len(column), dtype=column.dtype)]
    while len(rows) <= _SETTLED:
        after = column[rows[-1]]
        if np.array_equal(after, rows[-1]):
            break
        rows.append(after)
    return np.stack(rows)


def run_kernel(timeline: Timeline, curve: Curve, arrays: CurveArrays, start: int = 0) -> Course:
    """Run all customers through their rows.

    Args:
        timeline: What happens.
        curve: The curve.
        arrays: Its table.
        start: The position in which everybody begins, at the instant of their first row.
    """
    rows, silences = len(timeline.at), silences_of(arrays)
    before, met, after, count, first = (np.zeros(rows, np.int32) for _ in range(5))
    quiet, quiet_after = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    length = np.diff(timeline.starts)
    longest = np.argsort(-length, kind="stable")
    begin, length = timeline.starts[:-1][longest], length[longest]
    here = np.full(len(begin), start, arrays.next.dtype)
    since = timeline.at[begin].copy() if rows else np.zeros(0, np.int64)
    last, waiting = since.copy(), np.zeros(len(begin), bool)
    period, patience, most = curve.silence_after_us, curve.waiting_periods, len(silences) - 1
    for k in range(int(length[0]) if len(length) else 0):
        active = int(np.searchsorted(-length, -k, side="left"))
        row = begin[:active] + k
        at, now, quiet_since = timeline.at[row], here[:active], since[:active]
        lowest = np.maximum(1, -((quiet_since - last[:active]) // period))
        lowest = np.where(waiting[:active], np.maximum(lowest, patience + 1), lowest)
        silent = np.clip(-((quiet_since - at) // period) - lowest, 0, most)
        meets = silences[silent, now]
        signal, ends = timeline.signal[row], timeline.ends[row]
        then = arrays.next[meets, signal]
        before[row], met[row], after[row] = now, meets, then
        quiet[row], first[row], count[row] = quiet_since, np.minimum(lowest, np.iinfo(np.int32).max), silent
        ended = (ends == ALWAYS) | ((ends == CROSSING) & arrays.crosses[meets, signal])
        since[:active] = np.where(ended, at, quiet_since)
        quiet_after[row] = since[:active]
        here[:active], last[:active], waiting[:active] = then, at, timeline.dated[row] > 0
    return Course(before, met, after, quiet, quiet_after, first, count)
