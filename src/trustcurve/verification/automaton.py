"""The automaton: the closed loop unrolled, with every node that can be reached and every turn between two nodes."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import NamedTuple, final

from attrs import field, frozen

from trustcurve.core.standing import Position
from trustcurve.errors import final_class
from trustcurve.policies.actions import Action, Move
from trustcurve.verification.closed_loop import ClosedLoop, Node, TurnRecord

__all__ = ["Automaton", "Edge", "Turn", "garbage_collection_paused", "turn_of", "unroll_loop"]


@final
@frozen(eq=False)
class Turn:
    """One turn, as properties see it.

    Args:
        before: The position as the turn begins.
        clock: The position after the clock: after promises that broke and after a silence.
        met: The position after the environment's move, in which the policy decides.
        after: The position after the policy's action.
        move: The environment's move.
        action: The policy's action.
        signals: All signals of the turn, in order.
        open_before: How many promises are open as the turn begins.
        open_after: How many are open after it.
    """

    before: Position
    clock: Position
    met: Position
    after: Position
    move: Move
    action: Action
    signals: tuple[str, ...]
    open_before: int
    open_after: int

    __init_subclass__ = final_class

    @property
    def positions(self) -> tuple[Position, ...]:
        """All positions of the turn after its beginning."""
        return (self.clock, self.met, self.after)

    @property
    def changed(self) -> bool:
        """Whether the stage after differs from the one before."""
        return self.before.stage != self.after.stage


class Edge(NamedTuple):
    """A turn between two numbered nodes."""

    source: int
    target: int
    record: TurnRecord


@frozen(eq=False)
class Automaton:
    """Everything that the loop can do.

    Args:
        loop: The loop.
        nodes: Every node that can be reached, in the order of a breadth-first search; 0 is the start.
        edges: Every turn, ordered by its source.
        first: ``edges[first[n]:first[n + 1]]`` are the turns of node ``n``.
        stopped: Why the unrolling is incomplete, or None.
    """

    loop: ClosedLoop
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    first: tuple[int, ...]
    stopped: str | None = None
    _turns: dict[tuple[object, ...], Turn] = field(factory=dict, init=False, repr=False)

    def __repr__(self) -> str:
        return f"<Automaton of {len(self.nodes)} states and {len(self.edges)} transitions>"

    def out(self, node: int) -> tuple[Edge, ...]:
        """Return the turns of a node."""
        return self.edges[self.first[node] : self.first[node + 1]]

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """Each edge as properties see it; equal turns are one object."""
        return tuple(map(self.turn, self.edges))

    def turn(self, edge: Edge) -> Turn:
        """Return an edge as properties see it."""
        return turn_of(self.loop, edge.record, self._turns)


def turn_of(loop: ClosedLoop, record: TurnRecord, known: dict[tuple[object, ...], Turn]) -> Turn:
    """Return a turn as properties see it; equal turns are one object, kept in ``known``."""
    source, target = record.before, record.after
    key = (
        source.position, record.clock, record.met, target.position, record.move.name, record.action,
        record.signals, len(source.promises), len(target.promises),
    )  # fmt: skip
    found = known.get(key)
    if found is None:
        at = loop.table.positions
        found = known[key] = Turn(
            at[source.position], at[record.clock], at[record.met], at[target.position], record.move.name,
            record.action, tuple(signal for _, signal in record.signals), len(source.promises), len(target.promises),
        )  # fmt: skip
    return found


def unroll_loop(loop: ClosedLoop, states_max: int = 200_000) -> Automaton:
    """Unroll a loop by breadth-first search.

    Args:
        loop: The loop.
        states_max: The most nodes; if there are more, the automaton is incomplete and ``stopped`` says so.

    Raises:
        ImpurePolicyError: The policy is not a pure function of the view.
    """
    with garbage_collection_paused():
        return _unrolled(loop, states_max)


def _unrolled(loop: ClosedLoop, states_max: int) -> Automaton:
    numbers = {loop.start: 0}
    nodes, edges, first = [loop.start], list[Edge](), [0]
    stopped: str | None = None
    for source, node in enumerate(nodes):
        for move in loop.moves(node):
            record = loop.play(node, move)
            if record is None:
                stopped = stopped or f"the policy promises more than promises_max={loop.promises_max} things at once"
                continue
            target = numbers.get(record.after)
            if target is None:
                if len(nodes) >= states_max:
                    stopped = f"there are more than states_max={states_max} states"
                    continue
                target = numbers[record.after] = len(nodes)
                nodes.append(record.after)
            edges.append(Edge(source, target, record))
        first.append(len(edges))
    loop.policy_cache.confirm()
    return Automaton(loop, tuple(nodes), tuple(edges), tuple(first), stopped)


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Disable the garbage collector inside the block: for work that makes very many objects, all of which stay."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
