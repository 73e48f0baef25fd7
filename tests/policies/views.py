"""Views for examples: a stranger, but for what is said."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from trustcurve.policies import View

STRANGER = View(
    stage="distrust",
    state="distrust.suspicious",
    outside=True,
    kept=0,
    engaged=0,
    doubt=2,
    felt_doubt=2,
    account="clear",
    quiet=0,
    open=0,
    asks=0,
    last=(),
)


def view(**parts: Any) -> View:
    """Show a stranger, but for these parts; they need not go together."""
    return evolve(STRANGER, **parts)
