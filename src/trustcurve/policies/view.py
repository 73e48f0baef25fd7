"""What a policy may see when it decides, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self, final

from attrs import field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.signals import Account, Weight
from trustcurve.core.standing import Position
from trustcurve.errors import final_class
from trustcurve.policies.recall import Recall

__all__ = ["NotRememberedError", "OpenPromise", "View"]

_TRENDS: tuple[Literal["", "rise", "fall"], ...] = ("", "rise", "fall")


class OpenPromise(NamedTuple):
    """An open promise as a policy sees it: its kind, its weight, and the whole turns left until it falls due.

    ``left`` is None where the day is not one of a run of the policy: for a promise that the customer moved, that was made
    between two runs, or without a due date.
    """

    kind: str
    weight: Weight
    left: int | None


class NotRememberedError(Exception):
    """A policy asked for something that it does not remember: ``needed``."""

    def __init__(self, needed: str) -> None:
        super().__init__(needed)
        self.needed = needed


@final
@frozen
class View:
    """What the company knows of a customer when it decides.

    Args:
        stage: The stage, for example "distrust".
        state: The leaf state, for example "distrust.suspicious".
        outside: Whether the customer stands before the barrier, or has left.
        kept: Kept promises that matter.
        engaged: Goodwill.
        doubt: What repair alone cannot heal.
        felt_doubt: Doubt, plus what the account adds to it.
        account: What the company owes.
        quiet: Turns since the customer last got something, or since the last whole quiet period ended: 0 in the same
            turn, and never more than a quiet period has turns, 3 if nothing else is said.
        promises: The open promises, oldest first.
        recalled: What the policy remembers: counters with their values.
        constants: What is known of the customer's segment, and does not change.
    """

    stage: str
    state: str
    outside: bool
    kept: int
    engaged: int
    doubt: int
    felt_doubt: int
    account: Account
    quiet: int
    promises: tuple[OpenPromise, ...] = ()
    recalled: tuple[tuple[Recall, int], ...] = ()
    constants: tuple[tuple[str, str | int], ...] = field(default=(), repr=False)

    __init_subclass__ = final_class

    @property
    def open(self) -> int:
        """How many promises are open."""
        return len(self.promises)

    def since(self, word: str) -> int:
        """Return how many whole turns ago something last happened; see ``trustcurve.policies.since``."""
        return self._recalled("since", word, f"since({word!r}, turns)")

    def times(self, word: str, within: int) -> int:
        """Return in how many of the last turns something happened; see ``trustcurve.policies.times``."""
        return self._recalled("times", word, f"times({word!r}, {within})", within)

    def tries(self, action: str) -> int:
        """Return how often the company did something since the customer last did anything; see ``trustcurve.policies.tries``."""
        return self._recalled("tries", action, f"tries({action!r}, most)")

    @property
    def trend(self) -> Literal["", "rise", "fall"]:
        """Whether the customer's leaf state last rose or fell; "" if it never changed."""
        return _TRENDS[self._recalled("trend", "", "trend()")]

    def constant(self, name: str) -> str | int:
        """Return what is known of the customer's segment."""
        for known, value in self.constants:
            if known == name:
                return value
        raise NotRememberedError(f"constants={{{name!r}: (…,)}}")

    def _recalled(self, kind: str, word: str, needed: str, most: int | None = None) -> int:
        for recall, value in self.recalled:
            if recall.kind == kind and recall.word == word and most in (None, recall.most):
                return recall.shown(value)
        raise NotRememberedError(f"recalls=[{needed}]")

    @classmethod
    def at(cls, curve: Curve, position: Position, **seen: Any) -> Self:
        """Return what a policy sees of a customer at a position; fields left out of ``seen`` are as at the beginning."""
        stage = curve.stage(position)
        beside: Mapping[str, Any] = {"quiet": 0, **seen}
        return cls(
            stage.name, curve.state(position), stage.outside, position.kept, position.engaged, position.doubt,
            curve.felt_doubt(position), position.account, **beside,
        )  # fmt: skip
