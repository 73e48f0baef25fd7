"""Alias tables: a lot drawn with one 32-bit number and two look-ups, each lot as likely as it should be, to 1 in 2^32."""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

__all__ = ["Alias", "alias_of"]

_WHOLE = 1 << 32


@frozen(eq=False)
class Alias:
    """An alias table.

    The upper bits of a number choose a slot, the lower ones say whether they stay below the slot's limit.

    Args:
        shift: By how many bits to shift a number to have the slot.
        limit: The limit of each slot.
        lot: ``lot[2 * slot]`` where the lower bits stay below the limit, ``lot[2 * slot + 1]`` where they do not.
    """

    shift: int
    limit: NDArray[np.uint32]
    lot: NDArray[np.int32]

    def draw(self, numbers: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Draw a lot with each number.

        Args:
            numbers: Even over all 32-bit numbers; any length.
        """
        slot = numbers >> np.uint32(self.shift)
        above = (numbers & np.uint32((1 << self.shift) - 1)) >= self.limit.take(slot)
        return self.lot.take(2 * slot + above)


def alias_of(chances: NDArray[np.float64]) -> Alias:
    """Make the table of some chances, in whole numbers, so that nothing is lost to rounding but the last bit.

    Args:
        chances: They add up to 1.

    Examples:
        >>> table = alias_of(np.array([0.25, 0.75]))
        >>> table.draw(np.array([0, 2**30, 2**31, 2**32 - 1], np.uint32)).tolist()
        [0, 1, 1, 1]
    """
    bits = max(len(chances) - 1, 1).bit_length()
    slots, room = 1 << bits, _WHOLE >> bits
    masses = np.zeros(slots, np.int64)
    masses[: len(chances)] = np.rint(chances * _WHOLE)
    masses[np.argmax(masses)] += _WHOLE - masses.sum()
    limit, lot = np.full(slots, room, np.int64), np.repeat(np.arange(slots), 2)
    small = [slot for slot in range(slots) if masses[slot] < room]
    large = [slot for slot in range(slots) if masses[slot] > room]
    while small:
        slot, giver = small.pop(), large[-1]
        limit[slot], lot[2 * slot + 1] = masses[slot], giver
        masses[giver] -= room - masses[slot]
        if masses[giver] <= room:
            large.pop()
            if masses[giver] < room:
                small.append(giver)
    return Alias(32 - bits, limit.astype(np.uint32), lot.astype(np.int32))
