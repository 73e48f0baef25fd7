"""Exact minimisation leaves nothing that can be left out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from trustcurve.testing import smallest


@settings(deadline=None)
@given(st.sets(st.integers(0, 9), min_size=1), st.integers(1, 4))
def test_of_few_items_a_shortest_part_is_found(needed: set[int], threshold: int):
    def fails(part: Sequence[int]) -> bool:
        return len(needed & set(part)) >= min(threshold, len(needed))

    found = smallest(range(10), fails)
    sizes = [size for size in range(11) for part in combinations(range(10), size) if fails(part)]
    assert fails(found)
    assert len(found) == sizes[0]


@settings(deadline=None)
@given(st.sets(st.integers(0, 199), min_size=1, max_size=5))
def test_of_many_items_what_is_needed_stays(needed: set[int]):
    assert set(smallest(range(200), lambda part: needed <= set(part))) == needed


def test_what_fails_anyway_shrinks_to_nothing():
    assert smallest("anything", lambda _: True) == ()


def test_the_whole_is_not_asked_again_and_no_part_twice():
    asked: list[tuple[str, ...]] = []

    def fails(part: Sequence[str]) -> bool:
        asked.append(tuple(part))
        return False

    assert smallest("abc", fails) == ("a", "b", "c")
    assert len(asked) == len(set(asked)) == 7
