"""A curve's table as arrays, and how signals move many positions at once."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Final

from attrs import frozen

from trustcurve.arrays import Array
from trustcurve.core.curve import Curve
from trustcurve.core.signals import SILENCE
from trustcurve.core.standing import Position
from trustcurve.errors import InvalidValueError, require

__all__ = ["ALWAYS", "CROSSING", "ENDINGS", "HEARD_CHANGES", "NEVER", "CurveArrays"]

NEVER, ALWAYS, CROSSING = 0, 1, 2
"""When a signal ends a silence, as numbers."""

ENDINGS: Final = {"never": NEVER, "always": ALWAYS, "crossing": CROSSING}
"""The same, by the words of curve files."""

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
    """A curve's table as arrays, which nothing can write to, for an engine of your own. Needs NumPy.

    The curve alone: promises that break and quiet periods that pass are signals, too, and it is up to you to send them. The
    last column of ``next``, ``crosses`` and ``ends_silence`` stands for no signal, which changes nothing.

    Args:
        next: ``next[p, s]``: the number of the position to which signal ``s`` leads from position ``p``. Shape
            (positions, signals + 1), int32.
        crosses: ``crosses[p, s]``: whether that crosses the barrier. The same shape, bool.
        ends_silence: ``ends_silence[p, s]``: whether a quiet period is counted anew from that signal. The same shape, bool.
        columns: The number of each signal: its column.
        positions: The position of each number; number 0 is the start, where a stranger is.
        states: All leaf states, from low to high.
        ranks: The number of each position's leaf state, in ``states``. Shape (positions,), int16.

    Examples:
        >>> from trustcurve import Curve
        >>> arrays = CurveArrays.of(Curve.default())
        >>> arrays.next.shape
        (524, 17)
        >>> after = arrays.next[0, arrays.columns["exchange"]]
        >>> arrays.positions[after].doubt, arrays.states[arrays.ranks[after]]
        (1, 'distrust.suspicious')
    """

    next: Array
    crosses: Array
    ends_silence: Array
    columns: dict[str, int]
    positions: tuple[Position, ...]
    states: tuple[str, ...]
    ranks: Array

    @classmethod
    def of(cls, curve: Curve) -> CurveArrays:
        """Return the arrays of a curve; they are made once.

        Raises:
            InvalidValueError: It is not a curve.
            MissingExtraError: NumPy is not installed (extra ``verify`` or ``logs``).
        """
        if not isinstance(curve, Curve):
            raise InvalidValueError("curve", curve, "must be a Curve, for example Curve.default()")
        return _made(curve)

    @property
    def no_signal(self) -> int:
        """The column that changes nothing."""
        return len(self.columns)

    @cached_property
    def silences(self) -> Array:
        """The position after n silences in a row: (n + 1, positions), up to where another one changes nothing.

        ``silences[n, p]`` is where n quiet periods lead from position ``p``; more of them than there are rows lead to the last
        row's. If there is no such end, there is a row more than there are positions: see ``settles``.
        """
        np = require("numpy", "verify")
        column = self.next[:, self.columns[SILENCE]]
        rows = [np.arange(len(column), dtype=column.dtype)]
        while len(rows) <= len(column) and (column[rows[-1]] != rows[-1]).any():
            rows.append(column[rows[-1]])
        return _sealed(np.stack(rows))

    @property
    def settles(self) -> bool:
        """Whether silences, one after the other, change nothing any more after a while, wherever a customer stands."""
        return len(self.silences) <= len(self.next)

    def react_many(self, positions: Array, signals: Array) -> Array:
        """Apply one signal to each of many positions.

        Args:
            positions: The numbers of the positions. Shape (n,), whole numbers.
            signals: The number of the signal that each of them gets: ``columns``, or ``no_signal``. Shape (n,), whole numbers.

        Returns:
            The numbers of the positions after them. Shape (n,), int32.

        Raises:
            InvalidValueError: They are not arrays of whole numbers of the same length, or a number is out of range.

        Examples:
            >>> from trustcurve import Curve
            >>> arrays = CurveArrays.of(Curve.default())
            >>> ask, help_ = arrays.columns["company_one_sided"], arrays.columns["exchange"]
            >>> after = arrays.react_many([0, 0], [ask, help_])
            >>> [arrays.states[rank] for rank in arrays.ranks[after]]
            ['distrust.competitive', 'distrust.suspicious']
        """
        here = _checked("positions", positions, len(self.next), "positions")
        sent = _checked("signals", signals, self.no_signal + 1, "signals")
        if len(here) != len(sent):
            raise InvalidValueError("signals", len(sent), f"must be as many as there are positions, {len(here):,}")
        return self.next[here, sent]

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
            rose, fell = self.ranks[after] > self.ranks[positions], self.ranks[after] < self.ranks[positions]
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
    crosses = np.array([[reaction.crosses for reaction in row] + [False] for row in table.reactions], bool)
    kinds = np.array([*(ENDINGS[curve.ends_silence[signal]] for signal in table.signals), NEVER])
    return CurveArrays(
        next=_sealed(np.hstack([np.asarray(table.buffer), stays])),
        crosses=_sealed(crosses),
        ends_silence=_sealed((kinds == ALWAYS) | ((kinds == CROSSING) & crosses)),
        columns={signal: column for column, signal in enumerate(table.signals)},
        positions=table.positions,
        states=table.states,
        ranks=_sealed(np.array(table.ranks, np.int16)),
    )


def _sealed(array: Array) -> Array:
    """Make an array read-only: the arrays of a curve are made once, and shared."""
    array.flags.writeable = False
    return array


def _checked(argument: str, given: Array, count: int, what: str) -> Array:
    """Return an array of whole numbers from 0 to ``count`` - 1."""
    np = require("numpy", "verify")
    try:
        numbers = np.asarray(given)
    except ValueError:  # lists of different lengths
        raise InvalidValueError(argument, given, "must be an array of one dimension") from None
    if numbers.ndim != 1:
        raise InvalidValueError(argument, numbers.shape, "must be an array of one dimension, not of this shape")
    if numbers.dtype.kind not in "iu" and numbers.size:
        raise InvalidValueError(argument, str(numbers.dtype), "must be an array of whole numbers, not of this type")
    odd = np.flatnonzero((numbers < 0) | (numbers >= count))
    if len(odd):
        place = int(odd[0])
        rule = f"must be at most {count - 1:,}, because there are {count:,} {what}, and not below 0"
        raise InvalidValueError(f"{argument}[{place}]", int(numbers[place]), rule)
    return numbers.astype(np.intp)
