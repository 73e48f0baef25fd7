"""What all tests share: one default curve, and how Hypothesis looks for counterexamples."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from trustcurve import Curve

# No deadline: the first example of a law may unroll a curve, which takes longer than the others.
# Slow generation is no fault either: journeys are folded while they are drawn, so that they are valid.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in every run: a red build is then about the change that it was built for.
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session")
def curve() -> Curve:
    """Return the default curve. Curves are values: sharing one is safe."""
    return Curve.default()
