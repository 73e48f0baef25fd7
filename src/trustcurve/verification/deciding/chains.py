"""The automaton as a Markov chain: exact probabilities and expected times, by sparse linear algebra.

What is impossible and what is certain is read off the graph, so that only what lies between is ever solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from attrs import frozen

from trustcurve.errors import require
from trustcurve.verification.deciding.search import reaching
from trustcurve.verification.unrolling.automaton import Automaton

__all__ = ["LONGEST", "edge_probabilities", "expected_turns_to", "probability_of"]

LONGEST = 1_000_000
"""The most turns, on average, that may pass until something is decided. Source: our choice; up to there nine digits hold."""


def edge_probabilities(automaton: Automaton) -> list[float]:
    """Answer with the probability of each edge, given its source.

    Raises:
        InvalidValueError: The environment has no probabilities.
    """
    likely = automaton.loop.environment.likely
    moves = [[edge.played.choice.move for edge in automaton.out(node)] for node in range(len(automaton.nodes))]
    return [p for of_node in moves for p in likely(of_node)]


def probability_of(automaton: Automaton, goal: Sequence[bool], within: int | None) -> float | None:
    """Compute how likely it is that an edge comes that is a goal, from the start on.

    Args:
        automaton: A complete automaton.
        goal: Which edges are goals.
        within: In how many turns; None: ever.

    Returns:
        The probability; None where chances are so small that it would not be exact (see LONGEST).

    Raises:
        MissingExtraError: scipy is not installed (extra ``verify``).
        InvalidValueError: The environment has no probabilities.
    """
    chain = _Chain.of(automaton, goal)
    return chain.ever() if within is None else chain.within(within)


def expected_turns_to(automaton: Automaton, goal: Sequence[bool]) -> float | None:
    """Compute how many turns it takes on average until an edge that is a goal, that one counted.

    Infinite where it is not certain to come.

    Args:
        automaton: A complete automaton.
        goal: Which edges are goals.

    Returns:
        The turns, or None as for ``probability_of``.

    Raises:
        MissingExtraError: scipy is not installed (extra ``verify``).
        InvalidValueError: The environment has no probabilities.
    """
    return _Chain.of(automaton, goal).turns()


@frozen(eq=False)
class _Chain:
    """The chain up to the goal: from each node, at once into the goal, away to other nodes, or back to itself."""

    at_once: Any
    away: Any
    back: Any
    possible: Any
    certain: Any

    @classmethod
    def of(cls, automaton: Automaton, goal: Sequence[bool]) -> _Chain:
        """Make the chain of an automaton, and read off its graph where the goal is possible and where certain."""
        np, sparse = require("numpy", "verify"), require("scipy.sparse", "verify")
        count = len(automaton.nodes)
        at_once, back = np.zeros(count), np.zeros(count)
        rows, columns, values = [], [], []
        for edge, p, wanted in zip(automaton.edges, edge_probabilities(automaton), goal, strict=True):
            if wanted:
                at_once[edge.source] += p
            elif edge.source == edge.target:
                back[edge.source] += p
            else:
                rows.append(edge.source)
                columns.append(edge.target)
                values.append(p)
        away = sparse.csr_matrix((values, (rows, columns)), shape=(count, count))
        possible, on = reaching(automaton, goal), [not wanted for wanted in goal]
        lost = [leads and not possible[edge.target] for edge, leads in zip(automaton.edges, on, strict=True)]
        certain = np.asarray(possible) & ~np.asarray(reaching(automaton, lost, on))
        return cls(at_once, away, back, np.asarray(possible), certain)

    def within(self, turns: int) -> float:
        """Answer with the probability that the goal comes in some turns: certain where no way avoids it so long."""
        np = require("numpy", "verify")
        reached, avoids = np.zeros(len(self.back)), np.ones(len(self.back))
        for _ in range(turns):
            reached = self.at_once + self.away @ reached + self.back * reached
            avoids = (self.away @ avoids + self.back * avoids > 0).astype(float)
        return min(float(reached[0]), 1.0) if avoids[0] else 1.0

    def ever(self) -> float | None:
        """Answer with the probability that the goal ever comes; None where it cannot be told exactly."""
        between = self.possible & ~self.certain
        if not between[0]:
            return float(self.certain[0])
        found = self._solved(between, self.at_once + self.away @ self.certain.astype(float))
        return None if found is None else min(max(found, 0.0), 1.0)

    def turns(self) -> float | None:
        """Answer with the number of turns until the goal, on average; None where it cannot be told exactly."""
        np = require("numpy", "verify")
        return self._solved(self.certain, np.ones(len(self.back))) if self.certain[0] else inf

    def _solved(self, among: Any, known: Any) -> float | None:
        """Solve (1 - back) x = known + away x among some nodes, of which each has a way out, and tell x of the start.

        The matrix is the worse to solve the longer its nodes are not left: the greatest number of turns until then, on
        average, is its condition, and what is lost of a number. Beyond LONGEST turns there is no answer.
        """
        np, sparse = require("numpy", "verify"), require("scipy.sparse", "verify")
        linalg = require("scipy.sparse.linalg", "verify")
        leaves = self.at_once + self.away.sum(axis=1).A1  # 1 - back, but a small chance is not lost beside 1
        try:
            factors = linalg.splu((sparse.diags(leaves[among]) - self.away[among][:, among]).tocsc())
        except RuntimeError:  # singular, as far as numbers go
            return None
        turns = factors.solve(np.ones(int(among.sum())))
        if not (np.isfinite(turns).all() and turns.min() > 0 and turns.max() <= LONGEST):
            return None
        return float(factors.solve(known[among])[0])
