"""Outcomes of the user's own (a score, a churn flag) told by the state just before them, beside a plain baseline."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Literal

from attrs import frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import PromiseBroken, PromiseKept, PromiseMade
from trustcurve.core.steps import Step

__all__ = ["Known", "Outcome", "Share", "by_baseline", "by_state"]

LastPromise = Literal["kept", "broken", "none yet"]
_PROMISE_SIGNALS: dict[str, LastPromise] = {
    "kept_major": "kept",
    "kept_minor": "kept",
    "broken_major": "broken",
    "broken_minor": "broken",
}
_REPEAT = 2


@frozen
class Outcome:
    """One outcome: its row, whose it is, its value, and what was known just before.

    ``state`` is the leaf state with the clock run up to that time; ``last_promise`` the plain
    baseline: whether the last promise that counted was kept; ``repeat`` whether the company had
    made the customer at least two promises by then.
    """

    row: int
    customer: str
    value: float
    state: str
    last_promise: LastPromise
    repeat: bool


@frozen
class Share:
    """The outcomes of one group: how many, and their mean."""

    group: str
    count: int
    mean: float


@frozen
class Known:
    """What the plain baseline knows of a customer: how the last promise went, and the ids of the first two."""

    last_promise: LastPromise = "none yet"
    promises: frozenset[str] = frozenset()

    @property
    def repeat(self) -> bool:
        """Whether the company has made the customer at least two promises."""
        return len(self.promises) >= _REPEAT

    def after(self, steps: Iterable[Step]) -> Known:
        """Answer with what is known after some steps."""
        last, promises = self.last_promise, self.promises
        for step in steps:
            for reaction in step.reactions:
                last = _PROMISE_SIGNALS.get(reaction.signal, last)
            if len(promises) < _REPEAT and isinstance(step.event, PromiseMade | PromiseKept | PromiseBroken):
                promises |= {step.event.promise}
        return Known(last, promises)


def by_state(curve: Curve, outcomes: Iterable[Outcome]) -> tuple[Share, ...]:
    """Mean outcome by the leaf state just before, in rank order from the highest; states without outcomes are left out."""
    return _shares(((outcome.state, outcome.value) for outcome in outcomes), reversed(curve.states))


def by_baseline(outcomes: Iterable[Outcome]) -> tuple[Share, ...]:
    """Mean outcome by whether the last promise was kept."""
    return _shares(((outcome.last_promise, outcome.value) for outcome in outcomes), ("kept", "none yet", "broken"))


def _shares(pairs: Iterable[tuple[str, float]], order: Iterable[str]) -> tuple[Share, ...]:
    groups: dict[str, list[float]] = {}
    for group, value in pairs:
        groups.setdefault(group, []).append(value)
    return tuple(Share(group, len(groups[group]), fmean(groups[group])) for group in order if group in groups)
