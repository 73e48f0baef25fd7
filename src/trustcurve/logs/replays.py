"""Replay a whole log: the fold of ``advance`` over every customer, in the log's order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

import polars as pl
from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.errors import TrustcurveError
from trustcurve.core.events import Event
from trustcurve.core.instants import instant
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Move, Step
from trustcurve.logs.frames import EVENT_TEXTS, Mapped, map_log
from trustcurve.logs.mapping import KINDS, Mapping
from trustcurve.logs.outcomes import Outcome, Watch
from trustcurve.logs.readers import Log

__all__ = ["Counts", "LogReplay", "LogStep", "Rejected", "replay_log"]

Progress = Callable[[int, int], None]
"""Called now and then with the number of events done and of all."""

UNREADABLE_OUTCOME = "unreadable outcome"
"""The reason of a reject whose outcome alone could not be used; its events could."""

_EVERY = 2048


@frozen
class Rejected:
    """A row that could not be used: its number, whose it is (if that is known), why, and the details."""

    row: int
    customer: str | None
    reason: str
    detail: str


@frozen
class LogStep:
    """A step, and the row of the log behind it; the last look has none."""

    row: int | None
    step: Step


@frozen
class Counts:
    """How many rows the log has, what became of them, and how many events were applied.

    ``rows`` is the sum of ``used``, ``ignored``, ``duplicates``, ``later`` and ``rejected``. A row is
    ``later`` where everything it says happened after ``until``, and ``rejected`` where any of it
    could not be used.
    """

    rows: int
    used: int
    ignored: int
    duplicates: int
    later: int
    rejected: int
    events: int


@frozen(eq=False)
class LogReplay:
    """What became of a log.

    Args:
        curve: The curve.
        until: Up to when the clock ran, the same for every customer; None for a log without events.
        standings: Where each customer stands, in the order in which they first appear.
        moves: Every change of leaf state with the row behind it (None: the clock), in the order of the log.
        rejects: Rows that could not be used, in the order of their numbers.
        counts: What became of the rows.
        outcomes: The outcomes seen, with the state just before each.
        steps: The steps of the customer who was followed, if one was.
    """

    curve: Curve
    until: datetime | None
    standings: dict[str, Standing]
    moves: tuple[tuple[int | None, Move], ...]
    rejects: tuple[Rejected, ...]
    counts: Counts
    outcomes: tuple[Outcome, ...] = ()
    steps: tuple[LogStep, ...] = ()


@define
class _Fold:
    """The state of the fold while it runs."""

    curve: Curve
    watch: Watch
    follow: str | None
    standings: dict[str, Standing] = field(factory=dict)
    used_ids: dict[str, int] = field(factory=dict)
    moves: list[tuple[int | None, Move]] = field(factory=list)
    rejects: list[Rejected] = field(factory=list)
    steps: list[LogStep] = field(factory=list)
    duplicates: set[int] = field(factory=set)
    used: set[int] = field(factory=set)
    events: int = 0

    def standing(self, customer: str, at: datetime) -> Standing:
        """Look up a customer's standing, or begin one."""
        known = self.standings.get(customer)
        return self.curve.begin(customer, at) if known is None else known

    def is_duplicate(self, identity: str | None, row: int) -> bool:
        """Whether another row used this id before."""
        return identity is not None and self.used_ids.get(identity, row) != row

    def keep(self, row: int | None, steps: list[Step]) -> None:
        """Take over what a row did."""
        customer = steps[-1].after.customer
        self.watch.note(customer, steps)
        self.standings[customer] = steps[-1].after
        for step in steps:
            if step.reactions:
                self.moves += [(row if move.event is not None else None, move) for move in step.moves]
        if customer == self.follow:
            self.steps += [LogStep(row, step) for step in steps]

    def see(self, row: int, customer: str, at: datetime, outcome: str) -> str | None:
        """Tell an outcome by the state just before it; answer with what is wrong with it, if anything is."""
        look = self.curve.observe(self.standing(customer, at), at)  # only a look: it is not kept
        self.watch.note(customer, [look])
        return self.watch.see(row, customer, outcome, self.curve.state(look.after.position))

    def apply(self, row: int, customer: str, at: datetime, identity: str | None, made: list[dict[str, Any]]) -> None:
        """Apply the events of one row at one instant: all of them, or none."""
        steps: list[Step] = []
        standing = self.standing(customer, at)
        kind = ""
        try:
            for fields in made:
                kind = fields["kind"]
                step = self.curve.advance(standing, _event(fields))
                steps.append(step)
                standing = step.after
        except TrustcurveError as error:
            detail = str(error) if str(error).startswith(kind) else f"{kind}: {error}"
            self.rejects.append(Rejected(row, customer, _in_words(error), detail))
            return
        self.keep(row, steps)
        self.used.add(row)
        self.events += len(steps)
        if identity is not None:
            self.used_ids.setdefault(identity, row)

    def look(self, until: datetime) -> None:
        """Let the clock run up to the same instant for everyone."""
        for standing in list(self.standings.values()):
            if standing.as_of < until:
                self.keep(None, [self.curve.observe(standing, until)])


