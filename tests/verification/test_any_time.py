"""The environment may act at any time: no journey at real instants leaves the automaton, and every state is a real journey's."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.verification.reality import MOMENTS, Act, Reality, turns
from tests.verification.strategies import CLOCKS, small_policies
from trustcurve import Curve
from trustcurve.policies import KEEPS_PROMISES, Environment, Policy, load_policy, policy, since
from trustcurve.policies.environment import ANY
from trustcurve.verification import POLICY_PROPERTIES, Counterexample, Status, Witness, check, leads_to, never
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import BEGIN, ClosedLoop, Node
from trustcurve.verification.monitor import VIOLATED
from trustcurve.verification.property import Safety
from trustcurve.verification.unrolling import unroll_loop

JOINED = (0, 0, 0.1, 0.8, 1)
"""After which part of the first turn a customer joins."""

EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"


def states_of(automaton: Automaton) -> set[Node]:
    return {automaton.state(number) for number in range(automaton.states)}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    small_policies,
    st.sampled_from(list(CLOCKS)),
    st.integers(0, 2),
    st.lists(st.tuples(st.sampled_from(JOINED), turns), min_size=1, max_size=5),
)
def test_no_journey_at_real_instants_leaves_the_automaton(
    ours: Policy, clock: str, waiting: int, journeys: list[tuple[float, list[list[Act]]]]
) -> None:
    parameters, turn = CLOCKS[clock]
    curve = Curve.default(**parameters, waiting_periods=waiting)
    loop = ClosedLoop(curve=curve, policy=ours, turn=turn, promises_max=1, any_time=True)
    automaton = unroll_loop(loop, 60_000)
    assume(automaton.states < 60_000)
    states = states_of(automaton)
    for joined, journey in journeys:
        real = Reality(loop, joined * turn)
        for acts_of_a_turn in journey:
            if real.turn(acts_of_a_turn):
                assert automaton.stopped is not None
                break  # it promises more than the loop allows
            assert real.node() in states


@pytest.mark.parametrize("grace", [0, 1, 30, 45])
@pytest.mark.parametrize("environment", [ANY, KEEPS_PROMISES], ids=lambda environment: environment.name)
def test_every_state_is_that_of_a_journey_that_can_happen(grace: int, environment: Environment) -> None:
    ours = policy("ours", promise_due=1)(
        lambda v: "promise_major" if v.open == 0 and v.quiet >= 1 else "exchange" if v.quiet >= 2 else "wait"
    )
    curve = Curve.default(grace=grace)
    loop = ClosedLoop(curve=curve, policy=ours, environment=environment, any_time=True)
    automaton = unroll_loop(loop)
    first = {}
    for number in range(automaton.transitions):
        source, happening, target = automaton.edge(number)
        if target not in first and target:
            first[target] = (source, happening)
    tried = 0
    for state in range(0, automaton.states, max(automaton.states // 150, 1)):
        run = []
        at = state
        while at:
            source, happening = first[at]
            run.append(happening)
            at = source
        passages, node = [], loop.start
        for happening in reversed(run):
            passages.append(loop.follow(node, happening))
            node = passages[-1].after
        if node.context.phase == 0:
            tried += 1
            witness = Witness(loop, tuple(passages))
            moves = [passage.happening.move for passage in passages]
            if moves.count("kept_late") < 2 and not (grace and "lapsed" in moves):
                assert witness.happens, moves
    assert tried > 20


# --- what is proved, and what is not ----------------------------------------------------------------------

NO_SILENCE = never(lambda turn: "silence" in turn.signals, name="no silence counts")
NO_DEEP_FALL = never(
    lambda turn: turn.before.stage == "advocate" and turn.after.stage not in ("advocate", "customer_centric"),
    name="no advocate falls by two stages in a turn",
)


def test_a_silence_counts_between_two_runs(curve: Curve) -> None:
    gives = policy("gives when it is quiet", promise_due=2)(
        lambda v: "exchange" if v.quiet >= 3 else "promise_major" if v.stage == "distrust" and not v.open else "wait"
    )
    assert check(curve, NO_SILENCE, policy=gives, once_a_turn=True).proved
    found = check(curve, NO_SILENCE, policy=gives).verdicts[0].counterexample
    assert isinstance(found, Counterexample)
    assert found.happens
    assert len(found) == 5
    days = [(type(event).__name__, (event.at - BEGIN).days) for event in found.events[:2]]
    assert days == [("PromiseMade", 30), ("PromiseKept", 40)], "the silence comes on day 130, the next run on day 150"
    silence = [each for step in found.journey.steps for each in step.due]
    assert [(each.at - BEGIN).days for each in silence] == [130]


def test_two_acts_within_a_turn_are_one_fall(curve: Curve) -> None:
    steady = policy("steady", promise_due=2)(
        lambda v: "promise_major" if v.open == 0 and v.kept < 3 else "exchange" if v.quiet >= 1 else "wait"
    )
    about: dict[str, Any] = {"policy": steady, "environment": Environment(["kept", "advocacy", "customer_one_sided"])}
    assert check(curve, NO_DEEP_FALL, **about, once_a_turn=True).proved
    found = check(curve, NO_DEEP_FALL, **about).verdicts[0].counterexample
    assert isinstance(found, Counterexample)
    assert found.happens
    assert [event.signal for event in found.events if event.at > found.events[-4].at][-3:].count(
        "customer_one_sided"
    ) == 2


def test_a_customer_joins_between_two_runs(curve: Curve) -> None:
    greets = policy("greets", recalls=[since("joining", 1)])(
        lambda v: "propose" if v.since("joining") == 0 else "exchange" if v.stage == "hopeful" and v.quiet else "wait"
    )
    about: dict[str, Any] = {"policy": greets, "environment": Environment([])}
    greeted = never(lambda turn: "propose" in turn.actions, name="greeted")
    assert check(curve, greeted, **about, once_a_turn=True).proved
    found = check(curve, greeted, **about).verdicts[0].counterexample
    assert isinstance(found, Counterexample)
    assert found.happens
    assert found.journey.start.as_of == found.journey.start.quiet_since == BEGIN + timedelta(days=30)
    assert str(found).splitlines()[0] == (
        "turn 1: the customer joins at 2026-01-31 00:00 UTC -> distrust.suspicious "
        "(kept 0, engaged 0, doubt 2, account clear)"
    )


def test_no_promise_is_kept_late_forever(curve: Curve) -> None:
    once = policy("promises once", promise_due=1)(
        lambda v: (
            "propose" if v.stage == "distrust" else "promise_minor" if v.account == "due" and not v.open else "wait"
        )
    )
    comes = leads_to(
        lambda turn: turn.after.stage == "hopeful", lambda turn: "silence" in turn.signals, name="a silence comes"
    )
    late = check(curve, comes, policy=once, environment=Environment(["kept_late"])).verdicts[0]
    assert late.status is Status.UNKNOWN
    assert "more promises are kept late in it than were broken" in late.note
    assert check(curve, comes, policy=once, environment=Environment([])).proved


@pytest.mark.slow
def test_the_shipped_policies_are_decided(curve: Curve) -> None:
    for path in sorted(EXAMPLES.glob("*.toml")):
        report = check(curve, policy=load_policy(path))
        assert not report.unknown, path
        for verdict in report.refuted:
            assert isinstance(verdict.counterexample, Counterexample)
            assert verdict.counterexample.happens


def random_acts(draw: random.Random) -> list[Act]:
    words = [*ANY.names[1:]]
    return [Act(draw.choice(MOMENTS), draw.choice(words), draw.randint(0, 1)) for _ in range(draw.randint(0, 4))]


@pytest.mark.parametrize(
    ("journeys", "path"),
    [
        *((100, path) for path in sorted(EXAMPLES.glob("*.toml")) if path.stem != "loyalty"),
        pytest.param(100, EXAMPLES / "loyalty.toml", marks=pytest.mark.slow),
        pytest.param(10_000, EXAMPLES / "solve_first.toml", marks=pytest.mark.slow),
    ],
    ids=lambda value: getattr(value, "stem", str(value)),
)
def test_no_journey_breaks_what_is_proved(curve: Curve, journeys: int, path: Path) -> None:
    ours = load_policy(path)
    proved = [asked() for asked in POLICY_PROPERTIES if check(curve, asked, policy=ours).proved]
    safe = [asked for asked in proved if isinstance(asked, Safety)]
    assert safe
    loop, draw = ClosedLoop(curve=curve, policy=ours, any_time=True), random.Random(path.stem)  # noqa: S311
    for _ in range(journeys):
        real = Reality(loop)
        for _ in range(10):
            if real.turn(random_acts(draw)):
                break
        for asked in safe:
            state = asked.monitor.start
            for turn in real.turns:
                state = asked.monitor.step(state, turn)
                assert state != VIOLATED, (asked.name, real.turns)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(small_policies, st.sampled_from(list(CLOCKS)))
def test_a_silence_comes_in_every_state_that_is_before_one(ours: Policy, clock: str) -> None:
    parameters, turn = CLOCKS[clock]
    loop = ClosedLoop(curve=Curve.default(**parameters), policy=ours, turn=turn, promises_max=1, any_time=True)
    automaton = unroll_loop(loop, 20_000)
    rules = automaton.loop.rules
    for context in automaton.contexts:
        _, before = rules.moment(context.phase)
        assert not before or (context.quiet > 0 and context.quiet % rules.quiet_period == 0)


# --- what a property reads --------------------------------------------------------------------------------


def test_a_property_that_reads_too_much_is_undecided_and_says_so(curve: Curve) -> None:
    ours = load_policy(EXAMPLES / "win_back.toml")
    reads_all = [
        never(lambda turn: len(turn.signals) + len(turn.moves) > 99, name="safe"),
        leads_to(lambda turn: len(turn.moves) > 99, lambda turn: len(turn.signals) > 99, name="live"),
    ]
    for verdict in check(curve, *reads_all, policy=ours, states_max=50_000):
        assert verdict.status is Status.UNKNOWN
        assert "with what the property reads there are more than states_max=50000 states" in verdict.note


def test_whole_positions_can_be_compared(curve: Curve) -> None:
    ours = load_policy(EXAMPLES / "funnel.toml")
    still = never(lambda turn: turn.before == turn.after and turn.met != turn.before, name="back again")
    found = check(curve, still, policy=ours).verdicts[0].counterexample
    assert isinstance(found, Counterexample)
    last = found.turns[-1]
    assert last.before == last.after != last.met
