"""The greatest simulation on a curve: who never stands higher than whom, whatever both get next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trustcurve.core.table import Table
from trustcurve.errors import require

if TYPE_CHECKING:
    import numpy as np

    Pairs = np.ndarray[Any, np.dtype[np.bool_]]

__all__ = ["Inserted", "never_above", "shortest_paradox"]

Inserted = tuple[tuple[str, ...], str, tuple[str, ...]]
"""The signals before, the one that is inserted, and the signals after which the two journeys stand the wrong way round."""


def never_above(table: Table) -> Pairs:
    """Find for all pairs p, q whether p is never above q, now or after any signals that both get.

    Begins with all pairs in which p stands no higher, and throws out what some signal leads out of the
    set, until nothing is thrown out.

    Returns:
        A matrix of booleans, shape (positions, positions).

    Raises:
        MissingExtraError: numpy is not installed (extra ``verify``).

    Examples:
        >>> from trustcurve import Curve
        >>> pairs = never_above(Curve.default().table())
        >>> bool(pairs.diagonal().all()), pairs.shape
        (True, (524, 524))
    """
    np = require("numpy", "verify")
    leads, ranks = np.asarray(table.buffer), np.asarray(table.ranks)
    pairs = ranks[:, None] <= ranks[None, :]
    # In the flat matrix, signal s leads from the pair (p, q) to the pair (next p, next q).
    size = len(table)
    targets = [leads[:, s, None].astype(np.int32) * size + leads[None, :, s] for s in range(len(table.signals))]
    while True:
        kept = pairs.copy()
        flat = pairs.ravel()
        for target in targets:
            kept &= flat[target]
        if (kept == pairs).all():
            return pairs  # type: ignore[no-any-return]
        pairs = kept


def shortest_paradox(table: Table, insert: Sequence[str], *, helps: bool) -> Inserted | None:
    """Find the shortest two journeys that stand the wrong way round after one of them got something more.

    Args:
        table: A curve's table.
        insert: The signals of which one is inserted into one of the journeys.
        helps: Whether standing higher with it is wrong (an inserted harm), or standing lower (a good).

    Returns:
        The signals before, the inserted one, and the signals after; None where there are no such journeys.
    """
    ways = _ways(table)
    columns = [(table.signals.index(name), name) for name in insert]
    came: dict[tuple[int, int], tuple[tuple[int, int] | None, int, str]] = {}
    layers: list[list[tuple[int, int]]] = [[] for _ in range(max(map(len, ways)) + 1)]
    for number, way in enumerate(ways):
        layers[len(way)] += [(table.next[number][column], number) for column, _ in columns]
    depth = 0
    while depth < len(layers):
        # All that begin here come before any step from here: a step leads one signal further.
        for with_it, without in [pair for pair in layers[depth] if pair not in came]:
            name = next(name for column, name in columns if table.next[without][column] == with_it)
            came[with_it, without] = (None, -1, name)
        for pair in layers[depth]:
            with_it, without = pair
            higher = table.ranks[with_it] - table.ranks[without]
            if (higher if helps else -higher) > 0:
                return _told(table, ways, came, pair)
            for column in range(len(table.signals)):
                then = (table.next[with_it][column], table.next[without][column])
                if then[0] != then[1] and then not in came:
                    came[then] = (pair, column, "")
                    if depth + 1 == len(layers):
                        layers.append([])
                    layers[depth + 1].append(then)
        depth += 1
    return None


def _ways(table: Table) -> list[tuple[int, ...]]:
    """Answer with a shortest way from the start to each position, as numbers of signals."""
    ways: list[tuple[int, ...] | None] = [None] * len(table)
    ways[0] = ()
    for number, way in enumerate(ways):
        assert way is not None  # noqa: S101 - positions are numbered in the order of a breadth-first search
        for column, target in enumerate(table.next[number]):
            if ways[target] is None:
                ways[target] = (*way, column)
    return [way for way in ways if way is not None]


def _told(
    table: Table,
    ways: list[tuple[int, ...]],
    came: dict[tuple[int, int], tuple[tuple[int, int] | None, int, str]],
    pair: tuple[int, int],
) -> Inserted:
    after: list[str] = []
    before, column, name = came[pair]
    while before is not None:
        after.append(table.signals[column])
        pair = before
        before, column, name = came[pair]
    return tuple(table.signals[each] for each in ways[pair[1]]), name, tuple(reversed(after))
