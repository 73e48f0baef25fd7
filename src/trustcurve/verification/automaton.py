"""The automaton: the closed loop unrolled into arrays, with every state that can be reached and every way between two."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from attrs import frozen

from trustcurve.arrays import Array
from trustcurve.errors import require
from trustcurve.verification.closed_loop import ClosedLoop, Node, Passage
from trustcurve.verification.memory_rules import Remembered
from trustcurve.verification.turn_rules import Context, Happening

__all__ = ["Automaton", "edges_out"]


@frozen(eq=False)
class Automaton:
    """Everything that the loop can do. States and edges are numbered; state 0 is the start.

    Args:
        loop: The loop.
        contexts: Everything in the states but position and memory.
        memories: What the policy remembers in them.
        context: The context of each state. Shape (states,).
        memory: The memory of each state. Shape (states,).
        position: The position of each state. Shape (states,).
        begun: The position in which the environment moves: at any time that of the state, else that after time has passed.
            Shape (states,).
        first: The edges of state ``n`` are those from ``first[n]`` to before ``first[n + 1]``. Shape (states + 1,).
        target: The state after each edge. Shape (edges,).
        happenings: What can happen on an edge.
        happening: What happens on each edge. Shape (edges,).
        ends: Whether a turn ends with each edge, after the policy's action. Shape (edges,).
        met: The position in which the policy decides, on edges with which a turn ends. Shape (edges,).
        stopped: Why the unrolling is incomplete, or None.
        unused_rows: The rows of the policy, by number from 0, that decide in no state.
    """

    loop: ClosedLoop
    contexts: tuple[Context, ...]
    memories: tuple[Remembered, ...]
    context: Array
    memory: Array
    position: Array
    begun: Array
    first: Array
    target: Array
    happenings: tuple[Happening, ...]
    happening: Array
    ends: Array
    met: Array
    stopped: str | None = None
    unused_rows: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"<Automaton of {self.states} states and {self.transitions} transitions>"

    @property
    def states(self) -> int:
        """The number of states."""
        return len(self.position)

    @property
    def transitions(self) -> int:
        """The number of edges."""
        return len(self.target)

    @cached_property
    def source(self) -> Array:
        """The state before each edge. Shape (edges,)."""
        np = require("numpy", "verify")
        every = np.arange(self.states, dtype=np.int32)
        return np.repeat(every, np.diff(self.first))

    @cached_property
    def time(self) -> Array:
        """Whether only time passes on each edge. Shape (edges,)."""
        np = require("numpy", "verify")
        passes = np.array([each.move == "time" and each.actions is None for each in self.happenings], bool)
        return passes[self.happening]

    @cached_property
    def open(self) -> Array:
        """How many promises are open in each state. Shape (states,)."""
        np = require("numpy", "verify")
        return np.array([len(each.promises) for each in self.contexts], np.int8)[self.context]

    def state(self, number: int) -> Node:
        """Return a state."""
        return Node(int(self.position[number]), self.contexts[self.context[number]], self.memories[self.memory[number]])

    def edge(self, number: int) -> tuple[int, Happening, int]:
        """Return the state before an edge, what happens on it, and the state after it."""
        source = int(self.first.searchsorted(number, "right")) - 1
        return source, self.happenings[self.happening[number]], int(self.target[number])

    def passages(self, edges: Iterable[int]) -> tuple[Passage, ...]:
        """Return what happens on edges that follow one another, from the start."""
        found: list[Passage] = []
        node = self.loop.start
        for edge in edges:
            found.append(self.loop.follow(node, self.edge(edge)[1]))
            node = found[-1].after
        return tuple(found)

    def kinds(self) -> tuple[list[tuple[int, Happening]], Array]:
        """Return every position together with what happens in it, once, and which of them each edge is. Shape (edges,)."""
        np = require("numpy", "verify")
        wide = len(self.happenings)
        codes, kind = np.unique(
            self.position[self.source].astype(np.int64) * wide + self.happening, return_inverse=True
        )
        return [(code // wide, self.happenings[code % wide]) for code in codes.tolist()], kind

    def out(self, states: Array) -> tuple[Array, Array]:
        """Return all edges of some states, and for each its place among these states; in the order of the states."""
        return edges_out(self.first, states)


def edges_out(first: Array, nodes: Array) -> tuple[Array, Array]:
    """Return all edges of some nodes, and for each its place among these nodes; in the order of the nodes.

    Args:
        first: The edges of node ``n`` are those from ``first[n]`` to before ``first[n + 1]``. Shape (nodes + 1,).
        nodes: The nodes. Shape (n,).
    """
    np = require("numpy", "verify")
    begin, count = first[nodes], first[nodes + 1] - first[nodes]
    place = np.repeat(np.arange(len(nodes)), count)
    within = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    return begin[place] + within, place
