"""Where the customers are in the long run."""

from __future__ import annotations

from typing import Any

import numpy as np

from trustcurve.core.extras import require
from trustcurve.simulation.exact.flows import Chain, Floats
from trustcurve.simulation.exact.solving import factors_of

__all__ = ["long_run"]

_CLOSE = 1e-9


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
    found: Floats = chain.shape.per_state(lasting[None, :])[0]
    return found


def _ends(ways: Any, at: Floats) -> tuple[list[int], Any]:
    """Find the sets of nodes that are never left and that can be reached, and the set to which each node belongs."""
    graphs = require("scipy.sparse.csgraph", "simulation")
    count, member = graphs.connected_components(ways, directed=True, connection="strong")
    rows = np.repeat(np.arange(ways.shape[0]), np.diff(ways.indptr))
    positive = ways.data > 0
    leaving = positive & (member[rows] != member[ways.indices])
    left = np.zeros(count, bool)
    left[member[rows[leaving]]] = True
    reached = np.zeros(ways.shape[0], bool)
    for start in np.flatnonzero(at):
        if not reached[start]:
            reached[graphs.breadth_first_order(ways, start, return_predecessors=False)] = True
    return sorted({int(each) for each in member[reached] if not left[each]}), member


def _absorbed(ways: Any, at: Floats, ends: list[int], member: Any) -> Floats | None:
    """Compute how likely each end is."""
    sparse = require("scipy.sparse", "simulation")
    passing = ~np.isin(member, ends)
    shares = np.array([float(at[member == end].sum()) for end in ends])
    if at[passing].any():
        inner = ways[passing][:, passing]
        factors = factors_of(sparse.identity(int(passing.sum())) - inner.T)
        if factors is None:
            return None
        flows = factors.solve(at[passing]) @ ways[passing]
        shares = shares + np.array([float(flows[member == end].sum()) for end in ends])
    return shares if abs(shares.sum() - 1) < _CLOSE else None


def _stationary(ways: Any) -> Floats | None:
    """Solve for the shares of time that do not change, in a set of nodes that is never left."""
    sparse = require("scipy.sparse", "simulation")
    count = ways.shape[0]
    if count == 1:
        return np.ones(1)
    # One node's share is set to 1, its equation is left out, and all is scaled at the end.
    system = (sparse.identity(count) - ways.T).tocsc()
    factors = factors_of(system[1:, 1:])
    if factors is None:
        return None
    shares: Floats = np.concatenate([[1.0], factors.solve(-system[1:, [0]].toarray().ravel())])
    if not np.isfinite(shares).all() or shares.min() < -_CLOSE * shares.max():
        return None
    shares = shares / shares.sum()
    return shares if float(np.abs(system @ shares).max()) < _CLOSE else None
