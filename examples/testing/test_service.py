"""Tests as a team would keep them: of its service, and of its policies."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from service import CURVE, TrustService

from trustcurve import Journey
from trustcurve.policies import load_policy
from trustcurve.testing import holds, journeys, service_machine
from trustcurve.verification import no_ask_on_open_account, recovery_comes_first, repair_within

POLICY = load_policy(Path(__file__).parents[1] / "policies" / "solve_first.toml")

TestTrustService = service_machine(CURVE, TrustService, redeliver=True).TestCase


@holds(CURVE, repair_within(1), recovery_comes_first, no_ask_on_open_account, policy=POLICY)
def test_solve_first() -> None:
    """Test the properties that the policy must have."""


@given(journeys(CURVE, policy=POLICY))
def test_no_customer_falls_by_an_action_of_the_policy(journey: Journey) -> None:
    """Customers fall by deliveries and by what they do themselves, never by an action of our policy."""
    ours = ("Proposed", "Exchanged", "Repaired")
    assert not [each for each in journey.transitions if each.change < 0 and type(each.event).__name__ in ours]
