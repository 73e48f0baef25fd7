"""What came of one property under ``@holds``."""

from __future__ import annotations

from typing import Any

from attrs import asdict, frozen

__all__ = ["Outcome", "Status"]

Status = str
"""PROVED, REFUTED, TESTED (no example refutes it, and it is not proved) or UNKNOWN."""


@frozen
class Outcome:
    """One property, decided or tested; only words and numbers, so that it travels between processes.

    Args:
        curve: The curve's name.
        policy: The policy's name, or None.
        environment: The environment's name.
        prop: The property's name.
        says: What it protects.
        status: PROVED, REFUTED, TESTED or UNKNOWN.
        vacuous: Whether it held only because what it speaks of never happens.
        states: How many states were looked at.
        transitions: How many transitions.
        seconds: How long it took.
        examples: How many examples were tried at most, where it was tested.
        note: More in words.
        told: All of it in words, with the witness.
    """

    curve: str
    policy: str | None
    environment: str
    prop: str
    says: str
    status: Status
    vacuous: bool
    states: int
    transitions: int
    seconds: float
    examples: int
    note: str
    told: str

    @property
    def holds(self) -> bool:
        """Whether a test may pass."""
        return self.status in ("PROVED", "TESTED")

    def plain(self) -> dict[str, Any]:
        """Answer with plain data."""
        return asdict(self)
