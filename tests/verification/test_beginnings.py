"""Journeys that begin elsewhere: the states that follow are those that follow there anyway."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.plain import BEGIN, MONTH
from tests.verification.strategies import CLOCKS, rows
from tests.verification.test_turn_loop import both
from trustcurve import Curve, Position, Promise, Standing
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies import ANY, KEEPS_PROMISES, Environment, Policy, load_policy, policy
from trustcurve.policies.decision_list import DecisionList
from trustcurve.verification import Counterexample, always, check, leads_to, never, possible
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import ClosedLoop, Node
from trustcurve.verification.unrolling import unroll_loop

SOLVE_FIRST = Path(__file__).parents[2] / "examples/policies/solve_first.toml"
DEFAULT = Curve.default()
forgetful = st.builds(
    lambda book, due: Policy(name="forgetful", decide=DecisionList(tuple(book)), promise_due=due),
    st.lists(rows, min_size=1, max_size=3),
    st.integers(1, 2),
).filter(lambda ours: not ours.recalls)
waits = policy("waits")(lambda _: "wait")


def states_from(automaton: Automaton, begin: int) -> set[Node]:
    """Return the states that can be reached from one."""
    found, queue = {begin}, [begin]
    for state in queue:
        for edge in range(automaton.first[state], automaton.first[state + 1]):
            target = int(automaton.target[edge])
            if target not in found:
                found.add(target)
                queue.append(target)
    return {automaton.state(number) for number in found}


def runs_without_promises(automaton: Automaton) -> list[int]:
    """Return the states just after a run, a whole number of turns after the silence began, with no open promise."""
    contexts = map(automaton.contexts.__getitem__, automaton.context)
    per_turn = automaton.loop.rules.per_turn
    return [
        n for n, c in enumerate(contexts) if c.phase == 0 and not c.new and not c.promises and not c.quiet % per_turn
    ]


def follows_from(automaton: Automaton, state: int) -> bool:
    """Say whether a loop that begins in a state has the states that can be reached from it."""
    loop = automaton.loop
    position, context, _ = automaton.state(state)
    broken = [Promise(id="old", due=BEGIN, weight="minor", overdue=True)] if context.overdue else []
    at = BEGIN + context.quiet // loop.rules.per_turn * loop.turn
    begin = Standing("ann", at, loop.table.positions[position], broken, BEGIN)
    return states_of(unroll_loop(evolve(loop, begin=begin))) == states_from(automaton, state)


@settings(max_examples=20, deadline=None)
@given(forgetful, st.sampled_from([ANY, KEEPS_PROMISES]), st.data())
def test_what_follows_is_what_follows_there_anyway(ours: Policy, environment: Environment, data: Any):
    loop = ClosedLoop(curve=DEFAULT, policy=ours, environment=environment, promises_max=1, any_time=True)
    automaton = unroll_loop(loop, 40_000)
    if automaton.stopped is None:
        assert follows_from(automaton, data.draw(st.sampled_from(runs_without_promises(automaton))))


def test_what_follows_broken_promises_is_what_follows_there_anyway(curve: Curve):
    promises = policy("promises", promise_due=1)(lambda v: "promise_minor" if not v.open and v.quiet >= 1 else "wait")
    world = Environment(["kept", "broken", "kept_late", "complaint"])
    automaton = unroll_loop(ClosedLoop(curve=curve, policy=promises, environment=world, promises_max=1, any_time=True))
    late = [state for state in runs_without_promises(automaton) if automaton.state(state)[1].overdue]
    assert len(late) > 5
    assert all(follows_from(automaton, state) for state in late[:: len(late) // 6])


def states_of(automaton: Automaton) -> set[Node]:
    return {automaton.state(number) for number in range(automaton.states)}


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("turns", [0, 1, 5])
def test_a_loop_that_counts_turns_agrees(clock: str, turns: int):
    parameters, turn = CLOCKS[clock]
    curve = Curve.default(**parameters)
    path = curve.path(curve.start, "customer_centric")
    assert path is not None
    begin = Standing("ann", BEGIN + turns * turn, path.reactions[-1].after, (), BEGIN)
    one, other = both(curve, 5000, policy=load_policy(SOLVE_FIRST), turn=turn, promises_max=1, begin=begin)
    assert one == other


def test_a_state_stands_for_a_shortest_journey_into_it(curve: Curve):
    falls = never(lambda turn: turn.after.stage == "distrust", name="never distrusts")
    report = check(curve, falls, policy=waits, begin="advocate")
    assert report.begin == "advocate"
    shown = report.verdicts[0].counterexample
    assert isinstance(shown, Counterexample)
    assert shown.happens
    assert shown.turns[0].before.stage == "advocate"
    path = curve.path(curve.start, "advocate")
    assert path is not None
    assert shown.journey.start.position == path.reactions[-1].after == shown.turns[0].before
    assert "beginning" not in repr(report)
    assert check(curve, falls, policy=waits).begin == ""
    suspicious = check(curve, falls, policy=waits, begin="distrust.suspicious")
    assert suspicious.verdicts[0].counterexample is not None
    assert suspicious.begin == "distrust.suspicious"


def test_a_standing_says_since_when_it_is_quiet(curve: Curve):
    """A silence comes once a quiet period is over: sooner for customers who have been quiet already."""
    silent = never(lambda turn: "silence" in turn.signals, name="no silence")
    path = curve.path(curve.start, "hopeful")
    assert path is not None
    lengths = []
    for turns in range(4):
        begin = Standing("ann", BEGIN + turns * MONTH, path.reactions[-1].after, (), BEGIN)
        shown = check(curve, silent, policy=waits, environment=Environment([]), begin=begin).verdicts[0].counterexample
        assert isinstance(shown, Counterexample)
        assert shown.happens
        lengths.append(len(shown))
    assert lengths == [4, 3, 2, 1]


def test_a_promise_broken_before_can_be_kept_late(curve: Curve):
    path = curve.path(curve.start, "hopeful")
    assert path is not None
    position = path.reactions[-1].after
    broken = Promise(id="001", due=BEGIN, weight="minor", overdue=True)
    late = possible(lambda turn: "kept_late" in turn.moves, name="late")
    world = Environment(["kept_late"])
    with_it = Standing("ann", BEGIN, position, [broken], BEGIN)
    verdict = check(curve, late, policy=waits, environment=world, begin=with_it).verdicts[0]
    assert verdict.witness is not None
    assert verdict.witness.happens
    assert not check(curve, late, policy=waits, environment=world, begin="hopeful").proved
    assert not check(curve, late, policy=waits, environment=world, begin=with_it, once_a_turn=True).proved
    twice = leads_to(lambda turn: "kept_late" in turn.moves, lambda turn: "kept_late" not in turn.moves, name="once")
    assert not check(curve, twice, policy=waits, environment=world, begin=with_it).refuted, "it was broken only once"


def test_beginnings_that_cannot_be_are_named(curve: Curve):
    fine = always(lambda _: True)
    nowhere = Position(stage="advocate", kept=0, engaged=0, doubt=9, account="breach")
    wrong: list[tuple[Any, str]] = [
        (3, "begin must be a Standing, or the name of a state"),
        (curve.start, "begin must be a Standing, or the name of a state"),
        (Standing("ann", BEGIN, nowhere, (), BEGIN), "must be a standing with a position that can be reached"),
        (Standing("ann", BEGIN + timedelta(1), curve.start, (), BEGIN), "must be a whole number of turns"),
        (
            Standing("ann", BEGIN, curve.start, [Promise(id="1", due=BEGIN + MONTH, weight="minor")], BEGIN),
            "begin must not have an open promise",
        ),
    ]
    for begin, says in wrong:
        with pytest.raises(InvalidValueError, match=says):
            check(curve, fine, policy=waits, begin=begin)
    with pytest.raises(UnknownWordError, match="partner"):
        check(curve, fine, policy=waits, begin="partner")
    with pytest.raises(InvalidValueError, match="begin must be left out without a policy"):
        check(curve, begin="advocate")
