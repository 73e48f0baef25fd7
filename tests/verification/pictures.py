"""An automaton as plain Python: each edge with the turn on it."""

from __future__ import annotations

from typing import NamedTuple

from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import EnvironmentMove, Passage
from trustcurve.verification.loop_journey import turn_of
from trustcurve.verification.turn import Turn

__all__ = ["Edge", "edges_of", "move_of"]


class Edge(NamedTuple):
    """An edge of an automaton in which the environment moves once a turn."""

    source: int
    target: int
    move: EnvironmentMove
    passage: Passage
    turn: Turn


def edges_of(automaton: Automaton) -> list[Edge]:
    """Return all edges, in order."""
    found = []
    for number in range(automaton.transitions):
        source, happening, target = automaton.edge(number)
        passage = automaton.loop.follow(automaton.state(source), happening)
        assert passage.after == automaton.state(target)
        found.append(Edge(source, target, move_of(passage), passage, turn_of(automaton.loop, [passage])))
    return found


def move_of(passage: Passage) -> EnvironmentMove:
    """Return the environment's move in a turn."""
    return EnvironmentMove(passage.happening.move, passage.happening.promise)
