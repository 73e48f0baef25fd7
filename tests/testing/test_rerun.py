"""A saved journey, run again with the policy that it was found with, is the same journey."""

from __future__ import annotations

from pathlib import Path

import pytest

from trustcurve import Curve
from trustcurve.policies import KEEPS_PROMISES, load_policy
from trustcurve.policies.environment import ANY, Environment
from trustcurve.testing.rerun import rerun
from trustcurve.verification import POLICY_PROPERTIES, Counterexample, check, never, way_back

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "policies").glob("*.toml"))
LARGE_IS_SLOW = [pytest.param(path, marks=pytest.mark.slow) if path.stem == "loyalty" else path for path in EXAMPLES]
PROPERTIES = (
    *POLICY_PROPERTIES,
    way_back,
    never(lambda turn: "silence" in turn.signals, name="no silence counts"),
    never(lambda turn: "kept_late" in turn.moves and turn.after.stage == "hopeful", name="never late and hopeful"),
    never(lambda turn: "moved" in turn.moves and "broken_major" in turn.signals, name="what is moved is not broken"),
    never(lambda turn: "released" in turn.moves and "ask" in turn.actions, name="who releases is not asked"),
)


@pytest.mark.parametrize("once_a_turn", [False, True])
@pytest.mark.parametrize("environment", [ANY, KEEPS_PROMISES], ids=lambda environment: environment.name)
@pytest.mark.parametrize("path", LARGE_IS_SLOW)
def test_a_counterexample_run_again_has_the_same_turns(
    curve: Curve, path: Path, environment: Environment, *, once_a_turn: bool
) -> None:
    about = {"policy": load_policy(path), "environment": environment, "once_a_turn": once_a_turn}
    shown = [verdict.counterexample for verdict in check(curve, *PROPERTIES, **about).refuted]
    assert shown
    for each in shown:
        assert isinstance(each, Counterexample)
        again = rerun(each.loop, each.journey)
        assert again.turns == each.turns
        assert again.journey == each.journey
