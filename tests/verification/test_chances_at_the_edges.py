"""Certain is exactly 1, impossible exactly 0, small chances are not lost, and expected turns are what they should be."""

from __future__ import annotations

from math import inf

import pytest

from tests.verification.test_chances import LIFE, feared, warm
from trustcurve import Curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies import Environment, policy
from trustcurve.verification import Status, check, diff, expected_turns, never, possible, probability


@pytest.mark.parametrize("share", [1 / 3, 0.1, 1e-6, 1e-12])
def test_what_is_certain_is_one_and_what_is_impossible_is_zero(curve: Curve, share: float):
    waits = policy("waits")(lambda _: "wait")
    world = Environment({"complaint": share, "purchase": share, "departure": share})
    asked = {
        "certain": probability(lambda turn: "departure" in turn.moves, at_least=1, name="certain"),
        "impossible": probability(lambda turn: "ask" in turn.actions, at_most=0, name="impossible"),
        "sure of bad": probability(lambda turn: "departure" in turn.moves, at_most=0.999, name="sure of bad"),
    }
    report = check(curve, *asked.values(), policy=waits, environment=world)
    assert [verdict.value for verdict in report.verdicts] == [1, 0, 1]
    assert [verdict.status.name for verdict in report.verdicts] == ["PROVED", "PROVED", "REFUTED"]


def test_what_is_certain_in_some_turns_is_one_whatever_is_rounded(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    world = Environment({"purchase": 0.1, "complaint": 0.7})
    every = [probability(lambda _: True, within=turns, name=f"{turns}") for turns in (1, 5)]
    assert [verdict.value for verdict in check(curve, *every, policy=waits, environment=world).verdicts] == [1, 1]
    mends = policy("mends")(lambda _: "repair")
    assert diff(waits, mends, curve=curve, environment=world).share == 1


@pytest.mark.parametrize("share", [1e-3, 1e-6, 1e-8, 4e-13, 1e-30])
def test_chances_too_small_to_compute_with_are_unknown(curve: Curve, share: float):
    waits = policy("waits")(lambda _: "wait")
    world = Environment({"complaint": share, "departure": share, "nothing": 1 - 2 * share})
    complains = lambda turn: "complaint" in turn.moves and turn.before.stage != "departed"  # noqa: E731
    leaves = lambda turn: "departure" in turn.moves  # noqa: E731
    report = check(
        curve,
        probability(complains, name="first"),
        expected_turns(lambda turn: complains(turn) or leaves(turn), at_most=inf, name="either"),
        policy=waits,
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
    asked = expected_turns(lambda turn: "complaint" in turn.moves, at_most=1e5)
    assert check(curve, asked, policy=waits, environment=Environment({"complaint": 1e-5})).proved


@pytest.mark.parametrize("over", [0, 4e-10, 9e-10])
def test_what_adds_up_to_a_little_more_than_one_is_scaled(curve: Curve, over: float):
    waits = policy("waits")(lambda _: "wait")
    world = Environment({"complaint": 0.6, "purchase": 0.399995 + over, "departure": 5e-6})
    asked = expected_turns(lambda turn: "departure" in turn.moves, at_most=inf)
    assert check(curve, asked, policy=waits, environment=world).verdicts[0].value == pytest.approx(2e5, rel=1e-8)


def test_nothing_is_as_likely_as_it_is_said(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    nothing = lambda turn: not turn.moves  # noqa: E731
    never_so = Environment({"nothing": 0.0, "complaint": 1 - 9e-10})
    seldom = Environment({"nothing": 1e-13, "complaint": 1 - 1e-13})
    for world, value in ((never_so, 0), (seldom, 1), (Environment({"complaint": 1 - 1e-13}), 1)):
        asked = (possible(nothing, name="possible"), probability(nothing, name="chance"))
        report = check(curve, *asked, policy=waits, environment=world)
        assert report["chance"].value == value
        assert report["possible"].status is (Status.PROVED if value else Status.REFUTED)


def test_a_move_of_probability_zero_never_happens(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    world = Environment({"complaint": 0.0, "departure": 0.5})
    report = check(
        curve,
        possible(lambda turn: "complaint" in turn.moves, name="possible"),
        probability(lambda turn: "complaint" in turn.moves, name="likely"),
        policy=waits,
        environment=world,
    )
    assert [verdict.status for verdict in report.verdicts] == [Status.REFUTED, Status.PROVED]
    assert report["likely"].value == 0
    crowded = Environment({"complaint": 1.0})
    assert check(curve, never(lambda turn: not turn.moves), policy=waits, environment=crowded).proved


def test_expected_turns_worked_out_by_hand(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    left = lambda turn: "departure" in turn.moves  # noqa: E731
    back = lambda turn: "return" in turn.moves  # noqa: E731
    world = Environment({"departure": 0.25, "return": 0.5})
    report = check(
        curve,
        expected_turns(left, at_most=4, name="left"),
        expected_turns(back, at_most=5.5, name="back"),
        expected_turns(lambda turn: "ask" in turn.actions, at_most=inf, name="asked"),
        policy=waits,
        environment=world,
    )
    assert [verdict.value for verdict in report.verdicts] == pytest.approx([4, 4 + 2, inf])
    assert [verdict.status.name for verdict in report.verdicts] == ["PROVED", "REFUTED", "PROVED"]
    assert str(report["back"]) == "REFUTED  back = 6: must be at most 5.5"


def test_expected_turns_are_what_the_probabilities_add_up_to(curve: Curve):
    """Independently: the mean of a waiting time is the sum, over n, of the chance that it takes longer than n turns."""
    value = check(curve, expected_turns(feared, at_most=inf, name="time"), policy=warm, environment=LIFE)["time"].value
    asked = [probability(feared, within=turns, name=f"{turns}") for turns in range(1, 900)]
    chances = [verdict.value or 0.0 for verdict in check(curve, *asked, policy=warm, environment=LIFE).verdicts]
    assert value == pytest.approx(1 + sum(1 - chance for chance in chances), rel=1e-6)


def test_expected_turns_are_infinite_where_it_may_never_come(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    hopes = expected_turns(lambda turn: turn.after.stage == "hopeful", at_most=100, name="hopeful")
    verdict = check(curve, hopes, policy=waits, environment=Environment({"departure": 0.5})).verdicts[0]
    assert verdict.value == inf
    assert verdict.status is Status.REFUTED
    for wrong in (0, 0.5, -1, float("nan"), True, "3"):
        with pytest.raises(InvalidValueError, match="at_most"):
            expected_turns(feared, at_most=wrong)  # type: ignore[arg-type]
