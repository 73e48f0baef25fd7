"""The closed loop: in each turn the clock, a move of the environment and an action of the policy, all through the ledger.

A turn lasts a whole part of a quiet period, and everything in it happens at the instant at which it ends. So the
loop is the ledger on a grid of times, modulo ``as_of``: standings that are equal once their times are counted back
from now are one state of the loop.

Source of the order within a turn: our choice; the customer moves and the company answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple

from attrs import field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event, PromiseBroken, PromiseKept, PromiseMade
from trustcurve.core.instants import EPOCH, datetime_of, duration_us
from trustcurve.core.promises import Promise, PromiseBook
from trustcurve.core.signals import Weight
from trustcurve.core.standing import Reaction, Standing
from trustcurve.core.table import Table
from trustcurve.errors import InvalidValueError
from trustcurve.policies.actions import ACTION_EVENTS, MOVE_EVENTS, PROMISE_WEIGHTS, Action, Move
from trustcurve.policies.environment import ANY, Environment, move_probabilities
from trustcurve.policies.policy import OPEN_MAX, ImpurePolicyError, Policy
from trustcurve.policies.view import View

__all__ = [
    "ANYBODY",
    "BEGIN",
    "TURNS_PER_SILENCE",
    "ClosedLoop",
    "EnvironmentMove",
    "Node",
    "OpenPromises",
    "PolicyCache",
    "TurnRecord",
    "ViewKey",
]

ANYBODY: Final = "the customer"
"""The customer of every standing of the loop; this very object, so that no customer of a journey is taken for it."""

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""The day on which a stranger's journey begins. Source: our choice; only durations matter."""

TURNS_PER_SILENCE = 3
"""How many turns a quiet period has by default. Source: our choice: a turn is a month on the default curve."""

# --- the values of the loop ---------------------------------------------------------------------------

OpenPromises = tuple[tuple[Weight, int], ...]
"""Open promises, oldest first: the weight, and the turns until it breaks (0: as the next turn begins)."""


class Node(NamedTuple):
    """A state of the loop between two turns: everything that what comes later can depend on.

    ``position`` is a number of the curve's table, ``quiet`` the turns since the customer last got something (or since
    a silence). ``last`` and ``asks`` are the policy's memory: its last actions, and in which of the last turns it
    asked (one bit each, the latest lowest).
    """

    position: int
    promises: OpenPromises
    quiet: int
    last: tuple[Action, ...]
    asks: int


ViewKey = tuple[int, int, OpenPromises, tuple[Action, ...], int]
"""What a policy's view depends on: position, quiet turns, open promises, last actions, asks."""


class EnvironmentMove(NamedTuple):
    """A move of the environment in a turn: its name, and for a promise which of the open ones."""

    name: Move
    promise: int | None = None


class TurnRecord(NamedTuple):
    """One turn that was played: the move, the action, the positions on the way, the signals, and the nodes around it.

    ``met`` is the position after the clock and the environment, in which the policy decides; ``view_key`` is what it
    decides on, for ``ClosedLoop.view``. Each signal comes with its sender: "clock", "kept", "move" or "action".
    """

    before: Node
    move: EnvironmentMove
    clock: int
    met: int
    action: Action
    after: Node
    view_key: ViewKey
    signals: tuple[tuple[str, str], ...]


_Place = tuple[int, OpenPromises, int]
"""A standing modulo the time: the number of the position, open promises, quiet turns."""

_Signals = tuple[tuple[str, str], ...]
"""The sender and the name of each signal, in order."""

_Reached = tuple[_Place, _Signals]
"""A place in the middle of a turn, and the signals so far."""

_Answer = tuple[ViewKey, Action, Node | None, _Signals]
"""A decision of the policy: on what, the action, the node after it (None: too many promises), the action's signal."""

# --- the policy -----------------------------------------------------------------------------------------


