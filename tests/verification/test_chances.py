"""Probabilities are exact: held against a plain simulation with a stated bound, and against numbers worked out by hand.

The bound: of N independent journeys the share in which something happens lies within 5 standard deviations,
5 * sqrt(p (1 - p) / N) and a little more for p near 0 or 1, but for one case in more than a million.
"""

from __future__ import annotations

from functools import cache
from math import inf, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.strategies import small_policies
from trustcurve import Curve
from trustcurve.core.errors import InvalidValueError
from trustcurve.policies import Environment, Policy, View, policy
from trustcurve.verification import Status, check, diff, expected_turns, never, possible, probability
from trustcurve.verification.deciding.chains import edge_probabilities
from trustcurve.verification.unrolling.automaton import unroll_loop
from trustcurve.verification.unrolling.loop import Loop

JOURNEYS = 4000
LIFE = Environment(
    {"kept": 0.5, "broken": 0.1, "complaint": 0.1, "purchase": 0.05, "advocacy": 0.05, "departure": 0.02, "return": 0.1}
)


@policy("warm", promise_due=2)
def warm(view: View) -> Any:
    """Repair, promise, exchange."""
    if view.account in ("slip", "breach"):
        return "repair"
    if view.outside:
        return "promise_major" if view.state == "distrust.suspicious" and not view.open else "wait"
    return "exchange" if view.quiet >= 1 else "wait"


def hoped(turn: Any) -> bool:
    return bool(turn.after.stage == "customer_centric")


def feared(turn: Any) -> bool:
    return bool(turn.after.stage == "departed")


@cache
def loop(curve: Curve) -> Loop:
    return Loop(curve=curve, policy=warm, environment=LIFE)


def simulated(curve: Curve, turns: int, seed: int) -> dict[str, float]:
    """Play journeys by chance, and answer with the shares in which something happened."""
    chance, ours = np.random.default_rng(seed), loop(curve)
    numbers: dict[str, int] = {"hoped": 0, "feared": 0}
    stages = [position.stage for position in ours.table.positions]
    for _ in range(JOURNEYS):
        node, seen = ours.start, set()
        for _ in range(turns):
            choices = list(ours.choices(node))
            # Chance as a reader of the words would have it: a move is drawn, and where it cannot be, nothing happens.
            moves = list(LIFE.probabilities or {})
            drawn = moves[chance.choice(len(moves), p=list((LIFE.probabilities or {}).values()))]
            fitting = [choice for choice in choices if choice.move == drawn] or [choices[0]]
            played = ours.play(node, fitting[chance.integers(len(fitting))])
            assert played is not None
            node = played.after
            seen.add(stages[node.position])
        numbers["hoped"] += "customer_centric" in seen
        numbers["feared"] += "departed" in seen
    return {name: number / JOURNEYS for name, number in numbers.items()}


def near(share: float, exact: float) -> bool:
    return abs(share - exact) <= 5 * sqrt(exact * (1 - exact) / JOURNEYS) + 5 / JOURNEYS


@pytest.mark.slow
@pytest.mark.parametrize("turns", [8, 20])
def test_exact_probabilities_are_near_what_a_simulation_finds(curve: Curve, turns: int):
    shares = simulated(curve, turns, seed=turns)
    report = check(
        curve,
        warm,
        probability(hoped, within=turns, name="hoped"),
        probability(feared, within=turns, name="feared"),
        environment=LIFE,
    )
    for name, share in shares.items():
        exact = report[name].value
        assert exact is not None
        assert 0 < exact < 1
        assert near(share, exact), (name, share, exact)


