"""What a policy may see when it decides, and nothing else."""

from __future__ import annotations

from typing import Any, Self, final

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.signals import Account
from trustcurve.core.standing import Position
from trustcurve.errors import final_class
from trustcurve.policies.actions import Action

__all__ = ["View"]


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
        open: How many promises are open.
        asks: How many asks the company made in the last turns (as many as the policy remembers).
        last: The company's last actions, the latest first (as many as the policy remembers).
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
    open: int
    asks: int
    last: tuple[Action, ...]

    __init_subclass__ = final_class

    @classmethod
    def at(cls, curve: Curve, position: Position, **seen: Any) -> Self:
        """Return what a policy sees of a customer at a position; fields left out of ``seen`` are as at the beginning."""
        stage = curve.stage(position)
        beside = {"quiet": 0, "open": 0, "asks": 0, "last": (), **seen}
        return cls(
            stage.name, curve.state(position), stage.outside, position.kept, position.engaged, position.doubt,
            curve.felt_doubt(position), position.account, **beside,
        )  # fmt: skip
