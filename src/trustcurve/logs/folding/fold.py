"""The fold itself: a mapped log, group by group, and then the last look at everyone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import itemgetter

import polars as pl
from attrs import define, field, frozen

from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step, Transition
from trustcurve.logs.folding.judging import Applied, Judge, Rejected
from trustcurve.logs.folding.outcomes import Outcome
from trustcurve.logs.folding.units import Unit, groups_of

__all__ = ["Fold", "LogStep", "Progress"]

Progress = Callable[[int, int], None]
"""Called now and then with the number of events done and of all."""

_EVERY = 2048


@frozen
class LogStep:
    """A step, and the row of the log behind it; the last look has none."""

    row: int | None
    step: Step


def _nobody(_: str) -> bool:
    return False


@define(eq=False)
class Fold:
    """What the fold of a log found.

    Groups are folded one after the other, so what belongs to the order of the log keeps its place there
    until ``finish``.

    Args:
        judge: Says what becomes of each unit, and knows the standings.
        follow: Whether a customer's steps are kept.
    """

    judge: Judge
    follow: Callable[[str], bool] = _nobody
    standings: dict[str, Standing] = field(factory=dict)
    moves: list[tuple[int | None, Transition]] = field(factory=list)
    outcomes: list[Outcome] = field(factory=list)
    rejects: list[Rejected] = field(factory=list)
    steps: list[LogStep] = field(factory=list)
    last: datetime | None = None
    events: int = 0
    duplicates: int = 0
    later: int = 0
    _met: list[tuple[int, str]] = field(factory=list)
    _moved: list[tuple[int, int | None, Transition]] = field(factory=list)
    _seen: list[tuple[int, Outcome]] = field(factory=list)

    def run(self, events: pl.DataFrame, progress: Progress | None = None) -> None:
        """Fold the events of a mapped log, or of some of its groups."""
        done, told = 0, 0
        for units in groups_of(events):
            for unit, note in zip(units, self.judge.judge(units), strict=True):
                done += len(unit.made)
                if isinstance(note, Applied):
                    self._keep(unit, note)
                elif isinstance(note, Rejected):
                    self.rejects.append(note)
                elif isinstance(note, Outcome):
                    self._seen.append((unit.place, note))
                else:
                    self.duplicates += note == "duplicate"
                    self.later += note == "later"
            if progress is not None and done - told >= _EVERY:
                told = done
                progress(done, events.height)

    def finish(self, end: datetime | None) -> None:
        """Put everything in the order of the log, and look at everyone at the same instant."""
        self.standings = {customer: self.judge.standings[customer] for _, customer in sorted(self._met)}
        self.moves = [(row, move) for _, row, move in sorted(self._moved, key=itemgetter(0))]
        self.outcomes = [outcome for _, outcome in sorted(self._seen, key=itemgetter(0))]
        if end is None:
            return
        for customer, standing in self.standings.items():
            if standing.as_of < end:
                look = self.judge.curve.observe(standing, end)
                self.standings[customer] = look.after
                self.moves += [(None, move) for move in _moves(look)]
                if self.follow(customer):
                    self.steps.append(LogStep(None, look))

    def _keep(self, unit: Unit, applied: Applied) -> None:
        """Take over what a unit did."""
        self.events += len(applied.steps)
        if applied.before is None:
            self._met.append((unit.place, unit.customer))
        if self.last is None or unit.at > self.last:
            self.last = unit.at
        for step in applied.steps:
            for move in _moves(step):
                self._moved.append((unit.place, unit.row if move.event is not None else None, move))
        if self.follow(unit.customer):
            self.steps += [LogStep(unit.row, step) for step in applied.steps]


def _moves(step: Step) -> tuple[Transition, ...]:
    """Answer with the moves of a step; most steps have none, and that is quickly seen."""
    for reaction in step.reactions:
        if reaction.change:
            return step.transitions
    return ()
