"""What is written is read back as it was: laws over events, standings, steps, journeys and curves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.stories import standing_at
from tests.snapshots.strategies import events, journeys, standings
from trustcurve import Curve, Event, Exchanged, Journey, Position, Standing, Step
from trustcurve.errors import InvalidValueError
from trustcurve.snapshots import from_dict, from_json, to_dict, to_json

CURVE = Curve.default()
CURVE.table()


def is_plain(value: object) -> bool:
    """Whether there are only dicts, lists, texts, numbers, true, false and nothing."""
    if isinstance(value, dict):
        return type(value) is dict and all(type(key) is str and is_plain(each) for key, each in value.items())
    if isinstance(value, list):
        return type(value) is list and all(map(is_plain, value))
    return type(value) in (str, int, float, bool, type(None))


def goes_round(cls: type[Any], value: Any, curve: Curve | None) -> None:
    data, text = to_dict(value, curve=curve), to_json(value, curve=curve)
    assert is_plain(data)
    assert json.loads(text) == data
    assert from_dict(cls, data, curve=curve) == value
    assert from_json(cls, text, curve=curve) == value
    assert from_json(cls, text.encode(), curve=curve) == value
    assert to_json(from_json(cls, text, curve=curve), curve=curve) == text


@given(events())
def test_events_go_round(event: Event) -> None:
    goes_round(Event, event, None)
    goes_round(type(event), event, None)


@given(standings(CURVE))
def test_standings_go_round_from_any_timezone(standing: Standing) -> None:
    goes_round(Standing, standing, CURVE)
    assert from_json(Standing, to_json(standing, curve=CURVE), curve=CURVE).as_of.tzinfo is UTC


@settings(max_examples=50)
@given(journeys(CURVE))
def test_journeys_and_their_steps_go_round(journey: Journey) -> None:
    goes_round(Journey, journey, CURVE)
    for step in journey.steps:
        goes_round(Step, step, CURVE)


@settings(max_examples=50)
@given(journeys(CURVE), events())
def test_what_was_read_goes_on_as_what_was_written(journey: Journey, event: Event) -> None:
    read = from_json(Journey, to_json(journey, curve=CURVE), curve=CURVE)
    assert read.explain() == journey.explain()
    assert read.transitions == journey.transitions
    assert CURVE.journey([event], start=read, rejects="keep") == CURVE.journey([event], start=journey, rejects="keep")


@settings(max_examples=6)  # to read a curve is to check all of it, which takes a while
@given(
    st.integers(0, 2),
    st.integers(1, 4),
    st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=999)),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9)),
)
def test_curves_go_round(doubt: int, engaged: int, silence: timedelta, grace: timedelta) -> None:
    curve = Curve.default(initial_doubt=doubt, minor_engaged_max=engaged, silence_after=silence, grace=grace)
    assert is_plain(to_dict(curve))
    read = from_json(Curve, to_json(curve))
    assert (read, read.fingerprint, to_json(read)) == (curve, curve.fingerprint, to_json(curve))


def test_an_equal_instant_of_another_timezone_is_written_the_same() -> None:
    noon = datetime(2026, 1, 1, 12, 0, 0, 7, tzinfo=UTC)
    there = noon.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert to_json(Exchanged(at=there)) == to_json(Exchanged(at=noon))
    assert to_dict(Exchanged(at=there))["at"] == "2026-01-01T12:00:00.000007Z"


def test_text_is_written_as_it_is_and_not_escaped() -> None:
    assert '"note":"Zoë 🧡 客户"' in to_json(Exchanged(at=datetime(2026, 1, 1, tzinfo=UTC), note="Zoë 🧡 客户"))


NEW_YEAR = datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
LONGEST = Standing(
    customer="3f2504e0-4f89-11d3-9a0c-0305e82c3301",  # as long as a UUID
    as_of=NEW_YEAR,
    position=Position("customer_centric", 3, 4, 12, "breach"),
    promises=(),
    quiet_since=NEW_YEAR,
)


def test_a_standing_without_promises_is_under_400_bytes() -> None:
    assert len(to_json(LONGEST, curve=CURVE).encode()) < 400
    assert all(
        len(to_json(standing_at(LONGEST, position), curve=CURVE)) <= len(to_json(LONGEST, curve=CURVE))
        for position in CURVE.table().positions
    )


@pytest.mark.parametrize("value", [5, None, "text", Position("distrust", 0, 0, 0, "clear"), Standing])
def test_only_what_has_a_stored_form_is_written(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="must be a Standing, an event, a Step, a Journey, a Curve or a Memory"):
        to_dict(value, curve=CURVE)


@pytest.mark.parametrize("cls", [int, Position, object])
def test_only_what_has_a_stored_form_is_read(cls: type) -> None:
    with pytest.raises(InvalidValueError, match="must be a Standing, an event, a Step, a Journey, a Curve or a Memory"):
        from_dict(cls, to_dict(LONGEST, curve=CURVE), curve=CURVE)


def test_a_standing_is_neither_written_nor_read_without_its_curve() -> None:
    with pytest.raises(InvalidValueError, match="must be the Curve of the "):
        to_dict(LONGEST)
    with pytest.raises(InvalidValueError, match="must be the Curve of the "):
        from_dict(Standing, to_dict(LONGEST, curve=CURVE))
