"""Runs of the closed loop: what a policy does with customers whose moves are drawn, or given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from attrs import frozen
from hypothesis import strategies as st

from trustcurve.errors import InvalidValueError
from trustcurve.verification.automaton import Automaton, Edge, unroll_loop
from trustcurve.verification.closed_loop import ClosedLoop, EnvironmentMove
from trustcurve.verification.results import Witness

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
    def parents(self) -> list[Edge | None]:
        """For each state the edge by which the search reached it; None for the first state."""
        found: list[Edge | None] = [None] * len(self.automaton.nodes)
        for edge in self.automaton.edges:
            if edge.target and found[edge.target] is None:
                found[edge.target] = edge
        return found

    @cached_property
    def nearest(self) -> list[int]:
        """For each position that was found, the nearest state with it."""
        found: dict[int, int] = {}
        for number, node in enumerate(self.automaton.nodes):
            found.setdefault(node.position, number)
        return list(found.values())

    @cached_property
    def distances(self) -> list[int]:
        """For each state, its distance from the nearest goal in turns; -1: no run leads there."""
        assert self.goals is not None  # noqa: S101 - only used with goals
        distances = [0 if node.position in self.goals else -1 for node in self.automaton.nodes]
        sources: list[list[int]] = [[] for _ in distances]
        for edge in self.automaton.edges:
            sources[edge.target].append(edge.source)
        for target in (queue := [number for number, distance in enumerate(distances) if distance == 0]):
            for source in sources[target]:
                if distances[source] < 0:
                    distances[source] = distances[target] + 1
                    queue.append(source)
        return distances

    def stem(self, number: int) -> tuple[Edge, ...]:
        """Return a shortest run to a state, or its first ``turns_max`` turns."""
        edges: list[Edge] = []
        while (edge := self.parents[number]) is not None:
            edges.append(edge)
            number = edge.source
        return tuple(reversed(edges))[: self.turns_max]

    def run_from(self, stem: int, drawn: Iterable[int]) -> Witness:
        """Return a run that begins with a stem and continues as drawn.

        An even number of a stem leads to the nearest state of a position, an odd number to one of the nearest states.
        """
        place, any_state = divmod(stem, 2)
        edges = list(
            self.stem(place % len(self.automaton.nodes) if any_state else self.nearest[place % len(self.nearest)])
        )
        node = edges[-1].record.after if edges else self.loop.start
        for number in drawn:
            choices = self.loop.moves(node)
            played = self.loop.play(node, choices[number % len(choices)]) if len(edges) < self.turns_max else None
            if played is None:
                break
            edges.append(Edge(len(edges), len(edges) + 1, played))
            node = played.after
        return Witness(self.loop, tuple(edges))

    def run_to_goal(self, drawn: Iterable[int]) -> Witness:
        """Return a run that continues as drawn while the goal stays within reach, and then goes there."""
        edges: list[Edge] = []
        at = 0
        for number in drawn:
            out = self.automaton.out(at)
            edge = out[number % len(out)] if out else None
            if edge is None or not -1 < self.distances[edge.target] < self.turns_max - len(edges):
                break
            edges.append(edge)
            at = edge.target
        while self.distances[at]:
            nearer = self.distances[at] - 1
            edges.append(next(edge for edge in self.automaton.out(at) if self.distances[edge.target] == nearer))
            at = edges[-1].target
        return Witness(self.loop, tuple(edges))


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
    edges: list[Edge] = []
    node = loop.start
    for choice in choices:
        possible = loop.moves(node)
        similar = [each for each in possible if each.name == choice.name]
        played = loop.play(node, choice if choice in possible else (similar or possible)[0])
        if played is None:
            break
        edges.append(Edge(len(edges), len(edges) + 1, played))
        node = played.after
    return Witness(loop, tuple(edges))
