"""Unrolling: every state of the closed loop is found a breadth-first level at a time, on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from attrs import define, field

from trustcurve.arrays import Array
from trustcurve.arrays.curve_arrays import ALWAYS, CROSSING, HEARD_CHANGES, NEVER, CurveArrays
from trustcurve.errors import require
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.numbering import Numbers
from trustcurve.verification.policy_table import PolicyTable
from trustcurve.verification.turn_rules import Change, Context, Happening, TurnRules, happening_of

__all__ = ["STATES_MAX", "unroll_loop"]

STATES_MAX: Final = 5_000_000
"""The most states of an unrolled loop by default. Source: our choice: some gigabytes."""

_ENDS = {"never": NEVER, "always": ALWAYS, "crossing": CROSSING}


def unroll_loop(loop: ClosedLoop, states_max: int = STATES_MAX) -> Automaton:
    """Unroll a loop.

    Args:
        loop: The loop.
        states_max: The most states; if there are more, the automaton is incomplete and ``stopped`` says so.

    Raises:
        ImpurePolicyError: The policy is not a pure function of the view.
        MissingExtraError: numpy is not installed (extra ``verify``).
    """
    automaton = _Unrolling(loop, states_max).run()
    loop.policy_cache.confirm()
    return automaton


@define(eq=False)
class _Changes:
    """Everything that can happen to contexts, as arrays; worked out for a context when a state with it is first met.

    ``ways[c, k]`` is the number of a change of context ``c``, or -1: in column 0 the passing of time, then the moves of
    the environment. ``acts[c, d]`` is that of the policy's decision ``d``; -1: it is not known yet, -2: there is none.
    """

    rules: TurnRules
    curve: CurveArrays
    contexts: Numbers[Context] = field(factory=Numbers, init=False)
    happenings: Numbers[Happening] = field(factory=Numbers, init=False)
    ways: Any = field(init=False)
    acts: Any = field(init=False)
    _met: Any = field(init=False)
    _count: int = field(default=0, init=False)
    _of_change: dict[str, Any] = field(init=False)

    def __attrs_post_init__(self) -> None:
        np = require("numpy", "verify")
        # Every promise breaks, a silence comes, and then every promise is kept; or the policy does all that it can.
        depth = max(2 * self.rules.promises_max + 1, len(self.rules.policy.acts))
        self.ways = np.full((0, self.rules.moves_max + 1), -1, np.int32)
        self.acts = np.full((0, 1), -1, np.int32)
        self._met = np.zeros(0, bool)
        self._of_change = {
            "signals": np.zeros((0, depth), np.int16),
            "ends": np.zeros((0, depth), np.int8),
            "count": np.zeros(0, np.int8),
            "then": np.zeros(0, np.int32),
            "ended": np.zeros(0, np.int32),
            "of": np.zeros((0, 2), bool),
            "happening": np.zeros(0, np.int32),
            "idle": np.zeros(0, np.int32),  # what happens if a silence changes nothing
        }

    def meet(self, contexts: Array) -> None:
        """Work out the changes of those contexts that are new."""
        np = require("numpy", "verify")
        self._enlarge()
        new = np.unique(contexts[~self._met[contexts]])
        self._met[new] = True
        made: list[Change] = []
        for number in new.tolist():
            context = self.contexts.values[number]
            passes, moves = self.rules.passes(context), self.rules.moves(context)
            for column, change in enumerate((passes, *moves)):
                self.ways[number, column] = self._numbered(made, change)
        self._add(made)
        self._enlarge()

    def act(self, contexts: Array, decisions: Array, known: Sequence[tuple[str, ...]]) -> Array:
        """Return the changes that decisions of the policy make; below 0 where it promises too much."""
        np = require("numpy", "verify")
        if len(known) > self.acts.shape[1]:
            more = np.full((len(self.acts), len(known)), -1, np.int32)
            self.acts = np.hstack([self.acts, more])
        new = np.flatnonzero(self.acts[contexts, decisions] == -1)
        if len(new):
            wide = self.acts.shape[1]
            made: list[Change] = []
            for pair in np.unique(contexts[new].astype(np.int64) * wide + decisions[new]).tolist():
                context, decision = divmod(pair, wide)
                change = self.rules.acts(self.contexts.values[context], known[decision])
                self.acts[context, decision] = -2 if change is None else self._numbered(made, change)
            self._add(made)
            self._enlarge()
        return self.acts[contexts, decisions]

    def _numbered(self, made: list[Change], change: Change | None) -> int:
        if change is None:
            return -1
        made.append(change)
        return self._count + len(made) - 1

    def _enlarge(self) -> None:
        """Enlarge the tables to hold every context that has a number."""
        np = require("numpy", "verify")
        missing = len(self.contexts.values) - len(self._met)
        if missing > 0:
            missing += len(self._met)
            self._met = np.concatenate([self._met, np.zeros(missing, bool)])
            for name in ("ways", "acts"):
                rows = getattr(self, name)
                more = np.full((missing, rows.shape[1]), -1, np.int32)
                setattr(self, name, np.concatenate([rows, more]))

    def _add(self, made: Sequence[Change]) -> None:
        """Add changes to the arrays."""
        np = require("numpy", "verify")
        depth = self._of_change["signals"].shape[1]
        signals = np.full((len(made), depth), self.curve.no_signal, np.int16)
        ends = np.zeros((len(made), depth), np.int8)
        for row, change in enumerate(made):
            for k, (_, signal, end) in enumerate(change.signals):
                signals[row, k], ends[row, k] = self.curve.columns[signal], _ENDS[end]
        new = {
            "signals": signals,
            "ends": ends,
            "count": [len(change.signals) for change in made],
            "then": [self.contexts.of(change.then) for change in made],
            "ended": [self.contexts.of(change.ended) for change in made],
            "of": np.array([change.of for change in made], bool).reshape(len(made), 2),
            "happening": [self.happenings.of(happening_of(change)) for change in made],
            "idle": [self.happenings.of(happening_of(change, idle=True)) for change in made],
        }
        for name, values in new.items():
            known = self._of_change[name]
            self._of_change[name] = np.concatenate([known, np.asarray(values, known.dtype)])
        self._count += len(made)

    def possible(self, contexts: Array, positions: Array) -> Array:
        """Return the changes of states: a row for each, -1 where there is none in a column."""
        np = require("numpy", "verify")
        ways = self.ways[contexts]
        fits = self._of_change["of"][ways, self.curve.apart[positions].astype(np.int8)[:, None]]
        return np.where(fits, ways, -1)

    def after(self, changes: Array, positions: Array) -> tuple[Array, Array, Array]:
        """Return the contexts and the positions after changes, and what happens."""
        np = require("numpy", "verify")
        of = self._of_change
        count = int(of["count"][changes].max(initial=0))
        signals, ends = of["signals"][changes, :count], of["ends"][changes, :count]
        after, ended, idle = self.curve.react(positions, signals, ends)
        contexts = np.where(ended, of["ended"][changes], of["then"][changes])
        if self.rules.hears_changes:
            contexts = self._hear(contexts, self.curve.changes(positions, signals))
        return contexts, after, np.where(idle, of["idle"][changes], of["happening"][changes])

    def _hear(self, contexts: Array, changes: Array) -> Array:
        """Return the contexts after the policy heard of changes of the position."""
        np = require("numpy", "verify")
        wide = len(HEARD_CHANGES)
        pairs, inverse = np.unique(contexts.astype(np.int64) * wide + changes, return_inverse=True)
        heard = [
            self.contexts.of(self.rules.changed(self.contexts.values[pair // wide], HEARD_CHANGES[pair % wide]))
            for pair in pairs.tolist()
        ]
        self._enlarge()
        return np.array(heard, np.int32)[inverse]


class _Edges(NamedTuple):
    """Edges from some states: the place of the state before, the state after, what happens, and the position of the decision."""

    source: Array
    context: Array
    position: Array
    happening: Array
    ends: Array
    met: Array


class _Unrolling:
    """An unrolling: states are numbered as they are found."""

    def __init__(self, loop: ClosedLoop, states_max: int) -> None:
        np = require("numpy", "verify")
        self.loop, self.states_max = loop, states_max
        self.curve = CurveArrays.of(loop.curve)
        self.changes = _Changes(loop.rules, self.curve)
        self.policy = PolicyTable(loop.policy_cache, loop.rules, self.changes.contexts.values)
        self.numbers = np.full((0, len(self.curve.next)), -1, np.int32)
        self.states = 0
        self.stopped: str | None = None

    def run(self) -> Automaton:
        """Unroll the loop."""
        np = require("numpy", "verify")
        position, context = self.loop.start
        contexts, positions = np.array([self.changes.contexts.of(context)]), np.array([position], np.int32)
        self._number(contexts, positions)
        found: list[tuple[Array, Array]] = []
        levels: list[tuple[Array, ...]] = []
        while len(contexts):
            found.append((contexts, positions))
            edges = self._edges(contexts, positions)
            target, contexts, positions = self._number(edges.context, edges.position)
            kept = target >= 0
            count = np.bincount(edges.source[kept], minlength=len(found[-1][0]))
            levels.append((count, target[kept], edges.happening[kept], edges.ends[kept], edges.met[kept]))
        count, target, happening, ends, met = (np.concatenate(each) for each in zip(*levels, strict=True))
        return Automaton(
            loop=self.loop,
            contexts=tuple(self.changes.contexts.values),
            context=np.concatenate([each for each, _ in found]).astype(np.int32),
            position=np.concatenate([each for _, each in found]).astype(np.int32),
            first=np.concatenate([[0], np.cumsum(count)]),
            target=target,
            happenings=tuple(self.changes.happenings.values),
            happening=happening.astype(np.int32),
            ends=ends,
            met=met.astype(np.int32),
            stopped=self.stopped,
        )

    def _edges(self, contexts: Array, positions: Array) -> _Edges:
        """Return the edges of states, in their order."""
        return self._at_any_time(contexts, positions) if self.loop.rules.any_time else self._turns(contexts, positions)

    def _at_any_time(self, contexts: Array, positions: Array) -> _Edges:
        """Return single changes: time passes, the environment does something, or the policy acts."""
        np = require("numpy", "verify")
        self.changes.meet(contexts)
        ways = self.changes.possible(contexts, positions)
        acts, decides = np.full(len(contexts), -1), np.flatnonzero(self.policy.decides(contexts))
        if len(decides):
            acts[decides] = self._acts(contexts[decides], positions[decides])
        ways = np.column_stack([ways, acts])
        source, column = np.nonzero(ways >= 0)
        changes = ways[source, column]
        ends = column == ways.shape[1] - 1
        return _Edges(source, *self.changes.after(changes, positions[source]), ends, positions[source])

    def _turns(self, contexts: Array, positions: Array) -> _Edges:
        """Return whole turns: time passes, the environment makes one move, and the policy acts."""
        np = require("numpy", "verify")
        self.changes.meet(contexts)
        passes = self.changes.ways[contexts, 0]
        begun, clock, time = self.changes.after(passes, positions)
        self.changes.meet(begun)
        ways = self.changes.possible(begun, clock)
        source, column = np.nonzero(ways >= 0)
        moves = ways[source, column]
        moved, met, move = self.changes.after(moves, clock[source])
        self.changes.meet(moved)
        acts = self._acts(moved, met)
        kept = np.flatnonzero(acts >= 0)
        source, move, met = source[kept], move[kept], met[kept]
        contexts, positions, act = self.changes.after(acts[kept], met)
        happening = self._joined(time[source], move, act)
        return _Edges(source, contexts, positions, happening, np.ones(len(kept), bool), met)

    def _joined(self, *parts: Array) -> Array:
        """Return what happens in turns whose parts are these."""
        np = require("numpy", "verify")
        happenings = self.changes.happenings
        code = np.zeros(len(parts[0]), np.int64)
        for part in parts:
            code = code * len(happenings.values) + part
        _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
        joined = [happenings.of(_turn(*(happenings.values[part[n]] for part in parts))) for n in first.tolist()]
        return np.array(joined, np.int32)[inverse]

    def _acts(self, contexts: Array, positions: Array) -> Array:
        """Return the changes that the policy makes."""
        decisions = self.policy.decide(contexts, positions)
        acts = self.changes.act(contexts, decisions, self.policy.decisions.values)
        if (acts < 0).any():
            most = self.loop.promises_max
            self.stopped = self.stopped or f"the policy promises more than promises_max={most} things at once"
        return acts

    def _number(self, contexts: Array, positions: Array) -> tuple[Array, Array, Array]:
        """Number the states that are new; return the numbers of all, and the new states (-1: beyond the most states)."""
        np = require("numpy", "verify")
        wide = self.numbers.shape[1]
        missing = len(self.changes.contexts.values) - len(self.numbers)
        if missing > 0:
            more = np.full((missing + len(self.numbers), wide), -1, np.int32)
            self.numbers = np.concatenate([self.numbers, more])
        flat, key = self.numbers.reshape(-1), contexts.astype(np.int64) * wide + positions
        new = np.flatnonzero(flat[key] < 0)
        flat[key[new[::-1]]] = -2 - new[::-1]  # of equal states the first one remains
        new = new[flat[key[new]] == -2 - new]
        room = self.states_max - self.states
        if len(new) > room:
            self.stopped = f"there are more than states_max={self.states_max} states"
            flat[key[new[room:]]] = -1
            new = new[:room]
        flat[key[new]] = np.arange(self.states, self.states + len(new))
        self.states += len(new)
        return flat[key], contexts[new], positions[new]


def _turn(time: Happening, move: Happening, act: Happening) -> Happening:
    return Happening(move.move, move.promise, act.actions, time.signals + move.signals + act.signals)
