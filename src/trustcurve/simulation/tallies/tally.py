"""What is counted of the customers of one segment: by chance in one replication, or exactly, on average."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from numpy.typing import NDArray

__all__ = ["Names", "Tally"]

Counts = NDArray[Any]


@frozen
class Names:
    """What the columns of a segment's tallies mean.

    Args:
        segment: The segment's name.
        states: The leaf states, from low to high.
        goals: The stages in the curve's order, and at the end "lost".
        kinds: The kinds of change of leaf state: before, after, signal, rule, because, places.
    """

    segment: str
    states: tuple[str, ...]
    goals: tuple[str, ...]
    kinds: tuple[tuple[str, str, str, str, str, int], ...]


@frozen(eq=False)
class Tally:
    """The counts; whole numbers in a replication, averages in an exact answer.

    Args:
        begins: At the end of which step each cohort arrives.
        sizes: How many customers each cohort has.
        states: How many of each cohort are in each state after each step: (cohorts, steps + 1, states).
        changes: How often each kind of change happened in each step: (steps, kinds).
        actions: How often the company did what: (steps, actions).
        moves: How often the environment did what: (steps, moves).
        reached: How many have been at each goal by each age: (steps + 1, goals).
        observed: How many could be seen at each age: (steps + 1,).
        told: How many told others in each step: (steps,).
    """

    begins: tuple[int, ...]
    sizes: tuple[int, ...]
    states: Counts
    changes: Counts
    actions: Counts
    moves: Counts
    reached: Counts
    observed: Counts
    told: Counts
