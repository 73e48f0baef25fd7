"""Policies as data: a list of rows, each with conditions and actions; the first row that matches decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, final

from attrs import field, frozen

from trustcurve.core.rules import TEST_WORDS, Condition, Number
from trustcurve.core.signals import COUNTERS
from trustcurve.core.values import Value
from trustcurve.errors import final_class
from trustcurve.policies.actions import WAIT
from trustcurve.policies.recall import CONTACT, Recall, since, times, trend, tries
from trustcurve.policies.view import View

__all__ = [
    "ANY_KIND",
    "NUMBERS",
    "POSITION_PARTS",
    "WORDS",
    "DecisionList",
    "PolicyRule",
    "condition_words",
    "is_remembered",
    "matches",
    "plain_actions",
]

WORDS = ("stage", "posture", "state", "account", "last", "trend", "promised")
"""The parts of a view that conditions compare with words; ``last`` is what the company did at the latest run ("wait": nothing),
``promised`` are the kinds and weights of open promises."""

NUMBERS = ("kept", "engaged", "doubt", "felt_doubt", "quiet", "open")
"""The parts of a view that conditions compare with numbers. More are named with a dot: "since.complaint", "times.contact.3" (of
three turns), "tries.ask", "left.major" (the turns left of the promise that falls due first), "constants.tier"."""

POSITION_PARTS = frozenset({"stage", "posture", "state", "account", "outside", *COUNTERS, "felt_doubt"})
"""The parts of a view that are about the position alone."""

_LAST: Final = 2
"""How far to count so that the latest run can be told from those before."""

_REMEMBERED: Final = ("since", "times", "tries", "trend", "last")

ANY_KIND: Final = "any"
"""Stands for every kind of promise."""


def is_remembered(part: str) -> bool:
    """Return whether a part of a view is about what came before."""
    return part.partition(".")[0] in _REMEMBERED


def plain_actions(do: Any) -> tuple[str, ...]:
    """Return the actions of a row; waiting is none."""
    actions = (do,) if isinstance(do, str) else tuple(do)
    return () if actions == (WAIT,) else actions


@final
@frozen(eq=False, repr=False)
class PolicyRule(Value):
    """A row: when all conditions hold, ``do`` this, because.

    Args:
        name: What it is called.
        when: The conditions.
        do: The actions, in order; none to wait.
        because: Why, in words.
    """

    name: str
    when: tuple[Condition, ...]
    do: tuple[str, ...] = field(converter=plain_actions)
    because: str = ""

    __init_subclass__ = final_class

    def holds(self, view: View, about: Callable[[str], bool] | None = None) -> bool:
        """Return whether all conditions hold, or all that are about some parts of a view."""
        return all(_holds(condition, view) for condition in self.when if about is None or about(condition.part))

    def fails(self, view: View) -> Condition | None:
        """Return the first condition that does not hold, or None."""
        return next((condition for condition in self.when if not _holds(condition, view)), None)

    def numbers(self, part: str) -> Iterator[int]:
        """Yield the numbers that the conditions compare one part with."""
        for condition in self.when:
            if condition.part == part:
                yield from (int(value) for value in _values(condition) if not isinstance(value, str))


@final
@frozen(eq=False, repr=False)
class DecisionList(Value):
    """All rows of a policy; called with a view, it decides."""

    rules: tuple[PolicyRule, ...]

    __init_subclass__ = final_class

    def rule(self, view: View) -> PolicyRule | None:
        """Return the row that decides; None if no row matches, and the company waits."""
        return next((rule for rule in self.rules if rule.holds(view)), None)

    def __call__(self, view: View) -> tuple[str, ...]:
        """Decide."""
        rule = self.rule(view)
        return () if rule is None else rule.do

    @property
    def parts(self) -> frozenset[str]:
        """Everything that the rows ask about."""
        return frozenset(condition.part for rule in self.rules for condition in rule.when)

    @property
    def recalls(self) -> tuple[Recall, ...]:
        """What the rows ask to be remembered, and no more: each counter counts as far as some row tells numbers apart."""
        bounds: dict[str, int] = {}
        for condition in (condition for rule in self.rules for condition in rule.when):
            if condition.part == "last":
                words = (CONTACT if word == WAIT else word for word in _values(condition))
                needed = dict.fromkeys((f"since.{word}" for word in words), _LAST)
            else:
                needed = {condition.part: _bound(condition)}
            for part, bound in needed.items():
                bounds[part] = max(bounds.get(part, 1), bound)
        return tuple(filter(None, (_recall(part, bounds[part]) for part in sorted(bounds))))


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


def condition_words(condition: Condition) -> str:
    """Return a condition in words: "since complaint is at least 3"."""
    values = " or ".join(map(str, _values(condition)))
    return f"{condition.part.replace('.', ' ')} is {TEST_WORDS[condition.test]}{values}"


def _holds(condition: Condition, view: View) -> bool:
    part, test = condition.part, condition.test
    values = _values(condition)
    if part == "promised":
        return any(promise.kind in values or promise.weight in values for promise in view.promises)
    if part == "last":
        return any(
            (view.since(CONTACT if word == WAIT else word) == 1) is not (word == WAIT) for word in map(str, values)
        )
    seen = _seen(part, view)
    if test == "is":
        return seen in values
    if seen is None:
        return False
    bound, seen = int(values[0]), int(seen)
    return {"at_least": seen >= bound, "at_most": seen <= bound, "above": seen > bound, "below": seen < bound}[test]


def _seen(part: str, view: View) -> int | str | bool | None:
    """Return a part of a view."""
    kind, _, word = part.partition(".")
    if kind == "posture":
        return view.state.partition(".")[2]
    if kind == "since":
        return view.since(word)
    if kind == "times":
        word, _, within = word.rpartition(".")
        return view.times(word, int(within))
    if kind == "tries":
        return view.tries(word)
    if kind == "left":
        left = (p.left for p in view.promises if p.left is not None and word in (p.kind, p.weight, ANY_KIND))
        return min(left, default=None)
    if kind == "constants":
        return view.constant(word)
    seen: int | str | bool = getattr(view, part)
    return seen


def _recall(part: str, bound: int) -> Recall | None:
    """Return what is to be remembered for a part of a view, if it is about the past."""
    kind, _, word = part.partition(".")
    if kind == "since":
        return since(word, bound)
    if kind == "times":
        word, _, within = word.rpartition(".")
        return times(word, int(within))
    if kind == "tries":
        return tries(word, bound)
    return trend() if kind == "trend" else None


def _bound(condition: Condition) -> int:
    """Return how far to count so that it can be told whether a condition holds."""
    numbers = [int(value) for value in _values(condition) if not isinstance(value, str)]
    return max(numbers, default=0) + (condition.test not in ("at_least", "below"))


def _values(condition: Condition) -> tuple[Number | bool, ...]:
    return condition.value if isinstance(condition.value, tuple) else (condition.value,)
