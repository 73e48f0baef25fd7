"""What a company can do next, and what may happen to it: the words of policies and environments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, get_args

from trustcurve.core.events import (
    Advocated,
    Complained,
    Departed,
    Event,
    Exchanged,
    OneSided,
    Proposed,
    Purchased,
    Repaired,
    Returned,
)
from trustcurve.core.signals import Weight

__all__ = ["ACTIONS", "ACTION_EVENTS", "MADE", "MOVES", "MOVE_EVENTS", "Action", "Move"]

Action = Literal["wait", "propose", "promise_major", "promise_minor", "ask", "exchange", "repair"]
"""What the company does in a turn."""

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

MADE: Final[dict[str, Weight]] = {"promise_major": "major", "promise_minor": "minor"}
"""The actions that make a promise, and how much it weighs."""

ACTION_EVENTS: Final[dict[str, Callable[[datetime], Event]]] = {
    "propose": lambda at: Proposed(at=at),
    "ask": lambda at: OneSided(at=at, by="company"),
    "exchange": lambda at: Exchanged(at=at),
    "repair": lambda at: Repaired(at=at),
}
"""The event of each other action; "wait" has none."""

Move = Literal[
    "nothing", "kept", "broken", "complaint", "advocacy", "purchase", "customer_one_sided", "departure", "return"
]
"""What the environment does in a turn: the customer, the company's own delivery, or nobody."""

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
