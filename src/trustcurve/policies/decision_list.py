"""Policies as data: a list of rows, each with conditions and an action; the first row that matches decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import final

from attrs import frozen

from trustcurve.core.rules import Condition, Number
from trustcurve.core.signals import COUNTERS
from trustcurve.core.values import Value
from trustcurve.errors import final_class
from trustcurve.policies.actions import Action
from trustcurve.policies.view import View

__all__ = ["NUMBERS", "POSITION_PARTS", "WORDS", "DecisionList", "PolicyRule", "matches"]

WORDS = ("stage", "posture", "state", "account", "last")
"""The parts of a view that conditions compare with words; ``last`` is the company's latest action."""

NUMBERS = ("kept", "engaged", "doubt", "felt_doubt", "quiet", "open", "asks")
"""The parts of a view that conditions compare with numbers."""


POSITION_PARTS = frozenset({"stage", "posture", "state", "account", "outside", *COUNTERS, "felt_doubt"})
"""The parts of a view that are about the position alone."""


@final
@frozen(eq=False, repr=False)
class PolicyRule(Value):
    """A row: when all conditions hold, ``do`` this, because."""

    name: str
    when: tuple[Condition, ...]
    do: Action
    because: str = ""

    __init_subclass__ = final_class

    def holds(self, view: View, about: Callable[[str], bool] | None = None) -> bool:
        """Return whether all conditions hold, or all that are about some parts of a view."""
        return all(_holds(condition, view) for condition in self.when if about is None or about(condition.part))

    def numbers(self, part: str) -> Iterator[int]:
        """Yield the numbers that the conditions compare one part with."""
        for condition in self.when:
            if condition.part == part:
                yield from map(int, _values(condition))


@final
@frozen(eq=False, repr=False)
class DecisionList(Value):
    """All rows of a policy; called with a view, it decides."""

    rules: tuple[PolicyRule, ...]

    __init_subclass__ = final_class

    def rule(self, view: View) -> PolicyRule | None:
        """Return the row that decides; None if no row matches, and the company waits."""
        return next((rule for rule in self.rules if rule.holds(view)), None)

    def __call__(self, view: View) -> Action:
        """Decide."""
        rule = self.rule(view)
        return "wait" if rule is None else rule.do


def matches(rules: tuple[PolicyRule, ...], groups: Iterable[tuple[tuple[str, ...], Iterable[View]]]) -> set[int]:
    """Return every set of rows that can match together, each as bits: row n is bit n.

    Args:
        rules: The rows.
        groups: Parts of a view that belong together, and all views that differ in them; the groups are taken to be
            independent of each other.
    """
    together = {(1 << len(rules)) - 1}
    for parts, views in groups:
        asked = [[condition for condition in rule.when if condition.part in parts] for rule in rules]
        holding = {
            sum(1 << n for n, when in enumerate(asked) if all(_holds(condition, view) for condition in when))
            for view in views
        }
        together = {one & other for one in together for other in holding}
    return together


def _holds(condition: Condition, view: View) -> bool:
    part, test = condition.part, condition.test
    values = _values(condition)
    if part == "posture":
        return view.state.partition(".")[2] in values
    if part == "last":
        return bool(view.last) and view.last[0] in values
    seen: int | str | bool = getattr(view, part)
    if test == "is":
        return seen in values
    bound, seen = int(values[0]), int(seen)
    return {"at_least": seen >= bound, "at_most": seen <= bound, "above": seen > bound, "below": seen < bound}[test]


def _values(condition: Condition) -> tuple[Number | bool, ...]:
    return condition.value if isinstance(condition.value, tuple) else (condition.value,)
