"""Steps: one event applied to one standing, with what came due before it and the transitions that result."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, final

from attrs import frozen

from trustcurve.core.events import Event, PromiseKept, PromiseMade, PromiseMoved, PromiseReleased
from trustcurve.core.phrases import event_words, remarks, when_words
from trustcurve.core.standing import Reaction, Standing
from trustcurve.core.values import Value
from trustcurve.errors import final_class

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustcurve.core.rules import Rule

__all__ = ["BrokenPromise", "Cause", "Migration", "Occurrence", "Silence", "Step", "Transition", "cause_words"]


@final
@frozen(eq=False, repr=False)
class BrokenPromise(Value):
    """A cause of a reaction: a promise was not kept by its due date."""

    promise: str

    __init_subclass__ = final_class

    def __str__(self) -> str:
        return f"promise {self.promise!r} was not kept by its date"


@final
@frozen(eq=False, repr=False)
class Silence(Value):
    """A cause of a reaction: a whole quiet period passed."""

    __init_subclass__ = final_class

    def __str__(self) -> str:
        return "a whole quiet period passed"


@final
@frozen(eq=False, repr=False)
class Migration(Value):
    """The result of moving a standing to another curve; also a cause of a transition.

    Args:
        standing: The standing on the new curve.
        changes: The changes of its position, in words; empty if it stays the same.
        state_before: The leaf state on the old curve.
        state_after: The leaf state on the new curve.
        change: Places risen (above 0) or fallen (below 0) in the rank of the new curve; 0 if the new curve does
            not have the leaf state before.
    """

    standing: Standing
    changes: tuple[str, ...]
    state_before: str
    state_after: str
    change: int

    __init_subclass__ = final_class

    def __str__(self) -> str:
        return f"moved to another curve{': ' if self.changes else ''}{', '.join(self.changes)}"


Cause = Event | BrokenPromise | Silence | Migration
"""What causes a reaction or a transition: an event, what came due, or a change of curve."""


def cause_words(cause: Cause) -> str:
    """Return a cause in a few words."""
    return event_words(cause) if isinstance(cause, Event) else str(cause)


@final
@frozen(eq=False, repr=False)
class Occurrence(Value):
    """Something that happened to a customer: when, its cause, and the reaction (None for a migration)."""

    at: datetime
    cause: Cause
    reaction: Reaction | None

    __init_subclass__ = final_class

    def __str__(self) -> str:
        return "\n".join(self._lines(""))

    def _lines(self, where: str) -> Iterator[str]:
        found = f" ({where})" if where and isinstance(self.cause, Event) else ""
        beside = remarks(self.cause) if isinstance(self.cause, Event) else ""
        yield f"{when_words(self.at)}  {cause_words(self.cause)}{beside}{found}"
        if self.reaction is not None:
            yield from (f"  {line}" for line in self.reaction.lines())
        elif isinstance(self.cause, Migration) and self.cause.state_before != self.cause.state_after:
            yield f"  {self.cause.state_before} -> {self.cause.state_after}"


@final
@frozen(eq=False, repr=False)
class Transition(Value):
    """A change of leaf state.

    Args:
        customer: The customer's id.
        at: When: the event's time, the instant at which something came due, or that of a migration.
        before: The leaf state before.
        after: The leaf state after.
        change: Places risen (above 0) or fallen (below 0).
        cause: The event, broken promise, silence or migration that caused it.
        reaction: The reaction that made it, with its rule and reason; None for a migration.
    """

    customer: str
    at: datetime
    before: str
    after: str
    change: int
    cause: Cause
    reaction: Reaction | None

    __init_subclass__ = final_class

    def __repr__(self) -> str:
        return f"<Transition of {self.customer!r}: {self.before} -> {self.after}>"

    def __str__(self) -> str:
        verb = "rose" if self.change > 0 else "fell" if self.change < 0 else "moved"
        return (
            f"{when_words(self.at)}  {self.customer} {verb}: {self.before} -> {self.after} ({cause_words(self.cause)})"
        )

    @property
    def event(self) -> Event | None:
        """The event that caused it, or None."""
        return self.cause if isinstance(self.cause, Event) else None

    @property
    def promise(self) -> str | None:
        """The id of the promise that broke by its date, or None."""
        return self.cause.promise if isinstance(self.cause, BrokenPromise) else None

    @property
    def rule(self) -> Rule | None:
        """The row of the curve that applied; None for a migration."""
        return None if self.reaction is None else self.reaction.rule

    @property
    def signal(self) -> str | None:
        """The signal that caused it; None for a migration."""
        return None if self.reaction is None else self.reaction.signal

    @property
    def because(self) -> str:
        """The reason: that of the reaction, or the changes of the migration."""
        return str(self.cause) if self.reaction is None else self.reaction.because


@final
@frozen(eq=False, repr=False, weakref_slot=False)
class Step(Value):
    """One event (or observation) applied to one standing.

    Args:
        before: The standing before.
        event: The event, or None for an observation.
        due: What came due before it, in order.
        reaction: The curve's reaction to the event, or None if the event sent no signal.
        after: The standing after.
    """

    before: Standing
    event: Event | None
    due: tuple[Occurrence, ...]
    reaction: Reaction | None
    after: Standing

    __init_subclass__ = final_class

    @staticmethod
    def of(
        before: Standing, event: Event | None, due: tuple[Occurrence, ...], reaction: Reaction | None, after: Standing
    ) -> Step:
        """Return a step; three times as fast as calling the class."""
        made: Any = _Open()
        made.before = before
        made.event = event
        made.due = due
        made.reaction = reaction
        made.after = after
        made.__class__ = Step
        return made  # type: ignore[no-any-return] # it is one now

    def __repr__(self) -> str:
        what = "observation" if self.event is None else type(self.event).__name__
        return (
            f"<Step of {self.after.customer!r}: {what} at {when_words(self.after.as_of)}, {self.after.position.stage}>"
        )

    def __str__(self) -> str:
        return self.explain()

    @property
    def occurrences(self) -> tuple[Occurrence, ...]:
        """Everything that happened, in order: what came due, then the event, if it sent a signal."""
        if self.event is None or self.reaction is None:
            return self.due
        return (*self.due, Occurrence(self.event.at, self.event, self.reaction))

    @property
    def reactions(self) -> tuple[Reaction, ...]:
        """The curve's reactions, in order: first to what came due, then to the event."""
        found = tuple(each.reaction for each in self.due if each.reaction is not None)
        return found if self.reaction is None else (*found, self.reaction)

    @property
    def change(self) -> int:
        """Places risen (above 0) or fallen (below 0) in all."""
        migrated = sum(each.cause.change for each in self.due if isinstance(each.cause, Migration))
        return migrated + sum(reaction.change for reaction in self.reactions)

    @property
    def rose(self) -> bool:
        """Whether the customer stands higher after the step than before."""
        return self.change > 0

    @property
    def fell(self) -> bool:
        """Whether the customer stands lower after the step than before."""
        return self.change < 0

    @property
    def moved(self) -> bool:
        """Whether the leaf state after differs from the one before."""
        return self.change != 0

    @property
    def because(self) -> str:
        """The reason for the effect of the event, or why it had none."""
        return self.reaction.because if self.reaction else _no_signal(self.event)

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """Every change of leaf state, in order; those of the clock come first."""
        return tuple(self._transitions())

    def _transitions(self) -> Iterator[Transition]:
        customer = self.after.customer
        for each in self.occurrences:
            found = each.reaction if each.reaction is not None else each.cause
            if isinstance(found, Reaction | Migration) and found.state_before != found.state_after:
                yield Transition(
                    customer, each.at, found.state_before, found.state_after, found.change, each.cause, each.reaction
                )

    def explain(self, where: str = "") -> str:
        """Explain the step in a few plain lines: what happened, when, what it changed and why.

        Args:
            where: Where the event was found ("row 12"); it is shown next to it.
        """
        lines = [line for each in self.occurrences for line in each._lines(where)]
        if self.event is not None and self.reaction is None:
            lines += [*Occurrence(self.event.at, self.event, None)._lines(where), f"  {_no_signal(self.event)}"]
        return "\n".join(lines) or f"{when_words(self.after.as_of)}  nothing came due"


class _Open(Value):
    """A step under construction: setting the fields of a frozen class one by one takes three times as long."""

    __slots__ = Step.__slots__


def _no_signal(event: Event | None) -> str:
    if event is None:
        return "an observation changes nothing"
    if isinstance(event, PromiseMade):
        return "a minor promise changes nothing until it is kept or broken"
    if isinstance(event, PromiseMoved):
        return "the customer agreed to the new date in time"
    if isinstance(event, PromiseReleased):
        return "the customer released the company from it"
    if isinstance(event, PromiseKept):
        return "kept too late to count, but no longer owed"
    return "the promise was already broken by its date, and is no longer owed"
