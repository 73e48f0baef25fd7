"""Situations: a context together with a memory, which is everything in a state of the loop but the position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field

from trustcurve.arrays import Array
from trustcurve.arrays.curve_arrays import HEARD_CHANGES
from trustcurve.errors import require
from trustcurve.verification.context_changes import NOT_MET, ContextChanges, extend
from trustcurve.verification.memory_rules import MemoryRules, Remembered
from trustcurve.verification.numbering import Numbers, distinct_of, enlarged

__all__ = ["Situations"]

_MEMORIES_MAX = 1 << 32  # more than there can be


@define(eq=False)
class Situations:
    """Situations, numbered as they come, and what can happen to them: a change of the context, and of the memory with it.

    Args:
        changes: What can happen to contexts.
        memory_rules: How the memory changes with it.
        context: The number of the context of each situation. Shape (situations,).
        memory: The number of the memory of each situation. Shape (situations,).
        memories: The memories, numbered as they come.
    """

    changes: ContextChanges
    memory_rules: MemoryRules
    context: Array = field(init=False)
    memory: Array = field(init=False)
    memories: Numbers[Remembered] = field(factory=Numbers, init=False)
    _numbers: dict[int, int] = field(factory=dict, init=False)
    _memory_after: dict[tuple[int, int], int] = field(factory=dict, init=False)
    _met: Array = field(init=False)
    _ways: Array = field(init=False)  # as those of contexts
    _acts: Array = field(init=False)  # for each decision of the policy
    _heard: Array = field(init=False)  # the situation after the policy heard of ``HEARD_CHANGES``, which few remember
    _of_change: dict[str, Any] = field(init=False)

    def __attrs_post_init__(self) -> None:
        np = require("numpy", "verify")
        self.context, self.memory = np.zeros(0, np.int32), np.zeros(0, np.int32)
        self._met = np.zeros(0, bool)
        self._ways = np.full((0, self.changes.ways.shape[1]), -1, np.int32)
        self._acts = np.full((0, 1), NOT_MET, np.int32)
        self._heard = np.full((0, len(HEARD_CHANGES)), NOT_MET, np.int32)
        self._of_change = {name: np.zeros(0, np.int32) for name in ("kind", "then", "ended")}

    def __len__(self) -> int:
        return len(self._numbers)

    def of(self, contexts: Array, memories: Array) -> Array:
        """Return the numbers of situations."""
        np = require("numpy", "verify")
        codes, place = distinct_of(contexts.astype(np.int64) * _MEMORIES_MAX + memories)
        listed, known = codes.tolist(), len(self)
        numbers = np.array([self._numbers.setdefault(code, len(self)) for code in listed], np.int32)
        new = codes[numbers >= known]
        self.context = np.concatenate([self.context, (new // _MEMORIES_MAX).astype(np.int32)])
        self.memory = np.concatenate([self.memory, (new % _MEMORIES_MAX).astype(np.int32)])
        return numbers[place]

    # --- what can happen ----------------------------------------------------------------------------------

    def meet(self, situations: Array) -> None:
        """Work out what time and the environment do to those situations that are new."""
        np = require("numpy", "verify")
        self._met = enlarged(self._met, len(self), nothing=False)
        new = np.unique(situations[~self._met[situations]])
        self._met[new] = True
        contexts = self.context[new]
        self.changes.meet(contexts)
        ways = self.changes.ways[contexts]
        row, column = np.nonzero(ways >= 0)
        made = self._add(new[row], ways[row, column])
        self._ways = enlarged(self._ways, len(self), nothing=-1)
        self._ways[new[row], column] = made

    def passes(self, situations: Array) -> Array:
        """Return the changes that the passing of time makes; the situations have been met."""
        return self._ways[situations, 0]

    def possible(self, situations: Array, positions: Array) -> Array:
        """Return the changes of states: a row for each, -1 where there is none in a column; the situations have been met."""
        np = require("numpy", "verify")
        ways = self._ways[situations]
        kinds = self._of_change["kind"][ways]
        fits = self.changes.of_kind["of"][kinds, self.changes.customers[positions][:, None]]
        return np.where(fits, ways, -1)

    def act(self, situations: Array, decisions: Array, known: Sequence[tuple[str, ...]]) -> Array:
        """Return the changes that decisions make, -1 where they promise too much; work out those that are new."""
        np = require("numpy", "verify")
        self._acts = enlarged(self._acts, len(self), nothing=NOT_MET)
        missing = len(known) - self._acts.shape[1]
        if missing > 0:
            self._acts = np.hstack([self._acts, np.full((len(self._acts), missing), NOT_MET, np.int32)])
        wide = self._acts.shape[1]
        flat, place = self._acts.reshape(-1), situations.astype(np.int64) * wide + decisions
        new = np.unique(place[flat[place] == NOT_MET])
        if len(new):
            pairs = zip(self.context[new // wide].tolist(), (new % wide).tolist(), strict=True)
            made = np.array(self.changes.act([(context, known[decision]) for context, decision in pairs]), np.int32)
            flat[new] = -1
            fits = made >= 0
            flat[new[fits]] = self._add(new[fits] // wide, made[fits])
        return flat[place]

    def _add(self, situations: Array, changes: Array) -> Array:
        """Add what changes of their contexts do to situations; return the numbers of that."""
        np = require("numpy", "verify")
        count, kind = len(self._of_change["kind"]), self.changes.of_change["kind"][changes]
        memory = self._remembered(self.changes.of_kind["impression"][kind], self.memory[situations])
        then = {name: self.of(self.changes.of_change[name][changes], memory) for name in ("then", "ended")}
        extend(self._of_change, {"kind": kind, **then})
        return np.arange(count, count + len(changes), dtype=np.int32)

    def _remembered(self, impressions: Array, memories: Array) -> Array:
        """Return the memories after impressions."""
        np = require("numpy", "verify")
        wide = len(self.memories.values)
        codes, place = distinct_of(impressions.astype(np.int64) * wide + memories)
        return np.array([self._after(*divmod(code, wide)) for code in codes.tolist()], np.int32)[place]

    def _after(self, impression: int, memory: int) -> int:
        known = self._memory_after.get((impression, memory))
        if known is None:
            value = self.memory_rules.after(self.memories.values[memory], self.changes.impressions.values[impression])
            known = self._memory_after[impression, memory] = self.memories.of(value)
        return known

    # --- what comes after ---------------------------------------------------------------------------------

    def after(self, changes: Array, positions: Array) -> tuple[Array, Array, Array]:
        """Return the situations and the positions after changes, and what happens."""
        np = require("numpy", "verify")
        change, kind = self._of_change, self.changes.of_kind
        at = change["kind"][changes].astype(np.int64) * len(self.changes.curve.next) + positions
        ended = kind["ended"].reshape(-1)[at]
        situations = np.where(ended, change["ended"][changes], change["then"][changes])
        if self.memory_rules.hears_changes:
            heard = kind["heard"].reshape(-1)[at]
            some = np.flatnonzero(heard)
            situations[some] = self._hear(situations[some], heard[some])
        return situations, kind["position"].reshape(-1)[at], kind["happening"].reshape(-1)[at]

    def _hear(self, situations: Array, changes: Array) -> Array:
        """Return the situations after the policy heard of changes of the position; work out those that are new."""
        np = require("numpy", "verify")
        self._heard = enlarged(self._heard, len(self), nothing=NOT_MET)
        wide = self._heard.shape[1]
        flat, place = self._heard.reshape(-1), situations.astype(np.int64) * wide + changes
        new = np.unique(place[flat[place] == NOT_MET])
        memories = zip(self.memory[new // wide].tolist(), (new % wide).tolist(), strict=True)
        after = [
            self.memories.of(self.memory_rules.changed(self.memories.values[memory], HEARD_CHANGES[change]))
            for memory, change in memories
        ]
        flat[new] = self.of(self.context[new // wide], np.array(after, np.int32))
        return flat[place]
