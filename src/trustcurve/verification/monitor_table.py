"""A monitor as a table: its steps on kinds of turns, each worked out once, and its states as numbers."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from trustcurve.arrays import Array
from trustcurve.errors import require
from trustcurve.verification.monitor import EXCUSED, VIOLATED, Monitor, check_state
from trustcurve.verification.numbering import distinct_of
from trustcurve.verification.observation import Observation
from trustcurve.verification.turn import Turn

__all__ = ["MONITOR_STATES_MAX", "MonitorTable", "TooManyStatesError"]

MONITOR_STATES_MAX: Final = 1 << 20
"""The most states of a monitor. Source: our choice: as many as fit into a number of 64 bits, beside a record of a turn."""


class TooManyStatesError(Exception):
    """A product would have more states than it may have, or its monitor; in words, where more than one limit is meant."""


class MonitorTable:
    """The steps of a monitor after the letters of turns, each worked out once; its states are numbered as they come."""

    def __init__(
        self,
        observation: Observation,
        monitor: Monitor,
        relevant: Callable[[Turn], bool],
        *,
        follows_excused: bool = False,
    ) -> None:
        self.observation, self.monitor, self.relevant = observation, monitor, relevant
        self.follows_excused = follows_excused  # whether runs go on after that, and EXCUSED is a state as others
        self.any_relevant = False
        self._states: list[Hashable] = [monitor.start]
        self._numbers: dict[Hashable, int] = {monitor.start: 0}
        self._steps: dict[tuple[int, int], int] = {}
        self._turns: dict[int, Turn] = {}

    def after(self, letters: Array, states: Array) -> Array:
        """Return the states after turns as numbers, or ``VIOLATED`` or ``EXCUSED``.

        Raises:
            TooManyStatesError: The monitor has more states than it may have.
        """
        np = require("numpy", "verify")
        kinds, inverse = distinct_of(letters)
        wide = len(self._states)
        pair = inverse * wide + states
        pairs = np.flatnonzero(np.bincount(pair, minlength=1))
        after = np.zeros(int(pairs[-1]) + 1, np.int64)
        after[pairs] = [self._step(int(kinds[each // wide]), each % wide) for each in pairs.tolist()]
        return after[pair]

    def _step(self, letter: int, state: int) -> int:
        known = self._steps.get((letter, state))
        if known is None:
            turn = self._turns.get(letter)
            if turn is None:
                turn = self._turns[letter] = self.observation.turn(letter)
            known = self._steps[letter, state] = self._number(self.monitor.step(self._states[state], turn))
            self.any_relevant = self.any_relevant or (known != EXCUSED and bool(self.relevant(turn)))
        return known

    def _number(self, state: Hashable) -> int:
        check_state("what the monitor returned", state)
        if state == VIOLATED:
            return VIOLATED
        if state == EXCUSED and not self.follows_excused:
            return EXCUSED
        number = self._numbers.get(state)
        if number is None:
            number = self._numbers[state] = len(self._states)
            if number == MONITOR_STATES_MAX:
                raise TooManyStatesError(f"the property remembers more than {MONITOR_STATES_MAX:,} different things")
            self._states.append(state)
        return number
