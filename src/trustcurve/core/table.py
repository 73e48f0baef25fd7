"""The table of a curve: all reachable positions, numbered, and where each signal leads."""

from __future__ import annotations

from array import array
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import frozen

from trustcurve.core.standing import Position, Reaction
from trustcurve.errors import InvalidPositionError

if TYPE_CHECKING:
    from trustcurve.core.rulebook import Rulebook

__all__ = ["Table", "unroll"]


@frozen(eq=False, repr=False)
class Table:
    """A curve as a finite table.

    Args:
        positions: All positions that the start can reach, numbered in the order of a breadth-first
            search; number 0 is the start.
        signals: All signals, numbered in the order of ``curve.signals``.
        states: All leaf states in rank order.
        reactions: ``reactions[p][s]``: what signal ``s`` does in position ``p``.
        ranks: ``ranks[p]``: the rank of position ``p``.
    """

    positions: tuple[Position, ...]
    signals: tuple[str, ...]
    states: tuple[str, ...]
    reactions: tuple[tuple[Reaction, ...], ...]
    ranks: tuple[int, ...]

    def __repr__(self) -> str:
        return f"<Table of {len(self.positions)} positions and {len(self.signals)} signals>"

    def __len__(self) -> int:
        return len(self.positions)

    @cached_property
    def numbers(self) -> dict[Position, int]:
        """The number of each position."""
        return {position: number for number, position in enumerate(self.positions)}

    @cached_property
    def next(self) -> tuple[tuple[int, ...], ...]:
        """``next[p][s]``: the number of the position to which signal ``s`` leads from position ``p``."""
        numbers = self.numbers
        return tuple(tuple(numbers[reaction.after] for reaction in row) for row in self.reactions)

    @cached_property
    def buffer(self) -> memoryview:
        """``next`` as a read-only buffer of 32-bit integers, shape (positions, signals).

        ``numpy.asarray(table.buffer)`` is an array without a copy; nothing here needs numpy.
        """
        flat = array("i", [number for row in self.next for number in row])
        shape = (len(self.positions), len(self.signals))
        return memoryview(flat).toreadonly().cast("B").cast("i", shape)

    def number(self, position: Position) -> int:
        """Return a position's number.

        Raises:
            InvalidPositionError: It is not reachable from the start.
        """
        try:
            return self.numbers[position]
        except KeyError:
            raise InvalidPositionError("", position, "must be reachable from the start of this curve") from None


def unroll(curve: Rulebook) -> Table:
    """Unroll a curve by breadth-first search from its start."""
    positions = [curve.start]
    seen = {curve.start}
    reactions: list[tuple[Reaction, ...]] = []
    for position in positions:
        row = tuple([curve._work_out(position, signal) for signal in curve.signals])
        reactions.append(row)
        for reaction in row:
            if reaction.after not in seen:
                seen.add(reaction.after)
                positions.append(reaction.after)
    return Table(
        positions=tuple(positions),
        signals=curve.signals,
        states=curve.states,
        reactions=tuple(reactions),
        ranks=tuple(map(curve.rank, positions)),
    )
