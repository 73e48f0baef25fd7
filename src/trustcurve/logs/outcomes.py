"""Outcomes of the user's own (a score, a churn flag) told by the state just before them, beside a plain baseline."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Literal

from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import PromiseBroken, PromiseKept, PromiseMade
from trustcurve.core.steps import Step

__all__ = ["Outcome", "Share", "Watch", "by_baseline", "by_state"]

LastPromise = Literal["kept", "broken", "none yet"]
_FLAGS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


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


@define
class Watch:
    """Keeps what the baseline needs to know, and the outcomes seen."""

    outcomes: list[Outcome] = field(factory=list)
    _last: dict[str, LastPromise] = field(factory=dict)
    _promises: dict[str, set[str]] = field(factory=dict)

    def note(self, customer: str, steps: Iterable[Step]) -> None:
        """Remember how a customer's promises went."""
        for step in steps:
            for reaction in step.reactions:
                verb = reaction.signal.partition("_")[0]
                if verb in ("kept", "broken"):
                    self._last[customer] = "kept" if verb == "kept" else "broken"
            if isinstance(step.event, PromiseMade | PromiseKept | PromiseBroken):
                self._promises.setdefault(customer, set()).add(step.event.promise)

    def see(self, row: int, customer: str, text: str, state: str) -> str | None:
        """Keep an outcome; answer with what is wrong with it, if anything is."""
        value = _FLAGS.get(text.strip().lower())
        if value is None:
            try:
                value = float(text)
            except ValueError:
                return f"outcome {text!r} is neither a number nor true or false"
        repeat = len(self._promises.get(customer, ())) > 1
        self.outcomes.append(Outcome(row, customer, value, state, self._last.get(customer, "none yet"), repeat))
        return None


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
