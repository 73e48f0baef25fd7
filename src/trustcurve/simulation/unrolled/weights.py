"""How likely each turn is, in one environment."""

from __future__ import annotations

from math import fsum

import numpy as np
from numpy.typing import NDArray

from trustcurve.policies import MOVES, Environment
from trustcurve.simulation.unrolled.shape import Shape

__all__ = ["chances_of", "edge_probabilities"]

_NOTHING, _DEPARTURE = MOVES.index("nothing"), MOVES.index("departure")


def edge_probabilities(shape: Shape, environment: Environment, hazard: float) -> NDArray[np.float64]:
    """Answer with the probability of each edge, given its source.

    As ``Environment.likely``: what cannot happen somewhere goes to "nothing", and of several promises each is as likely.

    Args:
        shape: An unrolled loop.
        environment: An environment with probabilities, of moves that the shape knows.
        hazard: How likely it is in a turn that those at risk leave, beyond the environment.
    """
    chances = chances_of(environment)
    among = np.zeros((shape.nodes, len(MOVES)))
    np.add.at(among, (shape.source, shape.move), 1)
    likely = chances[shape.move] / among[shape.source, shape.move]
    rest = chances[_NOTHING] + (among == 0) @ np.where(np.arange(len(MOVES)) == _NOTHING, 0, chances)
    likely = np.where(shape.move == _NOTHING, rest[shape.source], likely)
    at_risk = shape.at_risk[shape.source]
    likely = np.where(at_risk, likely * (1 - hazard), likely)
    return likely + np.where(at_risk & (shape.move == _DEPARTURE), hazard, 0)


def chances_of(environment: Environment) -> NDArray[np.float64]:
    """Answer with the probability of each move in ``MOVES``."""
    given = environment.probabilities or {}
    chances = np.array([given.get(move, 0.0) for move in MOVES])
    chances[_NOTHING] = max(1 - fsum(p for move, p in given.items() if move != "nothing"), 0.0)
    return chances
