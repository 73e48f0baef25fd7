"""The JSON Schema of each form: what is written fulfils it, and what it refuses is not read either."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.snapshots.checking import Data, drop, put, read_as, schema_name, spoiled, stored, validator
from tests.snapshots.strategies import events, journeys
from tests.snapshots.values import EVENTS, golden_curve, values
from trustcurve import Curve, Event, Journey, Standing
from trustcurve.errors import UnknownWordError
from trustcurve.snapshots import SCHEMAS, SnapshotError, from_dict, json_schema, to_dict

CURVE = Curve.default()
GOLDEN = [*values(), "curve"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_and_says_which_draft_it_is_of(name: str) -> None:
    schema = json_schema(name)
    validator(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert name in schema["title"]


def test_an_unknown_schema_is_named_with_a_hint() -> None:
    with pytest.raises(UnknownWordError, match="did you mean 'standing'"):
        json_schema("standin")


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_snapshots_fulfil_their_schemas(name: str) -> None:
    validator(schema_name(name)).validate(stored(name))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_fulfils_the_schema_of_its_own_kind_and_of_no_other(event: Event) -> None:
    data = to_dict(event)
    valid = [kind for kind in SCHEMAS if kind[0].isupper() and validator(kind).is_valid(data)]
    assert valid == [type(event).__name__]


@settings(max_examples=60)
@given(events())
def test_written_events_fulfil_their_schemas(event: Event) -> None:
    validator("event").validate(to_dict(event))
    validator(type(event).__name__).validate(to_dict(event))


@settings(max_examples=25)
@given(journeys(CURVE))
def test_written_standings_steps_and_journeys_fulfil_their_schemas(journey: Journey) -> None:
    validator("journey").validate(to_dict(journey, curve=CURVE))
    validator("standing").validate(to_dict(journey.standing, curve=CURVE))
    for step in journey.steps[-2:]:
        validator("step").validate(to_dict(step, curve=CURVE))


@pytest.mark.parametrize(
    "curve", [golden_curve(), CURVE.with_parameters(grace=0.5, silence_after=30)], ids=["default", "own parameters"]
)
def test_written_curves_fulfil_their_schema(curve: Curve) -> None:
    validator("curve-snapshot").validate(to_dict(curve))


REFUSED: list[tuple[str, Any]] = [
    ("standing", drop("schema")),
    ("standing", put("schema", 3)),
    ("standing", put("schema", "1")),
    ("standing", put("schema", None)),
    ("standing", put("schema", True)),  # noqa: FBT003 - the value to store
    ("standing", put("kind", "step")),
    ("standing", drop("curve")),
    ("standing", put("curve", "19EE")),
    ("standing", put("customer", 7)),
    ("standing", put("extra", 7)),
    ("standing", drop("quiet_since")),
    ("standing", put("as_of", "2026-03-03T12:00:00")),
    ("standing", put("as_of", "yesterday")),
    ("standing", put("as_of", 0)),
    ("standing", put("position.kept", -1)),
    ("standing", put("position.kept", "3")),
    ("standing", put("position.kept", None)),
    ("standing", put("position.account", "owed")),
    ("standing", drop("position.stage")),
    ("standing", put("position", [])),
    ("standing", put("promises", None)),
    ("standing", put("promises", "abc")),
    ("standing", put("promises[0].weight", "huge")),
    ("standing", put("promises[0].overdue", "no")),
    ("standing", put("promises[0]", None)),
    ("event_PromiseMade", drop("promise")),
    ("event_PromiseMade", drop("at")),
    ("event_PromiseMade", drop("event")),
    ("event_PromiseMade", put("event", "PromisMade")),
    ("event_PromiseMade", put("event", "Event")),
    ("event_PromiseMade", put("by", "company")),
    ("event_PromiseMade", put("weight", None)),
    ("event_PromiseMoved", drop("due")),
    ("event_OneSided", put("by", "both")),
    ("event_OneSided", put("note", 7)),
    ("step", put("event", "Repaired")),
    ("step", put("event.event", "Repared")),
    ("step", drop("reaction")),
    ("step", put("reaction.after.doubt", -1)),
    ("step", put("due[0].at", "2026-03-04")),
    ("journey", put("steps", None)),
    ("journey", put("rejects[0].error.error", "ValueError")),
    ("journey", put("later[0].event", "Complaind")),
    ("journey", drop("start")),
    ("memory", drop("heard")),
    ("memory", put("kind", "standing")),
    ("memory", put("curve", "00" * 32)),
    ("memory", put("recalled[0].kind", "sinse")),
    ("memory", put("recalled[0].value", -1)),
    ("memory", put("recalled[0].most", "3")),
    ("memory", put("run", "2026-03-03")),
    ("memory", put("moved", "ç")),
    ("curve", drop("document")),
    ("curve", put("document.rules[0].because", "")),
    ("curve", put("document.rules[0].wehn", {})),
    ("curve", put("document.signals.exchange.by", "me")),
    ("curve", put("document.parameters.grace", "none")),
    ("curve", put("document.stages", [])),
]  # fmt: skip


@pytest.mark.parametrize(("name", "spoil"), REFUSED)
def test_what_a_schema_refuses_is_not_read(name: str, spoil: Any) -> None:
    data = spoiled(name, spoil)
    assert not validator(schema_name(name)).is_valid(data)
    cls, curve = read_as(name)
    before = copy.deepcopy(data)
    with pytest.raises(SnapshotError):
        from_dict(cls, data, curve=curve)
    assert data == before


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a snapshot, from the outside inward."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


@st.composite
def anyhow_spoiled(draw: st.DrawFn) -> tuple[str, Data]:
    """Draw a golden snapshot with one place left out or set to something odd."""
    name = draw(st.sampled_from(["standing", "step", "journey", "memory", "event_PromiseMade", "event_OneSided"]))
    data = stored(name)
    *path, last = draw(st.sampled_from(places(data)[1:]))
    holder: Any = data
    for key in path:
        holder = holder[key]
    if draw(st.booleans()):
        del holder[last]
    else:
        odd = [None, True, -1, 1.5, 7, "clear", "2026-03-01", [[]], {"a": 1}]
        holder[last] = draw(st.sampled_from(odd if isinstance(holder[last], list) else [*odd, "", [], {}]))
    return name, data


@settings(max_examples=150)
@given(anyhow_spoiled())
def test_a_spoiled_snapshot_is_read_or_refused_by_a_named_error(case: tuple[str, Data]) -> None:
    name, data = case
    before = copy.deepcopy(data)
    cls, curve = read_as(name)
    try:
        from_dict(cls, data, curve=curve)
        read = True
    except SnapshotError:
        read = False
    assert validator(schema_name(name)).is_valid(data) or not read, "the schema refuses what was read"
    assert data == before


@pytest.mark.parametrize("odd", [{}, ""], ids=["table", "text"])
@pytest.mark.parametrize(("name", "field"), [("standing", "promises"), ("step", "due"), ("journey", "duplicates")])
def test_only_a_list_is_read_as_a_list(name: str, field: str, odd: object) -> None:
    data = spoiled(name, put(field, odd))
    assert not validator(name).is_valid(data)
    cls, curve = read_as(name)
    with pytest.raises(SnapshotError):
        from_dict(cls, data, curve=curve)


@pytest.mark.parametrize("time", ["20260303T120000Z", "2026-W10-2T12:00:00Z", "2026-03-03T12+00:00"])
def test_only_times_that_the_schema_knows_are_read(time: str) -> None:
    data = spoiled("standing", put("as_of", time), put("quiet_since", "2026-03-01T12:00:00Z"))
    assert not validator("standing").is_valid(data)
    with pytest.raises(SnapshotError):
        from_dict(Standing, data, curve=CURVE)


def test_an_unknown_field_beside_a_curves_document_is_refused() -> None:
    data = spoiled("curve", put("extra", 1))
    assert not validator("curve-snapshot").is_valid(data)
    with pytest.raises(SnapshotError):
        from_dict(Curve, data)
