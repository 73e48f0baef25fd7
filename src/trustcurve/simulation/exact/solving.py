"""Sparse systems of chains, factored."""

from __future__ import annotations

from typing import Any

from trustcurve.core.extras import require

__all__ = ["factors_of"]


def factors_of(system: Any) -> Any:
    """Factor a system whose diagonal outweighs each column; None where it is singular, as far as numbers go.

    Because of the diagonal, no other pivots are needed, and the order can be that of the symmetric graph.
    """
    linalg = require("scipy.sparse.linalg", "simulation")
    options = {"permc_spec": "MMD_AT_PLUS_A", "diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
    try:
        return linalg.splu(system.tocsc(), **options)
    except RuntimeError:
        return None
