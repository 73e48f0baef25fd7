"""The law of replay: whatever runs a log, and however it is cut, the answer is that of the slow and obvious one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.core.stories import day
from tests.replay.executions import EXECUTIONS, Execution
from tests.replay.plain_replay import plain_replay
from tests.replay.strategies import CUSTOMERS, cuts, logs, untils
from trustcurve import Curve, Event, Exchanged, PromiseKept, PromiseMade, Purchased
from trustcurve.core.replay import FATES, LoggedEvent, LoggedTransition, history, replay

CURVE = Curve.default()
every_execution = pytest.mark.parametrize(
    "execution",
    [pytest.param(each, marks=pytest.mark.slow) if each.name == "logs" else each for each in EXECUTIONS],
    ids=lambda each: each.name,
)
executions_that_go_on = pytest.mark.parametrize(
    "execution", [each for each in EXECUTIONS if each.goes_on], ids=lambda each: each.name
)


def logged(event: Event, row: int, place: int = 0) -> LoggedEvent:
    return LoggedEvent(event, row, place)


ALL_OR_NONE = [
    logged(Purchased(at=day(1), customer="ann", id="1"), 1, 0),
    logged(PromiseKept(at=day(1), customer="ann", id="1", promise="a"), 1, 1),
    logged(Exchanged(at=day(2), customer="ann", id="1"), 1, 2),
    logged(Purchased(at=day(3), customer="ann", id="1"), 2, 0),
]
ALL_SKIPPED = [LoggedEvent(PromiseKept(at=day(1), customer="ann", promise="a"), 1, 0, if_open=True)]


@every_execution
@settings(max_examples=150)
@given(log=logs(), until=untils)
@example(log=ALL_OR_NONE, until=None)
@example(log=ALL_SKIPPED, until=None)
@example(log=[*ALL_SKIPPED, logged(Exchanged(at=day(2), customer="bob"), 2)], until=None)
def test_every_execution_equals_the_plain_one(
    execution: Execution, log: list[LoggedEvent], until: datetime | None
) -> None:
    log = execution.takes(log)
    done, plain = execution.run(log, {}, CURVE, until), plain_replay(log, {}, CURVE, until)
    assert done == plain
    assert done.counts.total == len(log)


@executions_that_go_on
@given(log=logs(), cut=cuts, until=untils)
def test_a_log_can_be_cut_in_time(
    execution: Execution, log: list[LoggedEvent], cut: datetime, until: datetime | None
) -> None:
    log = execution.takes(log)
    whole = execution.run(log, {}, CURVE, until)
    first = execution.run([each for each in log if each.event.at <= cut], {}, CURVE)
    if until is not None and until < cut:
        return  # what is known already cannot be later
    rest = execution.run([each for each in log if each.event.at > cut], first.standings, CURVE, until, used=first.used)
    assert rest.standings == whole.standings
    assert rest.used == whole.used
    assert rest.at_until == whole.at_until
    assert by_time((*first.transitions, *rest.transitions)) == whole.transitions
    assert sorted(map(repr, first.rejects + rest.rejects)) == sorted(map(repr, whole.rejects))
    for fate in FATES:
        assert getattr(first.counts, fate) + getattr(rest.counts, fate) == getattr(whole.counts, fate)


def by_time(transitions: Iterable[LoggedTransition]) -> tuple[LoggedTransition, ...]:
    return tuple(sorted(transitions, key=lambda each: (each.transition.at, each.transition.customer)))


@every_execution
@settings(max_examples=40)  # writing files takes a while
@given(log=logs(), until=untils)
def test_a_log_can_be_cut_by_customer(execution: Execution, log: list[LoggedEvent], until: datetime | None) -> None:
    log = execution.takes(log)
    whole = execution.run(log, {}, CURVE, until)
    end = until or whole.at_until.until
    parts = [
        execution.run([each for each in log if each.event.customer == customer], {}, CURVE, end)
        for customer in CUSTOMERS
    ]
    assert whole.standings == {name: standing for part in parts for name, standing in part.standings.items()}
    assert whole.at_until.standings == {
        name: standing for part in parts for name, standing in part.at_until.standings.items()
    }
    assert whole.transitions == by_time(each for part in parts for each in part.transitions)
    # Without until, what a customer's part leaves out as later may have been rejected in the whole; else all is the same.
    if until is not None:
        for fate in FATES:
            assert sum(getattr(part.counts, fate) for part in parts) == getattr(whole.counts, fate)


@every_execution
@settings(max_examples=40)
@given(log=logs(), data=st.data())
def test_the_order_of_rows_that_say_their_place_does_not_matter(
    execution: Execution, log: list[LoggedEvent], data: st.DataObject
) -> None:
    log = execution.takes(log)
    assert execution.run(data.draw(st.permutations(log)), {}, CURVE) == execution.run(log, {}, CURVE)


@given(log=logs(), until=untils)
def test_what_was_not_applied_might_as_well_not_be_there(log: list[LoggedEvent], until: datetime | None) -> None:
    applied = [
        fate.logged
        for customer in CUSTOMERS
        for fate in history(CURVE, customer, [e for e in log if e.event.customer == customer], until=until).fates
        if fate.fate == "applied"
    ]
    whole, part = replay(log, {}, CURVE, until), replay(applied, {}, CURVE, until)
    assert part.counts.applied == len(applied) == whole.counts.applied
    assert (part.standings, part.transitions, part.used) == (whole.standings, whole.transitions, whole.used)
    assert part.at_until == whole.at_until


def test_the_plain_replay_is_no_echo() -> None:
    made = PromiseMade(at=day(1), customer="ann", promise="a", id="1")
    kept = LoggedEvent(PromiseKept(at=day(1), customer="ann", promise="b"), 3, if_open=True)
    log = [logged(made, 1), logged(made, 2), kept, *ALL_OR_NONE]
    counts = plain_replay(log, {}, CURVE, day(2)).counts
    assert [getattr(counts, fate) for fate in FATES] == [3, 1, 1, 1, 1, 0]
    assert plain_replay(ALL_OR_NONE, {}, CURVE).counts.rejected == 2
