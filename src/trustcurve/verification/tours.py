"""Tours: journeys that together take every transition of a curve, to test a service of one's own with."""

from __future__ import annotations

from trustcurve.core.curve import Curve
from trustcurve.errors import InvalidValueError

__all__ = ["tour"]


def tour(curve: Curve, *, most: int = 10_000) -> tuple[tuple[str, ...], ...]:
    """Make journeys from the start that together send every signal in every position.

    Each goes to the nearest position in which some signal was not sent yet, and sends it; where none can be
    reached any more, or the journey is long enough, the next one begins.

    Args:
        curve: The curve.
        most: After how many signals a journey ends, at least 1; it still sends the one that it set out for.

    Returns:
        The journeys, as signals.

    Raises:
        InvalidValueError: ``most`` is no whole number of at least 1.

    Examples:
        >>> journeys = tour(Curve.default())
        >>> len(journeys), sum(map(len, journeys)) < 3 * 524 * 16
        (3, True)
    """
    if type(most) is not int or most < 1:
        raise InvalidValueError("most", most, "must be a whole number of at least 1")
    table = curve.table()
    left = [set(range(len(table.signals))) for _ in table.positions]
    open_ = sum(map(len, left))
    journeys: list[tuple[str, ...]] = []
    while open_:
        at, journey = 0, list[int]()
        while open_ and len(journey) < most:
            way = _nearest(table.next, left, at)
            if way is None:
                break
            for column in way:
                if column in left[at]:
                    left[at].remove(column)
                    open_ -= 1
                journey.append(column)
                at = table.next[at][column]
        journeys.append(tuple(table.signals[column] for column in journey))
    return tuple(journeys)


def _nearest(leads: tuple[tuple[int, ...], ...], left: list[set[int]], start: int) -> list[int] | None:
    """Find the shortest way to a signal that was not sent yet, that signal included."""
    came: dict[int, tuple[int, int] | None] = {start: None}
    for at in (queue := [start]):
        if left[at]:
            way = [min(left[at])]
            while (step := came[at]) is not None:
                at, column = step  # noqa: PLW2901 - back to the start
                way.append(column)
            return way[::-1]
        for column, target in enumerate(leads[at]):
            if target not in came:
                came[target] = (at, column)
                queue.append(target)
    return None
