"""What is proved is what runs: policies that are run at real instants, with all that they can do and remember."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.core.test_own_curve import OURS
from tests.verification.reality import Act, Reality, turns
from tests.verification.strategies import CONDITIONS
from trustcurve import (
    Complained,
    Curve,
    Exchanged,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Proposed,
    Signalled,
)
from trustcurve.core.rules import Condition
from trustcurve.documents.curve_file import parse_curve
from trustcurve.errors import InvalidValueError, ObservedInThePastError, UnknownWordError
from trustcurve.policies import (
    Environment,
    Memory,
    Policy,
    PromiseKind,
    parse_environment,
    parse_policy,
    policy,
    since,
    times,
    tries,
)
from trustcurve.policies.decision_list import DecisionList, PolicyRule
from trustcurve.snapshots import from_json, to_json
from trustcurve.testing.rerun import rerun
from trustcurve.verification import at_most, check, leads_to, never, probability
from trustcurve.verification.closed_loop import BEGIN, ClosedLoop
from trustcurve.verification.loop_journey import Counterexample
from trustcurve.verification.loop_place import LoopPlaces
from trustcurve.verification.unrolling import unroll_loop

CURVE = Curve.default()
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = timedelta(days=30)

KINDS = {"delivery": PromiseKind("major", 1), "callback": PromiseKind("minor", 2)}
MORE = [
    *CONDITIONS,
    Condition("promised", "is", ("delivery",)),
    Condition("left.callback", "at_most", 1),
    Condition("left.any", "is", (0,)),
    Condition("since.moved", "at_most", 1),
    Condition("since.promise_delivery", "at_least", 2),
    Condition("times.broken.2", "at_most", 0),
]
DECISIONS = [
    "promise_delivery",
    "promise_callback",
    ("repair", "promise_callback"),
    ("exchange", "ask"),
    ("move_delivery", "ask"),
    "move_callback",
    "release_delivery",
    ("release_callback", "promise_delivery"),
    "promise_major",
    "wait",
]
rich_policies = st.builds(
    lambda rows: Policy(name="rich", decide=DecisionList(tuple(rows)), promises=KINDS),
    st.lists(
        st.builds(
            lambda when, do: PolicyRule("row", tuple(when), do),
            st.lists(st.sampled_from(MORE), max_size=2, unique_by=lambda one: one.part),
            st.sampled_from(DECISIONS),
        ),
        min_size=1,
        max_size=4,
    ),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(rich_policies, st.sampled_from([0, 30, 12]), st.lists(turns, min_size=1, max_size=4))
def test_a_policy_with_all_that_it_can_do_stays_in_the_automaton(
    ours: Policy, grace: int, journeys: list[list[list[Act]]]
) -> None:
    loop = ClosedLoop(curve=Curve.default(grace=grace), policy=ours, promises_max=1, any_time=True)
    automaton = unroll_loop(loop, 15_000)
    assume(automaton.states < 15_000)
    states = {automaton.state(number) for number in range(automaton.states)}
    for journey in journeys:
        real = Reality(loop)
        for acts_of_a_turn in journey:
            if real.turn(acts_of_a_turn):
                assert automaton.stopped is not None
                break  # it promises more than the loop allows
            assert real.node() in states


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(rich_policies, st.lists(turns, min_size=1, max_size=4))
def test_a_customer_is_found_at_every_instant(ours: Policy, journeys: list[list[list[Act]]]) -> None:
    loop = ClosedLoop(curve=CURVE, policy=ours, promises_max=1, any_time=True)
    automaton = unroll_loop(loop, 15_000)
    assume(automaton.stopped is None)
    places = LoopPlaces.of(automaton)

    class Watched(Reality):
        def apply(self, event: Any, word: str | None = None) -> None:
            seen = loop.curve.observe(self.standing, event.at)
            assert self.memory.pending or places.states(seen.after, ours.remember(self.memory, seen))
            super().apply(event, word)
            assert self.memory.pending or places.states(self.standing, self.memory)

    for journey in journeys:
        real = Watched(loop)
        for acts_of_a_turn in journey:
            real.turn(acts_of_a_turn)


def test_the_journeys_of_a_policy_with_all_that_it_can_do_can_happen() -> None:
    ours = parse_policy("""
        rules = [
          { when = { left = { delivery = { at_most = 0 } }, tries = { ask = 0 } }, do = ["move_delivery", "ask"] },
          { when = { tries = { ask = { at_least = 1 } }, promised = "delivery" }, do = "release_delivery" },
          { when = { open = 0, since = { complaint = { at_least = 2 } } }, do = ["exchange", "promise_delivery"] },
        ]
        [policy]
        name = "moves"
        [promises.delivery]
        due = 1
    """)
    asked = (
        never(lambda turn: "release_delivery" in turn.actions, name="released"),
        never(lambda turn: {"move_delivery", "ask"} <= turn.actions, name="moved and asked"),
        at_most(1, lambda turn: "exchange" in turn.actions, name="one gift"),
    )
    for verdict in check(CURVE, *asked, policy=ours):
        shown = verdict.counterexample
        assert isinstance(shown, Counterexample)
        assert shown.happens, verdict
    released = check(CURVE, asked[0], policy=ours).verdicts[0].counterexample
    assert released is not None
    kinds = [type(event) for event in released.events]  # type: ignore[union-attr]
    assert PromiseMoved in kinds
    assert kinds[-1] is PromiseReleased


# --- a service ----------------------------------------------------------------------------------------------

listen = policy("listen", recalls=[since("complaint", 3), times("contact", 3), tries("ask", 2)])(
    lambda v: "repair" if v.since("complaint") == 0 else "ask" if v.times("contact", 3) == 0 else "wait"
)


def test_a_service_runs_a_policy_and_keeps_its_memory() -> None:
    ann, memory = CURVE.begin("ann", NEW_YEAR), listen.memory()
    first = listen.next_action(CURVE, ann, memory, at=NEW_YEAR)
    assert first.actions == ("ask",)
    assert (first.punctual, first.next_run) == (True, NEW_YEAR + MONTH)
    step = CURVE.advance(first.standing, first.events()[0])
    memory = listen.remember(from_json(Memory, to_json(first.memory)), step)
    assert memory.values == (3, 1, 1), "it was counted when it was decided"
    step = CURVE.advance(step.after, Complained(at=NEW_YEAR + timedelta(days=20)))
    memory = listen.remember(memory, step)
    second = listen.next_action(CURVE, step.after, memory, at=NEW_YEAR + MONTH)
    assert second.actions == ("repair",)
    assert second.memory.values == (1, 3, 0)
    assert second.waited.values == (1, 2, 0)
    assert not listen.next_action(CURVE, step.after, memory, at=NEW_YEAR + timedelta(days=40)).punctual


def test_the_instant_of_a_silence_comes_before_the_silence() -> None:
    waits = policy("waits")(lambda _: "wait")
    loop = ClosedLoop(curve=CURVE, policy=waits, any_time=True, guarded=("exchange",))
    automaton = unroll_loop(loop)
    places = LoopPlaces.of(automaton)
    given_at = NEW_YEAR + timedelta(days=10)
    standing, memory = CURVE.begin("ann", NEW_YEAR), waits.next_action(CURVE, ANN, waits.memory(), at=NEW_YEAR).memory
    standing = CURVE.advance(standing, Exchanged(at=given_at)).after
    for run in range(1, 4):
        memory = waits.next_action(CURVE, standing, memory, at=NEW_YEAR + run * MONTH).memory
    silence = given_at + CURVE.silence_after
    for at, before in ((silence, True), (silence + timedelta(microseconds=1), False)):
        (state,) = places.states(CURVE.observe(standing, at).after, memory)
        assert loop.rules.moment(automaton.state(state).context.phase)[1] is before


def test_a_promise_for_a_day_between_two_runs_has_no_turns_left() -> None:
    promises = [PromiseMade(at=NEW_YEAR, promise=str(days), due=NEW_YEAR + timedelta(days=days)) for days in (45, 60)]
    standing = CURVE.begin("ann", NEW_YEAR)
    for made in promises:
        standing = CURVE.advance(standing, made).after
    view = listen.next_action(CURVE, standing, listen.memory(), at=NEW_YEAR + MONTH).view
    assert sorted(promise.left or 0 for promise in view.promises) == [0, 1]
    assert [promise.left for promise in view.promises].count(None) == 1


def test_an_action_of_somebody_else_counts_once_more() -> None:
    ann = CURVE.begin("ann", NEW_YEAR)
    decided = listen.next_action(CURVE, ann, listen.memory(), at=NEW_YEAR)
    ours, theirs = (CURVE.advance(decided.standing, event) for event in (*decided.events(), *decided.events()))
    memory = listen.remember(decided.memory, ours)
    assert memory.pending == ()
    assert listen.remember(memory, theirs).values == (3, 1, 2)


def test_what_came_due_is_heard_once() -> None:
    hears = policy("hears", recalls=[times("silence", 6), since("silence", 9)])(lambda _: "wait")
    standing = CURVE.advance(CURVE.begin("ann", NEW_YEAR), Proposed(at=NEW_YEAR)).after
    memory = hears.memory()
    for run in range(1, 6):
        decision = hears.next_action(CURVE, standing, memory, at=NEW_YEAR + run * MONTH)
        memory = decision.memory  # the service keeps the old standing
    late = CURVE.advance(standing, Complained(at=NEW_YEAR + 5 * MONTH + timedelta(days=1)))
    assert len([each for each in late.due if each.reaction is not None and each.reaction.signal == "silence"]) == 1
    assert hears.remember(memory, late).values[0].bit_count() == 1


def test_why_no_other_row_decided() -> None:
    ours = parse_policy("""
        [policy]
        name = "ours"
        [[rules]]
        name = "make good"
        when = { account = ["slip", "breach"] }
        do = "repair"
        [[rules]]
        name = "greet"
        when = { since = { joining = { at_most = 1 } } }
        do = "propose"
        because = "hello"
        [[rules]]
        name = "give"
        do = "exchange"
    """)
    decision = ours.next_action(CURVE, CURVE.begin("ann", NEW_YEAR), ours.memory(), at=NEW_YEAR)
    assert decision.row is not None
    assert decision.row.name == "greet"
    assert decision.others == (
        ("make good", "it does not hold that account is slip or breach"),
        ("give", "a row before it decided"),
    )
    assert str(decision).splitlines()[:2] == ["2026-01-01 00:00  propose", "  row: greet: hello"]


def test_the_memory_of_a_journey_is_that_of_a_service() -> None:
    events: list[Any] = []

    class Noted(Reality):
        def apply(self, event: Any, word: str | None = None) -> None:
            events.append(event)
            super().apply(event, word)

    compared = 0
    real = Noted(ClosedLoop(curve=CURVE, policy=listen, any_time=True))
    for acts in ([Act("soon", "complaint", 0)], [], [Act("late", "purchase", 0)], [Act("soon", "advocacy", 0)]):
        real.turn(acts)
        journey = CURVE.journey(events, start=CURVE.begin("ann", BEGIN), until=real.run)
        if events[-1].at == real.run:  # else the run at the end did nothing, and does not show
            compared += 1
            assert listen.memory(journey).values == real.memory.values
    assert compared


# --- signals of one's own, and segments -----------------------------------------------------------------------


def test_actions_with_signals_of_ones_own() -> None:
    curve = parse_curve(OURS)
    own = next(signal for signal in curve.signals if signal not in CURVE.signals)
    ours = parse_policy(
        f'[policy]\nname = "own"\n[actions]\nbonus = {{ signal = "{own}" }}\n'
        '[[rules]]\nwhen = { since = { bonus = { at_least = 2 } } }\ndo = "bonus"',
        curve=curve,
    )
    given = check(curve, never(lambda turn: own in turn.signals, name="given"), policy=ours).verdicts[0].counterexample
    assert given is not None
    assert any(isinstance(event, Signalled) and event.signal == own for event in given.events)  # type: ignore[union-attr]
    decision = ours.next_action(curve, curve.begin("ann", NEW_YEAR), ours.memory(), at=NEW_YEAR)
    assert decision.actions == ("bonus",)
    step = curve.advance(decision.standing, decision.events()[0])
    assert ours.remember(decision.memory, step).pending == ()
    with pytest.raises(UnknownWordError, match=f"signal '{own}' is unknown"):
        check(CURVE, policy=ours)


def test_moves_with_signals_of_ones_own() -> None:
    curve = parse_curve(OURS)
    own = next(signal for signal in curve.signals if signal not in CURVE.signals)
    ours = policy("answers", recalls=[since(own, 2)])(lambda v: "exchange" if v.since(own) == 0 else "wait")
    reviews = parse_environment(f'[environment]\nname = "own"\nmoves = ["{own}", "complaint"]\nsignals = ["{own}"]')
    answered = leads_to(lambda t: own in t.moves, lambda t: "exchange" in t.actions, within=0, name="answered")
    assert check(curve, answered, policy=ours, environment=reviews).proved
    quiet = never(lambda turn: "exchange" in turn.actions, name="quiet")
    found = check(curve, quiet, policy=ours, environment=reviews).verdicts[0].counterexample
    assert found is not None
    assert found.happens  # type: ignore[union-attr]
    assert [event.signal for event in found.events] == [own, "exchange"]  # type: ignore[union-attr]
    again = rerun(found.loop, found.journey)  # type: ignore[union-attr, arg-type]
    assert [event.signal for event in again.events] == [own, "exchange"]
    with pytest.raises(UnknownWordError, match=f"signal of environment 'own' '{own}' is unknown"):
        check(CURVE, quiet, policy=policy("waits")(lambda _: "wait"), environment=reviews)
    with pytest.raises(UnknownWordError, match="move 'reviw' is unknown"):
        Environment(["reviw"], signals=["review"])
    comes = probability(lambda turn: own in turn.moves, within=2, name="comes")
    often = Environment({own: 0.1, "complaint": 0.5}, signals=[own])
    assert check(curve, comes, policy=ours, environment=often).verdicts[0].value == pytest.approx(0.19)
    with pytest.raises(InvalidValueError, match="signals must be a list of signals"):
        Environment(["review"], signals="review")


def test_a_policy_is_checked_and_run_for_one_segment() -> None:
    tiers = policy("tiers", constants={"tier": ("basic", "gold")})(
        lambda v: "exchange" if v.constant("tier") == "gold" else "ask"
    )
    asks = never(lambda turn: "ask" in turn.actions, name="no asks")
    assert check(CURVE, asks, policy=tiers.bound(tier="gold")).proved
    assert not check(CURVE, asks, policy=tiers.bound(tier="basic")).proved
    with pytest.raises(InvalidValueError, match=r"constant tier must have one value, for example policy.bound"):
        check(CURVE, asks, policy=tiers)
    with pytest.raises(UnknownWordError, match="tier 'silver' is unknown"):
        tiers.bound(tier="silver")
    with pytest.raises(UnknownWordError, match="constant 'level' is unknown"):
        tiers.bound(level=1)


# --- what is refused ------------------------------------------------------------------------------------------


def test_a_memory_of_another_policy_or_of_a_later_time() -> None:
    ann, other = CURVE.begin("ann", NEW_YEAR), policy("other", recalls=[since("ask", 2)])(lambda _: "wait")
    with pytest.raises(InvalidValueError, match="memory must be a memory of policy 'listen'"):
        listen.next_action(CURVE, ann, other.memory(), at=NEW_YEAR)
    with pytest.raises(InvalidValueError, match="memory must be a memory of policy 'listen'"):
        listen.next_action(CURVE, ann, None, at=NEW_YEAR)  # type: ignore[arg-type]
    later = listen.next_action(CURVE, ann, listen.memory(), at=NEW_YEAR + MONTH).memory
    with pytest.raises(InvalidValueError, match="at must not be before the time of the memory"):
        listen.next_action(CURVE, ann, later, at=NEW_YEAR)
    with pytest.raises(ObservedInThePastError):
        listen.next_action(CURVE, ann, listen.memory(), at=NEW_YEAR - MONTH)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: listen.next_action("curve", ANN, listen.memory(), at=NEW_YEAR), "curve must be a Curve"),  # type: ignore[arg-type]
        (lambda: listen.next_action(CURVE, ANN, listen.memory(), at=NEW_YEAR, turn=30), "turn must be a duration"),  # type: ignore[arg-type]
        (
            lambda: listen.next_action(CURVE, ANN, listen.memory(), at=NEW_YEAR, turn=timedelta(0)),
            "turn must be a duration",
        ),
        (lambda: listen.next_action(CURVE, ANN, listen.memory(), at=NEW_YEAR, turn=-MONTH), "turn must be a duration"),
        (lambda: listen.remember(listen.memory(), Complained(at=NEW_YEAR)), "step must be the step that advance"),  # type: ignore[arg-type]
        (lambda: listen.memory([Complained(at=NEW_YEAR)]), "journey must be a Journey"),  # type: ignore[arg-type]
        (lambda: promised().events("order"), "promises must be a list of ids"),
        (lambda: promised().events(5), "promises must be a list of ids"),  # type: ignore[arg-type]
        (lambda: promised().events([4711]), "promises must be a text"),  # type: ignore[list-item]
        (lambda: promised().events(["1", "2"]), "promises must not have more ids than there are promises"),
        (lambda: listen.guard(CURVE, holds="no_ask"), "holds must be a list of properties"),
        (lambda: listen.guard(CURVE, holds=[]), "holds must not be empty"),
        (lambda: listen.guard(CURVE, holds=[5]), r"holds\[0\] must be a property"),  # type: ignore[list-item]
        (
            lambda: policy("p", promises={"a:b": PromiseKind()})(lambda _: "wait"),
            "promises must be a name without a colon",
        ),
        (
            lambda: policy("p", promises={"major": PromiseKind("minor")})(lambda _: "wait"),
            "promises must have the weight",
        ),
    ],
)
def test_what_a_service_gets_wrong_is_named(wrong: Any, says: str) -> None:
    with pytest.raises(InvalidValueError, match=says):
        wrong()


ANN = CURVE.begin("ann", NEW_YEAR)


def promised() -> Any:
    promises = policy("promises")(lambda _: "promise_major")
    return promises.next_action(CURVE, ANN, promises.memory(), at=NEW_YEAR)


def test_promises_need_an_id_of_their_kind() -> None:
    ours = policy("ours", promises=KINDS)(lambda _: ["promise_delivery", "promise_major"])
    decision = ours.next_action(CURVE, CURVE.begin("ann", NEW_YEAR), ours.memory(), at=NEW_YEAR)
    one, two = decision.events(["delivery:1", "2"])
    assert (one.due, two.due) == (NEW_YEAR + MONTH, NEW_YEAR + 2 * MONTH)  # type: ignore[attr-defined]
    for ids in (["1", "2"], ["delivery:1"], []):
        with pytest.raises(InvalidValueError, match="promises must have the id of a promise for"):
            decision.events(ids)


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"signals": {"ask": "hello"}}, "signals must not be an action that every policy has"),
        ({"signals": {"hello": "exchange"}}, "signals must be a signal of one's own curve"),
        ({"costs": {"aks": 1}}, "action 'aks' is unknown; did you mean 'ask'?"),
        ({"costs": {"ask": -1}}, "cost of ask"),
    ],
)
def test_a_policy_that_cannot_be(about: dict[str, Any], says: str) -> None:
    with pytest.raises((InvalidValueError, UnknownWordError)) as caught:
        policy("ours", **about)(lambda _: "wait")
    assert says in str(caught.value)


@pytest.mark.parametrize("recall", [since("complain", 2), times("joining", 2), tries("complaint", 2)])
def test_a_policy_that_listens_for_what_cannot_happen(recall: Any) -> None:
    with pytest.raises(UnknownWordError, match=f"word '{recall.word}' is unknown"):
        check(CURVE, policy=policy("deaf", recalls=[recall])(lambda _: "wait"))
