"""Strategies for curves, single events and policies; and the strategies that ``st.from_type`` finds for the types of trustcurve."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from hypothesis import strategies as st

from trustcurve.core.curve import Curve
from trustcurve.core.events import (
    EVENTS,
    Event,
    OneSided,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    Signalled,
)
from trustcurve.core.field_types import DueDate, Instant, Name
from trustcurve.core.journey import Journey
from trustcurve.core.promises import Promise
from trustcurve.core.rules import Condition, Number, Parameter
from trustcurve.core.signals import ACCOUNT_LEVELS, SIDES, WEIGHTS
from trustcurve.core.standing import Position, Standing
from trustcurve.core.timetable import Timetable
from trustcurve.errors import TrustcurveError
from trustcurve.policies.actions import ACTIONS
from trustcurve.policies.decision_list import DecisionList, PolicyRule
from trustcurve.policies.policy import Policy
from trustcurve.records import columns_of
from trustcurve.testing.journey_strategy import journeys, positions, standings
from trustcurve.testing.session import note_curve, note_drawn_curve
from trustcurve.verification.closed_loop import BEGIN

__all__ = ["curves", "events", "policies", "strategy_of_type"]


# --- curves ---------------------------------------------------------------------------------------

_Change = tuple[str, int]

_PARAMETERS_MAX: Final = {"kept_max": 4, "engaged_max": 5, "doubt_max": 13}
_DAYS: Final = {"silence_after": (90, 60, 30, 180), "grace": (0, 1, 30)}


def curves() -> st.SearchStrategy[Curve]:
    """Draw curves: the default one with a few other parameters, small enough to be unrolled quickly.

    They shrink to the default curve.

    Examples:
        >>> from hypothesis import given
        >>> @given(curves())
        ... def test_a_kept_promise_never_lowers_a_stranger(curve):
        ...     assert not curve.react(curve.start, "kept_major").fell
        >>> test_a_kept_promise_never_lowers_a_stranger()
    """
    return st.lists(st.one_of([_change(row) for row in Curve.default().parameter_rows]), max_size=4).map(_changed)


def _change(row: Parameter) -> st.SearchStrategy[_Change]:
    days = _DAYS.get(row.name)
    numbers = st.sampled_from(days) if days else st.integers(*_range(row))
    return st.tuples(st.just(row.name), numbers)


def _range(row: Parameter) -> tuple[int, int]:
    """Return the lowest and the highest value of a parameter while the others are as they are."""

    def number(bound: Number | None, otherwise: int) -> int:
        found = otherwise if bound is None else Curve.default().parameters[bound] if isinstance(bound, str) else bound
        return int(found)

    low = max(number(row.at_least, 0), number(row.above, -1) + 1)
    high = min(number(row.at_most, 99), number(row.below, 100) - 1, _PARAMETERS_MAX.get(row.name, 99))
    return low, max(low, high)


def _changed(changes: Iterable[_Change]) -> Curve:
    curve = _with(tuple(sorted(dict(changes).items())))
    if changes:
        note_drawn_curve(curve)
    return curve


@lru_cache(maxsize=512)
def _with(changes: tuple[_Change, ...]) -> Curve:
    """Apply changes; if together they do not make a valid curve, leave out the last one, and so on."""
    given: dict[str, int | timedelta] = dict(changes)
    try:
        return Curve.default().with_parameters(**given)
    except TrustcurveError:
        return _with(changes[:-1])


# --- events ---------------------------------------------------------------------------------------

_HARMLESS: Final = (
    "Exchanged",
    "Repaired",
    "PromiseKept",
    "Proposed",
    "PromiseMade",
    "PromiseMoved",
    "PromiseReleased",
)
_TEXTS = st.none() | st.sampled_from(["shop", "e-mail"]) | st.text(min_size=1, max_size=10)


def events(curve: Curve) -> st.SearchStrategy[Event]:
    """Draw single events of every kind that a curve has, with any of their fields; they need not fit a standing.

    For events that fit each other use ``journeys``.

    Examples:
        >>> from hypothesis import given
        >>> from trustcurve import TrustcurveError
        >>> from trustcurve.testing import standings
        >>> curve = Curve.default()
        >>> @given(standings(curve), events(curve))
        ... def test_an_event_is_applied_or_raises_a_named_error(standing, event):
        ...     try:
        ...         assert curve.advance(standing, event).after.as_of == event.at
        ...     except TrustcurveError as error:
        ...         assert str(error)
        >>> test_an_event_is_applied_or_raises_a_named_error()
    """
    note_curve(curve)
    kinds = [kind for kind in EVENTS if kind is not Signalled or curve.own_signals]
    kinds.sort(key=lambda kind: (kind.__name__ not in _HARMLESS, kind.__name__))
    return st.one_of([_events_of_kind(curve, kind) for kind in kinds])


def _events_of_kind(curve: Curve, kind: type[Event]) -> st.SearchStrategy[Event]:
    period = curve.silence_after / timedelta(microseconds=1)
    gaps = st.sampled_from([0, 1, period / 3, period, period + 1, 2 * period]) | st.integers(0, int(4 * period))
    later = st.builds(lambda gap: timedelta(microseconds=int(gap)), gaps)
    fields: dict[str, st.SearchStrategy[Any]] = {
        column.name: st.none() | st.sampled_from(column.words) if column.words else _TEXTS
        for column in columns_of(Event, without=("at", "customer", "id"))
    }
    fields["id"] = st.none() | st.sampled_from("12")
    if "promise" in {each.name for each in kind.__attrs_attrs__}:
        fields["promise"] = st.sampled_from("abc")
    if kind is PromiseMade:
        fields["weight"] = st.sampled_from(WEIGHTS)
    if kind in (PromiseKept, PromiseBroken):
        fields["weight"] = st.none() | st.sampled_from(WEIGHTS)
    if kind is OneSided:
        fields["by"] = st.sampled_from(SIDES)
    if kind is Signalled:
        fields["signal"] = st.sampled_from(curve.own_signals or ["a_signal_of_your_own"])
    notice = later if kind is PromiseMoved else st.none() | later if kind is PromiseMade else None

    @st.composite
    def dated(draw: st.DrawFn) -> Event:
        at = BEGIN + draw(later)
        given = draw(st.fixed_dictionaries(fields))
        if notice is not None:
            until = draw(notice)
            given["due"] = None if until is None else at + until
        return kind(at=at, **given)

    return dated()


# --- policies -------------------------------------------------------------------------------------

_FEW_OPEN: Final = Condition("open", "below", 2)
"""A policy promises only while fewer than two promises are open: that is what a proof allows by default."""

_NUMBERS_MAX: Final = {"kept": 2, "engaged": 3, "felt_doubt": 6, "quiet": 3, "open": 1}

_REMEMBERED_MAX: Final = {
    "since.ask": 2,
    "since.complaint": 1,
    "times.ask.2": 1,
    "tries.propose": 1,
    "since.contact": 2,
}
"""What a drawn policy can remember, one of them: each more multiplies the states of its loop."""


def policies(curve: Curve) -> st.SearchStrategy[Policy]:
    """Draw policies small enough for every proof: up to four rules of at most two conditions, about one thing remembered.

    They shrink to the policy that always waits.

    Examples:
        >>> from hypothesis import given
        >>> from trustcurve.policies import Policy
        >>> @given(policies(Curve.default()))
        ... def test_policies_are_drawn(policy):
        ...     assert isinstance(policy, Policy)
        >>> test_policies_are_drawn()
    """
    note_curve(curve)
    return _policies(curve)


@st.composite
def _policies(draw: st.DrawFn, curve: Curve) -> Policy:
    remembered = draw(st.sampled_from([*_REMEMBERED_MAX, "trend"]))
    return _policy(draw(st.lists(_rows(curve, remembered), max_size=4)), draw(st.integers(1, 3)))


def _rows(curve: Curve, remembered: str) -> st.SearchStrategy[tuple[list[Condition], str]]:
    when = st.lists(_conditions(curve, remembered), max_size=2, unique_by=lambda one: one.part)
    return st.tuples(when, st.sampled_from(ACTIONS))


def _conditions(curve: Curve, remembered: str) -> st.SearchStrategy[Condition]:
    words: dict[str, tuple[Any, ...]] = {
        "account": ACCOUNT_LEVELS,
        "stage": tuple(stage.name for stage in curve.stages),
    }
    if remembered == "trend":
        words["trend"] = ("rise", "fall")
    numbers = {**_NUMBERS_MAX, **{part: n for part, n in _REMEMBERED_MAX.items() if part == remembered}}
    about_words = [
        st.builds(Condition, st.just(part), st.just("is"), st.sampled_from(known).map(lambda word: (word,)))
        for part, known in words.items()
    ]
    about_numbers = [
        st.builds(Condition, st.just(part), st.sampled_from(["at_least", "at_most"]), st.integers(0, highest))
        for part, highest in numbers.items()
    ]
    return st.one_of([*about_words, *about_numbers])


def _policy(rows: list[tuple[list[Condition], str]], promise_due: int) -> Policy:
    rules = []
    for number, (when, action) in enumerate(rows, start=1):
        few_open = [_FEW_OPEN] if action.startswith("promise_") else []
        rules.append(PolicyRule(name=f"row {number}", when=(*when, *few_open), do=action))
    return Policy(
        name="a drawn policy",
        decide=DecisionList(rules=tuple(rules)),
        promise_due=promise_due,
    )


# --- by type --------------------------------------------------------------------------------------


def strategy_of_type(thing: object) -> st.SearchStrategy[Any] | None:
    """Return the strategy for a type of trustcurve, with values on the default curve; None for any other type."""
    curve = Curve.default()
    made: dict[object, Callable[[Curve], st.SearchStrategy[Any]]] = {
        Curve: lambda _: curves(),
        Event: events,
        Journey: journeys,
        Policy: policies,
        Position: positions,
        Promise: lambda _: _promises(),
        Standing: standings,
        Timetable: lambda _: _timetables(),
    }
    if thing in made:
        return made[thing](curve)
    if thing in EVENTS:
        return _events_of_kind(curve, thing)
    return _FIELDS.get(thing)


def _promises() -> st.SearchStrategy[Promise]:
    names, weights = _FIELDS[Name], st.sampled_from(WEIGHTS)
    dated = st.builds(Promise, names, _FIELDS[Instant], weights, st.booleans())
    return st.builds(Promise, names, st.none(), weights) | dated


def _timetables() -> st.SearchStrategy[Timetable]:
    times = st.lists(_FIELDS[Instant], min_size=1, max_size=3, unique=True).map(sorted)
    changes = times.flatmap(lambda found: st.tuples(*(st.tuples(st.just(at), curves()) for at in found)))
    return st.builds(Timetable, curves(), changes)


_FIELDS: Final[dict[object, st.SearchStrategy[Any]]] = {
    Instant: st.timedeltas(timedelta(0), timedelta(days=365)).map(lambda gap: BEGIN + gap),
    DueDate: st.just(datetime.max.replace(tzinfo=UTC)),
    Name: st.sampled_from(["a", "b", "c"]),
}
"""What ``st.builds`` draws for a field of an event that is not given: whatever the time of the event, no due date is before it."""
