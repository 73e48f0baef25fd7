"""Unrolling: every state of the closed loop is found a breadth-first level at a time, on arrays."""

from __future__ import annotations

from typing import Final, NamedTuple

from trustcurve.arrays import Array
from trustcurve.arrays.curve_arrays import CurveArrays
from trustcurve.errors import require
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.context_changes import ContextChanges
from trustcurve.verification.numbering import PairNumbers, distinct_of
from trustcurve.verification.policy_table import PolicyTable
from trustcurve.verification.situations import Situations
from trustcurve.verification.turn_rules import Happening

__all__ = ["STATES_MAX", "unroll_loop"]

STATES_MAX: Final = 5_000_000
"""The most states of an unrolled loop by default. Source: our choice: some gigabytes."""


def unroll_loop(loop: ClosedLoop, states_max: int = STATES_MAX) -> Automaton:
    """Unroll a loop.

    Args:
        loop: The loop.
        states_max: The most states; if there are more, the automaton is incomplete and ``stopped`` says so.

    Raises:
        ImpurePolicyError: The policy is not a pure function of the view.
        MissingExtraError: numpy is not installed (extra ``verify``).
    """
    automaton = _Unrolling(loop, states_max).run()
    loop.policy_cache.confirm()
    return automaton


class _Edges(NamedTuple):
    """Edges from some states: the place of the state before, the state after, what happens, and the position of the decision.

    ``begun`` is the position in which the environment moves, for each of the states.
    """

    begun: Array
    source: Array
    situation: Array
    position: Array
    happening: Array
    ends: Array
    met: Array


class _Unrolling:
    """An unrolling: states are numbered as they are found."""

    def __init__(self, loop: ClosedLoop, states_max: int) -> None:
        self.loop, self.states_max = loop, states_max
        self.curve = CurveArrays.of(loop.curve)
        self.changes = ContextChanges(loop.rules, self.curve)
        self.situations = Situations(self.changes, loop.memory_rules)
        self.policy = PolicyTable(loop.policy_cache, loop.rules, self.situations)
        self.turns: dict[tuple[int, ...], int] = {}
        self.states = PairNumbers(len(self.curve.next))
        self.stopped: str | None = None

    def run(self) -> Automaton:
        """Unroll the loop."""
        np = require("numpy", "verify")
        start = self.loop.start
        context, memory = self.changes.contexts.of(start.context), self.situations.memories.of(start.memory)
        situations = self.situations.of(np.array([context]), np.array([memory]))
        positions = np.array([start.position], np.int32)
        self._number(situations, positions)
        found: list[tuple[Array, Array]] = []
        levels: list[tuple[Array, ...]] = []
        while len(situations):
            found.append((situations, positions))
            edges = self._edges(situations, positions)
            target, situations, positions = self._number(edges.situation, edges.position)
            kept = target >= 0
            count = np.bincount(edges.source[kept], minlength=len(found[-1][0]))
            levels.append((edges.begun, count, target[kept], edges.happening[kept], edges.ends[kept], edges.met[kept]))
        begun, count, target, happening, ends, met = (np.concatenate(each) for each in zip(*levels, strict=True))
        situation = np.concatenate([each for each, _ in found])
        return Automaton(
            loop=self.loop,
            contexts=tuple(self.changes.contexts.values),
            memories=tuple(self.situations.memories.values),
            context=self.situations.context[situation],
            memory=self.situations.memory[situation],
            position=np.concatenate([each for _, each in found]).astype(np.int32),
            begun=begun.astype(np.int32),
            first=np.concatenate([[0], np.cumsum(count)]),
            target=target,
            happenings=tuple(self.changes.happenings.values),
            happening=happening.astype(np.int32),
            ends=ends,
            met=met.astype(np.int32),
            stopped=self.stopped,
            unused_rows=self.policy.unused_rows,
        )

    def _edges(self, situations: Array, positions: Array) -> _Edges:
        """Return the edges of states, in their order."""
        edges = self._at_any_time if self.loop.rules.any_time else self._turns
        return edges(situations, positions)

    def _at_any_time(self, situations: Array, positions: Array) -> _Edges:
        """Return single changes: time passes, the environment does something, or the policy acts."""
        np = require("numpy", "verify")
        self.situations.meet(situations)
        ways = self.situations.possible(situations, positions)
        acts, decides = np.full(len(situations), -1, np.int32), np.flatnonzero(self.policy.decides(situations))
        if len(decides):
            acts[decides] = self._acts(situations[decides], positions[decides])
        ways = np.column_stack([ways, acts])
        source, column = np.nonzero(ways >= 0)
        changes = ways[source, column]
        ends = column == ways.shape[1] - 1
        after = self.situations.after(changes, positions[source])
        return _Edges(positions, source, *after, ends, positions[source])

    def _turns(self, situations: Array, positions: Array) -> _Edges:
        """Return whole turns: time passes, the environment makes one move, and the policy acts."""
        np = require("numpy", "verify")
        self.situations.meet(situations)
        begun, clock, time = self.situations.after(self.situations.passes(situations), positions)
        self.situations.meet(begun)
        ways = self.situations.possible(begun, clock)
        source, column = np.nonzero(ways >= 0)
        moves = ways[source, column]
        moved, met, move = self.situations.after(moves, clock[source])
        acts = self._acts(moved, met)
        kept = np.flatnonzero(acts >= 0)
        source, move, met = source[kept], move[kept], met[kept]
        situations, positions, act = self.situations.after(acts[kept], met)
        happening = self._joined(time[source], move, act)
        return _Edges(clock, source, situations, positions, happening, np.ones(len(kept), bool), met)

    def _joined(self, *parts: Array) -> Array:
        """Return what happens in turns whose parts are these."""
        np = require("numpy", "verify")
        turns, code = distinct_of(parts[0])
        found = [(turn,) for turn in turns.tolist()]
        for part in parts[1:]:
            wide = len(self.changes.happenings.values)
            turns, code = distinct_of(code * wide + part)
            found = [(*found[turn // wide], turn % wide) for turn in turns.tolist()]
        return np.array([self._turn(each) for each in found], np.int32)[code]

    def _turn(self, parts: tuple[int, ...]) -> int:
        """Return the number of what happens in a turn whose parts have these numbers."""
        known = self.turns.get(parts)
        if known is None:
            happenings = self.changes.happenings
            known = self.turns[parts] = happenings.of(_turn(*(happenings.values[part] for part in parts)))
        return known

    def _acts(self, situations: Array, positions: Array) -> Array:
        """Return the changes that the policy makes."""
        decisions = self.policy.decide(situations, positions)
        acts = self.situations.act(situations, decisions, self.policy.decisions.values)
        if (acts < 0).any():
            most = self.loop.promises_max
            self.stopped = self.stopped or f"the policy promises more than promises_max={most} things at once"
        return acts

    def _number(self, situations: Array, positions: Array) -> tuple[Array, Array, Array]:
        """Number the states that are new; return the numbers of all, and the new states (-1: beyond the most states)."""
        numbers, new = self.states.of(situations, positions, self.states_max)
        if len(numbers) and int(numbers.min()) < 0:
            self.stopped = f"there are more than states_max={self.states_max} states"
        return numbers, situations[new], positions[new]


def _turn(time: Happening, move: Happening, act: Happening) -> Happening:
    return Happening(move.move, move.promise, act.actions, time.signals + move.signals + act.signals)
