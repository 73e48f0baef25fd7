"""The journey builder: turns whatever actions are drawn into a valid sequence of events, so that no draw is rejected."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Final

from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import (
    EVENTS,
    Event,
    OneSided,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Signalled,
)
from trustcurve.core.instants import LAST, MICROSECOND, datetime_of, duration_us, microseconds
from trustcurve.core.journey import Journey
from trustcurve.core.promises import Promise
from trustcurve.core.signals import BROKEN, KEPT, SIDES, SILENCE, Weight
from trustcurve.core.standing import Standing
from trustcurve.core.values import Value
from trustcurve.errors import InvalidValueError

__all__ = [
    "PROMISE_ACTIONS",
    "UNREACHABLE",
    "WAITS",
    "Destination",
    "JourneyAction",
    "JourneyBuilder",
    "Target",
    "build_journey",
    "plan_actions",
    "shortest_paths",
]

WAITS: Final = ("none", "a day", "a third of a quiet period", "to the last moment", "too late", "a quiet period", "two")
"""How long nothing happens before an action. "To the last moment" ends when a promise still counts as kept, "too late" one
microsecond later."""

PROMISE_ACTIONS: Final[dict[str, Weight | None]] = {
    "promise_made": "major",
    "minor_promise_made": "minor",
    "promise_moved": None,
    "promise_released": None,
}
"""What can happen to promises beside being kept or broken, and the weight of those that are made."""

_PLAIN: Final[dict[str | None, type[Event]]] = {kind.signal: kind for kind in EVENTS if isinstance(kind.signal, str)}
_ONE_SIDED: Final = dict(zip(("company_one_sided", "customer_one_sided"), SIDES, strict=True))
_ENDS: Final[dict[str, tuple[type[PromiseKept | PromiseBroken], Weight]]] = {
    **{signal: (PromiseKept, weight) for weight, signal in KEPT.items()},
    **{signal: (PromiseBroken, weight) for weight, signal in BROKEN.items()},
}
_DAY: Final = timedelta(days=1)
_THIRDS: Final = 3


@frozen(eq=False, repr=False)
class JourneyAction(Value):
    """Something that happens, after a while. It has a meaning in every standing.

    Args:
        what: A signal of the curve or one of ``PROMISE_ACTIONS``.
        wait: How long nothing happens before, one of ``WAITS``.
        which: Which promise it is about, counted modulo their number.
        due: When a promise is due: a time (now, if it has passed), or a number of thirds of a quiet period from now;
            None: it has no date.
    """

    what: str
    wait: str = WAITS[0]
    which: int = 0
    due: datetime | int | None = None


@frozen(eq=False, repr=False)
class Target(Value):
    """The actions that lead by a shortest path to a rare position, counted from the current one (0: none); then one action."""

    goal: int
    action: JourneyAction


@frozen
class Destination:
    """Where a journey has to end: in one of some positions, if possible in a certain one of them."""

    goals: frozenset[int]
    preferred: int


# --- shortest paths -------------------------------------------------------------------------------

UNREACHABLE: Final = -1
"""In place of a distance or of a signal's number: no path leads there, or none is needed."""

_Paths = tuple[tuple[int, ...], tuple[int, ...]]
"""For each position: its distance from the goal in signals, and the number of the first signal of a shortest path."""


@frozen(eq=False)
class ShortestPaths:
    """Shortest paths through a curve's table, computed once for each goal."""

    curve: Curve
    _known: dict[frozenset[int], _Paths] = field(factory=dict, init=False)

    @cached_property
    def _sources(self) -> tuple[tuple[int, ...], ...]:
        """For each position, the positions from which some signal leads to it."""
        leads = self.curve.table().next
        into: list[dict[int, None]] = [{} for _ in leads]
        for source, row in enumerate(leads):
            for target in row:
                into[target][source] = None
        return tuple(map(tuple, into))

    @cached_property
    def leaves(self) -> tuple[int, ...]:
        """The leaves of the tree of shortest paths from the start: paths to all of them visit every position."""
        leads = self.curve.table().next
        inner, seen = set[int](), {0}
        for source, row in enumerate(leads):
            new = set(row) - seen
            seen |= new
            if new:
                inner.add(source)
        return tuple(number for number in range(len(leads)) if number not in inner)

    def to(self, goals: frozenset[int]) -> _Paths:
        """Return the shortest paths from every position to the nearest of some positions, by backward search."""
        known = self._known.get(goals)
        if known is None:
            known = self._known[goals] = self._search(goals)
        return known

    def _search(self, goals: frozenset[int]) -> _Paths:
        leads = self.curve.table().next
        distance, first = [UNREACHABLE] * len(leads), [UNREACHABLE] * len(leads)
        for goal in goals:
            distance[goal] = 0
        for target in (queue := sorted(goals)):
            for source in self._sources[target]:
                if distance[source] == UNREACHABLE:
                    distance[source] = distance[target] + 1
                    first[source] = leads[source].index(target)
                    queue.append(source)
        return tuple(distance), tuple(first)


