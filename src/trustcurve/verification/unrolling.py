"""Unrolling: every state of the closed loop is found a breadth-first level at a time, on arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from attrs import define, field

from trustcurve.arrays import Array
from trustcurve.arrays.curve_arrays import ALWAYS, CROSSING, HEARD_CHANGES, NEVER, CurveArrays
from trustcurve.errors import require
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.numbering import Numbers
from trustcurve.verification.policy_table import PolicyTable
from trustcurve.verification.turn_rules import Change, Context, Happening, Sent, TurnRules, happening_of

__all__ = ["STATES_MAX", "unroll_loop"]

STATES_MAX: Final = 5_000_000
"""The most states of an unrolled loop by default. Source: our choice: some gigabytes."""

_SMALL = 1 << 20  # codes up to here are looked up in an array

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


_Kind = tuple[str, int | None, tuple[Sent, ...], tuple[bool, bool], tuple[str, ...] | None]
"""Everything in a change but the contexts: what, about which promise, with which signals, of whom, by which actions."""

_NOT_MET = -2  # in place of a number: not worked out yet


@define(eq=False)
class _Changes:
    """Everything that can happen to contexts, as arrays; worked out for a context when a state with it is first met.

    ``ways[c, k]`` is the number of a change of context ``c``, or -1: in column 0 the passing of time, then the moves of
    the environment. ``acts[c, d]`` is that of the policy's decision ``d``, worked out when it first decides so there;
    ``heard[c, h]`` is the context after the policy heard of ``HEARD_CHANGES[h]``, which few policies remember. Changes are
    many and their kinds few: an array says of each change which kind it is, others what a kind does in each position.
    """

    rules: TurnRules
    curve: CurveArrays
    contexts: Numbers[Context] = field(factory=Numbers, init=False)
    happenings: Numbers[Happening] = field(factory=Numbers, init=False)
    ways: Any = field(init=False)
    acts: Any = field(init=False)
    heard: Any = field(init=False)
    _met: Any = field(init=False)
    _kinds: Numbers[_Kind] = field(factory=Numbers, init=False)
    _of_change: dict[str, Any] = field(init=False)
    _of_kind: dict[str, Any] = field(init=False)

    def __attrs_post_init__(self) -> None:
        np = require("numpy", "verify")
        self.ways = np.full((0, self.rules.moves_max + 1), -1, np.int32)
        self.acts = np.full((0, 1), _NOT_MET, np.int32)
        self.heard = np.full((0, len(HEARD_CHANGES) if self.rules.hears_changes else 0), _NOT_MET, np.int32)
        self._met = np.zeros(0, bool)
        self._of_change = {name: np.zeros(0, np.int32) for name in ("kind", "then", "ended")}
        places = len(self.curve.next)
        self._of_kind = {
            "of": np.zeros((0, 2), bool),
            "position": np.zeros((0, places), np.int32),  # where each position leads
            "ended": np.zeros((0, places), bool),  # whether it ends a silence there
            "happening": np.zeros((0, places), np.int32),
            "heard": np.zeros((0, places), np.int8),  # which changes of the position the policy hears of
        }

    def meet(self, contexts: Array) -> None:
        """Work out what time and the environment do to those contexts that are new."""
        np = require("numpy", "verify")
        self._enlarge()
        new = np.unique(contexts[~self._met[contexts]])
        self._met[new] = True
        made: list[Change] = []
        places: list[int] = []
        wide = self.ways.shape[1]
        for number in new.tolist():
            context = self.contexts.values[number]
            for column, change in enumerate((self.rules.passes(context), *self.rules.moves(context))):
                if change is not None:
                    made.append(change)
                    places.append(number * wide + column)
        if made:
            self._add(made, self.ways, places)

    def act(self, contexts: Array, decisions: Array, known: Sequence[tuple[str, ...]]) -> Array:
        """Return the changes that decisions make in contexts, -1 where they promise too much; work out those that are new."""
        np = require("numpy", "verify")
        self._enlarge()
        missing = len(known) - self.acts.shape[1]
        if missing > 0:
            self.acts = np.hstack([self.acts, np.full((len(self.acts), missing), _NOT_MET, np.int32)])
        wide = self.acts.shape[1]
        flat, place = self.acts.reshape(-1), contexts.astype(np.int64) * wide + decisions
        new = np.unique(place[flat[place] == _NOT_MET]).tolist()
        if new:
            values = self.contexts.values
            found = [self.rules.acts(values[each // wide], known[each % wide]) for each in new]
            flat[new] = -1
            made = [(change, each) for change, each in zip(found, new, strict=True) if change is not None]
            self._add([change for change, _ in made], self.acts, [each for _, each in made])
        return flat[place]

    def _enlarge(self) -> None:
        """Enlarge the tables to hold every context that has a number."""
        np = require("numpy", "verify")
        missing = len(self.contexts.values) - len(self._met)
        if missing > 0:
            missing += len(self._met)
            self._met = np.concatenate([self._met, np.zeros(missing, bool)])
            for name, nothing in (("ways", -1), ("acts", _NOT_MET), ("heard", _NOT_MET)):
                rows = getattr(self, name)
                more = np.full((missing, rows.shape[1]), nothing, np.int32)
                setattr(self, name, np.concatenate([rows, more]))

    def _add(self, made: Sequence[Change], table: Array, places: Sequence[int]) -> None:
        """Number changes, and write the numbers to places of a table."""
        np = require("numpy", "verify")
        count, kinds, contexts = len(self._of_change["kind"]), self._kinds.of, self.contexts.of
        table.reshape(-1)[places] = np.arange(count, count + len(made))
        new = {
            "kind": [kinds((each.what, each.promise, each.signals, each.of, each.actions)) for each in made],
            "then": [contexts(change.then) for change in made],
            "ended": [contexts(change.ended) for change in made],
        }
        _extend(self._of_change, new)
        if len(self._kinds.values) > len(self._of_kind["of"]):
            self._add_kinds()

    def _add_kinds(self) -> None:
        """Work out what the kinds that are new do in each position."""
        np = require("numpy", "verify")
        every, anywhere, rows = np.arange(len(self.curve.next)), self.contexts.values[0], []
        for what, promise, sent, of, actions in self._kinds.values[len(self._of_kind["of"]) :]:
            columns = np.array([[self.curve.columns[signal] for _, signal, _ in sent]], np.int64)
            ends = np.array([[_ENDS[end] for _, _, end in sent]], np.int8)
            signals, ends = (np.broadcast_to(each, (len(every), len(sent))) for each in (columns, ends))
            position, ended, idle = self.curve.react(every, signals, ends)
            change = Change(what, promise, sent, anywhere, anywhere, of, actions)
            told, untold = (self.happenings.of(happening_of(change, idle=each)) for each in (False, True))
            heard = self.curve.changes(every, signals) if self.rules.hears_changes else np.zeros(len(every), np.int8)
            rows.append((of, position, ended, np.where(idle, untold, told), heard))
        _extend(self._of_kind, dict(zip(self._of_kind, zip(*rows, strict=True), strict=True)))

    def possible(self, contexts: Array, positions: Array) -> Array:
        """Return the changes of states: a row for each, -1 where there is none in a column."""
        np = require("numpy", "verify")
        ways = self.ways[contexts]
        kinds = self._of_change["kind"][ways]
        fits = self._of_kind["of"][kinds, self.curve.apart[positions].astype(np.int8)[:, None]]
        return np.where(fits, ways, -1)

    def after(self, changes: Array, positions: Array) -> tuple[Array, Array, Array]:
        """Return the contexts and the positions after changes, and what happens."""
        np = require("numpy", "verify")
        change, kind = self._of_change, self._of_kind
        at = change["kind"][changes].astype(np.int64) * len(self.curve.next) + positions
        ended = kind["ended"].reshape(-1)[at]
        contexts = np.where(ended, change["ended"][changes], change["then"][changes])
        if self.rules.hears_changes:
            heard = kind["heard"].reshape(-1)[at]
            some = np.flatnonzero(heard)
            contexts[some] = self._hear(contexts[some], heard[some])
        return contexts, kind["position"].reshape(-1)[at], kind["happening"].reshape(-1)[at]

    def _hear(self, contexts: Array, changes: Array) -> Array:
        """Return the contexts after the policy heard of changes of the position; work out those that are new."""
        np = require("numpy", "verify")
        self._enlarge()
        wide = self.heard.shape[1]
        flat, place = self.heard.reshape(-1), contexts.astype(np.int64) * wide + changes
        for each in np.unique(place[flat[place] == _NOT_MET]).tolist():
            after = self.rules.changed(self.contexts.values[each // wide], HEARD_CHANGES[each % wide])
            flat[each] = self.contexts.of(after)
        return flat[place]


def _extend(arrays: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add values to the end of arrays."""
    np = require("numpy", "verify")
    for name, values in more.items():
        known = arrays[name]
        arrays[name] = np.concatenate([known, np.asarray(values, known.dtype)])


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
        self.turns: dict[tuple[int, ...], int] = {}
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
            unused_rows=self.policy.unused_rows,
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
        acts = self._acts(moved, met)
        kept = np.flatnonzero(acts >= 0)
        source, move, met = source[kept], move[kept], met[kept]
        contexts, positions, act = self.changes.after(acts[kept], met)
        happening = self._joined(time[source], move, act)
        return _Edges(source, contexts, positions, happening, np.ones(len(kept), bool), met)

    def _joined(self, *parts: Array) -> Array:
        """Return what happens in turns whose parts are these."""
        np = require("numpy", "verify")
        turns, code = _distinct(parts[0])
        found = [(turn,) for turn in turns.tolist()]
        for part in parts[1:]:
            wide = len(self.changes.happenings.values)
            turns, code = _distinct(code * wide + part)
            found = [(*found[turn // wide], turn % wide) for turn in turns.tolist()]
        return np.array([self._turn(each) for each in found], np.int32)[code]

    def _turn(self, parts: tuple[int, ...]) -> int:
        """Return the number of what happens in a turn whose parts have these numbers."""
        known = self.turns.get(parts)
        if known is None:
            happenings = self.changes.happenings
            known = self.turns[parts] = happenings.of(_turn(*(happenings.values[part] for part in parts)))
        return known

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
        numbers = flat[key]
        unknown = np.flatnonzero(numbers < 0)
        keys = key[unknown]
        order = -2 - np.arange(len(keys), dtype=np.int32)
        flat[keys[::-1]] = order[::-1]  # of equal states the first one remains
        first = flat[keys] == order
        new, keys_new = unknown[first], keys[first]
        room = self.states_max - self.states
        if len(new) > room:
            self.stopped = f"there are more than states_max={self.states_max} states"
            flat[keys_new[room:]] = -1
            new, keys_new = new[:room], keys_new[:room]
        flat[keys_new] = np.arange(self.states, self.states + len(new))
        self.states += len(new)
        numbers[unknown] = flat[keys]
        return numbers, contexts[new], positions[new]


def _distinct(codes: Array) -> tuple[Array, Array]:
    """Return the different codes in order, and for each of all codes which of them it is."""
    np = require("numpy", "verify")
    if not len(codes) or int(codes.max()) >= _SMALL:
        distinct, place = np.unique(codes, return_inverse=True)
        return distinct, place
    distinct = np.flatnonzero(np.bincount(codes))
    places = np.zeros(int(distinct[-1]) + 1, np.int32)
    places[distinct] = np.arange(len(distinct))
    return distinct, places[codes]


def _turn(time: Happening, move: Happening, act: Happening) -> Happening:
    return Happening(move.move, move.promise, act.actions, time.signals + move.signals + act.signals)
