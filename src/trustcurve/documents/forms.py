"""Rules for values of a document that go beyond their types, with the JSON Schema of each.

A ``ValueRule`` is also a validator of attrs classes, so that a class and its file format share one rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from inspect import cleandoc
from typing import Annotated, Any, Final

from attrs import Attribute, field, frozen

from trustcurve.errors import InvalidValueError, hint_for

__all__ = [
    "ANY_TEXT",
    "SOME",
    "TEXT",
    "Form",
    "Keyed",
    "Problem",
    "Tagged",
    "Text",
    "UnfitError",
    "UnknownProblem",
    "ValueRule",
    "between",
    "described",
    "key_of",
    "whole",
]


@frozen(eq=False, repr=False)
class UnknownProblem:
    """The problem that a word is not known; the hint takes long to find, so that only the first problems get one."""

    text: str
    word: object
    known: Collection[str]

    def __str__(self) -> str:
        return self.text

    def with_hint(self) -> str:
        """Return the problem with a similar known word or, if none is similar, the known words."""
        return self.text + hint_for(self.word, self.known)


Problem = str | UnknownProblem


class UnfitError(Exception):
    """A value is invalid: ``problem``, and the ``path`` inside it of the invalid part.

    The reader catches it and adds the place of the value.
    """

    def __init__(self, problem: Problem, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(problem)
        self.problem, self.path = problem, path


@frozen(eq=False)
class ValueRule:
    """A rule for a value: whether it ``fits``, the rule in words ("must be ..."), and its JSON Schema.

    Examples:
        >>> rule = whole(0, 8)
        >>> rule.fits(8), rule.fits(9), rule.fits(True), rule.words
        (True, False, False, 'must be a whole number from 0 to 8')
    """

    fits: Callable[[Any], bool]
    words: str
    schema: Mapping[str, Any] = field(factory=dict)

    def __call__(self, _: object, attribute: Attribute[Any], value: object) -> None:
        """Check a field of an attrs class.

        Raises:
            InvalidValueError: The value breaks the rule.
        """
        self.check(attribute.name, value)

    def check(self, argument: str, value: object) -> None:
        """Check an argument.

        Raises:
            InvalidValueError: The value breaks the rule.
        """
        if not self.fits(value):
            raise InvalidValueError(argument, value, self.words)


@frozen(eq=False)
class Form:
    """A conversion of a plain value: ``read`` returns the converted value, or raises an error with the reason."""

    read: Callable[[Any], Any]
    schema: Mapping[str, Any]


@frozen(eq=False)
class Tagged:
    """Tables of several kinds; the key ``tag`` names one of ``kinds``."""

    tag: str
    kinds: Mapping[str, type]


@frozen(eq=False)
class Keyed:
    """Tables of several kinds; each has exactly one of the keys ``kinds``, which says its kind."""

    kinds: Mapping[str, type]


@frozen(eq=False)
class Named:
    """Entries that a table must have, each with its own type, in addition to others; and ``why`` they are required."""

    types: Mapping[str, Any]
    why: str


def whole(minimum: int, maximum: int | None = None, unit: str = "") -> ValueRule:
    """Return the rule for a whole number from ``minimum`` to ``maximum``."""
    upper = {} if maximum is None else {"maximum": maximum}
    bounds = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
    return ValueRule(
        lambda value: type(value) is int and minimum <= value and (maximum is None or value <= maximum),
        f"must be a whole number{f' of {unit}' if unit else ''} {bounds}",
        {"minimum": minimum, **upper},
    )


def between(minimum: float, maximum: float) -> ValueRule:
    """Return the rule for a number from ``minimum`` to ``maximum``."""
    return ValueRule(
        lambda value: not isinstance(value, bool) and isinstance(value, int | float) and minimum <= value <= maximum,
        f"must be a number from {minimum:g} to {maximum:g}",
        {"minimum": minimum, "maximum": maximum},
    )


TEXT: Final = ValueRule(
    lambda value: isinstance(value, str) and bool(value.strip()), "must be a text that is not empty", {"pattern": r"\S"}
)
"""A text that is not empty or blank."""

ANY_TEXT: Final = ValueRule(lambda value: isinstance(value, str), "must be a text")
"""A text, empty or not."""

Text = Annotated[str, TEXT]

SOME: Final = ValueRule(
    lambda value: value not in ((), [], {}), "must not be empty", {"minItems": 1, "minProperties": 1}
)
"""An array or a table that is not empty."""


def key_of(attribute: Attribute[Any]) -> str:
    """Return the key of a field in a file: without the trailing underscore of a field whose name is a Python keyword."""
    return str(attribute.metadata.get("key", attribute.name.rstrip("_")))


def described(cls: type) -> Mapping[str, str]:
    """Return the descriptions of a class's fields, by name, from the docstrings of the class and its bases.

    Examples:
        >>> from trustcurve import Exchanged
        >>> described(Exchanged)["channel"]
        'Where it happened. Stored and shown, never counted: channels do not build trust.'
    """
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        _, _, arguments = cleandoc(each.__doc__ or "").partition("Args:\n")
        entries = re.split(r"^ {4}(?=\w+: )", arguments.partition("\n\n")[0], flags=re.MULTILINE)[1:]
        found |= {name: words for name, _, words in (" ".join(entry.split()).partition(": ") for entry in entries)}
    return found
