"""The quiet clock: what comes due, in order, while no event comes. It alone counts waiting periods; the promise book adds grace to due dates.

Times and durations are in microseconds; the origin does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trustcurve.core.promises import Promise, PromiseBook
from trustcurve.core.signals import BROKEN, SILENCE
from trustcurve.core.standing import Position, Reaction, Standing

if TYPE_CHECKING:
    from trustcurve.core.rulebook import Rulebook

__all__ = ["Due", "coming_due", "run_clock"]

Due = tuple[int, Promise | None, Reaction]
"""The instant, the promise that breaks (None: silence), and the curve's reaction."""


def coming_due(curve: Rulebook, standing: Standing) -> Iterator[Due]:
    """Yield what comes due from ``standing.as_of`` on, in order, if no event comes.

    - An open promise breaks at its due date plus the curve's grace.
    - The n-th whole quiet period since ``quiet_since`` is a silence, unless n is at most ``waiting_periods``
      and a promise with a date is open at that instant. A silence that changes nothing is left out.
    - At one instant promises come first, by id.
    """
    position, quiet_since, since = standing.position, standing.quiet_since_us, standing.as_of_us
    period, waiting = curve.silence_after_us, curve.waiting_periods
    breaks = standing.book.breaks(curve.grace_us, since)
    coming = next(breaks, None)
    n = max(1, -((quiet_since - since) // period))
    while True:
        at = quiet_since + n * period
        if coming is not None and coming[0] <= at:
            at, promise = coming
            reaction = curve.react(position, BROKEN[promise.weight])
            position = reaction.after
            yield at, promise, reaction
            coming = next(breaks, None)
            continue
        reaction = curve.react(position, SILENCE)
        if reaction.after == position:
            if coming is None:
                return
            n = -((quiet_since - coming[0]) // period)  # nothing changes until this promise breaks
        elif coming is not None and n <= waiting:
            n += 1
        else:
            yield at, None, reaction
            position = reaction.after
            n += 1


def run_clock(curve: Rulebook, standing: Standing, until: int) -> tuple[Position, PromiseBook, list[Due]]:
    """Apply everything due strictly before ``until``; return the position, the book, and what came due."""
    position, book = standing.position, standing.book
    found: list[Due] = []
    for due in coming_due(curve, standing):
        at, promise, reaction = due
        if at >= until:
            break
        if promise is not None:
            book = book.broken(promise)
        position = reaction.after
        found.append(due)
    return position, book, found
