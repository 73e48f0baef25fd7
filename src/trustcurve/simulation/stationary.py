"""Where the customers are in the long run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trustcurve.core.extras import require
from trustcurve.simulation.hitting_times import Factors
from trustcurve.simulation.markov_chain import Chain, Floats

__all__ = ["long_run"]


_WALK = 64
"""How many steps are walked to find a node where customers often are. Source: our choice; any node would do."""


def long_run(chain: Chain) -> Floats | None:
    """Compute the share of time that a customer spends in each leaf state, in the long run and in the last environment.

    Where several ends are possible, each counts as much as it is likely. None where it cannot be told exactly.
    """
    ways = chain.ways[-1].T.tocsr()  # from row to column
    at = np.zeros(chain.shape.nodes)
    at[0] = 1
    for phase in chain.phases if len(chain.ways) > 1 else ():
        at = chain.ways[phase] @ at
    ends, member = _ends(ways, at)
    if len(ends) == 1:
        shares: Floats | None = np.ones(1)
    else:
        shares = _absorbed(ways, at, ends, member)
    if shares is None:
        return None
    lasting = np.zeros(chain.shape.nodes)
    for end, share in zip(ends, shares, strict=True):
        nodes = np.flatnonzero(member == end)
        stays = _stationary(ways[nodes][:, nodes])
        if stays is None:
            return None
        lasting[nodes] = share * stays
    return chain.shape.per_state(lasting)


def _ends(ways: Any, at: Floats) -> tuple[list[int], Any]:
    """Find the sets of nodes that are never left and that can be reached, and the set to which each node belongs."""
    graphs = require("scipy.sparse.csgraph", "simulation")
    count, member = graphs.connected_components(ways, directed=True, connection="strong")
    rows = np.repeat(np.arange(ways.shape[0]), np.diff(ways.indptr))
    positive = ways.data > 0
    leaving = positive & (member[rows] != member[ways.indices])
    left = np.zeros(count, bool)
    left[member[rows[leaving]]] = True
    reached = _reached(ways, np.flatnonzero(at))
    return sorted({int(each) for each in member[reached] if not left[each]}), member


def _reached(ways: Any, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Answer with the nodes that some way leads to."""
    graphs = require("scipy.sparse.csgraph", "simulation")
    reached = np.zeros(ways.shape[0], bool)
    for start in starts:
        if not reached[start]:
            reached[graphs.breadth_first_order(ways, start, return_predecessors=False)] = True
    return reached


def _absorbed(ways: Any, at: Floats, ends: list[int], member: Any) -> Floats | None:
    """Compute how likely each end is."""
    passing = ~np.isin(member, ends)
    shares = np.array([float(at[member == end].sum()) for end in ends])
    if not at[passing].any():
        return shares
    # From some of these nodes perhaps nobody comes, but all of them lead on to an end.
    factors = Factors.of(ways, passing & _reached(ways, np.flatnonzero(at)))
    if factors is None:
        return None
    flows = factors.visits(at) @ ways[factors.among]
    found: Floats = shares + np.array([float(flows[member == end].sum()) for end in ends])
    return found


def _stationary(ways: Any) -> Floats | None:
    """Compute the shares of time that do not change, in a set of nodes that is never left.

    They are the visits between two visits to one node, which is one where customers often are.
    """
    count = ways.shape[0]
    at = np.full(count, 1 / count)
    for _ in range(_WALK):
        at = at @ ways
    often = int(np.argmax(at))
    others = np.arange(count) != often
    shares = np.ones(count)
    if count > 1:
        factors = Factors.of(ways, others)
        if factors is None:
            return None
        shares[others] = factors.visits(ways[[often]].toarray().ravel())
    found: Floats = shares / shares.sum()
    return found
