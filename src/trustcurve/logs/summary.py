"""Summaries of a replay: customers by state, causes of falls, and rejects by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from attrs import frozen

from trustcurve.core.steps import Transition
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
    observed = replay.at_until.standings
    standing = Counter(replay.curve.state(each.position) for each in observed.values())
    rises_in, rises_out, falls_in, falls_out = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for each in _transitions(replay):
        into, out_of = (rises_in, rises_out) if each.change > 0 else (falls_in, falls_out)
        into[each.after] += 1
        out_of[each.before] += 1
    customers = len(observed) or 1
    return tuple(
        StateRow(
            state,
            standing[state],
            standing[state] / customers,
            rises_in[state],
            rises_out[state],
            falls_in[state],
            falls_out[state],
        )
        for state in reversed(replay.curve.states)
    )


def fall_causes(replay: LogReplay) -> tuple[FallCause, ...]:
    """Count falls by the rule that caused them, most falls first."""
    falls: dict[str, list[str]] = {}
    because: dict[str, str] = {}
    for each in _transitions(replay):
        if each.change < 0:
            rule = "migration" if each.rule is None else each.rule.name
            falls.setdefault(rule, []).append(each.customer)
            because[rule] = each.because if each.rule is None else each.rule.because
    causes = [FallCause(rule, because[rule], len(whose), len(set(whose))) for rule, whose in falls.items()]
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


def _transitions(replay: LogReplay) -> Iterator[Transition]:
    """Yield every transition, including those of the observation at ``until``."""
    yield from (each.transition for each in replay.transitions)
    yield from replay.at_until.transitions
