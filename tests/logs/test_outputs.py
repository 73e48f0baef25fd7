"""What a replay writes: standings, transitions and rejects, as Parquet and CSV; and its summaries, which add up."""

from __future__ import annotations

import csv
import os
import re
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.logs.helpers import CURVE, UTC_LOG, at, replay, replay_file, rule
from trustcurve import Transition
from trustcurve.errors import UnknownWordError
from trustcurve.logs import LogReplay
from trustcurve.logs.outputs import frames_of, write_replay
from trustcurve.logs.summary import fall_causes, reject_groups, state_rows
from trustcurve.records import FileFormat, write_tables

LOG = """
customer | time                    | event | due
Zoë, "Z" | 2026-01-01 10:00:00.5   | made  | 2026-01-05
bob      | 2026-01-01              | made  | 2026-06-01
cyd      | 2026-01-01              | made  |
dan      | 2026-01-02              | bye   |
dan      | 2026-01-03              | back  |
         | 2026-01-03              | bye   |
eve      | 2026-01-04              | kept  |
bob      | soon                    | bye   |
bob      | 2026-04-20              | what  |
bob      | 2026-04-20              | ask   |
"""
RULES = rule('{ event = "made" }', 'PromiseMade promise = "p"; due = { column = "due", end_of_day = true }')
RULES += rule('{ event = "kept" }', 'PromiseKept promise = "p"') + rule('{ event = "bye" }', "Departed")
RULES += rule('{ event = "back" }', "Returned") + rule('{ event = "ask" }', 'OneSided by = "company"')


@pytest.fixture
def done(tmp_path: Path) -> LogReplay:
    return replay(tmp_path, LOG, UTC_LOG + RULES)


INSTANT = pl.Datetime("us", "UTC")
STANDINGS = {
    "customer": pl.String, "state": pl.String, "stage": pl.String, "kept": pl.Int64, "engaged": pl.Int64,
    "doubt": pl.Int64, "account": pl.String, "as_of": INSTANT, "quiet_since": INSTANT,
    "promises": pl.String, "promises_open": pl.Int64, "promises_overdue": pl.Int64, "next_due": INSTANT,
}  # fmt: skip
SCHEMAS = {
    "standings": STANDINGS,
    "observed": STANDINGS,
    "transitions": {
        "customer": pl.String, "at": INSTANT, "row": pl.Int64, "source": pl.String, "promise": pl.String,
        "signal": pl.String, "rule": pl.String, "because": pl.String, "before": pl.String, "after": pl.String,
        "change": pl.Int64, "observed": pl.Boolean,
    },
    "rejects": {
        "row": pl.Int64, "customer": pl.String, "at": INSTANT, "event": pl.String, "reason": pl.String,
        "detail": pl.String,
    },
    "promises": {
        "rule": pl.String, "made": pl.Int64, "kept": pl.Int64, "broken": pl.Int64, "broke_by_date": pl.Int64,
        "late": pl.Int64, "moved": pl.Int64, "released": pl.Int64, "open": pl.Int64, "overdue": pl.Int64,
    },
    "relations": {
        "cohort": pl.String, "month": pl.String, "customers": pl.Int64, "crossed": pl.Int64, "across": pl.Int64,
        "engaged": pl.Int64, "given": pl.Int64, "asked": pl.Int64,
    },
}  # fmt: skip


def test_standings_are_rows_at_the_last_event(done: LogReplay) -> None:
    rows = {row["customer"]: row for row in frames_of(done)["standings"].iter_rows(named=True)}
    assert list(rows) == ["bob", "cyd", 'Zoë, "Z"', "dan"]
    assert rows['Zoë, "Z"'] == {
        "customer": 'Zoë, "Z"', "state": "hopeful", "stage": "hopeful", "kept": 0, "engaged": 0,
        "doubt": 2, "account": "due", "as_of": at("2026-01-01T10:00:00.5"), "quiet_since": at("2026-01-01T10:00:00.5"),
        "promises": '[{"id":"p","due":"2026-01-05T23:59:59.999999+00:00","weight":"major","overdue":false}]',
        "promises_open": 1, "promises_overdue": 0, "next_due": at("2026-01-06"),
    }  # fmt: skip


