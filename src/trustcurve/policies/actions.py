"""What a company can do next, and what may happen to it: the words of policies and environments."""

from __future__ import annotations

from typing import Final, Literal, get_args

__all__ = ["ACTIONS", "ACTION_SIGNALS", "MOVES", "MOVE_SIGNALS", "Action", "Move"]

Action = Literal["wait", "propose", "promise_major", "promise_minor", "ask", "exchange", "repair"]
"""What the company does in a turn."""

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

ACTION_SIGNALS: Final[dict[Action, str | None]] = {
    "wait": None,
    "propose": "proposition",
    "promise_major": "promise_made",
    "promise_minor": None,
    "ask": "company_one_sided",
    "exchange": "exchange",
    "repair": "repair",
}
"""The signal that the curve sees of each action. A minor promise has none until it is kept or broken."""

Move = Literal[
    "nothing", "kept", "broken", "complaint", "advocacy", "purchase", "customer_one_sided", "departure", "return"
]
"""What the environment does in a turn: the customer, the company's own delivery, or nobody."""

MOVES: Final[tuple[Move, ...]] = get_args(Move)

MOVE_SIGNALS: Final[dict[Move, str | None]] = {
    "nothing": None,
    "kept": None,  # as the promise weighs
    "broken": None,
    "complaint": "complaint",
    "advocacy": "advocacy",
    "purchase": "purchase",
    "customer_one_sided": "customer_one_sided",
    "departure": "departure",
    "return": "return",
}
"""The signal of each move; that of a promise kept or broken depends on its weight."""
