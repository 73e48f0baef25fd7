"""What is delivered to a service, and where its customer should stand then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from attrs import define, field

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step
from trustcurve.errors import TrustcurveError

__all__ = ["Delivery", "Expected", "at_of", "settled", "unfit"]

Delivery = Event | datetime
"""An event, or a time up to which the clock shall run. The same event twice: it is delivered again."""


def at_of(delivery: Delivery) -> datetime:
    """Answer with when it happened."""
    return delivery.at if isinstance(delivery, Event) else delivery


def settled(deliveries: Sequence[Delivery]) -> Iterator[int]:
    """Answer with the numbers of deliveries after which nothing that happened before is still under way.

    Only then is it certain where the customer should stand: 0 is among them.
    """
    coming = [at_of(delivery) for delivery in deliveries]
    latest = None
    yield 0
    for number, delivery in enumerate(deliveries, start=1):
        latest = at_of(delivery) if latest is None else max(latest, at_of(delivery))
        first = set(map(id, deliveries[:number]))
        if all(
            at >= latest for at, each in zip(coming[number:], deliveries[number:], strict=True) if id(each) not in first
        ):
            yield number


@define(eq=False)
class Expected:
    """Where the customer should stand after each delivery: each event counts once, and all in the order in which they happened.

    It is worked out when it is asked for: between events that arrive out of order there may be no answer.
    """

    curve: Curve
    start: Standing
    _step: Step | None = field(default=None, init=False)
    _seen: dict[int, Delivery] = field(factory=dict, init=False)
    _new: list[Delivery] = field(factory=list, init=False)

    def add(self, delivery: Delivery) -> None:
        """Take in a delivery."""
        if id(delivery) not in self._seen:
            self._seen[id(delivery)] = delivery
            self._new.append(delivery)

    @property
    def step(self) -> Step | None:
        """The last step; None where nothing was delivered.

        Raises:
            TrustcurveError: What was delivered does not fit: something is missing.
        """
        if any(at_of(each) < self._standing.as_of for each in self._new):
            self._step, self._new = None, list(self._seen.values())
        for each in sorted(self._new, key=at_of):
            ask = self.curve.advance if isinstance(each, Event) else self.curve.observe
            self._step = ask(self._standing, each)  # type: ignore[arg-type] # each is what it takes
        self._new = []
        return self._step

    @property
    def standing(self) -> Standing:
        """Where the customer should stand now; for errors see ``step``."""
        step = self.step
        return self.start if step is None else step.after

    @property
    def _standing(self) -> Standing:
        return self.start if self._step is None else self._step.after


def unfit(curve: Curve, start: Standing, deliveries: Sequence[Delivery]) -> bool:
    """Say whether events were left out that others need: such deliveries show nothing."""
    expected = Expected(curve, start)
    for delivery in deliveries:
        expected.add(delivery)
    try:
        return expected.standing is None
    except TrustcurveError:
        return True
