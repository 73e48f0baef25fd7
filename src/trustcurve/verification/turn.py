"""A turn as properties see it; and how proofs find out what a property reads of it.

Proofs do not list all turns: where the environment may do anything at any time, there are far too many. They follow what a
property reads, and nothing else. So a property gets a turn that remembers what is asked of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, Self, cast, final

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.signals import ACCOUNT_LEVELS, PARTS
from trustcurve.core.standing import Position
from trustcurve.errors import UnknownWordError, final_class
from trustcurve.policies.actions import MOVES, PROMISE_MOVES

__all__ = [
    "ALL_MOVES",
    "WHOLE",
    "Feature",
    "Turn",
    "UnreadError",
    "Vocabulary",
    "check_word",
    "strict_turn",
    "turn_to_read",
]

ALL_MOVES: Final = (*(move for move in MOVES if move != "nothing"), *PROMISE_MOVES)
"""What ``Turn.moves`` can contain."""

WHOLE: Final = "whole"
"""Stands for all parts of a position."""

Feature = tuple[str, str]
"""What can be read of a turn: a position ("before", "met", "after") and its part; or "moves", "actions" or "signals" and a
word; or "open_before" or "open_after", and nothing more."""


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


class UnreadError(BaseException):
    """A property reads something of a turn that was not followed so far. Not an Exception: properties must not catch it."""

    def __init__(self, *features: Feature) -> None:
        super().__init__(*features)
        self.features = features


@frozen(eq=False)
class Vocabulary:
    """The words that a property can compare parts of a turn with."""

    stages: tuple[str, ...]
    accounts: tuple[str, ...]
    moves: tuple[str, ...]
    actions: tuple[str, ...]
    signals: tuple[str, ...]

    @classmethod
    def of(cls, curve: Curve, own_moves: Iterable[str], actions: Iterable[str]) -> Self:
        """Return the words of a curve, with the moves that are signals of one's own, and the actions of a policy."""
        stages = tuple(stage.name for stage in curve.stages)
        return cls(stages, ACCOUNT_LEVELS, (*ALL_MOVES, *own_moves), tuple(actions), curve.signals)


class _Word(str):
    """A word of a vocabulary: comparing it with a text that is none of them is a typo, which must not go unnoticed."""

    known: tuple[str, ...]
    kind: str

    __slots__ = ("kind", "known")

    def __new__(cls, word: str, kind: str, known: tuple[str, ...]) -> Self:
        made = super().__new__(cls, word)
        made.kind, made.known = kind, known
        return made

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str) and other not in self.known:
            raise UnknownWordError(self.kind, str(other), self.known)
        return str.__eq__(self, other) is True

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


class _Words(AbstractSet[str]):
    """A set of words that came up in a turn; each is asked about by itself."""

    def __init__(self, kind: str, known: tuple[str, ...], read: Callable[[Feature], Any]) -> None:
        self._kind, self._known, self._read = kind, known, read

    def check(self, word: object) -> None:
        """Check that a word can come up; nothing is read."""
        if word not in self._known:
            raise UnknownWordError(self._kind.removesuffix("s"), word, self._known)

    def __contains__(self, word: object) -> bool:
        self.check(word)
        return bool(self._read((self._kind, str(word))))

    def __iter__(self) -> Iterator[str]:
        came, unread = [], list[Feature]()
        for word in self._known:
            try:
                came += [word] if self._read((self._kind, word)) else []
            except UnreadError as error:
                unread += error.features
        if unread:  # all at once: each time that something more is read, a proof begins anew
            raise UnreadError(*unread)
        return iter(came)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _known_words(self, other: object) -> Any:
        """Return another set, all of whose words there are."""
        for word in other if isinstance(other, AbstractSet) else ():
            if word not in self._known:
                raise UnknownWordError(self._kind.removesuffix("s"), word, self._known)
        return other

    def __eq__(self, other: object) -> bool:
        return AbstractSet.__eq__(self, self._known_words(other))

    def __le__(self, other: AbstractSet[Any]) -> bool:
        return AbstractSet.__le__(self, self._known_words(other))

    def __lt__(self, other: AbstractSet[Any]) -> bool:
        return AbstractSet.__lt__(self, self._known_words(other))

    def __sub__(self, other: AbstractSet[Any]) -> AbstractSet[str]:
        return AbstractSet.__sub__(self, self._known_words(other))

    __hash__ = None  # type: ignore[assignment] # as of every set that is not frozen

    def __repr__(self) -> str:
        return repr(set(self))

    @classmethod
    def _from_iterable(cls, it: Iterable[str]) -> frozenset[str]:  # type: ignore[override]
        return frozenset(it)


def check_word(words: AbstractSet[str], word: str) -> None:
    """Check that a word can come up among the moves, actions or signals of a turn, if it is known which can.

    Raises:
        UnknownWordError: It cannot.
    """
    if isinstance(words, _Words):
        words.check(word)


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
            return _Word(value, "stage", self._words.stages)
        return _Word(value, "account", self._words.accounts) if part == "account" else value

    def _whole(self) -> Position:
        return cast("Position", self._read((self._name, WHOLE)))

    @property  # type: ignore[misc]
    def __class__(self) -> type[Position]:  # type: ignore[override]
        return Position

    def __eq__(self, other: object) -> bool:
        other = other._whole() if type(other) is _PositionToRead else other
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
            return _Words(name, getattr(self._words, name), self._of)
        if name in ("open_before", "open_after"):
            return self._of((name, ""))
        if name == "changed":
            return bool(self.before.stage != self.after.stage)
        raise AttributeError(f"a turn has no {name!r}", name=name, obj=self)
