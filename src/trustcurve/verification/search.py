"""Searches in graphs: what can be reached, cycles, and shortest lassos."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from trustcurve.arrays import Array
from trustcurve.errors import require
from trustcurve.verification.numbering import first_of_each
from trustcurve.verification.product import Agenda, Graph

__all__ = [
    "Lasso",
    "components",
    "distances",
    "fair_cycles",
    "on_a_cycle",
    "paths",
    "reachable",
    "reaching",
    "shortest_lasso",
    "shortest_lasso_along",
    "shortest_lasso_among",
]


class Lasso(NamedTuple):
    """A path from the start, and a cycle from its end back there; both as edges of a graph."""

    stem: tuple[int, ...]
    cycle: tuple[int, ...]


def reaching(graph: Graph, goal: Array, usable: Array | None = None) -> Array:
    """Return for each node whether some path from it (along usable edges) takes a goal edge."""
    np = require("numpy", "verify")
    along = np.ones(len(graph.target), bool) if usable is None else usable
    begins = np.zeros(graph.nodes, bool)
    begins[graph.source()[goal & along]] = True
    return distances(graph, begins, along) >= 0


def distances(graph: Graph, goals: Array, usable: Array | None = None) -> Array:
    """Return for each node how many edges it is from the nearest of some nodes (along usable edges); -1: there is no path."""
    np = require("numpy", "verify")
    back = _reversed(graph, np.ones(len(graph.target), bool) if usable is None else usable)
    found = np.where(goals, 0, -1)
    frontier, distance, scratch = np.flatnonzero(goals), 0, np.zeros(graph.nodes, np.int32)
    while len(frontier):
        edges, _ = back.out(frontier)
        before = back.target[edges]
        before, distance = before[found[before] < 0], distance + 1
        frontier = before[first_of_each(before, scratch)]
        found[frontier] = distance
    return found


def reachable(graph: Graph, usable: Array) -> Array:
    """Return for each node whether there is a path to it from the start along usable edges."""
    np = require("numpy", "verify")
    found, scratch = np.zeros(graph.nodes, bool), np.zeros(graph.nodes, np.int32)
    found[0] = True
    frontier = np.zeros(1, np.int64)
    while len(frontier):
        edges, _ = graph.out(frontier)
        after = graph.target[edges[usable[edges]]]
        after = after[~found[after]]
        frontier = after[first_of_each(after, scratch)]
        found[frontier] = True
    return found


def _reversed(graph: Graph, along: Array) -> Graph:
    """Return the graph with its usable edges turned round."""
    np, sparse = require("numpy", "verify"), require("scipy.sparse", "verify")
    edges, source = np.flatnonzero(along), graph.source()
    first = np.concatenate([[0], np.cumsum(np.bincount(source[edges], minlength=graph.nodes))])
    matrix = sparse.csr_array((edges, graph.target[edges], first), shape=(graph.nodes, graph.nodes)).tocsc()
    order = matrix.data  # the edges by their targets; parallel ones stay apart
    return Graph(matrix.indptr, source[order], order, graph.ends[order], graph.time[order], ())


def components(graph: Graph, usable: Array) -> Array:
    """Return for each node the number of its strongly connected component along usable edges."""
    np = require("numpy", "verify")
    sparse, csgraph = require("scipy.sparse", "verify"), require("scipy.sparse.csgraph", "verify")
    edges = np.flatnonzero(usable)
    ends = (graph.source()[edges], graph.target[edges])
    matrix = sparse.csr_matrix((np.ones(len(edges), np.int8), ends), shape=(graph.nodes, graph.nodes))
    _, labels = csgraph.connected_components(matrix, connection="strong")
    return labels


def on_a_cycle(graph: Graph, usable: Array, through: Array) -> Array:
    """Return for each node whether usable edges, one of them among ``through``, lead from it back to it."""
    np = require("numpy", "verify")
    label = components(graph, usable)
    source = graph.source()
    inside = usable & (label[source] == label[graph.target])
    good = np.zeros(int(label.max(initial=0)) + 1, bool)
    good[label[source[inside & through]]] = True
    return good[label]


def fair_cycles(graph: Graph, usable: Array) -> Array:
    """Return the edges on which a fair run can stay forever along usable edges.

    A fair run ends in a component that it cannot leave, and takes all of its edges.
    """
    np = require("numpy", "verify")
    label = components(graph, np.ones(len(graph.target), bool))
    source = graph.source()
    inside = label[source] == label[graph.target]
    left = np.zeros(int(label.max(initial=0)) + 1, bool)
    left[label[source[~inside | ~usable]]] = True
    return inside & ~left[label[source]]


# --- shortest paths ---------------------------------------------------------------------------------------


class _Reached(NamedTuple):
    """Shortest paths from some nodes: for each node and stage, what they cost and the edge before; -1: none."""

    turns: Array
    moves: Array
    edge: Array
    stage_before: Array


def paths(graph: Graph, start: int, gates: list[tuple[Array, Array]], limit: tuple[int, int] | None = None) -> _Reached:
    """Find shortest paths from a node that pass gates, one after the other.

    Args:
        graph: The graph.
        start: The node.
        gates: For each stage the edges that may be taken in it, and those that lead to the next stage (in the last: none).
        limit: Paths that cost as much, in turns and moves, are of no use.
    """
    np = require("numpy", "verify")
    shape = (len(gates), graph.nodes)
    turns, moves = np.full(shape, -1, np.int32), np.zeros(shape, np.int32)
    edge, before = np.full(shape, -1, np.int64), np.zeros(shape, np.int8)
    agenda = Agenda((0, np.array([start]), np.array([-1]), 0))
    for cost, items in agenda:
        if limit is not None and cost >= limit:
            break
        for stage, reached, by, came in items:
            new = np.flatnonzero(turns[stage, reached] < 0)
            nodes, kept = np.unique(reached[new], return_index=True)
            turns[stage, nodes], moves[stage, nodes] = cost
            edge[stage, nodes], before[stage, nodes] = by[new][kept], came
            edges, _ = graph.out(nodes)
            for then, some in _ways(gates, stage, edges):
                for more, chosen in _by_cost(graph, some):
                    agenda.add(more, (then, graph.target[chosen], chosen, stage))
    return _Reached(turns, moves, edge, before)


def _ways(gates: list[tuple[Array, Array]], stage: int, edges: Array) -> list[tuple[int, Array]]:
    """Return the edges that stay in a stage, and those that lead to the next."""
    stays, leads = gates[stage]
    found = [(stage, edges[stays[edges]])]
    if stage + 1 < len(gates):
        found.append((stage + 1, edges[leads[edges]]))
    return [(then, some) for then, some in found if len(some)]


def _by_cost(graph: Graph, edges: Array) -> list[tuple[tuple[int, int], Array]]:
    """Return edges by what they cost: turns first, then moves."""
    ends, time = graph.ends[edges], graph.time[edges]
    groups = (((1, 0), ends), ((0, 1), ~ends & ~time), ((0, 0), ~ends & time))
    return [(cost, edges[which]) for cost, which in groups if which.any()]


def _trace(found: _Reached, stage: int, node: int, source: Array) -> tuple[int, ...]:
    """Return the edges of the shortest path to a node in a stage."""
    edges: list[int] = []
    while (edge := int(found.edge[stage, node])) >= 0:
        edges.append(edge)
        stage, node = int(found.stage_before[stage, node]), int(source[edge])
    return tuple(reversed(edges))


_Gates = list[tuple[Array, Array]]


class _Wanted(NamedTuple):
    """Which paths are wanted: of usable edges, with a calling edge among them if some are given; all end with a turn.

    After the calling edge, only the edges ``then`` may be taken.
    """

    usable: Array
    calls: Array | None = None
    then: Array | None = None

    def gates(self, graph: Graph) -> list[_Gates]:
        """Return the gates of such paths, in one way or two."""
        none = self.usable & False
        if self.calls is None:
            return [[(self.usable, self.usable & graph.ends), (none, none)]]
        then = self.usable if self.then is None else self.then
        # The calling edge comes last, or before the last edge.
        return [
            [(self.usable, self.calls), (none, none)],
            [(self.usable, self.calls), (then, then & graph.ends), (none, none)],
        ]


class _Path(NamedTuple):
    """A path: what it costs in turns and moves, and its edges."""

    cost: tuple[int, int]
    edges: tuple[int, ...]


def shortest_lasso(graph: Graph, calls: Array, usable: Array, cycles: Array) -> Lasso | None:
    """Find a shortest lasso that takes a calling edge and after it only usable ones; stem and cycle end with a turn.

    Args:
        graph: The graph.
        calls: Edges of which the lasso takes one, on its stem or on its cycle; they are usable, and end a turn.
        usable: The edges after that one.
        cycles: The edges of which the cycle consists; they are usable.
    """
    np = require("numpy", "verify")
    every = np.ones(len(graph.target), bool)
    loopable = on_a_cycle(graph, cycles, graph.ends)
    if not loopable.any():
        return None
    best = _closed(graph, _Wanted(every, calls, usable), loopable, _Wanted(cycles))
    if best is None:  # without a call before it, there is none on the cycle either: that could be taken twice
        return None
    called = calls & cycles
    best = _closed(graph, _Wanted(every), on_a_cycle(graph, cycles, called), _Wanted(cycles, called), best)
    return None if best is None else best[1]


def shortest_lasso_among(graph: Graph, nodes: Array) -> Lasso | None:
    """Find a shortest lasso whose cycle goes through one of some nodes; stem and cycle end with a turn."""
    np = require("numpy", "verify")
    every = np.ones(len(graph.target), bool)
    best = _closed(graph, _Wanted(every), on_a_cycle(graph, every, graph.ends) & nodes, _Wanted(every))
    return None if best is None else best[1]


def shortest_lasso_along(graph: Graph, usable: Array, cycles: Array) -> Lasso | None:
    """Find a shortest lasso of usable edges, with a cycle of edges among ``cycles``; stem and cycle end with a turn."""
    best = _closed(graph, _Wanted(usable), on_a_cycle(graph, cycles, graph.ends), _Wanted(cycles))
    return None if best is None else best[1]


def _closed(
    graph: Graph,
    stem: _Wanted,
    loopable: Array,
    cycle: _Wanted,
    best: tuple[tuple[int, int], Lasso] | None = None,
) -> tuple[tuple[int, int], Lasso] | None:
    """Return the shortest lasso of a wanted stem into a loopable node and a wanted cycle, or the best one so far."""
    source, gates = graph.source(), cycle.gates(graph)
    for node, path in _stems(graph, source, stem, loopable):
        if best is not None and (path.cost[0] + 1, path.cost[1]) >= best[0]:
            break  # longer stems cannot make a shorter lasso
        for way in gates:
            limit = None if best is None else (best[0][0] - path.cost[0], best[0][1] - path.cost[1])
            found = paths(graph, node, way, limit)
            round_trip = _path(found, node, source)
            if round_trip is not None:
                total = (path.cost[0] + round_trip.cost[0], path.cost[1] + round_trip.cost[1])
                if best is None or total < best[0]:
                    best = (total, Lasso(path.edges, round_trip.edges))
    return best


def _stems(graph: Graph, source: Array, wanted: _Wanted, loopable: Array) -> Iterator[tuple[int, _Path]]:
    """Yield loopable nodes with a shortest wanted path from the start, the shortest first; of none, if nothing is called for."""
    np = require("numpy", "verify")
    if wanted.calls is None and loopable[0]:
        yield 0, _Path((0, 0), ())
    ways = [paths(graph, 0, way) for way in wanted.gates(graph)]
    costs = [(each.turns[-1].astype(np.int64) << 32) + each.moves[-1] for each in ways]
    far = np.iinfo(np.int64).max
    costs = [np.where(each.turns[-1] < 0, far, cost) for each, cost in zip(ways, costs, strict=True)]
    least = np.minimum.reduce(costs)
    nodes = np.flatnonzero(loopable & (least < far))
    for node in nodes[np.argsort(least[nodes], kind="stable")].tolist():
        way = next(each for each, cost in zip(ways, costs, strict=True) if cost[node] == least[node])
        path = _path(way, node, source)
        assert path is not None  # noqa: S101 - its cost is known
        yield node, path


def _path(found: _Reached, node: int, source: Array) -> _Path | None:
    """Return the shortest path to a node in the last stage."""
    stage = len(found.turns) - 1
    if found.turns[stage, node] < 0:
        return None
    return _Path((int(found.turns[stage, node]), int(found.moves[stage, node])), _trace(found, stage, node, source))