@lru_cache(maxsize=16)
def shortest_paths(curve: Curve) -> ShortestPaths:
    """Return the shortest paths of a curve, one object for all callers."""
    return ShortestPaths(curve)


# --- the builder ----------------------------------------------------------------------------------


@define(eq=False)
class JourneyBuilder:
    """Builds one customer's journey action by action, up to ``events_max`` events."""

    curve: Curve
    standing: Standing
    events_max: int
    events: list[Event] = field(factory=list, init=False)
    now: datetime = field(init=False)
    _promises_made: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.now = self.standing.as_of

    @property
    def events_left(self) -> int:
        """How many more events it may have."""
        return self.events_max - len(self.events)

    @property
    def position(self) -> int:
        """The number of the customer's position now, after everything that came due."""
        at = self.standing.position
        if self.now > self.standing.as_of:
            at = self.curve.observe(self.standing, self.now).after.position
        return self.curve.table().number(at)

    def mark(self) -> tuple[Standing, datetime, int]:
        """Return a mark for ``rewind``."""
        return self.standing, self.now, len(self.events)

    def rewind(self, mark: tuple[Standing, datetime, int]) -> None:
        """Remove everything that was added since a mark."""
        self.standing, self.now = mark[:2]
        del self.events[mark[2] :]

    def add(self, action: JourneyAction) -> None:
        """Let an action happen, after its wait."""
        self.wait(action)
        if action.what == SILENCE:
            self.now = self._next_due() or self.now
        elif self.events_left:
            event = self._event(action)
            self.standing = self.curve.advance(self.standing, event).after
            self.events.append(event)

    def path(self, goals: frozenset[int], wait: str = "a day") -> Iterator[JourneyAction]:
        """Yield the actions that lead to the nearest of some positions, each to be added before the next one.

        What comes due in between may lead elsewhere; the path continues from there. It ends if the journey is long enough.
        """
        _, first = shortest_paths(self.curve).to(goals)
        silences_left = self.events_max
        while (column := first[self.position]) != UNREACHABLE and self.events_left and silences_left:
            signal = self.curve.signals[column]
            silences_left -= signal == SILENCE
            yield JourneyAction(signal, "none" if signal == SILENCE else wait)

    def go(self, goals: frozenset[int], wait: str = "a day") -> bool:
        """Go to the nearest of some positions; return whether it was reached."""
        for action in self.path(goals, wait):
            self.add(action)
        return self.position in goals

    def can_reach(self, goals: frozenset[int]) -> bool:
        """Return whether as many signals as there are events left lead to one of some positions."""
        distance, _ = shortest_paths(self.curve).to(goals)
        return UNREACHABLE < distance[self.position] <= self.events_left

    def wait(self, action: JourneyAction) -> None:
        """Let the time before an action pass."""
        period = self.curve.silence_after
        if action.wait in ("to the last moment", "too late"):
            due = self._next_due()
            if due is not None:
                self.now = max(self.now, due - MICROSECOND if action.wait == "to the last moment" else due)
            return
        gaps = {
            "a day": min(_DAY, period / 90),
            "a third of a quiet period": period / _THIRDS,
            "a quiet period": period,
            "two": period * 2,
        }
        self.now = min(_later(self.now, gaps.get(action.wait, timedelta(0))), datetime_of(LAST) - _DAY)

    def _next_due(self) -> datetime | None:
        return self.curve.next_due(self.curve.observe(self.standing, self.now).after)

    def _event(self, action: JourneyAction) -> Event:
        """Return the event of an action now; instead of one about a missing promise, one that makes a promise."""
        what, at = action.what, self.now
        if what in _PLAIN:
            return _PLAIN[what](at=at)
        if what in _ONE_SIDED:
            return OneSided(at=at, by=_ONE_SIDED[what])
        if what in _ENDS:
            kind, weight = _ENDS[what]
            found = self._promise(action, [each for each in self.standing.promises if each.weight == weight])
            if found is None:  # not every company logs that it promised
                return kind(at=at, promise=self._new_promise(), weight=weight)
            return kind(at=at, promise=found.id)
        if what in PROMISE_ACTIONS:
            return self._promise_event(action)
        return Signalled(at=at, signal=what)

    def _promise_event(self, action: JourneyAction) -> Event:
        at, due, weight = self.now, self._due(action), PROMISE_ACTIONS[action.what]
        if weight is None:
            promises = self.curve.observe(self.standing, at).after.promises
            if action.what == "promise_released":
                found = self._promise(action, list(promises))
                if found is not None:
                    return PromiseReleased(at=at, promise=found.id)
            else:
                found = self._promise(action, [each for each in promises if not each.overdue])
                if found is not None:
                    return PromiseMoved(at=at, promise=found.id, due=due or at)
        return PromiseMade(at=at, promise=self._new_promise(), due=due, weight=weight or "major")

    def _promise(self, action: JourneyAction, among: list[Promise]) -> Promise | None:
        return among[action.which % len(among)] if among else None

    def _due(self, action: JourneyAction) -> datetime | None:
        if isinstance(action.due, datetime):
            return max(self.now, action.due)
        return None if action.due is None else _later(self.now, self.curve.silence_after / _THIRDS * action.due)

    def _new_promise(self) -> str:
        known = {promise.id for promise in self.standing.promises}
        while True:
            self._promises_made += 1
            name = f"promise {self._promises_made}"
            if name not in known:
                return name


