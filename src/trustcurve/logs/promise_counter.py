"""What became of promises: how many were made, kept, late, broken, moved, released and left, by the rule that made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

import numpy as np
from attrs import define, field, fields

from trustcurve.batch.column_replay import ColumnReplay
from trustcurve.batch.event_columns import ABOUT_PROMISES
from trustcurve.batch.event_table import EventTable
from trustcurve.batch.ints import NONE, Ints
from trustcurve.batch.promise_entries import ENTRIES, entry_of
from trustcurve.core.events import PromiseMade, PromiseMoved
from trustcurve.core.replay import History, LoggedEvent
from trustcurve.core.standing import Standing
from trustcurve.core.steps import BrokenPromise, Step
from trustcurve.logs.mapping import LogMapping
from trustcurve.records import PromiseRecord

__all__ = ["PromiseCounter", "total_promises"]

_WORDS = (*ENTRIES, "broke_by_date", "open", "overdue")
_BROKE, _OPEN, _OVERDUE = range(len(ENTRIES), len(_WORDS))
_NUMBERS = tuple(each.name for each in fields(PromiseRecord) if each.name != "rule")


@define(eq=False, slots=False)
class PromiseCounter:
    """Counts what became of promises, and the events that are skipped because their promise is not open.

    Args:
        mapping: The mapping.
        events: The events that it makes of the log.
    """

    mapping: LogMapping
    events: EventTable
    _counts: Counter[tuple[int, str]] = field(factory=Counter)
    _skipped: Counter[int] = field(factory=Counter)
    _makers: dict[tuple[str, str], int] = field(factory=dict)
    """The rule that made each promise that is open or overdue, by customer and id."""
    _overdue: set[tuple[str, str]] = field(factory=set)

    def turn_to(self, events: EventTable) -> None:
        """Go on with the events of other customers of the same log."""
        self.events = events
        self.__dict__.pop("_rules_of_rows", None)

    def add_known(self, standing: Standing) -> None:
        """Count the promises of a customer of an earlier run, whose rules are not known."""
        for promise in standing.promises:
            self._makers[standing.customer, promise.id] = NONE
            if promise.overdue:
                self._overdue.add((standing.customer, promise.id))

    def add_history(self, found: History) -> None:
        """Count the promises of a customer, up to the last event."""
        if found.start is not None:
            self.add_known(found.start)
        for each in found.fates:
            if each.step is not None:
                self._add(each.step, each.logged)
            elif each.fate == "skipped":
                self._skipped[self._rule_of(each.logged)] += 1

    def add_step(self, step: Step) -> None:
        """Count what comes due for a customer after the last event."""
        self._add(step, None)

    def _add(self, step: Step, logged: LoggedEvent | None) -> None:
        customer = step.after.customer
        for each in step.due:
            if isinstance(each.cause, BrokenPromise):
                key = customer, each.cause.promise
                self._counts[self._makers[key], "broke_by_date"] += 1
                self._overdue.add(key)
        if logged is None or not isinstance(logged.event, ABOUT_PROMISES):
            return
        event, key = logged.event, (customer, logged.event.promise)
        maker = self._makers.pop(key, None)
        if maker is None:
            maker = self._rule_of(logged)
        self._counts[maker, entry_of(type(event), overdue=key in self._overdue)] += 1
        self._overdue.discard(key)
        if isinstance(event, PromiseMade | PromiseMoved):
            self._makers[key] = maker

    def add_columns(self, found: ColumnReplay) -> None:
        """Count the promises of a replay by columns, up to its last look."""
        events, book = found.books.events, found.books.book
        skipped = book.skipped[found.decided[events.customer[book.skipped]]]
        rules = self._rules[events.table.template_numbers()[events.source[skipped]]]
        self._skipped.update(rules.tolist())
        if found.until is None:
            return
        entries, left = book.entries, book.left
        passed = found.decided[book.broken_of] & (book.broken_at < found.until)
        still = found.decided[left.customer]
        entered = found.decided[entries.customer]
        self._count(entries.template[entered], entries.entry[entered])
        self._count(entries.broken[passed], _BROKE)
        self._count(entries.left[still], np.where(left.breaks[still] < found.until, _OVERDUE, _OPEN))

    def _count(self, template: Ints, word: Ints | int) -> None:
        many = len(_WORDS)
        found = np.bincount((self._rules[template] + 1).astype(np.int32) * many + word)
        for place in np.flatnonzero(found).tolist():
            self._counts[place // many - 1, _WORDS[place % many]] += int(found[place])

    @cached_property
    def _rules(self) -> Ints:
        """The rule of each template; the last one is that of no template."""
        lengths = [len(rule.events) for rule in self.mapping.rules]
        return np.append(np.repeat(np.arange(len(lengths), dtype=np.int32), lengths), np.int32(NONE))

    @cached_property
    def _rules_of_rows(self) -> Ints:
        """The rule of each row that becomes events, by its number."""
        row = self.events.frame["row"].to_numpy()
        found = np.full(int(row.max(initial=0)) + 1, NONE, np.int16)
        found[row] = self._rules[self.events.template_numbers()]
        return found

    def _rule_of(self, logged: LoggedEvent) -> int:
        return int(self._rules_of_rows[logged.row or 0])

    def records(self) -> tuple[PromiseRecord, ...]:
        """Return a record for each rule with promises, in the order of the mapping; those made before the log come first."""
        counts = self._counts.copy()
        for key, maker in self._makers.items():
            counts[maker, "overdue" if key in self._overdue else "open"] += 1
        names = {NONE: None, **{place: rule.name for place, rule in enumerate(self.mapping.rules)}}
        return tuple(
            PromiseRecord(names[rule], **{word: counts[rule, word] for word in _WORDS})
            for rule in sorted({rule for rule, _ in counts})
        )

    def skipped(self) -> tuple[tuple[str, int], ...]:
        """Return the names of the rules whose events are skipped, each with their number, in the order of the mapping."""
        return tuple((self.mapping.rules[rule].name, many) for rule, many in sorted(self._skipped.items()))


def total_promises(records: Iterable[PromiseRecord]) -> PromiseRecord:
    """Return the sum of records.

    Examples:
        >>> total_promises([PromiseRecord("order", made=2, kept=1), PromiseRecord("call", made=1, open=1)]).made
        3
    """
    listed = list(records)
    return PromiseRecord(None, **{name: sum(getattr(each, name) for each in listed) for name in _NUMBERS})
