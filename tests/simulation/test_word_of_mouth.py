"""Advocates bring newcomers, who begin with less doubt: how many come, when, and what becomes of them."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from attrs import evolve

from tests.simulation.agreement import FAMILYWISE, tails
from tests.simulation.worlds import CURVE, shipped
from trustcurve import Curve
from trustcurve.policies import Environment
from trustcurve.simulation import (
    Arrivals,
    Departures,
    InteractingCustomersError,
    InvalidScenarioError,
    Run,
    Scenario,
    Segment,
    TooManyCustomersError,
    WordOfMouth,
    parse_scenario,
    simulate,
    solve,
)
from trustcurve.simulation import population as module

KIND = Environment({"kept": 0.55, "advocacy": 0.35, "complaint": 0.05, "customer_one_sided": 0.05})
"""An environment in which many become advocates, and nobody returns: returns would begin with a stranger's doubt."""

BRINGS = WordOfMouth(share_telling=0, share_recommending=0.9, brought_per_recommendation=0.75, doubt_less=2)


def scenario(**more: object) -> Scenario:
    """Make a scenario of one segment with many advocates."""
    how = {
        "segments": Segment(policy=shipped("solve_first"), environment=KIND),
        "turns": 36, "customers": 3000, "replications": 2, "seed": 6, "departures": None, "word_of_mouth": BRINGS,
    }  # fmt: skip
    return Scenario(**{**how, **more})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run() -> Run:
    """Sample it."""
    return simulate(scenario())


def test_as_many_are_brought_in_the_next_turn_as_were_recommended_and_nobody_is_rounded_away(run: Run):
    assert run.segments == ("everyone", "everyone, brought")
    for number in run.completed:
        recommended = (
            run.word_of_mouth().filter(replication=number).group_by("turn").agg(pl.col("recommendations").sum())
        )
        by_turn = dict(recommended.iter_rows())
        came = dict(
            run.cohorts()
            .filter(replication=number, segment="everyone, brought")
            .select("cohort", "customers")
            .iter_rows()
        )
        assert came[0] == came[1] == 0
        owed = Fraction(0)
        for turn in range(1, 36):
            owed += by_turn[turn] * Fraction(3, 4)
            assert came[turn + 1] == floor(owed), turn
            owed -= floor(owed)
        assert sum(came.values()) > 100


def test_as_many_recommend_as_the_share_says(run: Run):
    chance = 1 - 0.1 ** (1 / 12)
    top = run.counts().filter(state="advocate").group_by("replication", "turn").agg(pl.col("customers").sum())
    told = run.word_of_mouth().group_by("replication", "turn").agg(pl.col("recommendations").sum())
    both = top.join(told, on=["replication", "turn"])
    advocates, recommended = int(both["customers"].sum()), int(both["recommendations"].sum())
    assert tails(np.array(recommended), advocates, np.array(chance)) > FAMILYWISE
    assert recommended > 500
    assert run.word_of_mouth().filter(segment="everyone, brought")["recommendations"].sum() > 0, (
        "they bring others, too"
    )


@pytest.mark.parametrize("less", [1, 2, 40])
def test_who_is_brought_does_as_customers_of_a_curve_whose_strangers_doubt_less(less: int):
    run = simulate(scenario(word_of_mouth=evolve(BRINGS, doubt_less=less), customers=20_000))
    kinder = Curve.default(initial_doubt=max(2 - less, 0))
    exact = solve(scenario(curve=kinder, customers=1, word_of_mouth=None)).counts()
    shares = exact.pivot("state", index="turn", values="customers").sort("turn").drop("turn").to_numpy()
    counts = run.counts().filter(segment="everyone, brought")
    aged = (
        counts.with_columns(age=pl.col("turn") - pl.col("cohort"))
        .group_by("age", "state")
        .agg(pl.col("customers").sum())
    )
    order = list(CURVE.states)
    found = []
    for age in range(1, 20):
        row = dict(aged.filter(age=age).select("state", "customers").iter_rows())
        many = np.array([row[state] for state in order])
        found.append(tails(many, int(many.sum()), shares[age]))
    assert np.concatenate(found).min() > FAMILYWISE
    doubting = (
        solve(scenario(customers=1, word_of_mouth=None)).counts().pivot("state", index="turn", values="customers")
    )
    assert not np.allclose(doubting.sort("turn").drop("turn").to_numpy()[6], shares[6], atol=0.01), "it matters"


