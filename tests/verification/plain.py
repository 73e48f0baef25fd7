"""The loop a second time, slow and plain: events through the pure `advance`, views from the standing, no table.

Nothing here knows how the library unrolls its loop: what both say must agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from attrs import field, frozen

from tests.verification.recollection import History
from trustcurve import (
    Advocated,
    Complained,
    Curve,
    Departed,
    Event,
    Exchanged,
    OneSided,
    Promise,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    Proposed,
    Purchased,
    Repaired,
    Returned,
    Standing,
    Step,
)
from trustcurve.policies import ANY, Environment, OpenPromise, Policy, View
from trustcurve.policies.actions import PROMISE_MOVES
from trustcurve.verification.property import Safety
from trustcurve.verification.turn import Turn

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
VIOLATED = -2

MOVE_EVENTS: dict[str, Any] = {
    "complaint": Complained,
    "advocacy": Advocated,
    "purchase": Purchased,
    "customer_one_sided": lambda at: OneSided(at=at, by="customer"),
    "departure": Departed,
    "return": Returned,
}
ACTION_EVENTS: dict[str, Any] = {
    "propose": Proposed,
    "ask": lambda at: OneSided(at=at, by="company"),
    "exchange": Exchanged,
    "repair": Repaired,
}


def changes(step: Step) -> list[str]:
    """Return the rises and falls of a step."""
    return ["rise" if each.change > 0 else "fall" for each in step.reactions if each.change]


class Place(NamedTuple):
    """Where one customer is after some turns: the standing, all actions so far (the latest first), all promises made."""

    standing: Standing
    turns: int
    history: History
    made: int


class Move(NamedTuple):
    """What the environment does: a word, and the promise's id where it is about one."""

    word: str
    promise: str | None = None


