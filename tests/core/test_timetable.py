"""Another curve from a date on: the first curve's clock up to it, a migration, and the second curve's from then on."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.plain_ledger import PlainLedger, RefusedError
from tests.core.stories import MICROSECOND, after, customer_centric, day, hopeful
from tests.core.strategies import BEGIN, CLOCKS, DAY, clocks, curve_with, events_at, gaps, logs
from trustcurve import (
    BrokenPromise,
    Curve,
    Event,
    Exchanged,
    Migration,
    OneSided,
    PromiseMade,
    Proposed,
    Silence,
    Timetable,
    TrustcurveError,
)
from trustcurve.errors import InvalidValueError, NaiveTimeError, OutOfOrderError

STRICT = Curve.default(hopeful_lost_at=2)
"""On this curve the doubt of a stranger is too much to stay hopeful."""


def at_day(number: float, then: Curve = STRICT, first: Curve | None = None) -> Timetable:
    return Timetable(first or Curve.default(), [(day(number), then)])


def test_up_to_the_date_the_first_curve_holds_and_from_it_on_the_second() -> None:
    both = at_day(30)
    ann = both.advance(both.begin("ann", day(0)), Proposed(at=day(0))).after
    assert both.observe(ann, day(30) - MICROSECOND).occurrences == ()
    step = both.observe(ann, day(30))
    (found,) = step.occurrences
    assert isinstance(found.cause, Migration)
    assert (found.at, found.cause.state_before, found.cause.state_after) == (day(30), "hopeful", "distrust.suspicious")
    (transition,) = step.transitions
    assert (transition.before, transition.after, transition.change) == ("hopeful", "distrust.suspicious", -1)
    assert (transition.rule, transition.event, transition.signal) == (None, None, None)
    assert "moved to another curve" in str(step)
    assert (step.after.as_of, step.fell) == (day(30), True)


def test_an_event_at_the_date_is_the_second_curves_and_comes_after_the_migration() -> None:
    both = at_day(30)
    ann = both.advance(both.begin("ann", day(0)), Proposed(at=day(0))).after
    step = both.advance(ann, Proposed(at=day(30)))
    assert [type(each.cause) for each in step.occurrences] == [Migration, Proposed]
    assert step.reaction is not None
    assert step.reaction == STRICT.react(STRICT.start, "proposition")


def test_a_late_event_from_before_the_date_belongs_to_the_first_curve() -> None:
    both = at_day(30)
    step = both.advance(both.begin("ann", day(0)), Proposed(at=day(29)))
    assert step.rose
    assert both.curve_at(day(29)) is both.first
    assert both.curve_at(day(30)) is STRICT
    with pytest.raises(OutOfOrderError):
        both.advance(both.observe(step.after, day(30)).after, Exchanged(at=day(29)))


def test_who_is_met_on_the_date_begins_on_the_second_curve() -> None:
    other = Curve.default(initial_doubt=3)
    both = at_day(30, other)
    assert both.begin("ann", day(30)).position == other.start
    assert both.begin("ann", day(30) - MICROSECOND).position == both.first.start


def test_a_promise_that_would_be_broken_already_breaks_at_the_date_after_the_events_at_it() -> None:
    both = at_day(30, Curve.default(grace=1), Curve.default(grace=20))
    made = PromiseMade(at=day(1), promise="p", due=day(15), weight="minor")
    ann = after(both.first, *customer_centric(), made)
    assert both.observe(ann, day(30)).reactions == ()
    step = both.advance(ann, Exchanged(at=day(30)))
    assert [reaction.signal for reaction in step.reactions] == ["exchange"]
    later = both.observe(step.after, day(30) + MICROSECOND)
    assert [(each.at, each.cause) for each in later.occurrences] == [(day(30), BrokenPromise("p"))]
    assert both.next_due(ann) == day(30) + MICROSECOND


def test_quiet_periods_that_ended_before_the_date_count_and_are_not_found_again() -> None:
    both = at_day(80, Curve.default(silence_after=30, waiting_periods=3))
    made = PromiseMade(at=day(0), promise="p", due=day(5000), weight="minor")
    ann = after(both.first, *customer_centric(), made)
    # By the second curve periods ended on days 30 and 60; the promise excuses that of day 90, the third, and no more.
    found = both.observe(ann, day(151)).occurrences
    assert [(each.at, type(each.cause)) for each in found if each.reaction] == [
        (day(120), Silence),
        (day(150), Silence),
    ]


def test_what_is_due_in_the_last_microsecond_of_a_curve_is_found_at_the_change() -> None:
    both = at_day(30, then=Curve.default(doubt_max=11))
    made = PromiseMade(at=day(0), promise="a small thing", weight="minor", due=day(30) - MICROSECOND)
    ann = after(both.first, made)
    assert both.next_due(ann) == day(30)
    assert isinstance(both.observe(ann, day(30)).occurrences[0].cause, BrokenPromise)


def test_the_next_due_is_the_first_of_three() -> None:
    both = at_day(30)
    hopes = both.advance(both.begin("ann", day(0)), Proposed(at=day(0))).after
    assert both.next_due(hopes) == day(30), "the migration changes the leaf state"
    due = PromiseMade(at=day(0), promise="p", due=day(9))
    assert both.next_due(after(both.first, Proposed(at=day(0)), due)) == day(9) + MICROSECOND
    alike = at_day(30, Curve.default(silence_after=60))
    calm = after(alike.first, *customer_centric())
    assert alike.next_due(calm) == day(60) + MICROSECOND, (
        "no state changes at the date, and a period of the second ends"
    )


def test_timetables_go_over_several_dates() -> None:
    lenient = Curve.default(initial_doubt=1)
    three = Timetable(Curve.default(), [(day(10), STRICT), (day(20), lenient)])
    ann = three.advance(three.begin("ann", day(0)), Proposed(at=day(0))).after
    step = three.observe(ann, day(40))
    assert [each.at for each in step.occurrences] == [day(10), day(20)]
    assert step.after == three.observe(three.observe(ann, day(15)).after, day(40)).after
    assert three.curves == (Curve.default(), STRICT, lenient)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ([], InvalidValueError),
        ([(datetime(2026, 1, 1), STRICT)], NaiveTimeError),  # noqa: DTZ001 - that is what is tested
        ([(day(9), "strict")], InvalidValueError),
        ([(day(9), STRICT), (day(9), STRICT)], InvalidValueError),
    ],
)
def test_wrong_timetables_are_refused(changes: list[tuple[datetime, Curve]], error: type[TrustcurveError]) -> None:
    with pytest.raises(error):
        Timetable(Curve.default(), changes)


def test_what_is_not_an_event_is_named() -> None:
    both = at_day(30)
    with pytest.raises(InvalidValueError, match="must be an Event"):
        both.advance(both.begin("ann", day(0)), 3)  # type: ignore[arg-type]


# --- laws ------------------------------------------------------------------------------------------


@given(clocks, clocks, gaps, logs(max_size=15), st.data())
def test_the_plain_ledger_finds_the_same(
    first: str, then: str, change: timedelta, log: list[Event], data: st.DataObject
) -> None:
    # Curves that differ in the clock alone have the same positions, so that nothing is moved.
    clock = ("silence_after", "grace", "waiting_periods")
    numbers = {name: value for name, value in CLOCKS[first].items() if name not in clock}
    one, other = (
        Curve.default(**{**numbers, **{k: v for k, v in CLOCKS[c].items() if k in clock}}) for c in (first, then)
    )
    at = BEGIN + change + data.draw(gaps)
    both = Timetable(one, [(at, other)])
    book = PlainLedger(one.parameters, BEGIN)
    standing = both.begin("ann", BEGIN)
    changed = False
    if at <= BEGIN:
        book, changed = PlainLedger(other.parameters, BEGIN), True
    for event in [*log, None]:
        until = event.at if event else standing.as_of + 400 * DAY
        if not changed and until >= at:
            book.change(other.parameters, at)
            changed = True
        try:
            step = both.advance(standing, event) if event else both.observe(standing, until)
        except TrustcurveError as error:
            assert event is not None
            with pytest.raises(RefusedError, match=type(error).__name__):
                book.record(event)
            return  # the plain ledger is half written now
        if event:
            book.record(event)
        else:
            book.look(until)
        standing = step.after
        assert standing.position == book.place.position()
        assert {p.id: p.overdue for p in standing.promises} == {name: p["overdue"] for name, p in book.promises.items()}
        assert standing.quiet_since == book.quiet_since


@given(clocks, clocks, gaps, st.data())
def test_observing_changes_nothing_that_comes_later(
    first: str, then: str, change: timedelta, data: st.DataObject
) -> None:
    both = Timetable(curve_with(first), [(BEGIN + change + DAY, curve_with(then))])
    standing = after(both.first, *hopeful())
    event = data.draw(events_at(standing.as_of + data.draw(gaps) + data.draw(gaps)))
    between = data.draw(st.datetimes(BEGIN.replace(tzinfo=None), event.at.replace(tzinfo=None))).replace(
        tzinfo=BEGIN.tzinfo
    )
    try:
        step = both.advance(standing, event)
    except TrustcurveError:
        return
    look = both.observe(standing, between)
    second = both.advance(look.after, event)
    assert second.after == step.after
    assert look.due + second.due == step.due


@given(clocks, clocks, gaps, st.lists(gaps, max_size=4))
def test_timers_find_everything(first: str, then: str, change: timedelta, quiet: list[timedelta]) -> None:
    both = Timetable(curve_with(first), [(BEGIN + change + DAY, curve_with(then))])
    standing = after(both.first, *customer_centric(), OneSided(at=BEGIN, by="company"))
    end = BEGIN + 3000 * DAY + sum(quiet, timedelta())
    found, now = [], standing
    while (due := both.next_due(now)) is not None and due <= end:
        step = both.observe(now, due)
        assert step.occurrences
        found += step.occurrences
        now = step.after
    found += both.observe(now, end).occurrences
    shown = [
        each
        for each in both.observe(standing, end).occurrences
        if each.reaction or each.cause.state_before != each.cause.state_after
    ]  # type: ignore[union-attr]
    assert [each for each in found if each.reaction or each.cause.state_before != each.cause.state_after] == shown  # type: ignore[union-attr]
