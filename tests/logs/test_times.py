"""Times: however they are written they become the right instants, and due dates end where the day ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.logs.helpers import (
    CURVE,
    EXCHANGE,
    PLAIN_LOG,
    UTC_LOG,
    at,
    events_in,
    rejects,
    replay,
    replay_file,
    rule,
    table,
    write,
)
from trustcurve import PromiseMade
from trustcurve.logs import parse_mapping, replay_customer, scan_log

# Zones whose past is odd: clocks put forward at midnight, by half an hour, a day left out, midnight twice.
ZONES = [
    "Europe/Berlin", "America/Sao_Paulo", "America/New_York", "America/Havana", "Asia/Kolkata",
    "Australia/Lord_Howe", "Pacific/Apia", "Atlantic/Azores", "UTC",
]  # fmt: skip


def instants(path: Path, times: list[str], head: str) -> list[datetime | None]:
    """Return the instant of each time, or None for a reject."""
    rows = [{"customer": str(number), "time": time} for number, time in enumerate(times)]
    done = replay_file(write(path, rows), head + rule("", "Complained"), until=datetime(9000, 1, 1, tzinfo=UTC))
    assert {reason for _, reason in rejects(done)} <= {"unreadable time", "no time"}
    return [done.standings[row["customer"]].quiet_since if row["customer"] in done.standings else None for row in rows]


def in_zone(zone: str, more: str = "") -> str:
    return UTC_LOG.replace("UTC", zone) + more


ISO = {
    "2026-01-31": "2026-01-30T23:00",
    "2026-01-31 10:00": "2026-01-31T09:00",
    "2026-01-31T10:00": "2026-01-31T09:00",
    "2026-01-31T10:00:07": "2026-01-31T09:00:07",
    "2026-01-31 10:00:07.5": "2026-01-31T09:00:07.5",
    "2026-01-31T10:00:07.123456789": "2026-01-31T09:00:07.123456",
    "2026-07-31T10:00": "2026-07-31T08:00",
    "2026-01-31T10:00Z": "2026-01-31T10:00",
    "2026-01-31 10:00:07z": "2026-01-31T10:00:07",
    "2026-01-31T10:00+05:45": "2026-01-31T04:15",
    "2026-01-31 10:00:07.25-0300": "2026-01-31T13:00:07.25",
    "2026-01-31 10:00:07 +02:00": "2026-01-31T08:00:07",
    "2026-01-31T10:00:00+02": "2026-01-31T08:00",
    "1969-12-31T23:59:59Z": "1969-12-31T23:59:59",
}
NONE = [
    "", "soon", "2026-02-30", "2026-13-01", "2026-01-31 25:00", "31.01.2026", "01/31/2026", "2026-01-31T10:00+99:00",
    "1769850000", "2026-01-31T", "10:00", "0000-00-00 00:00:00",
]  # fmt: skip


def test_iso_times_are_read_naive_and_aware_side_by_side(tmp_path: Path) -> None:
    assert instants(tmp_path, [*ISO], in_zone("Europe/Berlin")) == [at(time) for time in ISO.values()]


def test_what_is_no_iso_time_is_a_reject(tmp_path: Path) -> None:
    assert instants(tmp_path, NONE, in_zone("Europe/Berlin")) == [None] * len(NONE)
    done = replay(tmp_path, "customer | time | event\na | soon | x\nb | | x", UTC_LOG + EXCHANGE)
    assert [(r.row, r.customer, r.reason, r.detail) for r in done.rejects] == [
        (1, "a", "unreadable time", "unreadable time: column 'time' has 'soon'"),
        (2, "b", "no time", "no time: column 'time' is empty"),
    ]


@pytest.mark.parametrize(
    ("form", "times"),
    [
        ("%d.%m.%Y %H:%M", {"31.01.2026 10:00": "2026-01-31T09:00", "1.7.2026 8:05": "2026-07-01T06:05", "2026-01-31": None}),
        ("%d.%m.%Y", {"31.01.2026": "2026-01-30T23:00", "31.01.2026 10:00": None, "31.02.2026": None}),
        ("%m/%d/%Y %I:%M %p", {"01/31/2026 10:00 PM": "2026-01-31T21:00", "31/01/2026 10:00 PM": None}),
        ("%Y-%m-%d %H:%M:%S %z", {"2026-01-31 10:00:00 +0200": "2026-01-31T08:00", "2026-01-31 10:00:00": None}),
        ("epoch_seconds", {"1769850000": "2026-01-31T09:00", "1769850000.25": "2026-01-31T09:00:00.25", "-1": "1969-12-31T23:59:59", "soon": None}),
        ("epoch_milliseconds", {"1769850000250": "2026-01-31T09:00:00.25", "": None}),
    ],
)  # fmt: skip
def test_times_in_a_format_of_their_own(tmp_path: Path, form: str, times: dict[str, str | None]) -> None:
    head = in_zone("Europe/Berlin", f'time_format = "{form}"\n')
    assert instants(tmp_path, [*times], head) == [None if time is None else at(time) for time in times.values()]


def test_epoch_times_need_no_timezone(tmp_path: Path) -> None:
    assert instants(tmp_path, ["0"], PLAIN_LOG + 'time_format = "epoch_seconds"\n') == [at("1970-01-01")]


naive_times = st.datetimes(datetime(1850, 1, 1), datetime(8999, 12, 30)).map(lambda t: t.replace(fold=0))  # noqa: DTZ001
changes = st.sampled_from(
    ["2017-10-15", "2018-02-18", "2020-03-29", "2020-10-25", "2020-11-01", "2011-12-30", "2020-04-05", "2020-10-04"]
).flatmap(
    lambda day: st.timedeltas(timedelta(hours=-1), timedelta(hours=27)).map(lambda t: datetime.fromisoformat(day) + t)
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(naive_times | changes, min_size=1, max_size=30, unique=True), st.sampled_from(ZONES))
def test_naive_times_become_the_instants_that_python_means(tmp_path: Path, times: list[datetime], zone: str) -> None:
    # A time that happens twice is the earlier one; one that the clock skips goes on from before the gap.
    meant = [time.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for time in times]
    assert instants(tmp_path, [time.isoformat() for time in times], in_zone(zone)) == meant


END_OF_DAY = rule("", 'PromiseMade promise = "p"; due = { column = "due", end_of_day = true }')


def due(path: Path, row: str, mapping: str) -> datetime | None:
    """Return the due date of the promise that a row (time, due) makes."""
    (event,) = events_in(path, "customer | time | due\nann | " + row, mapping)
    assert isinstance(event, PromiseMade)
    return event.due


@pytest.mark.parametrize(
    ("zone", "day", "ends"),
    [
        ("UTC", "2026-01-31", "2026-01-31T23:59:59.999999"),
        ("Europe/Berlin", "2026-01-31", "2026-01-31T22:59:59.999999"),
        ("Europe/Berlin", "2020-03-29", "2020-03-29T21:59:59.999999"),  # 23 hours
        ("Europe/Berlin", "2020-10-25", "2020-10-25T22:59:59.999999"),  # 25 hours
        ("America/Sao_Paulo", "2017-10-14", "2017-10-15T02:59:59.999999"),  # midnight of the 15th does not exist
        ("America/Sao_Paulo", "2017-10-15", "2017-10-16T01:59:59.999999"),
        ("America/Sao_Paulo", "2018-02-17", "2018-02-18T02:59:59.999999"),  # its last hour happens twice
        ("America/Havana", "2020-10-31", "2020-11-01T03:59:59.999999"),  # midnight of the 1st happens twice
        ("Pacific/Apia", "2011-12-29", "2011-12-30T09:59:59.999999"),  # the 30th does not exist
        ("Asia/Kolkata", "2026-01-31", "2026-01-31T18:29:59.999999"),
        ("Europe/Berlin", "2150-07-01", "2150-07-01T21:59:59.999999"),  # here tables of timezones differ
    ],
)
def test_a_day_ends_where_it_ends_there(tmp_path: Path, zone: str, day: str, ends: str) -> None:
    assert due(tmp_path, f"2000-01-01 | {day}", in_zone(zone) + END_OF_DAY) == at(ends)
    assert due(tmp_path, f"2000-01-01 | {day}T15:30", in_zone(zone) + END_OF_DAY) == at(ends)


@pytest.mark.parametrize(
    ("row", "spec", "ends"),
    [
        ("2026-01-01 10:00 | 2026-01-31 15:00", '{ column = "due" }', "2026-01-31T14:00"),
        ("2026-01-01 10:00 | 2026-01-31 15:00", '"due"', "2026-01-31T14:00"),
        ("2026-01-01 10:00 | 2026-01-31T23:30Z", '{ column = "due", end_of_day = true }', "2026-02-01T22:59:59.999999"),
        ("2026-01-01 10:00 | 2026-01-31", '{ column = "due", end_of_day = true, plus = { days = 1 } }', "2026-02-01T22:59:59.999999"),
        ("2026-01-01 10:00 | 2026-01-31", '{ column = "due", plus = { hours = 36 } }', "2026-02-01T11:00"),
        ("2026-03-28 12:00 | ", "{ after = { hours = 24 } }", "2026-03-29T11:00"),  # elapsed, whatever the clock did
        ("2026-03-28 12:00 | ", "{ after = 1, end_of_day = true }", "2026-03-29T21:59:59.999999"),
        ("2026-01-01 10:00 | ", "{ after = { days = 1, hours = 2, minutes = 3, seconds = 4.5 } }", "2026-01-02T11:03:04.5"),
        ("2026-01-01 10:00 | ", '{ column = "due", end_of_day = true, plus = { days = 1 } }', None),
    ],
)  # fmt: skip
def test_due_dates(tmp_path: Path, row: str, spec: str, ends: str | None) -> None:
    mapping = in_zone("Europe/Berlin") + rule("", f'PromiseMade promise = "p"; due = {spec}')
    assert due(tmp_path, row, mapping) == (None if ends is None else at(ends))


def test_after_counts_from_the_events_own_time(tmp_path: Path) -> None:
    log = "customer | time | asked\nann | 2026-01-01 | 2026-01-05 08:00"
    mapping = UTC_LOG + rule("", 'PromiseMade promise = "p"; due = { after = { hours = 24 } }; at = "asked"')
    (event,) = events_in(tmp_path, log, mapping)
    assert (event.at, event.due) == (at("2026-01-05T08:00"), at("2026-01-06T08:00"))


def test_a_row_of_which_no_event_is_made_is_ignored(tmp_path: Path) -> None:
    log = """
    customer | time       | paid       | sent
    ann      | 2026-01-01 |            |
    ann      | 2026-01-02 | 2026-01-03 |
    bob      | 2026-01-01 |            |
    cat      | 2026-01-01 | soon       |
    """
    mapping = UTC_LOG + rule("", 'Exchanged at = "paid"', 'Purchased at = "sent"')
    path = write(tmp_path, table(log))
    done = replay_file(path, mapping)
    assert (done.counts.rows, done.counts.used, done.counts.ignored, done.counts.broken) == (4, 1, 2, 1)
    assert (done.counts.applied, rejects(done)) == (1, [(4, "unreadable time")])
    for customer, ignored in (("ann", 1), ("bob", 1), ("cat", 0)):
        one = replay_customer(scan_log(path), parse_mapping(mapping), CURVE, customer)
        assert one.counts.ignored == ignored


def test_an_unreadable_due_date_is_a_reject(tmp_path: Path) -> None:
    done = replay(tmp_path, "customer | time | due\nann | 2026-01-01 | soon", UTC_LOG + END_OF_DAY)
    (reject,) = done.rejects
    assert (reject.row, reject.customer, reject.reason) == (1, "ann", "unreadable time")
    assert reject.detail == "unreadable time: column 'due' has 'soon'"


def test_a_promise_kept_on_the_very_last_microsecond_of_its_day_is_kept(tmp_path: Path) -> None:
    log = """
    customer | time                        | due        | event
    ann      | 2017-10-01                  | 2017-10-14 | made
    bob      | 2017-10-01                  | 2017-10-14 | made
    ann      | 2017-10-15T02:59:59.999999Z |            | kept
    bob      | 2017-10-15T03:00:00Z        |            | kept
    """
    rules = END_OF_DAY.replace("[[rules]]", '[[rules]]\nwhen = { event = "made" }')
    done = replay(tmp_path, log, in_zone("America/Sao_Paulo") + rules + rule("", 'PromiseKept promise = "p"'))
    assert (done.standings["ann"].position.kept, done.standings["bob"].position.kept) == (1, 0)


@pytest.mark.parametrize(
    ("head", "row"),
    [
        (in_zone("America/Sao_Paulo"), "2026-01-01 | 9999-12-31"),
        (in_zone("America/Sao_Paulo"), "9999-12-31 23:00 | "),
        (in_zone("Europe/Berlin"), "0001-01-01 | "),
        (in_zone("UTC"), "0000-01-01 | "),
        (in_zone("UTC", 'time_format = "epoch_seconds"\n'), "1769850000000 | "),
    ],
    ids=["due", "late", "early", "year 0", "milliseconds as seconds"],
)
def test_a_time_beyond_the_calendar_costs_its_own_row_at_most(tmp_path: Path, head: str, row: str) -> None:
    other = "1769850000" if "epoch" in head else "2026-01-01"
    log = f"customer | time | due\nann | {row}\nbob | {other} | "
    done = replay(tmp_path, log, head + END_OF_DAY, until=at("2026-02-01"))
    assert (rejects(done), list(done.standings)) == ([(1, "unreadable time")], ["bob"])


@pytest.mark.parametrize(
    "times",
    [
        pl.Series([2**62, 0], dtype=pl.Datetime("ms")),
        pl.Series([-(2**62), 0], dtype=pl.Datetime("us", "Europe/Berlin")),
        pl.Series([2**31 - 1, 0], dtype=pl.Int32).cast(pl.Date),
    ],
    ids=["milliseconds", "microseconds", "days"],
)
def test_a_typed_time_far_beyond_the_calendar_costs_its_own_row_at_most(tmp_path: Path, times: pl.Series) -> None:
    pl.DataFrame({"customer": ["ann", "bob"], "time": times, "due": times}).write_parquet(tmp_path / "log.parquet")
    rules = rule("{ due = { below = 1980-01-01 } }", "Purchased", 'Exchanged at = "due"')
    done = replay_file(tmp_path / "log.parquet", UTC_LOG + rules)
    assert (rejects(done), list(done.standings), done.at_until.until) == (
        [(1, "unreadable time")],
        ["bob"],
        at("1970-01-01"),
    )


def test_a_duration_beyond_the_calendar_costs_its_own_row_at_most(tmp_path: Path) -> None:
    mapping = UTC_LOG + rule("", 'PromiseMade promise = "p"; due = { after = { days = 4000000 } }')
    done = replay(tmp_path, "customer | time\nann | 2026-01-01", mapping)
    says = "unreadable time: PromiseMade would be due beyond the years 1 to 9999"
    assert [reject.detail for reject in done.rejects] == [says]


def test_no_promise_is_due_before_the_last_day_of_the_calendar(tmp_path: Path) -> None:
    log = "customer | time | due\nann | 2026-01-01 | 9999-12-31"
    done = replay(tmp_path, log, in_zone("Europe/Berlin") + END_OF_DAY)
    (promise,) = done.standings["ann"].promises
    assert promise.due == at("9999-12-31T23:00") - timedelta(microseconds=1)
