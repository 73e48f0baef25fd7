"""Reruns: the environment's moves of a saved journey, with the policy as it is now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from trustcurve.core.events import PromiseBroken, PromiseKept, PromiseMoved, PromiseReleased
from trustcurve.core.journey import Journey
from trustcurve.core.standing import Standing
from trustcurve.core.steps import BrokenPromise, Step
from trustcurve.policies.actions import MOVE_EVENTS
from trustcurve.policies.decision_list import DecisionList
from trustcurve.policies.memory import word_of
from trustcurve.testing.policy_runs import run_of_choices
from trustcurve.verification.closed_loop import ClosedLoop, EnvironmentMove, Node, Passage
from trustcurve.verification.loop_journey import AFTER_THE_RUN, Witness
from trustcurve.verification.turn_rules import JOINS

__all__ = ["rerun"]

_NOTHING: Final = EnvironmentMove("nothing")


class _Happened(NamedTuple):
    """A move of the environment: in which turn, from 0, in which phase of it, and what."""

    turn: int
    phase: int
    move: EnvironmentMove


def rerun(loop: ClosedLoop, journey: Journey) -> Witness:
    """Run the environment's moves of a journey, with the loop's policy as it is now.

    The company's actions in the journey are left out: the policy may have changed since. Moves are made in their turns, in the
    order in which they came; where the environment moves once a turn, of two moves in one turn the first counts. A move that
    is no longer possible, such as one about a promise that is not made now, is left out.
    """
    happened = list(_happened(loop, journey))
    turns = -(-(journey.standing.as_of - loop.begin.as_of) // loop.turn)
    if loop.any_time:
        return Witness(loop, tuple(_at_any_time(loop, happened, turns)))
    choices: dict[int, EnvironmentMove] = {}
    for turn, _, move in happened:
        choices.setdefault(turn, move)
    last = max([turns - 1, *choices], default=-1)
    return run_of_choices(loop, [choices.get(number, _NOTHING) for number in range(last + 1)])


def _at_any_time(loop: ClosedLoop, happened: Sequence[_Happened], turns: int) -> Iterator[Passage]:
    node, turn = loop.start, 0
    for each in happened:
        for passage in _until(loop, node, each.turn - turn, each.phase):
            yield passage
            node = passage.after
        turn = each.turn
        possible = loop.possible(node)
        similar = [move for move in possible if move.name == each.move.name]
        if similar:
            passage = loop.move(node, each.move if each.move in possible else similar[0])
            yield passage
            node = passage.after
    yield from _until(loop, node, turns - turn, 0)


def _until(loop: ClosedLoop, node: Node, turns: int, phase: int) -> Iterator[Passage]:
    """Let some turns end, and then time pass up to a phase; stop where that cannot be."""
    while turns > 0 or node.context.phase < phase:
        decides = node.context.phase == loop.rules.last_phase
        passage = loop.act(node) if decides else loop.pass_time(node)
        if passage is None:
            return
        turns -= decides
        yield passage
        node = passage.after


def _happened(loop: ClosedLoop, journey: Journey) -> Iterator[_Happened]:
    """Yield the moves of the environment in a journey, in order."""
    moved: set[str] = set()
    acted: datetime | None = None  # when the policy last ran, as far as it shows
    if loop.joins and journey.start.as_of > loop.begin.as_of:
        when = _when(loop, journey.start, journey.start.as_of, loop.begin.as_of)
        yield _Happened(*when, EnvironmentMove(JOINS))
    for step in journey.steps:
        for each in step.due:
            if isinstance(each.cause, BrokenPromise) and each.cause.promise in moved:
                lapsed = EnvironmentMove("lapsed", _place(loop, step.before, each.at, each.cause.promise))
                yield _Happened(*_when(loop, step.before, each.at, acted), lapsed)
        if step.event is None:
            continue
        if _acts(loop, step):
            acted = step.event.at
            continue
        if step.event.note == AFTER_THE_RUN:
            acted = step.event.at
        move = _move(loop, step)
        if move is not None:
            yield _Happened(*_when(loop, step.before, step.event.at, acted), move)
        if isinstance(step.event, PromiseMoved):
            moved.add(step.event.promise)


def _acts(loop: ClosedLoop, step: Step) -> bool:
    """Return whether the event of a step is the policy's."""
    event, acts = step.event, loop.policy.acts
    word = word_of(step, acts, acts)
    if word is None or word not in acts or not isinstance(event, PromiseMoved | PromiseReleased):
        return word in acts
    at_a_run = not (event.at - loop.begin.as_of) % loop.turn and event.note != AFTER_THE_RUN
    return at_a_run and _can_do(loop, word)


def _can_do(loop: ClosedLoop, action: str) -> bool:
    """Return whether a policy does something at all, as far as its rows tell."""
    decide = loop.policy.decide
    return isinstance(decide, DecisionList) and any(action in rule.do for rule in decide.rules)


def _when(loop: ClosedLoop, before: Standing, at: datetime, acted: datetime | None) -> tuple[int, int]:
    """Return the turn of an instant, from 0, and its phase: at a run it is before the policy's act, unless that came first."""
    turn, rest = divmod(at - loop.begin.as_of, loop.turn)
    rules = loop.rules
    if not rest:
        after = acted == at or not turn
        return (turn, 0) if after and rules.any_time else (max(turn - 1, 0), rules.last_phase)
    if not rules.any_time:
        return turn, rules.last_phase
    moment = rules.moments(rest)
    passed = (at - before.quiet_since) % loop.curve.silence_after
    told = (
        not passed or passed > rest - rules.instants[moment // 2]
    )  # no whole quiet period has ended since the instant before
    phases = [phase for phase in range(rules.last_phase) if rules.moment(phase)[0] == moment]
    return turn, phases[0] if len(phases) == 1 or told else phases[-1]


def _move(loop: ClosedLoop, step: Step) -> EnvironmentMove | None:
    """Return the environment's move behind a step; None if it was the company's, or the loop makes it by itself."""
    event = step.event
    if isinstance(event, PromiseKept | PromiseBroken | PromiseMoved | PromiseReleased):
        place = _place(loop, step.before, event.at, event.promise)
        if isinstance(event, PromiseKept) and place is None:
            return EnvironmentMove("kept_late")
        if isinstance(event, PromiseKept) and _keeps_itself(loop, step.before, event):
            return None
        names = {PromiseKept: "kept", PromiseBroken: "broken", PromiseMoved: "moved", PromiseReleased: "released"}
        return EnvironmentMove(names[type(event)], place)
    signal = None if event is None else event.signal
    return EnvironmentMove(signal) if signal in (*MOVE_EVENTS, *loop.environment.signals) else None


def _place(loop: ClosedLoop, before: Standing, at: datetime, promise: str) -> int | None:
    """Return the place of a promise among the open ones at an instant."""
    now = loop.curve.observe(before, at).after
    still_open = [each.id for each in now.promises if not each.overdue]
    return still_open.index(promise) if promise in still_open else None


def _keeps_itself(loop: ClosedLoop, before: Standing, event: PromiseKept) -> bool:
    """Return whether the loop keeps a promise by itself, in time."""
    if loop.any_time or not loop.environment.keeps_promises:
        return False
    now = loop.curve.observe(before, event.at).after
    next_turn = loop.curve.observe(now, event.at + loop.turn).after
    return any(promise.id == event.promise and promise.overdue for promise in next_turn.promises)
