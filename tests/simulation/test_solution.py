"""Exact answers: they agree with the prover, with a slow reading of the chain, and with themselves."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import inf

import polars as pl
import pytest
from attrs import astuple

from tests.simulation.worlds import CURVE, ORDINARY, SHIPPED, random_world, shipped, solved
from tests.verification.plain import PlainLoop
from trustcurve import Curve
from trustcurve.policies import Action, Environment, View, policy
from trustcurve.policies.environment import move_probabilities
from trustcurve.simulation import (
    Arrivals,
    ChangePoint,
    Departures,
    InteractingCustomersError,
    Scenario,
    Segment,
    Solution,
    UnboundedPolicyError,
    WordOfMouth,
    solve,
)
from trustcurve.simulation.hitting_times import cohort_shares, goals_of, hitting_time
from trustcurve.simulation.lumping import lumped
from trustcurve.simulation.stationary import limiting_distribution
from trustcurve.verification import check, expected_turns, probability

INSIDE = ("hopeful", "customer_centric", "advocate")
ASKS = ("company_one_sided.paid", "company_one_sided.unpaid", "proposition.repeats", "proposition.intrudes")
GOODS = ("kept_minor", "kept_major", "exchange", "repair")
STAGES = ("departed", "hopeful", "customer_centric", "advocate")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_prover_says_the_same(name: str):
    ours = solved(CURVE, shipped(name), ORDINARY, 24).hitting_times()
    asked = []
    for stage in STAGES:
        there = lambda turn, stage=stage: turn.after.stage == stage  # noqa: E731
        asked += [
            probability(there, within=24, name=f"{stage} within"),
            probability(there, name=f"{stage} ever"),
            expected_turns(there, at_most=inf, name=f"{stage} mean"),
        ]
    told = check(CURVE, *asked, policy=shipped(name), environment=ORDINARY)
    for stage in STAGES:
        row = ours.row(by_predicate=pl.col("stage") == stage, named=True)
        for what, column in (("within", "within_horizon"), ("ever", "eventually"), ("mean", "mean_time")):
            assert row[column] == pytest.approx(told[f"{stage} {what}"].value, rel=1e-9, abs=1e-12), (stage, what)


def exactly(world: int, turns: int) -> list[Counter[str]]:
    """Follow every journey through the pure `advance`, with its probability as a fraction: nothing is unrolled.

    Return for each turn the share in each state, the shares "crossed", "across" and "engaged", and what is "given" and "asked".
    """
    made, environment = random_world(world)
    loop = PlainLoop(curve=CURVE, policy=made, environment=environment)
    places = {0: (loop.start, False, Fraction(1))}
    shares = []
    for _ in range(turns):
        after: dict[object, tuple[object, bool, Fraction]] = {}
        shares.append(Counter[str]())
        for place, crossed, share in places.values():
            moves = list(loop.moves(place))  # type: ignore[arg-type]
            begun = CURVE.state(loop.begun(place)[0].position)  # type: ignore[arg-type]
            likely = move_probabilities(environment.at(begun), [move.word for move in moves])  # type: ignore[misc]
            for move, p in zip(moves, likely, strict=True):
                if p:
                    then, turn, events = loop.play(place, move)  # type: ignore[arg-type]
                    been = crossed or turn.after.stage in INSIDE
                    standing = place.standing  # type: ignore[attr-defined]
                    for event in events:
                        step = CURVE.advance(standing, event)
                        standing = step.after
                        for each in step.reactions:
                            been |= each.after.stage in INSIDE
                            shares[-1]["given"] += share * Fraction(p) * (each.signal in GOODS)
                            shares[-1]["asked"] += share * Fraction(p) * (each.rule.name in ASKS)
                    key = (then.standing, then.history.values(made.recalls), been)
                    known = after.get(key, (then, been, Fraction(0)))[2]
                    after[key] = (then, been, known + share * Fraction(p))
        places = after  # type: ignore[assignment]
        for place, crossed, share in places.values():
            position = place.standing.position  # type: ignore[attr-defined]
            shares[-1][CURVE.state(position)] += share  # type: ignore[assignment]
            shares[-1]["crossed"] += share * crossed  # type: ignore[assignment]
            shares[-1]["across"] += share * (position.stage in INSIDE)  # type: ignore[assignment]
            shares[-1]["engaged"] += share * (position.stage in INSIDE and position.engaged > 0)  # type: ignore[assignment]
    return shares


@pytest.mark.parametrize("world", range(4))
def test_a_slow_reading_through_advance_says_the_same(world: int):
    told = solved(CURVE, *random_world(world), 3).occupancy()
    for step, shares in enumerate(exactly(world, 3), 1):
        for state in CURVE.states:
            ours = told.row(by_predicate=(pl.col("turn") == step) & (pl.col("state") == state), named=True)
            assert ours["share"] == pytest.approx(float(shares[state]), abs=1e-12), (step, state)


@pytest.mark.parametrize("world", range(4))
def test_a_slow_reading_says_the_same_of_who_is_kept_and_of_what_is_given(world: int):
    told = solved(CURVE, *random_world(world), 3).relations()
    for step, shares in enumerate(exactly(world, 3), 1):
        ours = told.row(by_predicate=pl.col("turn") == step, named=True)
        for word in ("crossed", "across", "engaged", "given", "asked"):
            assert ours[word] == pytest.approx(float(shares[word]), abs=1e-12), (step, word)


def test_who_crosses_and_falls_back_in_one_turn_has_crossed_and_is_lost():
    pushes = policy("pushes")(lambda view: ["propose", "ask"] if view.state == "distrust.suspicious" else "wait")
    wary = Curve.default(initial_doubt=3)
    answer = solved(wary, pushes, Environment({"purchase": 0.1}), 2)
    first = answer.relations().row(by_predicate=pl.col("turn") == 1, named=True)
    assert answer.transitions().filter(turn=1, after="hopeful")["count"].sum() == pytest.approx(1)
    assert (first["crossed"], first["across"]) == (pytest.approx(1), 0)
    assert answer.reached().filter(age=1, goal="lost")["reached"].item() == pytest.approx(1)


@pytest.mark.parametrize("world", [world for world in range(9) if not random_world(world)[1].keeps_promises])
def test_what_is_given_and_asked_is_what_was_done(world: int):
    """A pitch may be an ask or not: it depends on where the customer stands."""
    segment = Segment(policy=random_world(world)[0], environment=random_world(world)[1])
    answer = solve(Scenario(segments=segment, turns=9, customers=70, arrivals=Arrivals(each_turn=30, until_turn=4)))
    told = answer.relations().group_by("turn").agg(pl.col("given", "asked").sum()).sort("turn")[1:]
    asked, pitched = (
        answer.actions().filter(action=action).sort("turn")["count"].to_list() for action in ("ask", "propose")
    )
    for told_asked, least, more in zip(told["asked"].to_list(), asked, pitched, strict=True):
        assert least - 1e-9 <= told_asked <= least + more + 1e-9
    gifts = answer.actions().filter(pl.col("action").is_in(["exchange", "repair"])).rename({"action": "word"})
    kept = answer.moves().filter(move="kept").rename({"move": "word"})
    given = pl.concat([gifts, kept]).group_by("turn").agg(pl.col("count").sum()).sort("turn")["count"].to_list()
    assert told["given"].to_list() == pytest.approx(given)


@pytest.mark.parametrize("world", range(6))
def test_nobody_gets_lost_and_all_act_once_a_step(world: int):
    answer = solved(CURVE, *random_world(world), 15, departures=Departures())
    for table in (answer.actions(), answer.moves()):
        per_turn = table.group_by("turn").agg(pl.col("count").sum(), pl.len())
        assert per_turn["count"].to_list() == pytest.approx([1] * 15)
    assert answer.occupancy().group_by("turn").agg(pl.col("share").sum())["share"].to_list() == pytest.approx([1] * 16)


@pytest.mark.parametrize("world", range(6))
def test_changes_of_state_explain_the_shares(world: int):
    answer = solved(CURVE, *random_world(world), 12)
    gained = Counter[str]()
    for row in answer.transitions().iter_rows(named=True):
        gained[row["after"]] += row["count"]
        gained[row["before"]] -= row["count"]
    first, last = (dict(answer.occupancy().filter(turn=step).select("state", "share").iter_rows()) for step in (0, 12))
    assert {state: last[state] - first[state] for state in last} == pytest.approx(
        {state: gained[state] for state in last}
    )


@pytest.mark.parametrize("world", range(6))
def test_the_long_run_is_where_many_steps_lead(world: int):
    answer = solved(CURVE, *random_world(world), 400)
    late = (
        answer.occupancy()
        .filter(pl.col("turn") > 360)
        .group_by("state", maintain_order=True)
        .agg(pl.col("share").mean())
    )
    assert answer.stationary()["share"].to_list() == pytest.approx(late["share"].to_list(), abs=1e-3)


@pytest.mark.parametrize("world", range(8))
def test_what_is_made_one_changes_no_answer(world: int):
    made, environment = random_world(world)
    (chain,) = solved(CURVE, made, environment, 12, departures=Departures() if world % 2 else None)._chains
    small = lumped(chain)
    assert small.structure.nodes < chain.structure.nodes
    fewer, all_of_them = (astuple(cohort_shares(each), recurse=False) for each in (small, chain))
    for one, other in zip(fewer, all_of_them, strict=True):
        assert one == pytest.approx(other, abs=1e-12)
    assert limiting_distribution(small) == pytest.approx(limiting_distribution(chain), abs=1e-9)
    for goal, nodes in goals_of(chain.structure).items():
        less = goals_of(small.structure)[goal]
        one, other = hitting_time(small, less), hitting_time(chain, nodes)
        assert one.eventually == (None if other.eventually is None else pytest.approx(other.eventually)), goal
        assert one.mean_time == (None if other.mean_time is None else pytest.approx(other.mean_time, rel=1e-6)), goal


@policy("promise, or give", promise_due=2)
def promise_or_give(view: View) -> Action:
    return "promise_major" if view.outside and not view.open else "exchange"


def late(answer: Solution, after: int) -> list[float]:
    """Return the mean shares of the last turns."""
    found = answer.occupancy().filter(pl.col("turn") > after).group_by("state", maintain_order=True)
    return found.agg(pl.col("share").mean())["share"].to_list()


def test_several_ends_count_as_much_as_they_are_likely():
    # Who is let down once is never made amends, and stays; who is not is won for good.
    answer = solved(CURVE, promise_or_give, Environment({"kept": 0.5, "broken": 0.1}), 300)
    ends = answer.stationary().filter(pl.col("share") > 0.01)
    assert len(ends) > 1
    assert answer.stationary()["share"].to_list() == pytest.approx(late(answer, 200), abs=1e-4)
    won = answer.hitting_times().row(by_predicate=pl.col("stage") == "customer_centric", named=True)
    assert (won["mean_time"], won["eventually"]) == (inf, pytest.approx(won["within_horizon"], abs=1e-4))
    assert 0 < won["eventually"] < 1


def test_the_long_run_and_hitting_times_go_on_from_a_turning():
    # After the turning nothing is broken any more: who has been let down before is lost for good all the same.
    early, later = Environment({"kept": 0.1, "broken": 0.5}), Environment({"kept": 0.5, "broken": 0.0})
    segment = Segment(policy=promise_or_give, environment=early, changes=(ChangePoint(from_turn=6, environment=later),))
    short, long = (solve(Scenario(segments=segment, turns=turns, customers=1, departures=None)) for turns in (6, 300))
    assert short.stationary()["share"].to_list() == pytest.approx(late(long, 200), abs=1e-4)
    for stage in ("hopeful", "customer_centric", "lost"):
        one, other = (
            each.hitting_times().row(by_predicate=pl.col("stage") == stage, named=True) for each in (short, long)
        )
        assert one["eventually"] == pytest.approx(other["within_horizon"], abs=1e-5), stage
    calm = Segment(policy=promise_or_give, environment=later, changes=(ChangePoint(from_turn=4, environment=later),))
    turned = solve(Scenario(segments=calm, turns=9, customers=1, departures=None)).hitting_times()
    plain = solved(CURVE, promise_or_give, later, 9).hitting_times()
    for column in ("within_horizon", "eventually", "mean_time"):
        assert turned[column].to_list() == pytest.approx(plain[column].to_list()), column


def test_what_numbers_do_not_carry_is_left_out():
    # Once in a hundred million turns somebody comes back: nine digits of where they are in the long run would be made up.
    rare = Environment({"departure": 0.25, "return": 1e-8})
    answer = solved(CURVE, shipped("solve_first"), rare, 5)
    assert answer.stationary()["share"].null_count() == len(answer.stationary())
    assert answer.occupancy()["share"].null_count() == 0


def test_who_leaves_for_good_is_gone_in_the_long_run():
    @policy("wait")
    def wait(_: View) -> Action:
        return "wait"

    answer = solved(CURVE, wait, Environment({"departure": 0.25}), 2)
    assert answer.stationary().filter(state="departed")["share"].item() == pytest.approx(1)
    row = answer.hitting_times().row(by_predicate=pl.col("stage") == "departed", named=True)
    assert (row["eventually"], row["mean_time"], row["within_horizon"]) == pytest.approx((1, 4, 1 - 0.75**2))
    never = answer.hitting_times().row(by_predicate=pl.col("stage") == "advocate", named=True)
    assert (never["eventually"], never["mean_time"], never["mean_time_within_horizon"]) == (0, inf, None)


def test_without_departures_nobody_leaves_and_with_them_those_who_lost_trust_do():
    calm = Environment({"kept": 0.2, "broken": 0.3})
    (without, with_them) = (
        solved(CURVE, shipped("loyalty"), calm, 12, departures=each)
        .occupancy()
        .filter(turn=12, state="departed")["share"]
        .item()
        for each in (None, Departures())
    )
    assert without == 0
    assert with_them > 0.1


def test_seventy_seven_percent_of_the_distrusting_leave_within_four_quarters():
    # Everybody crosses the barrier, then falls back for good: from then on only the hazard moves them.
    @policy("one broken promise", promise_due=1)
    def once(view: object) -> str:
        return "promise_major" if view.state == "distrust.suspicious" and not view.open else "wait"  # type: ignore[attr-defined]

    answer = solved(CURVE, once, Environment({"purchase": 0.0}), 30, departures=Departures())  # type: ignore[arg-type]
    shares = answer.occupancy().filter(state="departed")["share"].to_list()
    begins = next(step for step, share in enumerate(shares) if share > 0) - 1
    assert shares[begins + 12] == pytest.approx(0.77)


def test_another_environment_holds_from_its_step_on():
    calm, crisis = Environment({"kept": 0.5}), Environment({"kept": 0.1, "complaint": 0.4})
    segment = Segment(
        policy=shipped("solve_first"), environment=calm, changes=(ChangePoint(from_turn=4, environment=crisis),)
    )
    answer = solve(Scenario(segments=segment, turns=6, customers=1, departures=None))
    complaints = answer.moves().filter(move="complaint")["count"].to_list()
    assert complaints[:3] == [0, 0, 0]
    assert min(complaints[3:]) > 0
    before = solved(CURVE, shipped("solve_first"), calm, 3).occupancy()
    assert answer.occupancy().filter(pl.col("turn") <= 3)["share"].to_list() == pytest.approx(before["share"].to_list())


def test_newcomers_do_what_strangers_did():
    segment = Segment(policy=shipped("solve_first"), environment=ORDINARY)
    whole = solve(Scenario(segments=segment, turns=8, customers=100, arrivals=Arrivals(each_turn=10, until_turn=3)))
    counts = whole.counts()
    assert sorted(counts["cohort"].unique()) == [0, 1, 2, 3]
    old, new = (
        counts.filter((pl.col("cohort") == cohort) & (pl.col("turn") == step))["customers"].to_list()
        for cohort, step in ((0, 5), (3, 8))
    )
    assert [customers / 10 for customers in old] == pytest.approx(new)
    assert whole.reached().filter(age=8)["observed"].unique().to_list() == [100]


def test_where_nobody_is_at_first_there_is_no_share_before_the_first_newcomer():
    segment = Segment(policy=shipped("solve_first"), environment=ORDINARY)
    answer = solve(Scenario(segments=segment, turns=4, customers=0, arrivals=Arrivals(each_turn=2)))
    assert answer.occupancy()["turn"].unique().to_list() == [1, 2, 3, 4]
    assert answer.hitting_times()["within_horizon"].null_count() == len(answer.hitting_times())
    assert answer.hitting_times()["eventually"].null_count() == 0


def test_what_couples_customers_has_no_exact_answer():
    segment = Segment(policy=shipped("funnel"), environment=ORDINARY)
    coupled = Scenario(
        segments=segment, turns=3, arrivals=Arrivals(each_turn=1), word_of_mouth=WordOfMouth(), name="gossip"
    )
    with pytest.raises(
        InteractingCustomersError,
        match="'gossip': no exact solution with word_of_mouth: customers influence each other",
    ):
        solve(coupled)


def test_a_policy_that_promises_without_end_is_reported():
    @policy("greedy", promise_due=9)
    def greedy(_: object) -> str:
        return "promise_minor"

    with pytest.raises(
        UnboundedPolicyError, match="policy 'greedy' cannot be simulated: the policy promises more than"
    ):
        solved(CURVE, greedy, ORDINARY, 3)  # type: ignore[arg-type]


def test_the_answer_is_kept_for_the_next_question():
    curve = Curve.default()
    solved(curve, shipped("solve_first"), ORDINARY, 24)
    other = Environment(
        {
            "purchase": 0.3,
            "kept": 0.4,
            "broken": 0.01,
            "complaint": 0.05,
            "advocacy": 0.1,
            "departure": 0.01,
            "return": 0.02,
        }
    )
    assert (
        solved(curve, shipped("solve_first"), other, 24)._chains[0].structure
        is solved(curve, shipped("solve_first"), ORDINARY, 3)._chains[0].structure
    )
