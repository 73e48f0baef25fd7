"""Exact minimisation: a shortest subsequence of a failing sequence that still fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Final, TypeVar

__all__ = ["smallest"]

T = TypeVar("T")

_EXACT_MAX: Final = 12
"""Up to so many items every subsequence is tried: at most 4,096. Source: our choice, so that it takes seconds at worst."""


def smallest(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> tuple[T, ...]:
    """Return a shortest subsequence of a failing sequence that still fails.

    Of more than twelve items, runs of items are removed first for as long as the rest still fails. Then every
    subsequence of what remains is tried, shortest first.

    Args:
        items: The failing sequence.
        fails: Returns whether a subsequence fails. It must be deterministic: it is called once for each.

    Examples:
        >>> smallest("a long story about x and then y", lambda part: "x" in part and "y" in part)
        ('x', 'y')
    """
    known: dict[tuple[int, ...], bool] = {}

    def still_fails(places: tuple[int, ...]) -> bool:
        if places not in known:
            known[places] = fails([items[place] for place in places])
        return known[places]

    left = tuple(range(len(items)))
    if len(left) > _EXACT_MAX:
        left = _thinned(left, still_fails)
    if len(left) <= _EXACT_MAX:
        shorter = (places for size in range(len(left)) for places in combinations(left, size))
        left = next((places for places in shorter if still_fails(places)), left)
    return tuple(items[place] for place in left)


def _thinned(left: tuple[int, ...], still_fails: Callable[[tuple[int, ...]], bool]) -> tuple[int, ...]:
    """Remove runs of places, long ones first, until every single place is needed."""
    width = len(left) // 2
    while width:
        place = 0
        while place < len(left):
            fewer = left[:place] + left[place + width :]
            if still_fails(fewer):
                left = fewer
            else:
                place += width
        width = min(width // 2, len(left))
    return left
