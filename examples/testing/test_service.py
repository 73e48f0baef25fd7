"""Tests as a team would keep them: of its own service, and of its policies."""

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
    """Hold what we promise ourselves of the policy."""


@given(journeys(CURVE, POLICY))
def test_no_customer_falls_by_what_we_do(journey: Journey) -> None:
    """Whoever falls was let down by a delivery, or fell by something else than our policy."""
    ours = ("Proposed", "Exchanged", "Repaired")
    assert not [move for move in journey.transitions if move.change < 0 and type(move.event).__name__ in ours]
