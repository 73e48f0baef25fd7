"""Outcomes in a log (a score, a churn flag, whether the customer bought again), each with what was known just before it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import polars as pl
from attrs import asdict, define, evolve, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import PromiseBroken, PromiseKept, PromiseMade
from trustcurve.core.replay import EventFate
from trustcurve.core.steps import Step
from trustcurve.core.values import checked_name
from trustcurve.errors import InvalidValueError
from trustcurve.logs.customer_rows import CustomerRows, Mark
from trustcurve.logs.mapping import KINDS, LogMapping, OutcomeRule
from trustcurve.logs.outcome_shares import outcome_shares
from trustcurve.records import OUTCOMES, OutcomeRecord, RejectRecord, polars_frame
from trustcurve.records.outcome_record import LastPromise

__all__ = ["UNREADABLE_OUTCOME", "OutcomeCollector", "Outcomes", "outcome_warnings", "with_outcomes"]

UNREADABLE_OUTCOME: Final = "unreadable outcome"
"""The reason of a reject for an unreadable outcome; the events of its row are used."""

_PROMISE_SIGNALS: dict[str, LastPromise] = {
    "kept_major": "kept",
    "kept_minor": "kept",
    "broken_major": "broken",
    "broken_minor": "broken",
}
_ABOUT_PROMISES = (PromiseMade, PromiseKept, PromiseBroken)
_REPEAT = 2


@frozen(eq=False)
class Outcomes:
    """The outcomes of a log.

    Args:
        table: A row for each outcome, in the order of the rows: a table of ``OUTCOMES``.
        unfinished: For each outcome by its name, how many rows are left out because their period was not over.
        states: The leaf states of the curve, from the lowest to the highest.
    """

    table: pl.DataFrame
    unfinished: dict[str, int]
    states: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the outcomes, whether a row has them or not."""
        return tuple(self.unfinished)

    def shares(self) -> pl.DataFrame:
        """Return the shares of groups of outcomes, a table of ``OUTCOME_SHARES``; see ``outcome_shares``."""
        return outcome_shares(self.table, self.states)


def with_outcomes(mapping: LogMapping, outcome: str | Sequence[str] | None, at: str | None = None) -> LogMapping:
    """Return a mapping with the chosen outcomes only.

    Args:
        mapping: The mapping.
        outcome: Names of outcomes of the mapping, or columns of the log; None for all outcomes of the mapping.
        at: The column with the time of those that are columns of the log.

    Raises:
        InvalidValueError: Something is not a text, or ``at`` is given and no column.
    """
    if outcome is None:
        names: tuple[str, ...] = tuple(each.name for each in mapping.outcomes)
    elif isinstance(outcome, list | tuple):
        names = tuple(checked_name(f"outcome[{number}]", each) for number, each in enumerate(outcome))
    else:
        names = (checked_name("outcome", outcome),)
    known = {each.name: each for each in mapping.outcomes}
    column = None if at is None else checked_name("outcome_at", at)
    chosen = tuple(
        known.get(name) or OutcomeRule(name, column=name, at=column, option="--outcome")
        for name in dict.fromkeys(names)
    )
    if column is not None and not any(each.option for each in chosen):
        rule = "needs an outcome that is a column of the log; in a mapping, the time of an outcome is its at"
        raise InvalidValueError("outcome_at", at, rule)
    return evolve(mapping, outcomes=chosen)


def outcome_warnings(mapping: LogMapping) -> Iterator[str]:
    """Yield a warning for each outcome that is perhaps read too early: at the time of a row whose events have other times."""
    times = list(dict.fromkeys(event.at for rule in mapping.rules for event in rule.events if event.at is not None))
    for each in mapping.outcomes:
        if each.column is not None and each.at is None and times:
            at = "--outcome-at" if each.option else f"at in [[outcomes]] {each.name}"
            yield (
                f"outcome {each.name!r} is compared with what was known at {mapping.time!r}, before all events of its row, "
                f"although events have times of their own ({', '.join(map(repr, times))}): if it was known later, "
                f"name the column of its time with {at}"
            )


@frozen
class _Known:
    """The baselines of a customer: how many promises were kept and broken, which was the last, and the ids of the first two."""

    last_promise: LastPromise = "none yet"
    kept: int = 0
    broken: int = 0
    promises: frozenset[str] = frozenset()

    @property
    def repeat(self) -> bool:
        """Whether the company has made the customer at least two promises."""
        return len(self.promises) >= _REPEAT

    def after(self, step: Step) -> _Known:
        """Return the baselines after a step."""
        words = [word for each in step.reactions if (word := _PROMISE_SIGNALS.get(each.signal)) is not None]
        promises = self.promises
        if len(promises) < _REPEAT and isinstance(step.event, _ABOUT_PROMISES):
            promises |= {step.event.promise}
        if not words and promises is self.promises:
            return self
        last = words[-1] if words else self.last_promise
        return _Known(last, self.kept + words.count("kept"), self.broken + words.count("broken"), promises)


