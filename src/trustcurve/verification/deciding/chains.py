"""The automaton as a Markov chain: exact probabilities and expected times, by sparse linear algebra.

What is impossible and what is certain is read off the graph, so that only what lies between is ever solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from trustcurve.core.extras import require
from trustcurve.verification.deciding.search import reaching
from trustcurve.verification.unrolling.automaton import Automaton

__all__ = ["edge_probabilities", "expected_turns_to", "probability_of"]


def edge_probabilities(automaton: Automaton) -> list[float]:
    """Answer with the probability of each edge, given its source.

    Raises:
        InvalidValueError: The environment has no probabilities.
    """
    likely = automaton.loop.environment.likely
    moves = [[edge.played.choice.move for edge in automaton.out(node)] for node in range(len(automaton.nodes))]
    return [p for of_node in moves for p in likely(of_node)]


def probability_of(automaton: Automaton, goal: Sequence[bool], within: int | None) -> float:
    """Compute how likely it is that an edge comes that is a goal, from the start on.

    Args:
        automaton: A complete automaton.
        goal: Which edges are goals.
        within: In how many turns; None: ever.

    Raises:
        MissingExtraError: scipy is not installed (extra ``verify``).
        InvalidValueError: The environment has no probabilities.
    """
    np = require("numpy", "verify")
    at_once, stay = _chain(automaton, goal)
    if within is None:
        return _ever(automaton, goal, at_once, stay)
    reached = np.zeros(len(at_once))
    for _ in range(within):
        reached = at_once + stay @ reached
    return min(float(reached[0]), 1.0)


def expected_turns_to(automaton: Automaton, goal: Sequence[bool]) -> float:
    """Compute how many turns it takes on average until an edge that is a goal, that one counted.

    Infinite where it is not certain to come.

    Args:
        automaton: A complete automaton.
        goal: Which edges are goals.

    Raises:
        MissingExtraError: scipy is not installed (extra ``verify``).
        InvalidValueError: The environment has no probabilities.
    """
    np = require("numpy", "verify")
    _, stay = _chain(automaton, goal)
    sure = np.asarray(_certain(automaton, goal))
    if not sure[0]:
        return inf
    return float(_solved(stay[sure][:, sure], np.ones(int(sure.sum())))[0])


def _chain(automaton: Automaton, goal: Sequence[bool]) -> tuple[Any, Any]:
    """Answer with the probability of a goal in the next turn, and with those of the turns that are none."""
    np, sparse = require("numpy", "verify"), require("scipy.sparse", "verify")
    count = len(automaton.nodes)
    at_once = np.zeros(count)
    rows, columns, values = [], [], []
    for edge, p, wanted in zip(automaton.edges, edge_probabilities(automaton), goal, strict=True):
        if wanted:
            at_once[edge.source] += p
        else:
            rows.append(edge.source)
            columns.append(edge.target)
            values.append(p)
    return at_once, sparse.csr_matrix((values, (rows, columns)), shape=(count, count))


def _certain(automaton: Automaton, goal: Sequence[bool]) -> list[bool]:
    """Say of each node whether the goal comes with probability 1: no way avoids it to where it cannot come."""
    hopes, on = reaching(automaton, goal), [not wanted for wanted in goal]
    lost = [away and not hopes[edge.target] for edge, away in zip(automaton.edges, on, strict=True)]
    fails = reaching(automaton, lost, on)
    return [hope and not fail for hope, fail in zip(hopes, fails, strict=True)]


def _ever(automaton: Automaton, goal: Sequence[bool], at_once: Any, stay: Any) -> float:
    """Solve x = at_once + stay x where the goal is possible and not certain; elsewhere it is 0 or 1."""
    np = require("numpy", "verify")
    sure = np.asarray(_certain(automaton, goal))
    open_ = np.asarray(reaching(automaton, goal)) & ~sure
    if not open_[0]:
        return float(sure[0])
    known = at_once + stay @ sure.astype(float)
    return min(max(float(_solved(stay[open_][:, open_], known[open_])[0]), 0.0), 1.0)


def _solved(stay: Any, known: Any) -> Any:
    """Solve x = known + stay x. From every node there is a way out, so there is one answer."""
    sparse, linalg = require("scipy.sparse", "verify"), require("scipy.sparse.linalg", "verify")
    return linalg.spsolve(sparse.identity(stay.shape[0], format="csc") - stay.tocsc(), known)
