"""One event applied: before, what happened, after; and how to tell it to a person."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from attrs import frozen

from trustcurve.core.events import (
    Event,
    OneSided,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Signalled,
)
from trustcurve.core.standing import Position, Reaction, Standing
from trustcurve.core.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustcurve.core.rules import Rule

__all__ = ["Move", "Step", "Tick", "happened"]


@frozen(eq=False, repr=False)
class Tick(Value):
    """When the clock sent a signal, and for which promise (None: silence)."""

    at: datetime
    promise: str | None


@frozen(eq=False, repr=False)
class Move(Value):
    """A change of leaf state.

    Args:
        customer: Whose it is.
        at: When: the event's time, or the instant at which something came due.
        before: The leaf state before.
        after: The leaf state after.
        change: Places risen (above 0) or fallen (below 0).
        reaction: The reaction behind it, with its rule and reason.
        event: The event behind it, or None where the clock made it.
        promise: The promise that the clock broke, or None.
    """

    customer: str
    at: datetime
    before: str
    after: str
    change: int
    reaction: Reaction
    event: Event | None
    promise: str | None

    @property
    def rule(self) -> Rule:
        """The row of the curve that applied."""
        return self.reaction.rule


@frozen(eq=False, repr=False)
class Step(Value):
    """One event (or look) applied to one standing.

    Args:
        before: The standing before.
        event: The event, or None for a look (``observe``).
        reactions: What the curve did, in order: first the clock's, then the event's, if it had a signal.
        after: The standing after.
        ticks: When and why the clock sent the first ``len(ticks)`` signals.
    """

    before: Standing
    event: Event | None
    reactions: tuple[Reaction, ...]
    after: Standing
    ticks: tuple[Tick, ...] = ()

    @property
    def change(self) -> int:
        """Places risen (above 0) or fallen (below 0) in all."""
        return sum(reaction.change for reaction in self.reactions)

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
    def reaction(self) -> Reaction | None:
        """The reaction to the event itself, or None where it had no signal."""
        return self.reactions[len(self.ticks)] if len(self.reactions) > len(self.ticks) else None

    @property
    def because(self) -> str:
        """Why the event did what it did, or why it did nothing."""
        return self.reaction.because if self.reaction else _no_signal(self)

    @property
    def moves(self) -> tuple[Move, ...]:
        """Every change of leaf state on the way, in order; the clock's come first."""
        return tuple(
            Move(self.after.customer, at, r.state_before, r.state_after, r.change, r, event, promise)
            for at, r, event, promise in self._dated()
            if r.change
        )

    def _dated(self) -> Iterator[tuple[datetime, Reaction, Event | None, str | None]]:
        for tick, reaction in zip(self.ticks, self.reactions, strict=False):
            yield tick.at, reaction, None, tick.promise
        if self.event is not None and self.reaction is not None:
            yield self.event.at, self.reaction, self.event, None

    def explain(self, where: str = "") -> str:
        """Tell the step in a few plain lines: what happened, when, what it changed and why.

        Args:
            where: Where the event was found ("row 12"); it is told beside it.
        """
        found = f" ({where})" if where else ""
        lines: list[str] = []
        for at, reaction, event, promise in self._dated():
            lines += [f"{_when(at)}  {happened(event, promise)}{found if event else ''}", *_outcome(reaction)]
        if self.event is not None and self.reaction is None:
            lines += [f"{_when(self.event.at)}  {happened(self.event, None)}{found}", f"  {_no_signal(self)}"]
        return "\n".join(lines) or f"{_when(self.after.as_of)}  nothing came due"


def _when(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def happened(event: Event | None, promise: str | None = None) -> str:
    """Say in a few words what happened: an event, or what the clock found (a promise broken; None: silence)."""
    if event is None:
        return f"promise {promise!r} was not kept by its date" if promise is not None else "a whole quiet period passed"
    words = [type(event).__name__]
    if isinstance(event, PromiseMade | PromiseKept | PromiseBroken | PromiseMoved | PromiseReleased):
        words.append(repr(event.promise))
    if isinstance(event, PromiseMade):
        words.append(f"({event.weight}{f', due {_when(event.due)}' if event.due else ''})")
    if isinstance(event, PromiseMoved):
        words.append(f"to {_when(event.due)}")
    if isinstance(event, OneSided):
        words.append(f"by the {event.by}")
    if isinstance(event, Signalled):
        words.append(event.signal)
    # On one line: a note of several must not pass for lines of the story.
    words += [f"[{' '.join(extra.split())}]" for extra in (event.channel, event.note) if extra]
    return " ".join(words)


def _outcome(reaction: Reaction) -> Iterator[str]:
    if reaction.change:
        arrow = f"{reaction.state_before} -> {reaction.state_after}"
        yield f"  {'rose' if reaction.change > 0 else 'fell'}: {arrow}"
    else:
        yield f"  stays {reaction.state_after}"
    yield f"  because {reaction.because}"
    changes = _changes(reaction.before, reaction.after)
    if changes:
        yield f"  {changes}"


def _changes(before: Position, after: Position) -> str:
    parts = ((part, getattr(before, part), getattr(after, part)) for part in ("kept", "engaged", "doubt", "account"))
    return ", ".join(f"{part} {old} -> {new}" for part, old, new in parts if old != new)


def _no_signal(step: Step) -> str:
    event = step.event
    if event is None:
        return "a look changes nothing"
    if isinstance(event, PromiseMade):
        return "a minor promise moves nobody until it is kept or broken"
    if isinstance(event, PromiseMoved):
        return "the customer agreed to the new date in time"
    if isinstance(event, PromiseReleased):
        return "the customer let the company off"
    if isinstance(event, PromiseKept):
        return "kept too late to count, but no longer owed"
    return "its date had broken the promise already, and it is no longer owed"
