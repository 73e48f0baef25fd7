"""The shortest ways through a curve's table, by which drawn journeys get to rare positions."""

from __future__ import annotations

from functools import cached_property, lru_cache

from attrs import field, frozen

from trustcurve.core.curve import Curve

__all__ = ["NOWHERE", "Routes", "routes_of"]

NOWHERE = -1
"""In place of a signal's number: there already, or no way leads there."""

Way = tuple[tuple[int, ...], tuple[int, ...]]
"""For each position: how many signals it is away from the goal (``NOWHERE``: no way), and the number of the first of them."""


@frozen(eq=False)
class Routes:
    """Ways to goals, worked out once for each goal."""

    curve: Curve
    _ways: dict[frozenset[int], Way] = field(factory=dict, init=False)

    @cached_property
    def _sources(self) -> tuple[tuple[int, ...], ...]:
        """For each position, the positions from which some signal leads to it."""
        leads = self.curve.table().next
        into: list[dict[int, None]] = [{} for _ in leads]
        for source, row in enumerate(leads):
            for target in row:
                into[target][source] = None
        return tuple(map(tuple, into))

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The positions on whose way from the start no other lies behind them: who goes to all of these passes all."""
        leads = self.curve.table().next
        passed, seen = set[int](), {0}
        for source, row in enumerate(leads):
            new = set(row) - seen
            seen |= new
            if new:
                passed.add(source)
        return tuple(number for number in range(len(leads)) if number not in passed)

    def way(self, goals: frozenset[int]) -> Way:
        """Find for every position the shortest way to the nearest of some positions, by search back from them."""
        known = self._ways.get(goals)
        if known is None:
            known = self._ways[goals] = self._search(goals)
        return known

    def _search(self, goals: frozenset[int]) -> Way:
        leads = self.curve.table().next
        away, first = [NOWHERE] * len(leads), [NOWHERE] * len(leads)
        for goal in goals:
            away[goal] = 0
        for target in (queue := sorted(goals)):
            for source in self._sources[target]:
                if away[source] == NOWHERE:
                    away[source] = away[target] + 1
                    first[source] = leads[source].index(target)
                    queue.append(source)
        return tuple(away), tuple(first)


@lru_cache(maxsize=16)
def routes_of(curve: Curve) -> Routes:
    """Answer with the routes of a curve, one object for all who ask."""
    return Routes(curve)
