"""Why a row did not apply: each condition that failed, with the values that it saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from trustcurve.core.program import FELT
from trustcurve.core.rules import TEST_WORDS, Condition, Rule
from trustcurve.core.values import Value

if TYPE_CHECKING:
    from trustcurve.core.rulebook import Rulebook
    from trustcurve.core.standing import Position

__all__ = ["Failure", "Refusal", "refusals"]


@frozen(eq=False, repr=False)
class Failure(Value):
    """One condition that did not hold: ``part``, the value it ``saw``, what it ``wanted``, and that in words."""

    part: str
    saw: str | int | bool
    wanted: str
    says: str

    def __str__(self) -> str:
        return self.says


@frozen(eq=False, repr=False)
class Refusal(Value):
    """A row that did not apply.

    Args:
        rule: The row.
        failures: The conditions that failed; empty where ``outranked_by`` is given.
        outranked_by: The earlier row that applied instead, where all conditions held.
    """

    rule: Rule
    failures: tuple[Failure, ...]
    outranked_by: Rule | None = None

    def __str__(self) -> str:
        why = ", ".join(map(str, self.failures)) or f"{self.outranked_by.name if self.outranked_by else ''} came first"
        return f"{self.rule.name}: {why}"


def refusals(curve: Rulebook, position: Position, signal: str) -> tuple[Refusal, ...]:
    """Say of every row of a signal that did not apply in a position why it did not.

    Returns:
        One refusal for each row of the signal but the one that applied, in the order of the rows.

    Raises:
        UnknownWordError: A word is not of this curve.
        InvalidPositionError: A counter is out of its range.

    Examples:
        >>> from trustcurve import Curve, Position
        >>> curve = Curve.default()
        >>> for refusal in curve.refusals(Position("customer_centric", 3, 2, 0, "clear"), "advocacy"):
        ...     print(refusal)
        advocacy.begins: engaged 2 of 3
        advocacy.begins_in_debt: engaged 2 of 3
        advocacy.adds_nothing: advocacy.favours came first
    """
    applied = curve.react(position, signal).rule
    wide = curve.cells(position)
    told: list[Refusal] = []
    for row in curve.program.rows[signal]:
        if row.rule is applied:
            continue
        failed = [
            _failure(curve, position, wide[FELT], condition)
            for condition, (cell, allowed) in zip(row.rule.when, row.tests, strict=True)
            if wide[cell] not in allowed
        ]
        told.append(Refusal(row.rule, tuple(failed), None if failed else applied))
    return tuple(told)


def _failure(curve: Rulebook, position: Position, felt: int, condition: Condition) -> Failure:
    part, test = condition.part, condition.test
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if part in ("stage", "account"):
        saw: str | int | bool = getattr(position, part)
    elif part == "posture":
        saw = curve.state(position).partition(".")[2] or "none"
    elif part == "outside":
        outside = not values[0]
        wanted = "before the barrier" if values[0] else "across the barrier"
        return Failure(part, outside, wanted, f"{curve.state(position)} is not {wanted}")
    else:
        saw = felt if part == "felt_doubt" else getattr(position, part)
        numbers = [curve.assembler.number(value) for value in values]
        wanted = TEST_WORDS[test] + " or ".join(map(str, numbers))
        needs = numbers[0] + (test == "above")
        says = f"{part} {saw} of {needs}" if test in ("at_least", "above") else f"{part} {saw}, not {wanted}"
        return Failure(part, saw, wanted, says.replace("_", " "))
    wanted = " or ".join(map(str, values))
    return Failure(part, saw, wanted, f"{part} {saw}, not {wanted}")