@frozen(kw_only=True)
class PlainLoop:
    """One curve, policy and environment, played event by event."""

    curve: Curve
    policy: Policy
    environment: Environment = ANY
    turn: timedelta = MONTH
    promises_max: int = 2
    _known: dict[Any, str] = field(factory=dict, init=False, eq=False, repr=False)

    @property
    def start(self) -> Place:
        """A stranger."""
        return Place(self.curve.begin("ann", BEGIN), 0, History(), 0)

    def open(self, standing: Standing) -> tuple[Promise, ...]:
        """Return the promises that are open and not overdue."""
        return tuple(promise for promise in standing.promises if not promise.overdue)

    def breaks(self, promise: Promise) -> datetime:
        """Return the last instant at which it counts as kept."""
        at = None if promise.due is None or promise.overdue else promise.due + self.curve.grace
        assert at is not None
        return at

    def begun(self, place: Place) -> tuple[Standing, list[str], list[Event], list[str]]:
        """Look at the customer as the next turn begins; who keeps promises then keeps those that could not wait."""
        at = BEGIN + (place.turns + 1) * self.turn
        step = self.curve.observe(place.standing, at)
        standing, signals = step.after, [reaction.signal for reaction in step.reactions]
        heard = ["silence" if signal == "silence" else "broken" for signal in signals] + changes(step)
        events: list[Event] = []
        if self.environment.keeps_promises:
            for promise in self.open(standing):
                if self.breaks(promise) < at + self.turn:
                    events.append(PromiseKept(at=at, promise=promise.id))
                    told = self.curve.advance(standing, events[-1])
                    standing, signals = told.after, [*signals, *(r.signal for r in told.reactions)]
                    heard += ["kept", *changes(told)]
        return standing, signals, events, heard

    def moves(self, place: Place) -> Iterator[Move]:
        """Return everything that the environment can do."""
        standing = self.begun(place)[0]
        departed = standing.position.stage == "departed"
        for word in self.environment.names:
            if word in ("kept", "broken"):
                yield from (Move(word, promise.id) for promise in self.open(standing))
            elif word not in PROMISE_MOVES and (word not in ("departure", "return") or departed == (word == "return")):
                yield Move(word)

    def play(self, place: Place, move: Move) -> tuple[Place, Turn, list[Event]]:
        """Play a turn: where it leads, how it looks, and its events."""
        at = BEGIN + (place.turns + 1) * self.turn
        standing, signals, events, heard = self.begun(place)
        if move.word != "nothing":
            kept_or_broken = PromiseKept if move.word == "kept" else PromiseBroken
            promised = move.promise is not None
            events.append(kept_or_broken(at=at, promise=move.promise) if promised else MOVE_EVENTS[move.word](at=at))
            told = self.curve.advance(standing, events[-1])
            standing, signals = told.after, [*signals, *(r.signal for r in told.reactions)]
            heard += [move.word, *changes(told)]
        history = place.history.hears(*heard)
        met, action, made = standing.position, self.action(standing, history, at), place.made
        if action.startswith("promise_"):
            made += 1
            due = at + self.policy.promise_due * self.turn
            weight: Any = action.removeprefix("promise_")
            events.append(PromiseMade(at=at, promise=f"{made:03}", due=due, weight=weight))
        elif action in ACTION_EVENTS:
            events.append(ACTION_EVENTS[action](at=at))
        history = history.runs(() if action == "wait" else (action,))
        if action != "wait":
            history = history.hears(*changes(self.curve.advance(standing, events[-1])))
            told = self.curve.advance(standing, events[-1])
            standing, signals = told.after, [*signals, *(r.signal for r in told.reactions)]
        after = Place(standing, place.turns + 1, history, made)
        before, now = place.standing, standing
        opened = len(self.open(before)), len(self.open(now))
        moves = frozenset({move.word} - {"nothing"})
        shown: Any = (
            before.position,
            met,
            now.position,
            moves,
            frozenset({action} - {"wait"}),
            frozenset(signals),
            *opened,
        )
        return after, Turn(*shown), events

    def action(self, standing: Standing, history: History, at: datetime) -> str:
        """Ask the policy, with a view made from the standing."""
        position = standing.position
        state = self.curve.state(position)
        weight = {"clear": 0, "due": 0, "slip": 1, "breach": 2}[position.account]
        shown = View(
            stage=position.stage,
            state=state,
            outside=position.stage in ("distrust", "departed"),
            kept=position.kept,
            engaged=position.engaged,
            doubt=position.doubt,
            felt_doubt=position.doubt + weight,
            account=position.account,
            quiet=self.quiet(standing, at),
            promises=tuple(sorted(self.promised(standing, at), key=lambda each: (each.left, each.kind))),
            recalled=tuple((recall, recall.told(history.value(recall))) for recall in self.policy.recalls),
        )
        if shown not in self._known:
            self._known[shown] = " ".join(self.policy.actions(shown)) or "wait"
        return self._known[shown]

    def promised(self, standing: Standing, at: datetime) -> list[OpenPromise]:
        """Return the open promises, each with the whole turns until its day."""
        due = [(promise, promise.due) for promise in self.open(standing)]
        return [OpenPromise(each.weight, each.weight, (day - at) // self.turn) for each, day in due if day is not None]

    def quiet(self, standing: Standing, at: datetime) -> int:
        """Count the turns since the customer last got something, or since a silence counted."""
        turns, period = (at - standing.quiet_since) // self.turn, self.curve.silence_after // self.turn
        return turns if turns <= period else (turns - 1) % period + 1

    def periods(self, standing: Standing, at: datetime) -> int:
        """Count the quiet periods that ended before this turn, as long as they matter to who waits for an agreed day."""
        turns, period = (at - standing.quiet_since) // self.turn, self.curve.silence_after // self.turn
        return min((turns - 1) // period if turns else 0, self.curve.waiting_periods)

    def key(self, place: Place) -> Any:
        """Return everything that anything later can depend on."""
        standing, at = place.standing, BEGIN + place.turns * self.turn
        waiting = tuple((promise.weight, self.breaks(promise) - at) for promise in self.open(standing))
        memory = place.history.values(self.policy.recalls)
        return standing.position, waiting, self.quiet(standing, at), self.periods(standing, at), memory

    def shortest_violation(self, asked: Safety, most: int = 200_000) -> list[Turn] | None:
        """Search for a shortest run that breaks a property, turn by turn, all runs of one length before the next."""
        monitor = asked.monitor
        layer: list[tuple[Place, int, tuple[Turn, ...]]] = [(self.start, monitor.start, ())]
        seen = {(self.key(self.start), monitor.start)}
        while layer:
            then: list[tuple[Place, int, tuple[Turn, ...]]] = []
            for place, state, run in layer:
                for move in self.moves(place):
                    after, turn, _ = self.play(place, move)
                    if (next_state := monitor.step(state, turn)) == VIOLATED:
                        return [*run, turn]
                    key = (self.key(after), next_state)
                    if key not in seen:
                        seen.add(key)
                        then.append((after, next_state, (*run, turn)))
            assert len(seen) <= most
            layer = then
        return None
