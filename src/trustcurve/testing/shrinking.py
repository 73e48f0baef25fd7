"""Exact minimisation: of all parts of a failing sequence, a shortest that still fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Final, TypeVar

__all__ = ["smallest"]

T = TypeVar("T")

_EXACT: Final = 12
"""Up to so many items every part is tried: 4,096 at most. Source: our choice, so that it takes seconds at worst."""


def smallest(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> tuple[T, ...]:
    """Find a shortest part of a failing sequence that still fails; its items stay in order.

    Where there are more than twelve items, some are left out first for as long as the rest still fails. Then every part of
    what is left is tried, shortest first. ``fails`` must be deterministic: what it said once is not asked again.

    Examples:
        >>> smallest("a long story about x and then y", lambda part: "x" in part and "y" in part)
        ('x', 'y')
    """
    said: dict[tuple[int, ...], bool] = {}

    def still(places: tuple[int, ...]) -> bool:
        if places not in said:
            said[places] = fails([items[place] for place in places])
        return said[places]

    left = tuple(range(len(items)))
    if len(left) > _EXACT:
        left = _thinned(left, still)
    if len(left) <= _EXACT:
        parts = (part for size in range(len(left)) for part in combinations(left, size))
        left = next((part for part in parts if still(part)), left)
    return tuple(items[place] for place in left)


def _thinned(left: tuple[int, ...], still: Callable[[tuple[int, ...]], bool]) -> tuple[int, ...]:
    """Leave out runs of places, long ones first, until no single one can go."""
    width = len(left) // 2
    while width:
        place = 0
        while place < len(left):
            fewer = left[:place] + left[place + width :]
            if still(fewer):
                left = fewer
            else:
                place += width
        width = min(width // 2, len(left))
    return left
