"""Runs of the loop of turns: what a policy does with customers whose moves are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from attrs import field, frozen
from hypothesis import strategies as st

from trustcurve.errors import InvalidValueError
from trustcurve.verification.automaton import Automaton, Edge, unroll_loop
from trustcurve.verification.closed_loop import ClosedLoop, EnvironmentMove, Node
from trustcurve.verification.results import Witness

__all__ = ["Walks", "runs", "walked"]

_STEMS: Final = 2_000
"""To how many states of the loop, the nearest first, a run can be led, beside the nearest of each position. Source: our
choice; a run goes on from them by chance."""

_SEEN: Final = 20_000
"""In how many states of the loop, the nearest first, positions are looked for. Source: our choice; half a second."""

_SEARCHED: Final = 50_000
"""In how many states of the loop the end is looked for that a run has to reach. Source: our choice; some seconds."""

_CHOICES: Final = 24
"""More than the moves and promises that an environment can choose from. Drawn numbers are counted round."""


@frozen(eq=False)
class Walks:
    """Walks in a loop, with what is known of it to lead them: its unrolling, as far as the cap allows.

    Args:
        loop: The loop.
        most: The most turns of a walk.
        goals: The numbers of the positions in which it has to end; None: anywhere.
    """

    loop: ClosedLoop
    most: int
    goals: frozenset[int] | None = None
    _numbers: dict[Node, int] = field(factory=dict, init=False)

    @cached_property
    def automaton(self) -> Automaton:
        """The loop unrolled, the nearest states first."""
        made = unroll_loop(self.loop, _SEEN if self.goals is None else _SEARCHED)
        self._numbers.update({node: number for number, node in enumerate(made.nodes)})
        return made

    @cached_property
    def parents(self) -> list[Edge | None]:
        """For each state the turn by which the search came to it; none for the first."""
        found: list[Edge | None] = [None] * len(self.automaton.nodes)
        for edge in self.automaton.edges:
            if edge.target and found[edge.target] is None:
                found[edge.target] = edge
        return found

    @cached_property
    def nearest(self) -> list[int]:
        """For each position that was found, the state nearest to the start in which a customer stands there."""
        found: dict[int, int] = {}
        for number, node in enumerate(self.automaton.nodes):
            found.setdefault(node.position, number)
        return list(found.values())

    @cached_property
    def away(self) -> list[int]:
        """For each state, how many turns it is away from the nearest goal; -1: no way."""
        assert self.goals is not None  # noqa: S101 - only asked for with goals
        away = [0 if node.position in self.goals else -1 for node in self.automaton.nodes]
        sources: list[list[int]] = [[] for _ in away]
        for edge in self.automaton.edges:
            sources[edge.target].append(edge.source)
        for target in (queue := [number for number, far in enumerate(away) if far == 0]):
            for source in sources[target]:
                if away[source] < 0:
                    away[source] = away[target] + 1
                    queue.append(source)
        return away

    def stem(self, number: int) -> tuple[Edge, ...]:
        """Answer with a shortest walk to a state, or with as much of it as there may be turns."""
        edges: list[Edge] = []
        while (edge := self.parents[number]) is not None:
            edges.append(edge)
            number = edge.source
        return tuple(reversed(edges))[: self.most]

    def free(self, aim: int, chosen: Iterable[int]) -> Witness:
        """Walk to a position where the aim is even, to one of the nearest states where it is odd, and go on as drawn."""
        place, near = divmod(aim, 2)
        edges = list(self.stem(place % len(self.automaton.nodes) if near else self.nearest[place % len(self.nearest)]))
        node = edges[-1].record.after if edges else self.loop.start
        for number in chosen:
            choices = self.loop.moves(node)
            played = self.loop.play(node, choices[number % len(choices)]) if len(edges) < self.most else None
            if played is None:
                break
            edges.append(Edge(len(edges), len(edges) + 1, played))
            node = played.after
        return Witness(self.loop, tuple(edges))

    def led(self, chosen: Iterable[int]) -> Witness:
        """Walk as drawn while the goal stays within reach, and then go there."""
        edges: list[Edge] = []
        at = 0
        for number in chosen:
            out = self.automaton.out(at)
            edge = out[number % len(out)] if out else None
            if edge is None or not -1 < self.away[edge.target] < self.most - len(edges):
                break
            edges.append(edge)
            at = edge.target
        while self.away[at]:
            edges.append(next(edge for edge in self.automaton.out(at) if self.away[edge.target] == self.away[at] - 1))
            at = edges[-1].target
        return Witness(self.loop, tuple(edges))


def runs(loop: ClosedLoop, goals: frozenset[int] | None, most: int) -> st.SearchStrategy[Witness]:
    """Draw runs of a loop, of at most so many turns; they shrink to short ones in which little happens.

    Raises:
        InvalidValueError: No run of so many turns ends in one of the positions that it has to reach.
    """
    walks = Walks(loop, most, goals)
    if goals is not None and not -1 < walks.away[0] <= most:
        problem = f"no journey of at most {most} turns leads there under policy {loop.policy.name!r}"
        if walks.automaton.stopped is not None:
            problem += f" (within the nearest {_SEARCHED} states of it)"
        raise InvalidValueError("reach", [loop.table.positions[number] for number in sorted(goals)][:3], problem)

    @st.composite
    def drawn(draw: st.DrawFn) -> Witness:
        aim = draw(st.integers(0, 2 * _STEMS - 1)) if goals is None else 0
        chosen = draw(st.lists(st.integers(0, _CHOICES - 1), max_size=most))
        return walks.free(aim, chosen) if goals is None else walks.led(chosen)

    return drawn()


def walked(loop: ClosedLoop, choices: Sequence[EnvironmentMove]) -> Witness:
    """Walk by choices of the environment; what is not possible when its turn comes is replaced by what is next to it."""
    edges: list[Edge] = []
    node = loop.start
    for choice in choices:
        possible = loop.moves(node)
        alike = [each for each in possible if each.name == choice.name]
        nearest = choice if choice in possible else (alike or possible)[0]
        played = loop.play(node, nearest)
        if played is None:
            break
        edges.append(Edge(len(edges), len(edges) + 1, played))
        node = played.after
    return Witness(loop, tuple(edges))
