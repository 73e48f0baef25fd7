"""Run a saved journey through a policy again: the customer does the same, the company what the policy now says."""

from __future__ import annotations

from datetime import datetime

from trustcurve.core.events import OneSided, PromiseBroken, PromiseKept
from trustcurve.core.journey import Journey
from trustcurve.core.steps import Step
from trustcurve.policies.actions import Move
from trustcurve.testing.strategies.runs import walked
from trustcurve.verification.closed_loop import ClosedLoop, EnvironmentMove
from trustcurve.verification.results import Witness

__all__ = ["rerun"]

_MOVES: dict[str, Move] = {
    "Complained": "complaint",
    "Advocated": "advocacy",
    "Purchased": "purchase",
    "Departed": "departure",
    "Returned": "return",
}


def rerun(loop: ClosedLoop, journey: Journey) -> Witness:
    """Take the environment's moves of a journey, one a turn, and let the loop's policy answer them.

    What the company did in the journey is left out: the policy may have changed since. A move that is not possible any
    more, say about a promise that is not made now, becomes "nothing"; of two moves in one turn the first counts.
    """
    choices: dict[int, EnvironmentMove] = {}
    for step in journey.steps:
        choice = _choice(loop, step)
        if step.event is not None and choice is not None:
            choices.setdefault(_turn(loop, journey, step.event.at), choice)
    turns = max([_turn(loop, journey, journey.standing.as_of), *choices], default=0)
    return walked(loop, [choices.get(number, EnvironmentMove("nothing")) for number in range(1, turns + 1)])


def _turn(loop: ClosedLoop, journey: Journey, at: datetime) -> int:
    return round((at - journey.start.as_of) / loop.turn)


def _choice(loop: ClosedLoop, step: Step) -> EnvironmentMove | None:
    """Answer with the environment's choice behind a step; None where it was the company's, or the clock's."""
    event = step.event
    if isinstance(event, PromiseKept | PromiseBroken):
        now = loop.curve.observe(step.before, event.at).after.promises
        still = [promise for promise in now if not promise.overdue]
        place = next((place for place, promise in enumerate(still) if promise.id == event.promise), None)
        if place is not None and loop.environment.keeps_promises:
            due = still[place].due
            if due is not None and due + loop.curve.grace < event.at + loop.turn:
                return None  # it is kept by itself
        return EnvironmentMove("kept" if isinstance(event, PromiseKept) else "broken", place)
    if isinstance(event, OneSided):
        return EnvironmentMove("customer_one_sided") if event.by == "customer" else None
    move = _MOVES.get(type(event).__name__)
    return None if move is None else EnvironmentMove(move)
