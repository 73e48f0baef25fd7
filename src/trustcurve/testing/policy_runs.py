"""Runs of the closed loop: what a policy does with customers whose moves are drawn, or given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

import numpy as np
from attrs import frozen
from hypothesis import strategies as st

from trustcurve.errors import InvalidValueError
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import ClosedLoop, EnvironmentMove, Passage
from trustcurve.verification.loop_journey import Witness
from trustcurve.verification.product import graph_of
from trustcurve.verification.search import distances
from trustcurve.verification.unrolling import unroll_loop

__all__ = ["policy_runs", "run_of_choices"]

_STEMS: Final = 2_000
"""How many of the nearest states of the loop a run can begin with, beside the nearest state of each position. Source: our
choice; a run continues from there by chance."""

_STATES_MAX: Final = 20_000
"""In how many of the nearest states of the loop positions are searched for. Source: our choice; half a second."""

_GOAL_STATES_MAX: Final = 50_000
"""In how many of the nearest states of the loop the required end is searched for. Source: our choice; some seconds."""

_CHOICES: Final = 24
"""More than an environment can choose from in a turn. Drawn numbers are taken modulo the number of choices."""


@frozen(eq=False)
class _Guide:
    """The nearest part of a loop, unrolled: it guides runs to rare positions.

    Args:
        loop: The loop.
        turns_max: The most turns of a run.
        goals: The numbers of the positions in which runs have to end; None: anywhere.
    """

    loop: ClosedLoop
    turns_max: int
    goals: frozenset[int] | None = None

    @cached_property
    def automaton(self) -> Automaton:
        """The loop unrolled, the nearest states first."""
        return unroll_loop(self.loop, _STATES_MAX if self.goals is None else _GOAL_STATES_MAX)

    @cached_property
    def parents(self) -> list[int]:
        """For each state the edge by which the search reached it; -1 for the first state."""
        reached, edges = np.unique(self.automaton.target, return_index=True)
        found = np.full(self.automaton.states, -1)
        found[reached] = edges
        found[0] = -1
        parents: list[int] = found.tolist()
        return parents

    @cached_property
    def nearest(self) -> list[int]:
        """For each position that was found, the nearest state with it."""
        found: list[int] = np.sort(np.unique(self.automaton.position, return_index=True)[1]).tolist()
        return found

    @cached_property
    def distances(self) -> list[int]:
        """For each state, its distance from the nearest goal in turns; -1: no run leads there."""
        assert self.goals is not None  # noqa: S101 - only used with goals
        found = distances(graph_of(self.automaton, ()), np.isin(self.automaton.position, list(self.goals)))
        return [int(each) for each in found]

    def out(self, state: int) -> range:
        """Return the edges of a state."""
        return range(int(self.automaton.first[state]), int(self.automaton.first[state + 1]))

    def stem(self, number: int) -> list[Passage]:
        """Return a shortest run to a state, or its first ``turns_max`` turns."""
        edges: list[int] = []
        while (edge := self.parents[number]) >= 0:
            edges.append(edge)
            number = self.automaton.edge(edge)[0]
        return list(self.automaton.passages(edges[::-1][: self.turns_max]))

    def run_from(self, stem: int, drawn: Iterable[int]) -> Witness:
        """Return a run that begins with a stem and continues as drawn.

        An even number of a stem leads to the nearest state of a position, an odd number to one of the nearest states.
        """
        place, any_state = divmod(stem, 2)
        state = place % self.automaton.states if any_state else self.nearest[place % len(self.nearest)]
        passages = self.stem(state)
        node = passages[-1].after if passages else self.loop.start
        for number in drawn:
            choices = self.loop.moves(node)
            played = self.loop.play(node, choices[number % len(choices)]) if len(passages) < self.turns_max else None
            if played is None:
                break
            passages.append(played)
            node = played.after
        return Witness(self.loop, tuple(passages))

    def run_to_goal(self, drawn: Iterable[int]) -> Witness:
        """Return a run that continues as drawn while the goal stays within reach, and then goes there."""
        edges: list[int] = []
        target = self.automaton.target
        at = 0
        for number in drawn:
            out = self.out(at)
            edge = out[number % len(out)] if out else None
            if edge is None or not -1 < self.distances[target[edge]] < self.turns_max - len(edges):
                break
            edges.append(edge)
            at = int(target[edge])
        while self.distances[at]:
            nearer = self.distances[at] - 1
            edges.append(next(edge for edge in self.out(at) if self.distances[target[edge]] == nearer))
            at = int(target[edges[-1]])
        return Witness(self.loop, self.automaton.passages(edges))


def policy_runs(loop: ClosedLoop, goals: frozenset[int] | None, turns_max: int) -> st.SearchStrategy[Witness]:
    """Draw runs of a loop, of at most ``turns_max`` turns; they shrink to short runs in which little happens.

    Raises:
        InvalidValueError: No run of that length ends in one of the goals.
    """
    guide = _Guide(loop, turns_max, goals)
    if goals is not None and not -1 < guide.distances[0] <= turns_max:
        problem = f"must be reachable in at most {turns_max} turns under policy {loop.policy.name!r}"
        if guide.automaton.stopped is not None:
            problem += f" (within the nearest {_GOAL_STATES_MAX} states of it)"
        raise InvalidValueError("reach", [loop.table.positions[number] for number in sorted(goals)][:3], problem)

    @st.composite
    def drawn(draw: st.DrawFn) -> Witness:
        stem = draw(st.integers(0, 2 * _STEMS - 1)) if goals is None else 0
        numbers = draw(st.lists(st.integers(0, _CHOICES - 1), max_size=turns_max))
        return guide.run_from(stem, numbers) if goals is None else guide.run_to_goal(numbers)

    return drawn()


def run_of_choices(loop: ClosedLoop, choices: Sequence[EnvironmentMove]) -> Witness:
    """Return the run with the given choices of the environment; one that is impossible is replaced by a similar one."""
    passages: list[Passage] = []
    node = loop.start
    for choice in choices:
        possible = loop.moves(node)
        similar = [each for each in possible if each.name == choice.name]
        played = loop.play(node, choice if choice in possible else (similar or possible)[0])
        if played is None:
            break
        passages.append(played)
        node = played.after
    return Witness(loop, tuple(passages))
