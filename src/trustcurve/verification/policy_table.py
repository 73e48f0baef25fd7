"""A policy as a table: what it does in each situation and position, asked once for each view."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from attrs import define, field

from trustcurve.arrays import Array
from trustcurve.core.standing import Position
from trustcurve.errors import require
from trustcurve.policies.decision_list import POSITION_PARTS, DecisionList, PolicyRule, is_remembered
from trustcurve.policies.view import View
from trustcurve.verification.closed_loop import PolicyCache
from trustcurve.verification.context_changes import NOT_MET
from trustcurve.verification.memory_rules import Remembered
from trustcurve.verification.numbering import Numbers, enlarged
from trustcurve.verification.situations import Situations
from trustcurve.verification.turn_rules import Context, TurnRules

__all__ = ["PolicyTable"]


@define(eq=False)
class PolicyTable:
    """What a policy does: rows are asked about positions, contexts and memories apart, a function about each view.

    A *view* is what a policy can tell of situations: a function what it sees, rows which of them can match.

    Args:
        cache: The policy.
        rules: The rules of the loop.
        situations: The situations; there may be more of them later.
        decisions: What the policy decided so far, by number: its actions, in order.
    """

    cache: PolicyCache
    rules: TurnRules
    situations: Situations
    decisions: Numbers[tuple[str, ...]] = field(factory=Numbers, init=False)
    _views: Numbers[Hashable] = field(factory=Numbers, init=False)
    _examples: list[tuple[Context, Remembered]] = field(factory=list, init=False)  # of each view
    _view_of: Array = field(init=False)  # of each situation; -1 where the policy does not decide
    _table: Array = field(init=False)  # for each view and position: the row that matches, or the decision of a function
    _hold_at: Array = field(init=False)  # which rows can match in each position; the last one, to wait, always does
    _do: Array = field(init=False)  # the decision of each row
    _decided: Array = field(init=False)  # how often each row did
    _in_contexts: list[Hashable] = field(factory=list, init=False)
    _with_memories: list[Hashable] = field(factory=list, init=False)
    _rows_seen: dict[Hashable, int] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        np = require("numpy", "verify")
        rows, curve = self._rows or (), self.rules.curve
        self._view_of = np.zeros(0, np.int32)
        self._table = np.full((0, len(self._positions)), NOT_MET, np.int32)
        views = [View.at(curve, position) for position in self._positions if self._rows is not None]
        holds = [[rule.holds(view, POSITION_PARTS.__contains__) for view in views] for rule in rows]
        self._hold_at = np.array([*holds, [True] * len(views)], bool)
        self._do = np.array([self.decisions.of(do) for do in (*(rule.do for rule in rows), ())], np.int32)
        self._decided = np.zeros(len(self._do), np.int64)

    @property
    def _rows(self) -> tuple[PolicyRule, ...] | None:
        decide = self.cache.policy.decide
        return decide.rules if isinstance(decide, DecisionList) else None

    @property
    def _positions(self) -> Sequence[Position]:
        return self.rules.curve.table().positions

    @property
    def unused_rows(self) -> tuple[int, ...]:
        """The rows of the policy, by number from 0, that decided nowhere so far."""
        return tuple(row for row in range(len(self._rows or ())) if not self._decided[row])

    def decides(self, situations: Array) -> Array:
        """Return in which situations the policy decides. Shape (n,)."""
        self._meet()
        return self._view_of[situations] >= 0

    def decide(self, situations: Array, positions: Array) -> Array:
        """Return the numbers of the policy's decisions in situations in which it decides. Shape (n,)."""
        np = require("numpy", "verify")
        self._meet()
        flat, place = (
            self._table.reshape(-1),
            self._view_of[situations].astype(np.int64) * self._table.shape[1] + positions,
        )
        found = flat[place]
        if self._rows is not None:
            self._decided += np.bincount(found, minlength=len(self._decided))
            return self._do[found]
        new = np.unique(place[found == NOT_MET])
        flat[new] = [self._ask(*divmod(each, self._table.shape[1])) for each in new.tolist()]
        return flat[place]

    def _ask(self, view: int, position: int) -> int:
        """Ask a function; return the number of its decision."""
        return self.decisions.of(self.cache.decide(position, *self._examples[view]))

    # --- views --------------------------------------------------------------------------------------------

    def _meet(self) -> None:
        """Find the views of the situations that are new."""
        np = require("numpy", "verify")
        known, changes = len(self._view_of), self.situations.changes
        if known == len(self.situations):
            return
        self._in_contexts += map(self._seen, changes.contexts.values[len(self._in_contexts) :])
        self._with_memories += map(self._recalled, self.situations.memories.values[len(self._with_memories) :])
        pairs = zip(self.situations.context[known:].tolist(), self.situations.memory[known:].tolist(), strict=True)
        self._view_of = np.concatenate([self._view_of, np.array([self._view(*each) for each in pairs], np.int32)])
        self._table = enlarged(self._table, len(self._views.values), nothing=NOT_MET)

    def _seen(self, context: Context) -> Hashable:
        """Return what of a context matters: to a function what it sees, to rows which can match; None if it is no run."""
        if context.phase != self.rules.last_phase:
            return None
        seen = self.cache.seen(context)
        if self._rows is None:
            return seen
        if seen not in self._rows_seen:
            view = self.cache.view(0, context, self.cache.memory_rules.start)
            self._rows_seen[seen] = self._hold(
                view, lambda part: part not in POSITION_PARTS and not is_remembered(part)
            )
        return self._rows_seen[seen]

    def _recalled(self, memory: Remembered) -> Hashable:
        """Return what of a memory matters."""
        if self._rows is None:
            return self.cache.memory_rules.told(memory)
        return self._hold(self.cache.view(0, self.situations.changes.contexts.values[0], memory), is_remembered)

    def _hold(self, view: View, about: Callable[[str], bool]) -> int:
        """Return the rows of which all conditions about some parts of a view hold, as bits."""
        return sum(1 << row for row, rule in enumerate(self._rows or ()) if rule.holds(view, about))

    def _view(self, context: int, memory: int) -> int:
        """Return the number of a view, and fill its row of the table if it is new; -1 if the policy does not decide."""
        seen, recalled = self._in_contexts[context], self._with_memories[memory]
        if seen is None:
            return -1
        rows = seen & recalled if isinstance(seen, int) and isinstance(recalled, int) else None
        view = self._views.of((seen, recalled) if rows is None else rows)
        if view == len(self._examples):
            contexts, memories = self.situations.changes.contexts, self.situations.memories
            self._examples.append((contexts.values[context], memories.values[memory]))
            if rows is not None:
                self._fill(view, rows)
        return view

    def _fill(self, view: int, rows: int) -> None:
        """Fill the table for a view in which some rows can match, given as bits."""
        np = require("numpy", "verify")
        can = [bool(rows >> row & 1) for row in range(len(self._do) - 1)]
        self._table = enlarged(self._table, view + 1, nothing=NOT_MET)
        self._table[view] = (self._hold_at & np.array([*can, True])[:, None]).argmax(axis=0)
