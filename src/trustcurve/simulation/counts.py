"""What is counted of the customers of a segment."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from numpy.typing import NDArray

from trustcurve.simulation.chain_structure import LOST_NAME, ChainStructure, TransitionType
from trustcurve.simulation.segment import BROUGHT, Segment

__all__ = ["Counts", "Names"]

_Numbers = NDArray[Any]


@frozen
class Names:
    """The names of the columns of a segment's counts, and what actions cost and moves bring.

    Args:
        segment: The segment's name, with an addition if its customers were brought.
        brought: Whether they were.
        states: The leaf states, from low to high.
        goals: The stages in the curve's order, then "lost".
        transition_types: The kinds of change of leaf state.
        actions: What the company can do.
        moves: What the environment can do.
        costs: What each action costs the company each time.
        brings: What each action brings the company each time.
        gains: What each move brings the company each time; below 0 if it costs.
        exchanged_most: The most that the company gives, and that it asks, in a turn.
        moved_most: The most changes of state in a turn.
    """

    segment: str
    brought: bool
    states: tuple[str, ...]
    goals: tuple[str, ...]
    transition_types: tuple[TransitionType, ...]
    actions: tuple[str, ...]
    moves: tuple[str, ...]
    costs: tuple[float, ...]
    brings: tuple[float, ...]
    gains: tuple[float, ...]
    exchanged_most: tuple[int, ...]
    moved_most: int

    @classmethod
    def of(cls, segment: Segment, structure: ChainStructure, *, brought: bool = False) -> Names:
        """Name the columns of a segment's counts, or of those of its customers who were brought."""
        goals = (*structure.stages, LOST_NAME)
        costs, gains = dict(segment.policy.costs), dict(segment.gains)
        return cls(
            segment=segment.name + BROUGHT * brought,
            brought=brought,
            states=structure.states,
            goals=goals,
            transition_types=structure.transition_types,
            actions=structure.actions,
            moves=structure.moves,
            costs=tuple(costs.get(action, 0.0) + max(-gains.get(action, 0.0), 0.0) for action in structure.actions),
            brings=tuple(max(gains.get(action, 0.0), 0.0) for action in structure.actions),
            gains=tuple(gains.get(move, 0.0) for move in structure.moves),
            exchanged_most=tuple(structure.exchanged.max(axis=0).tolist()),
            moved_most=int(structure.times.sum(axis=0).max(initial=1)),
        )


@frozen(eq=False)
class Counts:
    """The counts of a segment: whole numbers in a replication, expected values in an exact solution.

    Args:
        begins: The turn at whose end each cohort arrives.
        sizes: The number of customers in each cohort.
        states: How many of each cohort are in each state after each turn: (cohorts, turns + 1, states).
        retained: How many of each cohort count as each of ``RETAINED`` after each turn: (cohorts, turns + 1, 3).
        exchanged: How often the company gave to each cohort and asked it, in each turn: (cohorts, turns + 1, 2).
        transitions: How often each transition type occurred in each turn: (turns, transition types).
        actions: How often the company took each action: (turns, actions).
        moves: How often the environment made each move: (turns, moves).
        reached: How many have reached each goal by each age: (turns + 1, goals).
        observed: How many were observed up to each age: (turns + 1,).
        reports: How many lost customers told others in each turn: (turns,).
        recommendations: How many customers at the highest stage recommended the company in each turn: (turns,).
    """

    begins: tuple[int, ...]
    sizes: tuple[int, ...]
    states: _Numbers
    retained: _Numbers
    exchanged: _Numbers
    transitions: _Numbers
    actions: _Numbers
    moves: _Numbers
    reached: _Numbers
    observed: _Numbers
    reports: _Numbers
    recommendations: _Numbers