def test_observed_are_rows_as_of_until(done: LogReplay) -> None:
    rows = {row["customer"]: row for row in frames_of(done)["observed"].iter_rows(named=True)}
    assert list(rows) == ["bob", "cyd", 'Zoë, "Z"', "dan"]
    assert rows['Zoë, "Z"'] == {
        "customer": 'Zoë, "Z"', "state": "distrust.competitive", "stage": "distrust", "kept": 0, "engaged": 0,
        "doubt": 4, "account": "breach", "as_of": at("2026-04-20"), "quiet_since": at("2026-01-01T10:00:00.5"),
        "promises": '[{"id":"p","due":"2026-01-05T23:59:59.999999+00:00","weight":"major","overdue":true}]',
        "promises_open": 0, "promises_overdue": 1, "next_due": None,
    }  # fmt: skip
    assert (rows["bob"]["promises_open"], rows["bob"]["next_due"]) == (1, at("2026-06-02"))


def test_transitions_are_rows_with_the_row_behind_them(done: LogReplay) -> None:
    moves = frames_of(done)["transitions"]
    assert moves.select("row", "customer", "source", "promise", "signal", "before", "after", "change").rows() == [
        (2, "bob", "PromiseMade", None, "promise_made", "distrust.suspicious", "hopeful", 1),
        (3, "cyd", "PromiseMade", None, "promise_made", "distrust.suspicious", "hopeful", 1),
        (1, 'Zoë, "Z"', "PromiseMade", None, "promise_made", "distrust.suspicious", "hopeful", 1),
        (4, "dan", "Departed", None, "departure", "distrust.suspicious", "departed", -3),
        (5, "dan", "Returned", None, "return", "departed", "distrust.suspicious", 3),
        (None, 'Zoë, "Z"', "clock", "p", "broken_major", "hopeful", "distrust.competitive", -2),
        (None, "cyd", "clock", None, "silence", "hopeful", "distrust.suspicious", -1),
    ]
    assert moves["observed"].to_list() == [False] * 5 + [True] * 2
    assert moves["at"].to_list()[-2:] == [at("2026-01-05T23:59:59.999999"), at("2026-04-01")]
    assert moves.select("rule", "because").rows() == [(move.rule.name, move.reaction.because) for move in all_of(done)]


def all_of(done: LogReplay) -> list[Transition]:
    return [*(each.transition for each in done.transitions), *done.at_until.transitions]


def test_rejects_are_rows(done: LogReplay) -> None:
    assert frames_of(done)["rejects"].select("row", "customer", "reason").rows() == [
        (6, None, "no customer"),
        (7, "eve", "unknown promise"),
        (8, "bob", "unreadable time"),
        (9, "bob", "no rule matches"),
    ]


def test_a_parquet_file_holds_the_frame(done: LogReplay, tmp_path: Path) -> None:
    written = write_replay(done, tmp_path / "a" / "b")
    assert [path.name for path in written] == [f"{name}.parquet" for name in SCHEMAS]
    for path in written:
        read = pl.read_parquet(path)
        assert dict(read.schema) == SCHEMAS[path.stem]
        assert read.equals(frames_of(done)[path.stem])


def test_a_csv_file_holds_the_same_as_text(done: LogReplay, tmp_path: Path) -> None:
    for path in write_replay(done, tmp_path, "csv"):
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        frame = frames_of(done)[path.stem]
        assert lines[0] == list(SCHEMAS[path.stem])
        assert [tuple(line) for line in lines[1:]] == [tuple(map(as_text, row)) for row in frame.iter_rows()]


def as_text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_files_of_the_same_names_are_replaced(done: LogReplay, tmp_path: Path) -> None:
    (tmp_path / "transitions.csv").write_text("old")
    write_replay(done, tmp_path, "csv")
    assert (tmp_path / "transitions.csv").read_text(encoding="utf-8").startswith("customer,at,row")


def test_an_unknown_form_is_told_before_anything_is_written(done: LogReplay, tmp_path: Path) -> None:
    with pytest.raises(UnknownWordError, match="did you mean 'parquet'"):
        write_replay(done, tmp_path / "new", "parket")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_empty_replay_has_the_same_columns(tmp_path: Path, name: str) -> None:
    empty = replay(tmp_path, "customer | time | event | due\n | | |", UTC_LOG + RULES)
    assert dict(frames_of(empty)[name].schema) == SCHEMAS[name]
    write_replay(empty, tmp_path, "csv")
    assert (tmp_path / f"{name}.csv").read_text(encoding="utf-8").startswith(",".join(SCHEMAS[name]) + "\n")


def test_summaries_of_states_add_up(done: LogReplay) -> None:
    rows = state_rows(done)
    assert [row.state for row in rows] == list(reversed(CURVE.states))
    assert sum(row.customers for row in rows) == len(done.standings) == 4
    assert sum(row.share for row in rows) == pytest.approx(1)
    rises = sum(move.change > 0 for move in all_of(done))
    assert sum(row.rises_in for row in rows) == sum(row.rises_out for row in rows) == rises
    assert sum(row.falls_in for row in rows) == sum(row.falls_out for row in rows) == len(all_of(done)) - rises
    for row in rows:  # who came in and did not go out again is there; everyone starts as a stranger
        started = len(done.standings) if row.state == "distrust.suspicious" else 0
        assert row.customers == started + row.rises_in + row.falls_in - row.rises_out - row.falls_out


