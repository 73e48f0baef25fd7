"""Replay: the fold of ``advance`` over one customer's events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from attrs import field, frozen

from trustcurve.core.errors import CustomerMismatchError, InvalidValueError, TrustcurveError, UnknownWordError
from trustcurve.core.events import Event
from trustcurve.core.instants import instant
from trustcurve.core.ledger import advance, begin, observe
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step, Transition

if TYPE_CHECKING:
    from trustcurve.core.rulebook import Rulebook

__all__ = ["Journey", "Reject", "replay"]


@frozen
class Reject:
    """An event that could not be applied, and the error that says why."""

    event: Event
    error: TrustcurveError = field(eq=lambda error: (type(error), str(error)))


@frozen
class Journey:
    """One customer's events in order, and what each did.

    Args:
        start: The standing before the first event.
        steps: One step for each event that was applied, and one for the last look, if any.
        duplicates: Events dropped because their id was used before.
        rejects: Events that could not be applied, where they were kept.
        later: Events after ``until``; they were not applied.
    """

    start: Standing
    steps: tuple[Step, ...] = ()
    duplicates: tuple[Event, ...] = ()
    rejects: tuple[Reject, ...] = ()
    later: tuple[Event, ...] = ()

    @property
    def customer(self) -> str:
        """Whose journey it is."""
        return self.start.customer

    @property
    def standing(self) -> Standing:
        """Where the customer stands at its end."""
        return self.steps[-1].after if self.steps else self.start

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """Every change of leaf state, in order."""
        return tuple(transition for step in self.steps for transition in step.transitions)

    def explain(self) -> str:
        """Tell the whole journey, a few plain lines a step."""
        return "\n".join(step.explain() for step in self.steps)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - the protocol of IPython and Hypothesis
        """Show it a line each: what happened, and where it led."""
        printer.text(f"<Journey of {self.customer!r}, {len(self.steps)} steps>")
        told = [line.splitlines() for line in (step.explain() for step in self.steps)]
        for line in (line for lines in told for line in lines if not line.startswith(("  because", "  stays"))):
            printer.text(f"\n    {line}")


def replay(
    curve: Rulebook,
    events: Iterable[Event],
    *,
    customer: str | None = None,
    start: Standing | Journey | None = None,
    until: datetime | None = None,
    rejects: Literal["raise", "keep"] = "raise",
) -> Journey:
    """Fold one customer's events.

    Args:
        curve: The curve.
        events: In any order and of any length; they are sorted by time, ties in the order given.
        customer: Whose they are; not needed where ``start`` or an event says it.
        start: Where to go on from: a standing, or a journey, which is then continued (it also knows
            which event ids were used). Without it the customer begins at the first event.
        until: Look once more at this time, so that the clock has its say; events after it are left
            out. Without it the journey ends with the last event.
        rejects: What to do with an event that cannot be applied: "raise" its error, or "keep" it
            in ``journey.rejects`` and go on.

    Returns:
        The journey; ``journey.standing`` is where the customer stands at its end.

    Raises:
        InvalidValueError: Nothing says whose journey it is, or when it begins.
        CustomerMismatchError: ``start`` is another customer's.
        TrustcurveError: Whatever ``advance`` raises, where ``rejects`` is "raise".

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, Exchanged, Proposed
        >>> day = lambda n: datetime(2026, 1, n, tzinfo=UTC)
        >>> journey = Curve.default().replay([Exchanged(at=day(9)), Proposed(at=day(2))], customer="ann")
        >>> [(each.before, each.after) for each in journey.transitions]
        [('distrust.suspicious', 'hopeful')]
    """
    if rejects not in ("raise", "keep"):
        raise UnknownWordError("rejects", rejects, ("raise", "keep"))
    ordered = sorted(_checked(events), key=lambda event: event.at)
    end = None if until is None else instant(until, "until")
    journey = _begin(curve, ordered, customer, start, end)
    steps, duplicates, refused = list(journey.steps), list(journey.duplicates), list(journey.rejects)
    seen = {step.event.id for step in steps if step.event is not None and step.event.id is not None}
    standing, later = journey.standing, list(journey.later)
    for event in ordered:
        if end is not None and event.at > end:
            later.append(event)
        elif event.id is not None and event.id in seen:
            duplicates.append(event)
        else:
            try:
                step = advance(curve, standing, event)
            except TrustcurveError as error:
                if rejects == "raise":
                    raise
                refused.append(Reject(event, error))
                continue
            steps.append(step)
            standing = step.after
            if event.id is not None:
                seen.add(event.id)
    if end is not None and end != standing.as_of:
        steps.append(observe(curve, standing, end))
    return Journey(journey.start, tuple(steps), tuple(duplicates), tuple(refused), tuple(later))


def _checked(events: Iterable[Event]) -> list[Event]:
    listed = list(events)
    for number, event in enumerate(listed):
        if not isinstance(event, Event):
            raise InvalidValueError(f"events[{number}]", event, "must be an event, for example Exchanged(at=...)")
    return listed


def _begin(
    curve: Rulebook, ordered: list[Event], customer: str | None, start: Standing | Journey | None, end: datetime | None
) -> Journey:
    if start is not None:
        journey = start if isinstance(start, Journey) else Journey(start)
        if customer is not None and customer != journey.customer:
            raise CustomerMismatchError(journey.customer, customer)
        return journey
    name = (
        customer
        if customer is not None
        else next((event.customer for event in ordered if event.customer is not None), None)
    )
    if name is None:
        raise InvalidValueError("customer", customer, "name the customer, or go on from a standing with start=")
    at = ordered[0].at if ordered else end
    if at is None:
        raise InvalidValueError(
            "events", [], "there are none, so nothing says when the journey begins: give until= or start="
        )
    return Journey(begin(curve, name, at if end is None else min(at, end)))
