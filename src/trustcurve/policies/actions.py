"""The actions of a company and the moves of its environment, each with its event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal, final, get_args

from attrs import field, frozen

from trustcurve.core.events import (
    Advocated,
    Complained,
    Departed,
    Event,
    Exchanged,
    OneSided,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Proposed,
    Purchased,
    Repaired,
    Returned,
    Signalled,
)
from trustcurve.core.instants import EPOCH
from trustcurve.core.signals import MADE, WEIGHTS, Weight
from trustcurve.core.values import check_word_of
from trustcurve.documents.forms import whole
from trustcurve.errors import final_class

__all__ = [
    "ACTIONS",
    "ACTION_EVENTS",
    "MOVES",
    "MOVE_EVENTS",
    "MOVE_SIGNALS",
    "PROMISE_DUE",
    "PROMISE_MOVES",
    "WAIT",
    "Act",
    "Action",
    "Move",
    "PromiseKind",
    "PromiseMove",
    "acts_of",
    "event_of",
]

Action = Literal["wait", "propose", "promise_major", "promise_minor", "ask", "exchange", "repair"]
"""What every company can do in a turn; a policy can name more."""

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

WAIT: Final = "wait"
"""The action that is none."""

PROMISE_DUE: Final = whole(1, 24, "turns")
"""After how many turns a promise falls due. Source: our choice; each one makes the automaton longer."""

ACTION_EVENTS: Final[dict[str, Callable[[datetime], Event]]] = {
    "propose": lambda at: Proposed(at=at),
    "ask": lambda at: OneSided(at=at, by="company"),
    "exchange": lambda at: Exchanged(at=at),
    "repair": lambda at: Repaired(at=at),
}
"""The event of each action that every company has and that is not about a promise; "wait" has none."""


@final
@frozen
class PromiseKind:
    """A kind of promise that a policy makes.

    Args:
        weight: How much it weighs: "major" for what matters to the customer, "minor" for what is merely expected.
        due: After how many turns it falls due, 1 to 24.
    """

    weight: Weight = field(default="major", validator=check_word_of(WEIGHTS))
    due: int = field(default=2, validator=PROMISE_DUE)

    __init_subclass__ = final_class


@final
@frozen
class Act:
    """What an action is to the ledger.

    Args:
        name: What policies call it.
        what: Whether it sends a signal, or makes, moves or releases a promise.
        signal: The signal that it sends, if it sends one.
        kind: The kind of promise that it is about, if it is about one.
        weight: How much that weighs.
    """

    name: str
    what: Literal["send", "make", "move", "release"]
    signal: str | None
    kind: str | None = None
    weight: Weight = "major"

    __init_subclass__ = final_class


def acts_of(kinds: dict[str, PromiseKind], signals: dict[str, str]) -> dict[str, Act]:
    """Return everything that a company can do, by name, except to wait.

    Args:
        kinds: The kinds of promises: each adds the actions to make, to move and to release one, such as "promise_major".
        signals: The company's own actions, each with its signal.
    """
    plain: dict[str, Any] = {name: made(EPOCH).signal for name, made in ACTION_EVENTS.items()}
    acts = [Act(name, "send", signal) for name, signal in (plain | signals).items()]
    for kind, about in kinds.items():
        signals_of = {"make": MADE[about.weight], "move": None, "release": None}
        verbs: tuple[tuple[str, Any], ...] = (("promise", "make"), ("move", "move"), ("release", "release"))
        acts += [Act(f"{verb}_{kind}", what, signals_of[what], kind, about.weight) for verb, what in verbs]
    return {act.name: act for act in acts}


def event_of(act: Act, at: datetime, *, promise: str | None = None, due: datetime | None = None) -> Event:
    """Return the event of an action.

    Args:
        act: The action.
        at: When it is done.
        promise: The id of the promise that it is about, if it is about one.
        due: The due date of a promise that is made or moved.
    """
    if act.kind is None or promise is None:
        assert act.signal is not None  # noqa: S101 - only what is about promises sends none
        made = ACTION_EVENTS.get(act.name)
        return Signalled(at=at, signal=act.signal) if made is None else made(at)
    if act.what == "release":
        return PromiseReleased(at=at, promise=promise)
    assert due is not None  # noqa: S101 - a company that promises says when
    if act.what == "move":
        return PromiseMoved(at=at, promise=promise, due=due)
    return PromiseMade(at=at, promise=promise, due=due, weight=act.weight)


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
