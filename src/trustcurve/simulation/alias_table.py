"""Alias tables: a lot drawn with one 32-bit number and two look-ups, each lot as likely as it should be, to a few in 2^32."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.simulation.result_tables import seal

__all__ = ["Alias", "alias_of"]


_WHOLE = 1 << 32
_BITS: Final = 12
_SLOTS: Final = 1 << _BITS
"""How many slots a table has. Source: our choice; the more, the less a changed chance changes, and these still stay in the
processor's nearest cache."""

_SHIFT: Final = 32 - _BITS
_ROOM: Final = 1 << _SHIFT


@frozen(eq=False)
class Alias:
    """An alias table.

    The upper bits of a number choose a slot. Most slots belong to one lot; the first ones are split, and there the lower
    bits say whether they stay below the slot's limit.

    Args:
        lot: The lot of each slot; of a split one, that of numbers below its limit.
        limit: The limit of each split slot.
        other: The lot of each split slot for numbers that are not below its limit.
    """

    lot: NDArray[np.int16]
    limit: NDArray[np.uint32]
    other: NDArray[np.int16]

    def draw(self, numbers: NDArray[np.uint32]) -> NDArray[np.int16]:
        """Draw a lot with each number.

        Args:
            numbers: Even over all 32-bit numbers; any length.
        """
        slots = numbers >> np.uint32(_SHIFT)
        lots = self.lot.take(slots)
        split = np.flatnonzero(slots < np.uint32(len(self.limit)))
        slots = slots.take(split)
        above = (numbers.take(split) & np.uint32(_ROOM - 1)) >= self.limit.take(slots)
        lots[split[above]] = self.other.take(slots[above])
        return lots


def alias_of(chances: NDArray[np.float64]) -> Alias:
    """Make the table of some chances, in whole numbers: rounding takes the last bit of each, and the likeliest gets it.

    Equal chances have equal tables, and similar ones have similar ones: a number that draws a lot from one table draws it
    from the other, too, but for a few times as many numbers as the chances differ. For that, each lot has a slot of its own,
    and takes the whole slots that are due to it in an order of its own, past those that lots before it have taken. What is
    left over fills the lots' own slots up, as in every alias table.

    Args:
        chances: They add up to 1; at most 60.

    Examples:
        >>> numbers = np.arange(0, 2**32, 2**16, dtype=np.uint32)
        >>> one, other = (alias_of(np.array(chances)).draw(numbers) for chances in ([0.25, 0.25, 0.5], [0.25, 0.3, 0.45]))
        >>> np.bincount(one).tolist(), round(float((one == other).mean()), 3)
        ([16384, 16384, 32768], 0.95)
    """
    count = len(chances)
    masses = np.rint(chances * _WHOLE).astype(np.int64)
    most = int(np.argmax(masses))
    masses[most] += _WHOLE - masses.sum()
    whole = masses // _ROOM
    whole[most] -= whole.sum() - (_SLOTS - count)  # of the likeliest lot there are enough
    lot, free = np.arange(_SLOTS, dtype=np.int16), np.arange(_SLOTS) >= count
    for number in range(count):
        order = _order(number)
        taken = order[free[order]][: whole[number]]
        lot[taken], free[taken] = number, False
    return Alias(lot, *_split(masses - whole * _ROOM))


def _split(masses: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int16]]:
    """Share out as many slots as there are masses: each mass begins its own, and what is too much fills the others up."""
    limit, other = np.full(len(masses), _ROOM, np.uint32), np.arange(len(masses), dtype=np.int16)
    small = [slot for slot in range(len(masses)) if masses[slot] < _ROOM]
    large = [slot for slot in range(len(masses)) if masses[slot] > _ROOM]
    while small:
        slot, giver = small.pop(), large[-1]
        limit[slot], other[slot] = masses[slot], giver
        masses[giver] -= _ROOM - masses[slot]
        if masses[giver] <= _ROOM:
            large.pop()
            if masses[giver] < _ROOM:
                small.append(giver)
    return limit, other


@cache
def _order(number: int) -> NDArray[np.int64]:
    """Answer with the order in which a lot takes slots: as if shuffled, and always the same."""
    order = np.argsort(np.random.SFC64(number).random_raw(_SLOTS), kind="stable")
    seal(order)  # it is kept
    return order
