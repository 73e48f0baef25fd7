"""The product of an automaton with what a property remembers: searched for a shortest violation, or laid out as a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from typing import Any, Final, Generic, NamedTuple, TypeVar

from attrs import frozen

from trustcurve.arrays import Array
from trustcurve.errors import require
from trustcurve.verification.automaton import Automaton, edges_out
from trustcurve.verification.monitor import EXCUSED, VIOLATED, Monitor
from trustcurve.verification.monitor_table import MONITOR_STATES_MAX, MonitorTable, TooManyStatesError
from trustcurve.verification.numbering import PairNumbers, distinct_of
from trustcurve.verification.observation import Observation
from trustcurve.verification.turn import Turn
from trustcurve.verification.vocabulary import Feature, UnreadError

__all__ = [
    "Agenda",
    "Exploration",
    "Graph",
    "Watched",
    "explore",
    "graph_of",
    "values_on",
    "watched_graph",
]

_CELLS_MAX: Final = 1_000_000_000
"""The most pairs of a state and of what is known besides, found or not. Source: our choice; those that are found take memory."""

_VIOLATION: Final = (-1, -1)
"""In place of a cost: the monitor is violated."""

_T = TypeVar("_T")


class Exploration(NamedTuple):
    """The edges of a shortest run that violates a monitor, or None; how much was explored, and whether none was left out.

    ``relevant`` says whether some turn was relevant.
    """

    run: tuple[int, ...] | None
    states: int
    transitions: int
    complete: bool
    relevant: bool


def explore(automaton: Automaton, monitor: Monitor, relevant: Callable[[Turn], bool], states_max: int) -> Exploration:
    """Find a shortest run that violates a monitor: with the fewest turns, and of those with the fewest moves.

    Args:
        automaton: The automaton.
        monitor: The monitor.
        relevant: Which turns the monitor is about.
        states_max: The most states of the product; if there are more, the search is not complete.
    """
    return _reading(automaton, lambda observation: _Search(observation, monitor, relevant, states_max).run())


def _reading(automaton: Automaton, work: Callable[[Observation], _T], *, acts_between: bool = True) -> _T:
    """Do something with an observation of everything that it reads."""
    features: tuple[Feature, ...] = ()
    while True:
        try:
            return work(Observation(automaton, features, acts_between))
        except UnreadError as error:
            features = (*features, *error.features)


class Agenda(Generic[_T]):
    """What is to be done, by what it costs in turns and moves: the cheapest first, together with all that costs the same."""

    def __init__(self, first: _T) -> None:
        self._now = (0, 0)
        self._order = [self._now]
        self._items: dict[tuple[int, int], list[_T]] = {self._now: [first]}

    def add(self, cost: tuple[int, int], item: _T) -> None:
        """Add what costs more than what is being done, or as much."""
        total = (self._now[0] + cost[0], self._now[1] + cost[1])
        if total not in self._items:
            self._items[total] = []
            heappush(self._order, total)
        self._items[total].append(item)

    def __iter__(self) -> Iterator[tuple[tuple[int, int], list[_T]]]:
        while self._order:
            self._now = heappop(self._order)
            yield self._now, self._items.pop(self._now)


class _Keys:
    """Pairs of a record and a monitor's state, numbered as they come."""

    def __init__(self) -> None:
        np = require("numpy", "verify")
        self.records, self.monitors = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._known: dict[int, int] = {}

    def of(self, records: Array, monitors: Array) -> Array:
        """Return the numbers of pairs."""
        np = require("numpy", "verify")
        if not len(records):
            return np.zeros(0, np.int32)
        wide = int(monitors.max()) + 1
        codes, place = distinct_of(records * wide + monitors)
        return np.array([self._number(*divmod(code, wide)) for code in codes.tolist()], np.int32)[place]

    def _number(self, record: int, monitor: int) -> int:
        np = require("numpy", "verify")
        key = record * MONITOR_STATES_MAX + monitor
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.records)
            self.records, self.monitors = np.append(self.records, record), np.append(self.monitors, monitor)
        return number

    def __len__(self) -> int:
        return len(self.records)


class _Batch(NamedTuple):
    """States of the product, each with the state and the edge from which it was reached."""

    state: Array
    key: Array
    parent: Array
    edge: Array

    def only(self, which: Array) -> _Batch:
        return _Batch(*(each[which] for each in self))


