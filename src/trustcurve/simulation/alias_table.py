"""Alias tables: draw an outcome with one 32-bit number and two look-ups; probabilities are exact to a few in 2^32."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

__all__ = ["AliasTable", "alias_table"]

_WHOLE = 1 << 32
_BITS: Final = 12
_SLOTS: Final = 1 << _BITS
"""How many slots a table has. Source: our choice; the more slots, the fewer draws change when a probability changes, and these
still fit into the processor's first cache."""

_SHIFT: Final = 32 - _BITS
_ROOM: Final = 1 << _SHIFT


@frozen(eq=False)
class AliasTable:
    """An alias table.

    The upper bits of a number choose a slot. Most slots belong to one outcome; the first ones are split, and there the lower
    bits decide: below the slot's limit or not.

    Args:
        outcome: The outcome of each slot; of a split slot, the one for numbers below its limit.
        limit: The limit of each split slot.
        other: The outcome of each split slot for numbers that are not below its limit.
    """

    outcome: NDArray[np.int16]
    limit: NDArray[np.uint32]
    other: NDArray[np.int16]

    def draw(self, numbers: NDArray[np.uint32]) -> NDArray[np.int16]:
        """Draw an outcome with each number.

        Args:
            numbers: Uniform over all 32-bit numbers; any length.
        """
        slots = numbers >> np.uint32(_SHIFT)
        outcomes = self.outcome.take(slots)
        split = np.flatnonzero(slots < np.uint32(len(self.limit)))
        slots = slots.take(split)
        above = (numbers.take(split) & np.uint32(_ROOM - 1)) >= self.limit.take(slots)
        outcomes[split[above]] = self.other.take(slots[above])
        return outcomes


def alias_table(probabilities: NDArray[np.float64]) -> AliasTable:
    """Make the table of some probabilities, rounded to whole numbers of 2^32; the likeliest outcome absorbs the rounding.

    Equal probabilities have equal tables, and similar ones have similar tables: the same number draws the same outcome from
    both, except for a few times as many numbers as the probabilities differ. For that, each outcome has a slot of its own and
    takes the whole slots that it is due in an order of its own, skipping those that earlier outcomes have taken. What is left
    over fills up the outcomes' own slots, as in every alias table.

    Args:
        probabilities: They add up to 1; at most 60.

    Examples:
        >>> numbers = np.arange(0, 2**32, 2**16, dtype=np.uint32)
        >>> one, other = (alias_table(np.array(each)).draw(numbers) for each in ([0.25, 0.25, 0.5], [0.25, 0.3, 0.45]))
        >>> np.bincount(one).tolist(), round(float((one == other).mean()), 3)
        ([16384, 16384, 32768], 0.95)
    """
    count = len(probabilities)
    masses = np.rint(probabilities * _WHOLE).astype(np.int64)
    most = int(np.argmax(masses))
    masses[most] += _WHOLE - masses.sum()
    whole = masses // _ROOM
    whole[most] -= whole.sum() - (_SLOTS - count)  # the likeliest outcome has slots to spare
    outcome, free = np.arange(_SLOTS, dtype=np.int16), np.arange(_SLOTS) >= count
    for number in range(count):
        order = _order(number)
        taken = order[free[order]][: whole[number]]
        outcome[taken], free[taken] = number, False
    return AliasTable(outcome, *_split(masses - whole * _ROOM))


def _split(masses: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int16]]:
    """Distribute the masses over as many slots: each mass starts its own slot, and its excess fills up others."""
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
    """Return the order in which an outcome takes slots: shuffled, and always the same."""
    order = np.argsort(np.random.SFC64(number).random_raw(_SLOTS), kind="stable")
    order.flags.writeable = False  # it is cached
    return order
