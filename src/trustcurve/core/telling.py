"""A rule in words, for tables and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustcurve.core.rules import TEST_WORDS, Condition, Effect, Rule

if TYPE_CHECKING:
    from trustcurve.core.rulebook import Rulebook

__all__ = ["condition_words", "rule_words"]


def rule_words(curve: Rulebook, rule: Rule) -> tuple[str, str]:
    """Say a rule's condition and effects in words, with the numbers of this curve: ("engaged at least 1", "engaged -1")."""
    when = ", ".join(condition_words(curve, condition) for condition in rule.when)
    then = ", ".join(_effect(curve, effect) for effect in rule.effects)
    return when or "always", then or "nothing"


def condition_words(curve: Rulebook, condition: Condition) -> str:
    """Say one condition in words: "felt doubt at least 5"."""
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if condition.part == "outside":
        return "before the barrier" if values[0] else "across the barrier"
    if condition.part in ("stage", "posture", "account"):
        return f"{condition.part} {' or '.join(map(str, values))}"
    numbers = " or ".join(str(curve.assembler.number(value)) for value in values)
    return f"{condition.part.replace('_', ' ')} {TEST_WORDS[condition.test]}{numbers}"


def _effect(curve: Rulebook, effect: Effect) -> str:
    words = isinstance(effect.value, str) and effect.op != "add" and effect.part in ("stage", "account")
    value = effect.value if words else curve.assembler.number(effect.value)
    if effect.op == "add":
        if effect.part in ("stage", "account"):
            n = abs(int(value))
            return f"{effect.part} {n} {'level' if effect.part == 'account' else 'stage'}{'s' if n > 1 else ''} {'up' if int(value) > 0 else 'down'}"
        return f"{effect.part} {int(value):+d}"
    return f"{effect.part} at least {value}" if effect.op == "at_least" else f"{effect.part} {value}"
