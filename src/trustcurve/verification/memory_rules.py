"""What a policy remembers along the closed loop: the values of its counters, and how each change changes them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from attrs import frozen

from trustcurve.policies.recall import CHANGES, Recall
from trustcurve.verification.turn_rules import JOINS, Change, Heard

__all__ = ["Impression", "MemoryRules", "Remembered", "impression_of"]

Remembered = tuple[int, ...]
"""The value of each counter that a policy keeps."""


class Impression(NamedTuple):
    """All of a change that a policy can remember: whether the customer joins, what it did, and what it heard of."""

    joins: bool
    actions: tuple[str, ...] | None
    heard: tuple[Heard, ...]


def impression_of(change: Change) -> Impression:
    """Return all of a change that a policy can remember."""
    return Impression(change.what == JOINS, change.actions, change.heard)


@frozen(eq=False)
class MemoryRules:
    """How changes change what a policy remembers.

    Args:
        recalls: The counters that it keeps.
    """

    recalls: tuple[Recall, ...]

    @property
    def start(self) -> Remembered:
        """The memory of a customer who joins, before the first run."""
        return tuple(recall.start for recall in self.recalls)

    def after(self, memory: Remembered, impression: Impression) -> Remembered:
        """Return the memory after a change."""
        if impression.joins:
            return self.start
        if impression.actions is not None:
            return tuple(
                recall.ran(value, impression.actions) for recall, value in zip(self.recalls, memory, strict=True)
            )
        for word, act in impression.heard:
            memory = tuple(
                recall.heard(value, word, act=act) for recall, value in zip(self.recalls, memory, strict=True)
            )
        return memory

    @cached_property
    def hears_changes(self) -> bool:
        """Whether the policy remembers what depends on the position: silences that count, rises, falls."""
        return any(recall.kind == "trend" or recall.word in CHANGES for recall in self.recalls)

    def changed(self, memory: Remembered, changes: Sequence[str]) -> Remembered:
        """Return the memory after the policy heard of changes of the position: "silence", "rise", "fall", in order."""
        return self.after(memory, Impression(joins=False, actions=None, heard=tuple((word, False) for word in changes)))

    def told(self, memory: Remembered) -> Remembered:
        """Return the memory that stands for all that show a policy the same."""
        return tuple(map(Recall.told, self.recalls, memory))
