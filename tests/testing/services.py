"""Services that the tests of the kit drive, and how they are driven."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import settings

from trustcurve import Curve, Event, Standing
from trustcurve.testing import Disagreement, DisagreementError, service_machine

CURVE = Curve.default()
START = datetime(2026, 1, 1, tzinfo=UTC)


def run(make: Callable[[Standing], Any], *, examples: int = 30, **options: Any) -> Disagreement | None:
    """Drive a service, and return the disagreement that was found, if any."""
    test = service_machine(CURVE, make, **options).TestCase
    test.settings = settings(test.settings, max_examples=examples)  # type: ignore[attr-defined] # Hypothesis's
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("PYTEST_CURRENT_TEST")
            test().runTest()  # type: ignore[attr-defined]
    except DisagreementError as error:
        return error.disagreement
    return None


class Plain:
    """The simplest service that is right as long as events come once and in order."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing

    def apply(self, event: Event) -> None:
        """Take an event in."""
        self.standing = CURVE.advance(self.standing, event).after


class Sorting:
    """A service that keeps all events, and is right in whatever order and however often they come."""

    def __init__(self, standing: Standing) -> None:
        self.start, self.events = standing, dict[str | None, Event]()

    def apply(self, event: Event) -> None:
        """Take an event in."""
        self.events[event.id] = event

    @property
    def standing(self) -> Standing:
        """Say where the customer stands."""
        return CURVE.journey(list(self.events.values()), start=self.start, used={}).standing


class Deaf(Plain):
    """Does nothing."""

    def apply(self, event: Event) -> None:
        """Take an event in, and forget it."""
