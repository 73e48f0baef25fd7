"""Who never stands higher than whom, decided by exhaustion, in two ways that know nothing of each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from trustcurve import Position
from trustcurve.core.table import Table


def never_higher(table: Table) -> NDArray[np.bool_]:
    """Return the greatest relation: ``[p, q]`` where q never stands higher than p, now or after the same signals."""
    ranks, leads = np.asarray(table.ranks), np.asarray(table.next)
    holds: NDArray[Any] = ranks[:, None] >= ranks[None, :]
    before = -1
    while (now := int(holds.sum())) != before:
        before = now
        for to in leads.T:
            holds &= holds[to][:, to]
    return holds


def column(table: Table, signal: str) -> NDArray[Any]:
    """Return where one signal leads from every position, in numbers."""
    return np.asarray(table.next)[:, table.signals.index(signal)]


def paradoxes(table: Table, *, harms: Iterable[str], goods: Iterable[str]) -> list[tuple[str, Position]]:
    """Return every harm that helps somewhere, every good that hurts somewhere, and where."""
    holds, here = never_higher(table), np.arange(len(table))
    found = []
    for signals, helps in ((harms, False), (goods, True)):
        for signal in signals:
            there = column(table, signal)
            fine = holds[there, here] if helps else holds[here, there]
            found += [(signal, table.positions[number]) for number in np.flatnonzero(~fine)]
    return found


@frozen
class Paradox:
    """A journey that shows a paradox: in ``position``, ``inserted`` and then ``signals`` make it show."""

    position: Position
    inserted: str
    signals: tuple[str, ...]


def shortest_paradox(table: Table, *, harms: Iterable[str], goods: Iterable[str]) -> Paradox | None:
    """Search for a harm that helps or a good that hurts, walking with both customers at once."""
    came: dict[tuple[int, int], tuple[tuple[int, int], str] | tuple[int, str]] = {}
    for signals, harm in ((harms, True), (goods, False)):
        for signal in signals:
            for without, row in enumerate(table.next):
                with_it = row[table.signals.index(signal)]
                # First the one who should stand higher.
                came.setdefault((without, with_it) if harm else (with_it, without), (without, signal))
    for pair in (queue := list(came)):
        higher, lower = pair
        if table.ranks[lower] > table.ranks[higher]:
            return _traced(table, came, pair)
        for number, signal in enumerate(table.signals):
            after = table.next[higher][number], table.next[lower][number]
            if after not in came:
                came[after] = pair, signal
                queue.append(after)
    return None


def _traced(table: Table, came: dict[tuple[int, int], Any], pair: tuple[int, int]) -> Paradox:
    then: list[str] = []
    while True:
        origin, signal = came[pair]
        if isinstance(origin, int):
            return Paradox(table.positions[origin], signal, tuple(reversed(then)))
        then.append(signal)
        pair = origin
