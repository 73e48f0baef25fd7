"""Facts of a curve: what undoes a harm, how many asks a customer bears, and how long silence is borne."""

from __future__ import annotations

from typing import Any, NamedTuple, final

from attrs import frozen

from trustcurve.arrays import Array
from trustcurve.core.curve import Curve
from trustcurve.core.signals import ASK, SILENCE
from trustcurve.core.values import Value
from trustcurve.errors import final_class, require
from trustcurve.verification.arguments import check_kind
from trustcurve.verification.curve_properties import HARMS
from trustcurve.verification.simulation_relation import dominance

__all__ = ["CurveFacts", "Span", "fact_rows", "facts_of"]


class Span(NamedTuple):
    """The least and the most of a number, over all positions of a state; None: it never comes."""

    least: int | None
    most: int | None

    def __str__(self) -> str:
        words = ["never" if each is None else str(each) for each in dict.fromkeys(self)]
        return " to ".join(words)


@final
@frozen(repr=False)
class CurveFacts(Value):
    """Facts of a curve, each by leaf state, from high to low.

    Args:
        curve: The curve's name.
        undone: For each harm and state, after how many good deeds the customer stands as high as without it again, then and
            whatever comes later. Good deeds are all signals but harms and silence, of both sides.
        asks: For each state after how many asks in a row the customer stands before the barrier; 0 where that is so already.
        silences: For each state after how many quiet periods in a row the customer stands before the barrier.
    """

    curve: str
    undone: dict[str, dict[str, Span]]
    asks: dict[str, Span]
    silences: dict[str, Span]

    __init_subclass__ = final_class

    def __repr__(self) -> str:
        return f"<CurveFacts of {self.curve!r}>"


def facts_of(curve: Curve) -> CurveFacts:
    """Return the facts of a curve.

    Raises:
        MissingExtraError: numpy is not installed (extra ``verify``).

    Examples:
        >>> facts = facts_of(Curve.default())
        >>> str(facts.asks["advocate"]), str(facts.silences["hopeful"])
        ('2 to 7', '1 to 5')
    """
    check_kind("curve", curve, Curve, "must be a Curve, for example Curve.default()")
    np = require("numpy", "verify")
    table = curve.table()
    leads, columns = np.asarray(table.buffer), {signal: column for column, signal in enumerate(table.signals)}
    harms = [signal for signal in HARMS if signal in columns]
    goods = [column for signal, column in columns.items() if signal not in (*harms, SILENCE)]
    fine = dominance(table)  # fine[p, q]: p never stands higher than q
    steps = _steps(leads[:, goods])
    lost = np.array([curve.stage(position).outside for position in table.positions])
    states = np.array([curve.state(position) for position in table.positions])
    told = [state for state in reversed(curve.states) if (states == state).any()]

    def by_state(numbers: Array) -> dict[str, Span]:
        return {state: _span(numbers[states == state]) for state in told}

    undone = {
        harm: by_state(np.where(fine, steps[leads[:, columns[harm]]], np.inf).min(axis=1))
        for harm in harms
        if harm != SILENCE
    }
    return CurveFacts(
        curve=curve.name,
        undone=undone,
        asks=by_state(_times(leads[:, columns[ASK]], lost)),
        silences=by_state(_times(leads[:, columns[SILENCE]], lost)),
    )


def _steps(leads: Array) -> Array:
    """Return from each position to each the least number of steps; inf: there is no way. Shape (positions, positions)."""
    np = require("numpy", "verify")
    count = len(leads)
    found, here, step = np.full((count, count), np.inf), np.eye(count, dtype=bool), 0
    while here.any():
        found[here] = step
        after = np.zeros((count, count), bool)
        for column in leads.T:
            source, place = np.nonzero(here)
            after[source, column[place]] = True
        here, step = after & np.isinf(found), step + 1
    return found


def _times(leads: Array, goal: Array) -> Array:
    """Return after how many signals of one kind a goal is reached from each position; inf: never. Shape (positions,)."""
    np = require("numpy", "verify")
    found, at = np.where(goal, 0, np.inf), np.arange(len(leads))
    for step in range(1, len(leads) + 1):
        at = leads[at]
        found = np.where(np.isinf(found) & goal[at], step, found)
    return found


def _span(numbers: Array) -> Span:
    least, most = (None if each == float("inf") else int(each) for each in (numbers.min(), numbers.max()))
    return Span(least, most)


def fact_rows(facts: CurveFacts) -> list[tuple[str, ...]]:
    """Return facts as rows of words: a heading with the states, and a row for each fact."""
    states = tuple(facts.asks)
    table: list[tuple[str, dict[str, Any]]] = [
        *((f"good deeds that undo {harm}", spans) for harm, spans in facts.undone.items()),
        ("asks in a row until the customer distrusts", facts.asks),
        ("quiet periods until the customer distrusts", facts.silences),
    ]
    return [("", *states), *((what, *(str(spans[state]) for state in states)) for what, spans in table)]
