"""Outcomes of the user's own as flat records: what was known just before each, and the shares of groups of them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from attrs import frozen

from trustcurve.records.schema import Schema, columns_of

__all__ = ["OUTCOMES", "OUTCOME_SHARES", "KnownBy", "LastPromise", "OutcomeRecord", "OutcomeShareRecord", "Whose"]

LastPromise = Literal["kept", "broken", "none yet"]
"""Whether the last promise that counted was kept."""

KnownBy = Literal["base rate", "last promise", "promises", "state", "standing", "position"]
"""What outcomes are grouped by: three baselines that need no curve, then what the curve adds."""

Whose = Literal["all", "repeat"]
"""Whose outcomes: all customers', or only those of customers to whom two promises were made by then."""


@frozen
class OutcomeRecord:
    """One outcome, with what was known just before it.

    Args:
        name: The name of the outcome.
        row: The number of its row.
        customer: The customer's id.
        at: Its time.
        value: Its value; 1 and 0 for yes and no.
        state: The leaf state just before.
        stage: The stage; together with ``kept``, ``engaged``, ``doubt`` and ``account`` the position.
        kept: The position's promises kept.
        engaged: Goodwill.
        doubt: Doubt.
        account: What the company owed.
        promises_open: The number of open promises.
        promises_overdue: The number of overdue promises.
        last_promise: Whether the last promise that counted was kept.
        promises_kept: The number of promises kept in time so far, whatever became of the position.
        promises_broken: The number of promises broken so far, by the clock too.
        repeat: Whether the company had made at least two promises to the customer by then.
    """

    name: str
    row: int
    customer: str
    at: datetime
    value: float
    state: str
    stage: str
    kept: int
    engaged: int
    doubt: int
    account: str
    promises_open: int
    promises_overdue: int
    last_promise: LastPromise
    promises_kept: int
    promises_broken: int
    repeat: bool


@frozen
class OutcomeShareRecord:
    """The outcomes of one group: how many there are, of how many customers, and their mean.

    Args:
        name: The name of the outcome.
        whose: "all" or "repeat".
        known_by: What the group is known by.
        group: The group.
        count: The number of outcomes.
        customers: The number of their customers, which are the unit of the interval.
        mean: The mean of their values; of yes and no the share of yes.
        low: The lower end of the 95 % interval of the mean; None if the group is too small, or its values are all equal.
        high: The upper end.
    """

    name: str
    whose: Whose
    known_by: KnownBy
    group: str
    count: int
    customers: int
    mean: float
    low: float | None
    high: float | None


OUTCOMES = Schema("outcomes", columns_of(OutcomeRecord))
OUTCOME_SHARES = Schema("outcome_shares", columns_of(OutcomeShareRecord))
