"""The shared tables: derived from the classes, and values go round through them, Polars and SQLite included."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from attrs import asdict, evolve, fields
from hypothesis import given

from tests.core.stories import day
from tests.core.strategies import standings
from tests.replay.strategies import logs
from trustcurve import Curve, Departed, Event, Exchanged, Promise, PromiseKept, PromiseMade, Standing
from trustcurve.core.events import EVENTS as KINDS
from trustcurve.core.replay import LoggedEvent, history, replay
from trustcurve.errors import InvalidValueError, TrustcurveError, UnknownWordError
from trustcurve.records import (
    EVENTS,
    REJECTS,
    SIGNALS,
    STANDINGS,
    TABLES,
    TRANSITIONS,
    RejectRecord,
    SignalRecord,
    StandingRecord,
    TransitionRecord,
    event_of,
    event_record,
    polars_frame,
    polars_types,
    sql_types,
    sql_values,
)

CURVE = Curve.default()


def test_every_field_of_every_event_has_a_column() -> None:
    assert set(EVENTS.names) >= {field.name for kind in KINDS for field in fields(kind) if field.init}
    assert EVENTS["weight"].words == ("major", "minor")
    assert EVENTS["event"].words == tuple(kind.__name__ for kind in KINDS)
    assert [column.name for column in EVENTS.columns if not column.optional] == ["event", "at", "place", "if_open"]


@given(logs())
def test_events_go_round_through_records_and_frames(log: list[LoggedEvent]) -> None:
    records = [event_record(each) for each in log]
    assert [event_of(record) for record in records] == log
    frame = polars_frame(EVENTS, records)
    assert dict(frame.schema) == polars_types(EVENTS)
    assert [event_of(record) for record in frame.iter_rows(named=True)] == log


def test_an_unknown_kind_of_event_is_an_error() -> None:
    with pytest.raises(UnknownWordError, match="did you mean 'Departed'"):
        event_of({"event": "Depart", "at": day(0)})


@pytest.mark.parametrize(
    ("record", "error", "says"),
    [
        ({"at": day(0)}, UnknownWordError, "event None is unknown"),
        ({"event": ["x"], "at": day(0)}, UnknownWordError, r"event \['x'\] is unknown"),
        ({"event": "Departed"}, InvalidValueError, "at must be given in a record of Departed"),
        ({"event": "PromiseKept", "at": day(0)}, InvalidValueError, "promise must be given in a record of PromiseKept"),
    ],
)
def test_what_a_record_of_an_event_lacks_is_named(
    record: dict[str, Any], error: type[TrustcurveError], says: str
) -> None:
    with pytest.raises(error, match=says):
        event_of(record)


GIVEN: dict[str, Any] = {"event": "Departed", "at": day(0), "customer": "ann", "place": 0, "if_open": False}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (None, "record must be a mapping of columns to values"),
        ({**GIVEN, "row": 1.5}, r"row must be a whole number of at most 64 bits, got 1\.5"),
        ({**GIVEN, "place": "x"}, "place must be a whole number of at most 64 bits, got 'x'"),
        ({**GIVEN, "sequence": 2**70}, "sequence must be a whole number of at most 64 bits"),
        ({**GIVEN, "if_open": 2}, "if_open must be True or False, got 2"),
    ],
)
def test_what_is_not_a_record_of_an_event_is_named(wrong: Any, says: str) -> None:
    with pytest.raises(InvalidValueError, match=says):
        event_of(wrong)


def test_what_is_not_an_event_has_no_record() -> None:
    with pytest.raises(InvalidValueError, match="event must be an Event"):
        event_record(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ([{"a": 1}], r"^records\[0\]\.event must be given$"),
        ([GIVEN, {**GIVEN, "row": 2**70}], r"^records\[1\]\.row must be a whole number of at most 64 bits, got "),
        ([{**GIVEN, "row": 1.5}], r"^records\[0\]\.row must be a whole number"),
        ([{**GIVEN, "if_open": "yes"}], r"^records\[0\]\.if_open must be True or False"),
        ([{**GIVEN, "note": 3}], r"^records\[0\]\.note must be a text"),
        ([{**GIVEN, "note": "\ud83d"}], r"^records\[0\]\.note must be a text without lone surrogates"),
        ([{**GIVEN, "at": "today"}], r"^records\[0\]\.at must be a datetime with a timezone"),
        ([{**GIVEN, "at": day(0).replace(tzinfo=None)}], r"^records\[0\]\.at must have a timezone"),
        ([3], r"^records\[0\] must be a mapping, or an object that has the attribute 'event', got 3"),
        (3, "^records must be a list"),
        (GIVEN, "^records must be a list"),
    ],
)
def test_what_does_not_fit_a_table_is_named(records: Any, says: str) -> None:
    with pytest.raises(TrustcurveError, match=says):
        polars_frame(EVENTS, records)
    if isinstance(records, list):
        with pytest.raises(TrustcurveError, match=re.sub(r"records\\\[\d\\\]", "record", says)):
            [sql_values(EVENTS, record, "sqlite") for record in records]


def test_a_reject_of_a_row_beyond_64_bits_is_named() -> None:
    reject = RejectRecord(2**70, "ann", None, None, "no time", "no time: it is empty")
    with pytest.raises(InvalidValueError, match=r"^records\[0\]\.row must be a whole number of at most 64 bits"):
        polars_frame(REJECTS, [reject])


def test_what_is_not_a_schema_is_named() -> None:
    for ask in (
        polars_types,
        lambda it: polars_frame(it, []),
        lambda it: sql_types(it, "spark"),
        lambda it: sql_values(it, {}, "spark"),
    ):
        with pytest.raises(InvalidValueError, match="schema must be a Schema such as"):
            ask("events")  # type: ignore[arg-type]
    with pytest.raises(UnknownWordError, match=r"dialect \['x'\] is unknown"):
        sql_types(EVENTS, ["x"])  # type: ignore[arg-type]


@given(standings(CURVE))
def test_standings_go_round_through_records_and_frames(standing: Standing) -> None:
    record = StandingRecord.of(standing, CURVE)
    assert StandingRecord.read(asdict(record)) == standing
    (row,) = polars_frame(STANDINGS, [record]).iter_rows(named=True)
    assert StandingRecord.read(row) == standing
    assert record.promises_open + record.promises_overdue == len(standing.promises)
    assert record.next_due == CURVE.next_due(standing)


STANDING = asdict(StandingRecord.of(CURVE.begin("ann", day(0)), CURVE))
OPEN = '{"id":"a","due":"2026-01-01T00:00:00.123456+00:00","weight":"minor","overdue":false}'


def test_promises_are_read_to_the_microsecond() -> None:
    (promise,) = StandingRecord.read({**STANDING, "promises": f"[{OPEN}]"}).promises
    assert promise == Promise("a", datetime(2026, 1, 1, 0, 0, 0, 123456, UTC), "minor")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            {"promises": f"[{OPEN.replace('123456', '123456789')}]"},
            r"^promises\[0\]\.due must be .* at most six decimals",
        ),
        ({"promises": f"[{OPEN.replace('+00:00', '')}]"}, r"^promises\[0\]\.due must be a time in RFC 3339"),
        (
            {"promises": f"[{OPEN.replace('01-01', '02-30')}]"},
            r"^promises\[0\]\.due is not a time: day is out of range",
        ),
        (
            {"promises": f"[{OPEN.replace('due', 'until')}]"},
            r"^promises\[0\] must be an object of id, due, weight, overdue",
        ),
        ({"promises": f"[{OPEN.replace('minor', 'mnior')}]"}, "did you mean 'minor'"),
        ({"promises": "[3]"}, r"^promises\[0\] must be an object"),
        ({"promises": "{}"}, "^promises must be a JSON array of promises"),
        ({"promises": "["}, "^promises must be a JSON array of promises"),
        ({"promises": "[" * 100_000}, "^promises must be a JSON array of promises"),
        ({"promises": None}, "^promises must be a JSON array of promises"),
        ({"as_of": "today"}, "^as_of must be a datetime"),
        ({"kept": "1"}, "^position.kept must be a whole number"),
    ],
)
def test_a_record_that_is_no_standing_is_named(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(TrustcurveError, match=says):
        StandingRecord.read({**STANDING, **wrong})


@pytest.mark.parametrize("name", ["customer", "stage", "kept", "as_of", "quiet_since", "promises"])
def test_a_record_of_a_standing_has_every_column(name: str) -> None:
    with pytest.raises(InvalidValueError, match=f"^{name} must be given in a record of a standing$"):
        StandingRecord.read({column: value for column, value in STANDING.items() if column != name})
    with pytest.raises(InvalidValueError, match="record must be a mapping"):
        StandingRecord.read(None)  # type: ignore[arg-type]


def test_transitions_and_signals_name_their_source() -> None:
    made = PromiseMade(at=day(0), promise="a", due=day(9), customer="ann")
    done = history(CURVE, "ann", [LoggedEvent(made, 1), LoggedEvent(Exchanged(at=day(200), customer="ann"), 2)])
    signals = [
        (s.row, s.source, s.promise, s.signal)
        for fate in done.fates
        if fate.step
        for s in SignalRecord.of(fate.step, fate.logged.row)
    ]
    assert signals == [
        (1, "PromiseMade", None, "promise_made"),
        (None, "clock", "a", "broken_major"),
        (2, "Exchanged", None, "exchange"),
    ]
    moves = [TransitionRecord.of(move, 1) for step in done.steps for move in step.transitions]
    assert [(move.source, move.promise, move.after, move.observed) for move in moves] == [
        ("PromiseMade", None, "hopeful", False),
        ("clock", "a", "distrust.competitive", False),
    ]
    assert polars_frame(TRANSITIONS, moves).height == 2


def test_rejects_say_why() -> None:
    first = Exchanged(at=day(0), customer="ann", id="7")
    again = evolve(first, note="by phone")
    unknown = PromiseKept(at=day(1), customer="ann", promise="never made")
    done = replay([LoggedEvent(first, 1), LoggedEvent(again, 2), again, unknown], {}, CURVE)
    records = [RejectRecord.of(fate) for fate in done.rejects]
    assert [(each.row, each.event, each.reason) for each in records] == [
        (2, "Exchanged", "conflict"), (None, "Exchanged", "conflict"), (None, "PromiseKept", "unknown promise"),
    ]  # fmt: skip
    assert records[0].detail == "conflict: row 1 used id '7' with another note"
    assert polars_frame(REJECTS, records)["at"].to_list() == [day(0), day(0), day(1)]


@pytest.mark.parametrize("schema", TABLES, ids=lambda schema: schema.name)
def test_every_column_has_a_type_everywhere(schema: Any) -> None:
    assert list(polars_types(schema)) == list(schema.names)
    for dialect in ("postgresql", "sqlite", "spark"):
        assert list(sql_types(schema, dialect)) == list(schema.names)
    with pytest.raises(UnknownWordError, match="did you mean 'postgresql'"):
        sql_types(schema, "postgres")  # type: ignore[arg-type]


@given(logs())
def test_events_go_round_through_sqlite(log: list[LoggedEvent]) -> None:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in sql_types(EVENTS, "sqlite").items())
    with sqlite3.connect(":memory:") as database:
        database.execute(f"CREATE TABLE events ({columns})")
        marks = ", ".join("?" * len(EVENTS.names))
        database.executemany(
            f"INSERT INTO events VALUES ({marks})",  # noqa: S608 - our own names
            [sql_values(EVENTS, event_record(each), "sqlite") for each in log],
        )
        rows = database.execute("SELECT * FROM events ORDER BY at").fetchall()
    database.close()
    times = {column.name for column in EVENTS.columns if column.kind == "instant"}
    read = [
        event_of(
            {
                name: datetime.fromisoformat(value) if name in times and value is not None else value
                for name, value in zip(EVENTS.names, row, strict=True)
            }
        )
        for row in rows
    ]
    assert [each.event.at for each in read] == sorted(each.event.at for each in log)
    assert sorted(map(repr, (evolve(each, if_open=bool(each.if_open)) for each in read))) == sorted(map(repr, log))


def test_frames_are_arrow() -> None:
    frame = polars_frame(SIGNALS, [])
    assert hasattr(frame, "__arrow_c_stream__")
    assert frame.schema["at"] == pl.Datetime("us", "UTC")


def test_an_event_alone_is_a_row_of_its_own() -> None:
    event: Event = Departed(at=day(0), customer="ann")
    assert event_of(event_record(event)) == LoggedEvent(event)
