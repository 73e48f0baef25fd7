"""Laws of whole logs, with dirt of all kinds: every row and every event is accounted for once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.logs.helpers import CURVE, FORMS, Row, outcomes, parts, replay_file, write
from tests.logs.oracle import MAPPING, tell
from trustcurve.core.replay import FATES
from trustcurve.logs import LogReplay, parse_mapping, replay_customer, replay_journeys, scan_log
from trustcurve.logs.outputs import frames_of

TIMES = [
    "2026-01-01", "2026-01-01 00:00", "2025-12-31T23:00Z", "2026-01-01T12:00:00+02:00", "2026-01-02 08:00:00.5",
    "2026-01-05", "2026-03-29 02:30", "2026-01-09T10:00", "2026-05-01", "2027-02-01", "9999-12-31", "0001-01-01",
    "", "soon", "2026-02-30",
]  # fmt: skip
WORDS = ["ask", "order", "kept", "moved", "freed", "wide", "whole", "survey", "noise", "rated", "odr", ""]
COLUMNS: dict[str, list[str]] = {
    "customer": ["ann", "ann", "bob", " ann ", "客", ""],
    "time": TIMES,
    "event": [*WORDS[:7], *WORDS],
    "order": ["1", "1", "2", " 2", ""],
    "due": ["2026-01-03", "2026-01-10 08:00", "2026-06-01", "", "", "never", "9999-12-31T23:30Z", "9999-12-31"],
    "amount": ["50", "10", "9.99", "-1", "", "ten", "nan", "1e2", "1_0"],
    "weight": ["major", "minor", "", "huge"],
    "channel": ["web", ""],
    "tie": ["1", "2", "10", "", "", "b", "inf"],
    "id": ["", "", "", "i1", "i2", "i3"],
    "stars": ["", "", "5", "1", "nan"],
}
PLAIN = {"customer": "ann", "time": "2026-01-01", "event": "noise", "order": "1", "due": "", "amount": "50", "weight": "", "channel": "", "tie": "", "id": "", "stars": ""}  # fmt: skip

rows = st.fixed_dictionaries({column: st.sampled_from(values) for column, values in COLUMNS.items()})
untils = st.none() | st.sampled_from(["2025-01-01", "2026-01-01", "2026-01-05", "2026-04-01", "2030-01-01"]).map(
    lambda day: datetime.fromisoformat(day).replace(tzinfo=UTC)
)


logs = st.lists(rows, min_size=1, max_size=14)
with_files = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def row_of(**fields: str) -> Row:
    return {**PLAIN, **fields}


@with_files
@given(logs, untils)
@example(
    [row_of(event="wide", due="2026-01-10 08:00", id="i1"), row_of(event="survey", time="2026-01-05", id="i1")], None
)
@example(
    [row_of(event="order", id="i1"), row_of(event="order", id="i1"), row_of(event="kept", order="1", id="i2")], None
)
def test_every_row_and_every_event_is_accounted_for_exactly_once(
    tmp_path: Path, log: list[Row], until: datetime | None
) -> None:
    done = replay_file(write(tmp_path, log), MAPPING, until=until, outcome="stars")
    told = tell(log, until)
    assert done.at_until.until == (until or told.last)
    assert {each.row for each in done.rejects} == (
        told.broken_rows | told.reject_rows | told.conflict_rows | told.odd_outcomes
    )
    assert (done.counts.rows, done.counts.broken, done.counts.ignored) == (
        len(log),
        len(told.broken_rows),
        len(told.ignored_rows),
    )
    assert done.counts.rows == done.counts.used + done.counts.ignored + done.counts.broken
    assert {fate: getattr(done.counts, fate) for fate in FATES} == {fate: told.fates[fate] for fate in FATES}
    assert sum(each.event is not None and each.reason == "conflict" for each in done.rejects) == done.counts.conflict


@with_files
@given(logs, untils)
def test_a_log_is_the_journey_of_each_customer(tmp_path: Path, log: list[Row], until: datetime | None) -> None:
    done = replay_file(write(tmp_path, log), MAPPING, until=until, outcome="stars")
    told = tell(log, until)
    end = done.at_until.until
    assert set(done.standings) == set(done.at_until.standings) == set(told.events)
    for customer, events in told.events.items():
        behind = {id(event): row for row, event in events}
        journey = CURVE.journey([evolve(event, id=None) for _, event in events])
        look = CURVE.journey([], start=journey, until=end)
        assert done.standings[customer] == journey.standing
        assert done.at_until.standings[customer] == look.standing
        moved = [each for each in done.transitions if each.transition.customer == customer]
        assert [without_id(each.transition) for each in moved] == [without_id(move) for move in journey.transitions]
        seen = [move for move in done.at_until.transitions if move.customer == customer]
        assert [*journey.transitions, *seen] == list(look.transitions)
        for each in moved:
            rows = [behind[id(event)] for _, event in events if event == each.transition.event]
            assert each.row in (rows or [None])
    assert outcomes(done, "row", "customer", "state") == sorted(told.seen)


def without_id(move: Any) -> tuple[Any, ...]:
    """A transition as values; of its event only the kind, for the log's own id is kept with it."""
    kind = None if move.event is None else type(move.event)
    return move.customer, move.at, move.before, move.after, move.change, move.reaction, kind, move.promise


