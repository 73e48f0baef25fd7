"""The values that the loop is made of: where it stands between two turns, what is chosen in one, and what came of it."""

from __future__ import annotations

from typing import NamedTuple

from trustcurve.core.signals import Weight
from trustcurve.policies.actions import Action, Move

__all__ = ["Choice", "Decided", "Node", "Open", "Played"]

Open = tuple[tuple[Weight, int], ...]
"""Open promises in the order in which they were made: weight, and turns until it breaks (0: as the next one begins)."""


class Node(NamedTuple):
    """Where the loop stands between two turns: all that anything later can depend on.

    ``position`` is a number of the curve's table, ``quiet`` the turns since the customer last got
    something (or since a silence), ``last`` and ``asks`` the policy's memory: its last actions, and in
    which of the last turns it asked (a bit each, the latest lowest).
    """

    position: int
    promises: Open
    quiet: int
    last: tuple[Action, ...]
    asks: int


Decided = tuple[int, int, Open, tuple[Action, ...], int]
"""What a policy's view is made of: position, quiet, open promises, last actions, asks."""


class Choice(NamedTuple):
    """What the environment chooses in a turn: a move, and for a promise which of the open ones."""

    move: Move
    promise: int | None = None


class Played(NamedTuple):
    """One turn: what was chosen and done, the positions on the way, the signals, and the node after it.

    ``met`` is the position after the clock and the environment, in which the policy decided; ``decided``
    is all that it saw, for ``Loop.view``.
    """

    before: Node
    choice: Choice
    clock: int
    met: int
    action: Action
    after: Node
    decided: Decided
    signals: tuple[tuple[str, str], ...]  # (who: "clock", "kept", "move" or "action"; signal)
