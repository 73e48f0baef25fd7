"""What a replication needs, as arrays: made once, sent to every process."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from trustcurve.core.errors import InvalidValueError
from trustcurve.policies import Environment
from trustcurve.simulation.alias_table import Alias, alias_of
from trustcurve.simulation.chain_structure import LOST, Shape
from trustcurve.simulation.draws import chances_of_lots, columns_of_lots, edges_of_columns
from trustcurve.simulation.hitting_times import goals_of
from trustcurve.simulation.scenario import Scenario
from trustcurve.simulation.segment import Segment

__all__ = ["Plan", "SegmentPlan", "plan_of"]


_GOALS_MAX = 16
"""The most goals: a customer has a bit for each."""


@frozen(eq=False)
class SegmentPlan:
    """How the customers of a segment are drawn.

    Args:
        shape: The loop.
        lots: In each environment: the alias table of customers who are not at risk, and of those who are.
        edge: ``edge[node * width + lot]``.
        width: How many lots some node can tell apart.
        state: The leaf state at the end of each edge.
        lost: Whether a customer is lost at the end of each edge.
        phases: Which environment holds in each step.
        goals: For each node a bit for each goal.
        risky: Whether some customers are ever at risk.
        telling: How likely it is in a step that one who is lost tells others.
    """

    shape: Shape
    lots: tuple[tuple[Alias, Alias], ...]
    edge: NDArray[np.int32]
    width: int
    state: NDArray[np.int8]
    lost: NDArray[np.bool_]
    phases: tuple[int, ...]
    goals: NDArray[Any]
    risky: bool
    telling: float


@frozen(eq=False)
class Plan:
    """A scenario as arrays.

    Args:
        segments: The plan of each segment.
        begins: At the end of which steps newcomers are expected; the first is 0, the beginning.
        sizes: How many are expected in each segment, for each of these steps.
        steps: How many steps.
        keeps_away: How many newcomers stay away for each time that somebody tells others; None where nobody does.
        journeys: How many customers of each segment are followed in the first replication.
        seed: The entropy of the seed sequence.
    """

    segments: tuple[SegmentPlan, ...]
    begins: tuple[int, ...]
    sizes: tuple[tuple[int, ...], ...]
    steps: int
    keeps_away: float | None
    journeys: int
    seed: int


def plan_of(scenario: Scenario, seed: int, journeys: int) -> Plan:
    """Make the plan of a scenario.

    Raises:
        UnboundedPolicyError: A policy promises more than ``promises_max``, or its loop has too many states.
    """
    begins, sizes = zip(*scenario.cohorts, strict=True)
    return Plan(
        segments=tuple(_segment(scenario, segment) for segment in scenario.segments),
        begins=begins,
        sizes=sizes,
        steps=scenario.steps,
        keeps_away=scenario.word_of_mouth.keeps_away if scenario.word_of_mouth else None,
        journeys=journeys,
        seed=seed,
    )


def _segment(scenario: Scenario, segment: Segment) -> SegmentPlan:
    shape = scenario.shape(segment)
    hazard = scenario.leaving(shape)
    edge, column = edges_of_columns(shape), columns_of_lots(shape)
    goals = goals_of(shape)
    if len(goals) > _GOALS_MAX:
        raise InvalidValueError(
            "curve", scenario.curve.name, f"must have at most {_GOALS_MAX - 1} stages to be simulated"
        )
    bits = np.uint8 if len(goals) <= np.iinfo(np.uint8).bits else np.uint16
    return SegmentPlan(
        shape=shape,
        lots=tuple((_lots(each, 0, column), _lots(each, hazard, column)) for each in segment.environments),
        edge=np.ascontiguousarray(edge.ravel()),
        width=edge.shape[1],
        state=shape.state[shape.target],
        lost=shape.past[shape.target] == LOST,
        phases=tuple(segment.phase(step) for step in range(1, scenario.steps + 1)),
        goals=_bits(list(goals.values()), bits),
        risky=bool(hazard and shape.at_risk.any()),
        telling=scenario.telling(shape),
    )


def _lots(environment: Environment, hazard: float, column: NDArray[np.int32]) -> Alias:
    """Make the alias table of an environment, with the columns of this segment's edges for lots."""
    alias = alias_of(chances_of_lots(environment, hazard))
    return evolve(alias, lot=column[alias.lot].astype(np.int16), other=column[alias.other].astype(np.int16))


def _bits(goals: list[NDArray[np.bool_]], kind: Any) -> NDArray[Any]:
    """Gather a bit for each goal."""
    found = np.zeros(len(goals[0]), np.int64)
    for number, nodes in enumerate(goals):
        found |= nodes.astype(np.int64) << number
    return found.astype(kind)
