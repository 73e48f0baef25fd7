"""Probabilities are exact: held against a plain simulation with a stated bound, and against numbers worked out by hand.

The bound: of N independent journeys the share in which something happens lies within 5 standard deviations,
5 * sqrt(p (1 - p) / N) and a little more for p near 0 or 1, but for one case in more than a million.
"""

from __future__ import annotations

from functools import cache
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.pictures import edges_of
from tests.verification.strategies import small_policies
from trustcurve import Curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies import Environment, Policy, View, policy, since
from trustcurve.policies.environment import move_probabilities
from trustcurve.verification import Status, check, diff, probability
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.chain import automaton_probabilities
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.unrolling import unroll_loop

JOURNEYS = 4000
LIFE = Environment(
    {"kept": 0.5, "broken": 0.1, "complaint": 0.1, "purchase": 0.05, "advocacy": 0.05, "departure": 0.02, "return": 0.1}
)


def chances_of(automaton: Automaton) -> list[float]:
    """Return the probability of each edge."""
    found: list[float] = automaton_probabilities(automaton).tolist()
    return found


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
def loop(curve: Curve) -> ClosedLoop:
    return ClosedLoop(curve=curve, policy=warm, environment=LIFE)


def simulated(curve: Curve, turns: int, seed: int) -> dict[str, float]:
    """Play journeys by chance, and return the shares in which something happened."""
    chance, ours = np.random.default_rng(seed), loop(curve)
    numbers: dict[str, int] = {"hoped": 0, "feared": 0}
    stages = [position.stage for position in ours.table.positions]
    for _ in range(JOURNEYS):
        node, seen = ours.start, set()
        for _ in range(turns):
            choices = list(ours.moves(node))
            # Chance as a reader of the words would have it: a move is drawn, and where it cannot be, nothing happens.
            moves = list(LIFE.probabilities or {})
            drawn = moves[chance.choice(len(moves), p=list((LIFE.probabilities or {}).values()))]
            fitting = [choice for choice in choices if choice.name == drawn] or [choices[0]]
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
        probability(hoped, within=turns, name="hoped"),
        probability(feared, within=turns, name="feared"),
        policy=warm,
        environment=LIFE,
    )
    for name, share in shares.items():
        exact = report[name].value
        assert exact is not None
        assert 0 < exact < 1
        assert near(share, exact), (name, share, exact)


