"""How likely each turn is, in one environment: the same formula for exact answers and for alias tables."""

from __future__ import annotations

from math import fsum, lcm

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.policies import MOVES, Environment
from trustcurve.simulation.unrolled.shape import Shape

__all__ = ["Lots", "edge_probabilities", "edges_of_lots", "lots_of"]

_NOTHING, _DEPARTURE = MOVES.index("nothing"), MOVES.index("departure")


def edge_probabilities(shape: Shape, environment: Environment, hazard: float) -> NDArray[np.float64]:
    """Answer with the probability of each edge, given its source.

    As ``Environment.likely``: what cannot happen somewhere goes to "nothing", and of several promises each is as likely.

    Args:
        shape: An unrolled loop.
        environment: An environment with probabilities, of moves that the shape knows.
        hazard: How likely it is in a turn that those at risk leave, beyond the environment.
    """
    chances = _chances(environment)
    among = np.zeros((shape.nodes, len(MOVES)))
    np.add.at(among, (shape.source, shape.move), 1)
    likely = chances[shape.move] / among[shape.source, shape.move]
    rest = chances[_NOTHING] + (among == 0) @ np.where(np.arange(len(MOVES)) == _NOTHING, 0, chances)
    likely = np.where(shape.move == _NOTHING, rest[shape.source], likely)
    at_risk = shape.at_risk[shape.source]
    likely = np.where(at_risk, likely * (1 - hazard), likely)
    return likely + np.where(at_risk & (shape.move == _DEPARTURE), hazard, 0)


@frozen(eq=False)
class Lots:
    """The lots that are drawn in a turn, the same in every node, and the edge to which each leads in each node.

    Args:
        chances: How likely each lot is; shape (2, lots): first of customers who are not at risk, then of those who are.
        edge: ``edge[node, lot]``.
    """

    chances: NDArray[np.float64]
    edge: NDArray[np.int32]


def lots_of(shape: Shape, environments: tuple[Environment, ...], hazard: float) -> tuple[Lots, ...]:
    """Make the lots of several environments.

    A lot is a move of the environment. Where several promises are open, a move about one of them has a lot for each, and as
    many lots as make them equally likely wherever one, two or more are open. So the same lot means the same move
    everywhere, under every policy: this is what makes random numbers common.
    """
    moves, many = _lots(shape)
    edge = edges_of_lots(shape)
    risky = np.zeros(len(moves) + 1)
    risky[-1] = hazard
    found = []
    for environment in environments:
        chances = _chances(environment)
        each = np.array(
            [chances[move] / (many if MOVES[move] in ("kept", "broken") else 1) for move, _ in moves] + [0.0]
        )
        found.append(Lots(np.stack([each, each * (1 - hazard) + risky]), edge))
    return tuple(found)


def edges_of_lots(shape: Shape) -> NDArray[np.int32]:
    """Answer with the edge to which each lot leads from each node: (nodes, lots); the last lot is to leave by the hazard."""
    moves, _ = _lots(shape)
    return _edges(shape, [*moves, (_DEPARTURE, 0)])


def _lots(shape: Shape) -> tuple[list[tuple[int, int]], int]:
    """Answer with the move of each lot and which of its promises, and with how many lots a move about promises has."""
    many = _promises(shape)
    promising = {move for move, word in enumerate(MOVES) if word in ("kept", "broken")}
    return [(move, place) for move in range(len(MOVES)) for place in range(many if move in promising else 1)], many


def _chances(environment: Environment) -> NDArray[np.float64]:
    given = environment.probabilities or {}
    chances = np.array([given.get(move, 0.0) for move in MOVES])
    chances[_NOTHING] = max(1 - fsum(p for move, p in given.items() if move != "nothing"), 0.0)
    return chances


def _promises(shape: Shape) -> int:
    """Answer with the least number of lots that one, two or more open promises can share evenly."""
    counts = np.zeros((shape.nodes, len(MOVES)), np.int64)
    np.add.at(counts, (shape.source, shape.move), 1)
    return lcm(*map(int, set(counts[counts > 0])))


def _edges(shape: Shape, moves: list[tuple[int, int]]) -> NDArray[np.int32]:
    """Find the edge of each lot in each node; where the move cannot happen, nothing does."""
    first = np.full((shape.nodes, len(MOVES)), -1, np.int64)
    backwards = np.arange(shape.edges)[::-1]
    first[shape.source[backwards], shape.move[backwards]] = backwards
    counts = np.zeros((shape.nodes, len(MOVES)), np.int64)
    np.add.at(counts, (shape.source, shape.move), 1)
    found = np.empty((shape.nodes, len(moves)), np.int32)
    for lot, (move, place) in enumerate(moves):
        there = counts[:, move]
        edge = first[:, move] + np.where(there > 0, place % np.maximum(there, 1), 0)
        found[:, lot] = np.where(there > 0, edge, first[:, _NOTHING])
    return found
