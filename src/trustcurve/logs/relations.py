"""Relations by month: of the customers who came in a month, who crossed the barrier and is kept, and what was given and asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

import numpy as np
from attrs import define, field, frozen

from trustcurve.batch.column_replay import ColumnReplay
from trustcurve.batch.ints import Ints
from trustcurve.core.curve import Curve
from trustcurve.core.replay import History
from trustcurve.core.signals import EXCHANGED, RETAINED
from trustcurve.core.standing import Position, Standing
from trustcurve.core.steps import Step
from trustcurve.records import RelationRecord

__all__ = ["RelationCounter", "RelationTotals", "by_cohort", "by_month", "month_name", "month_number", "totals_of"]

_NUMBERS = ("customers", *RETAINED, *EXCHANGED)
"""What a cell counts; up to "engaged" at the end of a month, the others in it."""

_MANY_CELLS = 1_000_000
"""Up to so many cells are counted in one array. Source: our choice; a log of fifty years has 360,000."""

_CROSSED, _ACROSS, _ENGAGED, _GIVEN, _ASKED = range(1, 6)


@define(eq=False)
class RelationCounter:
    """Counts the relations of customers, one after the other, in the order of each customer's steps.

    A cell holds what changed in a month for the customers of a cohort: so what counts at the end of a month is the sum of all
    cells up to it, and each customer's last state is all that is kept.
    """

    curve: Curve
    counts: bool = True
    """Whether it counts: what went before a standing is not known."""
    _cells: dict[tuple[int, int], list[int]] = field(factory=dict)
    _last: dict[str, tuple[int, bool, bool, bool]] = field(factory=dict)
    _known: dict[Position, tuple[bool, bool]] = field(factory=dict)

    def add_known(self, standing: Standing) -> None:
        """Count nothing: when a customer came is not known."""

    def add_history(self, found: History) -> None:
        """Count a customer's steps."""
        if found.start is None or not self.counts:
            return
        cohort = _number_of(found.start.as_of)
        self._cell(cohort, cohort)[0] += 1
        self._last[found.customer] = (cohort, False, False, False)
        self._move(found.customer, cohort, found.start.position)
        for step in found.steps:
            self.add_step(step)

    def add_step(self, step: Step) -> None:
        """Count a later step of a customer whose history was counted: what came due, and its event."""
        customer = step.after.customer
        if not self.counts:
            return
        for each in step.due:
            if each.reaction is not None:
                self._move(customer, _number_of(each.at), each.reaction.after)
        if step.event is None or step.reaction is None:
            return
        month, asked = _number_of(step.event.at), self.curve.is_ask(step.reaction)
        self._move(customer, month, step.reaction.after)
        if asked or step.reaction.signal in self.curve.gives:
            self._cell(self._last[customer][0], month)[_ASKED if asked else _GIVEN] += 1

    def add_columns(self, found: ColumnReplay) -> None:
        """Count the customers of a replay by columns, up to its last look."""
        if not len(found.present) or not self.counts:
            return
        curve, table = self.curve, self.curve.table()
        across, engaged = found.across, found.engaged
        first, start = found.first_at(), table.number(curve.start)
        cohort = np.zeros(len(first), np.int64)
        cohort[found.present] = _numbers_of(first[found.present])
        came = cohort[found.present]
        self._add(came, came, 0, 1)
        for place, there in ((_CROSSED, across), (_ACROSS, across), (_ENGAGED, engaged)):
            self._add(came, came, place, int(there[start]))
        changes = found.relations
        customer, month = changes.customer, _numbers_of(changes.at)
        for place, there in ((_ACROSS, across), (_ENGAGED, engaged)):
            difference = there[changes.after].astype(np.int64) - there[changes.before]
            self._add(cohort[customer], month, place, difference)
        crossing = np.flatnonzero(across[changes.after] & ~across[start])
        first = crossing[np.unique(customer[crossing], return_index=True)[1]]
        self._add(cohort[customer[first]], month[first], _CROSSED, 1)
        whose, at, met, signal = found.events_met()
        asks = np.array([[curve.is_ask(reaction) for reaction in row] for row in table.reactions])
        gives = np.array([name in curve.gives for name in table.signals])
        asked = asks.ravel()[met.astype(np.int32) * len(gives) + signal]
        for place, those in ((_ASKED, asked), (_GIVEN, gives[signal] & ~asked)):
            some = np.flatnonzero(those)
            self._add(cohort[whose[some]], _numbers_of(at[some]), place, 1)

    def _add(self, cohort: Ints, month: Ints, place: int, numbers: Ints | int) -> None:
        """Add numbers to the cells of cohorts and months."""
        if not len(cohort):
            return
        since, begin = int(cohort.min()), int(month.min())
        width = int(month.max()) - begin + 1
        key = (cohort - since) * width + (month - begin)
        if width * (int(cohort.max()) - since + 1) <= _MANY_CELLS:
            cells = np.arange(int(key.max()) + 1)
        else:
            cells, key = np.unique(key, return_inverse=True)
        there = np.bincount(key, minlength=len(cells))
        sums = there * numbers if isinstance(numbers, int) else np.bincount(key, weights=numbers, minlength=len(cells))
        for place_of, cell in ((each, int(cells[each])) for each in np.flatnonzero(there)):
            self._cell(since + cell // width, begin + cell % width)[place] += int(sums[place_of])

    def _move(self, customer: str, month: int, position: Position) -> None:
        cohort, crossed, *before = self._last[customer]
        known = self._known.get(position)
        if known is None:
            known = self._known[position] = (not self.curve.stage(position).outside, self.curve.is_engaged(position))
        across, engaged = known
        if before == [across, engaged]:
            return
        cell = self._cell(cohort, month)
        cell[_CROSSED] += across and not crossed
        cell[_ACROSS] += across - before[0]
        cell[_ENGAGED] += engaged - before[1]
        self._last[customer] = (cohort, crossed or across, across, engaged)

    def _cell(self, cohort: int, month: int) -> list[int]:
        return self._cells.setdefault((cohort, month), [0] * len(_NUMBERS))

    def records(self) -> Iterator[RelationRecord]:
        """Yield a record for each cohort and each month in which something changed for it, in this order."""
        for cohort, cells in groupby(sorted(self._cells.items()), key=lambda cell: cell[0][0]):
            counts = [0] * _GIVEN
            for (_, month), changes in cells:
                counts = [one + more for one, more in zip(counts, changes[:_GIVEN], strict=True)]
                yield RelationRecord(month_name(cohort), month_name(month), *counts, *changes[_GIVEN:])


def _number_of(at: datetime) -> int:
    return at.year * 12 + at.month - 1


def _numbers_of(at: Ints) -> Ints:
    """Return the numbers of the months of instants, in microseconds since 1970."""
    if not len(at):
        return np.zeros(0, np.int64)
    ends = np.array([at.min(), at.max()]).astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    begins = np.arange(ends[0] + 1, ends[1] + 1).astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)
    found: Ints = np.searchsorted(begins, at, side="right") + (ends[0] + 1970 * 12)
    return found