@frozen(kw_only=True, eq=False)
class PolicyCache:
    """A policy on a curve: asked once for each view."""

    curve: Curve
    policy: Policy
    _answers: dict[tuple[int, int, int, tuple[Action, ...], int], tuple[View, Action]] = field(factory=dict, init=False)

    @cached_property
    def _table(self) -> Table:
        return self.curve.table()

    def view(self, position: int, quiet: int, promises: OpenPromises, last: tuple[Action, ...], asks: int) -> View:
        """Return what the policy sees."""
        return View.at(
            self.curve,
            self._table.positions[position],
            quiet=quiet,
            open=len(promises),
            asks=asks.bit_count(),
            last=last,
        )

    def decide(self, position: int, quiet: int, promises: OpenPromises, last: tuple[Action, ...], asks: int) -> Action:
        """Return the policy's action; equal views are asked once."""
        key = (position, quiet, len(promises), last, asks.bit_count())
        known = self._answers.get(key)
        if known is None:
            view = self.view(position, quiet, promises, last, asks)
            known = self._answers[key] = (view, self.policy.action(view))
        return known[1]

    def confirm(self) -> None:
        """Ask the policy about every cached view again, in reverse order, to detect policies that are not pure.

        Raises:
            ImpurePolicyError: It answers otherwise than before.
        """
        if self.policy.is_data:
            return
        for view, action in reversed(self._answers.values()):
            again = self.policy.action(view)
            if again != action:
                problem = f"it returned {action!r} and later {again!r} for the same view, {view}"
                raise ImpurePolicyError(self.policy.name, problem)


# --- the loop -------------------------------------------------------------------------------------------


def _or_none(value: Any) -> Any:
    return value  # None is replaced once the curve is known


