"""What a replay says in a few rows: where customers stand, what moved them, what could not be used."""

from __future__ import annotations

from collections import Counter

from attrs import frozen

from trustcurve.logs.replays import LogReplay

__all__ = ["FallCause", "RejectGroup", "StateRow", "fall_causes", "reject_groups", "state_rows"]


@frozen
class StateRow:
    """A leaf state: how many customers stand there at the end, and how often customers rose or fell into and out of it."""

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
    """Rows rejected for the same reason: how many, the first few row numbers, and the first one's details."""

    reason: str
    count: int
    rows: tuple[int, ...]
    detail: str


def state_rows(replay: LogReplay) -> tuple[StateRow, ...]:
    """Count customers and moves by leaf state, from the highest to the lowest."""
    standing = Counter(replay.curve.state(each.position) for each in replay.standings.values())
    rises_in, rises_out, falls_in, falls_out = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for _, move in replay.moves:
        into, out_of = (rises_in, rises_out) if move.change > 0 else (falls_in, falls_out)
        into[move.after] += 1
        out_of[move.before] += 1
    everyone = len(replay.standings) or 1
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
    for _, move in replay.moves:
        if move.change < 0:
            rule = "migration" if move.rule is None else move.rule.name
            falls.setdefault(rule, []).append(move.customer)
            because[rule] = move.because if move.rule is None else move.rule.because
    causes = [FallCause(rule, because[rule], len(whose), len(set(whose))) for rule, whose in falls.items()]
    return tuple(sorted(causes, key=lambda cause: (-cause.falls, cause.rule)))


def reject_groups(replay: LogReplay, shown: int = 5) -> tuple[RejectGroup, ...]:
    """Gather rejects by reason, most rows first."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for reject in replay.rejects:
        groups.setdefault(reject.reason, []).append((reject.row, reject.detail))
    gathered = [
        RejectGroup(reason, len(rows), tuple(row for row, _ in rows[:shown]), rows[0][1])
        for reason, rows in groups.items()
    ]
    return tuple(sorted(gathered, key=lambda group: (-group.count, group.reason)))
