"""The testing kit: Hypothesis strategies, properties as pytest tests, and a state machine that drives a user's service."""

from trustcurve.errors import require

for _module in ("hypothesis", "pytest", "numpy", "scipy"):
    require(_module, "testing")

from trustcurve.testing.disagreement import Disagreement, DisagreementError  # noqa: E402 - first what it needs
from trustcurve.testing.falsification import breaks, falsify  # noqa: E402
from trustcurve.testing.journey_strategy import journeys, positions, standings  # noqa: E402
from trustcurve.testing.minimisation import smallest  # noqa: E402
from trustcurve.testing.property_tests import holds  # noqa: E402
from trustcurve.testing.service_driver import service_machine  # noqa: E402
from trustcurve.testing.strategies import curves, events, policies  # noqa: E402

__all__ = [
    "Disagreement",
    "DisagreementError",
    "breaks",
    "curves",
    "events",
    "falsify",
    "holds",
    "journeys",
    "policies",
    "positions",
    "service_machine",
    "smallest",
    "standings",
]
