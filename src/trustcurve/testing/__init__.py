"""The testing kit: Hypothesis strategies, proofs as pytest tests, and a state machine that drives a service of one's own."""

from trustcurve.errors import require

for _module in ("hypothesis", "pytest", "numpy", "scipy"):
    require(_module, "testing")

from trustcurve.testing.properties.falsifying import falsify  # noqa: E402 - first, what it needs
from trustcurve.testing.properties.holding import holds  # noqa: E402
from trustcurve.testing.properties.judging import breaks  # noqa: E402
from trustcurve.testing.services.disagreements import Disagreement, DisagreementError  # noqa: E402
from trustcurve.testing.services.machine import service_machine  # noqa: E402
from trustcurve.testing.shrinking import smallest  # noqa: E402
from trustcurve.testing.strategies.curves import curves  # noqa: E402
from trustcurve.testing.strategies.events import events  # noqa: E402
from trustcurve.testing.strategies.journeys import journeys, positions, standings  # noqa: E402
from trustcurve.testing.strategies.policies import policies  # noqa: E402

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
