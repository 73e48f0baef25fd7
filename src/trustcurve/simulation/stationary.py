"""The limiting distribution of a chain: the share of time in each leaf state in the long run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trustcurve.errors import require
from trustcurve.simulation.hitting_times import Factors, reachable
from trustcurve.simulation.markov_chain import Chain

__all__ = ["limiting_distribution"]

_Floats = NDArray[np.float64]

_WALK = 64
"""How many steps are walked to find a node that is visited often. Source: our choice; any node would do."""


def limiting_distribution(chain: Chain) -> _Floats | None:
    """Return the share of time that a customer spends in each leaf state in the long run, in the last environment.

    Where there are several closed classes, each is weighted with the probability of ending there. None where probabilities are
    too small to solve for accurately.
    """
    matrix = chain.matrices[-1].T.tocsr()  # from row to column
    at = np.zeros(chain.structure.nodes)
    at[0] = 1
    for phase in chain.phases if len(chain.matrices) > 1 else ():
        at = chain.matrices[phase] @ at
    closed, member = _closed_classes(matrix, at)
    weights = np.ones(1) if len(closed) == 1 else _absorption(matrix, at, closed, member)
    if weights is None:
        return None
    shares = np.zeros(chain.structure.nodes)
    for number, weight in zip(closed, weights, strict=True):
        nodes = np.flatnonzero(member == number)
        within = _stationary(matrix[nodes][:, nodes])
        if within is None:
            return None
        shares[nodes] = weight * within
    return chain.structure.per_state(shares)


def _closed_classes(matrix: Any, at: _Floats) -> tuple[list[int], Any]:
    """Return the numbers of the closed communicating classes that can be reached, and the class of each node."""
    graphs = require("scipy.sparse.csgraph", "simulation")
    count, member = graphs.connected_components(matrix, directed=True, connection="strong")
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    leaving = (matrix.data > 0) & (member[rows] != member[matrix.indices])
    left = np.zeros(count, bool)
    left[member[rows[leaving]]] = True
    reached = reachable(matrix, np.flatnonzero(at))
    return sorted({int(each) for each in member[reached] if not left[each]}), member


def _absorption(matrix: Any, at: _Floats, closed: list[int], member: Any) -> _Floats | None:
    """Return the probability of ending in each closed class."""
    transient = ~np.isin(member, closed)
    shares = np.array([float(at[member == number].sum()) for number in closed])
    if not at[transient].any():
        return shares
    # Only nodes that can be reached: each of them leads to a closed class.
    factors = Factors.of(matrix, transient & reachable(matrix, np.flatnonzero(at)))
    if factors is None:
        return None
    flows = factors.visits(at) @ matrix[factors.among]
    found: _Floats = shares + np.array([float(flows[member == number].sum()) for number in closed])
    return found


def _stationary(matrix: Any) -> _Floats | None:
    """Return the stationary distribution of a closed class.

    It is proportional to the visits between two visits to one node; a node that is visited often is chosen for that.
    """
    count = matrix.shape[0]
    at = np.full(count, 1 / count)
    for _ in range(_WALK):
        at = at @ matrix
    often = int(np.argmax(at))
    others = np.arange(count) != often
    shares = np.ones(count)
    if count > 1:
        factors = Factors.of(matrix, others)
        if factors is None:
            return None
        shares[others] = factors.visits(matrix[[often]].toarray().ravel())
    found: _Floats = shares / shares.sum()
    return found
