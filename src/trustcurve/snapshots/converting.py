"""The converter between stored forms and plain data.

cattrs takes forms apart and puts them together, field by field, and keeps book of what fails where.
But it takes what it gets; so each hook here first looks whether that is the right thing, and says in
words of the snapshot what it should be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Literal, get_args, get_origin

from attrs import has
from cattrs.cols import list_structure_factory
from cattrs.preconf.json import JsonConverter, make_converter
from cattrs.strategies import configure_tagged_union

from trustcurve.core.errors import InvalidValueError, did_you_mean
from trustcurve.core.instants import instant
from trustcurve.snapshots.forms import AnyEvent, AnyRefusal
from trustcurve.snapshots.problems import UnfitError, named

__all__ = ["RFC_3339", "converter"]

RFC_3339 = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})$"
)
"""The times that are read, as a pattern for Python and for JSON Schema."""

_TIME = re.compile(RFC_3339)
_Hook = Callable[[Any, Any], Any]


@cache
def converter() -> JsonConverter:
    """Make the converter, once."""
    made = make_converter(forbid_extra_keys=True, omit_if_default=True)
    made.register_unstructure_hook(datetime, _write_time)
    made.register_structure_hook(datetime, _time)
    made.register_structure_hook(str, _text)
    made.register_structure_hook(bool, _flag)
    made.register_structure_hook(int, _counter)
    made.register_structure_hook_func(lambda hint: hint is object, lambda value, _: value)
    made.register_structure_hook_func(_is(Mapping), lambda value, _: _fitting(value))
    made.register_structure_hook_factory(_is(Literal), _word)
    made.register_structure_hook_factory(_is(tuple), lambda hint: _list(hint, made))
    made.register_structure_hook_factory(has, lambda kind: _object(kind, made))
    _tag(made, AnyEvent, "event")
    _tag(made, AnyRefusal, "error")
    optional = AnyEvent | None  # a union of its own, which the tagged one does not cover
    made.register_structure_hook(optional, lambda value, _: None if value is None else made.structure(value, AnyEvent))
    made.register_unstructure_hook(optional, lambda value: None if value is None else made.unstructure(value, AnyEvent))
    return made


def _is(origin: object) -> Callable[[Any], bool]:
    return lambda hint: get_origin(hint) is origin


def _fitting(value: object) -> Mapping[str, Any]:
    if not isinstance(value, (dict, Mapping)):  # dicts are mappings, too, but told sooner
        raise UnfitError(f"must be an object, not {named(value)}")
    return value


def _write_time(value: datetime) -> str:
    return instant(value).isoformat().replace("+00:00", "Z")


def _time(value: object, _: object) -> datetime:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        rule = "must be a time as in RFC 3339, the strict ISO 8601, with its offset, like 2026-03-01T12:00:00Z"
        raise UnfitError(f"{rule}, not {named(value)}")
    try:
        return instant(datetime.fromisoformat(value))
    except InvalidValueError as error:
        raise UnfitError(f"{named(value)} {error.rule}") from None
    except ValueError as error:
        raise UnfitError(f"{named(value)} is no time: {error}") from None


def _text(value: object, _: object) -> str:
    if type(value) is not str:
        raise UnfitError(f"must be a text, not {named(value)}")
    return value


def _flag(value: object, _: object) -> bool:
    if not isinstance(value, bool):
        raise UnfitError(f"must be true or false, not {named(value)}")
    return value


def _counter(value: object, _: object) -> int:
    if type(value) is not int or value < 0:  # true is an int as well
        raise UnfitError(f"must be a whole number of at least 0, not {named(value)}")
    return value


def _word(hint: Any) -> _Hook:
    words = get_args(hint)

    def read(value: object, _: object) -> object:
        if not isinstance(value, str) or value not in words:
            known = ", ".join(map(repr, words))
            raise UnfitError(f"must be one of {known}, not {named(value)}")
        return value

    return read


def _list(hint: Any, made: JsonConverter) -> _Hook:
    entries = list_structure_factory(hint, made)  # what cattrs uses for tuples, too

    def read(value: object, _: object) -> object:
        if not isinstance(value, list):
            raise UnfitError(f"must be a list, not {named(value)}")
        return tuple(entries(value, hint))

    return read


def _object(kind: type, made: JsonConverter) -> _Hook:
    fields: _Hook = made.gen_structure_attrs_fromdict(kind)
    return lambda value, _: fields(_fitting(value), kind)


def _tag(made: JsonConverter, union: Any, tag: str) -> None:
    """Configure a union whose kinds are told apart by a field with their name."""
    configure_tagged_union(union, made, tag_name=tag, tag_generator=lambda kind: kind.__name__)
    chosen = made.get_structure_hook(union)
    names = [kind.__name__ for kind in get_args(union)]

    def read(value: object, _: object) -> object:
        fields = _fitting(value)
        if tag not in fields:
            raise UnfitError(f"is missing: must be the name of a kind of {tag}", tag)
        name = fields[tag]
        if not isinstance(name, str) or name not in names:
            raise UnfitError(f"unknown kind of {tag} {named(name)}{did_you_mean(name, names)}", tag)
        return chosen(dict(fields), union)

    made.register_structure_hook(union, read)
