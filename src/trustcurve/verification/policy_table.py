"""A policy as a table: what it does in each context and position, asked once for each view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field

from trustcurve.arrays import Array
from trustcurve.errors import require
from trustcurve.policies.decision_list import POSITION_PARTS, DecisionList
from trustcurve.policies.view import View
from trustcurve.verification.closed_loop import PolicyCache
from trustcurve.verification.numbering import Numbers
from trustcurve.verification.turn_rules import Context, TurnRules

__all__ = ["PolicyTable"]


@define(eq=False)
class PolicyTable:
    """What a policy does: rows are asked about positions and contexts apart, a function about each view.

    Args:
        cache: The policy.
        rules: The rules of the loop.
        contexts: The contexts by number; there may be more of them later.
        decisions: What the policy decided so far, by number: its actions, in order.
    """

    cache: PolicyCache
    rules: TurnRules
    contexts: Sequence[Context]
    decisions: Numbers[tuple[str, ...]] = field(factory=Numbers, init=False)
    _seen: list[Context] = field(factory=list, init=False)  # a context for each view
    _views: dict[tuple[Any, ...], int] = field(factory=dict, init=False)
    _view_of: Any = field(default=None, init=False)
    _hold_at: Any = field(default=None, init=False)
    _hold_in: list[list[bool]] = field(factory=list, init=False)
    _decided: set[int] = field(factory=set, init=False)

    @property
    def unused_rows(self) -> tuple[int, ...]:
        """The rows of the policy, by number from 0, that decided nowhere so far."""
        decide = self.cache.policy.decide
        rows = range(len(decide.rules)) if isinstance(decide, DecisionList) else range(0)
        return tuple(row for row in rows if row not in self._decided)

    def decides(self, contexts: Array) -> Array:
        """Return in which contexts the policy decides. Shape (n,)."""
        self._meet()
        return self._view_of[contexts] >= 0

    def decide(self, contexts: Array, positions: Array) -> Array:
        """Return the numbers of the policy's decisions in contexts in which it decides. Shape (n,)."""
        np = require("numpy", "verify")
        self._meet()
        views = self._view_of[contexts]
        decide = self.cache.policy.decide
        if isinstance(decide, DecisionList):
            holds = self._hold_at[:, positions] & np.array(self._hold_in, bool).T[:, views]
            row = holds.argmax(axis=0)
            self._decided.update(np.unique(row).tolist())
            do = [*(self.decisions.of(rule.do) for rule in decide.rules), self.decisions.of(())]
            return np.array(do, np.int32)[row]
        asked, inverse = np.unique(views.astype(np.int64) * len(self._positions) + positions, return_inverse=True)
        return np.array([self._ask(each) for each in asked.tolist()], np.int32)[inverse]

    @property
    def _positions(self) -> Sequence[Any]:
        return self.rules.curve.table().positions

    def _ask(self, asked: int) -> int:
        view, position = divmod(asked, len(self._positions))
        return self.decisions.of(self.cache.decide(position, self._seen[view]))

    def _meet(self) -> None:
        """Find out what a view shows of the contexts that are new."""
        np = require("numpy", "verify")
        known = 0 if self._view_of is None else len(self._view_of)
        if known == len(self.contexts):
            return
        if self._hold_at is None:
            self._hold_at = self._rows_at()
        numbers = [self._view(context) for context in self.contexts[known:]]
        more = np.array(numbers, np.int32)
        self._view_of = more if self._view_of is None else np.concatenate([self._view_of, more])

    def _view(self, context: Context) -> int:
        if context.phase != self.rules.last_phase:
            return -1
        key = self.cache.seen(context)
        known = self._views.get(key)
        if known is None:
            known = self._views[key] = len(self._seen)
            self._seen.append(context)
            self._hold_in.append(self._rows_in(context))
        return known

    def _rows_in(self, context: Context) -> list[bool]:
        """Return for each row whether what it asks about contexts holds; at the end that of waiting, which always holds."""
        decide = self.cache.policy.decide
        if not isinstance(decide, DecisionList):
            return []
        view = self.cache.view(0, context)
        return [*(rule.holds(view, lambda part: part not in POSITION_PARTS) for rule in decide.rules), True]

    def _rows_at(self) -> Array:
        """Return for each row and each position whether what it asks about positions holds. Shape (rows + 1, positions)."""
        np = require("numpy", "verify")
        decide = self.cache.policy.decide
        if not isinstance(decide, DecisionList):
            return np.zeros((0, 0), bool)
        views = [View.at(self.rules.curve, position) for position in self._positions]
        rows = [[rule.holds(view, POSITION_PARTS.__contains__) for view in views] for rule in decide.rules]
        return np.array([*rows, [True] * len(views)], bool)
