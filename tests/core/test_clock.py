"""What the clock does, sentence by sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from tests.core.stories import MICROSECOND, after, broken, customer_centric, day, hopeful
from trustcurve import (
    Advocated,
    Complained,
    Curve,
    Departed,
    Event,
    Exchanged,
    OneSided,
    Position,
    Promise,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseReleased,
    Repaired,
    Standing,
    Step,
)
from trustcurve.core.steps import BrokenPromise


def signals(step: Step) -> list[str]:
    return [reaction.signal for reaction in step.reactions]


def waiting(curve: Curve, *, due: float, weight: str = "major") -> Standing:
    """A hopeful customer with one promise open."""
    made = PromiseMade(at=day(1), promise="p", due=day(due), weight=weight)  # type: ignore[arg-type]
    return after(curve, *hopeful(), made)


# --- promises --------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", ["major", "minor"])
@pytest.mark.parametrize("grace", [0, 3])
def test_a_promise_breaks_when_its_day_passes_not_when_the_late_delivery_arrives(weight: str, grace: int) -> None:
    curve = Curve.default(grace=grace)
    late = curve.advance(waiting(curve, due=10, weight=weight), PromiseKept(at=day(20), promise="p"))
    assert signals(late) == [f"broken_{weight}"]
    assert [(each.at, broken(each)) for each in late.due] == [(day(10 + grace), "p")]
    assert late.reaction is None, "too late to count"
    assert late.after.promises == (), "but no longer owed"
    assert late.after.quiet_since == day(20)


@pytest.mark.parametrize("grace", [timedelta(0), timedelta(days=3), MICROSECOND])
def test_kept_at_exactly_due_plus_grace_is_kept_and_a_microsecond_later_is_not(grace: timedelta) -> None:
    curve = Curve.default(grace=grace)
    last = day(10) + grace
    kept = curve.advance(waiting(curve, due=10), PromiseKept(at=last, promise="p"))
    assert signals(kept) == ["kept_major"]
    broken = curve.advance(waiting(curve, due=10), PromiseKept(at=last + MICROSECOND, promise="p"))
    assert signals(broken) == ["broken_major"]
    looked = curve.observe(waiting(curve, due=10), last)
    assert looked.reactions == ()
    assert looked.after.promises == (Promise("p", day(10)),)


def test_a_broken_promise_is_overdue_and_breaks_once(curve: Curve) -> None:
    broken = curve.observe(waiting(curve, due=10), day(11)).after
    assert broken.promises == (Promise("p", day(10), overdue=True),)
    assert signals(curve.observe(broken, day(50))) == []
    assert signals(curve.advance(broken, PromiseBroken(at=day(50), promise="p"))) == []


def test_what_comes_due_happens_in_the_order_of_time_before_the_event(curve: Curve) -> None:
    made = [PromiseMade(at=day(0), promise=name, due=day(due), weight="minor") for name, due in (("a", 30), ("b", 20))]
    step = curve.advance(after(curve, *customer_centric(), *made), Exchanged(at=day(150)))
    assert [(each.at, broken(each)) for each in step.due] == [(day(20), "b"), (day(30), "a"), (day(90), None)]
    assert signals(step) == ["broken_minor", "broken_minor", "silence", "exchange"]


def test_a_promise_without_a_date_never_breaks_by_itself(curve: Curve) -> None:
    standing = after(curve, *customer_centric(), PromiseMade(at=day(1), promise="p"))
    step = curve.observe(standing, day(5000))
    assert "broken_major" not in signals(step)
    assert step.after.promises == (Promise("p"),)


# --- silence ---------------------------------------------------------------------------------------


def test_every_whole_quiet_period_counts(curve: Curve) -> None:
    standing = after(curve, *customer_centric())
    assert signals(curve.observe(standing, day(90))) == []
    step = curve.observe(standing, day(361))
    assert [(each.at, broken(each)) for each in step.due] == [(day(90 * n), None) for n in (1, 2, 3, 4)]
    assert step.after.quiet_since == day(0), "a look gives the customer nothing"


def test_an_event_at_the_very_instant_comes_before_the_silence(curve: Curve) -> None:
    standing = after(curve, *customer_centric())
    assert signals(curve.advance(standing, Exchanged(at=day(90)))) == ["exchange"]
    assert signals(curve.advance(standing, Exchanged(at=day(90) + MICROSECOND))) == ["silence", "exchange"]
    # A complaint ends no silence, so it comes right after.
    complained = curve.advance(standing, Complained(at=day(90))).after
    assert signals(curve.observe(complained, day(91))) == ["silence"]


def test_who_waits_for_an_agreed_day_is_not_left_alone_for_one_quiet_period(curve: Curve) -> None:
    promised = PromiseMade(at=day(1), promise="p", due=day(200), weight="minor")
    standing = after(curve, *customer_centric(), promised)
    assert signals(curve.observe(standing, day(180))) == []
    # The second whole period counts although the promise is open; so does the third, when it is overdue.
    later = curve.observe(standing, day(271))
    assert [(each.at, broken(each)) for each in later.due] == [(day(180), None), (day(200), "p"), (day(270), None)]
    # The first passed while the customer was waiting: it is not counted later either.
    released = curve.advance(standing, PromiseReleased(at=day(100), promise="p")).after
    assert [each.at for each in curve.observe(released, day(181)).due] == [day(180)]


@pytest.mark.parametrize(("waiting", "heard"), [(0, [90, 180, 270]), (1, [180, 270]), (2, [270]), (3, [])])
def test_an_agreed_day_excuses_as_many_quiet_periods_as_the_curve_says(waiting: int, heard: list[int]) -> None:
    curve = Curve.default(waiting_periods=waiting)
    standing = after(curve, *customer_centric(), PromiseMade(at=day(0), promise="p", due=day(5000), weight="minor"))
    assert [each.at for each in curve.observe(standing, day(300)).due] == [day(n) for n in heard]


def test_the_number_of_quiet_periods_begins_anew_with_what_ends_a_silence(curve: Curve) -> None:
    promised = PromiseMade(at=day(0), promise="p", due=day(5000), weight="minor")
    standing = after(curve, *customer_centric(), promised, Exchanged(at=day(170)))
    assert [each.at for each in curve.observe(standing, day(351)).due] == [day(350)]
    asked = after(curve, *customer_centric(), promised, OneSided(at=day(170), by="company"))
    assert [each.at for each in curve.observe(asked, day(351)).due] == [day(180), day(270)]


def test_silence_that_changes_nothing_waits_for_a_promise_to_break() -> None:
    curve = Curve.default()
    promises = [PromiseMade(at=day(1), promise=name, due=day(due)) for name, due in (("a", 1000), ("b", 9000))]
    step = curve.observe(after(curve, *hopeful(), *promises), day(20_000))
    assert [(each.at, broken(each)) for each in step.due][-2:] == [(day(1000), "a"), (day(9000), "b")]
    assert [each.at for each in step.due if broken(each) is None] == [day(180), day(270)]


def test_a_promise_without_a_date_does_not_keep_company(curve: Curve) -> None:
    standing = after(curve, *customer_centric(), PromiseMade(at=day(1), promise="p"))
    assert [each.at for each in curve.observe(standing, day(91)).due] == [day(90)]


@pytest.mark.parametrize("events", [[], [OneSided(at=day(1), by="company")], [*hopeful(), Departed(at=day(1))]])
def test_before_the_barrier_silence_is_not_even_recorded(curve: Curve, events: list[Event]) -> None:
    standing = after(curve, *events)
    assert curve.observe(standing, day(5000)).reactions == ()
    assert curve.next_due(standing) is None


def test_silence_goes_on_until_the_barrier_and_no_further(curve: Curve) -> None:
    step = curve.observe(after(curve, *hopeful()), day(5000))
    assert [each.at for each in step.due] == [day(90), day(180), day(270)]
    assert step.after.position.stage == "distrust"


def test_at_one_instant_promises_break_first_by_id_then_comes_silence(curve: Curve) -> None:
    made = [PromiseMade(at=day(0), promise=name, due=day(90), weight="minor") for name in ("z", "a", "m")]
    step = curve.observe(after(curve, *customer_centric(), *made), day(91))
    assert [broken(each) for each in step.due] == ["a", "m", "z", None]


def test_text_ids_are_ordered_as_text(curve: Curve) -> None:
    made = [PromiseMade(at=day(0), promise=name, due=day(9), weight="minor") for name in ("2", "10", "1")]
    step = curve.observe(after(curve, *customer_centric(), *made), day(10))
    assert [broken(each) for each in step.due] == ["1", "10", "2"]


# --- looking ---------------------------------------------------------------------------------------


def test_what_a_look_told_is_not_told_again(curve: Curve) -> None:
    standing = after(curve, *customer_centric())
    first = curve.observe(standing, day(100))
    assert signals(first) == ["silence"]
    assert first.after.as_of == day(100)
    assert curve.observe(first.after, day(100)).reactions == ()
    assert [each.at for each in curve.observe(first.after, day(200)).due] == [day(180)]
    assert signals(curve.advance(first.after, Exchanged(at=day(101)))) == ["exchange"]


def test_next_due_is_the_first_instant_at_which_a_look_says_something(curve: Curve) -> None:
    assert curve.next_due(after(curve, *customer_centric())) == day(90) + MICROSECOND
    assert curve.next_due(waiting(curve, due=10)) == day(10) + MICROSECOND
    assert curve.next_due(waiting(curve, due=150)) == day(150) + MICROSECOND
    assert curve.next_due(waiting(curve, due=300)) == day(180) + MICROSECOND
    assert curve.next_due(curve.observe(waiting(curve, due=10), day(11)).after) == day(90) + MICROSECOND
    assert curve.next_due(curve.observe(waiting(curve, due=10), day(999)).after) is None
    assert curve.next_due(curve.begin("ann", day(0))) is None


def test_nothing_comes_due_after_the_end_of_the_calendar() -> None:
    curve = Curve.default(grace=30, waiting_periods=1000, silence_after=36_500)
    last_day = PromiseMade(at=day(1), promise="p", due=datetime(9999, 12, 31, tzinfo=UTC))
    due = curve.next_due(after(curve, *hopeful(), last_day))
    assert due is None


def test_the_theorem_does_not_speak_of_the_clock(curve: Curve) -> None:
    story: list[Event] = [*customer_centric(), Complained(at=day(165)), Repaired(at=day(171)), Advocated(at=day(172))]
    without = curve.journey(story, customer="ann")
    assert curve.state(without.standing.position) == "advocate"
    # One exchange more, and the silence that came on day 90 comes on day 170: in the middle of a complaint.
    with_it = curve.journey([*story, Exchanged(at=day(80))], customer="ann")
    assert curve.state(with_it.standing.position) == "customer_centric"


# --- times -----------------------------------------------------------------------------------------


def test_times_become_utc_instants() -> None:
    at = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    made = PromiseMade(at=at, promise="p", due=at + timedelta(days=1))
    assert made.at == at
    assert made.due is not None
    assert (made.at.tzinfo, made.due.tzinfo) == (UTC, UTC)
    assert made == PromiseMade(at=at.astimezone(UTC), promise="p", due=made.due)


def test_ninety_days_are_ninety_times_24_hours_whatever_the_wall_clock_did(curve: Curve) -> None:
    winter, summer = timezone(timedelta(hours=1)), timezone(timedelta(hours=2))
    begin = datetime(2026, 3, 1, 12, tzinfo=winter)
    standing = curve.begin("ann", begin)
    for event in hopeful(begin):
        standing = curve.advance(standing, event).after
    # On the wall it is one o'clock in the afternoon when ninety days of 24 hours have passed.
    same_wall_time = datetime(2026, 5, 30, 12, tzinfo=summer)
    assert signals(curve.observe(standing, same_wall_time + timedelta(minutes=59))) == []
    assert signals(curve.observe(standing, same_wall_time + timedelta(minutes=61))) == ["silence"]


def test_an_hour_that_comes_twice_is_two_hours() -> None:
    try:
        berlin = ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        pytest.skip("this machine has no timezone data (system package tzdata)")
    first, second = (Exchanged(at=datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=berlin)) for fold in (0, 1))
    assert second.at - first.at == timedelta(hours=1)
    assert first.at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_other_kinds_of_datetime_become_plain_ones() -> None:
    class Finer(datetime):
        """A datetime of another library, for example one with nanoseconds."""

    assert type(Exchanged(at=Finer(2026, 1, 1, tzinfo=UTC)).at) is datetime


@pytest.mark.parametrize("last", [2, 10])
def test_promises_whose_dates_have_passed_unseen_break_at_once_in_the_order_of_their_ids(
    curve: Curve, last: int
) -> None:
    # As for a standing that moved to a curve with a shorter grace: it was looked at when both were still open.
    promises = [Promise("b", day(1)), Promise("c", day(1)), Promise("a", day(last))]
    moved = Standing("ann", day(10), Position("hopeful", 0, 0, 0, "due"), promises, day(10))
    step = curve.observe(moved, day(11))
    assert [(each.at, each.cause) for each in step.due] == [(day(10), BrokenPromise(name)) for name in "abc"]
    assert curve.next_due(moved) == day(10) + timedelta(microseconds=1)
