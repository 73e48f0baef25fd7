"""The greatest simulation relation on a curve: which positions never stand higher than which, whatever both get next."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

from trustcurve.core.table import Table
from trustcurve.errors import require

if TYPE_CHECKING:
    import numpy as np

    Pairs = np.ndarray[Any, np.dtype[np.bool_]]

__all__ = ["Inserted", "dominance", "shortest_paradox"]

Inserted = tuple[tuple[str, ...], str, tuple[str, ...]]
"""The signals before, the inserted one, and the signals after which the two journeys stand in the wrong order."""

_Pair = tuple[int, int]
_Parents = dict[_Pair, tuple[_Pair | None, int, str]]


def dominance(table: Table) -> Pairs:
    """Return for all pairs of positions p, q whether p never stands higher than q, now or after any signals that both get.

    This is the greatest simulation relation. It begins with all pairs in which p stands no higher, and removes those
    from which some signal leads out of the set, until none is left to remove.

    Returns:
        A matrix of booleans, shape (positions, positions).

    Raises:
        MissingExtraError: numpy is not installed (extra ``verify``).

    Examples:
        >>> from trustcurve import Curve
        >>> pairs = dominance(Curve.default().table())
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


def shortest_paradox(table: Table, insert: Sequence[str], at: Container[int], *, helps: bool) -> Inserted | None:
    """Return the shortest two journeys that stand in the wrong order after one of them got one more signal.

    Args:
        table: A curve's table.
        insert: The signals, one of which is inserted into one of the journeys.
        at: The positions in which it is inserted, by number.
        helps: Whether standing higher with it is wrong (for harms), or standing lower (for goods).

    Returns:
        The signals before, the inserted one, and the signals after; None if there are no such journeys.
    """
    paths = _paths(table)
    columns = [(table.signals.index(name), name) for name in insert]
    parents: _Parents = {}
    layers: list[list[_Pair]] = [[] for _ in range(max(map(len, paths)) + 1)]
    for number, path in enumerate(paths):
        if number in at:
            layers[len(path)] += [(table.next[number][column], number) for column, _ in columns]
    depth = 0
    while depth < len(layers):
        # All that begin here come before any step from here: a step leads one signal further.
        for with_it, without in [pair for pair in layers[depth] if pair not in parents]:
            name = next(name for column, name in columns if table.next[without][column] == with_it)
            parents[with_it, without] = (None, -1, name)
        for pair in layers[depth]:
            with_it, without = pair
            higher = table.ranks[with_it] - table.ranks[without]
            if (higher if helps else -higher) > 0:
                return _inserted(table, paths, parents, pair)
            for column in range(len(table.signals)):
                then = (table.next[with_it][column], table.next[without][column])
                if then[0] != then[1] and then not in parents:
                    parents[then] = (pair, column, "")
                    if depth + 1 == len(layers):
                        layers.append([])
                    layers[depth + 1].append(then)
        depth += 1
    return None


def _paths(table: Table) -> list[tuple[int, ...]]:
    """Return a shortest path from the start to each position, as numbers of signals."""
    paths: list[tuple[int, ...] | None] = [None] * len(table)
    paths[0] = ()
    for number, path in enumerate(paths):
        assert path is not None  # noqa: S101 - positions are numbered in the order of a breadth-first search
        for column, target in enumerate(table.next[number]):
            if paths[target] is None:
                paths[target] = (*path, column)
    return [path for path in paths if path is not None]


def _inserted(table: Table, paths: list[tuple[int, ...]], parents: _Parents, pair: _Pair) -> Inserted:
    after: list[str] = []
    before, column, name = parents[pair]
    while before is not None:
        after.append(table.signals[column])
        pair = before
        before, column, name = parents[pair]
    return tuple(table.signals[each] for each in paths[pair[1]]), name, tuple(reversed(after))
