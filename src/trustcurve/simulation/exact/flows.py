"""Where the customers are on average, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.errors import require
from trustcurve.simulation.populations.scenarios import Scenario
from trustcurve.simulation.populations.segments import Segment
from trustcurve.simulation.unrolled.shape import Shape
from trustcurve.simulation.unrolled.weights import edge_probabilities

__all__ = ["Chain", "flow", "ways_of"]

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