def plan_actions(curve: Curve, start: Standing, targets: Iterable[Target], events_max: int) -> list[JourneyAction]:
    """Return the actions that reach some targets one after the other, at most ``events_max``."""
    builder, plan = JourneyBuilder(curve, start, events_max), list[JourneyAction]()
    leaves = shortest_paths(curve).leaves
    for number, target in enumerate(targets, start=1):
        if target.goal:
            # Counted from the current position, and further with each target: equal numbers lead to different positions.
            goal = leaves[(bisect(leaves, builder.position) + target.goal * number) % len(leaves)]
            for action in builder.path(frozenset({goal})):
                plan.append(action)
                builder.add(action)
        plan.append(target.action)
        builder.add(target.action)
    return plan[:events_max]


def build_journey(
    curve: Curve,
    start: Standing,
    plan: Iterable[JourneyAction],
    events_max: int,
    destination: Destination | None = None,
) -> Journey:
    """Build a journey of at most ``events_max`` events from actions; it ends at the destination, if there is one.

    Raises:
        InvalidValueError: The destination cannot be reached in that number of events.
    """
    builder = JourneyBuilder(curve, start, events_max)
    for action in plan:
        before = builder.mark()
        builder.add(action)
        if destination is not None and not builder.can_reach(destination.goals):
            builder.rewind(before)
            break
    if destination is not None and not _end_at(builder, destination):
        builder = JourneyBuilder(curve, start, events_max)  # the plan leads away: go there directly
        if not builder.go(destination.goals, wait="none"):
            raise InvalidValueError("reach", events_max, f"must be reachable in at most {events_max} events")
    return curve.journey(builder.events, start=start, until=builder.now)


def _end_at(builder: JourneyBuilder, destination: Destination) -> bool:
    preferred, before = frozenset({destination.preferred}), builder.mark()
    if builder.can_reach(preferred) and builder.go(preferred):
        return True
    builder.rewind(before)
    return builder.go(destination.goals)


def _later(start: datetime, elapsed: timedelta) -> datetime:
    """Add a duration; what would lie beyond the end of the calendar lies at its end."""
    return datetime_of(microseconds(start) + duration_us(elapsed))
