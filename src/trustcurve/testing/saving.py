"""Keep the journeys that fail, where the test run wants them kept."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Final

from trustcurve.core.curve import Curve
from trustcurve.core.journey import Journey
from trustcurve.snapshots import to_json
from trustcurve.testing.session import session

__all__ = ["saved"]

_SHOWN: Final = 80
"""How much of a test's id a file's name shows; the rest is told apart by a few digits of its hash."""


def saved(journey: Journey, curve: Curve, test: str) -> str:
    """Save a journey for a test, by its whole id; answer with a line that says how to test it again, or with nothing."""
    if session.folder is None:
        return ""
    words = re.sub(r"[^A-Za-z0-9_.-]+", "-", test).strip("-")[-_SHOWN:]
    path = Path(session.folder()) / f"{words}-{sha256(test.encode()).hexdigest()[:8]}.json"
    path.write_text(to_json(journey, curve=curve) + "\n", encoding="utf-8")
    return f"\n  saved; to test it again: pytest --trustcurve-replay {path}"
