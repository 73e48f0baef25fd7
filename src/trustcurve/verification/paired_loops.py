"""Paired loops: two policies in the same environment, as long as they act alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from attrs import define, field

from trustcurve.arrays import Array
from trustcurve.errors import require
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.loop_journey import Witness
from trustcurve.verification.numbering import Numbers
from trustcurve.verification.product import Agenda
from trustcurve.verification.turn_rules import Happening
from trustcurve.verification.unrolling import STATES_MAX, unroll_loop

__all__ = ["PairedLoops", "Parting", "act_of", "promised_dates"]

_TRIED = 100
"""How many of the nearest differences are tried, until one is found that can happen. Source: our choice."""


class Parting(NamedTuple):
    """A turn in which two policies act differently: the journeys to it, and what each does."""

    old: Witness
    new: Witness
    actions: tuple[tuple[str, ...], tuple[str, ...]]


class _Pairs(NamedTuple):
    """Pairs of states, each with the pair and the two edges from which it was reached."""

    old: Array
    new: Array
    parent: Array
    by: Array

    def only(self, which: Array) -> _Pairs:
        return _Pairs(*(each[which] for each in self))


class _Ways(NamedTuple):
    """What can happen in pairs of states: the place of the pair, and the edges."""

    place: Array
    old: Array
    new: Array


@define(eq=False)
class PairedLoops:
    """The pairs of states that the same moves of the environment reach, while two policies act alike.

    Args:
        old: The loop of the old policy.
        new: That of the new one; otherwise alike.
        pairs_max: The most pairs.
        positions: In how many positions a customer can be when the policies decide.
        parted: In how many of them they can act differently.
        stopped: The limit that was reached, with its value, or None.
    """

    old: ClosedLoop
    new: ClosedLoop
    pairs_max: int
    positions: int = field(default=0, init=False)
    parted: int = field(default=0, init=False)
    stopped: tuple[str, int] | None = field(default=None, init=False)
    _automata: tuple[Automaton, Automaton] = field(init=False)
    _keys: tuple[Array, Array] = field(init=False)
    _acts: tuple[Array, Array] = field(init=False)
    _found: list[_Pairs] = field(factory=list, init=False)
    _differences: list[tuple[int, int, int]] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        loops = (self.old, self.new)
        self._automata = (unroll_loop(self.old), unroll_loop(self.new))
        for why in (each.stopped for each in self._automata if each.stopped is not None):
            promised = "promises_max" in why
            self.stopped = ("promises_max", self.old.promises_max) if promised else ("states_max", STATES_MAX)
        keys: Numbers[Any] = Numbers()
        acts: Numbers[Any] = Numbers()
        self._keys = tuple(self._numbered(each, keys, _key) for each in self._automata)
        self._acts = tuple(
            self._numbered(each, acts, lambda happening, loop=loop: act_of(loop, happening))
            for each, loop in zip(self._automata, loops, strict=True)
        )

    @staticmethod
    def _numbered(automaton: Automaton, numbers: Numbers[Any], what: Any) -> Array:
        np = require("numpy", "verify")
        each = np.array([numbers.of(what(happening)) for happening in automaton.happenings], np.int32)
        return each[automaton.happening]

    def search(self) -> Parting | None:
        """Explore all pairs, up to a limit; return the shortest way to a turn in which the policies act differently."""
        np = require("numpy", "verify")
        old, new = self._automata
        zero = np.zeros(1, np.int64)
        met, parted = (np.zeros(len(self.old.table), bool) for _ in range(2))
        seen = np.zeros(0, np.int64)
        agenda = Agenda(_Pairs(zero, zero, zero - 1, zero - 1))
        count = 0
        for _, batches in agenda:
            batch = _Pairs(*map(np.concatenate, zip(*batches, strict=True)))
            code = batch.old * new.states + batch.new
            _, first = np.unique(code, return_index=True)
            first = np.sort(first)
            batch = batch.only(first[~_among(seen, code[first])])
            if count + len(batch.old) > self.pairs_max:
                self.stopped, batch = ("pairs_max", self.pairs_max), batch.only(np.arange(self.pairs_max - count))
            if not len(batch.old):
                continue
            seen = np.sort(np.concatenate([seen, batch.old * new.states + batch.new]))
            self._found.append(batch)
            ways = self._ways(batch)
            ends = old.ends[ways.old]
            met[old.met[ways.old[ends]]] = True
            apart = ends & (self._acts[0][ways.old] != self._acts[1][ways.new])
            parted[old.met[ways.old[apart]]] = True
            room = _TRIED - len(self._differences)
            for n in np.flatnonzero(apart)[: max(room, 0)].tolist():
                self._differences.append((count + int(ways.place[n]), int(ways.old[n]), int(ways.new[n])))
            for cost, which in self._costs(ways, ends, ~apart):
                then = _Pairs(
                    old.target[ways.old[which]], new.target[ways.new[which]], count + ways.place[which], which
                )
                agenda.add(cost, then._replace(by=ways.old[which] * new.transitions + ways.new[which]))
            count += len(batch.old)
        self.positions, self.parted = int(met.sum()), int(parted.sum())
        return next(self._partings(), None)

    def _costs(self, ways: _Ways, ends: Array, same: Array) -> Iterator[tuple[tuple[int, int], Array]]:
        np = require("numpy", "verify")
        time = self._automata[0].time[ways.old]
        for cost, which in (((1, 0), ends), ((0, 1), ~ends & ~time), ((0, 0), ~ends & time)):
            chosen = np.flatnonzero(which & same)
            if len(chosen):
                yield cost, chosen

    def _ways(self, batch: _Pairs) -> _Ways:
        """Return the edges of pairs on which the same happens, up to what the policies do."""
        np = require("numpy", "verify")
        (one, at), (two, there) = (each.out(states) for each, states in zip(self._automata, batch, strict=False))
        wide = int(max(each.max(initial=0) for each in self._keys)) + 1
        first, second = at * wide + self._keys[0][one], there * wide + self._keys[1][two]
        order = np.argsort(second, kind="stable")
        place = np.minimum(np.searchsorted(second[order], first), len(order) - 1)
        fits = second[order][place] == first  # what one policy promises too much has no edge
        return _Ways(at[fits], one[fits], two[order][place[fits]])

    def _partings(self) -> Iterator[Parting]:
        """Yield differences, the nearest first: those that can happen, or else the nearest."""
        partings = [self._parting(*each) for each in self._differences]
        yield from (each for each in partings if each.old.happens and each.new.happens)
        yield from partings[:1]

    def _parting(self, number: int, old: int, new: int) -> Parting:
        np = require("numpy", "verify")
        parent = np.concatenate([each.parent for each in self._found])
        by = np.concatenate([each.by for each in self._found])
        edges = [(old, new)]
        while parent[number] >= 0:
            edges.append(divmod(int(by[number]), self._automata[1].transitions))
            number = int(parent[number])
        runs = [automaton.passages(edge[n] for edge in reversed(edges)) for n, automaton in enumerate(self._automata)]
        actions = tuple(run[-1].happening.actions or () for run in runs)
        return Parting(Witness(self.old, runs[0]), Witness(self.new, runs[1]), (actions[0], actions[1]))


def _among(known: Array, wanted: Array) -> Array:
    """Return which numbers are among some sorted ones."""
    np = require("numpy", "verify")
    if not len(known):
        return np.zeros(len(wanted), bool)
    return known[np.minimum(np.searchsorted(known, wanted), len(known) - 1)] == wanted


def _key(happening: Happening) -> tuple[str, int | None, bool]:
    return happening.move, happening.promise, happening.actions is not None


def act_of(loop: ClosedLoop, happening: Happening) -> tuple[Any, ...]:
    """Return what the company does; the same promise with another date is another act."""
    actions = happening.actions or ()
    return actions, tuple(promised_dates(loop, actions).values())


def promised_dates(loop: ClosedLoop, actions: tuple[str, ...]) -> dict[str, int]:
    """Return after how many turns what is promised by each action falls due."""
    kinds = {action: loop.policy.acts[action].kind for action in actions}
    return {action: loop.policy.kinds[kind].due for action, kind in kinds.items() if kind is not None}
