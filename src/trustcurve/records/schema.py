"""The columns of a table, derived from the fields of an attrs class."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import NOTHING, fields, frozen

__all__ = ["Column", "Kind", "Schema", "columns_of"]

Kind = Literal["text", "integer", "number", "flag", "instant"]

_KINDS: dict[Any, Kind] = {str: "text", int: "integer", float: "number", bool: "flag", datetime: "instant"}


@frozen
class Column:
    """A column of a table.

    Args:
        name: Its name, the same as that of the field.
        kind: "text", "integer", "number", "flag" or "instant" (a time in UTC, in microseconds).
        optional: Whether it may be empty.
        words: The allowed words of a text; if empty, any text.
        needed: Whether the class has no default for it.
    """

    name: str
    kind: Kind
    optional: bool = False
    words: tuple[str, ...] = ()
    needed: bool = True


@frozen
class Schema:
    """A table: its name and its columns, in order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def __getitem__(self, name: str) -> Column:
        """Return a column by its name."""
        return next(column for column in self.columns if column.name == name)


def columns_of(cls: type, without: Collection[str] = ()) -> tuple[Column, ...]:
    """Return the columns of an attrs class whose fields are texts, words, numbers, flags and times.

    Args:
        cls: The class. Fields that are computed (``init=False``) have no column.
        without: Fields to leave out.

    Examples:
        >>> from trustcurve import PromiseMade
        >>> [(column.name, column.kind) for column in columns_of(PromiseMade)][-3:]
        [('promise', 'text'), ('due', 'instant'), ('weight', 'text')]
        >>> columns_of(PromiseMade)[-1].words
        ('major', 'minor')
    """
    hints = get_type_hints(cls)
    return tuple(
        _column(field.name, hints[field.name], needed=field.default is NOTHING)
        for field in fields(cls)
        if field.init and field.name not in without
    )


def _column(name: str, hint: Any, *, needed: bool) -> Column:
    choices = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    (given,) = (choice for choice in choices if choice is not NoneType)
    words = get_args(given) if get_origin(given) is Literal else ()
    return Column(name, "text" if words else _KINDS[given], NoneType in choices, words, needed)
