"""Hooks of the reader: each checks the type of a value before cattrs would coerce it, and raises in terms of the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import define, field, fields, has
from cattrs import Converter
from cattrs.errors import IterableValidationError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

from trustcurve.documents.forms import (
    Form,
    Keyed,
    Named,
    Tagged,
    UnfitError,
    UnknownProblem,
    ValueRule,
    key_of,
)
from trustcurve.documents.plain_text import is_too_deep
from trustcurve.documents.problems import PROBLEMS_MAX, explained, named, unknown
from trustcurve.errors import InvalidValueError, UnknownWordError, rule_got

__all__ = ["DURATION_SCHEMA", "equip"]

_Hook = Callable[[Any, Any], Any]

_KINDS: tuple[tuple[Any, tuple[type, ...], str], ...] = (
    # type, Python types of its plain value, name in messages; bool and datetime come before their bases
    (bool, (bool,), "true or false"),
    (int, (int,), "a whole number"),
    (float, (int, float), "a number"),
    (str, (str,), "a text"),
    (datetime, (datetime,), "a time"),
    (date, (date,), "a date"),
)
_UNITS = ("days", "hours", "minutes", "seconds")
DURATION_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": "number", "description": "days"},
        {
            "type": "object",
            "properties": {unit: {"type": "number"} for unit in _UNITS},
            "minProperties": 1,
            "additionalProperties": False,
        },
    ]
}
"""The form of a duration: a number of days, or a table of units."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def equip(made: Converter, *, table: str, check: bool) -> None:
    """Register hooks that check values before they are converted.

    Args:
        made: The converter.
        table: The word for a table: "table" in TOML, "object" in JSON.
        check: Whether to call the validators of each field separately, to find all problems; if not, the class
            raises for the first one.
    """
    _Hooks(made, table, check).register()


@define
class _Wrong:
    """The errors of the entries of one array or table."""

    hint: Any
    errors: list[Exception] = field(factory=list)
    count: int = 0

    def add(self, error: Exception, index: int | str) -> None:
        """Add the error of an entry.

        Raises:
            IterableValidationError: There are so many problems that the entries after this one are not read.
        """
        error.__notes__ = [*getattr(error, "__notes__", ()), IterableValidationNote("", index, self.hint)]
        self.errors.append(error)
        self.count += _count(error)
        if self.count >= PROBLEMS_MAX:
            self.errors.append(UnfitError(f"has at least {PROBLEMS_MAX:,} problems; later entries are not read"))
            self.check()

    def check(self) -> None:
        """Raise all errors together, if there are any."""
        if self.errors:
            raise IterableValidationError("", self.errors, dict)


def _count(error: BaseException) -> int:
    return sum(map(_count, error.exceptions)) if isinstance(error, BaseExceptionGroup) else 1