def replay_log(
    log: Log,
    mapping: Mapping,
    curve: Curve,
    *,
    until: datetime | None = None,
    outcome: str | None = None,
    follow: str | None = None,
    progress: Progress | None = None,
) -> LogReplay:
    """Map a log to events and fold every customer.

    Args:
        log: The opened log (``scan_log``).
        mapping: The mapping (``load_mapping``).
        curve: The curve.
        until: Up to when: later events are left out, and the clock runs to this instant for every
            customer. Without it: up to the last event of the whole log.
        outcome: A column with an outcome, to be told beside the state just before its row.
        follow: A customer whose steps are kept.
        progress: Called now and then with the number of events done and of all.

    Raises:
        InvalidMappingError: The mapping does not fit the log.
    """
    mapped = map_log(log, mapping, outcome)
    end = mapped.last if until is None else instant(until, "until")
    fold = _Fold(curve, Watch(curve), follow)
    later: set[int] = set()
    done = 0
    for (row, at), unit in groupby(_units(mapped.events), key=lambda fields: (fields["row"], fields["at"])):
        made = list(unit)
        done += len(made)
        if progress is not None and done % _EVERY < len(made):
            progress(done, mapped.events.height)
        has_events = made[-1]["kind"] is not None
        if end is not None and at > end:
            later |= {row} if has_events else set()
        elif fold.is_duplicate(made[0]["id"], row):
            fold.duplicates |= {row} if has_events else set()
        else:
            _apply(fold, row, made[0]["customer"], at, made)
    if end is not None:
        fold.look(end)
    if progress is not None:
        progress(mapped.events.height, mapped.events.height)
    return _result(mapped, fold, end, later)


def _apply(fold: _Fold, row: int, customer: str, at: datetime, made: list[dict[str, Any]]) -> None:
    """Apply the events of a row; tell an outcome, if it has one, by the state just before them."""
    marks = [fields for fields in made if fields["kind"] is None]
    for mark in marks:
        problem = fold.see(row, customer, at, mark["outcome"])
        if problem is not None:
            fold.rejects.append(Rejected(row, customer, UNREADABLE_OUTCOME, problem))
    if len(made) > len(marks):
        fold.apply(row, customer, at, made[0]["id"], made[len(marks) :])


def _in_words(error: TrustcurveError) -> str:
    """Name an error in words: UnknownPromiseError is an "unknown promise"."""
    return re.sub("(?<!^)([A-Z])", r" \1", type(error).__name__.removesuffix("Error")).lower()


def _units(events: pl.DataFrame) -> Iterator[dict[str, Any]]:
    events = events.rename(lambda name: name.removeprefix("trustcurve."))
    return events.iter_rows(named=True)


def _event(fields: dict[str, Any]) -> Event:
    kind = KINDS[fields["kind"]]
    given = {key: fields[key] for key in EVENT_TEXTS if fields[key] is not None}
    if fields["due"] is not None:
        given["due"] = fields["due"]
    if fields["id"] is not None:
        given["id"] = fields["id"]
    return kind(at=fields["at"], **given)


def _result(mapped: Mapped, fold: _Fold, end: datetime | None, later: set[int]) -> LogReplay:
    rejects = [Rejected(*row) for row in mapped.rejects.iter_rows()] + fold.rejects
    rejected = {reject.row for reject in rejects if reject.reason != UNREADABLE_OUTCOME}
    duplicates, late = fold.duplicates - rejected, later - fold.used - fold.duplicates - rejected
    counts = Counts(
        rows=mapped.rows,
        used=mapped.rows - mapped.ignored - len(duplicates) - len(late) - len(rejected),
        ignored=mapped.ignored,
        duplicates=len(duplicates),
        later=len(late),
        rejected=len(rejected),
        events=fold.events,
    )
    return LogReplay(
        curve=fold.curve,
        until=end,
        standings=fold.standings,
        moves=tuple(fold.moves),
        rejects=tuple(sorted(rejects, key=lambda reject: reject.row)),
        counts=counts,
        outcomes=tuple(fold.watch.outcomes),
        steps=tuple(fold.steps),
    )
