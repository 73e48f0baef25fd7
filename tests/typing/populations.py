"""A user's program about populations, as type checkers see it: checked by mypy and pyright, never run."""

from typing import assert_type

import polars as pl

from trustcurve import Curve
from trustcurve.policies import Environment, Policy
from trustcurve.simulation import (
    Comparison,
    Run,
    Scenario,
    Segment,
    Solution,
    compare,
    load_scenario,
    simulate,
    solve,
    sweep,
)


def ask_exactly(curve: Curve, policy: Policy, environment: Environment) -> pl.DataFrame:
    """Ask for the exact answer."""
    answer = solve(Scenario.single(curve, policy, environment, turns=24))
    assert_type(answer, Solution)
    assert_type(answer.stages(), pl.DataFrame)
    return answer.occupancy()


def throw_dice(curve: Curve, policy: Policy, environment: Environment) -> Run:
    """Simulate, and look at the result."""
    run = simulate(Scenario.single(curve, policy, environment, turns=12, customers=1000), progress=print)
    assert_type(run.stopped, bool)
    assert_type(run.seeds, tuple[tuple[int, ...], ...])
    run.seed = 2  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]
    return run


def compare_two(policy: Policy, environment: Environment) -> Comparison:
    """Compare two scenarios."""
    one = Scenario(segments=Segment(policy=policy, environment=environment), turns=12)
    other = load_scenario("other.toml")
    Scenario(segments=one.segments, turns="12")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert_type(sweep(other, {"curve.doubt_max": (11, 12)}), pl.DataFrame)
    return compare(one, other)
