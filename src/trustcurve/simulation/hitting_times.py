"""Sparse systems of chains, factored once and solved as often as needed; or not at all where numbers do not carry it."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.core.extras import require
from trustcurve.simulation.chain_structure import LOST, LOST_NAME, Shape
from trustcurve.simulation.markov_chain import Chain, Floats
from trustcurve.verification.deciding.chains import LONGEST

__all__ = ["Factors", "First", "ages_of", "first_time", "goals_of"]


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


Bools = NDArray[np.bool_]


@frozen
class First:
    """A first time: how likely it ever comes, and after how many steps on average (infinite if it is not certain).

    ``steps`` is None where chances are so small that it cannot be told exactly, and so is ``ever``, unless it is certain.
    """

    ever: float | None
    steps: float | None


def goals_of(shape: Shape) -> dict[str, Bools]:
    """Answer with the nodes of each goal: every stage, and "lost".

    Lost is who was a customer and now distrusts, or was one and has left.
    """
    goals = {name: shape.stage == number for number, name in enumerate(shape.stages)}
    return goals | {LOST_NAME: shape.past == LOST}


def ages_of(chain: Chain, begins: int = 0) -> tuple[Floats, Floats]:
    """Follow a cohort: the share that is in each leaf state, and that has been at each goal, by each age.

    A customer is at a goal if it stands there at the end of a step.

    Args:
        chain: The chain of a segment.
        begins: The step at whose end the cohort arrives.

    Returns:
        (ages, states) and (ages, goals), as far as the steps go.
    """
    shape, phases = chain.shape, chain.phases[begins:]
    goals = np.stack([np.zeros(shape.nodes, bool), *goals_of(shape).values()], axis=1)
    at = np.zeros(goals.shape)  # first wherever they are, then those who have not been at each goal yet
    at[0] = 1
    states, came = np.zeros((len(phases) + 1, len(shape.states))), np.zeros((len(phases) + 1, goals.shape[1]))
    for age, phase in enumerate([None, *phases]):
        at = at if phase is None else chain.ways[phase] @ at
        states[age] = shape.per_state(at[:, 0])
        came[age] = np.where(goals, at, 0).sum(axis=0)
        at = np.where(goals, 0, at)
    return states, np.minimum(np.cumsum(came[:, 1:], axis=0), 1)


def first_time(chain: Chain, goal: Bools) -> First:
    """Compute the first time that a customer of the first cohort is at a goal.

    What happens after the last step is computed as if the last environment held for ever.
    """
    at = np.zeros(chain.shape.nodes)
    at[0] = 1
    left = (~goal).astype(float)
    at, steps = at * left, 0.0
    came = 1 - float(at.sum())
    for phase in chain.phases if len(chain.ways) > 1 else ():
        steps += float(at.sum())
        at = chain.ways[phase] @ at
        came += float(at[goal].sum())
        at = at * left
    return _from(chain, goal, at, came, steps)


def _from(chain: Chain, goal: Bools, at: Floats, came: float, steps: float) -> First:
    """Go on from where the customers are, with the last environment for ever."""
    among = np.flatnonzero(at)
    if not len(among):
        return First(1.0, steps)
    ways = chain.ways[-1].T.tocsr()  # from row to column
    possible, certain = _possible_and_certain(ways, goal)
    if not possible[among].any():
        return First(came, np.inf)
    sure = bool(certain[among].all())
    there = _reached(_without(ways, goal), among)
    factors = Factors.of(ways, there & ~goal & (certain if sure else possible))
    if factors is None:
        return First(1.0, None) if sure else First(None, np.inf)
    if sure:
        return First(1.0, steps + factors.total(at, np.ones(len(at))))
    entering = np.asarray(ways @ goal.astype(float)).ravel()
    return First(min(came + factors.total(at, entering), 1.0), np.inf)


def _possible_and_certain(ways: Any, goal: Bools) -> tuple[Bools, Bools]:
    """Read off the graph from where a goal can be reached at all, and from where it is certain to be."""
    on = _without(ways, goal)
    possible = _reaching(on, goal)
    doomed = _reaching(on, ~possible)
    return possible, possible & ~doomed & ~goal


def _without(ways: Any, goal: Bools) -> Any:
    """Leave out what leads on from a goal."""
    sparse = require("scipy.sparse", "simulation")
    kept = (sparse.diags((~goal).astype(float)) @ ways).tocsr()
    kept.eliminate_zeros()
    return kept


def _reached(ways: Any, starts: NDArray[np.int64]) -> Bools:
    """Answer with the nodes that some way leads to from one of several."""
    goal = np.zeros(ways.shape[0], bool)
    goal[starts] = True
    return _reaching(ways.T, goal)


def _reaching(ways: Any, goal: Bools) -> Bools:
    """Answer with the nodes from which some way leads to a goal, by one search backwards from a node beside them all."""
    sparse, graphs = require("scipy.sparse", "simulation"), require("scipy.sparse.csgraph", "simulation")
    count = len(goal)
    wide = sparse.bmat(
        [[ways.T, None], [sparse.csr_matrix(goal.astype(float)[None, :]), sparse.csr_matrix((1, 1))]]
    ).tocsr()
    found = np.zeros(count + 1, bool)
    found[graphs.breadth_first_order(wide, count, return_predecessors=False)] = True
    return found[:count]
