"""The lots that are drawn for a customer in a turn: the same under every policy, so that chance can be common."""

from __future__ import annotations

from math import lcm
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trustcurve.policies import MOVES, Environment, Move
from trustcurve.policies.policy import OPEN_MAX
from trustcurve.simulation.chain_structure import Shape
from trustcurve.simulation.markov_chain import chances_of

__all__ = ["chances_of_lots", "columns_of_lots", "edges_of_columns"]


_NOTHING, _DEPARTURE = MOVES.index("nothing"), MOVES.index("departure")
_PROMISING: Final = tuple(MOVES.index(move) for move in ("kept", "broken"))
_PLACES: Final = lcm(*range(1, OPEN_MAX + 1))
"""How many lots a move about promises has: as many as one, two, or the most open promises share evenly."""

_RARE_FIRST: Final[tuple[Move, ...]] = (
    "departure", "return", "customer_one_sided", "complaint", "advocacy", "purchase", "broken", "kept", "nothing",
)  # fmt: skip
_LOTS: Final = tuple(
    (MOVES.index(move), place) for move in _RARE_FIRST for place in range(_PLACES if move in ("kept", "broken") else 1)
)
"""The move and the place of each lot after the first, which is to leave by the hazard. What is rare comes first, and so least
depends on what is common: lots take the slots of an alias table one after the other."""


def chances_of_lots(environment: Environment, hazard: float) -> NDArray[np.float64]:
    """Answer with how likely each lot is; neither policy nor curve has a say in it.

    A lot is a move of the environment; a move about promises has a lot for each of twelve places, since of one, two, three or
    four open promises each is then as likely. The first lot is to leave by the hazard.

    Args:
        environment: An environment with probabilities.
        hazard: How likely it is that a customer leaves beyond the environment.
    """
    chances = chances_of(environment)
    each = [chances[move] / (_PLACES if move in _PROMISING else 1) for move, _ in _LOTS]
    return np.array([hazard, *(np.array(each) * (1 - hazard))])


def columns_of_lots(shape: Shape) -> NDArray[np.int32]:
    """Answer with the column of ``edges_of_columns`` in which the edges of each lot are: lots that are one here share one."""
    columns = _columns(shape)
    most = max(place for _, place in columns) + 1
    return np.array([0, *(columns[move, place % most if move in _PROMISING else 0] for move, place in _LOTS)], np.int32)


def edges_of_columns(shape: Shape) -> NDArray[np.int32]:
    """Answer with the edge that each node's customers take by each lot: (nodes, columns).

    Where the lot's move cannot happen, nothing does.
    """
    first = np.full((shape.nodes, len(MOVES)), -1, np.int64)
    backwards = np.arange(shape.edges)[::-1]
    first[shape.source[backwards], shape.move[backwards]] = backwards
    counts = _counts(shape)
    found = np.empty((shape.nodes, len(_columns(shape)) + 1), np.int32)
    for (move, place), column in [((_DEPARTURE, 0), 0), *_columns(shape).items()]:
        there = counts[:, move]
        edge = first[:, move] + np.where(there > 0, place % np.maximum(there, 1), 0)
        found[:, column] = np.where(there > 0, edge, first[:, _NOTHING])
    return found


def _columns(shape: Shape) -> dict[tuple[int, int], int]:
    """Number the lots that some node of a shape can tell apart."""
    counts = _counts(shape)
    most = lcm(*map(int, set(counts[counts > 0])))
    return {lot: column for column, lot in enumerate((lot for lot in _LOTS if lot[1] < most), 1)}


def _counts(shape: Shape) -> NDArray[np.int64]:
    """Count the edges of each node by their move."""
    counts = np.zeros((shape.nodes, len(MOVES)), np.int64)
    np.add.at(counts, (shape.source, shape.move), 1)
    return counts
