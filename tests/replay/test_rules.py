"""The rules of a log of many customers, one example each."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.core.stories import day, hopeful
from trustcurve import (
    Complained,
    Curve,
    Departed,
    Event,
    Exchanged,
    OneSided,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    Proposed,
    Purchased,
)
from trustcurve.core.replay import LoggedEvent, Replay, history, replay
from trustcurve.errors import (
    CustomerMismatchError,
    InvalidValueError,
    NaiveTimeError,
    ObservedInThePastError,
    UnknownPromiseError,
)


def row(number: int, *events: Event, sequence: int | None = None) -> list[LoggedEvent]:
    return [LoggedEvent(event, number, place, sequence) for place, event in enumerate(events)]


def fates(curve: Curve, log: list[LoggedEvent | Event], until: datetime | None = None) -> list[tuple[int | None, str]]:
    return [(fate.logged.row, fate.fate) for fate in history(curve, "ann", log, until=until).fates]


def kinds(curve: Curve, log: list[LoggedEvent | Event]) -> list[str]:
    return [type(step.event).__name__ for step in history(curve, "ann", log).steps]


# --- order -----------------------------------------------------------------------------------------


def test_at_one_instant_the_sequence_comes_first_then_the_row_then_the_place(curve: Curve) -> None:
    log = [
        *row(4, Complained(at=day(1))),
        *row(3, Purchased(at=day(1)), Exchanged(at=day(1)))[::-1],
        *row(2, Departed(at=day(1)), sequence=2),
        *row(1, Proposed(at=day(1)), sequence=10),
    ]
    assert kinds(curve, log) == ["Departed", "Proposed", "Purchased", "Exchanged", "Complained"]


def test_events_of_a_stream_keep_the_order_in_which_they_come(curve: Curve) -> None:
    log = [Exchanged(at=day(2)), Complained(at=day(1)), Purchased(at=day(1))]
    assert kinds(curve, log) == ["Complained", "Purchased", "Exchanged"]


# --- identity --------------------------------------------------------------------------------------


def test_the_same_id_at_two_customers_means_two_events(curve: Curve) -> None:
    log = [Exchanged(at=day(1), customer=name, id="7") for name in ("ann", "bob")]
    done = replay(log, {}, curve)
    assert (done.counts.applied, done.counts.duplicate) == (2, 0)
    assert set(done.used or {}) == {("ann", "7", 0), ("bob", "7", 0)}


def test_the_events_of_a_row_share_its_id_and_differ_in_their_place(curve: Curve) -> None:
    both = [Purchased(at=day(1), id="7"), Complained(at=day(1), id="7")]
    assert fates(curve, [*row(1, *both), *row(2, *both)]) == [
        (1, "applied"), (1, "applied"), (2, "duplicate"), (2, "duplicate"),
    ]  # fmt: skip
    assert fates(curve, [*both]) == [(None, "applied"), (None, "conflict")], "each is a row of its own in a stream"


def test_a_conflict_is_reported_with_both_rows(curve: Curve) -> None:
    log = [*row(1, Purchased(at=day(1), customer="ann", id="7")), *row(2, Departed(at=day(2), customer="ann", id="7"))]
    (conflict,) = replay(log, {}, curve).rejects
    assert conflict.fate == "conflict"
    assert conflict.cause is not None
    assert (conflict.cause.row, conflict.logged.row) == (1, 2)


def test_only_an_applied_event_uses_its_identity_up(curve: Curve) -> None:
    refused = row(1, Purchased(at=day(1), id="7"), PromiseKept(at=day(1), id="7", promise="never made"))
    later = row(3, Purchased(at=day(9), id="7"))
    log = [*refused, *row(2, Departed(at=day(2), id="7")), *later]
    assert fates(curve, log, day(5)) == [(1, "rejected"), (1, "rejected"), (2, "applied"), (3, "later")]


def test_a_duplicate_does_not_move_the_clock(curve: Curve) -> None:
    made = PromiseMade(at=day(1), promise="a", due=day(2), id="7")
    log = [LoggedEvent(made, 1), LoggedEvent(made, 2)]
    assert history(curve, "ann", log).standing == history(curve, "ann", log[:1]).standing


# --- what is applied together --------------------------------------------------------------------------


def test_a_refused_event_takes_along_those_of_its_row_at_its_instant_alone(curve: Curve) -> None:
    wide = row(
        1,
        Purchased(at=day(1)),
        Exchanged(at=day(2)),
        PromiseMoved(at=day(2), promise="never made", due=day(3)),
        Complained(at=day(3)),
    )
    log = [*wide, *row(2, OneSided(at=day(2), by="company"))]
    done = history(curve, "ann", log)
    assert [(fate.logged.row, fate.logged.place, fate.fate) for fate in done.fates] == [
        (1, 0, "applied"), (1, 1, "rejected"), (1, 2, "rejected"), (2, 0, "applied"), (1, 3, "applied"),
    ]  # fmt: skip
    first, second = (fate for fate in done.fates if fate.fate == "rejected")
    assert isinstance(first.error, UnknownPromiseError)
    assert first.error is second.error
    assert first.cause == second.cause == wide[2]
    assert done.standing is not None
    assert done.standing.as_of == day(3)


def test_a_refused_event_does_not_begin_a_customer(curve: Curve) -> None:
    log = [PromiseKept(at=day(1), promise="never made", customer="ann"), Exchanged(at=day(5), customer="ann")]
    done = replay(log, {}, curve)
    assert done.standings["ann"] == curve.journey(log[1:]).standing
    assert replay(log[:1], {}, curve).standings == {}


def test_events_of_two_rows_at_one_instant_are_not_applied_together(curve: Curve) -> None:
    refused = LoggedEvent(PromiseKept(at=day(1), promise="never made"), 1, 0)
    assert fates(curve, [refused, LoggedEvent(Exchanged(at=day(1)), 2, 1)]) == [(1, "rejected"), (2, "applied")]


def test_a_row_that_says_the_same_place_twice_says_it_one_after_the_other(curve: Curve) -> None:
    made = LoggedEvent(PromiseMade(at=day(1), promise="a", id="7"), 1, 0)
    assert fates(curve, [made, made]) == [(1, "applied"), (1, "duplicate")]


def test_a_history_begins_before_its_first_applied_event(curve: Curve) -> None:
    log: list[LoggedEvent | Event] = [PromiseKept(at=day(0), promise="a"), Exchanged(at=day(1)), Exchanged(at=day(2))]
    assert history(curve, "ann", log).start == curve.begin("ann", day(1))
    first = history(curve, "ann", log[:2]).standing
    assert history(curve, "ann", log[2:], first).start == first
    assert history(curve, "ann", log[:1]).start is None


def test_duplicates_are_dropped_before_the_rest_of_a_row_is_applied(curve: Curve) -> None:
    made = PromiseMade(at=day(1), promise="a", id="7")
    # Alone, the promise made again would be refused, and take the complaint along.
    log = [*row(1, made), *row(2, made, Complained(at=day(1), id="7"))]
    assert fates(curve, log) == [(1, "applied"), (2, "duplicate"), (2, "applied")]


def test_an_event_can_be_skipped_where_its_promise_is_not_open(curve: Curve) -> None:
    made = PromiseMade(at=day(1), promise="a", due=day(2))
    answers = [PromiseKept(at=day(at), promise="a", weight="minor") for at in (3, 4)]
    log = [
        *row(1, made),
        *(LoggedEvent(kept, number, if_open=True) for number, kept in enumerate(answers, 2)),
        LoggedEvent(Exchanged(at=day(4)), 3, 1, if_open=True),
    ]
    assert fates(curve, log) == [(1, "applied"), (2, "applied"), (3, "skipped"), (3, "applied")]


def test_a_skipped_event_is_no_refused_one_whatever_its_place_in_the_row(curve: Curve) -> None:
    skipped = LoggedEvent(PromiseKept(at=day(1), promise="b"), 1, 1, if_open=True)
    refused, other = row(1, PromiseKept(at=day(1), promise="a"), Exchanged(at=day(1)), Exchanged(at=day(1)))[::2]
    assert fates(curve, [refused, skipped, other]) == [(1, "rejected"), (1, "skipped"), (1, "rejected")]
    assert fates(curve, [skipped, other]) == [(1, "skipped"), (1, "applied")]
    made = LoggedEvent(PromiseMade(at=day(1), promise="b"), 1, 0)
    assert fates(curve, [made, skipped]) == [(1, "applied"), (1, "applied")], "a row may keep what it made itself"


# --- until -----------------------------------------------------------------------------------------


def two_customers() -> list[Event]:
    return [
        *(each.__class__(at=each.at, customer="ann") for each in hopeful()),
        Complained(at=day(400), customer="bob"),
    ]


def test_without_until_everybody_is_seen_at_the_latest_applied_event(curve: Curve) -> None:
    refused = PromiseKept(at=day(900), customer="cyd", promise="never made")
    done = replay([*two_customers(), refused], {}, curve)
    assert done.at_until.until == day(400)
    assert {standing.as_of for standing in done.at_until.standings.values()} == {day(400)}
    assert {name: standing.as_of for name, standing in done.standings.items()} == {"ann": day(0), "bob": day(400)}


def test_what_the_look_finds_stands_apart(curve: Curve) -> None:
    done = replay(two_customers(), {}, curve)
    assert [each.transition.after for each in done.transitions] == ["hopeful"]
    assert [(each.customer, each.at, each.after) for each in done.at_until.transitions] == [
        ("ann", day(270), "distrust.suspicious")
    ]
    assert curve.state(done.standings["ann"].position) == "hopeful"


def test_what_comes_tomorrow_is_not_before_a_look_of_today(curve: Curve) -> None:
    today = replay(two_customers(), {}, curve)
    late = Exchanged(at=day(10), customer="ann")  # before the look at day 400, after ann's last event
    done = replay([late], today.standings, curve)
    assert done.counts.applied == 1
    assert done.at_until.until == day(400)
    assert replay([late], today.at_until.standings, curve).counts.rejected == 1


def test_a_standing_without_events_is_looked_at_too(curve: Curve) -> None:
    ann = curve.begin("ann", day(0))
    done = replay([], {"ann": ann}, curve, day(9))
    assert done.standings == {"ann": ann}
    assert done.at_until.standings["ann"].as_of == day(9)
    assert replay([], {}, curve).at_until.until is None


def test_nobody_can_look_before_what_is_known(curve: Curve) -> None:
    with pytest.raises(ObservedInThePastError):
        replay([], {"ann": curve.begin("ann", day(9))}, curve, day(8))
    with pytest.raises(NaiveTimeError, match="until"):
        replay([], {}, curve, datetime(2026, 1, 1))  # noqa: DTZ001 - must be refused


# --- going on --------------------------------------------------------------------------------------


def test_who_goes_on_from_standings_brings_the_identities_or_says_that_nothing_is_repeated(curve: Curve) -> None:
    made = PromiseMade(at=day(1), customer="ann", promise="a", id="7")
    first = replay([made], {}, curve)
    with pytest.raises(InvalidValueError, match="must be the identities used so far") as caught:
        replay([made], first.standings, curve)
    assert caught.value.argument == "used"

    def again(**used: object) -> Replay:
        return replay([made], first.standings, curve, **used)  # type: ignore[arg-type]

    assert again(used=first.used).counts.duplicate == 1
    assert again(used={}).counts.rejected == 1
    assert replay([Exchanged(at=day(2), customer="ann")], first.standings, curve).counts.applied == 1
    assert replay([Exchanged(at=day(2), customer="bob", id="7")], first.standings, curve).counts.applied == 1


# --- bad input -------------------------------------------------------------------------------------


def test_a_log_of_many_names_its_customers(curve: Curve) -> None:
    with pytest.raises(InvalidValueError) as caught:
        replay([Exchanged(at=day(1), customer="ann"), Exchanged(at=day(1))], {}, curve)
    assert caught.value.argument == "events[1].customer"
    with pytest.raises(InvalidValueError, match=r"events\[0\]"):
        replay(["Exchanged"], {}, curve)  # type: ignore[list-item]


def test_a_standing_stands_under_its_own_name(curve: Curve) -> None:
    with pytest.raises(CustomerMismatchError):
        replay([], {"bob": curve.begin("ann", day(0))}, curve)


def test_an_event_of_another_customer_is_rejected_in_a_history(curve: Curve) -> None:
    assert fates(curve, [Exchanged(at=day(1), customer="bob")]) == [(None, "rejected")]
