"""A user's program about populations, as type checkers see it: checked by mypy and pyright, never run."""

from typing import assert_type

import polars as pl

from trustcurve import Curve
from trustcurve.policies import Environment, Policy
from trustcurve.simulation import (
    Comparison,
    Expected,
    Run,
    Scenario,
    Segment,
    compare,
    expected,
    load_scenario,
    simulate,
    sweep,
)


def ask_exactly(curve: Curve, policy: Policy, environment: Environment) -> pl.DataFrame:
    """Ask for the exact answer."""
    answer = expected(curve, policy, environment, 24)
    assert_type(answer, Expected)
    assert_type(answer.stages, pl.DataFrame)
    return answer.occupancy


def throw_dice(curve: Curve, policy: Policy, environment: Environment) -> Run:
    """Simulate, and look at the result."""
    run = simulate(curve, policy, environment, 1000, steps=12, seed=1, progress=print)
    assert_type(run.stopped, bool)
    assert_type(run.seeds, tuple[tuple[int, ...], ...])
    run.seed = 2  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]
    return run


def compare_two(policy: Policy, environment: Environment) -> Comparison:
    """Compare two scenarios."""
    one = Scenario(segments=Segment(policy=policy, environment=environment), steps=12)
    other = load_scenario("other.toml")
    Scenario(segments=one.segments, steps="12")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    assert_type(sweep(other, {"curve.doubt_max": (11, 12)}), pl.DataFrame)
    return compare(one, other)