@frozen(kw_only=True, eq=False)
class ClosedLoop:
    """The rules of a turn, for one curve, policy and environment.

    Args:
        curve: The curve.
        policy: The policy.
        environment: What may happen.
        turn: How long a turn lasts; the curve's quiet period must be a whole number of turns. Default: a third of it,
            30 days on the default curve.
        promises_max: The most promises that may be open at once.
        begin: The standing at the beginning: without open promises, and a whole number of turns after
            ``quiet_since``. Default: a stranger.

    Raises:
        InvalidValueError: The quiet period is not a whole number of turns, or a number is out of range.
    """

    curve: Curve
    policy: Policy
    environment: Environment = ANY
    turn: timedelta = field(default=None, converter=_or_none)  # None: worked out from the curve
    promises_max: int = 2
    begin: Standing = field(default=None, converter=_or_none)  # None: a stranger on that curve
    _latest: tuple[Node, _Reached, dict[EnvironmentMove, _Reached]] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        if self.begin is None:
            object.__setattr__(self, "begin", self.curve.begin("witness", BEGIN))
        if self.turn is None:
            object.__setattr__(self, "turn", self.curve.silence_after / TURNS_PER_SILENCE)
        if not isinstance(self.turn, timedelta) or self.turn <= timedelta(0) or self.curve.silence_after % self.turn:
            raise InvalidValueError(
                "turn",
                self.turn,
                f"must be a whole fraction of the curve's quiet period, {self.curve.silence_after}",
            )
        if type(self.promises_max) is not int or not 0 <= self.promises_max <= OPEN_MAX:
            raise InvalidValueError("promises_max", self.promises_max, f"must be a whole number from 0 to {OPEN_MAX}")
        if any(not promise.overdue for promise in self.begin.promises):
            raise InvalidValueError("begin", self.begin, "must not have an open promise")
        if (self.begin.as_of - self.begin.quiet_since) % self.turn:
            raise InvalidValueError(
                "begin", self.begin, f"must be a whole number of turns ({self.turn} each) after quiet_since"
            )

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
        """The first node; the policy remembers nothing yet."""
        quiet = self._reduced((self.begin.as_of - self.begin.quiet_since) // self.turn)
        return Node(self.table.number(self.begin.position), (), quiet, (), 0)

    @cached_property
    def policy_cache(self) -> PolicyCache:
        """The policy, and what it has answered so far."""
        return PolicyCache(curve=self.curve, policy=self.policy)

    def moves(self, node: Node) -> tuple[EnvironmentMove, ...]:
        """Return every move that the environment can make after a node, harmless first."""
        return tuple(self._begun(node)[1])

    def play(self, node: Node, move: EnvironmentMove) -> TurnRecord | None:
        """Play a turn; return None where the policy promises more than ``promises_max`` things at once."""
        begun, moves = self._begun(node)
        (met, promises, quiet), signals = moves.get(move) or self._move(begun, move)
        key = (met, quiet, promises, node.last, node.asks)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._answer(key)
        key, action, after, sent = answer
        if after is None:
            return None
        return TurnRecord(node, move, begun[0][0], met, action, after, key, signals + sent)

    def due(self, node: Node) -> list[int]:
        """Return the places of the promises that break as the next turn begins, or that are kept just in time."""
        last = 1 if self.environment.keeps_promises else 0
        return [place for place, (_, turns) in enumerate(node.promises) if turns == last]

    def view(self, key: ViewKey) -> View:
        """Return what the policy sees."""
        position, quiet, promises, last, asks = key
        return self.policy_cache.view(position, self.shown_quiet(quiet), promises, last, asks)

    def shown_quiet(self, quiet: int) -> int:
        """Return the quiet turns that a policy sees: since the customer got something, or since the last silence."""
        return (quiet - 1) % self.quiet_turns + 1 if quiet else 0

    # --- caches: each part of a turn is played once, however often it occurs ---------------------------

    @cached_property
    def _apart(self) -> frozenset[str]:
        return frozenset(stage.name for stage in self.curve.stages if stage.apart)

    @cached_property
    def _possibles(self) -> dict[tuple[bool, OpenPromises], tuple[EnvironmentMove, ...]]:
        return {}

    @cached_property
    def _moves(self) -> dict[_Reached, dict[EnvironmentMove, _Reached]]:
        return {}

    @cached_property
    def _begins(self) -> dict[_Place, _Reached]:
        return {}

    @cached_property
    def _entered(self) -> dict[tuple[_Place, str, int | None], tuple[_Place, tuple[str, ...]]]:
        return {}

    @cached_property
    def _events(self) -> dict[tuple[str, int | None], Event]:
        return {}

    @cached_property
    def _answers(self) -> dict[ViewKey, _Answer]:
        return {}

    # --- modulo the time: the turn that is played ends at the origin of times --------------------------

    @cached_property
    def _turn_us(self) -> int:
        return duration_us(self.turn)

    @cached_property
    def _grace_turns(self) -> int:
        return self.curve.grace // self.turn

    def _standing(self, place: _Place, turns_ago: int) -> Standing:
        """Return a standing at a place, as many turns before the origin of times."""
        number, promises, quiet = place
        now = -turns_ago * self._turn_us
        due = now - self._grace_turns * self._turn_us
        book = PromiseBook.of(
            Promise(_promise_id(n), datetime_of(due + turns * self._turn_us), weight)
            for n, (weight, turns) in enumerate(promises)
        )
        return Standing.of(ANYBODY, self.table.positions[number], now, now - quiet * self._turn_us, book)

    def _place(self, standing: Standing) -> _Place:
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
        """Return the least number of quiet turns after which the same silences come: past the waiting periods they repeat."""
        waiting = self.curve.waiting_periods * self.quiet_turns
        return quiet if quiet <= waiting + self.quiet_turns else waiting + (quiet - 1) % self.quiet_turns + 1

    # --- a turn -----------------------------------------------------------------------------------------

    def _begun(self, node: Node) -> tuple[_Reached, dict[EnvironmentMove, _Reached]]:
        """Run the clock as a turn begins, and play each move that can follow: once for all turns of a node."""
        if self._latest is None or self._latest[0] is not node:
            place = (node.position, node.promises, node.quiet)
            begun = self._begins.get(place) or self._begins.setdefault(place, self._begin_turn(place))
            moves = self._moves.get(begun)
            if moves is None:
                moves = self._moves[begun] = {move: self._move(begun, move) for move in self._possible(begun[0])}
            object.__setattr__(self, "_latest", (node, begun, moves))
        assert self._latest is not None  # noqa: S101 - it was just set
        return self._latest[1:]

    def _begin_turn(self, place: _Place) -> _Reached:
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

    def _possible(self, place: _Place) -> tuple[EnvironmentMove, ...]:
        """Return the moves that are possible at a place; of equal promises the first stands for all."""
        number, promises, _ = place
        key = (self.table.positions[number].stage in self._apart, promises)
        known = self._possibles.get(key)
        if known is None:
            known = self._possibles[key] = tuple(self._listed(*key))
        return known

    def _listed(self, departed: bool, promises: OpenPromises) -> Iterable[EnvironmentMove]:  # noqa: FBT001 - by position
        possible = list[EnvironmentMove]()
        for name in self.environment.names:
            if name in ("kept", "broken"):
                possible += [EnvironmentMove(name, n) for n, each in enumerate(promises) if each not in promises[:n]]
            elif name not in ("departure", "return") or departed == (name == "return"):
                possible.append(EnvironmentMove(name))
        if self.environment.probabilities is None:
            return possible
        likely = move_probabilities(self.environment, [move.name for move in possible])
        return (move for move, p in zip(possible, likely, strict=True) if p)

    def _move(self, begun: _Reached, move: EnvironmentMove) -> _Reached:
        """Play the environment's move."""
        place, signals = begun
        if move.promise is None and move.name not in MOVE_EVENTS:
            return begun
        after, sent = self._enter(place, *move)
        return after, signals + tuple(("move", signal) for signal in sent)

    def _answer(self, key: ViewKey) -> _Answer:
        """Play the policy's action."""
        number, quiet, promises, last, asks = key
        action = self.policy_cache.decide(number, self.shown_quiet(quiet), promises, last, asks)
        place, sent = (number, promises, quiet), _Signals()
        if action in PROMISE_WEIGHTS and len(promises) == self.promises_max:
            return key, action, None, ()
        if action in PROMISE_WEIGHTS or action in ACTION_EVENTS:
            place, signals = self._enter(place, action, None)
            sent = tuple(("action", signal) for signal in signals)
        last = (action, *last)[: self.policy.remember]
        asks = (asks << 1 | (action == "ask")) & ((1 << self.policy.window) - 1)
        return key, action, Node(*place, last, asks), sent

    def _enter(self, place: _Place, what: str, promise: int | None) -> tuple[_Place, tuple[str, ...]]:
        """Apply the event of a move or an action at a place.

        An event that is not about a promise leaves the promise book alone, and either ends the silence or does not: so
        it is played once for all places of a position.
        """
        number, promises, quiet = place
        about = promise is not None or what in PROMISE_WEIGHTS
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

    def _event(self, place: _Place, what: str, promise: int | None) -> Event:
        key = (what, len(place[1]) if what in PROMISE_WEIGHTS else promise)
        known = self._events.get(key)
        if known is None:
            known = self._events[key] = self._make_event(*key)
        return known

    def _make_event(self, what: str, promise: int | None) -> Event:
        if promise is None:
            return (MOVE_EVENTS.get(what) or ACTION_EVENTS[what])(EPOCH)
        if what in PROMISE_WEIGHTS:
            due = EPOCH + self.policy.promise_due * self.turn
            return PromiseMade(at=EPOCH, promise=_promise_id(promise), due=due, weight=PROMISE_WEIGHTS[what])
        return (PromiseKept if what == "kept" else PromiseBroken)(at=EPOCH, promise=_promise_id(promise))


def _promise_id(number: int) -> str:
    """Return the id of a promise by its place among the open ones: ids sort as the promises were made."""
    return f"{number:03}"


def _sent(sender: str, reactions: tuple[Reaction, ...]) -> _Signals:
    return tuple((sender, reaction.signal) for reaction in reactions)
