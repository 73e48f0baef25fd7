"""When a row applies, in words: its own conditions, and what the rows before it leave over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from trustcurve.core.curve import Curve
from trustcurve.core.rules import Rule
from trustcurve.core.signals import ACCOUNT_LEVELS, COUNTERS, Account
from trustcurve.core.standing import Position
from trustcurve.core.wording import condition_words
from trustcurve.machine.guards import PLACED

__all__ = ["applies_words"]


def applies_words(curve: Curve, rule: Rule, places: Sequence[str], target: str) -> tuple[str, ...]:
    """Say when a row applies in some places, in words for each condition.

    Args:
        curve: The curve.
        rule: The row.
        places: Leaf states.
        target: The stage to which it leads; rows before it that lead there, too, take nothing away.

    Returns:
        Its conditions, without those on the place; where it has none, what the rows before it leave
        over; and nothing where it always applies there. Where a row before it takes some of what its own
        conditions allow, that is said.
    """
    own = [condition_words(condition, curve.number) for condition in rule.when if condition.part not in PLACED]
    if not own:
        return _left_over(curve, rule, places)
    (row,) = (row for row in curve.program.rows[str(rule.signal)] if row.rule is rule)
    there = [position for position in curve.table().positions if curve.state(position) in places]
    held = [p for p in there if all(curve.cells(p)[cell] in allowed for cell, allowed in row.tests)]
    taken = (curve.react(position, str(rule.signal)) for position in held)
    shadowed = any(each.rule is not rule and each.after.stage != target for each in taken)
    return (*own, "unless a row before applies") if shadowed else tuple(own)


def _left_over(curve: Curve, rule: Rule, places: Sequence[str]) -> tuple[str, ...]:
    """Say which values of the account and of one counter the rows before leave over; "otherwise" where it takes more."""
    earlier = [row for row in curve.rules[: curve.rules.index(rule)] if row.signal == rule.signal]
    asked = {c.part for row in earlier for c in row.when if c.part not in PLACED}
    there = [position for position in curve.table().positions if curve.state(position) in places]
    applied = [curve.react(position, str(rule.signal)).rule is rule for position in there]
    if all(applied):
        return ()
    counters = [part for part in COUNTERS if part in asked]
    if len(counters) != 1 or "felt_doubt" in asked:
        return ("otherwise",)
    part, some = counters[0], there[applied.index(True)]
    tops: dict[str, int] = dict(zip(COUNTERS, curve.program.tops[1:4], strict=True))
    groups: dict[tuple[int, ...], list[str]] = {}
    for level in ACCOUNT_LEVELS:
        left = [
            value
            for value in range(tops[part] + 1)
            if curve.react(_other(some, level, part, value), str(rule.signal)).rule is rule
        ]
        groups.setdefault(tuple(left), []).append(level)
    said = [(f"{part} {_range_words(values, tops[part])}", levels) for values, levels in groups.items() if values]
    if len(groups) == 1:
        return (said[0][0],)
    return ("; or ".join(f"account {_account_words(levels)}, {words}" for words, levels in said),)


def _other(position: Position, account: Account, part: str, value: int) -> Position:
    changes: dict[str, Any] = {part: value}
    return evolve(position, account=account, **changes)


def _account_words(levels: list[str]) -> str:
    clear, *others = ACCOUNT_LEVELS
    return f"not {clear}" if levels == others else " or ".join(levels)


def _range_words(values: Sequence[int], top: int) -> str:
    """Say a set of numbers: "0", "at most 1", "at least 3", "1 or 3"."""
    low, high, known = min(values), max(values), sorted(values)
    if known == list(range(low, high + 1)) and low < high:
        if low == 0:
            return f"at most {high}"
        if high == top:
            return f"at least {low}"
    return " or ".join(map(str, known))
