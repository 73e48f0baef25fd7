"""The nearest journey that passes: a counterexample with as few other moves of the environment as possible."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Final, NamedTuple

from trustcurve.verification.closed_loop import ClosedLoop, EnvironmentMove, Node, Passage
from trustcurve.verification.loop_journey import Counterexample, Witness, turn_of
from trustcurve.verification.monitor import EXCUSED, VIOLATED, Monitor

__all__ = ["nearest_passing"]

_STATES_MAX: Final = 5_000
"""In how many states it is searched for. Source: our choice: less than a second."""

_Passages = tuple[Passage, ...]


class _State(NamedTuple):
    """Where a run is beside the counterexample.

    ``behind`` is how many of the counterexample's passages are behind it, ``seen`` the state of the monitor, ``turn`` what has
    happened in the turn that has begun.
    """

    behind: int
    node: Node
    seen: Hashable
    turn: _Passages


_Step = tuple[_State, _Passages] | None
"""The state before and the passages from it; None at the beginning."""


def nearest_passing(counterexample: Counterexample, monitor: Monitor) -> Witness | None:
    """Find a run as long as a counterexample that does not violate the monitor, with as few other moves as possible.

    Only the environment's moves are compared: the policy's actions follow from them. Another move takes the place of one, or
    nothing does, or there is one more. All runs with no other move are searched first, then all with one, and so on. The run passes up to its
    end; what comes later is not considered.

    Returns:
        The run; None if every run of this length violates the monitor, or none was found in time.
    """
    loop, run = counterexample.loop, counterexample.passages
    parents: dict[_State, _Step] = {}
    level: list[tuple[_State, _Step]] = [(_State(0, loop.start, monitor.start, ()), None)]
    while level:
        later: list[tuple[_State, _Step]] = []
        for state, step in level:
            if state in parents:
                continue
            if len(parents) >= _STATES_MAX:
                return None
            parents[state] = step
            if state.behind == len(run):
                found = Witness(loop, _trace(parents, state))
                if found.happens:
                    return found
                continue
            for other, then, passages in _next(loop, monitor, run[state.behind], state):
                (later if other else level).append((then, (state, passages)))
        level = later
    return None


def _next(
    loop: ClosedLoop, monitor: Monitor, passage: Passage, state: _State
) -> Iterator[tuple[bool, _State, _Passages]]:
    """Yield the states after one that do not violate the monitor, and whether the environment's move is another one."""
    for other, passages in _ways(loop, passage, state.node):
        then = _after(loop, monitor, state, passages)
        if then is not None:
            yield other, then._replace(behind=state.behind + 1), passages
    for more in _more(loop, passage, state.node):
        then = _after(loop, monitor, state, (more,))
        if then is not None:
            yield True, then, (more,)


def _ways(loop: ClosedLoop, passage: Passage, node: Node) -> Iterator[tuple[bool, _Passages]]:
    """Yield the ways to go on beside a passage of the counterexample, and whether the environment's move is another one."""
    happening = passage.happening
    if not loop.any_time:
        for move in loop.moves(node):
            played = loop.play(node, move)
            if played is not None:
                yield move != (happening.move, happening.promise), (played,)
    elif happening.actions is not None:
        acted = loop.act(node)
        if acted is not None:
            yield False, (acted,)
    elif happening.move == "time":
        yield from _until(loop, node, passage.after.context.phase)
    else:
        same = EnvironmentMove(happening.move, happening.promise)
        for move in loop.possible(node):
            yield move != same, (loop.move(node, move),)
        yield True, ()


def _more(loop: ClosedLoop, passage: Passage, node: Node) -> Iterator[Passage]:
    """Yield one more move of the environment before time passes or the policy acts, where it may act at any time."""
    if loop.any_time and (passage.happening.move == "time" or passage.happening.actions is not None):
        yield from (loop.move(node, move) for move in loop.possible(node))


def _until(loop: ClosedLoop, node: Node, phase: int) -> Iterator[tuple[bool, _Passages]]:
    """Yield the passing of time up to a phase."""
    passages: list[Passage] = []
    while node.context.phase < phase:
        passed = loop.pass_time(node)
        if passed is None:
            return
        passages.append(passed)
        node = passed.after
    yield False, tuple(passages)


def _after(loop: ClosedLoop, monitor: Monitor, state: _State, passages: _Passages) -> _State | None:
    """Return the state after passages, or None if the monitor is violated."""
    node, seen, turn = state.node, state.seen, state.turn
    for passage in passages:
        node, turn = passage.after, (*turn, passage)
        if passage.met is not None:
            seen = monitor.step(seen, turn_of(loop, turn))
            if seen in (VIOLATED, EXCUSED):
                return None
            turn = ()
    return _State(state.behind, node, seen, turn)


def _trace(parents: dict[_State, _Step], state: _State) -> _Passages:
    found: list[_Passages] = []
    while (step := parents[state]) is not None:
        state, passages = step
        found.append(passages)
    return tuple(passage for passages in reversed(found) for passage in passages)
