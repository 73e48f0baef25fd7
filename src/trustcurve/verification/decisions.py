"""Decisions that policies would have made along journeys that really happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trustcurve.core.journey import Journey
from trustcurve.policies.decision import Decision
from trustcurve.policies.memory import runs_along
from trustcurve.verification.closed_loop import ClosedLoop

__all__ = ["affected_customers", "decisions"]


def affected_customers(old: ClosedLoop, new: ClosedLoop, journeys: Iterable[Journey]) -> tuple[str, ...]:
    """Return the customers to whom two policies, on the same curve and turns, would have done different things."""
    return tuple(
        journey.customer
        for journey in journeys
        if any(
            was.actions != now.actions
            for was, now in zip(decisions(old, journey), decisions(new, journey), strict=True)
        )
    )


def decisions(loop: ClosedLoop, journey: Journey) -> Iterator[Decision]:
    """Yield what a policy would decide at each run along a journey, once a turn, and at the next run after its end.

    What the company did in the journey stays as it was: the policy remembers that, and not what it would have done.
    """
    for run in runs_along(journey, loop.policy.memory(), loop.policy.acts, loop.turn):
        yield loop.policy.next_action(loop.curve, run.standing, run.memory, at=run.at, turn=loop.turn)
