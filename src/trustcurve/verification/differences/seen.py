"""What a policy would have seen along a journey that really happened, and what it would have done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import NamedTuple

from trustcurve.core.events import Event, Exchanged, OneSided, PromiseMade, Proposed, Repaired
from trustcurve.core.journey import Journey
from trustcurve.core.standing import Standing
from trustcurve.policies.actions import Action
from trustcurve.verification.unrolling.loop import Loop

__all__ = ["decisions", "treated_alike"]

_LAST = timedelta(microseconds=1)
"""The end of a journey itself is a turn as well, if one falls on it."""


class Situation(NamedTuple):
    """Where a customer stood after an event or (with no event) in a quiet turn, and what the company had done."""

    event: Event | None
    standing: Standing
    turns: int  # whole turns since the journey began
    acts: Sequence[tuple[datetime, Action]]


def treated_alike(old: Loop, new: Loop, journey: Journey) -> bool:
    """Whether two policies, on the same curve and with the same turns, would have done the same all along a journey."""
    return all(_decision(old, each) == _decision(new, each) for each in _situations(old, journey))


def decisions(loop: Loop, journey: Journey) -> Iterator[tuple[Event | None, Action]]:
    """Answer with what a policy would do in each situation of a journey.

    Turns are counted back from it: what the company did in a turn is the last of its acts in it, and what it did in
    the turn before is what it did since, or exactly, one turn ago. Before the journey began there were none.
    """
    return ((each.event, _decision(loop, each)) for each in _situations(loop, journey))


def _situations(loop: Loop, journey: Journey) -> Iterator[Situation]:
    """Answer with the situations after each event, and in each quiet turn until the next or the end of the journey."""
    acts: list[tuple[datetime, Action]] = []
    steps = [(step.event, step.after) for step in journey.steps if step.event is not None]
    ends = [event.at for event, _ in steps[1:]]
    for (event, standing), end in zip_longest(steps, ends):
        act = _act(event)
        if act is not None:
            acts.append((event.at, act))
        yield Situation(event, standing, _turns(loop, standing.as_of - journey.start.as_of), acts)
        for look in _quiet(loop, standing, journey.standing.as_of + _LAST if end is None else end):
            yield Situation(None, look, _turns(loop, look.as_of - journey.start.as_of), acts)


def _quiet(loop: Loop, standing: Standing, end: datetime) -> Iterator[Standing]:
    """Look at a customer once a turn, until something happens."""
    while (at := standing.as_of + loop.turn) < end:
        standing = loop.curve.observe(standing, at).after
        yield standing


def _decision(loop: Loop, situation: Situation) -> Action:
    _, standing, turns, acts = situation
    quiet = (standing.as_of - standing.quiet_since) // loop.turn
    quiet = loop.shown_quiet(quiet)
    policy = loop.policy
    past = _past(loop, standing.as_of, acts, min(max(policy.remember, policy.window), turns))
    asks = sum(1 << place for place, act in enumerate(past[: policy.window]) if act == "ask")
    promises = tuple((promise.weight, 0) for promise in standing.promises if not promise.overdue)
    position = loop.table.number(standing.position)
    return loop.asked.decide(position, quiet, promises, tuple(past[: policy.remember]), asks)


def _past(loop: Loop, now: datetime, acts: Sequence[tuple[datetime, Action]], turns: int) -> list[Action]:
    """Answer with the last act of each of the last turns, the latest first."""
    past: list[Action] = ["wait"] * turns
    for at, act in acts:
        place = _turns(loop, now - at)
        if place < turns:
            past[place] = act
    return past


def _turns(loop: Loop, ago: timedelta) -> int:
    """Count the whole turns between two instants, both in turns of their own: none from one turn to the next."""
    return max(-(-ago // loop.turn) - 1, 0)


def _act(event: Event) -> Action | None:
    """Answer with the action behind an event, if it is the company's."""
    if isinstance(event, PromiseMade):
        return "promise_major" if event.weight == "major" else "promise_minor"
    if isinstance(event, OneSided):
        return "ask" if event.by == "company" else None
    plain: dict[type[Event], Action] = {Proposed: "propose", Exchanged: "exchange", Repaired: "repair"}
    return plain.get(type(event))
