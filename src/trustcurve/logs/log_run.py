"""Running a mapped log: by columns where the columns decide, and one event after the other where they do not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from attrs import field, frozen

from trustcurve.batch.earlier_run import EarlierRun
from trustcurve.batch.event_columns import odd_customers
from trustcurve.batch.frame_replay import FrameReplay, run_table
from trustcurve.batch.log_books import LogBooks
from trustcurve.core.curve import Curve
from trustcurve.core.instants import instant, microseconds
from trustcurve.core.replay import History, combine, history
from trustcurve.core.standing import Standing
from trustcurve.errors import InvalidValueError
from trustcurve.logs.customer_rows import CustomerRows, customer_rows
from trustcurve.logs.identities import Identities
from trustcurve.logs.log_counters import HistoryCounter
from trustcurve.logs.mapper import Mapped, check_signals, map_log
from trustcurve.logs.mapping import LogMapping
from trustcurve.logs.opened_log import Log
from trustcurve.logs.outcomes import OutcomeCollector, with_outcomes
from trustcurve.logs.relations import RelationCounter
from trustcurve.logs.row_rules import Part, latest_rows
from trustcurve.records import RejectRecord

__all__ = ["LogRun", "Progress", "last_applied"]

Progress = Callable[[int, int], None]
"""A function that is called regularly with the number of events done and of all."""

_EVERY = 2048
_LATEST = 10
"""How many of the latest rows are looked at first. Source: our choice."""


@frozen(eq=False)
class LogRun:
    """A replay of a mapped log; collects rejects and outcomes while the histories are computed."""

    mapped: Mapped
    curve: Curve
    until: datetime | None
    progress: Progress | None
    outcomes: OutcomeCollector
    earlier: EarlierRun
    rejects: list[RejectRecord] = field(factory=list)
    broken: set[int] = field(factory=set)

    @classmethod
    def of(
        cls,
        log: Log,
        mapping: LogMapping,
        curve: Curve,
        until: datetime | None,
        progress: Progress | None,
        *,
        outcome: str | Sequence[str] | None = (),
        outcome_at: str | None = None,
        customers: Collection[str] | None = None,
        part: Part | None = None,
        standings: pl.DataFrame | None = None,
        identities: Identities | None = None,
    ) -> LogRun:
        """Map the log, or the rows of some customers."""
        _check("log", log, Log, "must be a log, such as scan_log(path)")
        _check("mapping", mapping, LogMapping, "must be a mapping, such as load_mapping(path)")
        _check("curve", curve, Curve, "must be a Curve, for example Curve.default()")
        if progress is not None and not callable(progress):
            raise InvalidValueError("progress", progress, "must be a function of two numbers, or None")
        end = None if until is None else instant(until, "until")
        check_signals(mapping, curve)
        asked = with_outcomes(mapping, outcome, outcome_at)
        earlier = EarlierRun.of(standings, None if identities is None else identities.events)
        earlier = earlier if part is None else earlier.where(part.has(pl.col("customer")))
        if asked.outcomes and len(earlier.customers):
            raise InvalidValueError(
                "outcome", asked.outcomes[0].name, "needs the whole log: it cannot go on from standings"
            )
        seen = None if identities is None else identities.once_per
        mapped = map_log(log, asked, customers=customers, part=part, seen=seen, until=end)
        earlier.check(mapped.events, None if end is None else microseconds(end))
        run = cls(mapped, curve, end, progress, OutcomeCollector(curve, asked, end), earlier)
        for row, customer, reason, detail in run.mapped.broken.iter_rows():
            run.rejects.append(RejectRecord(row, customer, None, None, reason, detail))
            run.broken.add(row)
        return run

    def histories(self, customers: pl.Series | None = None) -> Iterator[History]:
        """Replay the customers of the whole log, or some of them."""
        table, marks = (self.mapped.events, self.mapped.marks) if customers is None else self.mapped.of(customers)
        done, reported = 0, 0
        used = self.earlier.used(customers)
        for own in customer_rows(table, marks):
            before = self.earlier.standing(own.customer)
            found = history(self.curve, own.customer, own.events, before, until=self.until, used=used)
            self._note(own, found)
            yield found
            done += len(own.events)
            if self.progress is not None and done - reported >= _EVERY:
                reported = done
                self.progress(done, self.mapped.events.height)

    def _note(self, own: CustomerRows, found: History) -> None:
        for reject in own.broken:
            self.rejects.append(reject)
            self.broken.add(reject.row or 0)
        self.rejects.extend(self.outcomes.add(own, found.fates))

    def one_by_one(self, counters: HistoryCounter) -> FrameReplay:
        """Replay every customer one event after the other."""
        before = self._before(self.earlier.customers, counters)
        histories = _each(self.histories(), counters.add_history)
        done = combine(histories, before, self.curve, self.until, used={}, observed=counters.add_step)
        return FrameReplay(self.curve, done, earlier=self.earlier)

    def _before(self, customers: pl.Series, counters: HistoryCounter) -> dict[str, Standing]:
        """Return the standings of customers of an earlier run, after the counters have begun with them."""
        found = {name: each for name in customers if (each := self.earlier.standing(name)) is not None}
        for each in found.values():
            counters.add_known(each)
        return found

    def by_columns(self, counters: HistoryCounter, at_least: datetime | None = None) -> FrameReplay:
        """Replay customers by columns where the columns decide, and the others one event after the other.

        Args:
            counters: What is counted.
            at_least: Without ``until``, an instant before which customers are not observed.
        """
        end, events = None if self.until is None else microseconds(self.until), self.mapped.events
        early, late = events.split(end)
        apart = [] if self.mapped.marks is None else [self.mapped.marks["customer"]]
        apart += [] if late is None else [odd_customers(late, self.curve)]
        slow = [each.unique() for each in apart]
        if self.progress is not None:
            self.progress(0, events.height)

        def histories(books: LogBooks) -> Iterator[History]:
            slow.append(books.odd_customers)
            self._before(books.odd_customers, counters)
            chosen = pl.concat(slow).unique()
            return _each(self.histories(chosen), counters.add_history) if len(chosen) else iter(())

        found = run_table(
            early,
            self.curve,
            end,
            histories,
            earlier=self.earlier,
            apart=pl.concat(apart) if apart else None,
            at_least=None if at_least is None else microseconds(at_least),
            observed=counters.add_step,
        )
        if late is not None:
            found.later = late.height - late.of(pl.concat(slow)).height
        if found.columns is not None:
            counters.add_columns(found.columns)
        if self.progress is not None:
            self.progress(events.height, events.height)
        return found


def last_applied(
    log: Log,
    mapping: LogMapping,
    curve: Curve,
    *,
    standings: pl.DataFrame | None = None,
    identities: Identities | None = None,
) -> datetime | None:
    """Return the time of the last applied event of a whole log, or of the latest standing of an earlier run.

    It replays as few customers as possible, the latest first.
    """
    many = _LATEST
    while True:
        last = latest_rows(log, mapping, many)
        bound: Any = last["latest"].min()
        some = None if last.height < many else last["customer"].drop_nulls().unique().to_list()
        run = LogRun.of(log, mapping, curve, None, None, customers=some, standings=standings, identities=identities)
        done = run.by_columns(RelationCounter(curve)).until
        if some is None or (done is not None and done >= bound):
            return done
        many *= 30


def _each(histories: Iterable[History], look: Callable[[History], None]) -> Iterator[History]:
    """Pass histories on, each after a look at it."""
    for found in histories:
        look(found)
        yield found


def _check(argument: str, value: object, kind: type, rule: str) -> None:
    if not isinstance(value, kind):
        raise InvalidValueError(argument, value, rule)
