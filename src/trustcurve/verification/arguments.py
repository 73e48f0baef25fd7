"""What arguments must be, checked where they are given: each refusal names the argument, its value and the rule."""

from __future__ import annotations

from collections.abc import Sequence

from trustcurve.errors import InvalidValueError, UnknownWordError

__all__ = ["check_kind", "check_number", "check_predicates", "check_whole", "check_word", "check_words"]


def check_kind(argument: str, value: object, kind: type, rule: str) -> None:
    """Refuse what is not of a kind."""
    if not isinstance(value, kind):
        raise InvalidValueError(argument, value, rule)


def check_word(argument: str, value: str, words: tuple[str, ...]) -> None:
    """Refuse a word that is not known."""
    if value not in words:
        raise UnknownWordError(argument, value, words)


def check_words(argument: str, value: Sequence[str]) -> tuple[str, ...]:
    """Refuse what is no list of words."""
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(word, str) for word in value):
        raise InvalidValueError(argument, value, f"must be a list of words, for example {[str(value)]}")
    return tuple(value)


def check_whole(argument: str, value: int, least: int) -> int:
    """Refuse what is no whole number of at least so much."""
    if type(value) is not int or value < least:
        raise InvalidValueError(argument, value, f"must be a whole number of at least {least}")
    return value


def check_number(argument: str, value: float, least: float, most: float) -> None:
    """Refuse what is no number between two others."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InvalidValueError(argument, value, f"must be a number from {least:g} to {most:g}")


def check_predicates(**predicates: object) -> None:
    """Refuse predicates that are no functions."""
    for argument, value in predicates.items():
        if not callable(value):
            raise InvalidValueError(
                argument.rstrip("_"), value, "must be a function of a turn, for example lambda turn: ..."
            )