def test_a_probability_worked_out_by_hand(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    left = lambda turn: turn.move == "departure"  # noqa: E731
    back = lambda turn: turn.move == "return"  # noqa: E731
    leaves = Environment({"departure": 0.25})
    report = check(
        curve,
        waits,
        probability(left, within=1, name="1"),
        probability(left, within=3, name="3"),
        probability(left, name="ever"),
        probability(back, name="back"),
        environment=leaves,
    )
    values = [verdict.value for verdict in report.verdicts]
    assert values == pytest.approx([0.25, 1 - 0.75**3, 1, 0])
    both = Environment({"departure": 0.25, "return": 0.5})
    value = check(curve, waits, probability(back, within=2), environment=both).verdicts[0].value
    assert value == pytest.approx(0.25 * 0.5)


def test_ever_is_where_within_goes(curve: Curve):
    exact = check(curve, warm, probability(hoped, name="ever"), environment=LIFE)["ever"].value
    late = check(curve, warm, probability(hoped, within=4000, name="late"), environment=LIFE)["late"].value
    assert exact == pytest.approx(late)


@pytest.mark.parametrize(
    ("at_least", "at_most", "status"),
    [(0.2, 0.3, Status.PROVED), (0.25, 0.25, Status.PROVED), (0.3, 1, Status.REFUTED), (0, 0.2, Status.REFUTED)],
)
def test_bounds_decide(curve: Curve, at_least: float, at_most: float, status: Status):
    waits = policy("waits")(lambda _: "wait")
    asked = probability(lambda turn: turn.move == "departure", within=1, at_least=at_least, at_most=at_most)
    verdict = check(curve, waits, asked, environment=Environment({"departure": 0.25})).verdicts[0]
    assert verdict.status is status
    assert "= 0.25" in str(verdict)
    assert ("must lie between" in verdict.note) == (status is Status.REFUTED)


@pytest.mark.parametrize("share", [1 / 3, 0.1, 1e-6, 1e-12])
def test_what_is_certain_is_one_and_what_is_impossible_is_zero(curve: Curve, share: float):
    waits = policy("waits")(lambda _: "wait")
    world = Environment({"complaint": share, "purchase": share, "departure": share})
    asked = {
        "certain": probability(lambda turn: turn.move == "departure", at_least=1, name="certain"),
        "impossible": probability(lambda turn: turn.action == "ask", at_most=0, name="impossible"),
        "sure of bad": probability(lambda turn: turn.move == "departure", at_most=0.999, name="sure of bad"),
    }
    report = check(curve, waits, *asked.values(), environment=world)
    assert [verdict.value for verdict in report.verdicts] == [1, 0, 1]
    assert [verdict.status.name for verdict in report.verdicts] == ["PROVED", "PROVED", "REFUTED"]


def test_what_is_certain_in_some_turns_is_one_whatever_is_rounded(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    world = Environment({"purchase": 0.1, "complaint": 0.7})
    every = [probability(lambda _: True, within=turns, name=f"{turns}") for turns in (1, 5)]
    assert [verdict.value for verdict in check(curve, waits, *every, environment=world).verdicts] == [1, 1]
    mends = policy("mends")(lambda _: "repair")
    assert diff(curve, waits, mends, environment=world).share == 1


@pytest.mark.parametrize("share", [1e-3, 1e-6, 1e-8, 4e-13, 1e-30])
def test_chances_too_small_to_compute_with_are_unknown(curve: Curve, share: float):
    waits = policy("waits")(lambda _: "wait")
    world = Environment({"complaint": share, "departure": share, "nothing": 1 - 2 * share})
    complains = lambda turn: turn.move == "complaint" and turn.before.stage != "departed"  # noqa: E731
    leaves = lambda turn: turn.move == "departure"  # noqa: E731
    report = check(
        curve,
        waits,
        probability(complains, name="first"),
        expected_turns(lambda turn: complains(turn) or leaves(turn), at_most=inf, name="either"),
        environment=world,
    )
    if share < 1e-7:
        assert [verdict.status for verdict in report.verdicts] == [Status.UNKNOWN] * 2
        assert all(verdict.value is None and "too many to compute" in verdict.note for verdict in report.verdicts)
        return
    assert report["first"].value == pytest.approx(0.5, rel=1e-9)
    assert report["either"].value == pytest.approx(0.5 / share, rel=1e-9)
    assert report.proved


def test_a_bound_that_is_met_exactly_holds(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    asked = expected_turns(lambda turn: turn.move == "complaint", at_most=1e5)
    assert check(curve, waits, asked, environment=Environment({"complaint": 1e-5})).proved


@pytest.mark.parametrize("over", [0, 4e-10, 9e-10])
def test_what_adds_up_to_a_little_more_than_one_is_scaled(curve: Curve, over: float):
    waits = policy("waits")(lambda _: "wait")
    world = Environment({"complaint": 0.6, "purchase": 0.399995 + over, "departure": 5e-6})
    asked = expected_turns(lambda turn: turn.move == "departure", at_most=inf)
    assert check(curve, waits, asked, environment=world).verdicts[0].value == pytest.approx(2e5, rel=1e-8)


def test_nothing_is_as_likely_as_it_is_said(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    nothing = lambda turn: turn.move == "nothing"  # noqa: E731
    never_so = Environment({"nothing": 0.0, "complaint": 1 - 9e-10})
    seldom = Environment({"nothing": 1e-13, "complaint": 1 - 1e-13})
    for world, value in ((never_so, 0), (seldom, 1), (Environment({"complaint": 1 - 1e-13}), 1)):
        asked = (possible(nothing, name="possible"), probability(nothing, name="chance"))
        report = check(curve, waits, *asked, environment=world)
        assert report["chance"].value == value
        assert report["possible"].status is (Status.PROVED if value else Status.REFUTED)


def test_a_move_of_probability_zero_never_happens(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    world = Environment({"complaint": 0.0, "departure": 0.5})
    report = check(
        curve,
        waits,
        possible(lambda turn: turn.move == "complaint", name="possible"),
        probability(lambda turn: turn.move == "complaint", name="likely"),
        environment=world,
    )
    assert [verdict.status for verdict in report.verdicts] == [Status.REFUTED, Status.PROVED]
    assert report["likely"].value == 0
    crowded = Environment({"complaint": 1.0})
    assert check(curve, waits, never(lambda turn: turn.move == "nothing"), environment=crowded).proved


def test_expected_turns_worked_out_by_hand(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    left = lambda turn: turn.move == "departure"  # noqa: E731
    back = lambda turn: turn.move == "return"  # noqa: E731
    world = Environment({"departure": 0.25, "return": 0.5})
    report = check(
        curve,
        waits,
        expected_turns(left, at_most=4, name="left"),
        expected_turns(back, at_most=5.5, name="back"),
        expected_turns(lambda turn: turn.action == "ask", at_most=inf, name="asked"),
        environment=world,
    )
    assert [verdict.value for verdict in report.verdicts] == pytest.approx([4, 4 + 2, inf])
    assert [verdict.status.name for verdict in report.verdicts] == ["PROVED", "REFUTED", "PROVED"]
    assert str(report["back"]) == "REFUTED  back = 6: must be at most 5.5"


def test_expected_turns_are_what_the_probabilities_add_up_to(curve: Curve):
    """Independently: the mean of a waiting time is the sum, over n, of the chance that it takes longer than n turns."""
    value = check(curve, warm, expected_turns(feared, at_most=inf, name="time"), environment=LIFE)["time"].value
    asked = [probability(feared, within=turns, name=f"{turns}") for turns in range(1, 900)]
    chances = [verdict.value or 0.0 for verdict in check(curve, warm, *asked, environment=LIFE).verdicts]
    assert value == pytest.approx(1 + sum(1 - chance for chance in chances), rel=1e-6)


def test_expected_turns_are_infinite_where_it_may_never_come(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    hopes = expected_turns(lambda turn: turn.after.stage == "hopeful", at_most=100, name="hopeful")
    verdict = check(curve, waits, hopes, environment=Environment({"departure": 0.5})).verdicts[0]
    assert verdict.value == inf
    assert verdict.status is Status.REFUTED
    for wrong in (0, 0.5, -1, float("nan"), True, "3"):
        with pytest.raises(InvalidValueError, match="at_most"):
            expected_turns(feared, at_most=wrong)  # type: ignore[arg-type]


def test_without_probabilities_there_is_none(curve: Curve):
    with pytest.raises(InvalidValueError, match="has no probabilities"):
        check(curve, warm, probability(hoped))
    with pytest.raises(InvalidValueError, match="in this order"):
        probability(hoped, at_least=0.5, at_most=0.4)
    for wrong in ({"at_least": -0.1}, {"at_most": 1.1}, {"at_least": "a"}, {"at_most": None}, {"at_least": True}):
        with pytest.raises(InvalidValueError, match="must be a number from 0 to 1"):
            probability(hoped, **wrong)  # type: ignore[arg-type]
    for within in (0, -1, 1.5, True):
        with pytest.raises(InvalidValueError, match="within"):
            probability(hoped, within=within)  # type: ignore[arg-type]


@settings(max_examples=20)
@given(small_policies, st.integers(1, 6))
def test_what_comes_from_a_node_adds_up_to_one(ours: Policy, turns: int):
    automaton = unroll_loop(Loop(curve=Curve.default(), policy=ours, environment=LIFE, promises_max=4), 400)
    if automaton.stopped is not None:
        return
    totals = [0.0] * len(automaton.nodes)
    for edge, p in zip(automaton.edges, edge_probabilities(automaton), strict=True):
        totals[edge.source] += p
    assert totals == pytest.approx([1.0] * len(totals))
    # And a plain forward sum over all runs of so many turns agrees with the backward one.
    weights, hit = {0: 1.0}, 0.0
    likely = edge_probabilities(automaton)
    for _ in range(turns):
        then: dict[int, float] = {}
        for node, weight in weights.items():
            for number in range(automaton.first[node], automaton.first[node + 1]):
                edge = automaton.edges[number]
                if hoped(automaton.turn(edge)):
                    hit += weight * likely[number]
                else:
                    then[edge.target] = then.get(edge.target, 0.0) + weight * likely[number]
        weights = then
    asked = probability(hoped, within=turns)
    value = check(Curve.default(), ours, asked, environment=LIFE, promises_max=4).verdicts[0].value
    assert value == pytest.approx(hit)


@pytest.mark.slow
def test_the_share_of_those_treated_differently_is_near_a_simulation(curve: Curve):
    turns = 6
    colder = policy("colder", promise_due=2)(
        lambda v: "wait" if v.stage == "hopeful" and v.quiet == 1 else warm.decide(v)
    )
    difference = diff(curve, warm, colder, environment=LIFE, within=turns)
    assert difference.share is not None
    chance, ours = np.random.default_rng(7), loop(curve)
    parted = 0
    for _ in range(JOURNEYS):
        node = ours.start
        for _ in range(turns):
            choices = list(ours.choices(node))
            p = LIFE.likely([choice.move for choice in choices])
            played = ours.play(node, choices[chance.choice(len(choices), p=p)])
            assert played is not None
            if colder.decide(ours.view(*played.decided)) != played.action:
                parted += 1
                break
            node = played.after
    assert 0 < difference.share < 1
    assert near(parted / JOURNEYS, difference.share), (parted / JOURNEYS, difference.share)
