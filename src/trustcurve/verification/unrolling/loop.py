"""The closed loop: in each turn the clock, the environment's move and the policy's action, all through the ledger.

A turn lasts a whole part of a quiet period, and everything in it happens at the instant at which it ends. So the
loop is the ledger on a grid of times, seen modulo ``as_of``: what two standings have in common once their times are
counted back from now is one state of the loop.

Source of the order within a turn: our choice; the customer moves and the company answers.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from attrs import field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event, PromiseBroken, PromiseKept, PromiseMade
from trustcurve.core.instants import EPOCH, datetime_of, duration_us
from trustcurve.core.promises import Promise, PromiseBook
from trustcurve.core.standing import Reaction, Standing
from trustcurve.core.table import Table
from trustcurve.errors import InvalidValueError
from trustcurve.policies.actions import ACTION_EVENTS, MADE, MOVE_EVENTS, Action
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import OPEN_MAX, Policy
from trustcurve.policies.view import View
from trustcurve.verification.unrolling.asking import Asked
from trustcurve.verification.unrolling.turns import Choice, Decided, Node, Open, Played

__all__ = ["ANYBODY", "BEGIN", "TURNS_PER_SILENCE", "Loop"]

ANYBODY: Final = "the customer"
"""The customer of every standing of the loop; this very object, so that no customer of a journey is taken for it."""

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""The day on which a stranger's journey begins. Source: our choice; only durations matter."""

Place = tuple[int, Open, int]
"""Where the customer stands, modulo the time: the number of the position, open promises, quiet turns."""

Signals = tuple[tuple[str, str], ...]
"""Who sent which signal, in order."""

Begun = tuple[Place, Signals]
"""How a turn begins, after the clock."""

Answer = tuple[Decided, Action, Node | None, Signals]
"""What the policy does: what it saw, the action, the node after it (None: it promises too much), the action's signal."""

TURNS_PER_SILENCE = 3
"""How many turns a quiet period has, if nothing else is said. Source: our choice: a turn is a month on the default curve."""


def _or_none(value: Any) -> Any:
    return value  # None is replaced once the curve is known


