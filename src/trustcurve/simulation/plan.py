"""The plan of a simulation: what every replication needs, as arrays; made once and sent to every process."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from trustcurve.errors import InvalidValueError
from trustcurve.policies import Environment
from trustcurve.simulation.alias_table import AliasTable, alias_table
from trustcurve.simulation.chain_structure import LOST, ChainStructure
from trustcurve.simulation.draws import columns_of_outcomes, edges_by_column, outcome_probabilities
from trustcurve.simulation.hitting_times import goals_of
from trustcurve.simulation.markov_chain import churn_per_turn
from trustcurve.simulation.scenario import Scenario, cohorts_of, structure_of
from trustcurve.simulation.segment import Segment, per_turn

__all__ = ["Plan", "SegmentPlan", "plan_of"]

_GOALS_MAX = 16
"""The most goals: a customer has a bit for each."""


@frozen(eq=False)
class SegmentPlan:
    """How the customers of a segment are drawn.

    Args:
        structure: The chain's structure.
        draws: The alias tables of each environment.
        drawn_by: For each environment by which of its tables customers at a node are drawn: (nodes,).
        edge: ``edge[node * width + column]``.
        width: How many columns of outcomes there are.
        looks: What is counted of the customers who take an edge, see ``ChainStructure.edge_looks``.
        look: The row of ``looks`` for each edge.
        lost: Whether a customer is lost at the end of each edge.
        highest: Whether a customer is at the highest stage at the end of each edge.
        phases: Which environment applies in each turn.
        goals: For each node a bit for each goal.
        share_telling: The probability that a lost customer tells others in a turn.
        share_recommending: The probability that a customer at the highest stage recommends the company in a turn.
    """

    structure: ChainStructure
    draws: tuple[tuple[AliasTable, ...], ...]
    drawn_by: tuple[NDArray[np.int8], ...]
    edge: NDArray[np.int32]
    width: int
    looks: NDArray[np.int8]
    look: NDArray[np.int32]
    lost: NDArray[np.bool_]
    highest: NDArray[np.bool_]
    phases: tuple[int, ...]
    goals: NDArray[Any]
    share_telling: float
    share_recommending: float


@frozen(eq=False)
class Plan:
    """A scenario as arrays.

    Args:
        segments: The plan of each segment.
        brought: For those who are brought, the plan of each segment; empty if nobody is.
        begins: The turns at whose end newcomers are expected; the first is 0, the beginning.
        sizes: How many are expected in each segment, for each of these turns.
        turns: How many turns.
        lost_per_report: How many newcomers are lost for each report; None without word of mouth.
        brought_per_recommendation: How many newcomers come for each recommendation.
        journeys: How many customers of each segment are followed in the first replication.
        seed: The entropy of the seed sequence.
    """

    segments: tuple[SegmentPlan, ...]
    brought: tuple[SegmentPlan, ...]
    begins: tuple[int, ...]
    sizes: tuple[tuple[int, ...], ...]
    turns: int
    lost_per_report: float | None
    brought_per_recommendation: float
    journeys: int
    seed: int


def plan_of(scenario: Scenario, seed: int, journeys: int) -> Plan:
    """Make the plan of a scenario.

    Raises:
        UnboundedPolicyError: A policy promises more than ``promises_max``, or its closed loop has too many states.
    """
    begins, sizes = zip(*cohorts_of(scenario), strict=True)
    word = scenario.word_of_mouth
    brought = scenario.segments if word is not None and word.brings else ()
    less = 0 if word is None else word.doubt_less
    return Plan(
        segments=tuple(_segment_plan(scenario, segment, 0) for segment in scenario.segments),
        brought=tuple(_segment_plan(scenario, segment, less) for segment in brought),
        begins=begins,
        sizes=sizes,
        turns=scenario.turns,
        lost_per_report=None if word is None else word.lost_per_report,
        brought_per_recommendation=0.0 if word is None else word.brought_per_recommendation,
        journeys=journeys,
        seed=seed,
    )


def _segment_plan(scenario: Scenario, segment: Segment, doubt_less: int) -> SegmentPlan:
    structure = structure_of(scenario, segment, doubt_less)
    drawn = [_drawn(structure, each, churn_per_turn(scenario)) for each in segment.environments]
    edge, column = edges_by_column(structure), columns_of_outcomes(structure)
    goals, (looks, look) = goals_of(structure), structure.edge_looks
    if len(goals) > _GOALS_MAX:
        raise InvalidValueError(
            "curve", scenario.curve.name, f"must have at most {_GOALS_MAX - 1} stages to be simulated"
        )
    bits = np.uint8 if len(goals) <= np.iinfo(np.uint8).bits else np.uint16
    word = scenario.word_of_mouth
    return SegmentPlan(
        structure=structure,
        draws=tuple(tuple(_with_columns(table, column) for table in tables) for tables, _ in drawn),
        drawn_by=tuple(by for _, by in drawn),
        edge=np.ascontiguousarray(edge.ravel()),
        width=edge.shape[1],
        looks=looks,
        look=look,
        lost=structure.history[structure.target] == LOST,
        highest=structure.stage[structure.target] == len(structure.stages) - 1,
        phases=tuple(segment.environment_index(turn) for turn in range(1, scenario.turns + 1)),
        goals=_bits(list(goals.values()), bits),
        share_telling=per_turn(word.share_telling, word.period, scenario.turn_length) if word else 0.0,
        share_recommending=per_turn(word.share_recommending, word.period, scenario.turn_length) if word else 0.0,
    )


def _drawn(
    structure: ChainStructure, environment: Environment, churn: float
) -> tuple[list[AliasTable], NDArray[np.int8]]:
    """Return the alias tables of an environment, and by which of them customers at each node are drawn.

    They differ by leaf state where probabilities do, and customers at risk have tables of their own.
    """
    worlds, in_state = environment.worlds(structure.states)
    risky = structure.at_risk if churn else np.zeros(structure.nodes, bool)
    pairs = np.array(in_state)[structure.begun] * 2 + risky
    pairs, by = np.unique(pairs, return_inverse=True)
    tables = [
        alias_table(outcome_probabilities(worlds[pair // 2], churn * (pair % 2), structure.moves))
        for pair in pairs.tolist()
    ]
    return tables, by.astype(np.int8)


def _with_columns(table: AliasTable, column: NDArray[np.int32]) -> AliasTable:
    """Return an alias table with a segment's columns as outcomes."""
    outcome, other = (column[each].astype(np.int16) for each in (table.outcome, table.other))
    return evolve(table, outcome=outcome, other=other)


def _bits(goals: list[NDArray[np.bool_]], kind: Any) -> NDArray[Any]:
    """Pack a bit for each goal."""
    found = np.zeros(len(goals[0]), np.int64)
    for number, nodes in enumerate(goals):
        found |= nodes.astype(np.int64) << number
    return found.astype(kind)
