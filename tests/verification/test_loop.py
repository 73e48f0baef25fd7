"""The loop of turns agrees with the pure ledger: at every turn, for any policy and whatever happens."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.plain import BEGIN, Move, Place, PlainLoop
from tests.verification.strategies import CLOCKS, clocks, environments, policies
from trustcurve import Curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies import KEEPS_PROMISES, Environment, Policy, policy, times
from trustcurve.verification import Witness
from trustcurve.verification.closed_loop import ClosedLoop, EnvironmentMove, Node
from trustcurve.verification.loop_journey import turn_of
from trustcurve.verification.unrolling import unroll_loop


@cache
def curve_with(clock: str) -> Curve:
    return Curve.default(**CLOCKS[clock][0])


def turns_left(loop: PlainLoop, breaks: datetime, now: datetime) -> int:
    """Count the turns until a promise breaks as one begins: 0 where it is the next."""
    return (breaks - now) // loop.turn


def agree(loop: ClosedLoop, plain: PlainLoop, node: Node, place: Place) -> None:
    """Hold what the loop knows of a customer against what the ledger knows."""
    standing, now = place.standing, BEGIN + place.turns * plain.turn
    assert loop.table.positions[node.position] == standing.position
    waiting = [(p.weight, turns_left(plain, plain.breaks(p), now)) for p in plain.open(standing)]
    assert list(node.context.promises) == waiting
    assert loop.rules.shown_quiet(node.context.quiet) == plain.quiet(standing, now)
    assert node.memory == place.history.values(loop.policy.recalls)


def same(plain: PlainLoop, place: Place, choice: EnvironmentMove) -> Move:
    """Tell a choice of the loop in the words of the ledger."""
    standing = plain.begun(place)[0]
    return Move(choice.name, None if choice.promise is None else plain.open(standing)[choice.promise].id)


@settings(max_examples=200)
@given(clocks, policies, environments, st.integers(0, 3), st.lists(st.integers(0, 40), min_size=1, max_size=14))
def test_the_loop_agrees_with_the_ledger(
    clock: str, ours: Policy, environment: Environment, promises_max: int, picks: list[int]
):
    curve, turn = curve_with(clock), CLOCKS[clock][1]
    loop = ClosedLoop(curve=curve, policy=ours, environment=environment, turn=turn, promises_max=promises_max)
    plain = PlainLoop(curve=curve, policy=ours, environment=environment, turn=turn, promises_max=promises_max)
    node, place, passages, told = loop.start, plain.start, [], []
    agree(loop, plain, node, place)
    for pick in picks:
        choices = list(loop.moves(node))
        assert [same(plain, place, choice) for choice in choices] == list(plain.moves(place))
        choice = choices[pick % len(choices)]
        place, turned, events = plain.play(place, same(plain, place, choice))
        played = loop.play(node, choice)
        if played is None:
            assert turned.open_after > promises_max
            break
        node = played.after
        agree(loop, plain, node, place)
        assert turn_of(loop, [played]) == turned
        passages.append(played)
        told += events
    # The witness of it tells the same journey, through `curve.journey`.
    witness = Witness(loop, tuple(passages))
    journey = witness.journey
    assert witness.happens
    assert journey.standing.position == loop.table.positions[node.position]
    assert list(witness.events) == told
    assert not journey.rejects


def test_a_promise_breaks_as_the_turn_after_its_due_date_begins(curve: Curve):
    once = policy("once", promise_due=2)(lambda v: "promise_major" if v.stage == "distrust" and not v.open else "wait")
    loop = ClosedLoop(curve=curve, policy=once)
    node, quiet = loop.start, EnvironmentMove("nothing")
    signals = []
    for _ in range(4):
        played = loop.play(node, quiet)
        assert played is not None
        node = played.after
        signals.append([signal for who, signal in played.happening.signals if who == "clock"])
    assert signals == [[], [], [], ["broken_major"]]


def test_kept_promises_are_kept_on_their_due_date(curve: Curve):
    once = policy("once", promise_due=2)(lambda v: "promise_minor" if v.stage == "distrust" and not v.kept else "wait")
    loop = ClosedLoop(curve=curve, policy=once, environment=KEEPS_PROMISES)
    first = loop.play(loop.start, EnvironmentMove("nothing"))
    assert first is not None
    second = loop.play(first.after, EnvironmentMove("nothing"))
    assert second is not None
    third = loop.play(second.after, EnvironmentMove("nothing"))
    assert third is not None
    assert ("kept", "kept_minor") in third.happening.signals
    assert not any(signal.startswith("broken") for _, signal in third.happening.signals)


def test_a_quiet_period_is_a_whole_number_of_turns(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    assert ClosedLoop(curve=curve, policy=waits).turn == timedelta(days=30)
    assert ClosedLoop(curve=Curve.default(silence_after=6), policy=waits).turn == timedelta(days=2)
    for turn in (timedelta(days=40), timedelta(0), timedelta(days=-30), timedelta(days=180), 30):
        with pytest.raises(InvalidValueError, match="a whole fraction of the curve's quiet period"):
            ClosedLoop(curve=curve, policy=waits, turn=turn)  # type: ignore[arg-type]
    for promises in (-1, 5, True, 1.0):
        with pytest.raises(InvalidValueError, match="promises_max"):
            ClosedLoop(curve=curve, policy=waits, promises_max=promises)  # type: ignore[arg-type]


def test_a_loop_unrolls_into_every_node_and_turn_that_there_is(curve: Curve):
    ours = policy("ours", promise_due=1, recalls=[times("ask", 2)])(
        lambda v: "promise_major" if v.quiet == 1 and v.open == 0 else "ask" if v.times("ask", 2) == 0 else "repair"
    )
    automaton = unroll_loop(ClosedLoop(curve=curve, policy=ours))
    plain = PlainLoop(curve=curve, policy=ours)
    seen, queue, turns = {plain.key(plain.start)}, [plain.start], 0
    for place in queue:
        for move in plain.moves(place):
            turns += 1
            after, _, _ = plain.play(place, move)
            if plain.key(after) not in seen:
                seen.add(plain.key(after))
                queue.append(after)
    assert (automaton.states, automaton.transitions) == (len(seen), turns)
    assert repr(automaton) == f"<Automaton of {len(seen)} states and {turns} transitions>"


def test_of_equal_promises_one_stands_for_all(curve: Curve):
    loop = ClosedLoop(curve=curve, policy=policy("waits")(lambda _: "wait"), promises_max=3)
    for promises, count in (((("major", 5), ("major", 5)), 1), ((("major", 5), ("minor", 5), ("major", 4)), 3)):
        moves = loop.moves(loop.start._replace(context=loop.start.context._replace(promises=promises)))
        assert len([move for move in moves if move.name == "kept"]) == count


def test_an_automaton_has_at_most_the_states_that_are_allowed(curve: Curve):
    loop = ClosedLoop(curve=curve, policy=policy("waits")(lambda _: "wait"))
    whole = unroll_loop(loop)
    count = whole.states
    assert (whole.stopped, unroll_loop(loop, count).stopped) == (None, None)
    short = unroll_loop(loop, count - 1)
    assert (short.states, short.stopped) == (count - 1, f"there are more than states_max={count - 1} states")
