"""The outcomes that are drawn for a customer in a turn: the same under every policy, so that random numbers can be common.

An outcome is a move of the environment. A move about promises has an outcome for each of twelve places, so that of one, two,
three or four open promises each is equally likely. The first outcome is to leave in addition to what the environment does.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trustcurve.policies import MOVES, Environment, Move
from trustcurve.policies.policy import OPEN_MAX
from trustcurve.simulation.chain_structure import ChainStructure
from trustcurve.simulation.markov_chain import move_chances

__all__ = ["columns_of_outcomes", "edges_by_column", "outcome_probabilities"]

_NOTHING, _DEPARTURE = MOVES.index("nothing"), MOVES.index("departure")
_PROMISING: Final = tuple(MOVES.index(move) for move in ("kept", "broken"))
_PLACES: Final = lcm(*range(1, OPEN_MAX + 1))
"""How many outcomes a move about promises has: divisible by any number of open promises."""

_RARE_FIRST: Final[tuple[Move, ...]] = (
    "departure", "return", "customer_one_sided", "complaint", "advocacy", "purchase", "broken", "kept", "nothing",
)  # fmt: skip


def _outcomes(moves: Sequence[str]) -> list[tuple[int, int]]:
    """Return the move and the place of each outcome after the first.

    Rare moves come first, so that they depend least on common ones: outcomes take the slots of an alias table one after the
    other.
    """
    rare_first = (*moves[len(MOVES) :], *_RARE_FIRST)
    places = {move: _PLACES if move in ("kept", "broken") else 1 for move in rare_first}
    return [(moves.index(move), place) for move in rare_first for place in range(places[move])]


def outcome_probabilities(environment: Environment, churn: float, moves: Sequence[str]) -> NDArray[np.float64]:
    """Return the probability of each outcome, which depends on neither the policy nor the curve.

    Args:
        environment: An environment with probabilities, the same everywhere.
        churn: The probability that the customer leaves, in addition to what the environment does.
        moves: The moves: those of all curves, and then signals of one's own.
    """
    chances = move_chances(environment, moves)
    each = [chances[move] / (_PLACES if move in _PROMISING else 1) for move, _ in _outcomes(moves)]
    return np.array([churn, *(np.array(each) * (1 - churn))])


def columns_of_outcomes(structure: ChainStructure) -> NDArray[np.int32]:
    """Return the column of ``edges_by_column`` for each outcome; outcomes that never differ here share one."""
    columns = _columns(structure)
    most = max(place for _, place in columns) + 1
    outcomes = _outcomes(structure.moves)
    return np.array(
        [0, *(columns[move, place % most if move in _PROMISING else 0] for move, place in outcomes)], np.int32
    )


def edges_by_column(structure: ChainStructure) -> NDArray[np.int32]:
    """Return the edge that customers take from each node: (nodes, columns). Where a move cannot happen, "nothing" does."""
    first = np.full((structure.nodes, len(structure.moves)), -1, np.int64)
    backwards = np.arange(structure.edges)[::-1]
    first[structure.source[backwards], structure.move[backwards]] = backwards
    counts = _counts(structure)
    found = np.empty((structure.nodes, len(_columns(structure)) + 1), np.int32)
    for (move, place), column in [((_DEPARTURE, 0), 0), *_columns(structure).items()]:
        there = counts[:, move]
        edge = first[:, move] + np.where(there > 0, place % np.maximum(there, 1), 0)
        found[:, column] = np.where(there > 0, edge, first[:, _NOTHING])
    return found


def _columns(structure: ChainStructure) -> dict[tuple[int, int], int]:
    """Number the outcomes that differ at some node."""
    counts = _counts(structure)
    most = lcm(*map(int, set(counts[counts > 0])))
    outcomes = (each for each in _outcomes(structure.moves) if each[1] < most)
    return {outcome: column for column, outcome in enumerate(outcomes, 1)}


def _counts(structure: ChainStructure) -> NDArray[np.int64]:
    """Count the edges of each node by their move."""
    counts = np.zeros((structure.nodes, len(structure.moves)), np.int64)
    np.add.at(counts, (structure.source, structure.move), 1)
    return counts
