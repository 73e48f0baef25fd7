"""What is drawn: rare positions are reached, nothing is drawn in vain, and what fails shrinks to what is mild and short."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis import strategies as st

import trustcurve.testing
from tests.core.test_own_curve import OURS
from trustcurve import (
    Curve,
    Event,
    Exchanged,
    Journey,
    Position,
    Promise,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    Signalled,
    Standing,
    Timetable,
    TrustcurveError,
    to_json,
)
from trustcurve.core.events import EVENTS
from trustcurve.documents.curve_file import parse_curve
from trustcurve.errors import InvalidPositionError, InvalidValueError, UnknownWordError
from trustcurve.policies import Environment, Policy, load_policy
from trustcurve.testing import curves, events, journeys, policies, positions, standings
from trustcurve.testing.journey_builder import JourneyAction, JourneyBuilder
from trustcurve.verification import check, no_harm_helps
from trustcurve.verification.closed_loop import BEGIN

CURVE = Curve.default()
TABLE = CURVE.table()
EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"
OWN_CURVE = parse_curve(OURS, "ours.toml")
LOYALTY = load_policy(EXAMPLES / "loyalty.toml")
SEEK = settings(database=None, deadline=None, phases=[Phase.generate, Phase.shrink])  # explaining traces every line
DRAW = settings(database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)


def reached(strategy: st.SearchStrategy[list[Position]], examples: int, number: int) -> int:
    """Count the positions of the curve that some examples reach."""
    seen: set[Position] = set()

    @seed(number)
    @settings(DRAW, max_examples=examples)
    @given(strategy)
    def draw(drawn: list[Position]) -> None:
        seen.update(drawn)

    draw()
    return len(seen & set(TABLE.positions))


def passed(journey: Journey) -> list[Position]:
    """Name all positions of a journey."""
    return [CURVE.start, *(reaction.after for step in journey.steps for reaction in step.reactions)]


def told(signals: list[str]) -> list[Position]:
    """Name all positions to which signals lead."""
    at = [CURVE.start]
    for signal in signals:
        at.append(CURVE.react(at[-1], signal).after)
    return at


@pytest.mark.parametrize(
    ("wait", "late"), [("to the last moment", timedelta(0)), ("too late", timedelta(microseconds=1))]
)
def test_an_action_at_the_last_moment_is_in_time_and_one_that_is_too_late_is_not(wait: str, late: timedelta) -> None:
    builder = JourneyBuilder(CURVE, CURVE.begin("ann", BEGIN), 9)
    builder.add(JourneyAction("promise_made", due=1))
    builder.wait(JourneyAction("exchange", wait))
    assert CURVE.observe(builder.standing, builder.now).after.promises[0].overdue is bool(late)
    due = builder.standing.promises[0].due
    assert due is not None
    assert builder.now - due == late


def test_journeys_reach_four_fifths_of_all_positions(capsys: pytest.CaptureFixture[str]):
    plain = st.lists(st.sampled_from(CURVE.signals), max_size=50).map(told)
    steered = [reached(journeys(CURVE).map(passed), 200, number) for number in range(5)]
    by_chance = [reached(plain, 100, number) for number in range(5)]
    with capsys.disabled():
        print(f"\n200 journeys reach {steered} of {len(TABLE)} positions, 100 lists of signals {by_chance}")
    assert min(steered) >= 0.8 * len(TABLE)
    assert sorted(by_chance)[2] <= 0.2 * len(TABLE)


def test_no_draw_is_rejected():
    folder = Path(trustcurve.testing.__file__).parent
    vain = re.compile(r"\.filter\(|\bassume\(|\breject\(")
    assert [path for path in folder.rglob("*.py") if vain.search(path.read_text(encoding="utf-8"))] == []


@given(journeys(CURVE))
def test_a_journey_is_a_fold_of_events_that_fit(journey: Journey):
    told = [step.event for step in journey.steps if step.event is not None]
    assert len(told) <= 50
    assert CURVE.journey(told, start=journey.start, until=journey.standing.as_of) == journey


@given(st.data())
def test_a_journey_continues_from_a_standing(data: st.DataObject):
    start = data.draw(standings(CURVE))
    journey = data.draw(journeys(CURVE, start=start, max_size=5))
    assert journey.start == start
    assert len([step for step in journey.steps if step.event]) <= 5


@pytest.mark.parametrize("reach", ["advocate", "distrust.adversarial", "departed", "customer_centric"])
def test_a_journey_ends_where_it_has_to(reach: str):
    @settings(max_examples=30)
    @given(journeys(CURVE, reach=reach, max_size=15))
    def ends(journey: Journey) -> None:
        at = journey.standing.position
        assert reach in (at.stage, CURVE.state(at))
        assert len([step for step in journey.steps if step.event]) <= 15

    ends()


def test_a_journey_ends_in_the_one_position_that_is_asked_for():
    rare = TABLE.positions[-1]
    assert find(journeys(CURVE, reach=rare, max_size=12), lambda _: True).standing.position == rare


def test_a_journey_ends_where_a_condition_holds():
    journey = find(journeys(CURVE, reach=lambda at: at.kept == 3 and at.account == "slip"), lambda _: True)
    assert (journey.standing.position.kept, journey.standing.position.account) == (3, "slip")


SHORTEST = {
    "deep distrust": (lambda journey: CURVE.state(journey.standing.position) == "distrust.adversarial", 2),
    "an advocate": (lambda journey: journey.standing.position.stage == "advocate", 8),
    "one who came back": (
        lambda journey: any(step.before.position.stage == "departed" and step.rose for step in journey.steps),
        2,
    ),
    "a promise overdue": (lambda journey: any(promise.overdue for promise in journey.standing.promises), 2),
    "a breach among the hopeful": (
        lambda journey: (at := journey.standing.position).stage == "hopeful" and at.account == "breach",
        4,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", SHORTEST)
def test_rare_journeys_are_found_and_shrink_to_few_events(what: str):
    wanted, least = SHORTEST[what]
    found = [
        find(journeys(CURVE), wanted, settings=settings(SEEK, max_examples=2_000), random=Random(draw))  # noqa: S311
        for draw in range(3)  # now and then shrinking ends where no step alone is simpler
    ]
    lengths = [len(journey.steps) for journey in found]
    assert least <= min(lengths) <= least + 1  # of two that are as simple to draw, either
    assert max(lengths) <= least + 3


def test_a_failing_journey_is_shown_a_line_each():
    @given(journeys(CURVE))
    def test(journey: Journey) -> None:
        assert journey.standing.position.stage != "hopeful"

    with pytest.raises(AssertionError) as error:
        test()
    (note,) = [note for note in error.value.__notes__ if "Failing test case" in note]
    assert re.search(
        r"<Journey of 'customer', 1 steps>\n +2026-01-\d\d 00:00 UTC  the company makes a hopeful proposition\n +rose: distrust.suspicious -> hopeful",
        note,
    )
    assert "Standing(" not in note


# --- with a policy ------------------------------------------------------------------------------


@settings(max_examples=50)
@given(journeys(CURVE, policy=LOYALTY, max_size=20))
def test_the_company_does_what_its_policy_says(journey: Journey):
    begin, month = journey.start.as_of, timedelta(days=30)
    asked = [step.event for step in journey.steps if step.event is not None]
    assert all((event.at - begin) % month == timedelta(0) for event in asked)
    assert (journey.standing.as_of - begin) // month <= 20


def test_a_policy_leads_where_it_has_to():
    @settings(max_examples=20, deadline=None)
    @given(journeys(CURVE, policy=LOYALTY, reach="advocate"))
    def ends(journey: Journey) -> None:
        assert journey.standing.position.stage == "advocate"

    ends()


def test_a_policy_goes_on_from_any_standing_without_promises():
    hopeful = find(journeys(CURVE, reach="hopeful"), lambda journey: not journey.standing.promises).standing
    begin = CURVE.begin("ann", hopeful.as_of)
    start = Standing("ann", begin.as_of, hopeful.position, (), begin.as_of)
    journey = find(journeys(CURVE, policy=LOYALTY, start=start), lambda journey: len(journey.steps) > 3)
    assert journey.start == start


def test_a_policy_does_not_begin_with_a_promise_open():
    made = PromiseMade(at=CURVE.begin("ann", find(journeys(CURVE), lambda _: True).start.as_of).as_of, promise="p")
    start = CURVE.advance(CURVE.begin("ann", made.at), made).after
    with pytest.raises(InvalidValueError, match=r"start must not have an open promise"):
        journeys(CURVE, policy=LOYALTY, start=start)


def test_the_environment_is_that_which_is_given():
    calm = Environment(["complaint"])

    @settings(max_examples=30)
    @given(journeys(CURVE, policy=LOYALTY, environment=calm))
    def test(journey: Journey) -> None:
        assert not [step for step in journey.steps if isinstance(step.event, PromiseKept)]

    test()


# --- the others ---------------------------------------------------------------------------------


@given(positions(CURVE))
def test_positions_can_be_reached(position: Position):
    assert position in TABLE.numbers


def test_positions_shrink_to_the_start():
    assert find(positions(CURVE), lambda _: True) == CURVE.start


@pytest.mark.parametrize("kind", [kind for kind in EVENTS if kind is not Signalled])
def test_events_are_of_every_kind(kind: type[Event]):
    assert type(find(events(CURVE), lambda event: type(event) is kind)) is kind


@given(events(CURVE))
def test_events_are_of_no_kind_that_the_curve_lacks(event: Event):
    assert not isinstance(event, Signalled)


def test_a_curves_own_signals_are_drawn_too():
    own = find(events(OWN_CURVE), lambda event: isinstance(event, Signalled))
    assert isinstance(own, Signalled)
    journey = find(
        journeys(OWN_CURVE), lambda journey: any(isinstance(step.event, Signalled) for step in journey.steps)
    )
    assert len(journey.steps) == 1


@pytest.mark.slow
def test_policies_are_small_enough_to_be_decided():
    @settings(max_examples=25, deadline=None)
    @given(policies(CURVE))
    def test(policy: Policy) -> None:
        assert not check(CURVE, policy=policy).unknown

    test()


def test_policies_shrink_to_the_one_that_waits():
    assert find(policies(CURVE), lambda _: True).decide.rules == ()  # type: ignore[attr-defined]


@settings(max_examples=25, deadline=None)
@given(curves())
def test_no_harm_ever_helps_on_any_curve_that_is_drawn(curve: Curve):
    assert check(curve, no_harm_helps).proved


def test_curves_differ_and_shrink_to_the_default():
    drawn: set[Curve] = set()

    @settings(DRAW, max_examples=20)
    @given(curves())
    def draw(curve: Curve) -> None:
        drawn.add(curve)

    draw()
    assert len(drawn) > 5
    assert find(curves(), lambda curve: curve.name == "default", settings=settings(SEEK, max_examples=1)) == CURVE


# --- by their types -----------------------------------------------------------------------------


@settings(max_examples=20)
@given(...)
def test_strategies_are_found_by_type(
    standing: Standing, at: Position, event: Exchanged, moved: PromiseMoved, whole: Journey
):
    assert standing.position in TABLE.numbers
    assert at in TABLE.numbers
    assert moved.due >= moved.at
    assert isinstance(event, Exchanged)
    assert whole.start.position == CURVE.start


@pytest.mark.parametrize("kind", [Curve, Event, Journey, Policy, Position, Promise, Standing, Timetable])
def test_every_type_has_a_strategy(kind: type):
    assert isinstance(find(st.from_type(kind), lambda _: True, settings=settings(SEEK, max_examples=1)), kind)


@pytest.mark.parametrize("draw", [st.from_type, st.builds])
@pytest.mark.parametrize("kind", EVENTS)
def test_events_of_every_kind_are_drawn_by_type(kind: type[Event], draw: Callable[[Any], st.SearchStrategy[Event]]):
    @settings(max_examples=20)
    @given(draw(kind))
    def test(event: Event) -> None:
        assert type(event) is kind

    test()


@given(st.builds(PromiseMade, promise=st.just("parcel"), channel=st.sampled_from(["shop", None])))
def test_some_fields_of_an_event_can_be_given(event: PromiseMade):
    assert (event.promise, event.channel in ("shop", None)) == ("parcel", True)


ANY_TIME = st.datetimes(timezones=st.just(UTC))
PARTLY_GIVEN = {
    "a promise by its type": st.from_type(Promise),
    "a promise": st.builds(Promise),
    "a promise with a date": st.builds(Promise, due=ANY_TIME, overdue=st.booleans()),
    "a promise, perhaps with a date": st.builds(Promise, due=..., weight=...),
    "a promise made, perhaps with a date": st.builds(PromiseMade, due=..., weight=...),
    "a promise made at a given time": st.builds(PromiseMade, at=ANY_TIME, due=...),
    "a promise moved at a given time": st.builds(PromiseMoved, at=ANY_TIME),
    "a timetable": st.from_type(Timetable),
}


@pytest.mark.parametrize("name", PARTLY_GIVEN)
def test_what_is_not_given_fits_what_is(name: str):
    to_json(PromiseMade(at=BEGIN, promise="p", due=BEGIN))  # the reader resolves the annotations of classes

    @settings(max_examples=100)
    @given(PARTLY_GIVEN[name])
    def test(value: object) -> None:
        drawn.append(value)

    drawn: list[Any] = []
    test()
    assert len(set(drawn)) > 1


def test_promises_are_drawn_with_and_without_a_date():
    drawn = st.from_type(Promise)
    for wanted in (lambda each: each.overdue, lambda each: each.due is None, lambda each: each.weight == "minor"):
        assert find(drawn, wanted, settings=settings(SEEK)).id == "a"


def test_importing_hypothesis_loads_nothing_of_ours_but_the_door():
    code = "import sys, hypothesis; print([name for name in sys.modules if name.startswith(('trustcurve', '_trustcurve'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['_trustcurve_hypothesis']"


def test_where_hypothesis_has_no_lazy_way_the_types_are_registered_at_once():
    code = """
