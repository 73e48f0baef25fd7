"""A curve's table as arrays, and how signals move many positions at once."""

from __future__ import annotations

from functools import cached_property, lru_cache

from attrs import frozen

from trustcurve.arrays import Array
from trustcurve.core.curve import Curve
from trustcurve.core.signals import SILENCE
from trustcurve.errors import require

__all__ = ["ALWAYS", "CROSSING", "HEARD_CHANGES", "NEVER", "CurveArrays"]

NEVER, ALWAYS, CROSSING = 0, 1, 2
"""When a signal ends a silence, as numbers."""

_SILENCE, _ROSE, _FELL, _ROSE_LAST = 1, 2, 4, 8

HEARD_CHANGES = tuple(
    (
        *(("silence",) if code & _SILENCE else ()),
        *(("rise",) if code & _ROSE and not code & _ROSE_LAST else ()),
        *(("fall",) if code & _FELL else ()),
        *(("rise",) if code & _ROSE and code & _ROSE_LAST else ()),
    )
    for code in range(16)
)
"""What ``CurveArrays.changes`` tells, by number: whether a silence counted, and rises and falls, the last one last."""


@frozen(eq=False)
class CurveArrays:
    """A curve's table as arrays; the last column of ``next`` and ``crosses`` stands for no signal, which changes nothing.

    Args:
        next: ``next[p, s]``: the position to which signal ``s`` leads from position ``p``. Shape (positions, signals + 1).
        crosses: ``crosses[p, s]``: whether that crosses the barrier. The same shape.
        columns: The column of each signal.
        rank: The place of a position's leaf state, from low to high. Shape (positions,).
    """

    next: Array
    crosses: Array
    columns: dict[str, int]
    rank: Array

    @classmethod
    def of(cls, curve: Curve) -> CurveArrays:
        """Make the arrays of a curve.

        Raises:
            MissingExtraError: numpy is not installed (extra ``verify``).
        """
        return _made(curve)

    @property
    def no_signal(self) -> int:
        """The column that changes nothing."""
        return len(self.columns)

    @cached_property
    def silences(self) -> Array:
        """The position after n silences in a row: (n + 1, positions), up to where another one changes nothing.

        If that never comes, there is a row more than there are positions: see ``settles``.
        """
        np = require("numpy", "verify")
        column = self.next[:, self.columns[SILENCE]]
        rows = [np.arange(len(column), dtype=column.dtype)]
        while len(rows) <= len(column) and (column[rows[-1]] != rows[-1]).any():
            rows.append(column[rows[-1]])
        return np.stack(rows)

    @property
    def settles(self) -> bool:
        """Whether silences, one after the other, change nothing any more after a while, wherever a customer stands."""
        return len(self.silences) <= len(self.next)

    def react(self, positions: Array, signals: Array, ends: Array) -> tuple[Array, Array, Array]:
        """Apply signals to positions, one after the other.

        Args:
            positions: The positions. Shape (n,).
            signals: The columns of the signals of each position, in order. Shape (n, k).
            ends: When each ends a silence: ``NEVER``, ``ALWAYS`` or ``CROSSING``. Shape (n, k).

        Returns:
            The positions after them, whether one of them ended a silence, and whether a silence changed nothing: then the
            ledger does not tell it. Shapes (n,).
        """
        np = require("numpy", "verify")
        ended, idle = np.zeros(len(positions), bool), np.zeros(len(positions), bool)
        silence = self.columns[SILENCE]
        for k in range(signals.shape[1]):
            column = signals[:, k]
            after = self.next[positions, column]
            ended |= (ends[:, k] == ALWAYS) | ((ends[:, k] == CROSSING) & self.crosses[positions, column])
            idle |= (column == silence) & (after == positions)
            positions = after
        return positions, ended, idle

    def changes(self, positions: Array, signals: Array) -> Array:
        """Return what a policy can hear of the changes that signals make, as numbers of ``HEARD_CHANGES``.

        Args:
            positions: The positions. Shape (n,).
            signals: The columns of the signals of each position, in order. Shape (n, k).
        """
        np = require("numpy", "verify")
        found, silence = np.zeros(len(positions), np.int8), self.columns[SILENCE]
        for k in range(signals.shape[1]):
            column = signals[:, k]
            after = self.next[positions, column]
            rose, fell = self.rank[after] > self.rank[positions], self.rank[after] < self.rank[positions]
            found |= np.where((column == silence) & (after != positions), _SILENCE, 0).astype(np.int8)
            found = np.where(rose, found | _ROSE | _ROSE_LAST, found)
            found = np.where(fell, (found | _FELL) & ~_ROSE_LAST, found).astype(np.int8)
            positions = after
        return found


@lru_cache(maxsize=8)
def _made(curve: Curve) -> CurveArrays:
    np = require("numpy", "verify")
    table = curve.table()
    stays = np.arange(len(table), dtype=np.int32)[:, None]
    crosses = [[reaction.crosses for reaction in row] + [False] for row in table.reactions]
    return CurveArrays(
        next=np.hstack([np.asarray(table.buffer), stays]),
        crosses=np.array(crosses, bool),
        columns={signal: column for column, signal in enumerate(table.signals)},
        rank=np.array([curve.rank(position) for position in table.positions], np.int16),
    )
