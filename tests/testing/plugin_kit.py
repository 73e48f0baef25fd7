"""A kit that runs pytest on small test files, in processes of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
HEAD = f"""
import pytest
from hypothesis import given
from trustcurve import Curve
from trustcurve.policies import load_policy
from trustcurve.testing import holds, journeys, service_machine
from trustcurve.verification import *

curve = Curve.default()
FUNNEL = load_policy({str(POLICIES / "funnel.toml")!r})
SOLVE_FIRST = load_policy({str(POLICIES / "solve_first.toml")!r})
"""
RETAIL = """
@holds(curve, repair_within(3), no_ask_on_open_account, nobody_forgotten, policy=FUNNEL)
def test_retail(): ...
"""
GOOD = """
@holds(curve, repair_within(3), no_ask_on_open_account, policy=SOLVE_FIRST)
def test_good(): ...
"""
VACUOUS = """
partner = lambda turn: turn.met.stage == "distrust" and turn.met.kept > 0
@holds(curve, never(partner, when=partner, name="partners"), policy=SOLVE_FIRST)
def test_partners(): ...
"""
DEAF = """
class Deaf:
    def __init__(self, standing):
        self.standing = standing
    def apply(self, event):
        pass
TestDeaf = service_machine(curve, Deaf).TestCase
"""
WALK = """
def test_walk():
    start = curve.begin("ann", __import__("datetime").datetime(2026, 1, 1, tzinfo=__import__("datetime").UTC))
    from trustcurve import Exchanged, Proposed
    curve.journey([Proposed(at=start.as_of), Exchanged(at=start.as_of)], start=start)
"""


class Kit:
    """Runs pytest on a test file, in a process of its own."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path

    def __call__(self, test: str, *options: str) -> pytest.RunResult:
        """Run it."""
        self.pytester.makepyfile(HEAD + test)
        return self.pytester.runpytest_subprocess("-p", "no:randomly", *options)
