"""The fold itself: rows of events, in the log's order, applied to the standings of their customers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from typing import Any

import polars as pl
from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.errors import TrustcurveError
from trustcurve.core.events import Event
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Move, Step
from trustcurve.logs.frames import EVENT_TEXTS
from trustcurve.logs.mapping import KINDS
from trustcurve.logs.outcomes import Watch

__all__ = ["UNREADABLE_OUTCOME", "Fold", "LogStep", "Progress", "Rejected"]

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


@define
class Fold:
    """The state of the fold while it runs.

    Args:
        curve: The curve.
        follow: A customer whose steps are kept, if any.
    """

    curve: Curve
    follow: str | None = None
    watch: Watch = field(factory=Watch)
    standings: dict[str, Standing] = field(factory=dict)
    used_ids: dict[str, int] = field(factory=dict)
    moves: list[tuple[int | None, Move]] = field(factory=list)
    rejects: list[Rejected] = field(factory=list)
    steps: list[LogStep] = field(factory=list)
    duplicates: set[int] = field(factory=set)
    later: set[int] = field(factory=set)
    used: set[int] = field(factory=set)
    events: int = 0

    def run(self, events: pl.DataFrame, until: datetime | None, progress: Progress | None) -> None:
        """Apply a mapped log's events, and let the clock run to ``until`` for everyone."""
        done, total = 0, events.height
        rows = events.rename(lambda name: name.removeprefix("trustcurve.")).iter_rows(named=True)
        for (row, at), unit in groupby(rows, key=lambda fields: (fields["row"], fields["at"])):
            made = list(unit)
            done += len(made)
            if progress is not None and done % _EVERY < len(made):
                progress(done, total)
            has_events = made[-1]["kind"] is not None
            if until is not None and at > until:
                self.later |= {row} if has_events else set()
            elif self.is_duplicate(made[0]["id"], row):
                self.duplicates |= {row} if has_events else set()
            else:
                self.use(row, made[0]["customer"], at, made)
        if until is not None:
            self.look(until)
        if progress is not None:
            progress(total, total)

    def use(self, row: int, customer: str, at: datetime, made: list[dict[str, Any]]) -> None:
        """Apply the events of a row; tell an outcome, if it has one, by the state just before them."""
        marks = [fields for fields in made if fields["kind"] is None]
        for mark in marks:
            problem = self.see(row, customer, at, mark["outcome"])
            if problem is not None:
                self.rejects.append(Rejected(row, customer, UNREADABLE_OUTCOME, problem))
        if len(made) > len(marks):
            self.apply(row, customer, at, made[0]["id"], made[len(marks) :])

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


def _in_words(error: TrustcurveError) -> str:
    """Name an error in words: UnknownPromiseError is an "unknown promise"."""
    return re.sub("(?<!^)([A-Z])", r" \1", type(error).__name__.removesuffix("Error")).lower()


def _event(fields: dict[str, Any]) -> Event:
    kind = KINDS[fields["kind"]]
    given = {key: fields[key] for key in EVENT_TEXTS if fields[key] is not None}
    if fields["due"] is not None:
        given["due"] = fields["due"]
    if fields["id"] is not None:
        given["id"] = fields["id"]
    return kind(at=fields["at"], **given)
