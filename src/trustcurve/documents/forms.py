"""What a value of a document must be, where its type alone does not say it; and the same for JSON Schema.

A ``Rule`` is a validator of attrs classes as well, so that a class and the file that makes it have one rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from attrs import Attribute, field, frozen

from trustcurve.errors import InvalidValueError

__all__ = [
    "ANY_TEXT",
    "SOME",
    "TEXT",
    "Form",
    "Rule",
    "Tagged",
    "Text",
    "UnfitError",
    "between",
    "described",
    "key_of",
    "whole",
]


class UnfitError(Exception):
    """A value does not fit where it stands: ``problem``, and the ``path`` inside it that is to blame, if one is.

    It never leaves a reader: where a value stands is known further out.
    """

    def __init__(self, problem: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(problem)
        self.problem, self.path = problem, path


@frozen(eq=False)
class Rule:
    """A rule for a value: whether it ``fits``, the rule in words ("must be ..."), and its JSON Schema.

    Examples:
        >>> rule = whole(0, 8)
        >>> rule.fits(8), rule.fits(9), rule.fits(True), rule.says
        (True, False, False, 'must be a whole number from 0 to 8')
    """

    fits: Callable[[Any], bool]
    says: str
    schema: Mapping[str, Any] = field(factory=dict)

    def __call__(self, _: object, attribute: Attribute[Any], value: object) -> None:
        """Check a field of an attrs class.

        Raises:
            InvalidValueError: The value does not fit.
        """
        self.check(attribute.name, value)

    def check(self, argument: str, value: object) -> None:
        """Check an argument.

        Raises:
            InvalidValueError: The value does not fit.
        """
        if not self.fits(value):
            raise InvalidValueError(argument, value, self.says)


@frozen(eq=False)
class Form:
    """How a value is read that is made of another: ``read`` returns it, or raises an error that says why it cannot."""

    read: Callable[[Any], Any]
    schema: Mapping[str, Any]


@frozen(eq=False)
class Tagged:
    """Tables of several kinds that are told apart by the key ``tag``, which names one of ``kinds``."""

    tag: str
    kinds: Mapping[str, type]


@frozen(eq=False)
class Named:
    """Entries that a table must have, each of the type of its own, besides others; and ``why`` they must be there."""

    types: Mapping[str, Any]
    why: str


def whole(least: int, most: int | None = None, unit: str = "") -> Rule:
    """Make the rule for a whole number from ``least`` to ``most``."""
    upper = {} if most is None else {"maximum": most}
    reach = f"of at least {least}" if most is None else f"from {least} to {most}"
    return Rule(
        lambda value: type(value) is int and least <= value and (most is None or value <= most),
        f"must be a whole number{f' of {unit}' if unit else ''} {reach}",
        {"minimum": least, **upper},
    )


def between(least: float, most: float) -> Rule:
    """Make the rule for a number from ``least`` to ``most``."""
    return Rule(
        lambda value: not isinstance(value, bool) and isinstance(value, int | float) and least <= value <= most,
        f"must be a number from {least:g} to {most:g}",
        {"minimum": least, "maximum": most},
    )


TEXT: Final = Rule(
    lambda value: isinstance(value, str) and bool(value.strip()), "must be a text that is not empty", {"pattern": r"\S"}
)
"""A text that says something."""

ANY_TEXT: Final = Rule(lambda value: isinstance(value, str), "must be a text")
"""A text, empty or not."""

Text = Annotated[str, TEXT]

SOME: Final = Rule(lambda value: value not in ((), [], {}), "must not be empty", {"minItems": 1, "minProperties": 1})
"""An array or a table with something in it."""


def key_of(attribute: Attribute[Any]) -> str:
    """Name the key of a field in a file: a field that may not be named as in Python ends in an underscore there."""
    return str(attribute.metadata.get("key", attribute.name.rstrip("_")))


def described(cls: type) -> Mapping[str, str]:
    """Return what the docstrings of a class and of its bases say of its fields, by their names.

    Examples:
        >>> from trustcurve import Exchanged
        >>> described(Exchanged)["channel"]
        'Where it happened. Kept and shown, never counted: channels do not build trust.'
    """
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        _, _, arguments = (each.__doc__ or "").partition("Args:\n")
        entries = re.split(r"^ {8}(?=\w+: )", arguments.partition("\n\n")[0], flags=re.MULTILINE)[1:]
        found |= {name: says for name, _, says in (" ".join(entry.split()).partition(": ") for entry in entries)}
    return found
