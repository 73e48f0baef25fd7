"""What values share: equality, hash and repr by their fields."""

from __future__ import annotations

from typing import Any

__all__ = ["Value"]


class Value:
    """The base of the attrs classes that are made often in code and seldom in a loop.

    attrs writes these methods anew for each class, and compiling them is most of what importing this
    library would cost; so they are written once here, and the classes say eq=False and repr=False.
    What is compared on a hot path (positions, standings) lets attrs write its own.
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
