"""What a policy remembers: small counters, each about one word that came up before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, final

from attrs import field, frozen

from trustcurve.core.values import check_word_of, checked_name
from trustcurve.documents.forms import whole
from trustcurve.errors import final_class
from trustcurve.policies.actions import MOVES, PROMISE_MOVES

__all__ = ["ANSWERS", "CHANGES", "CONTACT", "HEARD", "JOINING", "WITHIN", "Recall", "since", "times", "trend", "tries"]

CONTACT: Final = "contact"
"""Stands for any action of the company, except to wait."""

JOINING: Final = "joining"
"""Stands for the beginning of the journey."""

CHANGES: Final = ("silence", "rise", "fall")
"""What can come up beside the moves of the environment: a silence that counts, and changes of leaf state."""

HEARD: Final[tuple[str, ...]] = (*(move for move in MOVES if move != "nothing"), *PROMISE_MOVES, *CHANGES)
"""What every policy can hear of, beside its own actions and the signals of a curve of one's own. A promise that is not kept
by its date is "broken"."""

ANSWERS: Final = frozenset({"complaint", "advocacy", "purchase", "customer_one_sided", "departure", "return"})
"""What the customer does that ends a row of tries. Source: our choice: each shows that the customer noticed the company."""

WITHIN: Final = whole(1, 24, "turns")
"""How far a counter counts. Source: our choice; each number more can make the automaton larger."""

_ROSE, _FELL = 1, 2


@final
@frozen
class Recall:
    """A counter that a policy keeps of one word. Make one with ``since``, ``times``, ``tries`` or ``trend``.

    Its value is a whole number that changes in two ways: something happens (``heard``), or the policy runs (``ran``).

    Args:
        kind: What is counted.
        word: The word that it is about: a move, an action, a signal of one's own; "contact", "joining", "silence", "rise" or
            "fall". "" for a trend.
        most: How far it counts: turns for ``since``, the turns of the window for ``times``, tries for ``tries``.
    """

    kind: Literal["since", "times", "tries", "trend"] = field(
        validator=check_word_of(("since", "times", "tries", "trend"))
    )
    word: str = ""
    most: int = field(default=1, validator=WITHIN)

    __init_subclass__ = final_class

    def __attrs_post_init__(self) -> None:
        if self.kind != "trend":
            object.__setattr__(self, "word", checked_name("word", self.word))

    @property
    def part(self) -> str:
        """The part of a view that it is, as conditions of rows name it."""
        return ".".join(filter(None, (self.kind, self.word, str(self.most) if self.kind == "times" else "")))

    @property
    def values(self) -> tuple[int, ...]:
        """Values that a policy can tell apart, each once."""
        if self.kind == "times":
            return tuple(value for value in self.range if not value & (value + 1))
        return tuple(self.range)

    @property
    def range(self) -> range:
        """Every value that it can have."""
        return range({"times": 1 << self.most, "trend": 3}.get(self.kind, self.most + 1))

    @property
    def start(self) -> int:
        """The value of a customer of whom nothing is remembered."""
        return self.most if self.kind == "since" and self.word != JOINING else 0

    def heard(self, value: int, word: str, *, act: bool = False) -> int:
        """Return the value after something happened between two runs.

        Args:
            value: The value before.
            word: What happened.
            act: Whether the company did it.
        """
        if self.kind == "trend":
            return {"rise": _ROSE, "fall": _FELL}.get(word, value)
        if self.kind == "tries" and not act and word in ANSWERS:
            return 0
        if not self._is_about(word, act=act):
            return value
        return {"since": 0, "times": value | 1}.get(self.kind, min(value + 1, self.most))

    def ran(self, value: int, actions: Iterable[str]) -> int:
        """Return the value after a run of the policy, with which a new turn begins.

        Args:
            value: The value before.
            actions: What the policy does.
        """
        did = sum(self._is_about(action, act=True) for action in actions)
        if self.kind == "since":
            return 1 if did else min(value + 1, self.most)
        if self.kind == "times":
            return (value << 1 | bool(did)) & ((1 << self.most) - 1)
        return min(value + did, self.most) if self.kind == "tries" else value

    def told(self, value: int) -> int:
        """Return the value that stands for all that show a policy the same number."""
        return (1 << value.bit_count()) - 1 if self.kind == "times" else value

    def shown(self, value: int) -> int:
        """Return the number that a policy sees: turns since, times within, or tries."""
        return value.bit_count() if self.kind == "times" else value

    def _is_about(self, word: str, *, act: bool) -> bool:
        return word == self.word or (act and self.word == CONTACT)

    def __str__(self) -> str:
        return self.kind if self.kind == "trend" else f"{self.kind}({self.word!r}, {self.most})"


def since(word: str, turns: int) -> Recall:
    """Remember how many whole turns ago something last happened, up to a number: "that many, more, or never".

    What happened since the latest run is 0 turns ago, an action at the latest run is 1 turn ago.

    Examples:
        >>> since("complaint", 3)
        Recall(kind='since', word='complaint', most=3)
    """
    return Recall("since", word, turns)


def times(word: str, within: int) -> Recall:
    """Remember in how many of the last turns something happened.

    Examples:
        >>> times("contact", 4)
        Recall(kind='times', word='contact', most=4)
    """
    return Recall("times", word, within)


def tries(action: str, most: int) -> Recall:
    """Remember how often the company did something since the customer last did anything, up to a number.

    Examples:
        >>> tries("propose", 3)
        Recall(kind='tries', word='propose', most=3)
    """
    return Recall("tries", action, most)


def trend() -> Recall:
    """Remember whether the customer's leaf state last rose or fell.

    Examples:
        >>> trend()
        Recall(kind='trend', word='', most=1)
    """
    return Recall("trend")
