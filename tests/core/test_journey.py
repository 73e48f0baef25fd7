"""A journey: one customer's events, as they come, replayed."""

from __future__ import annotations

from datetime import datetime

import pytest
from attrs import evolve

from tests.core.stories import after, customer_centric, day, hopeful, kept
from trustcurve import (
    Complained,
    Curve,
    Event,
    Exchanged,
    Journey,
    OneSided,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    Proposed,
    TrustcurveError,
)
from trustcurve.errors import (
    CustomerMismatchError,
    InvalidValueError,
    NaiveTimeError,
    ObservedInThePastError,
    OutOfOrderError,
    UnknownPromiseError,
    UnknownWordError,
)


def signals(journey: Journey) -> list[str]:
    return [reaction.signal for step in journey.steps for reaction in step.reactions]


# --- order -------------------------------------------------------------------------------------------


def test_events_are_sorted_by_time(curve: Curve) -> None:
    log = [Exchanged(at=day(2)), OneSided(at=day(3), by="company"), Proposed(at=day(1))]
    assert signals(curve.journey(log, customer="ann")) == ["proposition", "exchange", "company_one_sided"]


def test_at_one_instant_they_stay_in_the_order_of_the_log(curve: Curve) -> None:
    log: list[Event] = [
        Exchanged(at=day(1)),
        Proposed(at=day(1)),
        OneSided(at=day(1), by="company"),
        Proposed(at=day(0)),
    ]
    assert signals(curve.journey(log, customer="ann")) == [
        "proposition",
        "exchange",
        "proposition",
        "company_one_sided",
    ]
    # Which decides what happens: a promise made and kept at once, in this order only.
    made, done = PromiseMade(at=day(1), promise="p", weight="minor"), PromiseKept(at=day(1), promise="p")
    assert signals(curve.journey([made, done], customer="ann")) == ["kept_minor"]
    with pytest.raises(UnknownPromiseError):
        curve.journey([done, made], customer="ann")


def test_a_log_may_be_anything_that_can_be_walked_through_once(curve: Curve) -> None:
    journey = curve.journey(iter(hopeful()), customer="ann")
    assert journey.standing == after(curve, *hopeful())


# --- where it begins -----------------------------------------------------------------------------------


def test_a_journey_begins_with_its_first_event(curve: Curve) -> None:
    journey = curve.journey([Exchanged(at=day(7)), Exchanged(at=day(5))], customer="ann")
    assert journey.start == curve.begin("ann", day(5))
    assert journey.customer == "ann"


def test_a_rejected_event_does_not_begin_a_journey(curve: Curve) -> None:
    log = [PromiseKept(at=day(1), promise="p"), Exchanged(at=day(5))]
    assert curve.journey(log, customer="ann", rejects="keep").start == curve.begin("ann", day(5))
    assert curve.journey(log[:1], customer="ann", rejects="keep").start == curve.begin("ann", day(1))


def test_an_event_can_say_whose_journey_it_is(curve: Curve) -> None:
    log = [Exchanged(at=day(1)), Exchanged(at=day(2), customer="bob")]
    assert curve.journey(log).customer == "bob"
    with pytest.raises(CustomerMismatchError) as caught:
        curve.journey(log, customer="ann")
    assert (caught.value.expected, caught.value.value) == ("ann", "bob")


def test_without_a_customer_or_a_beginning_there_is_no_journey(curve: Curve) -> None:
    with pytest.raises(InvalidValueError, match="customer"):
        curve.journey([Exchanged(at=day(1))])
    with pytest.raises(InvalidValueError, match="must have an event to begin the journey"):
        curve.journey([], customer="ann")


def test_an_empty_name_is_no_name(curve: Curve) -> None:
    with pytest.raises(InvalidValueError, match="customer"):
        curve.journey([Exchanged(at=day(1), customer="bob")], customer="")


