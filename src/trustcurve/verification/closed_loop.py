"""The closed loop of a policy and its environment on a curve: what there is, how it begins, and single turns of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from attrs import field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.signals import KEPT, SILENCE
from trustcurve.core.standing import Standing
from trustcurve.core.table import Table
from trustcurve.errors import InvalidValueError
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import OPEN_MAX, Policy, check_turn, turn_of_curve
from trustcurve.policies.policy_errors import ImpurePolicyError
from trustcurve.policies.view import View
from trustcurve.verification.memory_rules import MemoryRules, Remembered, impression_of
from trustcurve.verification.turn_rules import Change, Context, Happening, TurnRules, happening_of

__all__ = [
    "BEGIN",
    "ClosedLoop",
    "EnvironmentMove",
    "Node",
    "Passage",
    "PolicyCache",
]

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""The day on which a stranger's journey begins. Source: our choice; only durations matter."""


class Node(NamedTuple):
    """A state of the loop: the number of the position, what the policy remembers, and all else that matters later."""

    position: int
    context: Context
    memory: Remembered


class EnvironmentMove(NamedTuple):
    """A move of the environment in a turn: its name, and for a promise which of the open ones."""

    name: str
    promise: int | None = None


class Passage(NamedTuple):
    """A way from one state of the loop to another: a turn, or a part of one.

    ``met`` is the state in which the policy decides, if a turn ends with it.
    """

    before: Node
    happening: Happening
    after: Node
    met: Node | None


@frozen(eq=False)
class PolicyCache:
    """A policy on a curve: asked once for each view."""

    rules: TurnRules
    memory_rules: MemoryRules
    _answers: dict[tuple[object, ...], tuple[View, tuple[str, ...]]] = field(factory=dict, init=False)

    @property
    def policy(self) -> Policy:
        """The policy."""
        return self.rules.policy

    @cached_property
    def _table(self) -> Table:
        return self.rules.curve.table()

    def seen(self, context: Context) -> tuple[object, ...]:
        """Return a key for what a policy sees of a context: equal keys are equal views of one position and one memory."""
        promises = context.promises
        shown = self.rules.shown_promises(promises) if self.policy.sees_promises else len(promises)
        return self.rules.shown_quiet(context.quiet), shown

    def view(self, position: int, context: Context, memory: Remembered) -> View:
        """Return what the policy sees."""
        return View.at(
            self.rules.curve,
            self._table.positions[position],
            quiet=self.rules.shown_quiet(context.quiet),
            promises=self.rules.shown_promises(context.promises),
            recalled=tuple(zip(self.policy.recalls, self.memory_rules.told(memory), strict=True)),
            constants=self.policy.segment,
        )

    def decide(self, position: int, context: Context, memory: Remembered) -> tuple[str, ...]:
        """Return the policy's actions; equal views are asked once."""
        key = (position, *self.seen(context), self.memory_rules.told(memory))
        known = self._answers.get(key)
        if known is None:
            view = self.view(position, context, memory)
            known = self._answers[key] = (view, self.policy.actions(view))
        return known[1]

    def confirm(self) -> None:
        """Ask the policy about every cached view again, in reverse order, to detect policies that are not pure.

        Raises:
            ImpurePolicyError: It answers otherwise than before.
        """
        if self.policy.is_data:
            return
        for view, action in reversed(self._answers.values()):
            again = self.policy.actions(view)
            if again != action:
                problem = f"it returned {action!r} and later {again!r} for the same view, {view}"
                raise ImpurePolicyError(self.policy.name, problem)


def _or_none(value: Any) -> Any:
    return value  # None is replaced once the curve is known


