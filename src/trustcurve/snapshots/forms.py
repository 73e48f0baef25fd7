"""The stored forms of what cannot be stored as it is.

Standings, promises, positions, ticks and events are stored field by field. A reaction is stored as
its signal, its row's name and both positions: the curve knows the rest, and is asked again on reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any, Self

from attrs import frozen

from trustcurve.core import errors
from trustcurve.core.events import EVENTS
from trustcurve.core.journey import Journey, Reject
from trustcurve.core.standing import Position, Reaction, Standing
from trustcurve.core.steps import Step, Tick

__all__ = ["AnyEvent", "AnyRefusal", "CurveForm", "JourneyForm", "ReactionForm", "RejectForm", "StepForm"]

AnyEvent: Any = reduce(or_, EVENTS)
"""The union of all kinds of events."""

AnyRefusal: Any = (
    errors.InvalidPositionError
    | errors.InvalidValueError
    | errors.OtherCustomerError
    | errors.OutOfOrderError
    | errors.PromiseAlreadyOpenError
    | errors.PromiseOverdueError
    | errors.UnknownPromiseError
    | errors.UnknownWordError
)
"""The union of all errors that ``advance`` raises for an event."""


@frozen
class ReactionForm:
    """A reaction as it is stored."""

    signal: str
    rule: str
    before: Position
    after: Position

    @classmethod
    def of(cls, reaction: Reaction) -> Self:
        """Take the form of a reaction."""
        return cls(reaction.signal, reaction.rule.name, reaction.before, reaction.after)


@frozen
class StepForm:
    """A step as it is stored."""

    before: Standing
    event: AnyEvent | None
    ticks: tuple[Tick, ...]
    reactions: tuple[ReactionForm, ...]
    after: Standing

    @classmethod
    def of(cls, step: Step) -> Self:
        """Take the form of a step."""
        return cls(step.before, step.event, step.ticks, tuple(map(ReactionForm.of, step.reactions)), step.after)


@frozen
class RejectForm:
    """A rejected event as it is stored."""

    event: AnyEvent
    error: AnyRefusal

    @classmethod
    def of(cls, reject: Reject) -> Self:
        """Take the form of a rejected event."""
        return cls(reject.event, reject.error)


@frozen
class JourneyForm:
    """A journey as it is stored."""

    start: Standing
    steps: tuple[StepForm, ...]
    duplicates: tuple[AnyEvent, ...]
    rejects: tuple[RejectForm, ...]
    later: tuple[AnyEvent, ...]
    conflicts: tuple[AnyEvent, ...] = ()
    skipped: tuple[AnyEvent, ...] = ()

    @classmethod
    def of(cls, journey: Journey) -> Self:
        """Take the form of a journey."""
        steps, rejects = map(StepForm.of, journey.steps), map(RejectForm.of, journey.rejects)
        dropped = (journey.duplicates, tuple(rejects), journey.later, journey.conflicts, journey.skipped)
        return cls(journey.start, tuple(steps), *dropped)


@frozen
class CurveForm:
    """A curve as it is stored: its document has the shape of its TOML file."""

    document: Mapping[str, Any]
