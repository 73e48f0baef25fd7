"""The smallest disagreement: no delivery can be left out, and nothing happens later than it must."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from attrs import evolve

from trustcurve.core.events import Event, PromiseMade, PromiseMoved
from trustcurve.errors import TrustcurveError
from trustcurve.testing.services.deliveries import Delivery, at_of, unfit
from trustcurve.testing.services.disagreements import Disagreement, disagreement
from trustcurve.testing.services.service import MakeService
from trustcurve.testing.shrinking import smallest

__all__ = ["smallest_disagreement"]

_Placed = tuple[Delivery, bool]
"""A delivery, and whether it is a repetition."""


def smallest_disagreement(make: MakeService, found: Disagreement) -> Disagreement:
    """Leave out every delivery that a disagreement does not need, and let the rest happen as soon as it can.

    A service that is deterministic shows it again each time; one that is not is told as it was found.
    """

    def again(deliveries: Sequence[Delivery]) -> Disagreement | None:
        if unfit(found.curve, found.start, deliveries):
            return None  # something that others need was left out
        return disagreement(found.curve, make, found.start, deliveries)

    def fails(some: Sequence[_Placed]) -> bool:
        there = {id(delivery) for delivery, repeated in some if not repeated}
        if any(repeated and id(delivery) not in there for delivery, repeated in some):
            return False  # nothing can be repeated that was not there
        return again([delivery for delivery, _ in some]) is not None

    made = (*found.deliveries, *found.coming)
    placed = [(delivery, id(delivery) in set(map(id, made[:number]))) for number, delivery in enumerate(made)]
    if not fails(placed):
        return evolve(found, shown_again=False)
    least = [delivery for delivery, _ in smallest(placed, fails)]
    for place in range(len(least)):
        sooner = _sooner(found, least, place)
        if sooner is not None and again(sooner) is not None:
            least = sooner
    return again(least) or found


def _sooner(found: Disagreement, deliveries: list[Delivery], place: int) -> list[Delivery] | None:
    """Let a delivery and all that happens after it happen as soon as what is before it allows."""
    here = at_of(deliveries[place])
    before = [at for at in map(at_of, deliveries) if at < here]
    gap = here - max(before, default=found.start.as_of)
    moved: dict[int, Delivery] = {}
    try:
        for delivery in deliveries:
            late = at_of(delivery) >= here
            moved[id(delivery)] = _moved(delivery, gap) if late else delivery
    except TrustcurveError:
        return None  # it would be due before it was promised
    return [moved[id(delivery)] for delivery in deliveries]


def _moved(delivery: Delivery, gap: timedelta) -> Delivery:
    if not isinstance(delivery, Event):
        return delivery - gap
    if isinstance(delivery, PromiseMade | PromiseMoved) and delivery.due is not None:
        return evolve(delivery, at=delivery.at - gap, due=delivery.due - gap)
    return evolve(delivery, at=delivery.at - gap)