def test_a_probability_worked_out_by_hand(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    left = lambda turn: "departure" in turn.moves  # noqa: E731
    back = lambda turn: "return" in turn.moves  # noqa: E731
    leaves = Environment({"departure": 0.25})
    report = check(
        curve,
        probability(left, within=1, name="1"),
        probability(left, within=3, name="3"),
        probability(left, name="ever"),
        probability(back, name="back"),
        policy=waits,
        environment=leaves,
    )
    values = [verdict.value for verdict in report.verdicts]
    assert values == pytest.approx([0.25, 1 - 0.75**3, 1, 0])
    both = Environment({"departure": 0.25, "return": 0.5})
    value = check(curve, probability(back, within=2), policy=waits, environment=both).verdicts[0].value
    assert value == pytest.approx(0.25 * 0.5)


def test_ever_is_where_within_goes(curve: Curve):
    exact = check(curve, probability(hoped, name="ever"), policy=warm, environment=LIFE)["ever"].value
    late = check(curve, probability(hoped, within=4000, name="late"), policy=warm, environment=LIFE)["late"].value
    assert exact == pytest.approx(late)


@policy("asks after repairs", recalls=[since("repair", 2)])
def asks_after_repairs(view: View) -> Any:
    """Repair a slip, and ask in the turn after that, whatever has happened."""
    if view.since("repair") == 1:
        return "ask"
    return "repair" if view.account == "slip" and view.stage != "departed" else "wait"


def test_a_goal_that_becomes_certain_on_the_way_counts_in_full(curve: Curve):
    asks = probability(lambda turn: "ask" in turn.actions, name="asks")
    leaves = Environment({"complaint": 0.13, "departure": 0.07})
    value = check(curve, asks, policy=asks_after_repairs, environment=leaves)["asks"].value
    assert value == pytest.approx(0.13 / 0.2)  # a complaint comes before the departure; then nothing can prevent it


@pytest.mark.parametrize("chances", [(0.7, 0.1, 0.2), (0.2, 0.1, 0.7), (0.1, 0.7, 0.2), (0.3, 0.6, 0.1)])
def test_what_no_run_avoids_has_the_probability_one_and_not_nearly(curve: Curve, chances: tuple[float, float, float]):
    always = policy("always asks")(lambda _: "ask")
    asks = probability(lambda turn: "ask" in turn.actions, within=1, name="asks")
    environment = Environment(dict(zip(("complaint", "advocacy", "purchase"), chances, strict=True)))
    assert check(curve, asks, policy=always, environment=environment)["asks"].value == 1


@pytest.mark.parametrize(
    ("at_least", "at_most", "status"),
    [(0.2, 0.3, Status.PROVED), (0.25, 0.25, Status.PROVED), (0.3, 1, Status.REFUTED), (0, 0.2, Status.REFUTED)],
)
def test_bounds_decide(curve: Curve, at_least: float, at_most: float, status: Status):
    waits = policy("waits")(lambda _: "wait")
    asked = probability(lambda turn: "departure" in turn.moves, within=1, at_least=at_least, at_most=at_most)
    verdict = check(curve, asked, policy=waits, environment=Environment({"departure": 0.25})).verdicts[0]
    assert verdict.status is status
    assert "= 0.25" in str(verdict)
    assert ("must lie between" in verdict.note) == (status is Status.REFUTED)


def test_without_probabilities_there_is_none(curve: Curve):
    with pytest.raises(InvalidValueError, match="must have a probability for each move"):
        check(curve, probability(hoped), policy=warm)
    with pytest.raises(InvalidValueError, match="in ascending order"):
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
    automaton = unroll_loop(ClosedLoop(curve=Curve.default(), policy=ours, environment=LIFE, promises_max=4), 400)
    if automaton.stopped is not None:
        return
    totals, edges = [0.0] * automaton.states, edges_of(automaton)
    for edge, p in zip(edges, chances_of(automaton), strict=True):
        totals[edge.source] += p
    assert totals == pytest.approx([1.0] * len(totals))
    # And a plain forward sum over all runs of so many turns agrees with the backward one.
    weights, hit = {0: 1.0}, 0.0
    likely = chances_of(automaton)
    for _ in range(turns):
        then: dict[int, float] = {}
        for node, weight in weights.items():
            for number in range(automaton.first[node], automaton.first[node + 1]):
                edge = edges[number]
                if hoped(edge.turn):
                    hit += weight * likely[number]
                else:
                    then[edge.target] = then.get(edge.target, 0.0) + weight * likely[number]
        weights = then
    asked = probability(hoped, within=turns)
    value = check(Curve.default(), asked, policy=ours, environment=LIFE, promises_max=4).verdicts[0].value
    assert value == pytest.approx(hit)


@pytest.mark.slow
def test_the_share_of_those_treated_differently_is_near_a_simulation(curve: Curve):
    turns = 6
    colder = policy("colder", promise_due=2)(
        lambda v: "wait" if v.stage == "hopeful" and v.quiet == 1 else warm.decide(v)
    )
    difference = diff(warm, colder, curve=curve, environment=LIFE, within=turns)
    assert difference.share is not None
    chance, ours = np.random.default_rng(7), loop(curve)
    parted = 0
    for _ in range(JOURNEYS):
        node = ours.start
        for _ in range(turns):
            choices = list(ours.moves(node))
            p = move_probabilities(LIFE, [move.name for move in choices])
            played = ours.play(node, choices[chance.choice(len(choices), p=p)])
            assert played is not None
            assert played.met is not None
            if colder.actions(ours.view(played.met)) != played.happening.actions:
                parted += 1
                break
            node = played.after
    assert 0 < difference.share < 1
    assert near(parted / JOURNEYS, difference.share), (parted / JOURNEYS, difference.share)