@frozen(kw_only=True, eq=False)
class ClosedLoop:
    """A policy and its environment on a curve.

    Args:
        curve: The curve.
        policy: The policy.
        environment: What may happen.
        turn: How long a turn lasts; the curve's quiet period must be a whole number of turns. Default: a third of it,
            30 days on the default curve.
        promises_max: The most promises that may be open at once.
        begin: The standing at the beginning: without open promises, and a whole number of turns after
            ``quiet_since``. Default: a stranger, who at any time may join up to the first run of the policy.
        any_time: Whether the environment may do anything at any time, as often as it likes; else it makes one move in
            a turn, at the instant of the policy's run and before it. Source of that order: our choice; the customer moves
            and the company answers.
        guarded: What the company may do between two runs, too.
        tells_kinds: Whether to tell kinds of promises apart even if nothing in the policy does.

    Raises:
        InvalidValueError: The quiet period is not a whole number of turns, or a number is out of range.
    """

    curve: Curve
    policy: Policy
    environment: Environment = ANY
    turn: timedelta = field(default=None, converter=_or_none)  # None: worked out from the curve
    promises_max: int = 2
    begin: Standing = field(default=None, converter=_or_none)  # None: a stranger on that curve
    any_time: bool = False
    guarded: tuple[str, ...] = ()
    tells_kinds: bool = False
    joins: bool = field(default=False, init=False)
    _known: dict[tuple[object, ...], Any] = field(factory=dict, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.begin is None:
            object.__setattr__(self, "begin", self.curve.begin("witness", BEGIN))
            object.__setattr__(self, "joins", self.any_time)
        if self.turn is None:
            object.__setattr__(self, "turn", turn_of_curve(self.curve))
        check_turn(self.turn, self.curve)
        if type(self.promises_max) is not int or not 0 <= self.promises_max <= OPEN_MAX:
            raise InvalidValueError("promises_max", self.promises_max, f"must be a whole number from 0 to {OPEN_MAX}")
        self.policy.check_words(self.curve)
        self.environment.check_words(self.curve)
        if any(not promise.overdue for promise in self.begin.promises):
            raise InvalidValueError("begin", self.begin, "must not have an open promise")
        if (self.begin.as_of - self.begin.quiet_since) % self.turn:
            raise InvalidValueError(
                "begin", self.begin, f"must be a whole number of turns ({self.turn} each) after quiet_since"
            )

    @cached_property
    def rules(self) -> TurnRules:
        """The rules of a turn."""
        return TurnRules(
            self.curve,
            self.environment,
            self.policy,
            self.turn,
            self.promises_max,
            self.any_time,
            self.guarded,
            self.tells_kinds,
        )

    @cached_property
    def memory_rules(self) -> MemoryRules:
        """How the policy's memory changes."""
        return MemoryRules(self.policy.recalls)

    @cached_property
    def table(self) -> Table:
        """The curve's table."""
        return self.curve.table()

    @cached_property
    def start(self) -> Node:
        """The first state, after a run of the policy; it remembers nothing yet."""
        quiet = (self.begin.as_of - self.begin.quiet_since) // self.turn * self.rules.per_turn
        # What was broken before can still be kept late, as what is broken in the loop.
        late = self.any_time and "kept_late" in self.environment.names
        overdue = late and any(self.curve.ends_silence[KEPT[each.weight]] == "always" for each in self.begin.promises)
        context = Context(0, self.rules.reduced(quiet), (), overdue=overdue, new=self.joins)
        memory = tuple(recall.ran(recall.start, ()) for recall in self.policy.recalls)
        return Node(self.table.number(self.begin.position), context, memory)

    @cached_property
    def policy_cache(self) -> PolicyCache:
        """The policy, and what it has answered so far."""
        return PolicyCache(self.rules, self.memory_rules)

    def decision(self, node: Node) -> tuple[str, ...]:
        """Return what the policy does in a state in which it decides."""
        return self.policy_cache.decide(*node)

    def view(self, node: Node) -> View:
        """Return what the policy sees in a state in which it decides."""
        return self.policy_cache.view(*node)

    # --- single changes, where the environment may do anything at any time -----------------------------------------

    def possible(self, node: Node) -> tuple[EnvironmentMove, ...]:
        """Return every move that the environment can make in a state."""
        kind = self.rules.customers[node.position]
        return tuple(move for move, change in self._moves(node.context).items() if not change.of or change.of[kind])

    def move(self, node: Node, move: EnvironmentMove) -> Passage:
        """Let the environment make a move.

        Raises:
            KeyError: It cannot make this move.
        """
        return self._passage(node, self._moves(node.context)[move])

    def pass_time(self, node: Node) -> Passage | None:
        """Let time pass up to the next phase, or first keep a promise that has to be kept; return None in the last phase."""
        change = self._passes(node.context)
        return None if change is None else self._passage(node, change)

    def act(self, node: Node) -> Passage | None:
        """Let the policy act; return None if it promises more than ``promises_max`` things at once."""
        change = self._acts(node.context, self.decision(node))
        if change is None:
            return None
        return self._passage(node, change)._replace(met=node)

    def _passage(self, node: Node, change: Change) -> Passage:
        after, happening = self._after(node, change)
        return Passage(node, happening, after, None)

    # --- single turns, where the environment makes one move in a turn --------------------------------------------

    def moves(self, node: Node) -> tuple[EnvironmentMove, ...]:
        """Return every move that the environment can make in the turn after a state, harmless first."""
        return self.possible(self._begun(node))

    def world(self, node: Node) -> Environment:
        """Return the environment with its probabilities in the turn after a state."""
        return self.environment.at(self.curve.state(self.table.positions[self._begun(node).position]))

    def play(self, node: Node, move: EnvironmentMove) -> Passage | None:
        """Play a turn; return None where the policy promises more than ``promises_max`` things at once.

        Raises:
            KeyError: The environment cannot make this move.
        """
        time = self._passes(node.context)
        assert time is not None  # noqa: S101 - as in _begun
        begun, passed = self._after(node, time)
        met, moved = self._after(begun, self._moves(begun.context)[move])
        actions = self.decision(met)
        act = self._acts(met.context, actions)
        if act is None:
            return None
        after, acted = self._after(met, act)
        signals = passed.signals + moved.signals + acted.signals
        return Passage(node, Happening(move.name, move.promise, actions, signals), after, met)

    def follow(self, node: Node, happening: Happening) -> Passage:
        """Return the passage from a state on which something happens."""
        if not self.any_time:
            played = self.play(node, EnvironmentMove(happening.move, happening.promise))
            assert played is not None  # noqa: S101 - it is in the automaton
            return played
        if happening.actions is not None:
            passage = self.act(node)
        else:
            move = EnvironmentMove(happening.move, happening.promise)
            passage = self.move(node, move) if move in self._moves(node.context) else self.pass_time(node)
        assert passage is not None  # noqa: S101 - it is in the automaton
        return passage

    def ends_silence(self, passage: Passage) -> bool:
        """Return whether an event on a passage ends the silence."""
        if passage.happening.move == "kept_late":
            return True
        position = passage.before.position
        for sender, signal in passage.happening.signals:
            reaction = self.table.reactions[position][self._columns[signal]]
            ends = self.curve.ends_silence[signal]
            if sender != "clock" and (ends == "always" or (ends == "crossing" and reaction.crosses)):
                return True
            position = self.table.next[position][self._columns[signal]]
        return False

    def due(self, node: Node) -> list[int]:
        """Return the places of the promises that break as the next turn begins, or that are kept just in time."""
        last = 1 if self.environment.keeps_promises else 0
        return [place for place, (_, left) in enumerate(node.context.promises) if left == last]

    def _begun(self, node: Node) -> Node:
        change = self._passes(node.context)
        assert change is not None  # noqa: S101 - where there is one move in a turn, promises are kept by themselves
        return self._after(node, change)[0]

    def _after(self, node: Node, change: Change) -> tuple[Node, Happening]:
        """Return the state after a change, by the curve's table, and what happens."""
        position, ended, idle = node.position, False, False
        changes: list[str] = []
        for _, signal, ends in change.signals:
            column = self._columns[signal]
            then, reaction = self.table.next[position][column], self.table.reactions[position][column]
            ended = ended or ends == "always" or (ends == "crossing" and reaction.crosses)
            idle = idle or (signal == SILENCE and then == position)
            if signal == SILENCE and then != position:
                changes.append(SILENCE)
            if reaction.change:
                changes.append("rise" if reaction.change > 0 else "fall")
            position = then
        memory = self.memory_rules.after(node.memory, impression_of(change))
        memory = self.memory_rules.changed(memory, changes)
        return Node(position, change.ended if ended else change.then, memory), happening_of(change, idle=idle)

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {signal: column for column, signal in enumerate(self.table.signals)}

    def _passes(self, context: Context) -> Change | None:
        key = ("time", context)
        if key not in self._known:
            self._known[key] = self.rules.passes(context)
        change: Change | None = self._known[key]
        return change

    def _moves(self, context: Context) -> dict[EnvironmentMove, Change]:
        key = ("moves", context)
        if key not in self._known:
            changes = self.rules.moves(context)
            self._known[key] = {EnvironmentMove(each.what, each.promise): each for each in changes}
        named: dict[EnvironmentMove, Change] = self._known[key]
        return named

    def _acts(self, context: Context, actions: tuple[str, ...]) -> Change | None:
        key = (actions, context)
        if key not in self._known:
            self._known[key] = self.rules.acts(context, actions)
        change: Change | None = self._known[key]
        return change
