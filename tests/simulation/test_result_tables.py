"""Exact solutions and sampled runs have the same tables."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.simulation.worlds import CURVE, ORDINARY, shipped
from trustcurve.errors import InvalidValueError
from trustcurve.simulation import Arrivals, Run, Scenario, Segment, Solution, simulate, solve, write_tables

SCENARIO = Scenario(
    segments=(
        Segment(name="a", policy=shipped("funnel"), environment=ORDINARY, share=0.3),
        Segment(name="b", policy=shipped("solve_first"), environment=ORDINARY, share=0.7),
    ),
    turns=5,
    customers=200,
    arrivals=Arrivals(each_turn=10, until_turn=2),
    replications=3,
)
SHARED = {
    "counts", "transitions", "actions", "moves", "reached", "cohorts", "word_of_mouth", "measures", "occupancy", "stages",
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


def test_tables_are_written_and_read_back(solution: Solution, tmp_path: Path):
    files = write_tables(solution.tables(), tmp_path / "new")
    assert {path.stem for path in files} == set(solution.tables())
    assert pl.read_parquet(tmp_path / "new" / "transitions.parquet").equals(solution.transitions())


def test_a_solution_is_of_the_curve_it_was_asked_about(solution: Solution):
    assert solution.occupancy()["state"].unique(maintain_order=True).to_list() == list(CURVE.states)