def test_summaries_of_falls_add_up(done: LogReplay) -> None:
    causes = fall_causes(done)
    falls = Counter(move.rule.name for move in all_of(done) if move.change < 0)
    assert {cause.rule: cause.falls for cause in causes} == falls
    assert all(0 < cause.customers <= cause.falls and cause.because for cause in causes)
    assert [cause.falls for cause in causes] == sorted(falls.values(), reverse=True)


def test_summaries_of_rejects_add_up(tmp_path: Path) -> None:
    log = (
        "customer | time | event | due\n"
        + "ann | soon | bye |\n" * 7
        + " | 2026-01-01 | bye |\nann | 2026-01-01 | odd |"
    )
    groups = reject_groups(replay(tmp_path, log, UTC_LOG + RULES).rejects)
    assert [(group.reason, group.count, group.rows) for group in groups] == [
        ("unreadable time", 7, (1, 2, 3, 4, 5)),
        ("no customer", 1, (8,)),
        ("no rule matches", 1, (9,)),
    ]
    assert groups[0].detail == "unreadable time: column 'time' has 'soon'"


def test_an_empty_replay_has_summaries(tmp_path: Path) -> None:
    empty = replay(tmp_path, "customer | time | event | due\n | | |", UTC_LOG + RULES)
    assert {(row.customers, row.share) for row in state_rows(empty)} == {(0, 0)}
    assert fall_causes(empty) == ()


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux only")
def test_a_folder_may_have_a_name_that_is_not_utf_8(done: LogReplay, tmp_path: Path, form: FileFormat) -> None:
    folder = tmp_path / os.fsdecode(b"b\xfccher")
    written = write_replay(done, folder, form)
    assert sorted(folder.iterdir()) == sorted(written)


FORMULAS = {
    "=1+1": "'=1+1", "+49": "'+49", "-7": "'-7", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "\n=x": "'\n=x",
    "'=1+1": "''=1+1", "''-1": "'''-1", "＝x": "'＝x", "＋x": "'＋x", "－x": "'－x", "＠x": "'＠x",  # noqa: RUF001
    "a=1": "a=1", "'a": "'a", "'": "'", "": "",
}  # fmt: skip


def test_no_text_of_a_csv_is_a_formula(tmp_path: Path) -> None:
    frame = pl.DataFrame({"customer": list(FORMULAS), "change": [-1] * len(FORMULAS)})
    (path,) = write_tables({"made": frame}, tmp_path, "csv")
    with path.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [(row["customer"], row["change"]) for row in read] == [(shown, "-1") for shown in FORMULAS.values()]
    (path,) = write_tables({"made": frame}, tmp_path)
    assert pl.read_parquet(path).equals(frame)


def test_no_column_of_words_and_no_name_of_a_column_is_a_formula(tmp_path: Path) -> None:
    words = pl.Series("-1", ["=x", "x"])
    frame = pl.DataFrame([words.cast(pl.Categorical), words.cast(pl.Enum(["=x", "x"])).alias("'=a"), words.alias("a")])
    (path,) = write_tables({"made": frame}, tmp_path, "csv")
    assert path.read_text(encoding="utf-8") == "'-1,''=a,a\n'=x,'=x,'=x\nx,x,x\n"


@given(st.lists(st.text(st.sampled_from("'=-a\n\t＝ "), max_size=4), min_size=1, max_size=6))  # noqa: RUF001
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_texts_of_a_csv_can_be_read_back(tmp_path: Path, texts: list[str]) -> None:
    (path,) = write_tables({"made": pl.DataFrame({"text": texts, "n": 1})}, tmp_path, "csv")
    with path.open(encoding="utf-8", newline="") as file:
        read = [row["text"] for row in csv.DictReader(file)]
    assert [text[1:] if re.match("'+[=+@\t\r\n＝＋－＠-]", text) else text for text in read] == texts  # noqa: RUF001


def test_what_was_written_is_a_log_again(done: LogReplay, tmp_path: Path) -> None:
    moves = next(path for path in write_replay(done, tmp_path, "csv") if path.stem == "transitions")
    mapping = '[log]\ncustomer = "customer"\ntime = "at"\n' + rule("", "Complained")
    again = replay_file(moves, mapping)
    assert (again.counts.used, again.rejects) == (len(all_of(done)), ())
