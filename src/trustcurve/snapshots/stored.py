"""The stored forms of values.

Standings, promises, positions and events are stored field by field. A reaction is stored as its
signal, the name of its row and both positions; the rest is computed from the curve when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from attrs import frozen

from trustcurve import errors
from trustcurve.core.events import EVENTS, Event
from trustcurve.core.journey import Journey, Reject
from trustcurve.core.promises import Promise
from trustcurve.core.standing import Position, Reaction, Standing
from trustcurve.core.steps import BrokenPromise, Occurrence, Step
from trustcurve.documents.forms import Tagged
from trustcurve.errors import InvalidValueError
from trustcurve.policies.memory import Memory
from trustcurve.policies.recall import Recall

__all__ = [
    "AnyError",
    "AnyEvent",
    "CurveForm",
    "DueForm",
    "JourneyForm",
    "MemoryForm",
    "ReactionForm",
    "RejectForm",
    "StandingForm",
    "StepForm",
]


AnyEvent: Any = Annotated[Event, Tagged("event", {kind.__name__: kind for kind in EVENTS})]
"""Any event, with its class as a tag."""

_ERRORS = (
    errors.InvalidPositionError,
    errors.InvalidValueError,
    errors.CustomerMismatchError,
    errors.OutOfOrderError,
    errors.PromiseAlreadyOpenError,
    errors.PromiseOverdueError,
    errors.UnknownPromiseError,
    errors.UnknownWordError,
)
AnyError: Any = Annotated[errors.TrustcurveError, Tagged("error", {kind.__name__: kind for kind in _ERRORS})]
"""Any error that ``advance`` raises for an event, with its class as a tag."""


@frozen
class ReactionForm:
    """A reaction as it is stored."""

    signal: str
    rule: str
    before: Position
    after: Position

    @classmethod
    def of(cls, reaction: Reaction) -> Self:
        """Return the form of a reaction."""
        return cls(reaction.signal, reaction.rule.name, reaction.before, reaction.after)


@frozen
class StandingForm:
    """A standing as it is stored."""

    customer: str
    as_of: datetime
    position: Position
    promises: tuple[Promise, ...]
    quiet_since: datetime

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """Return the form of a standing."""
        return cls(standing.customer, standing.as_of, standing.position, standing.promises, standing.quiet_since)

    def value(self) -> Standing:
        """Return the standing."""
        return Standing(self.customer, self.as_of, self.position, self.promises, self.quiet_since)


@frozen
class CounterForm:
    """A counter of a policy's memory as it is stored: what it counts, and its value."""

    kind: Literal["since", "times", "tries", "trend"]
    word: str
    most: int
    value: int


@frozen
class MemoryForm:
    """A policy's memory of a customer as it is stored."""

    recalled: tuple[CounterForm, ...]
    run: datetime | None
    heard: datetime | None
    pending: tuple[str, ...]
    moved: tuple[str, ...]

    @classmethod
    def of(cls, memory: Memory) -> Self:
        """Return the form of a memory."""
        counters = tuple(CounterForm(each.kind, each.word, each.most, value) for each, value in memory.recalled)
        return cls(counters, memory.run, memory.heard, memory.pending, tuple(sorted(memory.moved)))

    def value(self) -> Memory:
        """Return the memory.

        Raises:
            InvalidValueError, UnknownWordError: A counter is not one, or its value is too large.
        """
        recalled = tuple((Recall(each.kind, each.word, each.most), each.value) for each in self.recalled)
        for recall, value in recalled:
            if value not in recall.range:
                raise InvalidValueError("value", value, f"must be at most {recall.range.stop - 1} for {recall}")
        moved = frozenset(self.moved)
        return Memory(recalled, run=self.run, heard=self.heard, pending=self.pending, moved=moved)


@frozen
class DueForm:
    """What came due, as it is stored: the instant, the promise that broke (null: silence), and the reaction."""

    at: datetime
    promise: str | None
    reaction: ReactionForm

    @classmethod
    def of(cls, due: Occurrence) -> Self:
        """Return the form of what came due.

        Raises:
            InvalidValueError: It is a change of curve, which a snapshot cannot contain.
        """
        if due.reaction is None:
            raise InvalidValueError("step", due, "must not include a change of curve; store the standing after it")
        promise = due.cause.promise if isinstance(due.cause, BrokenPromise) else None
        return cls(due.at, promise, ReactionForm.of(due.reaction))


@frozen
class StepForm:
    """A step as it is stored."""

    before: StandingForm
    event: AnyEvent | None
    due: tuple[DueForm, ...]
    reaction: ReactionForm | None
    after: StandingForm

    @classmethod
    def of(cls, step: Step) -> Self:
        """Return the form of a step."""
        due = tuple(map(DueForm.of, step.due))
        reaction = None if step.reaction is None else ReactionForm.of(step.reaction)
        return cls(StandingForm.of(step.before), step.event, due, reaction, StandingForm.of(step.after))


@frozen
class RejectForm:
    """A rejected event as it is stored."""

    event: AnyEvent
    error: AnyError

    @classmethod
    def of(cls, reject: Reject) -> Self:
        """Return the form of a rejected event."""
        return cls(reject.event, reject.error)


@frozen
class JourneyForm:
    """A journey as it is stored."""

    start: StandingForm
    steps: tuple[StepForm, ...]
    duplicates: tuple[AnyEvent, ...]
    rejects: tuple[RejectForm, ...]
    later: tuple[AnyEvent, ...]
    conflicts: tuple[AnyEvent, ...] = ()
    skipped: tuple[AnyEvent, ...] = ()

    @classmethod
    def of(cls, journey: Journey) -> Self:
        """Return the form of a journey."""
        steps, rejects = map(StepForm.of, journey.steps), map(RejectForm.of, journey.rejects)
        dropped = (journey.duplicates, tuple(rejects), journey.later, journey.conflicts, journey.skipped)
        return cls(StandingForm.of(journey.start), tuple(steps), *dropped)


@frozen
class CurveForm:
    """A curve as it is stored: a document in the shape of its TOML file."""

    document: Mapping[str, Any]
