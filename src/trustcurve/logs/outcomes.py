"""Outcomes in a log (a score, a churn flag), grouped by the state just before them and by a simple baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from statistics import fmean
from typing import Final, Literal

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import PromiseBroken, PromiseKept, PromiseMade
from trustcurve.core.replay import EventFate
from trustcurve.core.steps import Step
from trustcurve.logs.customer_rows import CustomerRows, Mark
from trustcurve.records import RejectRecord

__all__ = ["UNREADABLE_OUTCOME", "Outcome", "Share", "by_baseline", "by_state", "outcomes_of"]

UNREADABLE_OUTCOME: Final = "unreadable outcome"
"""The reason of a reject for an unreadable outcome; the events of its row are used."""

LastPromise = Literal["kept", "broken", "none yet"]
_PROMISE_SIGNALS: dict[str, LastPromise] = {
    "kept_major": "kept",
    "kept_minor": "kept",
    "broken_major": "broken",
    "broken_minor": "broken",
}
_ABOUT_PROMISES = (PromiseMade, PromiseKept, PromiseBroken)
_REPEAT = 2


@frozen
class Outcome:
    """One outcome, with what was known just before it.

    Args:
        row: The row's number.
        customer: The customer's id.
        value: The outcome.
        state: The leaf state at that time.
        last_promise: The baseline: whether the last promise that counted was kept.
        repeat: Whether the company had made at least two promises to the customer by then.
    """

    row: int
    customer: str
    value: float
    state: str
    last_promise: LastPromise
    repeat: bool


@frozen
class Share:
    """The outcomes of one group: their number and mean."""

    group: str
    count: int
    mean: float


@frozen
class _Known:
    """The baseline of a customer: whether the last promise was kept, and the ids of the first two promises."""

    last_promise: LastPromise = "none yet"
    promises: frozenset[str] = frozenset()

    @property
    def repeat(self) -> bool:
        """Whether the company has made the customer at least two promises."""
        return len(self.promises) >= _REPEAT

    def after(self, step: Step) -> _Known:
        """Return the baseline after a step."""
        last, promises = self.last_promise, self.promises
        for reaction in step.reactions:
            last = _PROMISE_SIGNALS.get(reaction.signal, last)
        if len(promises) < _REPEAT and isinstance(step.event, _ABOUT_PROMISES):
            promises |= {step.event.promise}
        return self if last is self.last_promise and promises is self.promises else _Known(last, promises)


def outcomes_of(
    curve: Curve, rows: CustomerRows, fates: tuple[EventFate, ...], until: datetime | None
) -> Iterator[Outcome | RejectRecord]:
    """Yield the outcomes of one customer, each with what was known just before its row.

    Of rows with the same id only the first counts: an outcome is dropped if an event of an earlier row with its id
    was applied, or an earlier outcome with its id was read.

    Args:
        curve: The curve.
        rows: The customer's events and outcomes.
        fates: The fates of the events.
        until: Later outcomes are left out.
    """
    standing, known, done = None, _Known(), 0
    used: dict[str, int] = {}
    for mark in rows.marks:
        for fate in fates[done : mark.before]:
            if fate.step is not None:
                standing, known = fate.step.after, known.after(fate.step)
                if fate.logged.event.id is not None:
                    used.setdefault(fate.logged.event.id, fate.logged.row or 0)
        done = mark.before
        if (until is not None and mark.at > until) or (mark.id is not None and used.get(mark.id, mark.row) != mark.row):
            continue
        if mark.value is None:
            yield _unreadable(rows.customer, mark)
            continue
        if mark.id is not None:
            used[mark.id] = mark.row
        step = curve.observe(curve.begin(rows.customer, mark.at) if standing is None else standing, mark.at)
        then = known.after(step)  # an observation does not change what comes later
        state = curve.state(step.after.position)
        yield Outcome(mark.row, rows.customer, mark.value, state, then.last_promise, then.repeat)


def _unreadable(customer: str, mark: Mark) -> RejectRecord:
    detail = f"outcome must be a number, true or false, got {mark.outcome!r}"
    return RejectRecord(mark.row, customer, None, None, UNREADABLE_OUTCOME, detail)


def by_state(curve: Curve, outcomes: Iterable[Outcome]) -> tuple[Share, ...]:
    """Return the mean outcome by the leaf state just before, from the highest to the lowest; states without outcomes are left out."""
    return _shares(((outcome.state, outcome.value) for outcome in outcomes), reversed(curve.states))


def by_baseline(outcomes: Iterable[Outcome]) -> tuple[Share, ...]:
    """Return the mean outcome by whether the last promise was kept."""
    return _shares(((outcome.last_promise, outcome.value) for outcome in outcomes), ("kept", "none yet", "broken"))


def _shares(pairs: Iterable[tuple[str, float]], order: Iterable[str]) -> tuple[Share, ...]:
    groups: dict[str, list[float]] = {}
    for group, value in pairs:
        groups.setdefault(group, []).append(value)
    return tuple(Share(group, len(groups[group]), fmean(groups[group])) for group in order if group in groups)
