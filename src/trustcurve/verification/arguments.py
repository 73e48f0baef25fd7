"""Checks of arguments where they are given: each error names the argument, its value and the rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from trustcurve.errors import InvalidValueError, plain_word

__all__ = ["check_function", "check_kind", "check_number", "check_whole", "check_words", "checked_predicate"]


def check_kind(argument: str, value: object, kind: type, rule: str) -> None:
    """Raise unless value is of a kind."""
    if not isinstance(value, kind):
        raise InvalidValueError(argument, value, rule)


def check_words(argument: str, value: Sequence[str]) -> tuple[str, ...]:
    """Return value as plain words; raise unless it is a list of words."""
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(word, str) for word in value):
        raise InvalidValueError(argument, value, f"must be a list of words, for example {[str(value)]}")
    return tuple(str(plain_word(word)) for word in value)


_WHOLE_MAX = 1_000_000_000
"""The largest count of turns, states or processes. Source: our choice: more would not end before the reader does."""


def check_whole(argument: str, value: int, least: int) -> int:
    """Return value; raise unless it is an int from least to a billion."""
    if type(value) is not int or value < least:
        raise InvalidValueError(argument, value, f"must be a whole number of at least {least}")
    if value > _WHOLE_MAX:
        raise InvalidValueError(argument, value, f"must be a whole number of at most {_WHOLE_MAX:,}")
    return value


def check_number(argument: str, value: float, least: float, most: float) -> None:
    """Raise unless value is a number from least to most."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InvalidValueError(argument, value, f"must be a number from {least:g} to {most:g}")


def check_function(argument: str, value: object) -> None:
    """Raise unless value is a function."""
    if not callable(value):
        raise InvalidValueError(argument, value, "must be a function of a turn, for example lambda turn: ...")


def checked_predicate(argument: str, predicate: Callable[[Any], object]) -> Callable[[Any], bool]:
    """Return a predicate that returns True or False.

    Where the given one returns anything but a truth value, a whole number or a set, it raises.

    Raises:
        InvalidValueError: It is not a function.
    """
    check_function(argument, predicate)

    def decides(turn: Any) -> bool:
        found = predicate(turn)
        if isinstance(found, int | AbstractSet) or type(found).__name__ == "bool":  # a bool of numpy is no int
            return bool(found)
        hint = f": does {getattr(predicate, '__name__', argument)} lack a return?" if found is None else ""
        got = found if isinstance(found, str | None) else type(found).__name__  # the repr of others may read the turn
        raise InvalidValueError(f"what {argument} returned", got, f"must be true or false{hint}")

    return decides
