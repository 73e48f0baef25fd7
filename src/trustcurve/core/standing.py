"""Where a customer stands: the finite position, and what the ledger knows beside it."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import Attribute, field, frozen

from trustcurve.core.errors import InvalidPositionError
from trustcurve.core.instants import later
from trustcurve.core.rules import Rule
from trustcurve.core.signals import Account, Weight
from trustcurve.core.values import Value

__all__ = ["Position", "Promise", "Reaction", "Standing"]


def _whole(_self: object, attribute: Attribute[int], value: object) -> None:
    if type(value) is not int:  # True and 1.0 equal 1, and would be taken for it
        raise InvalidPositionError(attribute.name, value, "must be a whole number")


@frozen(cache_hash=True)
class Position:
    """A place on the curve: stage and bounded counters, nothing else.

    Args:
        stage: A stage of the curve.
        kept: Promises that matter to the customer, kept since trust was last lost.
        engaged: Goodwill: exchanges not yet spent by asking.
        doubt: What repair alone cannot heal.
        account: What the company owes: "clear", "due", "slip" or "breach".
    """

    stage: str
    kept: int = field(validator=_whole)
    engaged: int = field(validator=_whole)
    doubt: int = field(validator=_whole)
    account: Account


@frozen(eq=False, repr=False)
class Reaction(Value):
    """One signal applied to one position.

    Args:
        before: The position before.
        signal: The signal.
        after: The position after.
        rule: The row that applied.
        settling: The settling rows that changed something, in order.
        state_before: The leaf state before, for example "distrust.suspicious".
        state_after: The leaf state after.
        change: Places risen (above 0) or fallen (below 0) in the rank of leaf states.
        crosses: Whether it carried the customer across the barrier.
    """

    before: Position
    signal: str
    after: Position
    rule: Rule
    settling: tuple[Rule, ...]
    state_before: str
    state_after: str
    change: int
    crosses: bool

    @property
    def because(self) -> str:
        """Say why, in the words of the row and of the settling rows that changed something."""
        return "; ".join([self.rule.because, *(row.because for row in self.settling)])

    @property
    def rose(self) -> bool:
        """Whether the customer stands higher after than before."""
        return self.change > 0

    @property
    def fell(self) -> bool:
        """Whether the customer stands lower after than before."""
        return self.change < 0

    @property
    def moved(self) -> bool:
        """Whether the leaf state changed."""
        return self.change != 0


@frozen(eq=False, repr=False)
class Promise(Value):
    """A promise that is open, or overdue: broken by its date and still owed."""

    id: str
    due: datetime | None = None
    weight: Weight = "major"
    overdue: bool = False

    def breaks_at(self, grace: timedelta) -> datetime | None:
        """Answer with the last instant at which it still counts as kept, or None without a date."""
        if self.due is None or self.overdue:
            return None
        return later(self.due, grace)


@frozen
class Standing:
    """What is known of one customer. Make one with ``curve.begin``, never by hand.

    Args:
        customer: The customer's id.
        as_of: Up to when the clock has run: the latest event or look.
        position: Where the customer stands.
        promises: Open and overdue promises, ordered by id.
        quiet_since: When the customer last got something.
    """

    customer: str
    as_of: datetime
    position: Position
    promises: tuple[Promise, ...]
    quiet_since: datetime
