"""Hitting times: the probability of reaching a goal by some age or eventually, and the mean time that it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.core.signals import EXCHANGED, RETAINED
from trustcurve.errors import require
from trustcurve.simulation.chain_structure import LOST, LOST_NAME, ChainStructure
from trustcurve.simulation.markov_chain import Chain
from trustcurve.verification.chain import TURNS_MAX

__all__ = ["CohortShares", "Factors", "HittingTime", "cohort_shares", "goals_of", "hitting_time", "reachable"]

_Floats = NDArray[np.float64]
_Bools = NDArray[np.bool_]


@frozen
class HittingTime:
    """The probability that a goal is ever reached, and the mean number of turns (infinite if that is not certain).

    ``mean_time`` is None where probabilities are too small to solve for accurately; so is ``eventually``, unless it is certain.
    """

    eventually: float | None
    mean_time: float | None


def goals_of(structure: ChainStructure) -> dict[str, _Bools]:
    """Return the nodes of each goal: every stage, and "lost" (former customers who distrust, or have left since)."""
    goals = {name: structure.stage == number for number, name in enumerate(structure.stages)}
    return goals | {LOST_NAME: structure.history == LOST}


@frozen(eq=False)
class CohortShares:
    """What is expected of a customer of a cohort, by age: each array has a row for each age from 0 to the last turn.

    Args:
        states: The share in each leaf state: (ages, states).
        reached: The share that has reached each goal, at the end of a turn: (ages, goals).
        retained: The share that counts as each of ``RETAINED``: (ages, 3).
        exchanged: How often the company has given and asked in the turn that ends with each age: (ages, 2).
    """

    states: _Floats
    reached: _Floats
    retained: _Floats
    exchanged: _Floats


def cohort_shares(chain: Chain, begins: int = 0) -> CohortShares:
    """Return what is expected of a customer of a cohort, by age.

    Args:
        chain: The chain of a segment.
        begins: The turn at whose end the cohort arrives.
    """
    structure, phases = chain.structure, chain.phases[begins:]
    goals = np.stack([np.zeros(structure.nodes, bool), *goals_of(structure).values()], axis=1)
    gives = [_exchanged(structure, each) for each in chain.probabilities]
    at = np.zeros(goals.shape)  # the first column: everybody; the others: those who have not reached the goal yet
    at[0] = 1
    ages = len(phases) + 1
    states, came = np.zeros((ages, len(structure.states))), np.zeros((ages, goals.shape[1]))
    retained, exchanged = np.zeros((ages, len(RETAINED))), np.zeros((ages, len(EXCHANGED)))
    for age, phase in enumerate([None, *phases]):
        if phase is not None:
            exchanged[age] = at[:, 0] @ gives[phase]
            at = chain.matrices[phase] @ at
        states[age] = structure.per_state(at[:, 0])
        retained[age] = at[:, 0] @ structure.retained
        came[age] = np.where(goals, at, 0).sum(axis=0)
        at = np.where(goals, 0, at)
    return CohortShares(states, np.minimum(np.cumsum(came[:, 1:], axis=0), 1), retained, exchanged)


def _exchanged(structure: ChainStructure, probabilities: _Floats) -> _Floats:
    """Return how often the company gives and asks in a turn from each node, on average: (nodes, 2)."""
    times = structure.exchanged[structure.edge_type] * probabilities[:, None]
    return np.stack([np.bincount(structure.source, each, structure.nodes) for each in times.T], axis=1)


def hitting_time(chain: Chain, goal: _Bools) -> HittingTime:
    """Solve for the time at which a customer of the first cohort reaches a goal.

    After the last turn the last environment applies forever.
    """
    at = np.zeros(chain.structure.nodes)
    at[0] = 1
    left = (~goal).astype(float)
    at, turns = at * left, 0.0
    came = 1 - float(at.sum())
    for phase in chain.phases if len(chain.matrices) > 1 else ():
        turns += float(at.sum())
        at = chain.matrices[phase] @ at
        came += float(at[goal].sum())
        at = at * left
    return _continued(chain, goal, at, came, turns)


def _continued(chain: Chain, goal: _Bools, at: _Floats, came: float, turns: float) -> HittingTime:
    """Continue from where the customers are, with the last environment forever."""
    among = np.flatnonzero(at)
    if not len(among):
        return HittingTime(1.0, turns)
    matrix = chain.matrices[-1].T.tocsr()  # from row to column
    possible, certain = _possible_and_certain(matrix, goal)
    if not possible[among].any():
        return HittingTime(came, np.inf)
    sure = bool(certain[among].all())
    there = reachable(_without(matrix, goal), among)
    factors = Factors.of(matrix, there & ~goal & (certain if sure else possible))
    if factors is None:
        return HittingTime(1.0, None) if sure else HittingTime(None, np.inf)
    if sure:
        return HittingTime(1.0, turns + factors.total(at, np.ones(len(at))))
    entering = np.asarray(matrix @ goal.astype(float)).ravel()
    return HittingTime(min(came + factors.total(at, entering), 1.0), np.inf)


def _possible_and_certain(matrix: Any, goal: _Bools) -> tuple[_Bools, _Bools]:
    """Find the nodes from which a goal can be reached at all, and those from which it is reached almost surely."""
    before = _without(matrix, goal)
    possible = _reaching(before, goal)
    doomed = _reaching(before, ~possible)
    return possible, possible & ~doomed & ~goal


def _without(matrix: Any, goal: _Bools) -> Any:
    """Remove the edges that leave a goal."""
    sparse = require("scipy.sparse", "simulation")
    kept = (sparse.diags((~goal).astype(float)) @ matrix).tocsr()
    kept.eliminate_zeros()
    return kept


def reachable(matrix: Any, starts: NDArray[np.int64]) -> _Bools:
    """Return the nodes that can be reached from some of the starts; the matrix goes from row to column."""
    start = np.zeros(matrix.shape[0], bool)
    start[starts] = True
    return _reaching(matrix.T, start)


def _reaching(matrix: Any, goal: _Bools) -> _Bools:
    """Return the nodes from which a goal can be reached: one search backwards, from an extra node next to all goals."""
    sparse, graphs = require("scipy.sparse", "simulation"), require("scipy.sparse.csgraph", "simulation")
    count = len(goal)
    wide = sparse.bmat(
        [[matrix.T, None], [sparse.csr_matrix(goal.astype(float)[None, :]), sparse.csr_matrix((1, 1))]]
    ).tocsr()
    found = np.zeros(count + 1, bool)
    found[graphs.breadth_first_order(wide, count, return_predecessors=False)] = True
    return found[:count]


@frozen(eq=False)
class Factors:
    """The factored system I - P restricted to some nodes, from each of which the others can be left."""

    among: _Bools
    factors: Any

    @classmethod
    def of(cls, matrix: Any, among: _Bools) -> Factors | None:
        """Factor the system; None where customers stay too long to solve for accurately (see TURNS_MAX).

        The diagonal is computed as the sum of the probabilities of leaving, so that a small one is not lost next to 1. It
        dominates each row, so no pivoting is needed, and the ordering can be that of the symmetric graph.

        Args:
            matrix: The transition matrix, from row to column.
            among: The nodes.
        """
        sparse, linalg = require("scipy.sparse", "simulation"), require("scipy.sparse.linalg", "simulation")
        inner = matrix[among][:, among].tocsr()
        stays = inner.diagonal()
        inner.setdiag(0)
        out = np.asarray(matrix[among].sum(axis=1)).ravel() - stays
        options = {"permc_spec": "MMD_AT_PLUS_A", "diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
        try:
            factors = linalg.splu((sparse.diags(out) - inner).tocsc(), **options)
        except RuntimeError:  # numerically singular
            return None
        turns = factors.solve(np.ones(int(among.sum())))
        if not (np.isfinite(turns).all() and turns.min() > 0 and turns.max() <= TURNS_MAX):
            return None
        return cls(among, factors)

    def total(self, at: _Floats, gains: _Floats) -> float:
        """Return the expected sum of gains per visit until the nodes are left; both arguments cover all nodes."""
        gained: _Floats = self.factors.solve(gains[self.among])
        return float(at[self.among] @ gained)

    def visits(self, at: _Floats) -> _Floats:
        """Return the expected number of visits to each of the nodes until they are left."""
        found: _Floats = self.factors.solve(at[self.among], "T")
        return found
