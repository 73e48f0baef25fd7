"""The Markov chain of a segment: the chain structure with the probabilities of each environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.errors import require
from trustcurve.policies import MOVES, Environment
from trustcurve.simulation.chain_structure import ChainStructure
from trustcurve.simulation.scenario import Scenario, structure_of
from trustcurve.simulation.segment import Segment, per_turn
from trustcurve.verification.chain import edge_probabilities

__all__ = ["Chain", "churn_per_turn", "churned_probabilities", "expected_totals", "move_chances", "transition_matrix"]

_Floats = NDArray[np.float64]
_NOTHING, _DEPARTURE = MOVES.index("nothing"), MOVES.index("departure")


@frozen(eq=False)
class Chain:
    """The Markov chain of a segment, in each of its environments.

    Args:
        structure: Its nodes and edges.
        probabilities: The probability of each edge, for each environment.
        matrices: The transition matrix of each environment: sparse, (nodes, nodes), from column to row.
        phases: Which environment applies in each turn.
        environments: The environments.
    """

    structure: ChainStructure
    probabilities: tuple[_Floats, ...]
    matrices: tuple[Any, ...]
    phases: tuple[int, ...]
    environments: tuple[Environment, ...]

    @classmethod
    def of(cls, scenario: Scenario, segment: Segment) -> Chain:
        """Make the chain of a segment."""
        structure = structure_of(scenario, segment)
        churn = churn_per_turn(scenario)
        probabilities = tuple(churned_probabilities(structure, each, churn) for each in segment.environments)
        phases = tuple(segment.environment_index(turn) for turn in range(1, scenario.turns + 1))
        matrices = tuple(transition_matrix(structure, each) for each in probabilities)
        return cls(structure, probabilities, matrices, phases, segment.environments)


def churn_per_turn(scenario: Scenario) -> float:
    """Return the probability that a lost customer leaves in a turn, in addition to what the environment does."""
    departures = scenario.departures
    if departures is None:
        return 0.0
    return per_turn(departures.churn_probability, departures.period, scenario.turn_length)


def move_chances(environment: Environment, moves: Sequence[str]) -> _Floats:
    """Return the probability of each move, "nothing" first, in an environment that is the same everywhere."""
    given: dict[Any, float] = dict(environment.probabilities or {})
    chances = np.array([given.get(move, 0.0) for move in moves])
    chances[_NOTHING] = max(1 - fsum(p for move, p in given.items() if move != "nothing"), 0.0)
    return chances


def churned_probabilities(structure: ChainStructure, environment: Environment, churn: float) -> _Floats:
    """Return the probability of each edge, given its source.

    Args:
        structure: The chain's structure.
        environment: An environment with probabilities, of moves that the structure knows.
        churn: The probability that a customer at risk leaves in a turn, in addition to what the environment does.
    """
    words = (structure.moves, structure.states)
    likely = edge_probabilities(environment, structure.source, structure.move, structure.begun, words)  # type: ignore[arg-type]
    at_risk = structure.at_risk[structure.source]
    likely = np.where(at_risk, likely * (1 - churn), likely)
    return likely + np.where(at_risk & (structure.move == _DEPARTURE), churn, 0)


def transition_matrix(structure: ChainStructure, probabilities: _Floats) -> Any:
    """Make the sparse transition matrix of a chain, from column to row."""
    sparse = require("scipy.sparse", "simulation")
    matrix = sparse.csr_matrix(
        (probabilities, (structure.target, structure.source)), shape=(structure.nodes, structure.nodes)
    )
    matrix.eliminate_zeros()  # an edge of probability 0 is not an edge of the graph
    return matrix


def expected_totals(chain: Chain, arriving: Mapping[int, int]) -> _Floats:
    """Return the expected totals (see ``ChainStructure.totals``) of a segment, one row for each turn.

    Args:
        chain: The chain of the segment.
        arriving: How many customers arrive at the end of which turns.
    """
    structure, turns = chain.structure, len(chain.phases)
    at, totals = np.zeros(structure.nodes), np.zeros((turns, structure.totals_width))
    at[0] = arriving.get(0, 0)
    for turn, phase in enumerate(chain.phases, 1):
        totals[turn - 1] = structure.totals(at[structure.source] * chain.probabilities[phase])
        at = chain.matrices[phase] @ at
        at[0] += arriving.get(turn, 0)
    return totals
