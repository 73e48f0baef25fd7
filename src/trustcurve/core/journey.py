"""A journey: one customer's events in order, and the effect of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import evolve, field, frozen

from trustcurve.core.events import Event
from trustcurve.core.instants import instant
from trustcurve.core.replay import (
    CurveLike,
    EventFate,
    Fate,
    History,
    Identity,
    LoggedEvent,
    check_events,
    check_identities,
    history,
)
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step, Transition
from trustcurve.core.values import checked_word
from trustcurve.errors import CustomerMismatchError, InvalidValueError, TrustcurveError

__all__ = ["Journey", "Reject", "extended", "journey"]


@frozen
class Reject:
    """An event that could not be applied, and the error."""

    event: Event
    error: TrustcurveError = field(eq=lambda error: (type(error), str(error)))


@frozen
class Journey:
    """One customer's events in order, and the effect of each.

    Args:
        start: The standing before the first event.
        steps: One step for each applied event, and one for the final observation, if any.
        duplicates: Events dropped because they repeat an applied one: same id, same content.
        rejects: Events that could not be applied, if ``rejects="keep"``.
        later: Events after ``until``; they were not applied.
        conflicts: Events dropped because an event with other content used their id.
        skipped: Events dropped because their promise was not open, and they had ``if_open`` (``LoggedEvent``).
    """

    start: Standing
    steps: tuple[Step, ...] = ()
    duplicates: tuple[Event, ...] = ()
    rejects: tuple[Reject, ...] = ()
    later: tuple[Event, ...] = ()
    conflicts: tuple[Event, ...] = ()
    skipped: tuple[Event, ...] = ()

    @property
    def customer(self) -> str:
        """The customer's id."""
        return self.start.customer

    @property
    def standing(self) -> Standing:
        """The standing at its end."""
        return self.steps[-1].after if self.steps else self.start

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """Every change of leaf state, in order."""
        return tuple(transition for step in self.steps for transition in step.transitions)

    @property
    def used(self) -> dict[Identity, LoggedEvent]:
        """The identities that its events used, as events of a stream."""
        used: dict[Identity, LoggedEvent] = {}
        for step in self.steps:
            if step.event is not None and step.event.id is not None:
                used.setdefault((self.customer, step.event.id, 0), LoggedEvent(step.event))
        return used

    def explain(self) -> str:
        """Explain every step, in a few plain lines each."""
        return "\n".join(step.explain() for step in self.steps)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - the protocol of IPython and Hypothesis
        """Print what happened and where it led, one line each."""
        printer.text(f"<Journey of {self.customer!r}, {len(self.steps)} steps>")
        for line in (line for step in self.steps for line in step.explain().splitlines()):
            if not line.startswith(("  because", "  stays")):
                printer.text(f"\n    {line}")


def journey(
    curve: CurveLike,
    events: Iterable[Event],
    *,
    customer: str | None = None,
    start: Standing | Journey | None = None,
    until: datetime | None = None,
    rejects: Literal["raise", "keep"] = "raise",
    used: Mapping[Identity, LoggedEvent] | None = None,
) -> Journey:
    """Replay one customer's events.

    Args:
        curve: The curve.
        events: The events in any order; they are sorted by time, ties in the order given. An event with the id
            of an earlier one is dropped: as a duplicate if they are equal, otherwise as a conflict.
        customer: The customer's id; not needed if ``start`` or an event names the customer.
        start: A standing or a journey to continue from; a journey also knows which event ids were used.
            If None, the customer begins at the first applied event.
        until: Observe the customer at this time, and leave out later events. If None, the journey ends
            with the last event.
        rejects: What to do with an event that cannot be applied: "raise" its error, or "keep" it
            in ``journey.rejects`` and continue.
        used: The identities used so far, needed if events with ids continue from a standing:
            ``Journey.used`` of the journey that led there, or an empty mapping if no event repeats an earlier one.

    Returns:
        The journey; ``journey.standing`` is the standing at its end.

    Raises:
        InvalidValueError: The customer or the beginning of the journey is not known, or ``used`` is missing.
        CustomerMismatchError: ``start`` belongs to another customer.
        TrustcurveError: Any error that ``advance`` raises, if ``rejects`` is "raise".

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, Exchanged, Proposed
        >>> day = lambda n: datetime(2026, 1, n, tzinfo=UTC)
        >>> ann = Curve.default().journey([Exchanged(at=day(9)), Proposed(at=day(2))], customer="ann")
        >>> [(move.before, move.after) for move in ann.transitions]
        [('distrust.suspicious', 'hopeful')]
    """
    raising = checked_word("rejects", rejects, ("raise", "keep")) == "raise"
    ordered = sorted(_checked(events), key=lambda event: event.at)
    check_identities(used)
    end = None if until is None else instant(until, "until")
    name = _whose(ordered, customer, start)
    before = Journey(start) if isinstance(start, Standing) else start
    if isinstance(start, Journey):
        used = {**start.used, **(used or {})}
    if before is None:
        done = history(curve, name, ordered, until=end)
        before = Journey(done.start or curve.begin(name, _beginning(ordered, end)))
    else:
        done = history(curve, name, ordered, before.standing, until=end, used=used)
    if raising:
        for fate in done.fates:
            if fate.error is not None:
                raise fate.error
    last = before.standing if done.standing is None else done.standing
    return extended(before, done, None if end is None or end == last.as_of else curve.observe(last, end))


def extended(before: Journey, done: History, observation: Step | None = None) -> Journey:
    """Return a journey continued by a history of the same customer, and by a final observation, if any."""

    def of(fate: Fate) -> tuple[EventFate, ...]:
        return tuple(each for each in done.fates if each.fate == fate)

    def events(fate: Fate) -> tuple[Event, ...]:
        return tuple(each.logged.event for each in of(fate))

    return evolve(
        before,
        steps=(*before.steps, *done.steps, *((observation,) if observation is not None else ())),
        duplicates=(*before.duplicates, *events("duplicate")),
        rejects=(*before.rejects, *(Reject(each.logged.event, each.error) for each in of("rejected") if each.error)),
        later=(*before.later, *events("later")),
        conflicts=(*before.conflicts, *events("conflict")),
        skipped=(*before.skipped, *events("skipped")),
    )


def _checked(events: Iterable[Event]) -> list[Event]:
    listed = list(check_events(events))
    for number, event in enumerate(listed):
        if not isinstance(event, Event):
            raise InvalidValueError(f"events[{number}]", event, "must be an Event such as Exchanged(at=...)")
    return listed


def _whose(ordered: list[Event], customer: str | None, start: Standing | Journey | None) -> str:
    if start is not None:
        if customer is not None and customer != start.customer:
            raise CustomerMismatchError(start.customer, customer)
        return start.customer
    named = (event.customer for event in ordered if event.customer is not None)
    name = next(named, None) if customer is None else customer
    if name is None:
        raise InvalidValueError(
            "customer", customer, "must be given; name the customer, or continue from a standing with start="
        )
    return name


def _beginning(ordered: list[Event], end: datetime | None) -> datetime:
    """Return when a journey without applied events begins."""
    at = ordered[0].at if ordered else end
    if at is None:
        raise InvalidValueError(
            "events", [], "must have an event to begin the journey; otherwise give until= or start="
        )
    return at if end is None else min(at, end)
