"""Single events of every kind, whether they fit a standing or not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

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
from trustcurve.core.signals import LEDGER_SIGNALS, SIDES, WEIGHTS
from trustcurve.records import columns_of
from trustcurve.testing.arguments import check_curve
from trustcurve.testing.session import session
from trustcurve.verification.closed_loop import BEGIN

__all__ = ["events", "events_of_kind"]

_HARMLESS_FIRST = ("Exchanged", "Repaired", "PromiseKept", "Proposed", "PromiseMade", "PromiseMoved", "PromiseReleased")
_PROMISES = ("a", "b", "c")
_WORDS = st.none() | st.sampled_from(["shop", "e-mail"]) | st.text(min_size=1, max_size=10)


def events(curve: Curve) -> st.SearchStrategy[Event]:
    """Draw single events of every kind that a curve knows, with any of their fields; they need not fit a standing.

    For events that fit each other take ``journeys``.

    Examples:
        >>> from hypothesis import given
        >>> from trustcurve import TrustcurveError
        >>> from trustcurve.testing import standings
        >>> curve = Curve.default()
        >>> @given(standings(curve), events(curve))
        ... def test_an_event_is_applied_or_refused_by_name(standing, event):
        ...     try:
        ...         assert curve.advance(standing, event).after.as_of == event.at
        ...     except TrustcurveError as error:
        ...         assert str(error)
        >>> test_an_event_is_applied_or_refused_by_name()
    """
    check_curve(curve)
    session.saw(curve)
    own = any(signal not in LEDGER_SIGNALS for signal in curve.signals)
    kinds = [kind for kind in EVENTS if own or kind is not Signalled]
    kinds.sort(key=lambda kind: (kind.__name__ not in _HARMLESS_FIRST, kind.__name__))
    return st.one_of([events_of_kind(curve, kind) for kind in kinds])


def events_of_kind(curve: Curve, kind: type[Event]) -> st.SearchStrategy[Event]:
    """Draw events of one kind."""
    period = curve.silence_after / timedelta(microseconds=1)
    gaps = st.sampled_from([0, 1, period / 3, period, period + 1, 2 * period]) | st.integers(0, int(4 * period))
    later = st.builds(lambda gap: timedelta(microseconds=int(gap)), gaps)
    fields: dict[str, st.SearchStrategy[Any]] = {
        column.name: st.none() | st.sampled_from(column.words) if column.words else _WORDS
        for column in columns_of(Event, without=("at", "customer", "id"))
    }
    fields["id"] = st.none() | st.sampled_from("12")
    if "promise" in {each.name for each in kind.__attrs_attrs__}:
        fields["promise"] = st.sampled_from(_PROMISES)
    if kind is PromiseMade:
        fields["weight"] = st.sampled_from(WEIGHTS)
    if kind in (PromiseKept, PromiseBroken):
        fields["weight"] = st.none() | st.sampled_from(WEIGHTS)
    if kind is OneSided:
        fields["by"] = st.sampled_from(SIDES)
    if kind is Signalled:
        fields["signal"] = st.sampled_from([signal for signal in curve.signals if signal not in LEDGER_SIGNALS])
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
