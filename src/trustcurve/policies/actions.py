"""The actions of a company and the moves of its environment, each with its event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, cast, get_args

from trustcurve.core.events import (
    Advocated,
    Complained,
    Departed,
    Event,
    Exchanged,
    OneSided,
    PromiseMade,
    Proposed,
    Purchased,
    Repaired,
    Returned,
)
from trustcurve.core.instants import EPOCH
from trustcurve.core.signals import Weight

__all__ = ["ACTIONS", "ACTION_EVENTS", "MOVES", "MOVE_EVENTS", "PROMISE_WEIGHTS", "Action", "Move", "action_of"]

Action = Literal["wait", "propose", "promise_major", "promise_minor", "ask", "exchange", "repair"]
"""What the company does in a turn."""

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

PROMISE_WEIGHTS: Final[dict[str, Weight]] = {"promise_major": "major", "promise_minor": "minor"}
"""The actions that make a promise, and how much it weighs."""

ACTION_EVENTS: Final[dict[str, Callable[[datetime], Event]]] = {
    "propose": lambda at: Proposed(at=at),
    "ask": lambda at: OneSided(at=at, by="company"),
    "exchange": lambda at: Exchanged(at=at),
    "repair": lambda at: Repaired(at=at),
}
"""The event of each other action; "wait" has none."""

_ACTION_OF: Final[dict[type[Event], Action]] = {
    type(made(EPOCH)): cast("Action", action) for action, made in ACTION_EVENTS.items()
}


def action_of(event: Event) -> Action | None:
    """Return the company's action behind an event, if there is one."""
    if isinstance(event, PromiseMade):
        return "promise_major" if event.weight == "major" else "promise_minor"
    if isinstance(event, OneSided) and event.by != "company":
        return None
    return _ACTION_OF.get(type(event))


Move = Literal[
    "nothing", "kept", "broken", "complaint", "advocacy", "purchase", "customer_one_sided", "departure", "return"
]
"""What the environment does in a turn: the customer, the company's own delivery, or nothing."""

MOVES: Final[tuple[Move, ...]] = get_args(Move)

MOVE_EVENTS: Final[dict[str, Callable[[datetime], Event]]] = {
    "complaint": lambda at: Complained(at=at),
    "advocacy": lambda at: Advocated(at=at),
    "purchase": lambda at: Purchased(at=at),
    "customer_one_sided": lambda at: OneSided(at=at, by="customer"),
    "departure": lambda at: Departed(at=at),
    "return": lambda at: Returned(at=at),
}
"""The event of each move that is not about a promise; "nothing" has none."""
