"""The base class of values: equality, hash and repr by fields."""

from __future__ import annotations

from typing import Any

__all__ = ["Value"]


class Value:
    """The base of attrs classes whose methods need not be fast.

    attrs generates these methods for each class, and compiling them would be most of the import time of this
    library; so they are written once here, and the classes have eq=False and repr=False.
    Classes that are compared often (positions, standings) let attrs generate them.
    """

    __slots__ = ()
    __attrs_attrs__: Any

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(getattr(self, field.name) == getattr(other, field.name) for field in self.__attrs_attrs__)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, field.name) for field in self.__attrs_attrs__)))

    def __repr__(self) -> str:
        shown = (f"{field.name}={getattr(self, field.name)!r}" for field in self.__attrs_attrs__ if field.repr)
        return f"{type(self).__name__}({', '.join(shown)})"
