"""The columns of a table, derived from the fields of an attrs class."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import NOTHING, fields, frozen

from trustcurve.core.instants import instant
from trustcurve.core.values import is_integer, is_writable
from trustcurve.errors import InvalidValueError, NaiveTimeError

__all__ = ["Column", "Kind", "Schema", "check_schema", "columns_of", "values_of"]

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


_FITS: dict[Kind, tuple[Callable[[Any], bool], str]] = {
    "text": (lambda value: isinstance(value, str) and is_writable(value), "must be a text without lone surrogates"),
    "integer": (is_integer, "must be a whole number of at most 64 bits"),
    "number": (lambda value: isinstance(value, float) or is_integer(value), "must be a number"),
    "flag": (lambda value: isinstance(value, bool), "must be True or False"),
}


def check_schema(value: object) -> None:
    """Raise InvalidValueError unless a value is a schema."""
    if not isinstance(value, Schema):
        raise InvalidValueError("schema", value, "must be a Schema such as trustcurve.records.EVENTS")


def values_of(schema: Schema, record: object, place: str) -> tuple[Any, ...]:
    """Return the values of a record in the order of the columns.

    Args:
        schema: The table.
        record: A mapping, in which empty columns may be missing, or an object that has the columns as attributes.
        place: The name of the record in messages.

    Raises:
        InvalidValueError: A column is missing, or has a value of another kind.
        NaiveTimeError: A time has no timezone.
    """
    get = record.get if isinstance(record, Mapping) else partial(_attribute, record, place)
    found = [get(column.name) for column in schema.columns]
    try:
        return tuple([_value(column, value) for column, value in zip(schema.columns, found, strict=True)])
    except (InvalidValueError, NaiveTimeError) as error:
        error.argument = f"{place}.{error.argument}"
        raise


def _attribute(record: object, place: str, name: str) -> Any:
    try:
        return getattr(record, name)
    except AttributeError:
        rule = f"must be a mapping, or an object that has the attribute {name!r}"
        raise InvalidValueError(place, record, rule) from None


def _value(column: Column, value: Any) -> Any:
    if value is None and column.optional:
        return None
    if value is None:
        raise InvalidValueError(column.name, value, "must be given")
    if column.kind == "instant":
        return instant(value, column.name)
    fits, rule = _FITS[column.kind]
    if not fits(value):
        raise InvalidValueError(column.name, value, rule)
    return value


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
