"""Exact lumping: merge probabilistically bisimilar nodes, so that solving takes less time.

Two nodes are merged where customers look alike in both, and every outcome gives and asks as much in both, and leads from
both to nodes that are merged again. The outcomes are the same in every environment; where how likely they are depends on the leaf state, nodes differ by it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from trustcurve.policies import Environment
from trustcurve.simulation.chain_structure import ChainStructure
from trustcurve.simulation.draws import edges_by_column
from trustcurve.simulation.markov_chain import Chain, transition_matrix

__all__ = ["lumped"]

_CACHED = 32


def lumped(chain: Chain) -> Chain:
    """Return the lumped chain: fewer nodes, and the same probabilities of every leaf state and goal, and of what is given.

    Actions and transitions on its edges are those of one representative of each class; they do not describe the others.
    """
    classes = _classes(chain.structure, chain.environments)
    heads = np.unique(classes, return_index=True)[1]
    structure, head = chain.structure, np.zeros(chain.structure.nodes, bool)
    head[heads] = True
    kept = np.flatnonzero(head[structure.source])
    kept = kept[np.argsort(classes[structure.source[kept]], kind="stable")]
    small = evolve(
        structure,
        source=classes[structure.source[kept]],
        target=classes[structure.target[kept]],
        move=structure.move[kept],
        decision=structure.decision[kept],
        edge_type=structure.edge_type[kept],
        state=structure.state[heads],
        stage=structure.stage[heads],
        begun=structure.begun[heads],
        history=structure.history[heads],
        at_risk=structure.at_risk[heads],
        retained=structure.retained[heads],
    )
    probabilities = tuple(each[kept] for each in chain.probabilities)
    matrices = tuple(transition_matrix(small, each) for each in probabilities)
    return evolve(chain, structure=small, probabilities=probabilities, matrices=matrices)


@lru_cache(maxsize=_CACHED)
def _classes(structure: ChainStructure, environments: tuple[Environment, ...]) -> NDArray[np.int32]:
    """Return the class of each node, refined until every outcome leads from a class to a class."""
    worlds = [np.array(each.worlds(structure.states)[1])[structure.begun] for each in environments]
    edges = edges_by_column(structure)
    alike = np.stack([structure.state, structure.history, structure.at_risk, *worlds], axis=1)
    given = structure.exchanged[structure.edge_type[edges]].reshape(structure.nodes, -1)
    looks = np.hstack([alike, structure.retained, given]).astype(np.int32)
    classes, after = _numbered(looks), structure.target[edges]
    while True:
        finer = _numbered(np.concatenate([classes[:, None], classes[after]], axis=1))
        if finer.max() == classes.max():
            return finer
        classes = finer


def _numbered(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Number the distinct rows in the order in which they first appear."""
    whole = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    _, first, number = np.unique(whole, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number].astype(np.int32)