def test_a_journey_goes_on_from_a_standing_or_from_a_journey(curve: Curve) -> None:
    first = curve.journey(hopeful(), customer="ann")
    more = [kept(at=day(3)), Exchanged(at=day(4))]
    from_journey = curve.journey(more, start=first)
    from_standing = curve.journey(more, start=first.standing)
    assert from_journey == curve.journey([*hopeful(), *more], customer="ann")
    assert from_standing.standing == from_journey.standing
    assert from_standing.start == first.standing
    assert len(from_standing.steps) == 2
    assert curve.journey([], start=first) == first
    with pytest.raises(CustomerMismatchError):
        curve.journey(more, start=first, customer="bob")
    with pytest.raises(OutOfOrderError):
        curve.journey(hopeful(), start=from_journey)


# --- until ---------------------------------------------------------------------------------------------


def test_until_lets_the_clock_have_its_say(curve: Curve) -> None:
    journey = curve.journey(customer_centric(), customer="ann", until=day(200))
    assert signals(journey)[-2:] == ["silence", "silence"]
    assert journey.standing.as_of == day(200)
    assert journey.steps[-1].event is None
    assert curve.journey(customer_centric(), customer="ann").standing.as_of == day(0)


def test_events_after_until_are_left_out_and_said(curve: Curve) -> None:
    log = [*hopeful(), Exchanged(at=day(10)), Exchanged(at=day(11))]
    journey = curve.journey(log, customer="ann", until=day(10))
    assert journey.later == (log[-1],)
    assert journey.standing.as_of == day(10)
    assert journey.steps[-1].event == log[-2], "one at that very instant counts, and needs no further look"


def test_until_before_everything_is_where_it_begins_and_ends(curve: Curve) -> None:
    journey = curve.journey(hopeful(at=day(5)), customer="ann", until=day(2))
    assert journey.standing == curve.begin("ann", day(2))
    assert journey.steps == ()
    assert len(journey.later) == 3
    assert curve.journey([], customer="ann", until=day(2)).standing == journey.standing


def test_until_cannot_look_back(curve: Curve) -> None:
    with pytest.raises(ObservedInThePastError):
        curve.journey([], start=after(curve, Exchanged(at=day(9))), until=day(8))
    with pytest.raises(NaiveTimeError) as caught:
        curve.journey(hopeful(), customer="ann", until=datetime(2026, 1, 1))  # noqa: DTZ001 - must be refused
    assert caught.value.argument == "until"


# --- duplicates ------------------------------------------------------------------------------------------


def test_an_event_that_comes_again_is_a_duplicate_dropped_and_kept_for_counting(curve: Curve) -> None:
    first, again = (OneSided(at=day(1), by="company", id="7") for _ in range(2))
    journey = curve.journey([first, again, OneSided(at=day(3), by="company")], customer="ann")
    assert signals(journey) == ["company_one_sided"] * 2
    assert journey.duplicates == (again,)
    assert journey.conflicts == ()
    assert journey.standing.as_of == day(3)


@pytest.mark.parametrize(
    "other",
    [
        OneSided(at=day(2), by="company", id="7"),
        OneSided(at=day(1), by="customer", id="7"),
        OneSided(at=day(1), by="company", id="7", note="by phone"),
        Exchanged(at=day(1), id="7"),
    ],
    ids=["time", "field", "note", "kind"],
)
def test_an_id_used_before_for_other_content_is_a_conflict(curve: Curve, other: Event) -> None:
    first = OneSided(at=day(1), by="company", id="7")
    journey = curve.journey([first, other], customer="ann")
    assert signals(journey) == ["company_one_sided"]
    assert journey.conflicts == (other,)
    assert journey.duplicates == ()


def test_the_first_in_time_counts_whatever_the_order_of_the_log(curve: Curve) -> None:
    late, early = Exchanged(at=day(2), id="7"), OneSided(at=day(1), by="company", id="7")
    journey = curve.journey([late, early], customer="ann")
    assert signals(journey) == ["company_one_sided"]
    assert journey.conflicts == (late,)


def test_events_without_an_id_are_never_duplicates(curve: Curve) -> None:
    journey = curve.journey([Exchanged(at=day(1))] * 3, customer="ann")
    assert len(journey.steps) == 3
    assert journey.duplicates == ()


def test_a_rejected_event_does_not_use_its_id_up(curve: Curve) -> None:
    unknown, right = PromiseKept(at=day(1), promise="p", id="7"), Exchanged(at=day(2), id="7")
    journey = curve.journey([unknown, right], customer="ann", rejects="keep")
    assert signals(journey) == ["exchange"]
    assert journey.duplicates == ()
    assert [reject.event for reject in journey.rejects] == [unknown]