@define(eq=False)
class OutcomeCollector:
    """Collects the outcomes of customers, one after the other.

    Args:
        curve: The curve.
        mapping: The mapping, with the outcomes that are asked for.
        until: Later outcomes are left out.
    """

    curve: Curve
    mapping: LogMapping
    until: datetime | None
    _found: list[OutcomeRecord] = field(factory=list)

    def add(self, rows: CustomerRows, fates: tuple[EventFate, ...]) -> Iterator[RejectRecord]:
        """Add the outcomes of a customer, each with what was known just before it; yield those that cannot be read.

        An outcome at the time of its row comes before the row's events, and after those of earlier rows. One with a
        time of its own comes before all events of that instant. Of rows with the same id only the first counts: an
        outcome is dropped if an event of another row with its id was applied before it, or an outcome of one was read.

        Args:
            rows: The customer's events and marks.
            fates: The fates of the events.
        """
        rules = {each.name: each for each in self.mapping.outcomes}
        decisive = {name: _times_of(rules[name], fates) for name in {mark.outcome for mark in rows.marks}}
        standing, known, done = None, _Known(), 0
        used: dict[str, int] = {}
        for place, mark in self._in_order(rows.marks, rules, fates):
            for fate in fates[done:place]:
                if fate.step is not None:
                    standing, known = fate.step.after, known.after(fate.step)
                    if fate.logged.event.id is not None:
                        used.setdefault(fate.logged.event.id, fate.logged.row or 0)
            done = place
            if self.until is not None and mark.at > self.until:
                continue
            if mark.id is not None and used.get(mark.id, mark.row) != mark.row:
                continue
            if mark.odd is not None:
                detail = f"outcome {mark.outcome!r}: {mark.odd}"
                yield RejectRecord(mark.row, rows.customer, None, None, UNREADABLE_OUTCOME, detail)
                continue
            if mark.id is not None:
                used[mark.id] = mark.row
            rule, value = rules[mark.outcome], mark.value
            if value is None:
                value = float(_happens(rule, mark.at, decisive[rule.name]) == rule.happens)
            step = self.curve.observe(standing or self.curve.begin(rows.customer, mark.at), mark.at)
            # An observation changes nothing that comes later, so ``known`` stays as it is.
            self._found.append(self._record(mark, value, step, known.after(step)))

    def _in_order(
        self, marks: Sequence[Mark], rules: dict[str, OutcomeRule], fates: tuple[EventFate, ...]
    ) -> list[tuple[int, Mark]]:
        """Return marks in the order of time, each with the number of events that come before it."""
        own = {name for name, rule in rules.items() if rule.at not in (None, self.mapping.time)}
        placed = [
            (bisect_left(fates, mark.at, key=_time_of) if mark.outcome in own else mark.before, mark) for mark in marks
        ]
        return sorted(placed, key=lambda each: each[0])

    def _record(self, mark: Mark, value: float, step: Step, known: _Known) -> OutcomeRecord:
        after = step.after
        overdue = sum(promise.overdue for promise in after.promises)
        return OutcomeRecord(
            name=mark.outcome, row=mark.row, customer=after.customer, at=mark.at, value=value,
            state=self.curve.state(after.position), **asdict(after.position),
            promises_open=len(after.promises) - overdue, promises_overdue=overdue, last_promise=known.last_promise,
            promises_kept=known.kept, promises_broken=known.broken, repeat=known.repeat,
        )  # fmt: skip

    def take(self, other: OutcomeCollector) -> None:
        """Add what another one has collected of other customers."""
        self._found += other._found

    def outcomes(self, end: datetime | None) -> Outcomes:
        """Return all outcomes, but those whose period was not over at the end of the log."""
        rank = {each.name: place for place, each in enumerate(self.mapping.outcomes)}
        found = sorted(self._found, key=lambda each: (each.row, rank[each.name]))
        table = polars_frame(OUTCOMES, found)
        left = pl.lit(end, table.schema["at"]) - pl.col("at")
        ended = [
            (pl.col("name") != each.name) | (left >= each.within).fill_null(value=False)
            for each in self.mapping.outcomes
            if each.within is not None
        ]
        over = table.filter(pl.all_horizontal(pl.lit(value=True), *ended))
        unfinished = {name: table.filter(name=name).height - over.filter(name=name).height for name in rank}
        return Outcomes(over, unfinished, self.curve.states)


def _time_of(fate: EventFate) -> datetime:
    return fate.logged.event.at


def _times_of(rule: OutcomeRule, fates: tuple[EventFate, ...]) -> list[datetime]:
    """Return the times of the applied events that decide an outcome, in order."""
    kinds = tuple(KINDS[each] for each in rule.events)
    return [_time_of(fate) for fate in fates if fate.step is not None and isinstance(fate.logged.event, kinds)]


def _happens(rule: OutcomeRule, at: datetime, times: list[datetime]) -> bool:
    """Return whether an event happens later than an instant, within the period of an outcome."""
    later = bisect_right(times, at)
    return later < len(times) and rule.within is not None and times[later] - at <= rule.within
