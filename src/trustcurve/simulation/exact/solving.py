"""Sparse systems of chains, factored once and solved as often as needed; or not at all where numbers do not carry it."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.errors import require
from trustcurve.verification.deciding.chains import LONGEST

__all__ = ["Factors"]

Floats = NDArray[np.float64]


@frozen(eq=False)
class Factors:
    """The system 1 - ways among some nodes, each of which has a way out of them."""

    among: NDArray[np.bool_]
    factors: Any

    @classmethod
    def of(cls, ways: Any, among: NDArray[np.bool_]) -> Factors | None:
        """Factor the system; None where customers stay there so long that numbers do not carry it (see LONGEST).

        The diagonal is the sum of the ways out, so that a small chance is not lost beside 1. It outweighs each row, so that
        no other pivots are needed, and the order can be that of the symmetric graph.

        Args:
            ways: The chance of getting from node to node, from row to column.
            among: The nodes.
        """
        sparse, linalg = require("scipy.sparse", "simulation"), require("scipy.sparse.linalg", "simulation")
        inner = ways[among][:, among].tocsr()
        stays = inner.diagonal()
        inner.setdiag(0)
        out = np.asarray(ways[among].sum(axis=1)).ravel() - stays
        options = {"permc_spec": "MMD_AT_PLUS_A", "diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
        try:
            factors = linalg.splu((sparse.diags(out) - inner).tocsc(), **options)
        except RuntimeError:  # singular, as far as numbers go
            return None
        turns = factors.solve(np.ones(int(among.sum())))
        if not (np.isfinite(turns).all() and turns.min() > 0 and turns.max() <= LONGEST):
            return None
        return cls(among, factors)

    def total(self, at: Floats, known: Floats) -> float:
        """Sum what is gained on the way out, from where the customers are; both of all nodes."""
        gained: Floats = self.factors.solve(known[self.among])
        return float(at[self.among] @ gained)

    def visits(self, at: Floats) -> Floats:
        """Answer with how often each of the nodes is visited on the way out, from where the customers are."""
        found: Floats = self.factors.solve(at[self.among], "T")
        return found
