"""Problems of documents in words: of a value, of an error that a class raised, of all that cattrs collected."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from reprlib import Repr

from attrs import NOTHING, fields, has
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError, IterableValidationNote

from trustcurve.documents.forms import Problem, UnfitError, UnknownProblem, described, key_of
from trustcurve.documents.plain_text import Path, has_long_number
from trustcurve.errors import HINTED, InvalidPositionError, InvalidValueError, UnknownWordError, rule_got

__all__ = ["PROBLEMS_MAX", "explained", "findings_of", "named", "unknown", "worded"]

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_WORDS: tuple[tuple[object, str], ...] = ((None, "null"), (True, "true"), (False, "false"), (NOTHING, "nothing"))
PROBLEMS_MAX = 40_000
"""How many problems of the entries of an array or a table are collected. Source: our choice; they take about two
seconds and 160 MB."""

_described = cache(described)


def named(value: object, table: str = "table") -> str:
    """Return a short text for a value of any size; ``table`` is the word for a table in the document."""
    if isinstance(value, Mapping):
        return f"an {table}" if table[0] in "aeiou" else f"a {table}"
    if isinstance(value, list | tuple):
        return "an array" if value else "an empty array"
    if has_long_number(value):
        return "a very long number"
    return next((word for known, word in _WORDS if value is known), None) or _SHORT.repr(value)


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
        for name in names[:PROBLEMS_MAX]:
            yield (*path, name), UnknownProblem(f"unknown {what if path or what != 'key' else 'table'}", name, known)
    elif isinstance(error, UnfitError):
        yield (*path, *error.path), error.problem
    elif isinstance(error, InvalidValueError | UnknownWordError):
        yield (*path, error.argument), explained(error)
    elif isinstance(error, InvalidPositionError):
        yield (*path, error.part) if error.part else path, rule_got(error.rule, named(error.value))
    else:
        yield path, str(error)
