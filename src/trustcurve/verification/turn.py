"""A turn as properties see it; and how proofs find out what a property reads of it.

Proofs do not list all turns: where the environment may do anything at any time, there are far too many. They follow what a
property reads, and nothing else. So a property gets a turn that remembers what is asked of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, cast, final

from attrs import fields, frozen

from trustcurve.core.signals import PARTS
from trustcurve.core.standing import Position
from trustcurve.errors import InvalidValueError, final_class
from trustcurve.verification.vocabulary import Feature, UnreadError, Vocabulary, Word, Words

__all__ = ["WHOLE", "Turn", "strict_turn", "turn_to_read"]

WHOLE: Final = "whole"
"""Stands for all parts of a position."""


@final
@frozen
class Turn:
    """The time from one run of the policy to the next, with the policy's action at its end.

    Args:
        before: The position as the turn begins, after the action before.
        met: The position in which the policy decides, after everything that happened since.
        after: The position after the policy's action.
        moves: What the environment did: the names of its moves, each once. Empty if nothing.
        actions: What the company did as the turn ended: the names of its actions, each once. Empty if it waited.
        signals: The signals of the turn, each once.
        open_before: How many promises are open as the turn begins.
        open_after: How many are open after it.
    """

    before: Position
    met: Position
    after: Position
    moves: AbstractSet[str]
    actions: AbstractSet[str]
    signals: AbstractSet[str]
    open_before: int
    open_after: int

    __init_subclass__ = final_class

    @property
    def changed(self) -> bool:
        """Whether the stage after differs from the one before."""
        return bool(self.before.stage != self.after.stage)


class _PositionToRead:
    """A position whose parts are asked about one by one; what else is done with it reads all of it."""

    __slots__ = ("_name", "_read", "_words")

    def __init__(self, name: str, read: Callable[[Feature], Any], words: Vocabulary) -> None:
        self._name, self._read, self._words = name, read, words

    def __getattr__(self, part: str) -> Any:
        if part not in PARTS:
            return getattr(self._whole(), part)
        value = self._read((self._name, part))
        if part == "stage":
            return Word(value, "stage", self._words.stages)
        return Word(value, "account", self._words.accounts) if part == "account" else value

    def _whole(self) -> Position:
        return cast("Position", self._read((self._name, WHOLE)))

    @property  # type: ignore[misc]
    def __class__(self) -> type[Position]:  # type: ignore[override]
        return Position

    def __eq__(self, other: object) -> bool:
        other = other._whole() if type(other) is _PositionToRead else other
        if not isinstance(other, Position):
            raise InvalidValueError(
                "a position of a turn", other, "must be compared with a position: did you mean its stage?"
            )
        return self._whole() == other

    def __hash__(self) -> int:
        return hash(self._whole())

    def __repr__(self) -> str:
        return repr(self._whole())


def turn_to_read(known: Mapping[Feature, Any], words: Vocabulary) -> Turn:
    """Return a turn of which some features are known.

    Reading any other feature raises ``UnreadError``.
    """

    def read(feature: Feature) -> Any:
        if feature not in known:
            raise UnreadError(feature)
        return known[feature]

    return _TurnToRead(read, words)  # type: ignore[return-value] # it reads as one


def strict_turn(turn: Turn, words: Vocabulary) -> Turn:
    """Return a turn in which a word that there is not is an error."""

    def read(feature: Feature) -> Any:
        name, part = feature
        whole = getattr(turn, name)
        if name in ("moves", "actions", "signals"):
            return part in whole
        return whole if part in ("", WHOLE) else getattr(whole, part)

    return _TurnToRead(read, words)  # type: ignore[return-value] # it reads as one


class _TurnToRead:
    """Reads as a ``Turn``, and asks for each thing when it is needed."""

    __slots__ = ("_of", "_words")

    def __init__(self, read: Callable[[Feature], Any], words: Vocabulary) -> None:
        self._of, self._words = read, words

    @property  # type: ignore[misc]
    def __class__(self) -> type[Turn]:  # type: ignore[override]
        return Turn

    def __getattr__(self, name: str) -> Any:
        if name in ("before", "met", "after"):
            return _PositionToRead(name, self._of, self._words)
        if name in ("moves", "actions", "signals"):
            return Words(name, getattr(self._words, name), self._of)
        if name in ("open_before", "open_after"):
            return self._of((name, ""))
        if name == "changed":
            return bool(self.before.stage != self.after.stage)
        known = ", ".join(each.name for each in fields(Turn))
        raise AttributeError(f"a turn has no {name!r}; it has {known}, changed", name=name, obj=self)
