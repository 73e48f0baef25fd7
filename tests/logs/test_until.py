"""Up to when the clock runs: the same instant for everyone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
    replay_file,
    replay_text,
    rule,
    table,
    warnings,
    write,
)
from trustcurve.errors import NaiveTimeError
from trustcurve.logs import parse_mapping, replay_customer, scan_log

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
    return {customer: CURVE.state(standing.position) for customer, standing in done.at_until.standings.items()}


def test_without_until_everyone_is_seen_at_the_last_event_of_the_whole_log(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, UTC_LOG + RULES)
    assert done.at_until.until == at("2026-06-01")
    assert {standing.as_of for standing in done.at_until.standings.values()} == {at("2026-06-01")}
    assert [str(standing.as_of.date()) for standing in done.standings.values()] == [
        "2026-01-08",
        "2026-01-05",
        "2026-06-01",
    ]
    # A silence of 90 days has passed for ann, and for bob, who waits without a date; cyd's day has not passed.
    assert states(tmp_path, None) == {"ann": "distrust.suspicious", "bob": "distrust.suspicious", "cyd": "hopeful"}


def test_a_row_that_makes_no_event_does_not_run_the_clock(tmp_path: Path) -> None:
    log = "customer | time | event\nann | 2026-01-01 | x\nann | 2027-01-01 | y\n | 2028-01-01 | x\nann | 2029-01-01 | z"
    rules = EXCHANGE + rule('{ event = "y" }', ignore=True)
    assert replay(tmp_path, log, UTC_LOG + rules).at_until.until == at("2026-01-01")


@pytest.mark.parametrize(
    "row", ["bob | 2099-01-01 | kept | | 9", "ann | 2099-01-01 | made | | 1", "bob | 2099-01-01 | what | | 9"]
)
def test_what_could_not_be_used_does_not_run_the_clock(tmp_path: Path, row: str) -> None:
    log = f"customer | time | event | due | id\nann | 2026-01-01 | made | 2026-02-01 | 1\n{row}"
    done = replay(tmp_path, log, UTC_LOG + 'id = "id"\n' + RULES)
    assert (done.counts.applied, done.at_until.until) == (2, at("2026-01-01"))
    assert CURVE.state(done.at_until.standings["ann"].position) == "hopeful"


def test_one_customer_is_seen_at_the_last_applied_event_of_others(tmp_path: Path) -> None:
    log = """
    customer | time       | event | due | id
    ann      | 2026-01-01 | made  |     | 1
    bob      | 2026-03-01 | made  |     | 2
    bob      | 2026-09-01 | made  |     | 2
    cyd      | 2026-02-01 | made  |     | 3
    dan      | 2099-01-01 | kept  |     | 4
    """
    mapping = UTC_LOG + 'id = "id"\n' + RULES
    ann = replay_customer(scan_log(write(tmp_path, table(log))), parse_mapping(mapping), CURVE, "ann")
    assert ann.observed is not None
    assert ann.observed.as_of == replay(tmp_path, log, mapping).at_until.until == at("2026-03-01")


def test_later_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, UTC_LOG + RULES, until=at("2026-01-06"))
    assert list(done.standings) == ["ann", "bob"]
    assert {standing.as_of for standing in done.at_until.standings.values()} == {at("2026-01-06")}
    assert (done.counts.rows, done.counts.used, done.counts.ignored, done.counts.broken) == (6, 4, 1, 1)
    assert (done.counts.applied, done.counts.later) == (4, 3)
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
    assert (done.counts.applied, done.counts.later) == (5, 2)


@pytest.mark.parametrize("until", ["2026-02-01T01:00+01:00", "2026-01-31T19:00-05:00"])
def test_until_may_be_in_any_timezone(tmp_path: Path, until: str) -> None:
    assert replay(tmp_path, LOG, UTC_LOG + RULES, until=at(until)).at_until.until == at("2026-02-01")


def test_until_before_everything_leaves_nobody(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, UTC_LOG + RULES, until=at("2020-01-01"))
    assert (done.at_until.until, done.standings, done.transitions) == (at("2020-01-01"), {}, ())
    assert (done.counts.applied, done.counts.later) == (0, 7)


def test_a_naive_until_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NaiveTimeError, match="until"):
        replay(tmp_path, LOG, UTC_LOG + RULES, until=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_of_a_row_only_that_is_later_which_is(tmp_path: Path) -> None:
    log = "customer | time | paid\nann | 2026-01-01 | 2026-01-09\nbob | 2026-01-08 | 2026-01-09"
    done = replay(tmp_path, log, UTC_LOG + rule("", "Complained", 'Purchased at = "paid"'), until=at("2026-01-05"))
    assert (done.counts.used, done.counts.later, done.counts.applied) == (2, 3, 1)
    assert list(done.standings) == ["ann"]


def test_a_later_event_is_no_conflict(tmp_path: Path) -> None:
    log = "customer | time | event | id\nann | 2026-01-01 | x | 1\nann | 2026-01-08 | x | 1\nann | 2026-01-09 | x | 2"
    done = replay(tmp_path, log, UTC_LOG + 'id = "id"\n' + EXCHANGE, until=at("2026-01-05"))
    assert (done.counts.applied, done.counts.later, done.counts.conflict) == (1, 2, 0)


def test_until_is_as_if_later_rows_were_not_there(tmp_path: Path) -> None:
    until = at("2026-01-07")
    cut = "\n".join(line for line in LOG.strip().splitlines() if "2026-06" not in line and "2026-01-08" not in line)
    whole, part = (
        replay(tmp_path, LOG, UTC_LOG + RULES, until=until),
        replay(tmp_path, cut, UTC_LOG + RULES, until=until),
    )
    assert (whole.standings, whole.transitions, whole.at_until) == (part.standings, part.transitions, part.at_until)


def test_an_empty_log_has_no_until_of_its_own(tmp_path: Path) -> None:
    mapping = UTC_LOG + EXCHANGE + IGNORE_REST
    assert replay_text(tmp_path, "customer,time,event\n", mapping).at_until.until is None
    late = datetime(2026, 1, 1, tzinfo=UTC)
    assert replay_text(tmp_path, "customer,time,event\n", mapping, until=late).at_until.until == late


def test_what_the_look_finds_is_no_transition_of_the_log(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, UTC_LOG + RULES)
    assert [(each.row, each.transition.after) for each in done.transitions] == [
        (1, "hopeful"), (2, "hopeful"), (3, "hopeful"),
    ]  # fmt: skip
    assert [(move.customer, move.promise, move.after) for move in done.at_until.transitions] == [
        ("bob", None, "distrust.suspicious"),
        ("ann", None, "distrust.suspicious"),
    ]
    assert len(events_in(tmp_path, LOG, UTC_LOG + RULES)) == 3


# --- until far after nearly all events -------------------------------------------------------------


def far_warnings(path: Path, days: list[float], **options: Any) -> tuple[str, ...]:
    start = at("2024-01-01")
    rows = [{"customer": "ann", "time": (start + timedelta(days=day)).isoformat(), "event": "x"} for day in days]
    return warnings(replay_file(write(path, rows), UTC_LOG + EXCHANGE, **options))


def test_a_mistyped_year_is_said(tmp_path: Path) -> None:
    assert far_warnings(tmp_path, [0, 1, 365 * 38]) == (
        "1 of 3 events lie after 2024-01-02; every customer is observed on 2061-12-22, at the last event: see --until",
    )


def test_many_events_beyond_a_long_gap_are_said_while_they_are_fewer_than_half(tmp_path: Path) -> None:
    far = [365 * 40.0] * 4
    (said,) = far_warnings(tmp_path, [*range(5), *far])
    assert said.startswith("4 of 9 events lie after 2024-01-05")
    assert far_warnings(tmp_path, [*range(4), *far]) == ()
    assert far_warnings(tmp_path, [*range(5), *[899.0] * 4]) == (), "less than ten quiet periods later"


def test_a_log_that_runs_dry_is_said(tmp_path: Path) -> None:
    (said,) = far_warnings(tmp_path, [*range(299), 330, 340, 345])
    assert said.startswith("3 of 302 events lie after 2024-10-25; every customer is observed on 2024-12-11")
    assert far_warnings(tmp_path, [*range(299), 330, 340, 342.9]) == (), "less than half a quiet period"
    assert far_warnings(tmp_path, [*range(299), 330, 340, 343]) != (), "half a quiet period exactly"


def test_a_steady_log_is_none_that_runs_dry(tmp_path: Path) -> None:
    assert far_warnings(tmp_path, [20 * day for day in range(400)]) == ()  # its last hundredth takes eighty days


def test_who_says_until_is_not_told(tmp_path: Path) -> None:
    assert far_warnings(tmp_path, [0, 1, 365 * 38], until=at("2080-01-01")) == ()
    assert far_warnings(tmp_path, [0, 1, 365 * 38], until=at("2024-06-01")) == ()