def test_who_is_planned_meets_the_same_whoever_is_brought(run: Run):
    alone = simulate(scenario(word_of_mouth=None))
    planned = run.counts().filter(segment="everyone")
    assert planned.equals(alone.counts())
    assert run.actions().filter(segment="everyone").equals(alone.actions())


def test_who_is_brought_can_be_lost_and_keep_others_away():
    harsh = Environment({"kept": 0.5, "advocacy": 0.3, "customer_one_sided": 0.2})
    both = WordOfMouth(share_telling=0.9, share_recommending=0.9, lost_per_report=1)
    run = simulate(
        scenario(
            segments=Segment(policy=shipped("solve_first"), environment=harsh), word_of_mouth=both,
            arrivals=Arrivals(each_turn=500), departures=Departures(),
        )
    )  # fmt: skip
    told = run.word_of_mouth().filter(replication=0).group_by("turn").agg(pl.col("reports").sum())
    reports = dict(told.iter_rows())
    came = dict(run.cohorts().filter(replication=0, segment="everyone").select("cohort", "customers").iter_rows())
    assert {turn: came[turn + 1] for turn in range(1, 36)} == {
        turn: max(500 - reports[turn], 0) for turn in range(1, 36)
    }
    assert run.word_of_mouth().filter(segment="everyone, brought")["reports"].sum() > 0


def test_each_segment_brings_its_own():
    segments = (
        Segment(name="a", share=0.5, policy=shipped("solve_first"), environment=KIND),
        Segment(name="b", share=0.5, policy=shipped("funnel"), environment=KIND),
    )
    run = simulate(scenario(segments=segments))
    assert run.segments == ("a", "b", "a, brought"), "nobody is won by the funnel of b"
    assert set(run.tables()["measures"]["segment"].unique()) == set(run.segments)


def test_brought_customers_are_followed_too(run: Run):
    journeys = run.journeys().filter(segment="everyone, brought")
    assert journeys["customer"].unique().sort().to_list() == [1, 2, 3, 4, 5]
    first = journeys.filter(customer=1)["turn"].min()
    cohorts = run.cohorts().filter(segment="everyone, brought", replication=0).filter(pl.col("customers") > 0)
    assert first == cohorts["cohort"].min() + 1  # type: ignore[operator]


def test_the_same_seed_brings_the_same_in_any_number_of_processes():
    one, two = (simulate(scenario(customers=300), processes=processes) for processes in (1, 2))
    for name, table in one.tables().items():
        assert table.equals(two.tables()[name]), name


def test_the_exact_answers_refuse_it_by_name():
    with pytest.raises(InteractingCustomersError, match="no exact solution with word_of_mouth"):
        solve(scenario())


def test_more_than_can_be_simulated_is_reported_and_only_if_they_come(monkeypatch: pytest.MonkeyPatch, run: Run):
    many = run.cohorts().filter(segment="everyone, brought").group_by("replication").agg(pl.col("customers").sum())
    monkeypatch.setattr(module, "CUSTOMERS_MAX", many["customers"].max())
    assert simulate(scenario(), processes=1).cohorts().equals(run.cohorts()), (
        "those of the turn after the last one never come"
    )
    monkeypatch.setattr(module, "CUSTOMERS_MAX", 100)
    with pytest.raises(TooManyCustomersError, match=r"would have brought \d+ customers, more than 100") as caught:
        simulate(scenario(), processes=1)
    assert caught.value.turn > 3


def test_a_file_is_told_of_a_policy_that_cannot_meet_those_who_are_brought(tmp_path: Path):
    rows = '[[rules]]\nwhen = { doubt = { at_most = 1 } }\ndo = "promise_minor"\n[[rules]]\ndo = "wait"\n'
    (tmp_path / "soft.toml").write_text(f'[policy]\nname = "soft"\npromise_due = 9\n{rows}', encoding="utf-8")
    text = '[scenario]\nname = "x"\nturns = 6\n[[segments]]\npolicy = "soft.toml"\nmoves = { complaint = 0.1 }\n[arrivals]\neach_turn = 3\n'
    assert parse_scenario(text, folder=tmp_path).turns == 6
    with pytest.raises(
        InvalidScenarioError, match=r"number 1 policy: policy 'soft' cannot be simulated: .*for customers whom others"
    ):
        parse_scenario(text + "[word_of_mouth]\n", folder=tmp_path)
