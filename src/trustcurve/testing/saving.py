"""Keep the journeys that fail, where the test run wants them kept."""

from __future__ import annotations

import re
from pathlib import Path

from trustcurve.core.curve import Curve
from trustcurve.core.journeys import Journey
from trustcurve.snapshots import to_json
from trustcurve.testing.session import session

__all__ = ["saved"]


def saved(journey: Journey, curve: Curve, test: str) -> str:
    """Save a journey under a test's name; answer with a line that says how to test it again, or with nothing."""
    if session.folder is None:
        return ""
    path = Path(session.folder()) / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', test).strip('-')}.json"
    path.write_text(to_json(journey, curve=curve) + "\n", encoding="utf-8")
    return f"\n  saved; to test it again: pytest --trustcurve-replay {path}"
