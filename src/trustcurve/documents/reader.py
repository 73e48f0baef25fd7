"""The reader: converts plain data to attrs classes, and reports all problems at once.

cattrs converts plain data field by field and records where a conversion fails, but it coerces values
instead of checking them. So each hook here first checks the type of a value, and raises an error in terms
of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from functools import cache
from reprlib import Repr
from types import NoneType, UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from attrs import NOTHING, define, field, fields, has
from cattrs import Converter
from cattrs.errors import (
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, override

from trustcurve.documents.forms import (
    Form,
    Named,
    Problem,
    Tagged,
    UnfitError,
    UnknownProblem,
    ValueRule,
    described,
    key_of,
)
from trustcurve.documents.plain_text import Path, check_limits, has_long_number, is_too_deep, parse_toml, place
from trustcurve.errors import (
    HINTED,
    Finding,
    InvalidDocumentError,
    InvalidPositionError,
    InvalidValueError,
    UnknownWordError,
    rule_got,
)

__all__ = ["Reading", "equip", "explained", "findings_of", "named", "read_plain", "read_toml", "unknown", "worded"]

T = TypeVar("T")
_Hook = Callable[[Any, Any], Any]

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_WORDS: tuple[tuple[object, str], ...] = ((None, "null"), (True, "true"), (False, "false"), (NOTHING, "nothing"))
_KINDS: tuple[tuple[Any, tuple[type, ...], str], ...] = (
    # type, Python types of its plain value, name in messages; bool and datetime come before their bases
    (bool, (bool,), "true or false"),
    (int, (int,), "a whole number"),
    (float, (int, float), "a number"),
    (str, (str,), "a text"),
    (datetime, (datetime,), "a time"),
    (date, (date,), "a date"),
)
_PROBLEMS_MAX = 40_000
"""How many problems of the entries of an array or a table are collected. Source: our choice; they take about two
seconds and 160 MB."""
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


@define(eq=False, repr=False)
class Reading(Generic[T]):
    """The result of reading a document.

    Args:
        source: The name of the document in messages.
        document: Its plain data.
        error: The class of its errors.
        findings: The problems so far.
        form: The value, if the shape of the document is valid.
        paths: The path of each finding of this document, in order.
    """

    source: str
    document: Mapping[str, Any]
    error: type[InvalidDocumentError]
    findings: list[Finding] = field(factory=list)
    form: T | None = None
    paths: list[Path] = field(factory=list)
    _above: set[Path] = field(factory=set, init=False)  # the paths of findings, and those above them
    _at: set[Path] = field(factory=set, init=False)

    def wrong(self, path: Path, problem: Problem) -> None:
        """Add a finding."""
        text = worded(problem, len(self.findings))
        self.paths.append(path)
        self._above.update(path[:depth] for depth in range(len(path) + 1))
        self._at.add(path)
        self.findings.append(Finding(self.source, *place(self.document, path), text))

    def is_wrong(self, *path: str | int) -> bool:
        """Whether there is a finding at a path, below it or above it."""
        return path in self._above or any(path[:depth] in self._at for depth in range(len(path)))

    def get(self, *path: str | int) -> Any:
        """Return the plain value at a path; None if it is missing or invalid."""
        if self.is_wrong(*path):
            return None
        node: Any = self.document
        for step in path:
            if isinstance(node, Mapping):
                node = node.get(step)
            else:
                node = node[step] if isinstance(node, list | tuple) and isinstance(step, int) else None
        return node

    def count(self, key: str) -> int:
        """Return the number of entries of a top-level array; 0 if it is not an array."""
        entries = self.document.get(key)
        return len(entries) if isinstance(entries, list | tuple) else 0

    @contextmanager
    def blaming(self, path: Path, keys: Mapping[str, str] | None = None) -> Iterator[None]:
        """Turn an error inside the block into a finding, at a path and the key of the error's argument."""
        try:
            yield
        except (InvalidValueError, UnknownWordError) as error:
            key = (keys or {}).get(error.argument, error.argument)
            self.wrong((*path, *key.split(".")) if key else path, explained(error))

    def right(self) -> T:
        """Return the value if the document is valid.

        Raises:
            InvalidDocumentError: There are findings.
        """
        if self.findings or self.form is None:
            raise self.error(tuple(self.findings))
        return self.form


def read_toml(text: str, form: type[T], source: str, error: type[InvalidDocumentError]) -> Reading[T]:
    """Read TOML as an attrs class; problems of single values become findings.

    Raises:
        InvalidDocumentError: The text is not TOML, or exceeds a limit; of the class ``error``.
    """
    return _read(parse_toml(text, source, error), form, source, error)


def read_plain(
    document: Mapping[str, Any], form: type[T], source: str, error: type[InvalidDocumentError]
) -> Reading[T]:
    """Read plain data in the shape of a document as an attrs class; for the result see ``read_toml``."""
    check_limits(document, source, error)
    return _read(document, form, source, error)


