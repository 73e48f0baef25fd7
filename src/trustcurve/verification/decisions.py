"""Decisions: what a policy would have seen and done along a journey that really happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import NamedTuple

from trustcurve.core.events import Event
from trustcurve.core.journey import Journey
from trustcurve.core.standing import Standing
from trustcurve.policies.actions import Action, action_of
from trustcurve.verification.closed_loop import ClosedLoop

__all__ = ["affected_customers", "decisions"]

_LAST = timedelta(microseconds=1)
"""The end of a journey is a turn as well, if one falls on it."""


class _Situation(NamedTuple):
    """A customer after an event or (without event) in a quiet turn, and what the company had done."""

    event: Event | None
    standing: Standing
    turns: int  # whole turns since the journey began
    acts: Sequence[tuple[datetime, Action]]


def affected_customers(old: ClosedLoop, new: ClosedLoop, journeys: Iterable[Journey]) -> tuple[str, ...]:
    """Return the customers to whom two policies, on the same curve and turns, would have done different things."""
    return tuple(
        journey.customer
        for journey in journeys
        if any(_decision(old, each) != _decision(new, each) for each in _situations(old, journey))
    )


def decisions(loop: ClosedLoop, journey: Journey) -> Iterator[tuple[Event | None, Action]]:
    """Yield what a policy would do in each situation of a journey, with the event before it (None: a quiet turn).

    Turns are counted back from it: the company's action in a turn is its last act in it, and the turn before is the
    time since, or exactly, one turn ago. Before the journey began there were none.
    """
    return ((each.event, _decision(loop, each)) for each in _situations(loop, journey))


def _situations(loop: ClosedLoop, journey: Journey) -> Iterator[_Situation]:
    """Yield the situations after each event, and in each quiet turn until the next or the end of the journey."""
    acts: list[tuple[datetime, Action]] = []
    steps = [(step.event, step.after) for step in journey.steps if step.event is not None]
    ends = [event.at for event, _ in steps[1:]]
    for (event, standing), end in zip_longest(steps, ends):
        act = action_of(event)
        if act is not None:
            acts.append((event.at, act))
        yield _Situation(event, standing, _turns(loop, standing.as_of - journey.start.as_of), acts)
        for later in _quiet(loop, standing, journey.standing.as_of + _LAST if end is None else end):
            yield _Situation(None, later, _turns(loop, later.as_of - journey.start.as_of), acts)


def _quiet(loop: ClosedLoop, standing: Standing, end: datetime) -> Iterator[Standing]:
    """Observe a customer once a turn, until something happens."""
    while (at := standing.as_of + loop.turn) < end:
        standing = loop.curve.observe(standing, at).after
        yield standing


def _decision(loop: ClosedLoop, situation: _Situation) -> Action:
    _, standing, turns, acts = situation
    rules = loop.rules
    quiet = rules.shown_quiet((standing.as_of - standing.quiet_since) // loop.turn)
    past = _past(loop, standing.as_of, acts, min(max(rules.remember, rules.window), turns))
    asks = sum(1 << place for place, act in enumerate(past[: rules.window]) if act == "ask")
    promises = tuple((promise.weight, 0) for promise in standing.promises if not promise.overdue)
    position = loop.table.number(standing.position)
    return loop.policy_cache.decide(position, quiet, promises, tuple(past[: rules.remember]), asks)


def _past(loop: ClosedLoop, now: datetime, acts: Sequence[tuple[datetime, Action]], turns: int) -> list[Action]:
    """Return the last act of each of the last turns, the latest first."""
    past: list[Action] = ["wait"] * turns
    for at, act in acts:
        place = _turns(loop, now - at)
        if place < turns:
            past[place] = act
    return past


def _turns(loop: ClosedLoop, ago: timedelta) -> int:
    """Return the whole turns between two instants, both in turns of their own: none from one turn to the next."""
    return max(-(-ago // loop.turn) - 1, 0)
