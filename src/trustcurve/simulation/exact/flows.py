"""Where the customers are on average, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.core.extras import require
from trustcurve.simulation.populations.scenarios import Scenario
from trustcurve.simulation.populations.segments import Segment
from trustcurve.simulation.unrolled.shape import Shape
from trustcurve.simulation.unrolled.weights import edge_probabilities

__all__ = ["Chain", "Flow", "flow", "ways_of"]

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


@frozen(eq=False)
class Flow:
    """How many customers of a segment are where, on average.

    Args:
        states: After each step, of each cohort, in each leaf state: (cohorts, steps + 1, states).
        edges: In each step, on each edge, cohorts together: (steps, edges).
    """

    states: Floats
    edges: Floats


def ways_of(shape: Shape, likely: Floats) -> Any:
    """Make the sparse matrix of a chain: from column to row."""
    sparse = require("scipy.sparse", "simulation")
    ways = sparse.csr_matrix((likely, (shape.target, shape.source)), shape=(shape.nodes, shape.nodes))
    ways.eliminate_zeros()  # what never happens is no way
    return ways


def flow(chain: Chain, cohorts: Sequence[tuple[int, int]]) -> Flow:
    """Follow the customers of a segment, on average.

    Args:
        chain: Its chain.
        cohorts: When each cohort arrives, and how many they are.
    """
    shape, steps = chain.shape, len(chain.phases)
    at = np.zeros((shape.nodes, len(cohorts)))
    states = np.zeros((len(cohorts), steps + 1, len(shape.states)))
    edges = np.zeros((steps, shape.edges))
    for step in range(steps + 1):
        if step:
            phase = chain.phases[step - 1]
            edges[step - 1] = at.sum(axis=1)[shape.source] * chain.likely[phase]
            at = chain.ways[phase] @ at
        for cohort, (arrives, size) in enumerate(cohorts):
            if arrives == step:
                at[0, cohort] += size
        states[:, step] = shape.per_state(at.T)
    return Flow(states, edges)
