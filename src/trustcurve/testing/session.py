"""What the test run asks of the kit: the pytest plugin sets it; without the plugin it is as it stands here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import SkipTest

from attrs import define, field

from trustcurve.core.curve import Curve
from trustcurve.core.journey import Journey
from trustcurve.snapshots import OtherCurveError, from_dict

__all__ = ["Session", "session"]


@define(eq=False)
class Session:
    """The present test run.

    Args:
        max_states: The most states that a proof looks at.
        replayed: The saved journey that is tested in place of drawn ones, as plain data; None: journeys are drawn.
        folder: Answers with where journeys that fail are saved, and makes it; None: nowhere.
        curves: The curves that the kit was asked about, by fingerprint.
        drawn: The fingerprints of curves that were drawn: tests name none of them, and what they cover says nothing.
        item: The test that runs, where pytest runs it.
        looked_at: Which transitions proofs looked at, by the curve's fingerprint: position times signals plus signal.
    """

    max_states: int = 200_000
    replayed: dict[str, object] | None = None
    folder: Callable[[], str] | None = None
    curves: dict[str, Curve] = field(factory=dict)
    drawn: set[str] = field(factory=set)
    looked_at: dict[str, set[int]] = field(factory=dict)
    item: Any = None

    def saw(self, curve: Curve) -> None:
        """Note a curve that the tests are about."""
        if curve.fingerprint not in self.drawn:
            self.curves.setdefault(curve.fingerprint, curve)

    def drew(self, curve: Curve) -> None:
        """Note a curve that was drawn."""
        self.drawn.add(curve.fingerprint)

    def replayed_on(self, curve: Curve) -> Journey:
        """Read the saved journey.

        Raises:
            SkipTest: It was made on another curve; of several curves in one test run, it is about one.
        """
        assert self.replayed is not None  # noqa: S101 - who asks has looked
        try:
            return from_dict(Journey, self.replayed, curve=curve)
        except OtherCurveError as error:
            raise SkipTest(f"the saved journey is not of this curve: {error}") from None


session = Session()
"""The present test run. It is the one thing that the kit shares with the plugin: a test run is one for the whole process."""
