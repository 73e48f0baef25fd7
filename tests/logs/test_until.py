"""Up to when the clock runs: the same instant for everyone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.logs.helpers import (
    CURVE,
    EXCHANGE,
    IGNORE_REST,
    UTC_LOG,
    at,
    events_in,
    rejects,
    replay,
    replay_text,
    rule,
    table,
    write,
)
from trustcurve.core.errors import NaiveTimeError
from trustcurve.logs import parse_mapping, scan_log, tell_story

LOG = """
customer | time       | event | due
ann      | 2026-01-01 | made  | 2026-01-10
bob      | 2026-01-05 | made  |
cyd      | 2026-06-01 | made  | 2026-06-02
ann      | 2026-01-08 | kept  |
dan      | soon       | made  |
bob      | 2026-01-07 | noise |
"""
RULES = rule('{ event = "made" }', 'PromiseMade promise = "p"; due = "due"', "Purchased")
RULES += rule('{ event = "kept" }', 'PromiseKept promise = "p"') + rule('{ event = "noise" }', ignore=True)


def states(path: Path, until: datetime | None) -> dict[str, str]:
    done = replay(path, LOG, UTC_LOG + RULES, until=until)
    return {customer: CURVE.state(standing.position) for customer, standing in done.standings.items()}


def test_without_until_everyone_is_seen_at_the_last_event_of_the_whole_log(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, UTC_LOG + RULES)
    assert done.until == at("2026-06-01")
    assert {standing.as_of for standing in done.standings.values()} == {at("2026-06-01")}
    # A silence of 90 days has passed for ann, and for bob, who waits without a date; cyd's day has not passed.
    assert states(tmp_path, None) == {"ann": "distrust.suspicious", "bob": "distrust.suspicious", "cyd": "hopeful"}


def test_a_row_that_makes_no_event_does_not_run_the_clock(tmp_path: Path) -> None:
    log = "customer | time | event\nann | 2026-01-01 | x\nann | 2027-01-01 | y\n | 2028-01-01 | x\nann | 2029-01-01 | z"
    rules = EXCHANGE + rule('{ event = "y" }', ignore=True)
    assert replay(tmp_path, log, UTC_LOG + rules).until == at("2026-01-01")


@pytest.mark.parametrize("row", ["bob | 2099-01-01 | kept | | 9", "ann | 2099-01-01 | made | | 1"])
def test_a_row_that_could_not_be_used_does_not_run_the_clock(tmp_path: Path, row: str) -> None:
    log = f"customer | time | event | due | id\nann | 2026-01-01 | made | 2026-02-01 | 1\n{row}"
    done = replay(tmp_path, log, UTC_LOG + 'id = "id"\n' + RULES)
    assert (done.counts.used, done.until) == (1, at("2026-01-01"))
    assert CURVE.state(done.standings["ann"].position) == "hopeful"


def test_a_story_sees_the_last_used_event_of_others(tmp_path: Path) -> None:
    log = """
    customer | time       | event | due | id
    ann      | 2026-01-01 | made  |     | 1
    bob      | 2026-03-01 | made  |     | 2
    cyd      | 2026-02-01 | made  |     | 3
    dan      | 2099-01-01 | kept  |     | 4
    eve      | 2098-01-01 | made  |     | 2
    """
    mapping = UTC_LOG + 'id = "id"\n' + RULES
    told = tell_story(scan_log(write(tmp_path, table(log))), parse_mapping(mapping), CURVE, "ann")
    assert told.standing is not None
    assert told.standing.as_of == replay(tmp_path, log, mapping).until == at("2026-03-01")


def test_later_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, UTC_LOG + RULES, until=at("2026-01-06"))
    assert list(done.standings) == ["ann", "bob"]
    assert {standing.as_of for standing in done.standings.values()} == {at("2026-01-06")}
    counts = done.counts
    assert (counts.rows, counts.used, counts.later, counts.ignored, counts.rejected) == (6, 2, 2, 1, 1)
    assert rejects(done) == [(5, "unreadable time")]


@pytest.mark.parametrize(
    ("until", "ann"),
    [
        ("2026-01-01", "hopeful"),
        ("2026-01-08", "hopeful"),
        ("2026-04-08", "hopeful"),
        ("2026-04-08T00:00:00.000001", "distrust.suspicious"),
        ("2030-01-01", "distrust.suspicious"),
    ],
)
def test_the_clock_runs_to_until_and_not_beyond(tmp_path: Path, until: str, ann: str) -> None:
    assert states(tmp_path, at(until))["ann"] == ann


def test_an_event_at_until_itself_is_applied(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, UTC_LOG + RULES, until=at("2026-01-08"))
    assert done.standings["ann"].promises == ()
    assert done.counts.later == 1


@pytest.mark.parametrize("until", ["2026-02-01T01:00+01:00", "2026-01-31T19:00-05:00"])
def test_until_may_be_in_any_timezone(tmp_path: Path, until: str) -> None:
    assert replay(tmp_path, LOG, UTC_LOG + RULES, until=at(until)).until == at("2026-02-01")


def test_until_before_everything_leaves_nobody(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, UTC_LOG + RULES, until=at("2020-01-01"))
    assert (done.until, done.standings, done.moves) == (at("2020-01-01"), {}, ())
    assert (done.counts.used, done.counts.later, done.counts.ignored, done.counts.rejected) == (0, 4, 1, 1)


def test_a_naive_until_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NaiveTimeError, match="until"):
        replay(tmp_path, LOG, UTC_LOG + RULES, until=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_a_row_is_later_only_if_all_of_it_is(tmp_path: Path) -> None:
    log = "customer | time | paid\nann | 2026-01-01 | 2026-01-09\nbob | 2026-01-08 | 2026-01-09"
    done = replay(tmp_path, log, UTC_LOG + rule("", "Complained", 'Purchased at = "paid"'), until=at("2026-01-05"))
    assert (done.counts.used, done.counts.later, done.counts.events) == (1, 1, 1)
    assert list(done.standings) == ["ann"]


def test_a_later_row_uses_no_id_up_and_is_no_duplicate(tmp_path: Path) -> None:
    log = "customer | time | event | id\nann | 2026-01-01 | x | 1\nann | 2026-01-08 | x | 1\nann | 2026-01-09 | x | 2"
    done = replay(tmp_path, log, UTC_LOG + 'id = "id"\n' + EXCHANGE, until=at("2026-01-05"))
    assert (done.counts.used, done.counts.later, done.counts.duplicates) == (1, 2, 0)


def test_until_is_as_if_later_rows_were_not_there(tmp_path: Path) -> None:
    until = at("2026-01-07")
    cut = "\n".join(line for line in LOG.strip().splitlines() if "2026-06" not in line and "2026-01-08" not in line)
    whole, part = (
        replay(tmp_path, LOG, UTC_LOG + RULES, until=until),
        replay(tmp_path, cut, UTC_LOG + RULES, until=until),
    )
    assert (whole.standings, whole.moves) == (part.standings, part.moves)


def test_an_empty_log_has_no_until_of_its_own(tmp_path: Path) -> None:
    mapping = UTC_LOG + EXCHANGE + IGNORE_REST
    assert replay_text(tmp_path, "customer,time,event\n", mapping).until is None
    late = datetime(2026, 1, 1, tzinfo=UTC)
    assert replay_text(tmp_path, "customer,time,event\n", mapping, until=late).until == late


def test_a_last_look_is_a_step_without_a_row(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, UTC_LOG + RULES)
    assert [(row, move.promise, move.after) for row, move in done.moves if row is None] == [
        (None, None, "distrust.suspicious"),
        (None, None, "distrust.suspicious"),
    ]
    assert len(events_in(tmp_path, LOG, UTC_LOG + RULES)) == 3
