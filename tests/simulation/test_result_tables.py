"""Exact solutions and sampled runs have the same tables."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from attrs import evolve

from tests.simulation.worlds import CURVE, ORDINARY, shipped
from trustcurve.errors import InvalidValueError
from trustcurve.simulation import Arrivals, Run, Scenario, Segment, Solution, simulate, solve, write_tables

SCENARIO = Scenario(
    segments=(
        Segment(
            name="a",
            policy=evolve(shipped("funnel"), costs={"ask": 0.5}),
            environment=ORDINARY,
            share=0.3,
            gains={"purchase": 30, "complaint": -4},
        ),
        Segment(name="b", policy=shipped("solve_first"), environment=ORDINARY, share=0.7),
    ),
    turns=5,
    customers=200,
    arrivals=Arrivals(each_turn=10, until_turn=2),
    replications=3,
)
SHARED = {
    "counts", "transitions", "actions", "moves", "reached", "cohorts", "word_of_mouth", "measures", "occupancy", "stages",
    "relations", "balance", "retention",
}  # fmt: skip


@pytest.fixture(scope="module")
def solution() -> Solution:
    """Solve the scenario."""
    return solve(SCENARIO)


@pytest.fixture(scope="module")
def run() -> Run:
    """Sample the scenario."""
    return simulate(SCENARIO)


def test_both_have_the_same_tables_with_the_same_columns(solution: Solution, run: Run):
    exact, sampled = solution.tables(), run.tables()
    assert exact.keys() == SHARED | {"hitting_times", "stationary"}
    assert sampled.keys() == SHARED | {"seeds", "journeys"}
    for name in SHARED:
        columns = [column for column in sampled[name].columns if column != "replication"]
        assert exact[name].columns == columns, name
        assert exact[name].equals(getattr(solution, name)()), name
        assert sampled[name].equals(getattr(run, name)()), name


def test_an_exact_share_is_its_own_interval(solution: Solution):
    for table in (solution.occupancy(0.9), solution.stages(confidence=0.9)):
        assert table["low"].equals(table["share"], check_names=False)
        assert table["high"].equals(table["share"], check_names=False)


def test_a_higher_confidence_makes_wider_intervals(run: Run):
    narrow, wide = (run.tables(confidence)["stages"] for confidence in (0.5, 0.99))
    assert (wide["high"] - wide["low"]).sum() > (narrow["high"] - narrow["low"]).sum()


@pytest.mark.parametrize("result", ["solution", "run"])
def test_a_confidence_is_checked_in_both(result: str, request: pytest.FixtureRequest):
    with pytest.raises(InvalidValueError, match="confidence must"):
        request.getfixturevalue(result).occupancy(95)


def test_measures_are_those_of_the_other_tables(solution: Solution, run: Run):
    last = solution.occupancy().filter(turn=5, segment="b", state="hopeful")["share"].item()
    found = solution.measures().filter(segment="b", measure="at the end: hopeful")["result"].item()
    assert found == pytest.approx(last)
    asked = run.actions().filter(replication=1, segment="a", action="ask")["count"].sum()
    arrived = run.cohorts().filter(replication=1, segment="a")["customers"].sum()
    found = run.measures().filter(replication=1, segment="a", measure="does: ask")["result"].item()
    assert found == pytest.approx(asked / arrived)


@pytest.mark.parametrize("result", ["solution", "run"])
def test_what_is_spent_and_gained_is_what_was_done_times_what_it_costs(result: str, request: pytest.FixtureRequest):
    told = request.getfixturevalue(result)
    of = {"a"} if result == "solution" else {"a", 0}
    only = [pl.col("segment") == "a", *([pl.col("replication") == 0] if len(of) > 1 else [])]
    asks = told.actions().filter(*only, action="ask").sort("turn")["count"]
    moves = told.moves().filter(*only).pivot("move", index="turn", values="count").sort("turn")
    amounts = told.balance().filter(*only).sort("turn")
    assert amounts["spent"].to_list() == pytest.approx((asks * 0.5 + moves["complaint"] * 4).to_list())
    assert amounts["gained"].to_list() == pytest.approx((moves["purchase"] * 30).to_list())
    found = dict(told.measures().filter(*only).select("measure", "result").iter_rows())
    assert found["balance"] == pytest.approx(found["gained"] - found["spent"])
    arrived = told.cohorts().filter(*only)["customers"].sum()
    assert found["gained"] == pytest.approx(amounts["gained"].sum() / arrived)
    assert amounts["gained"].sum() > 0


@pytest.mark.parametrize("result", ["solution", "run"])
def test_cohorts_add_up_and_are_kept_only_if_they_were_won(result: str, request: pytest.FixtureRequest):
    told = request.getfixturevalue(result).relations()
    assert told.filter(pl.col("turn") < pl.col("cohort")).is_empty()
    assert told.filter(pl.col("engaged") > pl.col("across") + 1e-9).is_empty()
    assert told.filter(pl.col("across") > pl.col("crossed") + 1e-9).is_empty()
    assert told["crossed"].sum() > told["across"].sum() > told["engaged"].sum() > 0
    run = told if "replication" in told.columns else told.with_columns(replication=0)
    ever = run.sort("turn").group_by("replication", "segment", "cohort").agg(pl.col("crossed").diff().min())
    assert ever["crossed"].drop_nulls().min() >= -1e-9, "who has crossed the barrier once has crossed it"


def test_retention_is_a_share_of_those_who_crossed(solution: Solution):
    last = solution.relations().filter(turn=5, segment="b").select(pl.col("crossed", "engaged").sum()).row(0)
    found = solution.retention().filter(turn=5, segment="b", kept="engaged")["share"].item()
    assert found == pytest.approx(last[1] / last[0])
    assert solution.measures().filter(segment="b", measure="kept: engaged")["result"].item() == pytest.approx(found)


def test_tables_are_written_and_read_back(solution: Solution, tmp_path: Path):
    files = write_tables(solution.tables(), tmp_path / "new")
    assert {path.stem for path in files} == set(solution.tables())
    assert pl.read_parquet(tmp_path / "new" / "transitions.parquet").equals(solution.transitions())


def test_a_solution_is_of_the_curve_it_was_asked_about(solution: Solution):
    assert solution.occupancy()["state"].unique(maintain_order=True).to_list() == list(CURVE.states)