@settings(with_files, max_examples=30)
@given(logs, untils)
def test_one_customer_is_what_the_whole_log_says_of_them(
    tmp_path: Path, log: list[Row], until: datetime | None
) -> None:
    path = write(tmp_path, log)
    done = replay_file(path, MAPPING, until=until)
    journeys = replay_journeys(scan_log(path), parse_mapping(MAPPING), CURVE, until=until)
    assert {journey.customer: journey.standing for journey in journeys} == done.at_until.standings
    assert [journey.customer for journey in journeys] == list(done.standings)
    by_customer = {journey.customer: journey for journey in journeys}
    for customer in {*done.standings, *(reject.customer for reject in done.rejects if reject.customer)}:
        own = replay_customer(scan_log(path), parse_mapping(MAPPING), CURVE, customer, until=until)
        assert own.standing == done.standings.get(customer)
        assert own.observed == done.at_until.standings.get(customer)
        assert own.rejects == tuple(reject for reject in done.rejects if reject.customer == customer)
        assert own.steps == (by_customer[customer].steps if customer in by_customer else ())
        moved = [(each.logged.row, move) for each in own.applied if each.step for move in each.step.transitions]
        assert [(row if move.event is not None else None, move) for row, move in moved] == [
            (each.row, each.transition) for each in done.transitions if each.transition.customer == customer
        ]


@settings(with_files, max_examples=15)
@given(logs, untils)
def test_a_log_says_the_same_in_every_form(tmp_path: Path, log: list[Row], until: datetime | None) -> None:
    def said(form: str) -> tuple[Any, ...]:
        done = replay_file(write(tmp_path, log, form), MAPPING, until=until, outcome="stars")
        return (*parts(done), done.outcomes.table.rows())

    expected = said("csv")
    for form in FORMS[1:]:
        assert said(form) == expected


@settings(with_files, max_examples=20)
@given(logs, untils)
def test_asking_for_an_outcome_changes_nothing(tmp_path: Path, log: list[Row], until: datetime | None) -> None:
    path = write(tmp_path, log)
    asked = replay_file(path, MAPPING, until=until, outcome="stars")
    plain = replay_file(path, MAPPING, until=until)
    rejects = tuple(reject for reject in asked.rejects if reject.reason != "unreadable outcome")
    assert parts(evolve(asked, rejects=rejects, warnings=plain.warnings)) == parts(plain)


@settings(with_files, max_examples=40)
@given(logs, untils)
@example([row_of(event="whole", due="2026-01-09"), row_of(event="freed", time="2026-01-05")], None)
def test_broken_rows_might_as_well_not_be_there(tmp_path: Path, log: list[Row], until: datetime | None) -> None:
    whole = replay_file(write(tmp_path, log), MAPPING, until=until)
    broken = {reject.row for reject in whole.rejects if reject.at is None}
    kept = [row for number, row in enumerate(log, start=1) if number not in broken] or [row_of()]
    rest = replay_file(write(tmp_path, kept), MAPPING, until=until)
    assert rest.counts.broken == 0
    assert (rest.standings, rest.at_until) == (whole.standings, whole.at_until)
    assert all(getattr(rest.counts, fate) == getattr(whole.counts, fate) for fate in FATES)
    assert [each.transition for each in rest.transitions] == [each.transition for each in whole.transitions]


@settings(with_files, max_examples=20)
@given(logs, untils)
def test_what_is_written_has_a_row_for_everything(tmp_path: Path, log: list[Row], until: datetime | None) -> None:
    done: LogReplay = replay_file(write(tmp_path, log), MAPPING, until=until)
    frames = frames_of(done)
    assert frames["standings"]["customer"].to_list() == frames["observed"]["customer"].to_list() == list(done.standings)
    assert frames["standings"]["as_of"].to_list() == [standing.as_of for standing in done.standings.values()]
    assert frames["observed"]["as_of"].to_list() == [done.at_until.until] * len(done.standings)
    assert frames["rejects"]["row"].to_list() == [reject.row for reject in done.rejects]
    assert frames["transitions"]["observed"].to_list() == (
        [False] * len(done.transitions) + [True] * len(done.at_until.transitions)
    )


@pytest.mark.parametrize("word", ["order", "kept"])
def test_the_oracle_is_no_echo(word: str) -> None:
    assert tell([row_of(event=word)], None).reject_rows == (set() if word == "order" else {1})