def month_name(number: int) -> str:
    """Return a month by its number, counted from the year 0.

    Examples:
        >>> month_name(month_number("2026-03") + 10)
        '2027-01'
    """
    return f"{number // 12:04}-{number % 12 + 1:02}"


def month_number(month: str) -> int:
    """Return the number of a month such as "2026-03"."""
    year, _, number = month.partition("-")
    return int(year) * 12 + int(number) - 1


@frozen
class RelationTotals:
    """Relations at the end of a period: how many crossed the barrier, are across and are engaged; what was given and asked in it."""

    period: str
    customers: int
    crossed: int
    across: int
    engaged: int
    given: int
    asked: int


def totals_of(records: Iterable[RelationRecord]) -> RelationTotals:
    """Return the relations of all customers at the end, and all that was given and asked."""
    listed = list(by_cohort(records))
    return RelationTotals("", *(sum(getattr(each, name) for each in listed) for name in _NUMBERS))


def by_cohort(records: Iterable[RelationRecord]) -> Iterator[RelationTotals]:
    """Yield the relations of each cohort at the end, and all that was given to it and asked of it."""
    for cohort, its in groupby(records, key=lambda record: record.cohort):
        own = list(its)
        ends = [getattr(own[-1], name) for name in _NUMBERS[:_GIVEN]]
        yield RelationTotals(cohort, *ends, *(sum(getattr(each, name) for each in own) for name in _NUMBERS[_GIVEN:]))


def by_month(records: Iterable[RelationRecord]) -> Iterator[RelationTotals]:
    """Yield the relations of all customers at the end of each month in which something changed, and what was given in it."""
    changes: dict[str, list[int]] = {}
    last: dict[str, RelationRecord] = {}
    for each in records:
        before = last.get(each.cohort)
        cell = changes.setdefault(each.month, [0] * len(_NUMBERS))
        for place, name in enumerate(_NUMBERS):
            known = 0 if before is None or place >= _GIVEN else getattr(before, name)
            cell[place] += getattr(each, name) - known
        last[each.cohort] = each
    counts = [0] * _GIVEN
    for month, cell in sorted(changes.items()):
        counts = [one + more for one, more in zip(counts, cell[:_GIVEN], strict=True)]
        yield RelationTotals(month, *counts, *cell[_GIVEN:])
