"""A policy that is asked what it does, once for all views that are alike."""

from __future__ import annotations

from functools import cached_property

from attrs import field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.table import Table
from trustcurve.policies.actions import Action
from trustcurve.policies.errors import UnfitPolicyError
from trustcurve.policies.policy import Policy
from trustcurve.policies.view import View
from trustcurve.verification.unrolling.turns import Open

__all__ = ["Asked"]


@frozen(kw_only=True, eq=False)
class Asked:
    """A policy on a curve, and what it has answered so far."""

    curve: Curve
    policy: Policy
    _answers: dict[tuple[int, int, int, tuple[Action, ...], int], tuple[View, Action]] = field(factory=dict, init=False)

    @cached_property
    def _table(self) -> Table:
        return self.curve.table()

    def view(self, position: int, quiet: int, promises: Open, last: tuple[Action, ...], asks: int) -> View:
        """Return what the policy sees."""
        return View.at(
            self.curve,
            self._table.positions[position],
            quiet=quiet,
            open=len(promises),
            asks=asks.bit_count(),
            last=last,
        )

    def decide(self, position: int, quiet: int, promises: Open, last: tuple[Action, ...], asks: int) -> Action:
        """Return the policy's action; it is asked once for all views that are alike."""
        key = (position, quiet, len(promises), last, asks.bit_count())
        known = self._answers.get(key)
        if known is None:
            view = self.view(position, quiet, promises, last, asks)
            known = self._answers[key] = (view, self.policy.action(view))
        return known[1]

    def confirm(self) -> None:
        """Ask the policy everything once more, the latest first: who counts questions is found out.

        Raises:
            UnfitPolicyError: It answers otherwise than before.
        """
        if self.policy.is_data:
            return
        for view, action in reversed(self._answers.values()):
            again = self.policy.action(view)
            if again != action:
                problem = f"it answers {action!r} and later {again!r} to the same view, {view}"
                raise UnfitPolicyError(self.policy.name, problem)