def test_a_journey_knows_the_ids_it_used_and_a_standing_cannot(curve: Curve) -> None:
    first = curve.journey([Exchanged(at=day(1), id="7")], customer="ann")
    again = [Exchanged(at=day(1), id="7")]
    assert curve.journey(again, start=first).duplicates == tuple(again)
    assert curve.journey(again, start=first.standing, used=first.used).duplicates == tuple(again)
    assert curve.journey(again, start=first.standing, used={}).duplicates == ()
    with pytest.raises(InvalidValueError, match="identities used so far") as caught:
        curve.journey(again, start=first.standing)
    assert caught.value.argument == "used"


# --- rejects ---------------------------------------------------------------------------------------------


def test_what_cannot_be_applied_is_raised_or_kept_with_its_reason(curve: Curve) -> None:
    moved = PromiseMoved(at=day(1), promise="p", due=day(2))
    log = [*hopeful(), moved, Exchanged(at=day(2))]
    with pytest.raises(UnknownPromiseError):
        curve.journey(log, customer="ann")
    journey = curve.journey(log, customer="ann", rejects="keep")
    (reject,) = journey.rejects
    assert reject.event == moved
    assert isinstance(reject.error, UnknownPromiseError)
    assert isinstance(reject.error, TrustcurveError)
    assert reject.error.promise == "p"
    assert journey.standing == after(curve, *hopeful(), Exchanged(at=day(2)))


def test_another_customers_event_is_a_reject_too(curve: Curve) -> None:
    stray = Exchanged(at=day(1), customer="bob")
    journey = curve.journey([*hopeful(), stray], customer="ann", rejects="keep")
    assert [reject.event for reject in journey.rejects] == [stray]
    assert journey.standing.as_of == day(0), "it does not move the clock"


def test_a_journey_with_rejects_equals_itself_told_again(curve: Curve) -> None:
    log = [*hopeful(), PromiseKept(at=day(1), promise="p")]
    once, again = (curve.journey(log, customer="ann", rejects="keep") for _ in range(2))
    assert once == again


def test_only_known_ways_to_treat_rejects(curve: Curve) -> None:
    with pytest.raises(UnknownWordError, match="did you mean 'keep'"):
        curve.journey(hopeful(), customer="ann", rejects="kepp")  # type: ignore[arg-type]


def test_what_is_no_event_is_named_by_its_place(curve: Curve) -> None:
    with pytest.raises(InvalidValueError) as caught:
        curve.journey([*hopeful(), "Exchanged"], customer="ann", rejects="keep")  # type: ignore[list-item]
    assert caught.value.argument == "events[3]"


# --- what it tells ---------------------------------------------------------------------------------------


def test_a_journey_tells_its_moves_and_their_sources(curve: Curve) -> None:
    promised = PromiseMade(at=day(1), promise="p", due=day(9))
    log = [*customer_centric(), promised, Complained(at=day(300))]
    journey = curve.journey(log, customer="ann")
    assert [(move.at, move.before, move.after, move.promise) for move in journey.transitions] == [
        (day(0), "distrust.suspicious", "hopeful", None),
        (day(0), "hopeful", "customer_centric", None),
        (day(9), "customer_centric", "hopeful", "p"),
        (day(90), "hopeful", "distrust.competitive", None),
    ]
    assert [type(move.event).__name__ for move in journey.transitions] == [
        "Proposed",
        "Exchanged",
        "NoneType",
        "NoneType",
    ]
    assert journey.transitions[2].rule
    assert journey.transitions[2].rule.name == "broken_major.betrays"
    assert all(move.customer == "ann" for move in journey.transitions)
    assert journey.explain().splitlines()[0] == "2026-01-01 00:00 UTC  the company makes a hopeful proposition"


def test_nothing_but_the_log_counts(curve: Curve) -> None:
    named = [evolve(event, customer="ann", channel="shop") for event in hopeful()]
    assert curve.journey(named).standing == curve.journey(hopeful(), customer="ann").standing
