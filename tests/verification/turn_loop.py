"""The loop of turns a second time, with a clock of its own: promises, grace, silence and waiting counted in turns.

It is independent of the ledger: it knows the curve by its table alone, and must have the same states and turns as
the loop that runs the ledger.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from attrs import field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.signals import SILENCE, Weight
from trustcurve.core.standing import Standing
from trustcurve.core.table import Table
from trustcurve.errors import InvalidValueError
from trustcurve.policies.actions import PROMISE_MOVES
from trustcurve.policies.environment import ANY, Environment, move_probabilities
from trustcurve.policies.policy import OPEN_MAX, Policy
from trustcurve.verification.closed_loop import ClosedLoop, EnvironmentMove, PolicyCache
from trustcurve.verification.turn_rules import Context

OpenPromises = tuple[tuple[Weight, int], ...]
"""Open promises, oldest first: the weight, and the turns until it breaks (0: as the next turn begins)."""

ViewKey = tuple[int, int, OpenPromises, tuple[int, ...]]
"""What a policy's view depends on: position, quiet turns, open promises, memory."""


class Node(NamedTuple):
    """A state of the loop between two turns."""

    position: int
    promises: OpenPromises
    quiet: int
    memory: tuple[int, ...]


class TurnRecord(NamedTuple):
    """One turn that was played."""

    before: Node
    move: EnvironmentMove
    clock: int
    met: int
    action: str
    after: Node
    view_key: ViewKey
    signals: tuple[tuple[str, str], ...]


__all__ = ["Node", "TurnLoop", "TurnRecord"]