from hypothesis.strategies._internal import types
del types._global_extra_lookup["trustcurve"]
import _trustcurve_hypothesis
_trustcurve_hypothesis._register_now()
from trustcurve import Standing
from hypothesis import find, strategies as st
from trustcurve.documents.curve_file import parse_curve
print(find(st.from_type(Standing), lambda _: True).customer)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "customer"


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: journeys("default"), InvalidValueError, "curve must be a Curve"),  # type: ignore[arg-type]
        (
            lambda: journeys(CURVE, max_size=-1),
            InvalidValueError,
            "max_size must be a whole number of at least 0",
        ),
        (lambda: journeys(CURVE, start=CURVE.start), InvalidValueError, "start must be a Standing"),  # type: ignore[arg-type]
        (lambda: journeys(CURVE, policy=LOYALTY.name), InvalidValueError, "policy must be a Policy"),  # type: ignore[arg-type]
        (
            lambda: journeys(CURVE, reach="advocat"),
            UnknownWordError,
            "reach 'advocat' is unknown; did you mean 'advocate'",
        ),
        (lambda: journeys(CURVE, reach=3), InvalidValueError, "reach must be a stage"),  # type: ignore[arg-type]
        (
            lambda: journeys(CURVE, reach="advocate", max_size=7),
            InvalidValueError,
            "must be reachable in at most 7 events",
        ),
        (lambda: journeys(CURVE, reach=lambda _: False), InvalidValueError, "must hold in a position"),
        (
            lambda: journeys(CURVE, reach=Position("advocate", 0, 0, 12, "clear")),
            InvalidPositionError,
            "must be reachable",
        ),
        (
            lambda: journeys(CURVE, policy=LOYALTY, reach="advocate", max_size=3),
            InvalidValueError,
            "must be reachable in at most 3 turns",
        ),
        (lambda: positions(None), InvalidValueError, "curve must be a Curve"),  # type: ignore[arg-type]
        (lambda: events(None), InvalidValueError, "curve must be a Curve"),  # type: ignore[arg-type]
        (lambda: policies(None), InvalidValueError, "curve must be a Curve"),  # type: ignore[arg-type]
    ],
)
def test_invalid_arguments_raise(make: Callable[[], object], error: type[TrustcurveError], says: str):
    with pytest.raises(error, match=says):
        make()


def test_journeys_under_a_policy_come_to_where_chance_would_hardly_lead():
    seen: dict[str, set[Position]] = {}

    @given(journeys(CURVE, policy=load_policy("examples/policies/loyalty.toml")))
    @settings(
        max_examples=300, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    def look(journey: Journey) -> None:
        for step in journey.steps:
            seen.setdefault(step.after.position.stage, set()).add(step.after.position)

    look()
    assert len(seen["customer_centric"]) >= 5
    assert len(seen["advocate"]) >= 2
