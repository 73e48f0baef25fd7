"""Values numbered in the order in which they came."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from trustcurve.arrays import Array
from trustcurve.errors import require

__all__ = ["Numbers", "PairNumbers", "distinct_of", "distinct_rows", "enlarged", "first_of_each"]

_CODES_MAX = 1 << 62

_SMALL = 1 << 22  # codes up to here are looked up in an array

_T = TypeVar("_T", bound=Hashable)


class Numbers(Generic[_T]):
    """Values numbered in the order in which they came."""

    def __init__(self) -> None:
        self.values: list[_T] = []
        self._known: dict[_T, int] = {}

    def of(self, value: _T) -> int:
        """Return the number of a value."""
        number = self._known.get(value)
        if number is None:
            number = self._known[value] = len(self.values)
            self.values.append(value)
        return number


class PairNumbers:
    """Pairs of a row and a column, numbered from 0 in the order in which they come, many at once.

    Args:
        wide: How many columns there are.
    """

    def __init__(self, wide: int) -> None:
        np = require("numpy", "verify")
        self.count = 0
        self._table = np.zeros((0, wide), np.int32)  # one more than the number; 0: none yet

    def of(self, rows: Array, columns: Array, most: int) -> tuple[Array, Array]:
        """Number the pairs that are new, until there are ``most`` numbers.

        Returns:
            The numbers of all pairs, -1 beyond the most, and the places of the new ones among them. Shapes (n,), (new,).
        """
        np = require("numpy", "verify")
        self._table = enlarged(self._table, int(rows.max(initial=-1)) + 1, nothing=0)
        flat, pairs = self._table.reshape(-1), rows.astype(np.int64) * self._table.shape[1] + columns
        numbers = flat[pairs]
        unknown = np.flatnonzero(numbers == 0)
        first = first_of_each(pairs[unknown], flat)
        room = most - self.count
        new = unknown[first][:room]
        flat[pairs[unknown]] = 0
        flat[pairs[new]] = np.arange(self.count, self.count + len(new)) + 1
        self.count += len(new)
        numbers[unknown] = flat[pairs[unknown]]
        return numbers - 1, new


def enlarged(rows: Array, count: int, *, nothing: int | bool) -> Array:
    """Return an array with room for so many rows; if it has to grow, there is room for twice as many as before."""
    np = require("numpy", "verify")
    if count <= len(rows):
        return rows
    shape = (count + len(rows), *rows.shape[1:])
    larger = np.zeros(shape, rows.dtype)  # zeros that are not used take no memory
    if nothing:
        larger[len(rows) :] = nothing
    larger[: len(rows)] = rows
    return larger


def first_of_each(numbers: Array, scratch: Array) -> Array:
    """Return which of some numbers come for the first time. Shape (n,).

    Args:
        numbers: The numbers. Shape (n,).
        scratch: Whole numbers, at least one for each number that there can be; what they are does not matter.
    """
    np = require("numpy", "verify")
    order = np.arange(len(numbers), dtype=scratch.dtype)
    scratch[numbers[::-1]] = order[::-1]  # the one that is written last remains
    return scratch[numbers] == order


def distinct_of(codes: Array) -> tuple[Array, Array]:
    """Return the different codes in order, and for each of all codes which of them it is."""
    np = require("numpy", "verify")
    if not len(codes) or int(codes.max()) >= _SMALL:
        distinct, place = np.unique(codes, return_inverse=True)
        return distinct, place
    distinct = np.flatnonzero(np.bincount(codes))
    places = np.zeros(int(distinct[-1]) + 1, np.int64)  # wide enough to be made into other codes
    places[distinct] = np.arange(len(distinct))
    return distinct, places[codes]


def distinct_rows(rows: Array) -> tuple[Array, Array]:
    """Return the place of each different row, and for each row which of them it is. Shapes (kinds,), (n,).

    Args:
        rows: Small whole numbers from 0. Shape (n, columns).
    """
    np = require("numpy", "verify")
    kind, kinds = np.zeros(len(rows), np.int64), 1
    for column in rows.T:
        wide = int(column.max(initial=0)) + 1
        if kinds * wide > _CODES_MAX:
            kind = np.unique(kind, return_inverse=True)[1]
            kinds = int(kind.max(initial=0)) + 1
        kind, kinds = kind * wide + column, kinds * wide
    _, place, kind = np.unique(kind, return_index=True, return_inverse=True)
    return place, kind
