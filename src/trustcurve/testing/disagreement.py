"""Disagreements between a service and the curve: the first one of a delivery sequence, and the smallest one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Final, final

import pytest
from attrs import define, evolve, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event, PromiseMade, PromiseMoved
from trustcurve.core.phrases import event_words, remarks
from trustcurve.core.standing import Position, Standing
from trustcurve.core.steps import Step
from trustcurve.errors import InvalidValueError, TrustcurveError, final_class
from trustcurve.testing.failures import place_of
from trustcurve.testing.minimisation import smallest
from trustcurve.testing.service import (
    Delivery,
    MakeService,
    Reference,
    Service,
    Shown,
    comparable_after,
    is_complete,
    open_service,
    time_of,
)

__all__ = [
    "Disagreement",
    "DisagreementError",
    "compare",
    "deliver",
    "find_disagreement",
    "fresh_customer",
    "smallest_disagreement",
]

_FAILURES: Final = (Exception, SystemExit, pytest.fail.Exception)
"""What a service can raise; an error is its answer, of whatever kind."""


@final
@frozen(eq=False)
class Disagreement:
    """A service and the curve disagree.

    Args:
        curve: The curve.
        start: The customer's standing at the beginning.
        deliveries: What was delivered before they disagreed.
        service: What the service showed then, or the error that it raised.
        step: The curve's last step; None if there is none, or if something that happened before has not arrived yet.
        coming: What was to arrive together with the last delivery, and was not delivered.
        reproduced: Whether a new service disagreed, too.
    """

    curve: Curve
    start: Standing
    deliveries: tuple[Delivery, ...]
    service: Shown | BaseException
    step: Step | None
    coming: tuple[Delivery, ...] = ()
    reproduced: bool = True

    __init_subclass__ = final_class

    def __str__(self) -> str:
        return "\n".join([_title(self.deliveries), *self._journey(), *self._ends()])

    def _journey(self) -> Iterator[str]:
        seen: set[int] = set()
        latest = self.start.as_of
        for number, delivery in enumerate(self.deliveries, start=1):
            at = time_of(delivery)
            again = " (delivered again)" if id(delivery) in seen else " (delivered late)" if at < latest else ""
            yield f"  {number}. {_time_words(at)}  {_delivery_words(delivery)}{again}"
            seen.add(id(delivery))
            latest = max(latest, at)

    def _ends(self) -> Iterator[str]:
        ours, theirs = self.start if self.step is None else self.step.after, self.service
        if self.step is not None or not self.deliveries:
            other = ours if isinstance(theirs, BaseException) else theirs
            yield f"the curve says:    {_shown_words(self.curve, ours, other)}"
        if isinstance(theirs, BaseException):
            yield f"the service fails: {type(theirs).__name__}: {theirs}{place_of(theirs)}"
        else:
            yield f"the service says:  {_shown_words(self.curve, theirs, ours)}"
        if self.step is not None:
            yield "the curve's last step:"
            yield from _step_lines(self.step)
        elif not isinstance(theirs, BaseException):
            yield "does make_service make a new service for each customer, and use the standing that it gets?"
        if not self.reproduced:
            yield "a new service did not disagree: the service is not deterministic, or customers share its state"


@define(slots=False, repr=False)
class DisagreementError(TrustcurveError, AssertionError):
    """A service and the curve disagree: ``disagreement``, and ``more`` about it. Test runners report it as a failure."""

    disagreement: Disagreement
    more: str = ""

    def __str__(self) -> str:
        return f"{self.disagreement}{self.more}"


_customers = count(1)


def fresh_customer(start: Standing) -> Standing:
    """Return the standing of another customer who starts alike."""
    return Standing.of(
        f"{start.customer} {next(_customers)}", start.position, start.as_of_us, start.quiet_since_us, start.book
    )


def find_disagreement(
    curve: Curve, make: MakeService, start: Standing, deliveries: Sequence[Delivery]
) -> Disagreement | None:
    """Make deliveries to a new service, and return the first disagreement; compare where nothing is under way."""
    comparable, reference = set(comparable_after(deliveries)), Reference(curve, start)
    with open_service(make, start) as service:
        found = compare(reference, (), service)
        for number in range(1, len(deliveries) + 1):
            if found is None:
                found = deliver(reference, deliveries[:number], service, deliveries[number:])
            if found is None and number in comparable:
                found = compare(reference, deliveries[:number], service)
    return found


def deliver(
    reference: Reference, deliveries: Sequence[Delivery], service: Service, coming: Sequence[Delivery] = ()
) -> Disagreement | None:
    """Make the last one of some deliveries; a service that raises an error disagrees."""
    delivery = deliveries[-1]
    reference.add(delivery)
    try:
        if isinstance(delivery, Event):
            service.apply(delivery)
        elif service.has_clock:
            service.observe(delivery)
    except _FAILURES as error:
        complete = is_complete(reference.curve, reference.start, deliveries)
        step = reference.step if complete else None
        return Disagreement(reference.curve, reference.start, tuple(deliveries), error, step, tuple(coming))
    return None


def compare(reference: Reference, deliveries: Sequence[Delivery], service: Service) -> Disagreement | None:
    """Compare what a service shows with the curve; a service that raises an error disagrees."""
    ours = reference.standing
    try:
        theirs: Shown | BaseException = service.standing
    except _FAILURES as error:
        if isinstance(error, InvalidValueError) and not deliveries:
            raise  # what it shows has the wrong type from the beginning
        theirs = error
    if isinstance(theirs, BaseException):
        agree = False
    elif isinstance(theirs, Standing):
        agree = theirs == ours
    elif isinstance(theirs, Position):
        agree = theirs == ours.position
    else:
        agree = theirs in (reference.curve.state(ours.position), ours.position.stage)
    if agree:
        return None
    return Disagreement(reference.curve, reference.start, tuple(deliveries), theirs, reference.step)


# --- the smallest one -----------------------------------------------------------------------------

_Placed = tuple[Delivery, bool]
"""A delivery, and whether it is a repetition."""


def smallest_disagreement(make: MakeService, found: Disagreement, start: Standing) -> Disagreement:
    """Leave out every delivery that a disagreement does not need, and let the others happen as early as they can.

    If the service is not deterministic, the disagreement is returned as it was found.

    Args:
        make: Makes the service.
        found: The disagreement.
        start: The first standing; each try gets a customer of its own who starts like this.
    """

    def again(deliveries: Sequence[Delivery]) -> Disagreement | None:
        if not is_complete(found.curve, found.start, deliveries):
            return None
        return find_disagreement(found.curve, make, fresh_customer(start), deliveries)

    def fails(some: Sequence[_Placed]) -> bool:
        first = {id(delivery) for delivery, repeated in some if not repeated}
        if any(repeated and id(delivery) not in first for delivery, repeated in some):
            return False  # a repetition without its original
        return again([delivery for delivery, _ in some]) is not None

    made = (*found.deliveries, *found.coming)
    placed = [(delivery, id(delivery) in set(map(id, made[:number]))) for number, delivery in enumerate(made)]
    if not fails(placed):
        return evolve(found, reproduced=False)
    least = [delivery for delivery, _ in smallest(placed, fails)]
    for place in range(len(least)):
        earlier = _earlier(found, least, place)
        if earlier is not None and again(earlier) is not None:
            least = earlier
    return again(least) or found


def _earlier(found: Disagreement, deliveries: list[Delivery], place: int) -> list[Delivery] | None:
    """Let a delivery and all that happens after it happen right after what is before it; None if that is impossible."""
    here = time_of(deliveries[place])
    before = [at for at in map(time_of, deliveries) if at < here]
    gap = here - max(before, default=found.start.as_of)
    moved: dict[int, Delivery] = {}
    try:
        for delivery in deliveries:
            moved[id(delivery)] = _moved(delivery, gap) if time_of(delivery) >= here else delivery
    except TrustcurveError:
        return None  # a promise would be due before it is made
    return [moved[id(delivery)] for delivery in deliveries]


def _moved(delivery: Delivery, gap: timedelta) -> Delivery:
    if not isinstance(delivery, Event):
        return delivery - gap
    if isinstance(delivery, PromiseMade | PromiseMoved) and delivery.due is not None:
        return evolve(delivery, at=delivery.at - gap, due=delivery.due - gap)
    return evolve(delivery, at=delivery.at - gap)


# --- in words -------------------------------------------------------------------------------------


def _title(deliveries: Sequence[Delivery]) -> str:
    if not deliveries:
        return "the service and the curve disagree before anything happened"
    return f"the service and the curve disagree after {len(deliveries)} {'delivery' if len(deliveries) == 1 else 'deliveries'}:"


def _time_words(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}{f'.{at.microsecond:06}' if at.microsecond else ''}"


def _delivery_words(delivery: Delivery) -> str:
    return event_words(delivery) + remarks(delivery) if isinstance(delivery, Event) else "the clock runs up to here"


def _step_lines(step: Step) -> Iterator[str]:
    """Yield a line for each thing that came due, and the whole reaction to the event."""
    for each in step.due:
        assert each.reaction is not None  # noqa: S101 - a curve, and no timetable of curves, has no migration
        moved = f"{each.reaction.state_before} -> {each.reaction.state_after}" if each.reaction.change else "no move"
        yield f"  {_time_words(each.at)}  {each.cause}: {moved}, because {each.reaction.because}"
    if step.event is not None:
        yield from (f"  {line}" for line in evolve(step, due=()).explain().splitlines())
    elif not step.due:
        yield f"  {step.explain()}"


def _shown_words(curve: Curve, shown: Shown, other: Shown) -> str:
    """Return what one side shows, and of a standing only the parts that differ from the other side."""
    if isinstance(shown, str):
        return shown
    at = shown.position if isinstance(shown, Standing) else shown
    if isinstance(other, str):
        return curve.state(at)
    words = f"{curve.state(at)} (kept {at.kept}, engaged {at.engaged}, doubt {at.doubt}, account {at.account})"
    if isinstance(shown, Standing) and isinstance(other, Standing):
        for name in ("customer", "as_of", "promises", "quiet_since"):
            if getattr(shown, name) != getattr(other, name):
                words += f", {name} {_value_words(getattr(shown, name))}"
    return words


def _value_words(value: object) -> str:
    if isinstance(value, tuple):
        promises = (f"{p.id} ({'overdue' if p.overdue else 'open'}, due {p.due or 'without a date'})" for p in value)
        return "; ".join(promises) or "none"
    return str(value)
