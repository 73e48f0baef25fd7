"""The rules of a turn: what time, the environment and the policy do to everything in the closed loop but position and memory.

The ledger compares instants with three things only: the runs of the policy, the days on which promises break, and the ends of
whole quiet periods. A turn is therefore divided into moments: the run, and the time between two runs. (Where grace is not a
whole number of turns, promises made at a run break at an instant of their own in each turn, which is a moment, too.) Two
journeys whose events lie in the same moments, in the same order, have the same outcome.

In the time between two instants the only thing that can come due is a silence, and the days of promises that were moved. The
silence divides it in two: before (and at) its instant, and after it. The day of a moved promise is left open: it passes when
the environment lets it, so that every day is tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Final, NamedTuple

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.signals import BROKEN, KEPT, SILENCE, EndsSilence, Weight
from trustcurve.policies.actions import MOVE_SIGNALS, Act
from trustcurve.policies.decision import in_order
from trustcurve.policies.decision_list import DecisionList
from trustcurve.policies.environment import Environment, likely_moves
from trustcurve.policies.policy import Policy
from trustcurve.policies.view import OpenPromise

__all__ = [
    "ANY_DAY",
    "JOINS",
    "Change",
    "Context",
    "Happening",
    "Heard",
    "OpenPromises",
    "Sent",
    "TurnRules",
    "happening_of",
]

OpenPromises = tuple[tuple[str, int], ...]
"""Open promises, oldest first: the kind, and the moments until it breaks (0: as this moment ends); see ``ANY_DAY``."""

ANY_DAY: Final = -1
"""The moments until a moved promise breaks: the environment decides."""

JOINS: Final = "joins"
"""What happens when a customer joins later than the turn begins."""

_BROKEN, _KEPT = ("broken", False), ("kept", False)

_PARTING = ("departure", "return")


class Context(NamedTuple):
    """Everything in a state of the loop but the position, and what the policy remembers.

    ``phase`` is where in the turn it is, ``quiet`` the moments since the customer last got something (counted no further
    than it matters), ``overdue`` whether a promise has been broken that can still be kept late. ``new``: nothing has happened
    yet, and the customer may join at any moment up to the first run; until then the journey may as well have begun with the
    turn.
    """

    phase: int
    quiet: int
    promises: OpenPromises
    overdue: bool
    new: bool = False


Heard = tuple[str, bool]
"""What a policy hears of: the word, and whether the company did it."""

Sent = tuple[str, str, EndsSilence]
"""A signal: who sends it ("clock", "kept", "move", "act" or "action"), its name, and when it ends a silence."""


class Change(NamedTuple):
    """What happens to a context: by what, about which promise, with which signals, and the context after it.

    ``actions`` are those of the policy, if it acts. ``heard`` is what it hears of, in order. ``ended`` is the context if one of
    the signals ends the silence. ``of`` says for which customers it can happen, by the number of their kind (see
    ``TurnRules.customers``); empty: for all.
    """

    what: str
    promise: int | None
    signals: tuple[Sent, ...]
    then: Context
    ended: Context
    of: tuple[bool, ...] = ()
    actions: tuple[str, ...] | None = None
    heard: tuple[Heard, ...] = ()


class Happening(NamedTuple):
    """What happens on an edge: the environment's move (or "time"), about which promise, the policy's actions, the signals.

    ``actions`` is None where the policy does not decide, and empty where it waits. Each signal comes with its sender: "clock", "kept", "move", "act" (between two runs) or "action".
    """

    move: str
    promise: int | None
    actions: tuple[str, ...] | None
    signals: tuple[tuple[str, str], ...]


def happening_of(change: Change, *, idle: bool = False) -> Happening:
    """Return what happens on an edge for a single change; a silence that changes nothing (``idle``) is not told."""
    sent = tuple((sender, signal) for sender, signal, _ in change.signals if not (idle and signal == SILENCE))
    return Happening(change.what, change.promise, change.actions, sent)


def _no_longer_new(change: Change) -> Change:
    return change._replace(then=change.then._replace(new=False), ended=change.ended._replace(new=False))


@frozen(eq=False)
class TurnRules:
    """The rules of a turn.

    Args:
        curve: The curve.
        environment: What may happen.
        policy: The policy: what its actions do, and what it remembers.
        turn: How long a turn lasts.
        promises_max: The most promises that may be open at once.
        any_time: Whether the environment may do anything at any moment, as often as it likes; else one move at each run.
        guarded: What the company may do between two runs, too.
        tells_kinds: Whether to tell kinds of promises apart even if nothing in the policy does.
    """

    curve: Curve
    environment: Environment
    policy: Policy
    turn: timedelta
    promises_max: int
    any_time: bool
    guarded: tuple[str, ...] = ()
    tells_kinds: bool = False

    @cached_property
    def instants(self) -> tuple[timedelta, ...]:
        """The instants in a turn at which promises that were made at a run can break, the run first."""
        rest = self.curve.grace % self.turn
        return (timedelta(0), rest) if self.any_time and rest else (timedelta(0),)

    @cached_property
    def per_turn(self) -> int:
        """How many moments a turn has: its instants, and the time after each; or the run alone."""
        return 2 * len(self.instants) if self.any_time else 1

    @cached_property
    def quiet_period(self) -> int:
        """How many moments a quiet period has."""
        return self.curve.silence_after // self.turn * self.per_turn

    def _due(self, kind: str) -> int:
        """Return after how many moments a promise that is made at a run breaks."""
        whole = self.policy.kinds[kind].due + self.curve.grace // self.turn
        return whole * self.per_turn + 2 * (len(self.instants) - 1)

    def shown_promises(self, promises: OpenPromises) -> tuple[OpenPromise, ...]:
        """Return open promises as a policy sees them at a run."""
        grace = self.curve.grace // self.turn
        return in_order(
            OpenPromise(kind, self.weight(kind), None if left == ANY_DAY else left // self.per_turn - grace)
            for kind, left in promises
        )

    @cached_property
    def _labels(self) -> dict[str, str]:
        """What stands for each kind of promises: its weight, where neither rows nor actions tell kinds apart."""
        decide, kinds = self.policy.decide, self.policy.kinds
        told = self.policy.sees_promises
        if isinstance(decide, DecisionList):
            acts = [self.policy.acts[action] for rule in decide.rules for action in rule.do]
            told = told or self.tells_kinds or any(act.what in ("move", "release") for act in acts)
        return {name: name if told else kind.weight for name, kind in kinds.items()}

    def label(self, kind: str) -> str:
        """Return what stands for a kind of promises in contexts: the kind, or its weight where kinds are not told apart."""
        return self._labels[kind]

    def weight(self, kind: str) -> Weight:
        """Return how much a promise of a kind weighs."""
        return self.policy.kinds[kind].weight

    # --- customers ----------------------------------------------------------------------------------------

    @cached_property
    def _kinds(self) -> dict[tuple[Environment, bool], int]:
        """Customers of whom different moves are possible, or likely: their environment, and whether they have left."""
        return {each: number for number, each in enumerate(dict.fromkeys(self._kind_at))}

    @cached_property
    def _kind_at(self) -> list[tuple[Environment, bool]]:
        curve = self.curve
        positions = curve.table().positions
        return [(self.environment.at(curve.state(each)), curve.stage(each).apart) for each in positions]

    @cached_property
    def customers(self) -> tuple[int, ...]:
        """The kind of the customers at each position, by the position's number."""
        return tuple(self._kinds[each] for each in self._kind_at)

    def _who(self, *, left: bool) -> tuple[bool, ...]:
        """Return the customers who have left, or those who have not, as ``Change.of`` says it."""
        return tuple(apart is left for _, apart in self._kinds)

    # --- phases: 0 is the run, after the policy's act; the last one is the next run, before it ---------------

    @cached_property
    def _phases(self) -> tuple[tuple[int, bool], ...]:
        """The moment of each phase, and whether a silence is still to come in it."""
        if not self.any_time:
            return ((0, False), (1, False), (1, False))
        inner = [
            (moment, before)
            for moment in range(1, self.per_turn)
            for before in ((True, False) if moment % 2 else (False,))
        ]
        return ((0, False), *inner, (self.per_turn, False))

    def moment(self, phase: int) -> tuple[int, bool]:
        """Return the moment of a phase, counted from the run, and whether a silence is still to come in it."""
        return self._phases[phase]

    def moments(self, elapsed: timedelta) -> int:
        """Return the moment of an instant, counted from a run that lies some time before (or after) it."""
        turns, rest = divmod(elapsed, self.turn)
        passed = [instant for instant in self.instants if instant <= rest]
        return turns * self.per_turn + 2 * (len(passed) - 1) + (rest != passed[-1])

    @cached_property
    def last_phase(self) -> int:
        """The phase in which the policy decides."""
        return len(self._phases) - 1

    @cached_property
    def moves_max(self) -> int:
        """More moves than there can be in a context."""
        return len(self.environment.names) + 4 * self.promises_max + len(self.guarded) + 1

    # --- quiet moments ------------------------------------------------------------------------------------

    def reduced(self, quiet: int) -> int:
        """Return the least number of quiet moments after which the same silences come: past the waiting periods they repeat."""
        waiting, period = self.curve.waiting_periods * self.quiet_period, self.quiet_period
        return quiet if quiet <= waiting + period else waiting + (quiet - 1) % period + 1

    def shown_quiet(self, quiet: int) -> int:
        """Return the quiet turns that a policy sees: since the customer got something, or since the last silence."""
        return ((quiet - 1) % self.quiet_period + 1) // self.per_turn if quiet else 0

    def _silence(self, quiet: int, promises: OpenPromises) -> bool:
        """Return whether a silence comes, if nothing happens, as a moment ends."""
        periods, rest = divmod(quiet, self.quiet_period)
        return bool(quiet) and not rest and (periods > self.curve.waiting_periods or not promises)

    # --- time ---------------------------------------------------------------------------------------------

    def passes(self, context: Context) -> Change | None:
        """Return what the passing of time up to the next phase does; None in the last one.

        If promises are always kept, one that would break at this instant is kept first, and time has not passed yet.
        """
        if not self.any_time:
            return self._turn_passes(context) if context.phase == 0 else None
        moment, before = self._phases[context.phase]
        if context.phase == self.last_phase:
            return None
        if before:
            sent: tuple[Sent, ...] = ()
            if self._silence(context.quiet, context.promises):
                sent = (("clock", SILENCE, "never"),)
            then = context._replace(phase=context.phase + 1)
            return Change("time", None, sent, then, then)
        if moment % 2:  # between two instants, after the silence: nothing is due
            then = self._later(context, context.promises, overdue=context.overdue)
            return Change("time", None, (), then, then)
        due = [n for n, (_, left) in enumerate(context.promises) if left == 0]
        if due and self.environment.keeps_promises:
            signal = KEPT[self.weight(context.promises[due[0]][0])]
            then = self._without(context, due[0])
            return self._moved(then, self._ended(then), "kept", due[0], signal)
        return self._instant_ends(context)

    def _instant_ends(self, context: Context, *, breaks_later: bool = False) -> Change:
        """Let everything break that breaks at an instant, then let its silence come; or break it later in the turn."""
        broken = [self.weight(kind) for kind, left in context.promises if left == 0]
        still = tuple(each for each in context.promises if each[1] != 0)
        breaks: tuple[Sent, ...] = tuple(("clock", BROKEN[weight], "never") for weight in broken)
        silence: tuple[Sent, ...] = ()
        if self._silence(context.quiet, context.promises if breaks_later else still):
            silence = (("clock", SILENCE, "never"),)
        then = self._later(context, still, overdue=self._is_overdue(context, broken))
        heard = (_BROKEN,) if broken else ()
        return Change("time", None, silence + breaks if breaks_later else breaks + silence, then, then, heard=heard)

    def _is_overdue(self, context: Context, broken: Sequence[Weight]) -> bool:
        """Return whether there is a broken promise that ends a silence if it is kept late."""
        if not self.any_time or "kept_late" not in self.environment.names:
            return False
        return context.overdue or any(self.curve.ends_silence[KEPT[weight]] == "always" for weight in broken)

    def _later(self, context: Context, promises: OpenPromises, *, overdue: bool) -> Context:
        """Return the context a moment later, in the first phase of that moment that matters."""
        quiet = self.reduced(context.quiet + 1)
        phase = context.phase + 1
        if self._phases[phase][1] and quiet % self.quiet_period:
            phase += 1  # no silence comes in this moment
        return context._replace(
            phase=phase,
            quiet=quiet,
            promises=tuple((kind, left if left == ANY_DAY else left - 1) for kind, left in promises),
            overdue=overdue,
        )

    def _turn_passes(self, context: Context) -> Change:
        """Let a whole turn pass; if promises are always kept, keep those that would break before the next."""
        at_end = self._instant_ends(context, breaks_later=bool(self.curve.grace % self.turn))
        if not self.environment.keeps_promises:
            return at_end
        kept = [self.weight(kind) for kind, left in at_end.then.promises if left == 0]
        sent = tuple(("kept", KEPT[weight], self.curve.ends_silence[KEPT[weight]]) for weight in kept)
        then = at_end.then._replace(promises=tuple(each for each in at_end.then.promises if each[1] != 0))
        heard = (*at_end.heard, *((_KEPT,) if kept else ()))
        return Change("time", None, (*at_end.signals, *sent), then, then._replace(quiet=0), heard=heard)

    # --- the environment ----------------------------------------------------------------------------------

    def moves(self, context: Context) -> tuple[Change, ...]:
        """Return what the environment can do; once a turn it can do nothing, too, which leads to the policy's decision."""
        if not self.any_time:
            if context.phase != 1:
                return ()
            context = context._replace(phase=2)
        found = tuple(self._moves(context))
        if context.new:
            found = (*map(_no_longer_new, found), self._joins(context))
        if not self.environment.has_chances:
            return found
        likely = [self._likely(found, environment, number) for number, (environment, _) in enumerate(self._kinds)]
        return tuple(each._replace(of=of) for each, of in zip(found, zip(*likely, strict=True), strict=True))

    def _likely(self, found: Sequence[Change], environment: Environment, kind: int) -> list[bool]:
        """Return which moves have a probability above 0 for a kind of customers."""
        possible = [each for each in found if not each.of or each.of[kind]]
        can_be = likely_moves(environment, [each.what for each in possible])  # type: ignore[misc]
        likely = {id(each) for each, p in zip(possible, can_be, strict=True) if p}
        return [id(each) in likely for each in found]

    def _moves(self, context: Context) -> Iterator[Change]:
        promises, ended = context.promises, self._ended(context)
        different = [n for n, each in enumerate(promises) if each not in promises[:n]]
        for name in self.environment.names:
            if name == "nothing":
                if not self.any_time:
                    yield self._moved(context, ended, name, None, None)
            elif name in ("kept", "broken"):
                for n in different:
                    signal = (KEPT if name == "kept" else BROKEN)[self.weight(promises[n][0])]
                    yield self._moved(self._without(context, n), self._without(ended, n), name, n, signal)
            elif name in MOVE_SIGNALS:
                move = self._moved(context, ended, name, None, MOVE_SIGNALS[name])
                yield move._replace(of=self._who(left=name == "return")) if name in _PARTING else move
            elif name in self.environment.signals:
                yield self._moved(context, ended, name, None, name)
            elif self.any_time:
                yield from self._promise_moves(context, name, different)
        for act in self.guarded:
            yield from self._guarded(context, self.policy.acts[act])

    def _guarded(self, context: Context, act: Act) -> Iterator[Change]:
        """Yield what an action between two runs does; nothing if it promises too much, or there is nothing to move or release.

        A promise that is made or moved then falls due between two runs: its day is left open.
        """
        if act.kind is not None:
            promises = self.with_promise(context.promises, act)
            if len(promises) > self.promises_max or (act.what != "make" and promises == context.promises):
                return
            if act.what != "release":
                promises = (*promises[:-1], (promises[-1][0], ANY_DAY))
            context = context._replace(promises=promises)
        ended = self._ended(context)
        sent = () if act.signal is None else (("act", act.signal, self.curve.ends_silence[act.signal]),)
        yield Change(act.name, None, sent, context, ended, heard=((act.name, True),))

    def _joins(self, context: Context) -> Change:
        """Return what it does that a customer joins now: the quiet clock begins, and so does the memory."""
        joined = self._ended(context)._replace(new=False)
        return Change(JOINS, None, (), joined, joined)

    def _ended(self, context: Context) -> Context:
        """Return a context after a silence was ended; the one that was to come in this moment does not come."""
        ended = context._replace(quiet=0)
        return ended._replace(phase=context.phase + 1) if self._phases[context.phase][1] else ended

    def _promise_moves(self, context: Context, name: str, different: Sequence[int]) -> Iterator[Change]:
        """Yield what can happen to promises at any time beside being kept or broken."""
        if name == "kept_late":
            if context.overdue:
                ended = self._ended(context)
                yield self._moved(ended, ended, name, None, None)
            return
        for n in different:
            kind, left = context.promises[n]
            if name == "released":
                then = self._without(context, n)
                yield self._moved(then, then, name, n, None)
            elif left != ANY_DAY:
                moved = (*context.promises[:n], (kind, ANY_DAY), *context.promises[n + 1 :])
                then = context._replace(promises=moved)
                yield self._moved(then, then, name, n, None)
            elif self._phases[context.phase][0] % 2 and not self.environment.keeps_promises:
                gone, weight = self._without(context, n), self.weight(kind)
                late = gone._replace(overdue=self._is_overdue(context, [weight]))
                yield Change("lapsed", n, (("clock", BROKEN[weight], "never"),), late, late, heard=(_BROKEN,))

    def _without(self, context: Context, place: int) -> Context:
        phase, quiet, promises, overdue, new = context  # most of all changes come here: quicker than to replace a field
        return Context(phase, quiet, promises[:place] + promises[place + 1 :], overdue, new)

    def _moved(self, then: Context, ended: Context, name: str, promise: int | None, signal: str | None) -> Change:
        """Return a move: its signal, and the context after it, with the silence ended or not."""
        sent = () if signal is None else (("move", signal, self.curve.ends_silence[signal]),)
        return Change(name, promise, sent, then, ended, heard=((name, False),))

    # --- the policy ---------------------------------------------------------------------------------------

    def acts(self, context: Context, actions: tuple[str, ...]) -> Change | None:
        """Return what actions of the policy do; None if it promises more than ``promises_max`` things at once."""
        promises, sent = context.promises, []
        for act in (self.policy.acts[action] for action in actions):
            if act.signal is not None:
                sent.append(("action", act.signal, self.curve.ends_silence[act.signal]))
            if act.kind is not None:
                promises = self.with_promise(promises, act)
        if len(promises) > self.promises_max:
            return None
        then, ended = (Context(0, quiet, promises, context.overdue) for quiet in (context.quiet, 0))
        return Change("time", None, tuple(sent), then, ended, actions=actions)

    def with_promise(self, promises: OpenPromises, act: Act) -> OpenPromises:
        """Return open promises after an action about them."""
        assert act.kind is not None  # noqa: S101 - it is about a promise
        new = (self._labels[act.kind], self._due(act.kind))
        if act.what == "make":
            return (*promises, new)
        first = self.first_of(promises, act.kind)
        if first is None:
            return promises
        rest = (*promises[:first], *promises[first + 1 :])
        return (*rest, new) if act.what == "move" else rest

    def first_of(self, promises: OpenPromises, kind: str) -> int | None:
        """Return the place of the open promise of a kind that falls due first; None if none is open."""
        ours = [n for n, each in enumerate(promises) if each[0] == self._labels[kind]]
        return min(ours, key=lambda n: (promises[n][1] == ANY_DAY, promises[n][1], n), default=None)
