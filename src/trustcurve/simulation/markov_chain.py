"""How likely each turn is, in one environment."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.core.extras import require
from trustcurve.policies import MOVES, Environment
from trustcurve.simulation.chain_structure import Shape
from trustcurve.simulation.scenario import Scenario
from trustcurve.simulation.segment import Segment

__all__ = ["Chain", "chances_of", "edge_probabilities", "flow", "ways_of"]


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


Floats = NDArray[np.float64]


@frozen(eq=False)
class Chain:
    """The Markov chain of a segment, in each of its environments.

    Args:
        shape: The loop.
        likely: The probability of each edge, for each environment.
        ways: The chance of getting from node to node, for each environment: sparse, (nodes, nodes), from column to row.
        phases: Which environment holds in each step.
    """

    shape: Shape
    likely: tuple[Floats, ...]
    ways: tuple[Any, ...]
    phases: tuple[int, ...]

    @classmethod
    def of(cls, scenario: Scenario, segment: Segment) -> Chain:
        """Make the chain of a segment."""
        shape = scenario.shape(segment)
        hazard = scenario.leaving(shape)
        likely = tuple(edge_probabilities(shape, each, hazard) for each in segment.environments)
        phases = tuple(segment.phase(step) for step in range(1, scenario.steps + 1))
        return cls(shape, likely, tuple(ways_of(shape, each) for each in likely), phases)


def ways_of(shape: Shape, likely: Floats) -> Any:
    """Make the sparse matrix of a chain: from column to row."""
    sparse = require("scipy.sparse", "simulation")
    ways = sparse.csr_matrix((likely, (shape.target, shape.source)), shape=(shape.nodes, shape.nodes))
    ways.eliminate_zeros()  # what never happens is no way
    return ways


def flow(chain: Chain, arriving: Mapping[int, int]) -> Floats:
    """Follow the customers of a segment, on average, and count what is counted per edge (see ``Shape.added_up``).

    Args:
        chain: Its chain.
        arriving: How many customers arrive at the end of which steps.

    Returns:
        A row for each step.
    """
    shape, steps = chain.shape, len(chain.phases)
    at, sums = np.zeros(shape.nodes), np.zeros((steps, shape.counted))
    at[0] = arriving.get(0, 0)
    for step, phase in enumerate(chain.phases, 1):
        sums[step - 1] = shape.added_up(at[shape.source] * chain.likely[phase])
        at = chain.ways[phase] @ at
        at[0] += arriving.get(step, 0)
    return sums
