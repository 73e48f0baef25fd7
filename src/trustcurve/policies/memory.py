"""The memory of a policy: a small value that a service keeps beside a customer's standing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, final

from attrs import evolve, field, frozen

from trustcurve.core.events import PromiseBroken, PromiseKept, PromiseMade, PromiseMoved, PromiseReleased
from trustcurve.core.journey import Journey
from trustcurve.core.signals import Weight
from trustcurve.core.standing import Reaction, Standing
from trustcurve.core.steps import BrokenPromise, Occurrence, Silence, Step
from trustcurve.errors import final_class
from trustcurve.policies.actions import MOVE_SIGNALS, Act
from trustcurve.policies.recall import Recall

__all__ = ["Memory", "PastRun", "kind_of", "runs_along", "word_of"]

_MOVES = {signal: move for move, signal in MOVE_SIGNALS.items()}


@final
@frozen
class Memory:
    """What a policy remembers of one customer; make one with ``policy.memory()``, or of a journey.

    Args:
        recalled: Each counter that the policy keeps, with its value.
        run: The instant of the latest run; None before the first.
        heard: Up to when the clock was heard: what came due before is counted.
        pending: The actions of the latest run that no event has told of yet: they are counted already.
        moved: The ids of open promises that the customer moved to another day.
    """

    recalled: tuple[tuple[Recall, int], ...] = ()
    run: datetime | None = field(default=None, kw_only=True)
    heard: datetime | None = field(default=None, kw_only=True)
    pending: tuple[str, ...] = field(default=(), kw_only=True)
    moved: frozenset[str] = field(default=frozenset(), kw_only=True)

    __init_subclass__ = final_class

    def after(self, step: Step, acts: Mapping[str, Act]) -> Memory:
        """Return the memory after a step; see ``Policy.remember``."""
        memory = self
        for occurrence in step.due:
            if self.heard is None or occurrence.at >= self.heard:
                memory = memory.with_due(occurrence)
        return memory.with_event(step, acts)

    @property
    def values(self) -> tuple[int, ...]:
        """The values of the counters."""
        return tuple(value for _, value in self.recalled)

    def ran(self, at: datetime, actions: tuple[str, ...]) -> Memory:
        """Return the memory after a run of the policy, with which a new turn begins."""
        recalled = tuple((recall, recall.ran(value, actions)) for recall, value in self.recalled)
        return evolve(self, recalled=recalled, run=at, heard=at, pending=actions)

    def with_due(self, occurrence: Occurrence) -> Memory:
        """Return the memory after something came due."""
        return self.hears(*_due_words(occurrence))

    def with_event(self, step: Step, acts: Mapping[str, Act]) -> Memory:
        """Return the memory after the event of a step, if it has one."""
        memory, at = self, step.after.as_of
        if step.event is not None:
            memory = self._after_event(step, acts)
            if step.reaction is not None:
                memory = memory.hears(*_changes(step.reaction))
        return evolve(memory, heard=at if memory.heard is None else max(at, memory.heard))

    def _after_event(self, step: Step, acts: Mapping[str, Act]) -> Memory:
        word = word_of(step, acts, self.pending)
        act, moved, pending = word in acts, self.moved, self.pending
        name = getattr(step.event, "promise", None)
        if name is not None:
            moved = moved | {name} if word == "moved" else moved - {name}
        if act and word in pending:
            place = pending.index(word)
            return evolve(self, moved=moved, pending=pending[:place] + pending[place + 1 :])
        memory = self if moved == self.moved else evolve(self, moved=moved)
        return memory if word is None else memory.hears(word, act=act)

    def hears(self, *words: str, act: bool = False) -> Memory:
        """Return the memory after something came up between two runs."""
        recalled = self.recalled
        for word in words:
            recalled = tuple((recall, recall.heard(value, word, act=act)) for recall, value in recalled)
        return self if recalled == self.recalled else evolve(self, recalled=recalled)


class PastRun(NamedTuple):
    """A run of a policy in the past: its instant, and the standing and the memory before it.

    The last one of a journey is still to come (``done`` is false): the standing and the memory are those at the end.
    """

    at: datetime
    standing: Standing
    memory: Memory
    done: bool


def runs_along(journey: Journey, memory: Memory, acts: Mapping[str, Act], turn: timedelta) -> Iterator[PastRun]:
    """Yield the runs of a policy along a journey, once a turn from its beginning, and then the one that comes next; see ``Policy.memory``."""
    standing = journey.start
    memory, run = memory.ran(standing.as_of, ()), standing.as_of + turn
    done: dict[datetime, list[str]] = {}
    for step in journey.steps:
        word = None if step.event is None else word_of(step, acts, acts)
        if step.event is not None and word is not None and word in acts:
            done.setdefault(step.event.at, []).append(word)
    for step in journey.steps:
        acted = step.event is not None and step.event.at in done and word_of(step, acts, acts) in acts
        moments = [(each.at, True, each) for each in step.due] + [(step.after.as_of, acted, None)]
        for at, from_it, due in moments:
            while run < at or (run == at and from_it):
                yield PastRun(run, standing, memory, done=True)
                memory, run = memory.ran(run, tuple(dict.fromkeys(done.get(run, ())))), run + turn
            if due is not None:
                memory = memory.with_due(due)
        memory, standing = memory.with_event(step, acts), step.after
    yield PastRun(run, standing, memory, done=False)


def kind_of(promise: str, weight: Weight, kinds: Iterable[str]) -> str:
    """Return the kind of a promise: what its id says before a colon, or else its weight.

    Examples:
        >>> kind_of("delivery:4711", "major", ("major", "minor", "delivery"))
        'delivery'
        >>> kind_of("4711", "major", ("major", "minor", "delivery"))
        'major'
    """
    named, colon, _ = promise.partition(":")
    return named if colon and named in kinds else weight


def _due_words(occurrence: Occurrence) -> Iterator[str]:
    """Yield what a policy hears of something that came due."""
    if isinstance(occurrence.cause, BrokenPromise):
        yield "broken"
    elif isinstance(occurrence.cause, Silence):
        yield "silence"
    if occurrence.reaction is not None:
        yield from _changes(occurrence.reaction)


def _changes(reaction: Reaction) -> Iterator[str]:
    if reaction.change:
        yield "rise" if reaction.change > 0 else "fall"


def word_of(step: Step, acts: Mapping[str, Act], pending: Collection[str]) -> str | None:
    """Return the action or the move that an event tells of; None if it tells nothing new."""
    event = step.event
    if isinstance(event, PromiseKept):
        return "kept_late" if step.reaction is None else "kept"
    if isinstance(event, PromiseBroken):
        return None if step.reaction is None else "broken"
    if isinstance(event, PromiseMade):
        return _act_about("promise", event.promise, event.weight, acts)
    if isinstance(event, PromiseMoved | PromiseReleased):
        verb, word = ("move", "moved") if isinstance(event, PromiseMoved) else ("release", "released")
        weight = next(each.weight for each in step.before.promises if each.id == event.promise)
        act = _act_about(verb, event.promise, weight, acts)
        return act if act in pending else word
    signal = None if event is None else event.signal
    for name, known in acts.items():
        if known.what == "send" and known.signal == signal:
            return name
    return _MOVES.get(signal, signal)


def _act_about(verb: str, promise: str, weight: Weight, acts: Mapping[str, Act]) -> str:
    kinds = {act.kind for act in acts.values() if act.kind is not None}
    return f"{verb}_{kind_of(promise, weight, kinds)}"
