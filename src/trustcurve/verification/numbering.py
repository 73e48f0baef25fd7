"""Values numbered in the order in which they came."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Numbers"]

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
