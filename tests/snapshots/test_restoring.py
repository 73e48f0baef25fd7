"""What is read is held against its curve: a promise, a step or a journey that cannot be is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.snapshots.checking import Data, Spoil, drop, put, refuse, stored
from tests.snapshots.strategies import journeys
from tests.snapshots.values import golden_curve
from trustcurve import Curve, Journey, PromiseMade, Standing, Step
from trustcurve.snapshots import MalformedSnapshotError, SnapshotError, from_dict, to_dict

CURVE = golden_curve()
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

STEPS: dict[str, tuple[Spoil, str, str]] = {
    "no reaction": (put("reaction", None), "$.reaction", "is null, but this curve gives an object"),
    "nothing due": (put("due", []), "$.due", "is an array of 0, but this curve gives an array of 3"),
    "another time": (put("due[0].at", "2026-03-05T12:00:00Z"), "$.due[0].at", "'2026-03-04T12:00:00Z'"),
    "another promise": (put("due[2].promise", "a"), "$.due[2].promise", "is 'a', but this curve gives null"),
    "after": (put("after.position.doubt", 9), "$.after.position.doubt", "is 9, but this curve gives 2"),
    "customer": (put("after.customer", "somebody else"), "$.after.customer", "'cust-0042'"),
    "time": (put("after.as_of", "2026-06-10T12:00:00Z"), "$.after.as_of", "'2026-06-09T12:00:00Z'"),
    "one due less": (drop("due[0]"), "$.due", "is an array of 2"),
    "a promise": (drop("after.promises[1].overdue"), "$.after.promises[1].overdue", "is missing, but this curve"),
    "another event": (put("event.event", "Exchanged"), "$.reaction.signal", "is 'repair', but this curve"),
    "an event too early": (put("event.at", "2026-02-01T12:00:00Z"), "$.event", "is too early"),
    "an event of another": (put("event.customer", "somebody else"), "$.event", "somebody else"),
    "a promise of before": (put("before.promises[0].due", "2026-03-03T12:00:00Z"), "$.due[0].at", "03-03T12"),
}


@pytest.mark.parametrize(("spoil", "path", "problem"), STEPS.values(), ids=STEPS)
def test_a_step_that_does_not_lead_from_before_to_after_is_refused(spoil: Spoil, path: str, problem: str) -> None:
    error = refuse("step", spoil)
    assert isinstance(error, MalformedSnapshotError)
    assert error.path == path
    assert problem in error.problem


JOURNEYS: dict[str, tuple[Spoil, str, str]] = {
    "customer": (put("start.customer", "else"), "$.steps[0].before.customer", "but the journey starts with 'else'"),
    "first step": (drop("steps[0]"), "$.steps[0].before.position.stage", "but the journey starts with"),
    "a step between": (drop("steps[3]"), "$.steps[3].before.as_of", "but the step before it ends with"),
    "an impossible event": (put("steps[3].event.promise", "?"), "$.steps[3].event", "has no open promise '?'"),
    "no signal": (put("steps[1].event", {"at": "2026-03-01T12:00:00Z", "event": "Signalled", "signal": "audit"}),
                  "$.steps[1].event.signal", "unknown word 'audit'"),
    "a look back": (put("steps[5].after.as_of", "2026-03-02T12:00:00Z"), "$.steps[5].after.as_of", "already known up to"),
    "a look that did nothing": (put("steps[5].due", []), "$.steps[5].due", "is an array of 0"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "path", "problem"), JOURNEYS.values(), ids=JOURNEYS)
def test_a_journey_whose_steps_do_not_follow_each_other_is_refused(spoil: Spoil, path: str, problem: str) -> None:
    error = refuse("journey", spoil)
    assert isinstance(error, MalformedSnapshotError)
    assert error.path == path
    assert problem in error.problem


PROMISES: dict[str, tuple[Spoil, str, str]] = {
    "overdue without a date": (put("promises[0].overdue", True), "$.promises[0].overdue", "never overdue"),  # noqa: FBT003
    "overdue before its date": (put("promises[2].overdue", True), "$.promises[2].overdue", "no due date lies before"),  # noqa: FBT003
    "overdue at its date": (put("as_of", "2026-03-02T12:00:00Z"), "$.promises[1].overdue", "no due date lies before"),
    "no id": (put("promises[0].id", ""), "$.promises[0].id", "must be a text that is not empty"),
}


@pytest.mark.parametrize(("spoil", "path", "problem"), PROMISES.values(), ids=PROMISES)
def test_a_promise_that_cannot_be_is_refused(spoil: Spoil, path: str, problem: str) -> None:
    error = refuse("standing", spoil)
    assert isinstance(error, MalformedSnapshotError)
    assert error.path == path
    assert problem in error.problem


def test_a_promise_that_broke_on_a_curve_with_less_grace_is_read() -> None:
    patient = CURVE.with_parameters(grace=30)
    made = CURVE.advance(CURVE.begin("ann", NOON), PromiseMade(at=NOON, promise="a", due=NOON)).after
    broken = CURVE.observe(made, NOON + timedelta(microseconds=1)).after
    adopted = patient.migrate(broken, from_curve=CURVE).standing
    assert adopted.promises[0].overdue
    assert from_dict(Standing, to_dict(adopted, curve=patient), curve=patient) == adopted


def test_the_steps_of_a_journey_share_their_standings() -> None:
    journey = from_dict(Journey, stored("journey"), curve=CURVE)
    ends = [journey.start, *(step.after for step in journey.steps)]
    assert all(step.before is end for step, end in zip(journey.steps, ends, strict=False))


@st.composite
def halves(draw: st.DrawFn) -> tuple[Data, Curve]:
    """Draw a step with one of its parts taken from another step."""
    curve = Curve.default()
    steps = [*draw(journeys(curve)).steps, *draw(journeys(curve)).steps]
    one, other = (to_dict(draw(st.sampled_from(steps)), curve=curve) for _ in range(2)) if steps else ({}, {})
    part = draw(st.sampled_from(["before", "event", "due", "reaction", "after"]))
    return ({**one, part: other[part]} if steps else {}), curve


@settings(max_examples=30)
@given(halves())
def test_what_is_read_as_a_step_is_what_the_curve_does(case: tuple[Data, Curve]) -> None:
    data, curve = case
    try:
        step = from_dict(Step, data, curve=curve)
    except SnapshotError:
        return
    again = (
        curve.observe(step.before, step.after.as_of) if step.event is None else curve.advance(step.before, step.event)
    )
    assert step == again
    assert to_dict(step, curve=curve) == data