@frozen(kw_only=True, eq=False)
class Loop:
    """The rules of a turn, for one curve, policy and environment.

    Args:
        curve: The curve.
        policy: The policy.
        environment: What may happen.
        turn: How long a turn lasts; the curve's quiet period must be a whole number of turns. If left
            out, a third of it: 30 days on the default curve.
        promises_max: The most promises that may be open at once.
        begin: Where the customer stands as it begins: no promise open, and a whole number of turns after
            ``quiet_since``. A stranger if left out.

    Raises:
        InvalidValueError: The quiet period is no whole number of turns, or a number is out of range.
    """

    curve: Curve
    policy: Policy
    environment: Environment = ANY
    turn: timedelta = field(default=None, converter=_or_none)  # None: worked out from the curve
    promises_max: int = 2
    begin: Standing = field(default=None, converter=_or_none)  # None: a stranger on that curve
    _latest: tuple[Node, Begun, dict[Choice, Begun]] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        if self.begin is None:
            object.__setattr__(self, "begin", self.curve.begin("witness", BEGIN))
        if self.turn is None:
            object.__setattr__(self, "turn", self.curve.silence_after / TURNS_PER_SILENCE)
        if not isinstance(self.turn, timedelta) or self.turn <= timedelta(0) or self.curve.silence_after % self.turn:
            raise InvalidValueError(
                "turn",
                self.turn,
                f"the curve's quiet period, {self.curve.silence_after}, must be a whole number of turns",
            )
        if type(self.promises_max) is not int or not 0 <= self.promises_max <= OPEN_MAX:
            raise InvalidValueError("promises_max", self.promises_max, f"must be a whole number from 0 to {OPEN_MAX}")
        if any(not promise.overdue for promise in self.begin.promises):
            raise InvalidValueError("begin", self.begin, "must have no open promise")
        if (self.begin.as_of - self.begin.quiet_since) % self.turn:
            raise InvalidValueError("begin", self.begin, f"must lie whole turns of {self.turn} after quiet_since")

    @cached_property
    def table(self) -> Table:
        """The curve's table."""
        return self.curve.table()

    @cached_property
    def quiet_turns(self) -> int:
        """How many turns a quiet period has."""
        return self.curve.silence_after // self.turn

    @cached_property
    def start(self) -> Node:
        """The customer as it begins, of whom the policy remembers nothing yet."""
        quiet = self._reduced((self.begin.as_of - self.begin.quiet_since) // self.turn)
        return Node(self.table.number(self.begin.position), (), quiet, (), 0)

    @cached_property
    def asked(self) -> Asked:
        """The policy, and what it has answered so far."""
        return Asked(curve=self.curve, policy=self.policy)

    @cached_property
    def _moves(self) -> dict[Begun, dict[Choice, Begun]]:
        return {}

    @cached_property
    def _begins(self) -> dict[Place, Begun]:
        return {}

    @cached_property
    def _entered(self) -> dict[tuple[Place, str, int | None], tuple[Place, tuple[str, ...]]]:
        return {}

    @cached_property
    def _events(self) -> dict[tuple[str, int | None], Event]:
        return {}

    @cached_property
    def _answers(self) -> dict[Decided, Answer]:
        return {}

    # --- modulo the time: the turn that is played ends at the origin of times ------------------------

    @cached_property
    def _turn_us(self) -> int:
        return duration_us(self.turn)

    @cached_property
    def _grace_turns(self) -> int:
        return self.curve.grace // self.turn

    def _standing(self, place: Place, turns_ago: int) -> Standing:
        """Return a standing at such a place, as many turns before the origin of times."""
        number, promises, quiet = place
        now = -turns_ago * self._turn_us
        due = now - self._grace_turns * self._turn_us
        book = PromiseBook.of(
            Promise(_name(n), datetime_of(due + turns * self._turn_us), weight)
            for n, (weight, turns) in enumerate(promises)
        )
        return Standing.of(ANYBODY, self.table.positions[number], now, now - quiet * self._turn_us, book)

    def _place(self, standing: Standing) -> Place:
        """Return the place of a standing at the origin of times; overdue promises can change nothing any more."""
        promises = (
            tuple(
                (promise.weight, duration_us(promise.due - EPOCH) // self._turn_us + self._grace_turns)
                for promise in standing.book
                if promise.due is not None and not promise.overdue
            )
            if standing.book
            else ()
        )
        return self.table.numbers[standing.position], promises, self._reduced(-standing.quiet_since_us // self._turn_us)

    def _reduced(self, quiet: int) -> int:
        """Return a number of quiet turns after which the same silences come: beyond the waiting periods all are alike."""
        waiting = self.curve.waiting_periods * self.quiet_turns
        return quiet if quiet <= waiting + self.quiet_turns else waiting + (quiet - 1) % self.quiet_turns + 1

    def shown_quiet(self, quiet: int) -> int:
        """Return the quiet turns that a policy sees: since the customer got something, or since the last quiet period."""
        return (quiet - 1) % self.quiet_turns + 1 if quiet else 0

    def view(self, decided: Decided) -> View:
        """Return what the policy saw."""
        position, quiet, promises, last, asks = decided
        return self.asked.view(position, self.shown_quiet(quiet), promises, last, asks)

    # --- a turn ---------------------------------------------------------------------------------------

    def choices(self, node: Node) -> tuple[Choice, ...]:
        """Return everything that the environment can choose after a node, harmless first."""
        return tuple(self._begun(node)[1])

    def play(self, node: Node, choice: Choice) -> Played | None:
        """Play a turn; return None where the policy promises more than ``promises_max`` at once."""
        begun, moves = self._begun(node)
        (met, promises, quiet), signals = moves.get(choice) or self._move(begun, choice)
        decided = (met, quiet, promises, node.last, node.asks)
        answer = self._answers.get(decided)
        if answer is None:
            answer = self._answers[decided] = self._answer(decided)
        decided, action, after, sent = answer
        if after is None:
            return None
        return Played(node, choice, begun[0][0], met, action, after, decided, signals + sent)

    def due(self, node: Node) -> list[int]:
        """Return the places of the promises that break as the next turn begins, or that are kept just in time."""
        last = 1 if self.environment.keeps_promises else 0
        return [place for place, (_, turns) in enumerate(node.promises) if turns == last]

    def _begun(self, node: Node) -> tuple[Begun, dict[Choice, Begun]]:
        """Run the clock as a turn begins, and play each move that can follow: once for all turns of a node."""
        if self._latest is None or self._latest[0] is not node:
            place = (node.position, node.promises, node.quiet)
            begun = self._begins.get(place) or self._begins.setdefault(place, self._begin_turn(place))
            moves = self._moves.get(begun)
            if moves is None:
                moves = self._moves[begun] = {choice: self._move(begun, choice) for choice in self._choose(begun[0])}
            object.__setattr__(self, "_latest", (node, begun, moves))
        assert self._latest is not None  # noqa: S101 - it was just set
        return self._latest[1:]

    def _begin_turn(self, place: Place) -> Begun:
        """Run the clock up to the turn; if promises are always kept, keep those that would break before the next."""
        step = self.curve.observe(self._standing(place, 1), EPOCH)
        standing, signals = step.after, _sent("clock", step.reactions)
        if self.environment.keeps_promises:
            for promise in standing.book:
                if (
                    not promise.overdue
                    and promise.due is not None
                    and promise.due + self.curve.grace < EPOCH + self.turn
                ):
                    step = self.curve.advance(standing, PromiseKept(at=EPOCH, promise=promise.id))
                    standing, signals = step.after, signals + _sent("kept", step.reactions)
        return self._place(standing), signals

    def _choose(self, place: Place) -> tuple[Choice, ...]:
        """Return what can be chosen at a place; of promises that are alike the first stands for all."""
        number, promises, _ = place
        departed = self.curve.stage(self.table.positions[number]).apart
        possible = list[Choice]()
        for move in self.environment.names:
            if move in ("kept", "broken"):
                possible += [Choice(move, n) for n, each in enumerate(promises) if each not in promises[:n]]
            elif move not in ("departure", "return") or departed == (move == "return"):
                possible.append(Choice(move))
        if self.environment.probabilities is None:
            return tuple(possible)
        likely = self.environment.likely([choice.move for choice in possible])
        return tuple(choice for choice, p in zip(possible, likely, strict=True) if p)

    def _move(self, begun: Begun, choice: Choice) -> Begun:
        """Play the environment's move."""
        place, signals = begun
        if choice.promise is None and choice.move not in MOVE_EVENTS:
            return begun
        after, sent = self._enter(place, *choice)
        return after, signals + tuple(("move", signal) for signal in sent)

    def _enter(self, place: Place, what: str, promise: int | None) -> tuple[Place, tuple[str, ...]]:
        """Apply the event of a move or an action at a place: once, however often it is played there.

        What is not about a promise leaves the promise book alone, and either ends the silence or does not: so it is
        played once for all places of a position.
        """
        number, promises, quiet = place
        about = promise is not None or what in MADE
        at = place if about else (number, (), 1)
        known = self._entered.get((at, what, promise))
        if known is None:
            step = self.curve.advance(self._standing(at, 0), self._event(at, what, promise))
            signals: tuple[str, ...] = () if step.reaction is None else (step.reaction.signal,)
            known = self._entered[at, what, promise] = (self._place(step.after), signals)
        if about:
            return known
        (after, _, silent), signals = known
        return (after, promises, quiet if silent else 0), signals

    def _event(self, place: Place, what: str, promise: int | None) -> Event:
        key = (what, len(place[1]) if what in MADE else promise)
        known = self._events.get(key)
        if known is None:
            known = self._events[key] = self._make_event(*key)
        return known

    def _make_event(self, what: str, promise: int | None) -> Event:
        if promise is None:
            return (MOVE_EVENTS.get(what) or ACTION_EVENTS[what])(EPOCH)
        if what in MADE:
            due = EPOCH + self.policy.promise_due * self.turn
            return PromiseMade(at=EPOCH, promise=_name(promise), due=due, weight=MADE[what])
        return (PromiseKept if what == "kept" else PromiseBroken)(at=EPOCH, promise=_name(promise))

    def _answer(self, decided: Decided) -> Answer:
        """Play the policy's action."""
        number, quiet, promises, last, asks = decided
        action = self.asked.decide(number, self.shown_quiet(quiet), promises, last, asks)
        place, sent = (number, promises, quiet), Signals()
        if action in MADE and len(promises) == self.promises_max:
            return decided, action, None, ()
        if action in MADE or action in ACTION_EVENTS:
            place, signals = self._enter(place, action, None)
            sent = tuple(("action", signal) for signal in signals)
        last = (action, *last)[: self.policy.remember]
        asks = (asks << 1 | (action == "ask")) & ((1 << self.policy.window) - 1)
        return decided, action, Node(*place, last, asks), sent


def _name(number: int) -> str:
    """Return the id of a promise by its place among the open ones: what was made earlier comes first."""
    return f"{number:03}"


def _sent(who: str, reactions: tuple[Reaction, ...]) -> Signals:
    return tuple((who, reaction.signal) for reaction in reactions)
