"""Searches in an automaton: the shortest run into something, a least lasso, what can be reached from everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from attrs import frozen

from trustcurve.errors import require
from trustcurve.verification.unrolling.automaton import Automaton, Edge, Turn

__all__ = [
    "VIOLATED",
    "Monitor",
    "Run",
    "Searched",
    "components",
    "least_lasso",
    "on_a_cycle",
    "reaching",
    "shortest_stems",
    "shortest_violation",
]

State = TypeVar("State", bound=Hashable)

VIOLATED: Final = -2
"""What a monitor's step answers with when the property is broken."""

Run = tuple[Edge, ...]


@frozen(eq=False)
class Monitor:
    """A finite observer of runs: its state is a number; ``step`` answers with the next, or ``VIOLATED``."""

    start: int
    step: Callable[[int, Turn], int]


class Searched(NamedTuple):
    """A run that was found, how many states and transitions were looked at, and whether none was left out."""

    run: Run | None
    states: int
    transitions: int
    complete: bool


def shortest_violation(automaton: Automaton, monitor: Monitor, most: int) -> Searched:
    """Find a shortest run that breaks a monitor, by breadth-first search of both together.

    Args:
        automaton: The automaton.
        monitor: The monitor.
        most: The most states of both together; where there are more, the search ends without an answer.
    """
    begin = (0, monitor.start)
    came: dict[tuple[int, int], tuple[tuple[int, int], Edge] | None] = {begin: None}
    looked = 0
    complete = True
    for state in (queue := [begin]):
        node, seen = state
        base = automaton.first[node]
        for offset, edge in enumerate(automaton.out(node)):
            looked += 1
            then = monitor.step(seen, automaton.turns[base + offset])
            if then == VIOLATED:
                return Searched((*_trace(came, state), edge), len(came), looked, complete)
            reached = (edge.target, then)
            if reached in came:
                continue
            if len(came) < most:
                came[reached] = (state, edge)
                queue.append(reached)
            else:
                complete = False
    return Searched(None, len(came), looked, complete)


def shortest_stems(
    automaton: Automaton, calls: Sequence[bool] | None = None, usable: Sequence[bool] | None = None
) -> dict[int, Run]:
    """Find a shortest run from the start to each node; with ``calls``, to each node after an edge that calls.

    Args:
        automaton: The automaton.
        calls: Edges of which the run must take one; None: any run will do.
        usable: Edges that it may take from the first call on.
    """
    begin = (0, calls is None)
    came: dict[tuple[int, bool], tuple[tuple[int, bool], Edge] | None] = {begin: None}
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
                if reached not in came:
                    came[reached] = (state, edge)
                    queue.append(reached)
    return {node: _trace(came, (node, True)) for node, called in came if called}


def reaching(automaton: Automaton, goal: Sequence[bool], usable: Sequence[bool] | None = None) -> list[bool]:
    """Say of each node whether some run from it (along usable edges) takes an edge that is a goal."""
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
    """Number the strongly connected components of the automaton along usable edges; answer for each node."""
    sparse, csgraph = require("scipy.sparse", "verify"), require("scipy.sparse.csgraph", "verify")
    along = [edge for edge, use in zip(automaton.edges, usable, strict=True) if use]
    rows, columns = [edge.source for edge in along], [edge.target for edge in along]
    shape = (len(automaton.nodes), len(automaton.nodes))
    graph = sparse.coo_matrix(([1] * len(along), (rows, columns)), shape=shape)
    _, labels = csgraph.connected_components(graph, connection="strong")
    return [int(label) for label in labels]


def on_a_cycle(automaton: Automaton, usable: Sequence[bool]) -> list[bool]:
    """Say of each node whether usable edges lead from it back to it."""
    component = components(automaton, usable)
    size = Counter(component)
    cyclic = [size[of] > 1 for of in component]
    for number, edge in enumerate(automaton.edges):
        if usable[number] and edge.source == edge.target:
            cyclic[edge.source] = True
    return cyclic


def least_lasso(
    automaton: Automaton,
    stems: dict[int, Run],
    loopable: Sequence[bool],
    usable: Sequence[bool],
    *,
    through: Sequence[bool] | None = None,
    best: tuple[Run, Run] | None = None,
) -> tuple[Run, Run] | None:
    """Find a lasso of least length: a stem into a node, and a loop along usable edges back to it.

    Args:
        automaton: The automaton.
        stems: A shortest stem into each node at which a loop may begin.
        loopable: Which nodes lie on a cycle of usable edges.
        usable: Which edges a loop may take.
        through: Edges of which the loop must take one; None: any loop will do.
        best: A lasso that is known already: the answer where none is shorter.
    """
    for node, stem in sorted(stems.items(), key=lambda item: len(item[1])):
        if best is not None and len(stem) + 1 >= len(best[0]) + len(best[1]):
            break  # no stem that is longer can make a shorter lasso
        if loopable[node]:
            limit = None if best is None else len(best[0]) + len(best[1]) - len(stem)
            loop = _shortest_cycle(automaton, node, usable, through, limit)
            if loop is not None:
                best = (stem, loop)
    return best


def _shortest_cycle(
    automaton: Automaton, node: int, usable: Sequence[bool], through: Sequence[bool] | None, limit: int | None
) -> Run | None:
    """Find a shortest cycle through a node, if it is shorter than the limit."""
    begin = (node, through is None)
    came: dict[tuple[int, bool], tuple[tuple[int, bool], Edge] | None] = {begin: None}
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
                return (*_trace(came, state), edge)
            if then not in came:
                came[then] = (state, edge)
                depth[then] = depth[state] + 1
                queue.append(then)
    return None


def _trace(came: Mapping[State, tuple[State, Edge] | None], state: State) -> Run:
    edges: list[Edge] = []
    while (step := came[state]) is not None:
        state, edge = step
        edges.append(edge)
    return tuple(reversed(edges))
