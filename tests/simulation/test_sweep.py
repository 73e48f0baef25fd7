"""Sweeps: every number of a scenario can be changed by its name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import Enum

import numpy as np
import pytest
from attrs import evolve

from tests.simulation.worlds import CURVE, ORDINARY, shipped
from trustcurve.errors import InvalidParameterError, InvalidValueError, UnknownWordError
from trustcurve.policies import Environment, load_policy
from trustcurve.simulation import (
    Arrivals,
    ChangePoint,
    Departures,
    Scenario,
    Segment,
    WordOfMouth,
    compare,
    parameters_of,
    simulate,
    solve,
    sweep,
    with_parameter,
)


def scenario(name: str, **more: object) -> Scenario:
    """Make a scenario of one shipped policy."""
    how = {"turns": 12, "customers": 2000, "replications": 10, "seed": 3, "departures": None, **more}
    return Scenario(segments=Segment(policy=shipped(name), environment=ORDINARY), name=name, **how)  # type: ignore[arg-type]


def test_every_parameter_can_be_changed_and_says_what_it_is():
    one = scenario("solve_first", departures=Departures(), word_of_mouth=WordOfMouth(), arrivals=Arrivals(each_turn=5))
    found = parameters_of(one)
    assert {
        "curve.doubt_max",
        "environment.kept",
        "policy.promise_due",
        "policy.ask.engaged",
        "departures.churn_probability",
    } <= set(found)
    assert {"word_of_mouth.share_telling", "arrivals.each_turn", "departures.period"} <= set(found)
    for name, value in found.items():
        assert parameters_of(with_parameter(one, name, value)) == found, name


def test_costs_and_gains_can_be_swept_and_change_nothing_else():
    made = evolve(shipped("solve_first"), costs={"exchange": 2})
    segment = Segment(policy=made, environment=ORDINARY, gains={"purchase": 30})
    one = Scenario(segments=segment, turns=6, departures=None)
    found = sweep(one, {"costs.exchange": (2, 5), "gains.purchase": (60,)})
    results = {
        measure: found.filter(measure=measure)["result"].to_list() for measure in ("spent", "gained", "does: exchange")
    }
    gifts, sold = results["does: exchange"][0], solve(one).moves().filter(move="purchase")["count"].sum() / 100_000
    assert results["does: exchange"] == [gifts] * 3
    assert results["spent"] == pytest.approx([2 * gifts, 5 * gifts, 2 * gifts])
    assert results["gained"] == pytest.approx([30 * sold, 30 * sold, 60 * sold])
    with pytest.raises(InvalidValueError, match=r"costs\.exchange must"):
        with_parameter(one, "costs.exchange", -1)


def test_a_sweep_is_the_exact_answer_for_each_value():
    one = scenario("solve_first")
    found = sweep(one, {"environment.kept": (0.3, 0.55), "curve.advocate_kept": (2,)})
    assert found["parameter"].unique(maintain_order=True).to_list() == ["environment.kept", "curve.advocate_kept"]
    by_hand = solve(with_parameter(one, "environment.kept", 0.55))
    end = by_hand.occupancy().filter(turn=12, state="customer_centric")["share"].item()
    told = found.filter(parameter="environment.kept", value=0.55, measure="at the end: customer_centric")[
        "result"
    ].item()
    assert told == pytest.approx(end)


def test_a_number_in_a_row_of_the_policy_is_changed_there():
    changed = with_parameter(scenario("solve_first"), "policy.go on proving.kept", 1)
    text = (shipped("solve_first"), changed.segments[0].policy)
    assert text[0] != text[1]
    assert parameters_of(changed)["policy.go on proving.kept"] == 1
    assert load_policy  # the policy of the file stays as it was
    assert parameters_of(scenario("solve_first"))["policy.go on proving.kept"] == 2


def test_durations_may_be_days():
    one = scenario("funnel", departures=Departures())
    assert with_parameter(one, "departures.period", 90).departures == Departures(period=timedelta(days=90))
    assert sweep(one, {"departures.period": (timedelta(days=90),)})["value"].unique().to_list() == [90]
    assert sweep(one, {"curve.silence_after": (60,)})["value"].unique().to_list() == [60]


def test_a_longer_quiet_period_makes_no_longer_turns():
    changed = with_parameter(scenario("funnel"), "curve.silence_after", 120)
    assert (changed.turn, changed.curve.silence_after) == (timedelta(days=30), timedelta(days=120))
    with pytest.raises(InvalidValueError, match=r"must be a whole number of turns of 30 days"):
        with_parameter(scenario("funnel"), "curve.silence_after", 100)


def test_every_environment_of_a_segment_changes():
    crisis = Environment({"complaint": 0.5})
    segment = Segment(
        policy=shipped("funnel"), environment=ORDINARY, changes=[ChangePoint(from_turn=3, environment=crisis)]
    )
    one = Scenario(segments=segment, turns=5)
    (changed,) = with_parameter(one, "environment.complaint", 0.07).segments
    assert [each.probabilities["complaint"] for each in changed.environments] == [0.07, 0.07]  # type: ignore[index]
    (other,) = with_parameter(one, "environment.kept", 0.25).segments
    assert other.changes == segment.changes


def test_a_coupled_scenario_is_swept_by_chance():
    one = scenario(
        "funnel", arrivals=Arrivals(each_turn=50), word_of_mouth=WordOfMouth(), customers=500, replications=2
    )
    told: list[tuple[int, int]] = []
    found = sweep(one, {"word_of_mouth.share_telling": (0.0, 0.9)}, progress=lambda *each: told.append(each))
    assert found["result"].null_count() == 0
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("curve.doubt_maxx", 3, UnknownWordError),
        ("environment.broken_heart", 0.1, UnknownWordError),
        ("environment.kept", 1.5, InvalidValueError),
        ("curve.doubt_max", -1, InvalidParameterError),
        ("policy.promise_due", 0, InvalidValueError),
        ("policy.ask.engaged", 0.5, InvalidValueError),
        ("policy.ask.engaged", 99, InvalidValueError),
        ("departures.period", float("nan"), InvalidValueError),
        ("departures.period", "long", InvalidValueError),
        ("departures.churn_probability", float("nan"), InvalidValueError),
        ("curve.silence_after", 100, InvalidValueError),
        ("curve.silence_after", float("nan"), InvalidValueError),
    ],
)
def test_wrong_parameters_are_reported(name: str, value: object, error: type[Exception]):
    with pytest.raises(error, match=name.rpartition(".")[2]):
        with_parameter(scenario("solve_first", departures=Departures()), name, value)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda _: simulate("s.toml"), "scenario must be a Scenario: load_scenario"),  # type: ignore[arg-type]
        (lambda _: solve("s.toml"), "scenario must be a Scenario: load_scenario"),  # type: ignore[arg-type]
        (lambda one: compare("s.toml", one), "old must be a Scenario: load_scenario"),
        (lambda one: compare(one, "s.toml"), "new must be a Scenario: load_scenario"),
        (lambda _: parameters_of("s.toml"), "scenario must be a Scenario: load_scenario"),  # type: ignore[arg-type]
        (lambda one: sweep(one, {"environment.kept": 0.3}), "must be a sequence of the values to try"),
        (lambda one: sweep(one, ["environment.kept"]), "must be a mapping"),
        (lambda one: sweep(one, {"environment.kept": (0.3,)}, processes=0), "processes must be"),
        (
            lambda one: sweep(one, {"environment.kept": (0.9,)}),
            "environment.kept must have probabilities that add up to",
        ),
        (
            lambda one: sweep(one, {"departures.churn_probability": (None,)}),
            "departures.churn_probability must be a probability",
        ),
    ],
)
def test_what_is_of_another_kind_is_reported(ask: Callable[[Scenario], object], says: str):
    with pytest.raises(InvalidValueError, match=says):
        ask(scenario("solve_first", departures=Departures()))


def test_numbers_of_numpy_are_numbers():
    one = scenario("solve_first")
    found = sweep(one, {"policy.promise_due": np.array([2, 3]), "environment.kept": np.linspace(0.1, 0.3, 2)})
    assert found["value"].unique(maintain_order=True).to_list() == pytest.approx([2, 3, 0.1, 0.3])


class Numbers(str, Enum):  # noqa: UP042 - a StrEnum shows its value anyway
    """Names of parameters as services have them."""

    KEPT = "environment.kept"


def test_a_parameter_may_be_named_by_an_enum():
    found = sweep(scenario("funnel", turns=2), {Numbers.KEPT: (0.3,)})
    assert found["parameter"].unique().to_list() == ["environment.kept"]


def test_a_probability_of_one_state_can_be_swept():
    uneven = Environment(
        {"complaint": 0.1}, where={"distrust.adversarial": {"complaint": 0.3}, "hopeful": {"purchase": 0.2}}
    )
    one = Scenario.single(CURVE, shipped("solve_first"), uneven, turns=4)
    known = parameters_of(one)
    assert (known["environment.complaint"], known["environment.distrust.adversarial.complaint"]) == (0.1, 0.3)
    changed = with_parameter(one, "environment.distrust.adversarial.complaint", 0.5).segments[0].environment
    assert changed.at("distrust.adversarial").probabilities["complaint"] == 0.5  # type: ignore[index]
    assert changed.at("hopeful") == uneven.at("hopeful")
    assert with_parameter(one, "environment.complaint", 0.2).segments[0].environment.where == uneven.where
