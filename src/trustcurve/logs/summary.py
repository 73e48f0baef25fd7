"""Summaries of a replay: customers by state, causes of falls, and rejects by reason."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
from attrs import frozen

from trustcurve.logs.log_replay import LogReplay
from trustcurve.records import RejectRecord

__all__ = ["FallCause", "RejectGroup", "StateRow", "fall_causes", "reject_groups", "state_rows"]


@frozen
class StateRow:
    """A leaf state: the number of customers in it as of ``until``, and the number of rises and falls into and out of it."""

    state: str
    customers: int
    share: float
    rises_in: int
    rises_out: int
    falls_in: int
    falls_out: int


@frozen
class FallCause:
    """A rule of the curve that causes falls: its reason, and the number of falls and of customers."""

    rule: str
    because: str
    falls: int
    customers: int


@frozen
class RejectGroup:
    """Rows that were rejected for the same reason: their number, the first few row numbers, and the detail of the first."""

    reason: str
    count: int
    rows: tuple[int, ...]
    detail: str


def state_rows(replay: LogReplay) -> tuple[StateRow, ...]:
    """Count customers and transitions by leaf state, from the highest to the lowest."""
    states = replay.tables.scan("observed").group_by("state").len()
    moves = replay.tables.scan("transitions").select("before", "after", pl.col("change") > 0)
    standing = dict(states.collect(engine="streaming").iter_rows())
    counted, left = (
        {
            (rises, state): n
            for state, rises, n in moves.group_by(name, "change").len().collect(engine="streaming").iter_rows()
        }
        for name in ("after", "before")
    )
    customers = sum(standing.values()) or 1
    return tuple(
        StateRow(
            state,
            standing.get(state, 0),
            standing.get(state, 0) / customers,
            counted.get((True, state), 0),
            left.get((True, state), 0),
            counted.get((False, state), 0),
            left.get((False, state), 0),
        )
        for state in reversed(replay.curve.states)
    )


def fall_causes(replay: LogReplay) -> tuple[FallCause, ...]:
    """Count falls by the rule that caused them, most falls first."""
    falls = replay.tables.scan("transitions").filter(pl.col("change") < 0).group_by("rule")
    numbers = falls.agg(pl.col("because").first(), pl.len(), pl.col("customer").n_unique().alias("customers"))
    counted = numbers.collect(engine="streaming")
    reasons = {each.rule.name: each.rule.because for row in replay.curve.table().reactions for each in row}
    causes = [
        FallCause("migration" if rule is None else rule, because if rule is None else reasons[rule], n, customers)
        for rule, because, n, customers in counted.iter_rows()
    ]
    return tuple(sorted(causes, key=lambda cause: (-cause.falls, cause.rule)))


def reject_groups(rejects: Iterable[RejectRecord], shown: int = 5) -> tuple[RejectGroup, ...]:
    """Group rejects by reason, most rows first."""
    groups: dict[str, dict[int, str]] = {}
    for reject in rejects:
        groups.setdefault(reject.reason, {}).setdefault(reject.row or 0, reject.detail)
    gathered = [
        RejectGroup(reason, len(rows), tuple(rows)[:shown], next(iter(rows.values())))
        for reason, rows in groups.items()
    ]
    return tuple(sorted(gathered, key=lambda group: (-group.count, group.reason)))
