"""Laws of the ledger: what holds of every journey, whatever happened in it."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from tests.core.plain_ledger import Heard, PlainLedger, RefusedError
from tests.core.stories import after, broken, customer_centric, standing_at
from tests.core.strategies import (
    BEGIN,
    DAY,
    MICROSECOND,
    clocks,
    curve_with,
    events_at,
    fitting_logs,
    gaps,
    logs,
    standings,
)
from trustcurve import BrokenPromise, Curve, Event, PromiseMade, Silence, Standing, Step, TrustcurveError

CENTURY = 36_500 * DAY


def said(step: Step) -> list[Heard]:
    """Write down what a step said, in the words of the plain ledger."""
    words = []
    for each in step.occurrences:
        assert each.reaction is not None
        source = "silence" if isinstance(each.cause, Silence) else "event"
        source = f"promise {each.cause.promise}" if isinstance(each.cause, BrokenPromise) else source
        words.append(Heard(each.at, each.reaction.signal, source))
    return words


def agrees(book: PlainLedger, standing: Standing) -> None:
    assert standing.position == book.place.position()
    assert standing.quiet_since == book.quiet_since
    assert standing.as_of == book.seen_until
    assert {p.id: {"due": p.due, "weight": p.weight, "overdue": p.overdue} for p in standing.promises} == book.promises
    assert [p.id for p in standing.promises] == sorted(book.promises)


# --- the slow and obvious ledger -------------------------------------------------------------------


@given(clocks, logs(max_size=20), st.data())
def test_the_plain_ledger_tells_the_same_journey(clock: str, log: list[Event], data: st.DataObject) -> None:
    curve = curve_with(clock)
    book, standing = PlainLedger(curve.parameters, BEGIN), curve.begin("ann", BEGIN)
    told: list[Heard] = []
    for event in log:
        before = copy.deepcopy(book)
        try:
            step = curve.advance(standing, event)
        except TrustcurveError as error:
            with pytest.raises(RefusedError, match=type(error).__name__):
                book.record(event)
            book = before
            continue
        book.record(event)
        told += said(step)
        standing = step.after
        agrees(book, standing)
        if data.draw(st.integers(0, 3), label="look") == 0:
            until = standing.as_of + data.draw(gaps, label="for")
            step = curve.observe(standing, until)
            book.look(until)
            told += said(step)
            standing = step.after
            agrees(book, standing)
    assert told == book.heard


# --- purity ----------------------------------------------------------------------------------------


@given(clocks, st.data())
def test_the_same_arguments_give_the_same_answer_and_stay_as_they_were(clock: str, data: st.DataObject) -> None:
    curve = curve_with(clock)
    standing = data.draw(standings(curve))
    event = data.draw(events_at(standing.as_of + data.draw(gaps)))
    kept = pickle.dumps((standing, event))
    cold = pickle.loads(pickle.dumps(curve))  # noqa: S301 - our own
    answers = []
    for each in (curve, curve, cold):
        try:
            answers.append(each.advance(standing, event))
        except TrustcurveError as error:
            answers.append((type(error), str(error)))
        answers.append(each.observe(standing, event.at))
        answers.append(each.next_due(standing))
        assert (standing, event) == pickle.loads(kept)  # noqa: S301 - our own
    assert answers[:3] == answers[3:6] == answers[6:]


@given(clocks, st.data())
def test_a_step_says_all_that_changed(clock: str, data: st.DataObject) -> None:
    curve = curve_with(clock)
    before = data.draw(standings(curve))
    event = data.draw(st.none() | events_at(before.as_of + data.draw(gaps)))
    try:
        step = curve.advance(before, event) if event else curve.observe(before, before.as_of + data.draw(gaps))
    except TrustcurveError:
        return  # there was no step
    position = before.position
    for reaction in step.reactions:
        assert reaction.before == position
        position = reaction.after
    assert position == step.after.position
    assert step.change == curve.rank(step.after.position) - curve.rank(before.position)
    assert (step.rose, step.fell) == (step.change > 0, step.change < 0)
    assert sum(move.change for move in step.transitions) == step.change
    assert [each.at for each in step.due] == sorted(each.at for each in step.due)
    assert all(before.as_of <= each.at < step.after.as_of for each in step.due)
    assert len(step.reactions) - len(step.due) == (step.reaction is not None)


# --- journeys --------------------------------------------------------------------------------------


@given(clocks, st.data())
def test_a_journey_can_be_cut_anywhere(clock: str, data: st.DataObject) -> None:
    curve = curve_with(clock)
    log = data.draw(fitting_logs(curve))
    names = data.draw(st.lists(st.sampled_from([None, "1", "2", "3"]), min_size=len(log), max_size=len(log)))
    log = [evolve(event, id=name) for event, name in zip(log, names, strict=True)]
    cut = data.draw(st.integers(1, len(log)))
    whole = curve.journey(log, customer="ann", rejects="keep")
    first = curve.journey(log[:cut], customer="ann", rejects="keep")
    rest = curve.journey(log[cut:], start=first, rejects="keep")
    assert rest == whole
    # A bare standing knows all but the ids that were used.
    dropped = {id(event) for event in (*whole.duplicates, *whole.conflicts)}
    bare = [evolve(event, id=None) for event in log[cut:] if id(event) not in dropped]
    going_on = curve.journey(bare, start=first.standing, rejects="keep")
    assert going_on.standing == whole.standing


@given(clocks, st.data())
def test_a_journey_is_a_fold_of_advance_in_the_order_of_time(clock: str, data: st.DataObject) -> None:
    curve = curve_with(clock)
    log = data.draw(fitting_logs(curve))
    standing = curve.begin("ann", log[0].at)
    for event in log:
        standing = curve.advance(standing, event).after
    times = data.draw(st.permutations(sorted({event.at for event in log})))
    by_time = [event for at in times for event in log if event.at == at]  # ties stay in the order of the log
    journey = curve.journey(by_time, customer="ann")
    assert journey.standing == standing
    assert [step.event for step in journey.steps] == log
    later = log[-1].at + data.draw(gaps)
    assert curve.journey(log, customer="ann", until=later).standing == curve.observe(standing, later).after


# --- looking ---------------------------------------------------------------------------------------


@given(clocks, st.data())
def test_looking_changes_nothing_that_comes_later(clock: str, data: st.DataObject) -> None:
    curve = curve_with(clock)
    standing = data.draw(standings(curve))
    event = data.draw(events_at(standing.as_of + data.draw(gaps)))
    share = data.draw(st.sampled_from([0, 1, 2, 3]))
    look = curve.observe(standing, standing.as_of + (event.at - standing.as_of) * share / 3)
    assert look.after.quiet_since == standing.quiet_since
    try:
        step = curve.advance(standing, event)
    except TrustcurveError as error:
        with pytest.raises(type(error)):
            curve.advance(look.after, event)
        return
    second = curve.advance(look.after, event)
    assert second.after == step.after
    assert look.reactions + second.reactions == step.reactions
    assert look.due + second.due == step.due


@given(clocks, st.data())
def test_next_due_is_when_looking_first_says_something(clock: str, data: st.DataObject) -> None:
    curve = curve_with(clock)
    standing = data.draw(standings(curve))
    due = curve.next_due(standing)
    if due is None:
        assert curve.observe(standing, standing.as_of + CENTURY).reactions == ()
    else:
        assert curve.observe(standing, due - MICROSECOND).reactions == ()
        assert len(curve.observe(standing, due).reactions) >= 1


@given(clocks, st.data())
def test_timers_tell_the_whole_story_of_a_silence(clock: str, data: st.DataObject) -> None:
    curve = curve_with(clock)
    standing = data.draw(standings(curve))
    end = standing.as_of + 10 * 365 * DAY
    told: list[Heard] = []
    now = standing
    while (due := curve.next_due(now)) is not None and due <= end:
        step = curve.observe(now, due)
        told += said(step)
        now = step.after
    assert told == said(curve.observe(standing, end))
    assert curve.observe(now, end).after == curve.observe(standing, end).after


# --- what does not count ---------------------------------------------------------------------------

texts = st.none() | st.text(min_size=1, max_size=5)


@given(clocks, st.data())
def test_channel_note_fault_and_id_change_nothing(clock: str, data: st.DataObject) -> None:
    curve = curve_with(clock)
    standing = data.draw(standings(curve))
    event = data.draw(events_at(standing.as_of + data.draw(gaps)))
    fault = data.draw(st.sampled_from([None, "own", "circumstance"]))
    other = evolve(event, channel=data.draw(texts), note=data.draw(texts), id=data.draw(texts), fault=fault)
    try:
        step = curve.advance(standing, event)
    except TrustcurveError as error:
        with pytest.raises(type(error)):
            curve.advance(standing, other)
        return
    told = curve.advance(standing, other)
    assert (told.after, told.reactions, told.due) == (step.after, step.reactions, step.due)
    assert told.event == other


@given(st.permutations("abc"), st.sampled_from([timedelta(0), DAY]))
def test_at_one_instant_promises_break_by_id_and_silence_comes_last(order: list[str], grace: timedelta) -> None:
    curve = Curve.default(grace=grace)
    standing = curve.begin("ann", BEGIN)
    for name in order:
        made = PromiseMade(at=BEGIN, promise=name, due=BEGIN + 90 * DAY - grace, weight="minor")
        standing = curve.advance(standing, made).after
    hopeful = standing_at(standing, evolve(standing.position, stage="hopeful", engaged=4, doubt=0))
    step = curve.observe(hopeful, BEGIN + 90 * DAY + MICROSECOND)
    assert [broken(each) for each in step.due] == ["a", "b", "c", None]
    assert {each.at for each in step.due} == {BEGIN + 90 * DAY}


# --- silence ---------------------------------------------------------------------------------------

far_promises = st.lists(
    st.builds(
        lambda name, days, weight: PromiseMade(at=BEGIN, promise=name, due=BEGIN + days * DAY, weight=weight),
        st.sampled_from("abcdef"),
        st.integers(1, 100_000),
        st.sampled_from(["major", "minor"]),
    ),
    max_size=4,
    unique_by=lambda made: made.promise,
)


@given(far_promises, st.integers(0, 3), st.sampled_from([7, 90]))
def test_no_stage_outlives_silence_for_ever_whatever_is_promised(
    promises: list[PromiseMade], waiting: int, period: int
) -> None:
    curve = Curve.default(waiting_periods=waiting, silence_after=period)
    standing = after(curve, *customer_centric(), *promises)
    # A stage is left after at most as many periods as there is goodwill, and one more; there are three to fall.
    most = waiting + 3 * (curve.parameters["engaged_max"] + 1)
    quiet = curve.observe(standing, BEGIN + (most * period + 1) * DAY).after
    assert curve.stage(quiet.position).outside
