"""Somebody on the curve, as transitions wants its models: mutable, with a state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from attrs import define, field

from trustcurve.core.signals import ACCOUNT_LEVELS, ACCOUNT_WEIGHTS, Account
from trustcurve.core.standing import Position

if TYPE_CHECKING:
    from transitions import EventData

__all__ = ["Walker", "felt_doubt", "walker_of"]


@define(eq=False, slots=False)  # transitions writes its methods onto its models
class Walker:
    """Somebody on the curve: the model of a ``TrustMachine``. Make one with ``machine.walker()``.

    ``state`` is the leaf state; the counters and the account are its own, for a machine of
    transitions knows states only. Beside these it has what transitions gives every model:
    ``walker.trigger("exchange")``, and the like.
    """

    kept: int
    engaged: int
    doubt: int
    account: Account
    state: str = field(init=False)
    trigger: Any = field(init=False, repr=False)

    @property
    def felt_doubt(self) -> int:
        """Doubt, and what the account adds to it."""
        return felt_doubt(self.doubt, self.account)

    @property
    def position(self) -> Position:
        """Where it stands, as a position of the curve."""
        return Position(self.state.partition(".")[0], self.kept, self.engaged, self.doubt, self.account)


def felt_doubt(doubt: int, account: Account) -> int:
    """Add to doubt what the account adds to it."""
    return doubt + ACCOUNT_WEIGHTS[ACCOUNT_LEVELS.index(account)]


def walker_of(event: EventData) -> Walker:
    """Answer with the walker whom an event of transitions is about."""
    return cast("Walker", event.model)
