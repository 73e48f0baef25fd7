"""A replay in a few rows: where customers stand, what moved them, what could not be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from attrs import frozen

from trustcurve.core.steps import Transition
from trustcurve.logs.log_replay import LogReplay

__all__ = ["FallCause", "RejectGroup", "StateRow", "fall_causes", "reject_groups", "state_rows"]


@frozen
class StateRow:
    """A leaf state: how many customers stand there as of ``until``, and how often they rose or fell into and out of it."""

    state: str
    customers: int
    share: float
    rises_in: int
    rises_out: int
    falls_in: int
    falls_out: int


@frozen
class FallCause:
    """A row of the curve behind falls: how many, of how many customers, and why it makes them fall."""

    rule: str
    because: str
    falls: int
    customers: int


@frozen
class RejectGroup:
    """Rows with a reject of the same reason: how many, the first few row numbers, and the first one's details."""

    reason: str
    count: int
    rows: tuple[int, ...]
    detail: str


def state_rows(replay: LogReplay) -> tuple[StateRow, ...]:
    """Count customers and transitions by leaf state, from the highest to the lowest."""
    seen = replay.at_until.standings
    standing = Counter(replay.curve.state(each.position) for each in seen.values())
    rises_in, rises_out, falls_in, falls_out = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for each in _transitions(replay):
        into, out_of = (rises_in, rises_out) if each.change > 0 else (falls_in, falls_out)
        into[each.after] += 1
        out_of[each.before] += 1
    everyone = len(seen) or 1
    return tuple(
        StateRow(
            state,
            standing[state],
            standing[state] / everyone,
            rises_in[state],
            rises_out[state],
            falls_in[state],
            falls_out[state],
        )
        for state in reversed(replay.curve.states)
    )


def fall_causes(replay: LogReplay) -> tuple[FallCause, ...]:
    """Count falls by the row of the curve behind them, most falls first."""
    falls: dict[str, list[str]] = {}
    because: dict[str, str] = {}
    for each in _transitions(replay):
        if each.change < 0:
            rule = "migration" if each.rule is None else each.rule.name
            falls.setdefault(rule, []).append(each.customer)
            because[rule] = each.because if each.rule is None else each.rule.because
    causes = [FallCause(rule, because[rule], len(whose), len(set(whose))) for rule, whose in falls.items()]
    return tuple(sorted(causes, key=lambda cause: (-cause.falls, cause.rule)))


def reject_groups(replay: LogReplay, shown: int = 5) -> tuple[RejectGroup, ...]:
    """Gather rejects by reason, most rows first."""
    groups: dict[str, dict[int, str]] = {}
    for reject in replay.rejects:
        groups.setdefault(reject.reason, {}).setdefault(reject.row or 0, reject.detail)
    gathered = [
        RejectGroup(reason, len(rows), tuple(rows)[:shown], next(iter(rows.values())))
        for reason, rows in groups.items()
    ]
    return tuple(sorted(gathered, key=lambda group: (-group.count, group.reason)))


def _transitions(replay: LogReplay) -> Iterator[Transition]:
    """Return every transition, those that the look at ``until`` made included."""
    yield from (each.transition for each in replay.transitions)
    yield from replay.at_until.transitions
