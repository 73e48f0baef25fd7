"""Work that makes very many objects, all of which stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import NamedTuple

from attrs import field, frozen

from trustcurve.core.standing import Position
from trustcurve.policies.actions import Action, Move
from trustcurve.verification.closed_loop import Loop, Node, Played

__all__ = ["Automaton", "Edge", "Turn", "not_collecting", "turn_of", "unroll_loop"]


@contextmanager
def not_collecting() -> Iterator[None]:
    """Look for no garbage meanwhile: among objects that all stay, looking takes as long as making them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@frozen(eq=False)
class Turn:
    """One turn, as properties see it.

    Args:
        before: The position as the turn begins.
        clock: The position after the clock had its say.
        met: The position after the environment's move, in which the policy decided.
        after: The position after the policy's action.
        move: The environment's move.
        action: The policy's action.
        signals: All signals of the turn, in order.
        open_before: How many promises were open as the turn began.
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
    played: Played


@frozen(eq=False)
class Automaton:
    """All that the loop can do.

    Args:
        loop: The loop.
        nodes: Every node that can be reached, in the order of a breadth-first search; 0 is the start.
        edges: Every turn, ordered by its source.
        first: ``edges[first[n]:first[n + 1]]`` are the turns of node ``n``.
        stopped: Why the unrolling is incomplete, or None.
    """

    loop: Loop
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    first: tuple[int, ...]
    stopped: str | None = None
    _turns: dict[tuple[object, ...], Turn] = field(factory=dict, init=False, repr=False)

    def __repr__(self) -> str:
        return f"<Automaton of {len(self.nodes)} states and {len(self.edges)} transitions>"

    def out(self, node: int) -> tuple[Edge, ...]:
        """Answer with the turns of a node."""
        return self.edges[self.first[node] : self.first[node + 1]]

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """Each edge as properties see it; turns that look alike are one object."""
        return tuple(map(self.turn, self.edges))

    def turn(self, edge: Edge) -> Turn:
        """Show an edge as properties see it."""
        return turn_of(self.loop, edge.played, self._turns)


def turn_of(loop: Loop, played: Played, known: dict[tuple[object, ...], Turn]) -> Turn:
    """Show a played turn as properties see it; those that look alike are one object, kept in ``known``."""
    source, target = played.before, played.after
    key = (
        source.position, played.clock, played.met, target.position, played.choice.move, played.action,
        played.signals, len(source.promises), len(target.promises),
    )  # fmt: skip
    found = known.get(key)
    if found is None:
        at = loop.table.positions
        found = known[key] = Turn(
            at[source.position], at[played.clock], at[played.met], at[target.position], played.choice.move,
            played.action, tuple(signal for _, signal in played.signals), len(source.promises), len(target.promises),
        )  # fmt: skip
    return found


def unroll_loop(loop: Loop, max_states: int = 200_000) -> Automaton:
    """Unroll a loop by breadth-first search.

    Args:
        loop: The loop.
        max_states: The most nodes; where there are more, the automaton is incomplete and says so.

    Raises:
        UnfitPolicyError: The policy reads or answers what a policy may not.
    """
    with not_collecting():
        return _unrolled(loop, max_states)


def _unrolled(loop: Loop, max_states: int) -> Automaton:
    numbers = {loop.start: 0}
    nodes, edges, first = [loop.start], list[Edge](), [0]
    stopped: str | None = None
    for source, node in enumerate(nodes):
        for choice in loop.choices(node):
            played = loop.play(node, choice)
            if played is None:
                stopped = stopped or f"the policy promises more than promises_max={loop.promises_max} things at once"
                continue
            target = numbers.get(played.after)
            if target is None:
                if len(nodes) >= max_states:
                    stopped = f"there are more than max_states={max_states} states"
                    continue
                target = numbers[played.after] = len(nodes)
                nodes.append(played.after)
            edges.append(Edge(source, target, played))
        first.append(len(edges))
    loop.asked.confirm()
    return Automaton(loop, tuple(nodes), tuple(edges), tuple(first), stopped)
