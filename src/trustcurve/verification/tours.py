"""Tours: journeys that together cover every transition of a curve, to test another service with."""

from __future__ import annotations

from trustcurve.core.curve import Curve
from trustcurve.verification.arguments import check_kind, check_whole

__all__ = ["tour"]


def tour(curve: Curve, *, signals_max: int = 10_000) -> tuple[tuple[str, ...], ...]:
    """Return journeys from the start that together send every signal in every position.

    A journey goes to the nearest position in which some signal was not sent yet, sends it, and so on. When no such
    position can be reached any more, or the journey is long enough, the next one begins.

    Args:
        curve: The curve.
        signals_max: After how many signals a journey ends, at least 1; it still sends the signal that it is on its
            way to.

    Returns:
        The journeys, as signals.

    Raises:
        InvalidValueError: ``curve`` is not a Curve, or ``signals_max`` is not a whole number of at least 1.

    Examples:
        >>> journeys = tour(Curve.default())
        >>> len(journeys), sum(map(len, journeys)) < 3 * 524 * 16
        (3, True)
    """
    check_kind("curve", curve, Curve, "must be a Curve, for example Curve.default()")
    check_whole("signals_max", signals_max, 1)
    table = curve.table()
    unsent = [set(range(len(table.signals))) for _ in table.positions]
    left = sum(map(len, unsent))
    journeys: list[tuple[str, ...]] = []
    while left:
        at, journey = 0, list[int]()
        while left and len(journey) < signals_max:
            path = _nearest(table.next, unsent, at)
            if path is None:
                break
            for column in path:
                if column in unsent[at]:
                    unsent[at].remove(column)
                    left -= 1
                journey.append(column)
                at = table.next[at][column]
        journeys.append(tuple(table.signals[column] for column in journey))
    return tuple(journeys)


def _nearest(leads: tuple[tuple[int, ...], ...], unsent: list[set[int]], start: int) -> list[int] | None:
    """Return a shortest path to a signal that was not sent yet, that signal included."""
    parents: dict[int, tuple[int, int] | None] = {start: None}
    for at in (queue := [start]):
        if unsent[at]:
            path = [min(unsent[at])]
            while (step := parents[at]) is not None:
                at, column = step  # noqa: PLW2901 - back to the start
                path.append(column)
            return path[::-1]
        for column, target in enumerate(leads[at]):
            if target not in parents:
                parents[target] = (at, column)
                queue.append(target)
    return None
