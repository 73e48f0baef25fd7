"""How Hypothesis draws events, standings, steps and journeys to store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from trustcurve import Curve, Event, Journey, PromiseMade, PromiseMoved, Standing
from trustcurve.core.events import EVENTS

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = st.builds(timezone, st.timedeltas(min_value=timedelta(hours=-14), max_value=timedelta(hours=14)))

texts = st.text(min_size=1, max_size=12)
promise_ids = st.sampled_from(["1", "2", "ß", "🧡 x", 'q"\\'])
gaps = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=150))


@st.composite
def aware_times(draw: st.DrawFn) -> datetime:
    """Draw an aware time of microseconds, in some timezone."""
    return (FIRST + draw(gaps)).astimezone(draw(ZONES))


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Draw an event of any kind with any of its fields, in any timezone."""
    kind = draw(st.sampled_from(EVENTS))
    at = draw(aware_times())
    fields: dict[str, object] = {"at": at}
    extras = {"channel": st.text(max_size=5), "note": st.text(max_size=20), "id": st.sampled_from(["x", "y", "é"])}
    for name, strategy in extras.items():
        if draw(st.integers(0, 3)) == 0:
            fields[name] = draw(strategy)
    known = {field.name for field in kind.__attrs_attrs__}
    if "promise" in known:
        fields["promise"] = draw(promise_ids)
    if kind is PromiseMoved or (kind is PromiseMade and draw(st.booleans())):
        fields["due"] = (at + draw(gaps)).astimezone(draw(ZONES))
    if "weight" in known and draw(st.booleans()):
        fields["weight"] = draw(st.sampled_from(["major", "minor"]))
    if "by" in known:
        fields["by"] = draw(st.sampled_from(["company", "customer"]))
    if "signal" in known:
        fields["signal"] = draw(st.sampled_from(["exchange", "audit"]))
    return kind(**fields)


@st.composite
def journeys(draw: st.DrawFn, curve: Curve) -> Journey:
    """Draw a journey, rejects and duplicates and all."""
    drawn = draw(st.lists(events(), max_size=8))
    until = draw(st.none() | aware_times())
    if not drawn and until is None:
        until = FIRST
    return curve.journey(drawn, customer=draw(texts), until=until, rejects="keep")


@st.composite
def standings(draw: st.DrawFn, curve: Curve) -> Standing:
    """Draw where a journey ends, seen from any timezone."""
    found = draw(journeys(curve)).standing
    zone = draw(ZONES)
    return Standing(
        customer=found.customer,
        as_of=found.as_of.astimezone(zone),
        position=found.position,
        promises=found.promises,
        quiet_since=found.quiet_since.astimezone(zone),
    )
