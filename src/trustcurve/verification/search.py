"""Searches in an automaton: shortest violations, shortest lassos, reachability, and the nearest run that passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from attrs import frozen

from trustcurve.errors import require
from trustcurve.verification.automaton import Automaton, Edge, Turn

__all__ = [
    "VIOLATED",
    "Monitor",
    "Run",
    "SearchResult",
    "components",
    "nearest_passing",
    "on_a_cycle",
    "reaching",
    "shortest_lasso",
    "shortest_stems",
    "shortest_violation",
]


State = TypeVar("State", bound=Hashable)

VIOLATED: Final = -2
"""What a monitor's step returns when the property is violated."""

Run = tuple[Edge, ...]
"""A path in the automaton, from the start."""

_Passed = tuple[int, int, int]
"""How many turns have passed, the node, and the state of the monitor."""


@frozen(eq=False)
class Monitor:
    """A finite observer of runs: its state is a number; ``step`` returns the next one, or ``VIOLATED``."""

    start: int
    step: Callable[[int, Turn], int]


class SearchResult(NamedTuple):
    """The run that was found, if any, how many states and transitions were explored, and whether none was left out."""

    run: Run | None
    states: int
    transitions: int
    complete: bool


def shortest_violation(automaton: Automaton, monitor: Monitor, states_max: int) -> SearchResult:
    """Find a shortest run that violates a monitor, by breadth-first search of their product.

    Args:
        automaton: The automaton.
        monitor: The monitor.
        states_max: The most states of the product; if there are more, the search is not complete.
    """
    begin = (0, monitor.start)
    parents: dict[tuple[int, int], tuple[tuple[int, int], Edge] | None] = {begin: None}
    explored = 0
    complete = True
    for state in (queue := [begin]):
        node, seen = state
        base = automaton.first[node]
        for offset, edge in enumerate(automaton.out(node)):
            explored += 1
            then = monitor.step(seen, automaton.turns[base + offset])
            if then == VIOLATED:
                return SearchResult((*_trace(parents, state), edge), len(parents), explored, complete)
            reached = (edge.target, then)
            if reached in parents:
                continue
            if len(parents) < states_max:
                parents[reached] = (state, edge)
                queue.append(reached)
            else:
                complete = False
    return SearchResult(None, len(parents), explored, complete)


def shortest_stems(
    automaton: Automaton, calls: Sequence[bool] | None = None, usable: Sequence[bool] | None = None
) -> dict[int, Run]:
    """Find a shortest run from the start to each node; with ``calls``, a run that takes one of those edges.

    Args:
        automaton: The automaton.
        calls: Edges of which the run must take one; None: any run.
        usable: The edges that it may take after that one.
    """
    begin = (0, calls is None)
    parents: dict[tuple[int, bool], tuple[tuple[int, bool], Edge] | None] = {begin: None}
    for state in (queue := [begin]):
        node, called = state
        for number in range(automaton.first[node], automaton.first[node + 1]):
            edge = automaton.edges[number]
            ways = [True] if called else [False, True]
            for then in ways:
                calling = then and not called
                free = usable is None or calls is None or usable[number]
                if (calling and not (calls is not None and calls[number])) or (called and not free):
                    continue
                reached = (edge.target, then)
                if reached not in parents:
                    parents[reached] = (state, edge)
                    queue.append(reached)
    return {node: _trace(parents, (node, True)) for node, called in parents if called}


def reaching(automaton: Automaton, goal: Sequence[bool], usable: Sequence[bool] | None = None) -> list[bool]:
    """Return for each node whether some run from it (along usable edges) takes a goal edge."""
    back: list[list[int]] = [[] for _ in automaton.nodes]
    reaches = [False] * len(automaton.nodes)
    for number, (edge, wanted) in enumerate(zip(automaton.edges, goal, strict=True)):
        if usable is not None and not usable[number]:
            continue
        back[edge.target].append(edge.source)
        reaches[edge.source] = reaches[edge.source] or wanted
    queue = [node for node, found in enumerate(reaches) if found]
    for node in queue:
        for source in back[node]:
            if not reaches[source]:
                reaches[source] = True
                queue.append(source)
    return reaches


