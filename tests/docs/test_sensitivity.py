"""The page on sensitivity says what comes out today."""

from __future__ import annotations

import pytest
from attrs import evolve

from tools.sensitivity_page import PAGE, ROOT, found_with, renewed, scenario
from trustcurve import Curve
from trustcurve.policies import parse_policy
from trustcurve.simulation import solve, with_parameter


@pytest.mark.slow
def test_the_tables_are_up_to_date():
    assert renewed() == PAGE.read_text(encoding="utf-8"), "run python tools/sensitivity_page.py"


def reached(stage: str, **change: object) -> float:
    """Return the share of solve first's customers that have been at a stage."""
    times = solve(evolve(scenario("solve"), **change)).hitting_times()
    return float(times.filter(stage=stage)["within_horizon"].item())


def test_the_share_that_solve_first_loses_depends_on_the_thresholds():
    assert reached("lost", curve=Curve.default(broken_major_doubt=1)) < 0.2
    assert reached("lost", curve=Curve.default(hopeful_lost_at=4)) > 0.5


def test_the_row_that_is_fitted_too_closely_can_be_mended():
    strict = Curve.default(customer_centric_kept=2)
    assert reached("advocate", curve=strict) == 0
    text = (ROOT / "examples" / "policies" / "solve_first.toml").read_text(encoding="utf-8")
    mended = parse_policy(text.replace('"hopeful", kept = 0', '"hopeful", kept = { at_most = 1 }'), curve=strict)
    assert reached("advocate", curve=strict, segments=evolve(scenario("solve").segments[0], policy=mended)) > 0.01


def test_the_hazard_decides_how_many_leave_and_not_who_is_better():
    none, usual = (
        found_with(lambda each, chance=chance: with_parameter(each, "departures.churn_probability", chance))
        for chance in (0.0, 0.77)
    )
    assert usual["spam"]["departed"] > 3 * none["spam"]["departed"]
    assert abs(usual["sorry"]["advocate"] - none["sorry"]["advocate"]) < 0.02
