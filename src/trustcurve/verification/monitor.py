"""Monitors: finite observers of runs, which say when a property is violated."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, final

from attrs import frozen

from trustcurve.errors import InvalidValueError, final_class
from trustcurve.verification.turn import Turn

__all__ = ["EXCUSED", "VIOLATED", "Monitor", "both", "check_state", "under_assumption"]

VIOLATED: Final = -2
"""What a monitor's step returns when the property is violated."""

EXCUSED: Final = -3
"""What a monitor's step returns when nothing that comes later counts, because an assumption is violated."""


@final
@frozen(eq=False)
class Monitor:
    """A finite observer of runs: it reads one turn after the other, and its state is all that it remembers.

    A state is a value that can be a key of a dict, for example a small whole number, or a tuple of some. There should be few of
    them: each one is followed together with each state of the loop.

    Args:
        start: The state before the first turn.
        step: A pure function of a state and a turn. It returns the state after the turn, or ``VIOLATED``.

    Raises:
        InvalidValueError: ``start`` is not a state, or ``step`` is not a function.

    Examples:
        >>> def owing(turns, turn):
        ...     turns = 0 if turn.after.account == "clear" else turns + 1
        ...     return VIOLATED if turns > 6 else turns
        >>> Monitor(0, owing).start
        0
    """

    start: Hashable
    step: Callable[[Any, Turn], Hashable]

    __init_subclass__ = final_class

    def __attrs_post_init__(self) -> None:
        check_state("start", self.start)
        if self.start in (VIOLATED, EXCUSED):
            raise InvalidValueError("start", self.start, "must be a state in which the property is not violated yet")
        if not callable(self.step):
            raise InvalidValueError("step", self.step, "must be a function of a state and a turn")


def check_state(argument: str, state: object) -> None:
    """Raise unless a value can be the state of a monitor. A function that forgets to return something returns None."""
    try:
        hash(state)
    except TypeError:
        fits = False
    else:
        fits = state is not None
    if not fits:
        rule = "must be a state of the monitor: a whole number, or another value that can be a key of a dict"
        raise InvalidValueError(argument, state, rule)


def under_assumption(assumption: Monitor, monitor: Monitor) -> Monitor:
    """Return a monitor that is violated where another one is, if an assumption has not been violated before, or in that turn."""

    def step(state: Any, turn: Turn) -> Hashable:
        if state == EXCUSED:
            return EXCUSED
        assumed, seen = assumption.step(state[0], turn), monitor.step(state[1], turn)
        if assumed == VIOLATED or seen == EXCUSED:
            return EXCUSED
        return VIOLATED if seen == VIOLATED else (assumed, seen)

    return Monitor((assumption.start, monitor.start), step)


def both(one: Monitor, other: Monitor) -> Monitor:
    """Return a monitor that is violated where one of two is."""

    def step(state: Any, turn: Turn) -> Hashable:
        after = one.step(state[0], turn), other.step(state[1], turn)
        return VIOLATED if VIOLATED in after else after

    return Monitor((one.start, other.start), step)
