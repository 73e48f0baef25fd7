"""The base class of values: equality, hash and repr by fields; and the validators of their fields."""

from __future__ import annotations

from collections.abc import Callable
from os import fsencode, fspath
from typing import Any

from attrs import Attribute

from trustcurve.errors import InvalidValueError, UnknownWordError, plain_word

__all__ = [
    "Value",
    "check_flag",
    "check_integer",
    "check_name",
    "check_optional_name",
    "check_optional_text",
    "check_word_of",
    "checked_name",
    "checked_path",
    "checked_word",
    "is_integer",
    "is_writable",
]


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


# Validators that also put a plain text in the place of one of a subclass. Converters would read better; attrs looks up
# the signature of each for every class that has it, which is a tenth of what importing this library costs.
def check_name(self: object, attribute: Attribute[Any], value: object) -> None:
    """Check that a field is a text that is not empty."""
    word = checked_name(attribute.name, value)
    if word is not value:
        object.__setattr__(self, attribute.name, word)


def check_optional_name(self: object, attribute: Attribute[Any], value: object) -> None:
    """Check that a field is a text that is not empty, or None."""
    if value is not None:
        check_name(self, attribute, value)


def check_optional_text(self: object, attribute: Attribute[Any], value: object) -> None:
    """Check that a field is a text or None."""
    word = plain_word(value)
    if word is not None and not isinstance(word, str):
        raise InvalidValueError(attribute.name, value, "must be a text or None")
    if word is not None and not is_writable(word):
        raise InvalidValueError(attribute.name, value, _LONE_SURROGATE)
    if word is not value:
        object.__setattr__(self, attribute.name, word)


def checked_name(argument: str, value: object) -> str:
    """Return a text that is not empty as a plain ``str``.

    Raises:
        InvalidValueError: It is another value, or no file can hold it.
    """
    word = plain_word(value)
    if not isinstance(word, str) or not word:
        raise InvalidValueError(argument, value, "must be a text that is not empty")
    if not is_writable(word):
        raise InvalidValueError(argument, value, _LONE_SURROGATE)
    return word


def checked_path(argument: str, value: object) -> str:
    """Return the name of a file or a folder as a plain ``str``.

    Raises:
        InvalidValueError: It is another value, or no file can have this name.
    """
    name = fspath(value) if hasattr(value, "__fspath__") else plain_word(value)
    if not isinstance(name, str):
        raise InvalidValueError(argument, value, "must be a str or a path")
    if "\0" in name:
        raise InvalidValueError(argument, value, "must not contain NUL")
    try:
        fsencode(name)
    except UnicodeEncodeError:
        raise InvalidValueError(argument, value, "must not have a lone surrogate, which no name has") from None
    return name


_LONE_SURROGATE = "must not have a lone surrogate, which no file can hold"


def is_writable(text: str) -> bool:
    """Whether a text has no lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_INT_64 = 2**63


def check_integer(_self: object, attribute: Attribute[Any], value: object) -> None:
    """Check that a field is a whole number that a column of a table can hold; None is allowed where it is the default."""
    if value is None and attribute.default is None:
        return
    if not is_integer(value):
        raise InvalidValueError(attribute.name, value, "must be a whole number of at most 64 bits")


def is_integer(value: object) -> bool:
    """Whether a value is a whole number of at most 64 bits."""
    return type(value) is int and -_INT_64 <= value < _INT_64


def check_flag(_self: object, attribute: Attribute[Any], value: object) -> None:
    """Check that a field is a bool."""
    if type(value) is not bool:
        raise InvalidValueError(attribute.name, value, "must be True or False")


def checked_word(argument: str, value: object, known: tuple[str, ...]) -> str:
    """Return one of some words as a plain ``str``.

    Raises:
        UnknownWordError: It is another word, or not a text: what is merely equal to a word is none.
    """
    word = plain_word(value)
    if not isinstance(word, str) or word not in known:
        raise UnknownWordError(argument, value, known)
    return word


def check_word_of(known: tuple[Any, ...]) -> Callable[[Any, Attribute[Any], Any], None]:
    """Return a check that a field is one of some words; None is allowed where it is the default."""

    def validate(self: object, attribute: Attribute[Any], value: object) -> None:
        if value is None and attribute.default is None:
            return
        word = checked_word(attribute.name, value, known)
        if word is not value:
            object.__setattr__(self, attribute.name, word)

    return validate
