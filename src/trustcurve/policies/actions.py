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
from trustcurve.core.signals import MADE, Weight

__all__ = [
    "ACTIONS",
    "ACTION_EVENTS",
    "ACTION_SIGNALS",
    "MOVES",
    "MOVE_EVENTS",
    "MOVE_SIGNALS",
    "PROMISE_MOVES",
    "PROMISE_WEIGHTS",
    "Action",
    "Move",
    "PromiseMove",
    "action_of",
]

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

ACTION_SIGNALS: Final[dict[str, str | None]] = {
    "wait": None,
    **{action: MADE[weight] for action, weight in PROMISE_WEIGHTS.items()},
    **{action: made(EPOCH).signal for action, made in ACTION_EVENTS.items()},
}
"""The signal of each action, if it has one."""

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

PromiseMove = Literal["kept_late", "moved", "released"]
"""What else the environment can do where it may act at any time: keep a broken promise late, agree to another day for an
open one, or let the company off. They have no probabilities."""

PROMISE_MOVES: Final[tuple[PromiseMove, ...]] = get_args(PromiseMove)

MOVE_EVENTS: Final[dict[str, Callable[[datetime], Event]]] = {
    "complaint": lambda at: Complained(at=at),
    "advocacy": lambda at: Advocated(at=at),
    "purchase": lambda at: Purchased(at=at),
    "customer_one_sided": lambda at: OneSided(at=at, by="customer"),
    "departure": lambda at: Departed(at=at),
    "return": lambda at: Returned(at=at),
}
"""The event of each move that is not about a promise; "nothing" has none."""

MOVE_SIGNALS: Final[dict[str, str | None]] = {move: made(EPOCH).signal for move, made in MOVE_EVENTS.items()}
"""The signal of each of them."""
