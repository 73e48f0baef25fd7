"""Nodes that nothing can tell apart, made one: the same chances on fewer nodes, so that solving takes less time.

Two nodes are one where a customer looks alike in both, and every lot leads from both to places that are one again. The
lots are the same in every environment, so what is one is one in all of them.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from trustcurve.simulation.chain_structure import Shape
from trustcurve.simulation.draws import edges_of_columns
from trustcurve.simulation.markov_chain import Chain, ways_of

__all__ = ["lumped"]


_KEPT = 32


def lumped(chain: Chain) -> Chain:
    """Answer with a chain on fewer nodes, in which customers come to each state with the same chances as in this one.

    What the company does on the way, and what changes, is that of one node of each class, and says nothing of the others.

    Args:
        chain: A chain.
    """
    classes = _classes(chain.shape)
    heads = np.unique(classes, return_index=True)[1]
    shape, head = chain.shape, np.zeros(chain.shape.nodes, bool)
    head[heads] = True
    kept = np.flatnonzero(head[shape.source])
    kept = kept[np.argsort(classes[shape.source[kept]], kind="stable")]
    small = evolve(
        shape,
        source=classes[shape.source[kept]],
        target=classes[shape.target[kept]],
        move=shape.move[kept],
        action=shape.action[kept],
        way=shape.way[kept],
        state=shape.state[heads],
        stage=shape.stage[heads],
        past=shape.past[heads],
        at_risk=shape.at_risk[heads],
    )
    likely = tuple(each[kept] for each in chain.likely)
    return Chain(small, likely, tuple(ways_of(small, each) for each in likely), chain.phases)


@lru_cache(maxsize=_KEPT)
def _classes(shape: Shape) -> NDArray[np.int32]:
    """Number the classes of nodes by their first nodes: part them until no lot tells two of a class apart."""
    looks = np.stack([shape.state, shape.past, shape.at_risk], axis=1).astype(np.int32)
    classes, after = _numbered(looks), shape.target[edges_of_columns(shape)]
    while True:
        finer = _numbered(np.concatenate([classes[:, None], classes[after]], axis=1))
        if finer.max() == classes.max():
            return finer
        classes = finer


def _numbered(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give equal rows the same number, in the order in which they come for the first time."""
    whole = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    _, first, number = np.unique(whole, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number].astype(np.int32)
