"""The automaton as a Markov chain: exact probabilities, by sparse linear algebra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trustcurve.core.extras import require
from trustcurve.verification.deciding.search import reaching
from trustcurve.verification.unrolling.automaton import Automaton

__all__ = ["edge_probabilities", "probability_of"]


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
    np, sparse = require("numpy", "verify"), require("scipy.sparse", "verify")
    likely = edge_probabilities(automaton)
    count = len(automaton.nodes)
    at_once = np.zeros(count)
    rows, columns, values = [], [], []
    for edge, p, wanted in zip(automaton.edges, likely, goal, strict=True):
        if wanted:
            at_once[edge.source] += p
        elif p:
            rows.append(edge.source)
            columns.append(edge.target)
            values.append(p)
    stay = sparse.csr_matrix((values, (rows, columns)), shape=(count, count))
    if within is not None:
        reached = np.zeros(count)
        for _ in range(within):
            reached = at_once + stay @ reached
        return float(reached[0])
    possible = np.asarray([p > 0 for p in likely]) & np.asarray(goal)
    return float(_ever(automaton, at_once, stay, [bool(each) for each in possible], likely)[0])


def _ever(automaton: Automaton, at_once: Any, stay: Any, goal: Sequence[bool], likely: Sequence[float]) -> Any:
    """Solve x = at_once + stay x on the nodes from which the goal can be reached; elsewhere it is 0."""
    np, sparse = require("numpy", "verify"), require("scipy.sparse", "verify")
    linalg = require("scipy.sparse.linalg", "verify")
    hopes = np.asarray(reaching(automaton, goal, [p > 0 for p in likely]))
    answer = np.zeros(len(hopes))
    if hopes.any():
        inside = stay[hopes][:, hopes]
        answer[hopes] = linalg.spsolve(sparse.identity(inside.shape[0], format="csc") - inside.tocsc(), at_once[hopes])
    return answer
