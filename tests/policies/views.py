"""Views for examples: a stranger, but for what is said."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from trustcurve.policies import OpenPromise, Recall, View

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
)


def view(remembered: dict[Recall, int] | None = None, **parts: Any) -> View:
    """Show a stranger, but for these parts; they need not go together. ``open`` is a number of major promises."""
    if "open" in parts:
        parts["promises"] = (OpenPromise("major", "major", 1),) * parts.pop("open")
    return evolve(STRANGER, recalled=tuple((remembered or {}).items()), **parts)