def _read(document: Mapping[str, Any], form: type[T], source: str, error: type[InvalidDocumentError]) -> Reading[T]:
    reading: Reading[T] = Reading(source, document, error)
    try:
        reading.form = _converter().structure(document, form)
    except Exception as wrong:  # noqa: BLE001 - every error that cattrs collects becomes a finding
        for path, problem in findings_of(wrong, "key"):
            reading.wrong(path, problem)
    return reading


@cache
def _converter() -> Converter:
    made = Converter(detailed_validation=True)
    equip(made, table="table", check=True)
    return made


def named(value: object, table: str = "table") -> str:
    """Return a short text for a value of any size; ``table`` is the word for a table in the document."""
    if isinstance(value, Mapping):
        return f"an {table}" if table[0] in "aeiou" else f"a {table}"
    if isinstance(value, list | tuple):
        return "an array" if value else "an empty array"
    if has_long_number(value):
        return "a very long number"
    return next((word for known, word in _WORDS if value is known), None) or _SHORT.repr(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def explained(error: InvalidValueError | UnknownWordError) -> Problem:
    """Return the problem of a value, without its place."""
    if isinstance(error, UnknownWordError):
        return unknown(error.value, error.known)
    scalar = isinstance(error.value, str | int | float)
    return rule_got(error.rule, named(error.value)) if scalar else error.rule


def unknown(word: object, known: Collection[str]) -> UnknownProblem:
    """Return that a word is unknown, and a similar known one."""
    return UnknownProblem(f"unknown word {named(word)}", word, known)


def worded(problem: Problem, number: int) -> str:
    """Return a problem in words; the first ones, by their number, with a hint."""
    return problem.with_hint() if isinstance(problem, UnknownProblem) and number < HINTED else str(problem)


_described = cache(described)

# --- findings ------------------------------------------------------------------------------------


def findings_of(error: BaseException, what: str, path: Path = ()) -> Iterator[tuple[Path, Problem]]:
    """Yield each path and its problem; ``what`` is the word for the name of a value in the document: "key" or "field".

    Like ``transform_error`` of cattrs, but with one problem for each unknown key, and with paths as data.
    """
    if not isinstance(error, ClassValidationError | IterableValidationError):
        yield from _problems(error, what, path)
        return
    placed, whole = error.group_exceptions()
    keys = {each.name: key_of(each) for each in fields(error.cl)} if has(error.cl) else {}
    for inner, note in placed:
        if isinstance(note, IterableValidationNote):
            yield from findings_of(inner, what, (*path, note.index))
        elif isinstance(inner, KeyError):
            words = _described(error.cl).get(note.name, "")
            yield (
                (*path, keys[note.name]),
                f"is missing{f': {words[0].lower()}{words[1:].rstrip(chr(46))}' if words else ''}",
            )
        else:
            yield from findings_of(inner, what, (*path, keys[note.name]))
    for inner in whole:
        for where, problem in _problems(inner, what, path):
            yield (
                tuple(keys.get(str(step), step) if place >= len(path) else step for place, step in enumerate(where)),
                problem,
            )


def _problems(error: BaseException, what: str, path: Path) -> Iterator[tuple[Path, Problem]]:
    if isinstance(error, ForbiddenExtraKeysError):
        known = [key_of(each) for each in fields(error.cl) if each.init]
        names = sorted(each if isinstance(each, str) else named(each) for each in error.extra_fields)
        for name in names[:_PROBLEMS_MAX]:
            yield (*path, name), UnknownProblem(f"unknown {what if path or what != 'key' else 'table'}", name, known)
    elif isinstance(error, UnfitError):
        yield (*path, *error.path), error.problem
    elif isinstance(error, InvalidValueError | UnknownWordError):
        yield (*path, error.argument), explained(error)
    elif isinstance(error, InvalidPositionError):
        yield (*path, error.part) if error.part else path, rule_got(error.rule, named(error.value))
    else:
        yield path, str(error)


# --- hooks ---------------------------------------------------------------------------------------


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
        if self.count >= _PROBLEMS_MAX:
            self.errors.append(UnfitError(f"has at least {_PROBLEMS_MAX:,} problems; later entries are not read"))
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
        entry, of = self.made.get_structure_hook(inner), f" of {self.kind}s" if has(inner) else ""

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
        hints: dict[str, Any] = get_type_hints(cls, include_extras=True)
        hooks: dict[str, Any] = {}
        for each in (each for each in fields(cls) if each.init):
            hook = self.made.get_structure_hook(hints[each.name])
            if self.check and each.validator is not None:
                hook = self._checked(hook, each)
            hooks[each.name] = override(rename=key_of(each), struct_hook=hook)
        fill: _Hook = make_dict_structure_fn(cls, self.made, _cattrs_forbid_extra_keys=True, **hooks)
        return lambda value, _: fill(self.table(value), cls)

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
