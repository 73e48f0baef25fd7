"""Policies as data: rows of conditions and an action, the first that holds decides, or the company waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from trustcurve.core.rules import Condition, Number
from trustcurve.core.values import Value
from trustcurve.policies.actions import Action
from trustcurve.policies.view import View

__all__ = ["NUMBERS", "WORDS", "PolicyRule", "RuleBook", "matches"]


WORDS = ("stage", "posture", "state", "account", "last")
"""What a row can ask about with words; ``last`` is the company's latest action."""

NUMBERS = ("kept", "engaged", "doubt", "felt_doubt", "quiet", "open", "asks")
"""What a row can ask about with numbers."""


@frozen(eq=False, repr=False)
class PolicyRule(Value):
    """A row: when all conditions hold, ``do`` this, because."""

    name: str
    when: tuple[Condition, ...]
    do: Action
    because: str = ""

    def holds(self, view: View) -> bool:
        """Whether all conditions hold."""
        return all(_holds(condition, view) for condition in self.when)

    def numbers(self, part: str) -> Iterator[int]:
        """Answer with the numbers that one part is held against."""
        for condition in self.when:
            if condition.part == part:
                yield from map(int, _values(condition))


@frozen(eq=False, repr=False)
class RuleBook(Value):
    """All rows of a policy; called with a view, it decides."""

    rules: tuple[PolicyRule, ...]

    def rule(self, view: View) -> PolicyRule | None:
        """Answer with the row that decides, or None where the company waits because no row holds."""
        return next((rule for rule in self.rules if rule.holds(view)), None)

    def __call__(self, view: View) -> Action:
        """Decide."""
        rule = self.rule(view)
        return "wait" if rule is None else rule.do


def matches(rules: tuple[PolicyRule, ...], groups: Iterable[tuple[tuple[str, ...], Iterable[View]]]) -> set[int]:
    """Answer with every set of rows that can hold together, each as bits: row n is bit n.

    Args:
        rules: The rows.
        groups: Parts of a view that go together, and all views that differ in them; different groups are
            taken to be independent of each other.
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