def components(automaton: Automaton, usable: Sequence[bool]) -> list[int]:
    """Return for each node the number of its strongly connected component along usable edges."""
    sparse, csgraph = require("scipy.sparse", "verify"), require("scipy.sparse.csgraph", "verify")
    along = [edge for edge, use in zip(automaton.edges, usable, strict=True) if use]
    rows, columns = [edge.source for edge in along], [edge.target for edge in along]
    shape = (len(automaton.nodes), len(automaton.nodes))
    graph = sparse.coo_matrix(([1] * len(along), (rows, columns)), shape=shape)
    _, labels = csgraph.connected_components(graph, connection="strong")
    return [int(label) for label in labels]


def on_a_cycle(automaton: Automaton, usable: Sequence[bool]) -> list[bool]:
    """Return for each node whether usable edges lead from it back to it."""
    component = components(automaton, usable)
    size = Counter(component)
    cyclic = [size[of] > 1 for of in component]
    for number, edge in enumerate(automaton.edges):
        if usable[number] and edge.source == edge.target:
            cyclic[edge.source] = True
    return cyclic


def shortest_lasso(
    automaton: Automaton,
    stems: dict[int, Run],
    loopable: Sequence[bool],
    usable: Sequence[bool],
    *,
    through: Sequence[bool] | None = None,
    best: tuple[Run, Run] | None = None,
) -> tuple[Run, Run] | None:
    """Find a shortest lasso: a stem into a node, and a cycle along usable edges back to it.

    Args:
        automaton: The automaton.
        stems: A shortest stem into each node at which the cycle may begin.
        loopable: Which nodes lie on a cycle of usable edges.
        usable: Which edges the cycle may take.
        through: Edges of which the cycle must take one; None: any cycle.
        best: A known lasso, returned if none is shorter.
    """
    for node, stem in sorted(stems.items(), key=lambda item: len(item[1])):
        if best is not None and len(stem) + 1 >= len(best[0]) + len(best[1]):
            break  # longer stems cannot make a shorter lasso
        if loopable[node]:
            limit = None if best is None else len(best[0]) + len(best[1]) - len(stem)
            loop = _shortest_cycle(automaton, node, usable, through, limit)
            if loop is not None:
                best = (stem, loop)
    return best


def _shortest_cycle(
    automaton: Automaton, node: int, usable: Sequence[bool], through: Sequence[bool] | None, limit: int | None
) -> Run | None:
    """Return a shortest cycle through a node, if it is shorter than the limit."""
    begin = (node, through is None)
    parents: dict[tuple[int, bool], tuple[tuple[int, bool], Edge] | None] = {begin: None}
    depth = {begin: 0}
    for state in (queue := [begin]):
        at, passed = state
        if limit is not None and depth[state] + 1 >= limit:
            return None
        for number in range(automaton.first[at], automaton.first[at + 1]):
            edge = automaton.edges[number]
            if not usable[number]:
                continue
            then = (edge.target, passed or (through is not None and through[number]))
            if then == (node, True):
                return (*_trace(parents, state), edge)
            if then not in parents:
                parents[then] = (state, edge)
                depth[then] = depth[state] + 1
                queue.append(then)
    return None


def nearest_passing(automaton: Automaton, monitor: Monitor, counterexample: Run, states_max: int) -> Run | None:
    """Find a run as long as a counterexample that does not violate the monitor, with as few other moves as possible.

    Only the environment's moves are compared: the policy's actions follow from them. All runs with no other move are
    searched first, then all with one, and so on. The run passes up to its end; what comes later is not considered.

    Returns:
        The run; None if every run of this length violates the monitor, or there are more than ``states_max`` states.
    """
    parents: dict[_Passed, tuple[_Passed, Edge] | None] = {}
    level: list[tuple[_Passed, tuple[_Passed, Edge] | None]] = [((0, 0, monitor.start), None)]
    while level:
        later: list[tuple[_Passed, tuple[_Passed, Edge] | None]] = []
        for state, step in level:
            if state in parents:
                continue
            if len(parents) >= states_max:
                return None
            parents[state] = step
            turns, node, seen = state
            if turns == len(counterexample):
                return _trace(parents, state)
            base, move = automaton.first[node], counterexample[turns].record.move
            for offset, edge in enumerate(automaton.out(node)):
                after = monitor.step(seen, automaton.turns[base + offset])
                if after != VIOLATED:
                    reached = ((turns + 1, edge.target, after), (state, edge))
                    (level if edge.record.move == move else later).append(reached)
        level = later
    return None


def _trace(parents: Mapping[State, tuple[State, Edge] | None], state: State) -> Run:
    edges: list[Edge] = []
    while (step := parents[state]) is not None:
        state, edge = step
        edges.append(edge)
    return tuple(reversed(edges))
