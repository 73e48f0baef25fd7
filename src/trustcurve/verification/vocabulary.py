"""The words that a property can compare parts of a turn with; any other word is a typo, and never passes unnoticed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any, Final, Self

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.signals import ACCOUNT_LEVELS
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies.actions import MOVES, PROMISE_MOVES

__all__ = ["ALL_MOVES", "Feature", "UnreadError", "Vocabulary", "Word", "Words", "check_word"]

ALL_MOVES: Final = (*(move for move in MOVES if move != "nothing"), *PROMISE_MOVES)
"""What ``Turn.moves`` can contain."""

Feature = tuple[str, str]
"""What can be read of a turn: a position ("before", "met", "after") and its part; or "moves", "actions" or "signals" and a
word; or "open_before" or "open_after", and nothing more."""


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


class Word:
    """A word of a vocabulary, which can be compared with texts.

    A text that is none of the words is an error. So is everything else that is done with it, since a typo could not be
    noticed: to look it up in a set or a dict, to take it apart, to order it. The library itself may look it up: what it
    compares with are no typos. ``str(word)`` is the plain text.
    """

    __slots__ = ("kind", "known", "text")

    def __init__(self, text: str, kind: str, known: tuple[str, ...]) -> None:
        self.text, self.kind, self.known = text, kind, known

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Word):
            return self.text == other.text
        if not isinstance(other, str) or str(other) not in self.known:
            raise UnknownWordError(self.kind, other, self.known)
        return self.text == str(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        asking = sys._getframe(1).f_globals.get("__name__", "")  # noqa: SLF001 - whose code it is decides
        if asking.partition(".")[0] != __name__.partition(".")[0]:
            raise self._misused("looked up in a set or a dict")
        return hash(self.text)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            raise self._misused(f"asked for its {name!r}")
        raise AttributeError(name)

    def _no_part(self, *_: object) -> Any:
        raise self._misused("taken apart or ordered")

    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __iter__ = __len__ = __getitem__ = __add__ = __radd__ = _no_part

    def _misused(self, how: str) -> InvalidValueError:
        rule = f"must not be {how}, where a typo would go unnoticed: use == or a tuple, or str() for the plain text"
        return InvalidValueError(self.kind, self.text, rule)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return repr(self.text)


class Words(AbstractSet[str]):
    """A set of words that came up in a turn; each is asked about by itself."""

    def __init__(self, kind: str, known: tuple[str, ...], read: Callable[[Feature], Any]) -> None:
        self.kind, self.known, self._read = kind, known, read

    def check(self, word: object) -> None:
        """Check that a word can come up; nothing is read."""
        if not isinstance(word, Word) and word not in self.known:
            raise UnknownWordError(self.kind.removesuffix("s"), word, self.known)

    def __contains__(self, word: object) -> bool:
        self.check(word)
        return bool(self._read((self.kind, str(word))))

    def __iter__(self) -> Iterator[Any]:
        came, unread = [], list[Feature]()
        for word in self.known:
            try:
                came += [word] if self._read((self.kind, word)) else []
            except UnreadError as error:
                unread += error.features
        if unread:  # all at once: each time that something more is read, a proof begins anew
            raise UnreadError(*unread)
        return (Word(word, self.kind.removesuffix("s"), self.known) for word in came)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _from_iterable(self, words: Iterable[str]) -> Self:  # type: ignore[override] # the vocabulary stays the same
        """Return the set of some words; what ``&``, ``-``, ``|`` and ``^`` return."""
        came = []
        for word in words:
            self.check(word)
            came.append(str(word))
        return type(self)(self.kind, self.known, lambda feature: feature[1] in came)

    def _checked(self, other: Any) -> Any:
        """Return another set, all of whose words there are."""
        return self._from_iterable(other) if isinstance(other, AbstractSet) else other

    def __or__(self, other: AbstractSet[Any]) -> AbstractSet[str]:
        if not isinstance(other, Words):
            return AbstractSet.__or__(self, other)
        known = tuple(dict.fromkeys((*self.known, *other.known)))
        sets = (self, other)
        return Words(self.kind, known, lambda feature: any(Word(feature[1], "", known) in each for each in sets))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AbstractSet):
            rule = f"must be compared with a set, for example {{{self.known[0]!r}}}"
            raise InvalidValueError(f"the {self.kind} of a turn", other, rule)
        return AbstractSet.__eq__(self, self._checked(other))

    def __le__(self, other: AbstractSet[Any]) -> bool:
        return AbstractSet.__le__(self, self._checked(other))

    def __lt__(self, other: AbstractSet[Any]) -> bool:
        return AbstractSet.__lt__(self, self._checked(other))

    def __ge__(self, other: AbstractSet[Any]) -> bool:
        return AbstractSet.__ge__(self, self._checked(other))

    def __gt__(self, other: AbstractSet[Any]) -> bool:
        return AbstractSet.__gt__(self, self._checked(other))

    def __sub__(self, other: AbstractSet[Any]) -> AbstractSet[str]:
        return AbstractSet.__sub__(self, self._checked(other))

    __hash__ = None  # type: ignore[assignment] # as of every set that is not frozen

    def __repr__(self) -> str:
        return f"{{{', '.join(repr(str(word)) for word in self)}}}" if self else "set()"


def check_word(words: AbstractSet[str], word: str) -> None:
    """Check that a word can come up among the moves, actions or signals of a turn, if it is known which can.

    Raises:
        UnknownWordError: It cannot.
    """
    if isinstance(words, Words):
        words.check(word)
