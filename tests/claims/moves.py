"""Questions about the table of the default curve: where signals lead, and in how many steps."""

from __future__ import annotations

from collections.abc import Iterable

from trustcurve import Curve, Position

CURVE = Curve.default()
TABLE = CURVE.table()
SIGNALS = TABLE.signals
COMPANY_GOODS = ("proposition", "promise_made", "kept_major", "kept_minor", "exchange", "repair")
"""What a company can do for a customer; an exchange needs both."""


def column(signal: str) -> int:
    return SIGNALS.index(signal)


def after(position: int, *signals: str) -> int:
    """Return the position after signals, one by one."""
    for signal in signals:
        position = TABLE.next[position][column(signal)]
    return position


def reached(begin: Iterable[int], signals: Iterable[str]) -> set[int]:
    """Return all positions that these signals can lead to, in any order and number."""
    columns = [column(signal) for signal in signals]
    found, queue = set(begin), list(begin)
    for position in queue:
        for each in columns:
            then = TABLE.next[position][each]
            if then not in found:
                found.add(then)
                queue.append(then)
    return found


def steps(begin: int, goal: set[int], signals: Iterable[str]) -> int | None:
    """Return the least number of signals that lead to a goal; None if none do."""
    columns, layer, seen = [column(signal) for signal in signals], {begin}, {begin}
    for count in range(len(TABLE)):
        if layer & goal:
            return count
        layer = {TABLE.next[position][each] for position in layer for each in columns} - seen
        seen |= layer
    return None


def those(*, stage: str | None = None, state: str | None = None) -> set[int]:
    """Return the positions of a stage or leaf state."""
    return {
        number
        for number, position in enumerate(TABLE.positions)
        if stage in (None, position.stage) and state in (None, CURVE.state(position))
    }


def at(number: int) -> Position:
    return TABLE.positions[number]


def rank(number: int) -> int:
    return CURVE.rank(at(number))


EVERY = range(len(TABLE))
ALL_BUT = {signal: tuple(each for each in SIGNALS if each != signal) for signal in SIGNALS}
