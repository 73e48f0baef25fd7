"""Pairs numbered on arrays get the numbers that a dict would give them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trustcurve.verification.numbering import PairNumbers, first_of_each

pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=12)


@given(st.lists(pairs, max_size=6), st.integers(0, 30))
def test_pairs_are_numbered_as_they_come(batches: list[list[tuple[int, int]]], most: int) -> None:
    numbers, known = PairNumbers(4), dict[tuple[int, int], int]()
    for batch in batches:
        rows, columns = np.array(batch, np.int32).reshape(-1, 2).T
        found, new = numbers.of(rows, columns, most)
        expected, fresh = [], []
        for place, pair in enumerate(batch):
            if pair not in known and len(known) < most:
                known[pair] = len(known)
                fresh.append(place)
            expected.append(known.get(pair, -1))
        assert found.tolist() == expected
        assert new.tolist() == fresh
        assert numbers.count == len(known)


@given(st.lists(st.integers(0, 9)), st.integers(0, 9))
def test_the_first_of_each(numbers: list[int], before: int) -> None:
    which = first_of_each(np.array(numbers, np.int64), np.full(10, before, np.int32))
    assert which.tolist() == [number not in numbers[:place] for place, number in enumerate(numbers)]