class _Search:
    """A search of the product of an automaton and a monitor, in the order of turns and moves."""

    def __init__(
        self, observation: Observation, monitor: Monitor, relevant: Callable[[Turn], bool], states_max: int
    ) -> None:
        self.observation, self.automaton = observation, observation.automaton
        self.states_max = states_max
        self.steps = MonitorTable(observation, monitor, relevant)
        self.keys = _Keys()
        self.pairs = PairNumbers(self.automaton.states)
        self.found: list[_Batch] = []
        self.transitions = 0
        self.complete = True

    def run(self) -> Exploration:
        """Search; stop at the first violation."""
        np = require("numpy", "verify")
        start = np.zeros(1, np.int64)
        begin = self.keys.of(self.observation.begin(start), start)
        agenda = Agenda(_Batch(start, begin, start - 1, start - 1))
        for _, batches in agenda:
            batch, _ = self.add(_Batch(*map(np.concatenate, zip(*batches, strict=True))))
            for cost, then in self._expand(batch) if len(batch.state) else ():
                if cost == _VIOLATION:
                    run = (*self._trace(int(then.parent[0])), int(then.edge[0]))
                    return Exploration(run, self.states, self.transitions, self.complete, self.steps.any_relevant)
                agenda.add(cost, then)
        return Exploration(None, self.states, self.transitions, self.complete, self.steps.any_relevant)

    def add(self, batch: _Batch) -> tuple[_Batch, Array]:
        """Return the states of a batch that were not found before, each once, and the numbers of all; remember them."""
        np = require("numpy", "verify")
        keys = max(_CELLS_MAX // self.automaton.states, 1)
        if keys < len(self.keys):
            self.complete, batch = False, batch.only(np.flatnonzero(batch.key < keys))
        numbers, new = self.pairs.of(batch.key, batch.state, self.states_max)
        self.complete = self.complete and bool((numbers >= 0).all())
        self.found.append(batch.only(new))
        return self.found[-1], numbers

    @property
    def states(self) -> int:
        """How many states were found."""
        return self.pairs.count

    def _expand(self, batch: _Batch) -> list[tuple[tuple[int, int], _Batch]]:
        """Return the states after a batch, by what it costs in turns and moves; or the first violation."""
        np = require("numpy", "verify")
        automaton, observation = self.automaton, self.observation
        edges, place = automaton.out(batch.state)
        self.transitions += len(edges)
        records, monitors = self.keys.records[batch.key][place], self.keys.monitors[batch.key][place]
        parent = (self.states - len(batch.state)) + place
        found: list[tuple[tuple[int, int], _Batch]] = []
        ends = automaton.ends[edges]
        inner = np.flatnonzero(~ends)
        if len(inner):
            key = self.keys.of(observation.go_on(records[inner], edges[inner]), monitors[inner])
            then = _Batch(automaton.target[edges[inner]], key, parent[inner], edges[inner])
            time = automaton.time[edges[inner]]
            found += [((0, 0), then.only(np.flatnonzero(time))), ((0, 1), then.only(np.flatnonzero(~time)))]
        last = np.flatnonzero(ends)
        if len(last):
            after = self.steps.after(observation.letters(records[last], edges[last]), monitors[last])
            wrong = np.flatnonzero(after == VIOLATED)
            if len(wrong):
                at = last[wrong[:1]]
                return [(_VIOLATION, _Batch(at, at, parent[at], edges[at]))]
            last, after = last[after != EXCUSED], after[after != EXCUSED]
            target = automaton.target[edges[last]]
            key = self.keys.of(observation.begin(target), after)
            found.append(((1, 0), _Batch(target, key, parent[last], edges[last])))
        return found

    def _trace(self, number: int) -> tuple[int, ...]:
        """Return the edges that lead to a state of the product."""
        np = require("numpy", "verify")
        parent = np.concatenate([batch.parent for batch in self.found])
        edge = np.concatenate([batch.edge for batch in self.found])
        edges: list[int] = []
        while parent[number] >= 0:
            edges.append(int(edge[number]))
            number = int(parent[number])
        return tuple(reversed(edges))


# --- as a graph -------------------------------------------------------------------------------------------


@frozen(eq=False)
class Graph:
    """The product of an automaton with what predicates read of its turns, as a graph.

    Args:
        first: The edges of node ``n`` are those from ``first[n]`` to before ``first[n + 1]``. Shape (nodes + 1,).
        target: The node after each edge. Shape (edges,).
        edge: The automaton's edge behind each edge. Shape (edges,).
        ends: Whether a turn ends with each edge. Shape (edges,).
        time: Whether only time passes on each edge. Shape (edges,).
        marks: For each predicate, the edges that end a turn in which it is true. Shapes (edges,).
    """

    first: Array
    target: Array
    edge: Array
    ends: Array
    time: Array
    marks: tuple[Array, ...]

    @property
    def nodes(self) -> int:
        """The number of nodes; 0 is the start."""
        return len(self.first) - 1

    def source(self) -> Array:
        """Return the node before each edge. Shape (edges,)."""
        np = require("numpy", "verify")
        return np.repeat(np.arange(self.nodes), np.diff(self.first))

    def out(self, nodes: Array) -> tuple[Array, Array]:
        """Return all edges of some nodes, and for each its place among these nodes; in the order of the nodes."""
        return edges_out(self.first, nodes)


def graph_of(
    automaton: Automaton,
    predicates: Sequence[Callable[[Turn], bool]],
    states_max: int = _CELLS_MAX,
    assumption: Monitor | None = None,
) -> Graph:
    """Lay out the product of an automaton with what predicates read.

    Args:
        automaton: The automaton.
        predicates: What is marked.
        states_max: The most states.
        assumption: A monitor; turns in which it is violated are left out, and what comes after them.

    Raises:
        TooManyStatesError: It has more than ``states_max`` states.
    """
    return _reading(automaton, lambda observation: _graph(observation, predicates, states_max, assumption))


def _graph(
    observation: Observation,
    predicates: Sequence[Callable[[Turn], bool]],
    states_max: int,
    assumption: Monitor | None,
) -> Graph:
    np = require("numpy", "verify")
    automaton = observation.automaton
    if assumption is None and (observation.records == 1 or automaton.ends.all()):
        every = np.arange(automaton.transitions)
        marks = _marks(observation, predicates, observation.begin(automaton.source), every)
        return Graph(automaton.first, automaton.target, every, automaton.ends, automaton.time, marks)
    steps = None if assumption is None else MonitorTable(observation, assumption, lambda _: False)
    states, keys = np.zeros(1, np.int64), _Keys()
    ours = keys.of(observation.begin(states), np.zeros(1, np.int64))
    levels: list[tuple[Any, ...]] = []
    targets = []
    pairs = PairNumbers(automaton.states)
    pairs.of(ours, states, 1)
    while len(states):
        edges, place, key = _followed(observation, steps, keys, states, ours)
        before, target = keys.records[ours][place], automaton.target[edges]
        if len(keys) * automaton.states > _CELLS_MAX:
            raise TooManyStatesError
        numbers, new = pairs.of(key, target, states_max)
        if (numbers < 0).any():
            raise TooManyStatesError
        levels.append((np.bincount(place, minlength=len(states)), edges, before))
        targets.append(numbers)
        states, ours = target[new], key[new]
    count, edges, before = (np.concatenate(each) for each in zip(*levels, strict=True))
    marks = _marks(observation, predicates, before, edges)
    first = np.concatenate([[0], np.cumsum(count)])
    return Graph(first, np.concatenate(targets), edges, automaton.ends[edges], automaton.time[edges], marks)


class Watched(NamedTuple):
    """The product of an automaton with a monitor, laid out: each node goes on until the monitor is violated.

    ``violates`` marks the edges that violate it; they lead nowhere. ``at_once`` marks those on which the company acts between
    two runs and that would violate it, had the policy decided so in a turn that ends there. ``state`` is the automaton's state
    of each node. Shapes (edges,), (edges,), (nodes,).
    """

    graph: Graph
    violates: Array
    at_once: Array
    state: Array


def watched_graph(automaton: Automaton, monitor: Monitor, states_max: int, *, acts_between: bool = True) -> Watched:
    """Lay out the product of an automaton with a monitor.

    Args:
        automaton: The automaton.
        monitor: The monitor.
        states_max: The most states of the product.
        acts_between: Whether what the company does between two runs is among the actions of the turn.

    Raises:
        TooManyStatesError: It has more than ``states_max`` states.
    """
    return _reading(
        automaton, lambda observation: _watched(observation, monitor, states_max), acts_between=acts_between
    )


def _watched(observation: Observation, monitor: Monitor, states_max: int) -> Watched:
    np = require("numpy", "verify")
    automaton, search = observation.automaton, _Search(observation, monitor, lambda _: False, states_max)
    steps = MonitorTable(observation, monitor, lambda _: False, follows_excused=True)
    states, keys = np.zeros(1, np.int64), search.keys
    guarded = np.array([each.move in automaton.loop.guarded for each in automaton.happenings], bool)
    ours = keys.of(observation.begin(states), np.zeros(1, np.int64))
    search.add(_Batch(states, ours, states - 1, states - 1))
    levels: list[tuple[Any, ...]] = []
    while len(states):
        edges, place = automaton.out(states)
        ends, target = automaton.ends[edges], automaton.target[edges]
        records, monitors = keys.records[ours][place], keys.monitors[ours][place].copy()
        last = np.flatnonzero(ends)
        if len(last):
            monitors[last] = steps.after(observation.letters(records[last], edges[last]), monitors[last])
        wrong, once = monitors == VIOLATED, np.zeros(len(edges), bool)
        acts = last[:0] if observation.acts_between else np.flatnonzero(guarded[automaton.happening[edges]])
        if len(acts):
            letters = observation.letters_at_once(records[acts], edges[acts])
            once[acts] = steps.after(letters, monitors[acts]) == VIOLATED
        after = np.where(ends, observation.begin(target), observation.go_on(records, edges))
        key = keys.of(after, np.where(wrong, 0, monitors))
        right, then = np.flatnonzero(~wrong), np.zeros(len(edges), np.int32)
        new, numbers = search.add(_Batch(target, key, place, edges).only(right))
        if not search.complete:
            raise TooManyStatesError
        then[right] = numbers
        levels.append((np.bincount(place, minlength=len(states)), edges, then, wrong, once))
        states, ours = new.state, new.key
    state = np.concatenate([batch.state for batch in search.found])
    count, edges, target, wrong, once = (np.concatenate(each) for each in zip(*levels, strict=True))
    first = np.concatenate([[0], np.cumsum(count)])
    graph = Graph(first, target, edges, automaton.ends[edges], automaton.time[edges], ())
    return Watched(graph, wrong, once, state)


def _followed(
    observation: Observation, steps: MonitorTable | None, keys: _Keys, states: Array, ours: Array
) -> tuple[Array, Array, Array]:
    """Return the edges from states of a product, their places among these states, and the keys of the states after them."""
    np = require("numpy", "verify")
    automaton = observation.automaton
    edges, place = automaton.out(states)
    before, monitors = keys.records[ours][place], keys.monitors[ours][place]
    ends = automaton.ends[edges]
    if steps is not None and ends.any():
        last = np.flatnonzero(ends)
        monitors[last] = steps.after(observation.letters(before[last], edges[last]), monitors[last])
        kept = np.flatnonzero(monitors != VIOLATED)
        edges, place, before, monitors, ends = (each[kept] for each in (edges, place, before, monitors, ends))
    after = np.where(ends, observation.begin(automaton.target[edges]), observation.go_on(before, edges))
    return edges, place, keys.of(after, monitors)


def values_on(automaton: Automaton, function: Callable[[Turn], float]) -> Array:
    """Return what a function says of the turn on each edge, where each edge is a whole turn. Shape (edges,)."""

    def work(observation: Observation) -> Array:
        every = np.arange(automaton.transitions)
        turns, kind = _turns(observation, observation.begin(automaton.source), every)
        return np.array([function(turn) for turn in turns], float)[kind]

    np = require("numpy", "verify")
    return _reading(automaton, work)


def _turns(observation: Observation, records: Array, last: Array) -> tuple[list[Turn], Array]:
    """Return the turns that end with edges, each kind once, and which of them each edge ends. Shape (edges,)."""
    np = require("numpy", "verify")
    kinds, inverse = np.unique(observation.letters(records, last), return_inverse=True)
    return [observation.turn(kind) for kind in kinds.tolist()], inverse


def _marks(
    observation: Observation, predicates: Sequence[Callable[[Turn], bool]], records: Array, edges: Array
) -> tuple[Array, ...]:
    """Return for each predicate the edges that end a turn in which it is true."""
    np = require("numpy", "verify")
    if not predicates:
        return ()
    last = np.flatnonzero(observation.automaton.ends[edges])
    turns, kind = _turns(observation, records[last], edges[last])
    found = []
    for predicate in predicates:
        mark = np.zeros(len(edges), bool)
        mark[last] = np.array([bool(predicate(turn)) for turn in turns], bool)[kind] if len(last) else False
        found.append(mark)
    return tuple(found)