@define
class _Hooks:
    """The hooks of one converter."""

    made: Converter
    kind: str
    check: bool
    of_classes: dict[type, _Hook] = field(factory=dict)

    def register(self) -> None:
        made = self.made
        for hint, types, called in _KINDS:
            made.register_structure_hook(hint, self._scalar(types, called))
        made.register_structure_hook(timedelta, lambda value, _: self._duration(value))
        made.register_structure_hook_func(lambda hint: hint is object or hint is Any, lambda value, _: self._any(value))
        factories: tuple[tuple[Callable[[Any], bool], Callable[[Any], _Hook]], ...] = (
            (lambda hint: get_origin(hint) is Literal, self._word),
            (lambda hint: get_origin(hint) is tuple, self._array),
            (lambda hint: get_origin(hint) in (Mapping, dict), self._mapping),
            (has, self._class),
            (lambda hint: get_origin(hint) in (Union, UnionType), self._union),
            (lambda hint: get_origin(hint) is Annotated, self._annotated),
        )
        for fits, make in factories:
            made.register_structure_hook_factory(fits, make)

    def named(self, value: object) -> str:
        return named(value, self.kind)

    def table(self, value: object) -> Mapping[str, Any]:
        if not isinstance(value, (dict, Mapping)):  # checking for dict first is faster
            raise UnfitError(f"must be {self.named({})}, got {self.named(value)}")
        return value

    def _scalar(self, types: tuple[type, ...], called: str) -> _Hook:
        takes_flags = bool in types

        def read(value: object, _: object) -> object:
            if not isinstance(value, types) or (isinstance(value, bool) and not takes_flags):
                raise UnfitError(f"must be {called}, got {self.named(value)}")
            return value

        return read

    def _duration(self, value: object) -> timedelta:
        units = value if isinstance(value, Mapping) else {"days": value}
        if not units or (units is not value and not _is_number(value)):
            raise UnfitError(f"must be a number of days or a table such as {{ hours = 36 }}, got {self.named(value)}")
        for unit, number in units.items():
            if unit not in _UNITS:
                raise UnfitError(UnknownProblem("unknown unit", unit, _UNITS), (str(unit),))
            if not _is_number(number):
                raise UnfitError(f"must be a number, got {self.named(number)}", (str(unit),))
        with suppress(OverflowError, ValueError):
            return timedelta(**units)
        raise UnfitError(f"must be a duration of at most {timedelta.max.days:,} days, got {self.named(value)}")

    def _any(self, value: object) -> object:
        if is_too_deep(value):
            raise UnfitError("is nested too deeply")
        return value

    def _word(self, hint: Any) -> _Hook:
        words = get_args(hint)
        called = words[0] if len(words) == 1 else f"one of {', '.join(words)}"

        def read(value: object, _: object) -> object:
            if not isinstance(value, str):
                raise UnfitError(f"must be {called}, got {self.named(value)}")
            if value not in words:
                raise UnfitError(unknown(value, words))
            return words[words.index(value)]  # the word itself, not an equal value of another type

        return read

    def _array(self, hint: Any) -> _Hook:
        inner = get_args(hint)[0]
        bare = get_args(inner)[0] if get_origin(inner) is Annotated else inner
        entry, of = self.made.get_structure_hook(inner), f" of {self.kind}s" if has(bare) else ""

        def read(value: object, _: object) -> object:
            if not isinstance(value, list | tuple):
                raise UnfitError(f"must be an array{of}, got {self.named(value)}")
            read, wrong = [], _Wrong(hint)
            for index, each in enumerate(value):
                try:
                    read.append(entry(each, inner))
                except Exception as error:  # noqa: BLE001 - all are raised together, as in cattrs
                    wrong.add(error, index)
            wrong.check()
            return tuple(read)

        return read

    def _mapping(self, hint: Any, entries: Named | None = None) -> _Hook:
        """Return the hook for a table with any keys, some of which may be required."""
        key_hint, value_hint = get_args(hint)
        key_hint = str if str in get_args(key_hint) else key_hint  # of known words and any others, for the schema
        if value_hint is Any:
            return lambda value, _: self._any(self.table(value))
        keys, needed = self.made.get_structure_hook(key_hint), entries.types if entries else {}
        hooks = {each: self.made.get_structure_hook(each) for each in (value_hint, *needed.values())}

        def read(value: object, _: object) -> dict[Any, Any]:
            table, read, wrong = self.table(value), {}, _Wrong(hint)
            for key, each in table.items():
                wanted = needed.get(key, value_hint)
                try:
                    read[keys(key, key_hint)] = hooks[wanted](each, wanted)
                except Exception as error:  # noqa: BLE001 - all are raised together, as in cattrs
                    wrong.add(error, str(key))
            wrong.errors += [
                UnfitError(f"is missing: {entries.why}", (key,)) for key in needed if key not in table and entries
            ]
            wrong.check()
            return read

        return read

    def _class(self, cls: type) -> _Hook:
        made = self.of_classes
        if cls in made:
            return made[cls]

        def later(value: object, hint: object) -> object:  # for a class inside itself, until its hook is made
            return made[cls](value, hint)

        made[cls] = later
        hints: dict[str, Any] = get_type_hints(cls, include_extras=True)
        hooks: dict[str, Any] = {}
        for each in (each for each in fields(cls) if each.init):
            hook = self.made.get_structure_hook(hints[each.name])
            if self.check and each.validator is not None:
                hook = self._checked(hook, each)
            hooks[each.name] = override(rename=key_of(each), struct_hook=hook)
        fill: _Hook = make_dict_structure_fn(cls, self.made, _cattrs_forbid_extra_keys=True, **hooks)
        made[cls] = lambda value, _: fill(self.table(value), cls)
        return made[cls]

    def _checked(self, hook: _Hook, attribute: Any) -> _Hook:
        """Add the validator of a field to its hook; a rule is checked before the value is converted, other validators after."""
        check = attribute.validator
        rule = isinstance(check, ValueRule)

        def read(value: object, hint: object) -> object:
            if rule and not check.fits(value):
                raise UnfitError(f"{check.words}, got {self.named(value)}")
            read = hook(value, hint)
            if not rule:
                try:
                    check(None, attribute, read)
                except InvalidValueError as error:
                    raise UnfitError(rule_got(error.rule, self.named(value))) from None
                except UnknownWordError as error:
                    raise UnfitError(explained(error)) from None
            return read

        return read

    def _annotated(self, hint: Any) -> _Hook:
        inner, *extras = get_args(hint)
        for extra in extras:
            if isinstance(extra, Form):
                return lambda value, _: extra.read(value)
            if isinstance(extra, Tagged):
                return self._tagged(extra)
            if isinstance(extra, Keyed):
                return self._keyed(extra)
            if isinstance(extra, Named):
                return self._mapping(inner, extra)
        hook, rules = self.made.get_structure_hook(inner), [each for each in extras if isinstance(each, ValueRule)]

        def read(value: object, _: object) -> object:
            for rule in rules:
                if not rule.fits(value):
                    raise UnfitError(f"{rule.words}, got {self.named(value)}")
            return hook(value, inner)

        return read

    def _tagged(self, tagged: Tagged) -> _Hook:
        tag, kinds = tagged.tag, tagged.kinds
        hook_of = cache(lambda name: self.made.get_structure_hook(kinds[name]))

        def read(value: object, _: object) -> object:
            table = self.table(value)
            if tag not in table:
                raise UnfitError(f"is missing: it names the kind of {tag}", (tag,))
            name = table[tag]
            if not isinstance(name, str):
                raise UnfitError(
                    f"must name a kind of {tag}, got {self.named(name)}; known: {', '.join(kinds)}", (tag,)
                )
            if name not in kinds:
                raise UnfitError(UnknownProblem(f"unknown kind of {tag} {self.named(name)}", name, kinds), (tag,))
            rest = {key: each for key, each in table.items() if key != tag}
            return hook_of(name)(rest, kinds[name])

        return read

    def _keyed(self, keyed: Keyed) -> _Hook:
        kinds = keyed.kinds
        hook_of = cache(lambda key: self.made.get_structure_hook(kinds[key]))
        known = tuple(dict.fromkeys(key_of(each) for kind in kinds.values() for each in fields(kind)))
        one_of = f"one of the keys {', '.join(kinds)}"

        def read(value: object, _: object) -> object:
            table = self.table(value)
            found = [key for key in kinds if key in table]
            if len(found) == 1:
                return hook_of(found[0])(table, kinds[found[0]])
            if found:
                raise UnfitError(f"cannot stand beside {found[0]!r}: there must be exactly {one_of}", (found[1],))
            wrong = [UnfitError(UnknownProblem("unknown key", key, known), (key,)) for key in table if key not in known]
            raise IterableValidationError("", wrong[:PROBLEMS_MAX] or [UnfitError(f"must have {one_of}")], dict)

        return read

    def _union(self, hint: Any) -> _Hook:
        """Return the hook that chooses among types by the type of the plain value."""
        arms = [each for each in get_args(hint) if each is not NoneType]
        hooks = [self.made.get_structure_hook(each) for each in arms]
        optional = not self.check and len(arms) < len(get_args(hint))  # JSON has null, TOML does not
        if len(arms) == 1:
            arm, hook = arms[0], hooks[0]
            return lambda value, _: None if optional and value is None else hook(value, arm)
        takes = [_plain_types(each) for each in arms]
        called = " or ".join(dict.fromkeys(self._called(each) for each in arms))

        def read(value: object, _: object) -> object:
            if optional and value is None:
                return None
            for arm, hook, types in zip(arms, hooks, takes, strict=True):
                if isinstance(value, types) and (not isinstance(value, bool) or bool in types):
                    return hook(value, arm)
            raise UnfitError(f"must be {called}, got {self.named(value)}")

        return read

    def _called(self, hint: Any) -> str:
        """Return the name of a type in messages."""
        inner, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        rule = next((each.words for each in extras if isinstance(each, ValueRule)), "")
        if rule.startswith("must be "):
            return rule.removeprefix("must be ")
        if get_origin(inner) in (Union, UnionType):
            return " or ".join(dict.fromkeys(self._called(each) for each in get_args(inner)))
        names = {hint: called for hint, _, called in _KINDS}
        if inner in names:
            return names[inner]
        return (
            "an array" if get_origin(inner) is tuple else "a text" if get_origin(inner) is Literal else self.named({})
        )


def _plain_types(hint: Any) -> tuple[type, ...]:
    """Return the Python types that the plain value of a type can have."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return tuple(types for each in get_args(hint) for types in _plain_types(each))
    if origin is tuple:
        return (list, tuple)
    if origin in (dict, Mapping) or has(hint):
        return (dict, Mapping)
    return next((types for known, types, _ in _KINDS if known is hint), (str,))
