"""What Hypothesis draws: parameters of the default curve, events of every kind, standings as folds of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tests.core.reading import DEFAULTS
from trustcurve import (
    Advocated,
    Complained,
    Curve,
    Departed,
    Event,
    Exchanged,
    OneSided,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Proposed,
    Purchased,
    Repaired,
    Returned,
    Standing,
    TrustcurveError,
)

Numbers = dict[str, int]

# --- parameters ---------------------------------------------------------------------------------

SMALLEST: Numbers = {
    **dict.fromkeys(("kept_max", "competitive_max", "minor_engaged_max", "one_sided_doubt"), 1),
    **dict.fromkeys(("initial_doubt", "suspicious_max", "broken_minor_doubt", "broken_major_doubt"), 0),
    **dict.fromkeys(("hopeful_lost_at", "customer_centric_lost_at", "advocate_lost_at", "customer_centric_engaged"), 1),
    **dict.fromkeys(("customer_centric_kept", "customer_centric_doubt_max", "advocate_kept", "advocate_engaged"), 0),
    "engaged_max": 2,
    "doubt_max": 3,
}
LARGEST: Numbers = {**DEFAULTS, "kept_max": 9, "engaged_max": 9, "doubt_max": 40, "advocate_kept": 9}


@st.composite
def parameters(draw: st.DrawFn, *, kept_max: int = 3, engaged_max: int = 4, doubt_max: int = 9) -> Numbers:
    """Draw a full set of numbers that the default curve allows; the counters stay small, so that it is quick."""
    caps = {"kept_max": kept_max, "engaged_max": engaged_max, "doubt_max": doubt_max}
    drawn: Numbers = {}
    rows = [row for row in Curve.default().parameter_rows if isinstance(row.value, int)]

    def number(bound: int | str | None, otherwise: int) -> int:
        return drawn[bound] if isinstance(bound, str) else otherwise if bound is None else bound

    while rows:
        row = rows.pop(0)
        try:
            low = max(number(row.at_least, 0), number(row.above, -1) + 1)
            high = min(number(row.at_most, 99), number(row.below, 100) - 1, caps.get(row.name, 99))
        except KeyError:
            rows.append(row)  # its bound is a parameter that is not drawn yet
            continue
        assume(low <= high)
        drawn[row.name] = draw(st.integers(low, high), label=row.name)
    return drawn


# --- events -------------------------------------------------------------------------------------

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)

# Few and round, so that events, due dates and silences meet at one instant, and pass each other closely.
GAPS = [timedelta(0), MICROSECOND, DAY, 30 * DAY, 60 * DAY, 90 * DAY - MICROSECOND, 90 * DAY, 91 * DAY, 200 * DAY]
NOTICES = [None, timedelta(0), DAY, 30 * DAY, 60 * DAY, 90 * DAY, 120 * DAY, 400 * DAY]
PROMISES = ("a", "b", "c")
WEIGHTS = ("major", "minor")

gaps = st.sampled_from(GAPS)
zones = st.sampled_from([UTC, *(timezone(timedelta(hours=h)) for h in (-8, 1, 2)), timezone(timedelta(minutes=345))])


@st.composite
def events_at(draw: st.DrawFn, at: datetime) -> Event:
    """Draw an event of any kind at one instant, told in any timezone; it may not fit the standing."""
    kind = draw(st.sampled_from(KINDS))
    fields: dict[str, Any] = {"at": at.astimezone(draw(zones))}
    if kind in (PromiseMade, PromiseKept, PromiseBroken, PromiseMoved, PromiseReleased):
        fields["promise"] = draw(st.sampled_from(PROMISES))
    if kind is PromiseMade:
        notice = draw(st.sampled_from(NOTICES))
        fields |= {"due": None if notice is None else at + notice, "weight": draw(st.sampled_from(WEIGHTS))}
    if kind is PromiseMoved:
        fields["due"] = at + draw(gaps)
    if kind in (PromiseKept, PromiseBroken):
        fields["weight"] = draw(st.sampled_from([None, *WEIGHTS]))
    if kind is OneSided:
        fields["by"] = draw(st.sampled_from(["company", "customer"]))
    return kind(**fields)


# The promises come several times: most of what can go wrong is about them.
KINDS: list[type[Event]] = [
    *([PromiseMade] * 5),
    *([PromiseKept] * 3),
    *([PromiseBroken, PromiseMoved, PromiseReleased] * 2),
    *([Exchanged] * 4),
    *([Proposed, OneSided, Repaired] * 2),
    *[Complained, Advocated, Purchased, Departed, Returned],
]


@st.composite
def logs(draw: st.DrawFn, *, max_size: int = 12) -> list[Event]:
    """Draw events in time order, as they come: some may not fit what was before."""
    at, log = BEGIN, []
    for gap in draw(st.lists(gaps, min_size=1, max_size=max_size)):
        at += gap
        log.append(draw(events_at(at)))
    return log


# --- standings ----------------------------------------------------------------------------------


CLOCKS: dict[str, dict[str, Any]] = {
    "the default": {},
    "a month of grace": {"grace": 30},
    "a short silence": {"silence_after": timedelta(days=30), "grace": MICROSECOND},
    "other numbers": {"silence_after": timedelta(days=60), "initial_doubt": 0, "minor_engaged_max": 4},
    "no waiting": {"waiting_periods": 0},
    "much waiting": {"silence_after": timedelta(days=30), "waiting_periods": 3},
}
clocks = st.sampled_from(list(CLOCKS))


@cache
def curve_with(clock: str) -> Curve:
    """Return one of a few curves whose clocks differ, by name: names read better in a counterexample."""
    return Curve.default(**CLOCKS[clock])


def fitting(curve: Curve, log: list[Event]) -> list[Event]:
    """Leave out the events that do not fit what was before."""
    standing, fit = curve.begin("ann", log[0].at), []
    for event in log:
        try:
            standing = curve.advance(standing, event).after
        except TrustcurveError:
            continue
        fit.append(event)
    return fit


@st.composite
def fitting_logs(draw: st.DrawFn, curve: Curve, *, max_size: int = 12) -> list[Event]:
    """Draw at least one event, in time order, each of which fits what was before."""
    log = fitting(curve, draw(logs(max_size=max_size)))
    assume(log)
    return log


@st.composite
def standings(draw: st.DrawFn, curve: Curve) -> Standing:
    """Draw where a customer may stand: any events, and perhaps a look afterwards."""
    standing = curve.begin("ann", BEGIN)
    for event in draw(fitting_logs(curve)):
        standing = curve.advance(standing, event).after
    if draw(st.booleans()):
        standing = curve.observe(standing, standing.as_of + draw(gaps)).after
    return standing
