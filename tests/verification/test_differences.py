"""Differences of curves and of policies: the shortest journey, how much differs, and for which share of customers."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.core.stories import customer_centric, day
from tests.core.test_own_curve import OURS
from tests.verification.changes import changed, edit
from tests.verification.plain import PlainLoop
from tests.verification.planted import CAREFUL, careful
from tests.verification.strategies import policies, small_policies
from trustcurve import Complained, Curve, Exchanged, Journey, PromiseKept, Purchased
from trustcurve.documents.curve_file import parse_curve, read_curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies import ANY, Environment, ImpurePolicyError, Policy, policy, since, times
from trustcurve.verification import diff, equivalent
from trustcurve.verification.closed_loop import ClosedLoop, Node, Passage
from trustcurve.verification.decisions import decisions
from trustcurve.verification.unrolling import unroll_loop

DEFAULT = Curve.default()
LIFE = Environment(["kept", "broken", "complaint"])


# --- curves -------------------------------------------------------------------------------------


def differ_after(old: Curve, new: Curve, most: int) -> int | None:
    """Try all signals, up to a length, by `react` alone."""
    layer, seen = {(old.start, new.start)}, set()
    for length in range(most + 1):
        if any(old.state(one) != new.state(other) for one, other in layer):
            return length
        seen |= layer
        layer = {
            (old.react(one, signal).after, new.react(other, signal).after)
            for one, other in layer
            for signal in old.signals
        } - seen
    return None


@pytest.mark.parametrize(
    "numbers",
    [
        {"hopeful_lost_at": 4},
        {"hopeful_lost_at": 6},
        {"customer_centric_engaged": 2},
        {"advocate_kept": 2},
        {"minor_engaged_max": 3},
        {"initial_doubt": 3},
        {"initial_doubt": 4},
        {"competitive_max": 8},
        {"one_sided_doubt": 3},
    ],
)
def test_the_shortest_journey_is_shortest(numbers: dict[str, int]):
    new = Curve.default(**numbers)
    difference = diff(DEFAULT, new)
    assert difference
    assert difference.signals is not None
    assert len(difference.signals) == differ_after(DEFAULT, new, 9)
    assert states_after(DEFAULT, new, difference.signals) == difference.states
    assert all(old == now for old, now in map_prefixes(new, difference.signals)), "and nothing differs before"
    assert f"{difference.pairs} of {difference.of} pairs" in str(difference)


def states_after(old: Curve, new: Curve, signals: tuple[str, ...]) -> tuple[str, str]:
    return walked(old, signals), walked(new, signals)


def walked(curve: Curve, signals: tuple[str, ...]) -> str:
    position = curve.start
    for signal in signals:
        position = curve.react(position, signal).after
    return curve.state(position)


def map_prefixes(new: Curve, signals: tuple[str, ...]) -> list[tuple[str, str]]:
    return [states_after(DEFAULT, new, signals[:length]) for length in range(len(signals))]


def test_a_curve_does_not_differ_from_itself():
    again = read_curve(DEFAULT.to_plain())
    assert equivalent(DEFAULT, again)
    assert str(diff(DEFAULT, again)) == "no difference: the same signals lead to the same states"


def test_other_names_and_reasons_are_no_difference():
    renamed = changed(
        DEFAULT, lambda rows: edit(rows, "complaint.opens") or rows["complaint.opens"].update(because="so")
    )
    assert renamed != DEFAULT
    assert equivalent(DEFAULT, renamed)


def test_a_position_that_cannot_be_told_apart_is_no_difference():
    # One more place for doubt above adversarial: no state depends on it... but how long it takes to heal does.
    assert not equivalent(DEFAULT, Curve.default(doubt_max=13))


def test_another_clock_is_a_difference():
    patient = Curve.default(grace=7, silence_after=60)
    assert not equivalent(DEFAULT, patient)
    difference = diff(DEFAULT, patient)
    assert difference.signals is None
    assert "grace: none becomes 7 days" in str(difference)
    assert "silence_after: 90 days becomes 60 days" in str(difference)


def test_signals_that_only_one_curve_knows():
    ours = parse_curve(OURS)
    there, back = diff(DEFAULT, ours), diff(ours, DEFAULT)
    assert there.only_new == back.only_old == ("applause", "sigh")
    assert there.only_old == back.only_new == ()
    assert "only on the new curve: applause, sigh" in str(there)


def told(*events: Any) -> Journey:
    return DEFAULT.journey(events, customer="ann")


def test_the_share_of_journeys_that_end_elsewhere():
    strict = Curve.default(customer_centric_lost_at=2)
    same, other = told(*customer_centric()), told(*customer_centric(), Complained(at=day(1)), Complained(at=day(2)))
    upset = told(*customer_centric(), *[event(at=day(1)) for event in (Complained, Purchased, Exchanged)])
    assert diff(DEFAULT, strict, journeys=[same]).share == 0
    found = diff(
        DEFAULT, Curve.default(suspicious_max=1), journeys=[told(Exchanged(at=day(0))), told(Complained(at=day(0)))]
    )
    assert found.share == pytest.approx(0.5)
    assert "share of customers who end elsewhere: 50.0%" in str(found)
    assert diff(DEFAULT, DEFAULT, journeys=[same, other, upset]).share == 0
    assert diff(DEFAULT, strict).share is None


def test_a_clock_alone_can_change_where_journeys_end():
    left_alone = DEFAULT.journey(customer_centric(), customer="ann", until=day(100))
    short = diff(DEFAULT, Curve.default(silence_after=10), journeys=[left_alone])
    assert short.share == 1
    assert "share of customers who end elsewhere: 100.0%" in str(short)


# --- policies -------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(small_policies, small_policies)
def test_policies_part_in_the_first_turn_in_which_they_can(one: Policy, other: Policy):
    loops = [PlainLoop(curve=DEFAULT, policy=each, environment=LIFE) for each in (one, other)]
    layer, seen = [(loops[0].start, loops[1].start)], set()
    parted = None
    for length in range(1, 4):
        then = []
        for places in layer:
            for move in loops[0].moves(places[0]):
                (was, turn, events), (now, turned, others) = (
                    loop.play(place, move) for loop, place in zip(loops, places, strict=True)
                )
                if events != others:
                    parted = parted or length
                elif (key := (loops[0].key(was), loops[1].key(now))) not in seen:
                    seen.add(key)
                    then.append((was, now))
                if max(turn.open_after, turned.open_after) > 2:
                    return
        layer = then
        if parted:
            break
    try:
        difference = diff(one, other, curve=DEFAULT, environment=LIFE, once_a_turn=True)
    except InvalidValueError as error:
        assert "must be larger to find a difference" in str(error)  # noqa: PT017 - either is fine, and this is what it then says
        return
    if parted:
        assert difference.old is not None
        assert len(difference.old) == parted
    else:
        assert difference.old is None or len(difference.old) > 3


def test_policies_that_part_are_told_side_by_side():
    colder = policy("colder", recalls=CAREFUL)(
        lambda v: "wait" if v.engaged == 2 and v.account == "clear" else careful(v)
    )  # type: ignore[arg-type, return-value]
    usual = policy("careful", recalls=CAREFUL)(careful)
    difference = diff(usual, colder, curve=DEFAULT, environment=LIFE)
    assert difference.actions == (("exchange",), ())
    assert difference.old is not None
    assert difference.new is not None
    assert difference.old.events[:-1] == difference.new.events, "the same journey, but for the last act"
    assert 0 < difference.positions < difference.of
    text = str(difference)
    assert f"they first differ in turn {len(difference.old)}: exchange becomes wait; in" in text
    assert "under the old policy:" in text
    assert equivalent(usual, policy("again", recalls=CAREFUL)(careful), curve=DEFAULT, environment=LIFE)  # type: ignore[arg-type]
    assert str(diff(usual, usual, curve=DEFAULT)) == "no difference: whatever happens, at any time, both do the same"


def test_another_date_is_another_promise():
    one, other = (policy("careful", recalls=CAREFUL, promise_due=due)(careful) for due in (1, 3))  # type: ignore[arg-type]
    difference = diff(one, other, curve=DEFAULT)
    assert difference.actions == (("promise_major",), ("promise_major",))
    assert "promise_major due in 1 turns becomes promise_major due in 3 turns" in str(difference)
    waits = [policy("waits", promise_due=due)(lambda _: "wait") for due in (1, 3)]
    assert equivalent(*waits, curve=DEFAULT), "who promises nothing has no dates"


def test_the_share_counts_only_the_turns_asked_for():
    odds = Environment({"complaint": 0.5})
    mends = policy("mends")(lambda v: "repair" if v.account == "slip" else "wait")
    waits = policy("waits")(lambda _: "wait")
    for within in (1, 2, 3):
        assert diff(waits, mends, curve=DEFAULT, environment=odds, within=within).share == pytest.approx(
            1 - 0.5**within
        )
    assert diff(waits, waits, curve=DEFAULT, environment=odds).share == 0
    assert diff(waits, mends, curve=DEFAULT).share is None


def test_the_share_of_journeys_that_policies_would_treat_differently():
    mends = policy("mends")(lambda v: "repair" if v.account == "slip" else "wait")
    waits = policy("waits")(lambda _: "wait")
    upset, glad = told(Complained(at=day(0))), told(Exchanged(at=day(0)))
    found = diff(waits, mends, curve=DEFAULT, journeys=[upset, glad, glad])
    assert found.share == pytest.approx(1 / 3)
    assert "share of customers treated differently: 33.3%" in str(found)


BUSY = Environment(["complaint", "purchase", "advocacy", "customer_one_sided"])


@settings(max_examples=60)
@given(policies, st.lists(st.integers(0, 5), min_size=1, max_size=10))
def test_along_a_journey_a_policy_decides_what_it_does_in_the_loop(ours: Policy, picks: list[int]):
    plain = PlainLoop(curve=DEFAULT, policy=ours, environment=BUSY)
    place, events, actions = plain.start, [], []
    for pick in picks:
        moves = list(plain.moves(place))
        place, turn, happened = plain.play(place, moves[pick % len(moves)])
        actions.append(turn.actions)
        events += happened
    journey = DEFAULT.journey(events, start=plain.start.standing, until=place.standing.as_of)
    loop = ClosedLoop(curve=DEFAULT, policy=ours, promises_max=4)
    found = [frozenset(each.actions) for each in decisions(loop, journey)]
    if not actions[-1]:  # a run at the end that did nothing does not show
        assert found == actions
    else:
        assert found[:-1] == actions


def test_policies_that_differ_only_in_silence_differ_for_journeys():
    waits = policy("waits")(lambda _: "wait")
    recalls = policy("recalls")(lambda v: "exchange" if v.quiet >= 2 else "wait")
    bought = DEFAULT.journey([Purchased(at=day(0))], customer="ann", until=day(0) + timedelta(days=70))
    short = DEFAULT.journey([Purchased(at=day(0))], customer="bob", until=day(0) + timedelta(days=20))
    assert diff(waits, recalls, curve=DEFAULT, journeys=[bought, short]).share == pytest.approx(1 / 2)


greedy = policy("greedy", promise_due=9)(lambda _: "promise_minor")


def test_a_difference_before_a_limit_is_told():
    patient = policy("patient", promise_due=9)(lambda v: "promise_minor" if v.open < 2 else "wait")
    asks = policy("asks", promise_due=9)(lambda v: "promise_minor" if v.open < 2 else "ask")
    with pytest.raises(InvalidValueError, match="promises_max must be larger to find a difference, got 2"):
        diff(patient, greedy, curve=DEFAULT, once_a_turn=True)
    wide = diff(patient, greedy, curve=DEFAULT, promises_max=4, once_a_turn=True)
    assert wide.old is not None
    assert len(wide.old) == 3
    early = diff(patient, asks, curve=DEFAULT, pairs_max=40, once_a_turn=True)
    assert early.stopped == "more than pairs_max=40"
    assert "there may be more" in str(early)


def test_a_policy_that_counts_questions_is_found_out_by_a_difference_too():
    asked = count()
    moody = policy("moody")(lambda _: "wait" if next(asked) < 20 else "exchange")
    with pytest.raises(ImpurePolicyError, match="'moody'"):
        diff(moody, policy("waits")(lambda _: "wait"), curve=DEFAULT)


def test_what_cannot_be_compared_is_refused():
    waits = policy("waits")(lambda _: "wait")
    for compare in (diff, equivalent):
        for pair in ((DEFAULT, waits), (waits, DEFAULT), (DEFAULT, 3), ("curve", DEFAULT)):
            with pytest.raises(InvalidValueError, match=r"must be two curves, or two policies with curve=\.\.\."):
                compare(*pair)  # type: ignore[call-overload, operator]
        with pytest.raises(InvalidValueError, match="curve must be the Curve of both policies"):
            compare(waits, waits)  # type: ignore[call-overload, operator]
        with pytest.raises(InvalidValueError, match="must be left out where two curves are compared"):
            compare(DEFAULT, DEFAULT, curve=DEFAULT)  # type: ignore[call-overload, operator]
    for numbers in (
        {"environment": {"kept": 0.5}},
        {"within": 0},
        {"within": "a"},
        {"pairs_max": 0},
        {"journeys": 5},
        {"journeys": ["a"]},
    ):
        with pytest.raises(InvalidValueError, match=next(iter(numbers))):
            diff(waits, waits, curve=DEFAULT, **numbers)
    for ask in (diff, equivalent):
        with pytest.raises(InvalidValueError, match="promises_max must be larger to find a difference"):
            ask(greedy, greedy, curve=DEFAULT, once_a_turn=True)  # type: ignore[operator]
    with pytest.raises(InvalidValueError, match="pairs_max must be larger to find a difference"):
        diff(waits, waits, curve=DEFAULT, pairs_max=3)
    assert diff(DEFAULT, Curve.default(grace=timedelta(days=1)))


# --- at any time ------------------------------------------------------------------------------------------


def nearest_difference(one: ClosedLoop, other: ClosedLoop, most: int = 60_000) -> int | None:
    """Search the pairs of two loops, one change after the other; return the turns to a turn in which they differ."""
    seen, now, turns = {(one.start, other.start)}, [(one.start, other.start)], 1
    while now:
        later = []
        for pair in now:
            if len(seen) > most:
                raise ValueError
            acted = [loop.act(node) for loop, node in zip((one, other), pair, strict=True) if _decides(loop, node)]
            ways = [[loop.pass_time(node) for loop, node in zip((one, other), pair, strict=True)]]
            ways += [
                [loop.move(node, move) for loop, node in zip((one, other), pair, strict=True)]
                for move in one.possible(pair[0])
            ]
            if acted:
                was, now_ = acted
                assert was is not None
                assert now_ is not None
                dates = [
                    each.policy.promise_due if each.policy.promise_due and _promises(act) else 0
                    for each, act in zip((one, other), (was, now_), strict=True)
                ]
                if was.happening.actions != now_.happening.actions or dates[0] != dates[1]:
                    return turns
                then = (was.after, now_.after)
                if then not in seen:
                    seen.add(then)
                    later.append(then)
            for way in ways:
                first, second = way
                if first is not None and second is not None and (first.after, second.after) not in seen:
                    seen.add((first.after, second.after))
                    now.append((first.after, second.after))
        now, turns = later, turns + 1
    return None


def _promises(passage: Passage) -> bool:
    return any(action.startswith("promise_") for action in passage.happening.actions or ())


def _decides(loop: ClosedLoop, node: Node) -> bool:
    return node.context.phase == loop.rules.last_phase


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(small_policies, small_policies, st.sets(st.sampled_from(ANY.names[1:]), max_size=4))
def test_at_any_time_policies_part_where_a_search_by_hand_finds_it(one: Policy, other: Policy, moves: set[str]) -> None:
    about: dict[str, Any] = {"curve": DEFAULT, "environment": Environment(moves), "promises_max": 2}
    loops = [ClosedLoop(policy=each, any_time=True, tells_kinds=True, **about) for each in (one, other)]
    assume(all(unroll_loop(loop, 20_000).stopped is None for loop in loops))
    try:
        turns = nearest_difference(*loops)
    except ValueError:
        assume(condition=False)
    found = diff(one, other, **about)
    assert found.scope == "at any time"
    assert bool(found) == (turns is not None)
    if found.old is not None:
        assert len(found.old) == turns


def test_what_differs_only_between_two_runs_is_found() -> None:
    late = policy("late", promise_due=1, recalls=[since("kept_late", 1)])(
        lambda v: "ask" if v.since("kept_late") == 0 else "promise_minor" if not v.open else "wait"
    )
    never_mind = policy("never mind", promise_due=1)(lambda v: "promise_minor" if not v.open else "wait")
    assert equivalent(never_mind, late, curve=DEFAULT, once_a_turn=True)
    found = diff(never_mind, late, curve=DEFAULT)
    assert found.actions == (("promise_minor",), ("ask",))
    assert found.old is not None
    assert found.old.happens
    assert "kept too late" in found.old.journey.explain()


def test_a_difference_that_cannot_happen_is_passed_over_for_one_that_can() -> None:
    """The automaton does not count broken promises: one of them may be kept late twice there, a turn before two can be."""

    def of(action: str) -> Policy:
        recalls = [times("kept_late", 3)]
        return policy(action, promise_due=1, recalls=recalls)(
            lambda v: action if v.times("kept_late", 3) >= 2 else "promise_major" if not v.open else "wait"
        )

    found = diff(of("exchange"), of("repair"), curve=DEFAULT, environment=Environment(["kept_late"]))
    assert found.old is not None
    assert found.new is not None
    assert found.actions == (("exchange",), ("repair",))
    assert found.old.happens
    assert found.new.happens
    assert len({event.promise for event in found.old.events if isinstance(event, PromiseKept)}) == 2
