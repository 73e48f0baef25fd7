"""The first point at which a service and the curve disagree, told as a short journey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event
from trustcurve.core.standing import Position, Standing
from trustcurve.core.steps import Step
from trustcurve.core.wording import event_words, remarks
from trustcurve.errors import InvalidValueError
from trustcurve.testing.places import place_of
from trustcurve.testing.services.deliveries import Delivery, Expected, settled, unfit
from trustcurve.testing.services.service import MakeService, Seen, Service, opened

__all__ = ["Disagreement", "DisagreementError", "compare", "deliver", "disagreement"]


FAILS: Final = (Exception, SystemExit, pytest.fail.Exception)
"""What a service raises when it fails: whatever that is, it is what it answers."""


@frozen(eq=False)
class Disagreement:
    """A service and the curve disagree.

    Args:
        curve: The curve.
        start: Where the customer stands before.
        deliveries: What was delivered, up to the point at which they disagree.
        service: What the service says then, or the error that it raised.
        step: The curve's last step up to there; None where there is none, or something that happened before is still to come.
        coming: What was to be delivered at once with the last delivery, and was not.
        shown_again: Whether a service that was made anew showed it, too.
    """

    curve: Curve
    start: Standing
    deliveries: tuple[Delivery, ...]
    service: Seen | BaseException
    step: Step | None
    coming: tuple[Delivery, ...] = ()
    shown_again: bool = True

    def __str__(self) -> str:
        return "\n".join([_title(self.deliveries), *self._journey(), *self._ends()])

    def _journey(self) -> Iterator[str]:
        seen: set[int] = set()
        latest = self.start.as_of
        for number, delivery in enumerate(self.deliveries, start=1):
            at = delivery.at if isinstance(delivery, Event) else delivery
            what = (
                event_words(delivery) + remarks(delivery)
                if isinstance(delivery, Event)
                else "the clock runs up to here"
            )
            again = " (delivered again)" if id(delivery) in seen else " (delivered late)" if at < latest else ""
            yield f"  {number}. {at:%Y-%m-%d %H:%M:%S}{f'.{at.microsecond:06}' if at.microsecond else ''}  {what}{again}"
            seen.add(id(delivery))
            latest = max(latest, at)

    def _ends(self) -> Iterator[str]:
        ours, theirs = self.start if self.step is None else self.step.after, self.service
        if self.step is not None or not self.deliveries:
            yield f"the curve says:    {_words(self.curve, ours, ours if isinstance(theirs, BaseException) else theirs)}"
        if isinstance(theirs, BaseException):
            yield f"the service fails: {type(theirs).__name__}: {theirs}{place_of(theirs)}"
        else:
            yield f"the service says:  {_words(self.curve, theirs, ours)}"
        if self.step is not None:
            yield f"the curve's last step: {' '.join(self.step.explain().split())}"
        elif not isinstance(theirs, BaseException):
            yield "is it made for a customer who stands where it is told, and anew for each?"
        if not self.shown_again:
            yield "run again, it did not disagree: the service is not deterministic, or it is not made anew for each customer"


class DisagreementError(AssertionError):
    """A service and the curve disagree: ``disagreement``."""

    def __init__(self, disagreement: Disagreement, more: str = "") -> None:
        super().__init__(f"{disagreement}{more}")
        self.disagreement = disagreement


def disagreement(
    curve: Curve, make: MakeService, start: Standing, deliveries: Sequence[Delivery]
) -> Disagreement | None:
    """Make deliveries to a new service, and compare wherever nothing is under way; answer with the first disagreement."""
    compared, expected = set(settled(deliveries)), Expected(curve, start)
    with opened(make, start) as service:
        found = compare(expected, (), service)
        for number in range(1, len(deliveries) + 1):
            if found is None:
                found = deliver(expected, deliveries[:number], service, deliveries[number:])
            if found is None and number in compared:
                found = compare(expected, deliveries[:number], service)
    return found


def deliver(
    expected: Expected, deliveries: Sequence[Delivery], service: Service, coming: Sequence[Delivery] = ()
) -> Disagreement | None:
    """Make the last one of some deliveries; a service that raises an error disagrees."""
    delivery = deliveries[-1]
    expected.add(delivery)
    try:
        if isinstance(delivery, Event):
            service.apply(delivery)
        elif service.looks:
            service.observe(delivery)
    except FAILS as error:
        fits = not unfit(expected.curve, expected.start, deliveries)
        step = expected.step if fits else None
        return Disagreement(expected.curve, expected.start, tuple(deliveries), error, step, tuple(coming))
    return None


def compare(expected: Expected, deliveries: Sequence[Delivery], service: Service) -> Disagreement | None:
    """Hold what a service says against what the curve says; one that fails to say anything disagrees."""
    ours = expected.standing
    try:
        theirs: Seen | BaseException = service.standing
    except FAILS as error:
        if (
            isinstance(error, InvalidValueError) and not deliveries
        ):  # from the beginning it says something of another kind
            raise
        theirs = error
    if isinstance(theirs, BaseException):
        alike = False
    elif isinstance(theirs, Standing):
        alike = theirs == ours
    elif isinstance(theirs, Position):
        alike = theirs == ours.position
    else:
        alike = theirs in (expected.curve.state(ours.position), ours.position.stage)
    return None if alike else Disagreement(expected.curve, expected.start, tuple(deliveries), theirs, expected.step)


def _title(deliveries: Sequence[Delivery]) -> str:
    if not deliveries:
        return "the service and the curve disagree before anything happened"
    return f"the service and the curve disagree after {len(deliveries)} {'delivery' if len(deliveries) == 1 else 'deliveries'}:"


def _words(curve: Curve, seen: Seen, other: Seen) -> str:
    """Tell where a customer stands, and of a standing only what differs from the other one."""
    if isinstance(seen, str) or isinstance(other, str):
        return seen if isinstance(seen, str) else curve.state(seen.position if isinstance(seen, Standing) else seen)
    at = seen.position if isinstance(seen, Standing) else seen
    told = f"{curve.state(at)} (kept {at.kept}, engaged {at.engaged}, doubt {at.doubt}, account {at.account})"
    if isinstance(seen, Standing) and isinstance(other, Standing):
        for name in ("customer", "as_of", "promises", "quiet_since"):
            if getattr(seen, name) != getattr(other, name):
                told += f", {name} {_plain(getattr(seen, name))}"
    return told


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return (
            "; ".join(f"{p.id} ({'overdue' if p.overdue else 'open'}, due {p.due or 'at no date'})" for p in value)
            or "none"
        )
    return str(value)
