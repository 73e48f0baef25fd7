"""What is counted while a log is replayed: relations, promises, and departed customers who act."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from attrs import frozen

from trustcurve.batch.column_replay import ColumnReplay
from trustcurve.core.curve import Curve
from trustcurve.core.replay import EventCounts, History
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step
from trustcurve.logs.departures import DepartureCounter
from trustcurve.logs.mapper import Mapped
from trustcurve.logs.mapping import LogMapping
from trustcurve.logs.mapping_reach import reach_warnings
from trustcurve.logs.promise_counter import PromiseCounter
from trustcurve.logs.relations import RelationCounter

__all__ = ["HistoryCounter", "LogCounters", "conflict_warnings", "log_warnings"]


class HistoryCounter(Protocol):
    """Counts something of customers, replayed by columns or one event after the other; both ways add up."""

    def add_known(self, standing: Standing, /) -> None:
        """Begin with a customer of an earlier run, before the history."""

    def add_history(self, found: History, /) -> None:
        """Count a customer, up to the last event."""

    def add_step(self, step: Step, /) -> None:
        """Count what comes due for a customer after it."""

    def add_columns(self, found: ColumnReplay, /) -> None:
        """Count customers who are replayed by columns."""


@frozen(eq=False)
class LogCounters:
    """All counters of a log, each of which counts every customer."""

    relations: RelationCounter
    promises: PromiseCounter
    departures: DepartureCounter

    @classmethod
    def of(cls, mapped: Mapped, mapping: LogMapping, curve: Curve, *, continued: bool = False) -> LogCounters:
        """Return the counters of a mapped log; one that is continued does not know when customers came."""
        relations = RelationCounter(curve, counts=not continued)
        return cls(relations, PromiseCounter(mapping, mapped.events), DepartureCounter(curve))

    @property
    def _each(self) -> tuple[HistoryCounter, ...]:
        return self.relations, self.promises, self.departures

    def add_known(self, standing: Standing) -> None:
        """Begin with a customer of an earlier run, before the history."""
        for each in self._each:
            each.add_known(standing)

    def add_history(self, found: History) -> None:
        """Count a customer, up to the last event."""
        for each in self._each:
            each.add_history(found)

    def add_step(self, step: Step) -> None:
        """Count what comes due for a customer after it."""
        for each in self._each:
            each.add_step(step)

    def add_columns(self, found: ColumnReplay) -> None:
        """Count customers who are replayed by columns."""
        for each in self._each:
            each.add_columns(found)


def log_warnings(mapping: LogMapping, curve: Curve, counters: LogCounters, counts: EventCounts) -> Iterator[str]:
    """Yield what probably is wrong with a mapping, in sentences that say what to do."""
    yield from reach_warnings(mapping, curve)
    yield from counters.departures.warnings()
    yield from conflict_warnings(counts.conflict)


def conflict_warnings(conflicts: int) -> Iterator[str]:
    """Yield a sentence about events with the id of another event and other content, if there are any."""
    if conflicts:
        one = conflicts == 1
        yield (
            f"{conflicts:,} event{' has' if one else 's have'} the id of an earlier event of the customer and other content, "
            f"and {'is' if one else 'are'} dropped: if these are no repetitions, let id in [log] name more columns"
        )