ACTION_SIGNALS: dict[str, str | None] = {
    "wait": None,
    "propose": "proposition",
    "promise_major": "promise_made",
    "promise_minor": None,
    "ask": "company_one_sided",
    "exchange": "exchange",
    "repair": "repair",
}
MOVE_SIGNALS: dict[str, str | None] = {
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

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""The day on which a stranger's journey begins. Source: our choice; only durations matter."""

Begun = tuple[int, OpenPromises, int, tuple[tuple[str, str], ...], tuple[int, ...]]
"""How a turn begins: the position, what is promised still, the quiet turns, the signals so far (who, what), and the memory."""

Moved = tuple[int, OpenPromises, int, tuple[tuple[str, str], ...], tuple[int, ...]]
"""How it stands as the policy decides: as how a turn begins, after the environment's move."""

Answer = tuple[ViewKey, str, Node | None, tuple[tuple[str, str], ...]]
"""What the policy does: what it saw, the action, the node after it (None: it promises too much), the action's signal."""

TURNS_PER_SILENCE = 3
"""How many turns a quiet period has, if nothing else is said. Source: our choice: a turn is a month on the default curve."""

_GIVES = frozenset({"exchange", "repair", "kept_major", "kept_minor", "purchase", "advocacy", "return"})
"""The signals after which a silence begins anew, as in the ledger."""


def _or_none(value: Any) -> Any:
    return value  # None is replaced once the curve is known


@frozen(kw_only=True, eq=False)
class TurnLoop:
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
    _latest: tuple[Node, Begun, dict[EnvironmentMove, Moved]] | None = field(default=None, init=False)

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
        quiet = (self.begin.as_of - self.begin.quiet_since) // self.turn
        return Node(
            self.table.number(self.begin.position),
            (),
            self.counted(quiet),
            tuple(recall.ran(recall.start, ()) for recall in self.policy.recalls),
        )

    def counted(self, quiet: int) -> int:
        """Count no further than the waiting periods and one period more: beyond that all silences are alike."""
        while quiet > (self.curve.waiting_periods + 1) * self.quiet_turns:
            quiet -= self.quiet_turns
        return quiet

    def heard(self, memory: tuple[int, ...], *words: str) -> tuple[int, ...]:
        """Return the memory after words."""
        for word in words:
            memory = tuple(each.heard(value, word) for each, value in zip(self.policy.recalls, memory, strict=True))
        return memory

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {signal: number for number, signal in enumerate(self.table.signals)}

    @cached_property
    def policy_cache(self) -> PolicyCache:
        """The policy, and what it has answered so far."""
        loop = ClosedLoop(curve=self.curve, policy=self.policy, turn=self.turn, environment=self.environment)
        return loop.policy_cache

    @cached_property
    def _moves(self) -> dict[Begun, dict[EnvironmentMove, Moved]]:
        return {}

    @cached_property
    def _answers(self) -> dict[ViewKey, Answer]:
        return {}

    def moves(self, node: Node) -> tuple[EnvironmentMove, ...]:
        """Return everything that the environment can choose after a node, harmless first."""
        return tuple(self._begun(node)[1])

    def _choose(self, begun: Begun) -> tuple[EnvironmentMove, ...]:
        """Find what can be chosen in a turn that begins so; of promises that are alike the first stands for all."""
        position, promises, *_ = begun
        departed = self.curve.stage(self.table.positions[position]).apart
        possible = list[EnvironmentMove]()
        for move in self.environment.names:
            if move in PROMISE_MOVES:
                continue  # they come only where the environment may act at any time
            if move in ("kept", "broken"):
                possible += [
                    EnvironmentMove(move, place) for place, each in enumerate(promises) if each not in promises[:place]
                ]
            elif move not in ("departure", "return") or departed == (move == "return"):
                possible.append(EnvironmentMove(move))
        if self.environment.probabilities is None:
            return tuple(possible)
        world = self.environment.at(self.curve.state(self.table.positions[position]))
        likely = move_probabilities(world, [move.name for move in possible])
        return tuple(choice for choice, p in zip(possible, likely, strict=True) if p)

    def play(self, node: Node, choice: EnvironmentMove) -> TurnRecord | None:
        """Play a turn; None where the policy promises more than ``promises_max`` at once."""
        begun, moves = self._begun(node)
        met, promises, quiet, signals, memory = moves.get(choice) or self._move(begun, choice)
        decided = (met, quiet, promises, memory)
        answer = self._answers.get(decided)
        if answer is None:
            answer = self._answers[decided] = self._answer(decided)
        decided, action, after, told = answer
        if after is None:
            return None
        return TurnRecord(node, choice, begun[0], met, action, after, decided, signals + told)

    def _move(self, begun: Begun, choice: EnvironmentMove) -> Moved:
        """Let the environment move."""
        position, promises, quiet, signals, memory = begun
        memory = self.heard(memory, choice.name)
        signal = MOVE_SIGNALS[choice.name]
        if choice.promise is not None:
            weight, _ = promises[choice.promise]
            promises = promises[: choice.promise] + promises[choice.promise + 1 :]
            signal = f"{choice.name}_{weight}"
        if signal is None:
            return position, promises, quiet, signals, memory
        then, gives = self._react(position, signal)
        memory = self.heard(memory, *self._change(position, signal))
        return then, promises, 0 if gives else quiet, (*signals, ("move", signal)), memory

    def _change(self, position: int, signal: str) -> list[str]:
        change = self.table.reactions[position][self._columns[signal]].change
        return [] if not change else ["rise" if change > 0 else "fall"]

    def _answer(self, decided: ViewKey) -> Answer:
        """Let the policy act."""
        position, quiet, promises, memory = decided
        shown = quiet
        while shown > self.quiet_turns:
            shown -= self.quiet_turns
        context = Context(2, shown, promises, overdue=False)
        action = " ".join(self.policy_cache.decide(position, context, memory)) or "wait"
        memory = tuple(
            each.ran(value, () if action == "wait" else (action,))
            for each, value in zip(self.policy.recalls, memory, strict=True)
        )
        if action.startswith("promise_"):
            if len(promises) == self.promises_max:
                return decided, action, None, ()
            made: Weight = "major" if action == "promise_major" else "minor"
            promises = (*promises, (made, self.policy.promise_due + self.curve.grace // self.turn))
        signal = ACTION_SIGNALS[action]
        told = () if signal is None else (("action", signal),)
        if signal is not None:
            memory = self.heard(memory, *self._change(position, signal))
            position, gives = self._react(position, signal)
            quiet = 0 if gives else quiet
        return decided, action, Node(position, promises, quiet, memory), told

    def due(self, node: Node) -> list[int]:
        """Return the places of the promises that break as the next turn begins, or that are kept just in time."""
        last = 1 if self.environment.keeps_promises else 0
        return [place for place, (_, turns) in enumerate(node.promises) if turns == last]

    def _begun(self, node: Node) -> tuple[Begun, dict[EnvironmentMove, Moved]]:
        """Let the clock have its say as a turn begins, and each move that can follow: once for all turns of a node."""
        if self._latest is None or self._latest[0] is not node:
            begun = self._begin_turn(node)
            moves = self._moves.get(begun)
            if moves is None:
                moves = self._moves[begun] = {choice: self._move(begun, choice) for choice in self._choose(begun)}
            object.__setattr__(self, "_latest", (node, begun, moves))
        assert self._latest is not None
        return self._latest[1:]

    def _begin_turn(self, node: Node) -> Begun:
        """Let what is due happen; who keeps promises then keeps those that are due."""
        position, signals, memory = node.position, list[tuple[str, str]](), node.memory
        left = tuple((weight, turns - 1) for weight, turns in node.promises if turns)
        broken = [weight for weight, turns in node.promises if not turns]
        quiet = node.quiet + 1
        silent = quiet > 1 and quiet % self.quiet_turns == 1 % self.quiet_turns
        excused = (quiet - 1) // self.quiet_turns <= self.curve.waiting_periods
        # At one instant promises come first. With a part of a turn's grace they break after it, and still count as open.
        waiting = left if not self.curve.grace % self.turn else node.promises
        hears = [SILENCE] if silent and not (waiting and excused) else []
        breaks = [f"broken_{weight}" for weight in broken]
        for signal in [*breaks, *hears] if not self.curve.grace % self.turn else [*hears, *breaks]:
            then, _ = self._react(position, signal)
            if (
                signal != SILENCE or then != position
            ):  # as in the ledger, a silence that changes nothing leaves no trace
                signals.append(("clock", signal))
                memory = self.heard(
                    memory, "silence" if signal == SILENCE else "broken", *self._change(position, signal)
                )
            position = then
        quiet = self.counted(quiet)
        if self.environment.keeps_promises:
            for weight, turns in left:
                if not turns:
                    memory = self.heard(memory, "kept", *self._change(position, f"kept_{weight}"))
                    position, _ = self._react(position, f"kept_{weight}")
                    signals.append(("kept", f"kept_{weight}"))
                    quiet = 0
            left = tuple(each for each in left if each[1])
        return position, left, quiet, tuple(signals), memory

    def _react(self, position: int, signal: str) -> tuple[int, bool]:
        reaction = self.table.reactions[position][self._columns[signal]]
        return self.table.next[position][self._columns[signal]], signal in _GIVES or reaction.crosses
