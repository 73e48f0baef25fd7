"""What ``st.from_type`` answers with for our types: values on the default curve."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from trustcurve.core.curve import Curve
from trustcurve.core.events import EVENTS, Event, Signalled
from trustcurve.core.journey import Journey
from trustcurve.core.standing import Position, Standing
from trustcurve.policies.policy import Policy
from trustcurve.testing.strategies.curves import curves
from trustcurve.testing.strategies.events import events, events_of_kind
from trustcurve.testing.strategies.journeys import journeys, positions, standings
from trustcurve.testing.strategies.policies import policies

__all__ = ["strategy_for"]


def strategy_for(thing: object) -> st.SearchStrategy[Any] | None:
    """Answer with the strategy for one of our types, or with None for any other."""
    made = {
        Curve: lambda _: curves(),
        Event: events,
        Journey: journeys,
        Policy: policies,
        Position: positions,
        Standing: standings,
    }
    curve = Curve.default()
    if thing in made:
        return made[thing](curve)
    if thing in EVENTS and thing is not Signalled:
        return events_of_kind(curve, thing)
    return None
