"""A log that is replayed part by part, because it is larger than memory, ends as the whole."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import polars as pl
import pytest
from attrs import asdict
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.logs.helpers import CURVE, UTC_LOG, Row, at, replay, replay_file, rule, table, write
from tests.logs.oracle import MAPPING
from tests.logs.test_continued_logs import cut_at, run
from tests.logs.test_continued_logs import logs as rows_to_continue
from tests.logs.test_laws import logs, untils
from trustcurve.errors import InvalidValueError
from trustcurve.logs import LogReplay, parse_mapping, replay_log, scan_log
from trustcurve.logs.memory_size import parts_of, read_memory
from trustcurve.logs.outputs import frames_of, write_replay
from trustcurve.logs.summary import fall_causes, state_rows


def in_parts(path: Path, many: int, until: datetime | None) -> LogReplay:
    with patch("trustcurve.logs.log_replay.parts_of", return_value=many):
        return replay_file(path, MAPPING, until=until, memory="2GB", resumable=True, outcome="stars")


@settings(max_examples=30)
@given(logs, st.integers(2, 4), untils)
def test_a_log_in_parts_ends_as_the_whole(log: list[Row], many: int, until: datetime | None) -> None:
    with TemporaryDirectory() as folder:
        path = write(Path(folder), log)
        whole, parts = replay_file(path, MAPPING, until=until, outcome="stars"), in_parts(path, many, until)
        frames, others = (frames_of(each, resumable=True) for each in (whole, parts))
    assert parts.until == whole.until
    assert asdict(parts.counts) == asdict(whole.counts)
    assert list(frames) == list(others)
    for name, frame in frames.items():
        assert rows(frame) == rows(others[name]), name
    assert (parts.unmatched_rules, parts.skipped) == (whole.unmatched_rules, whole.skipped)
    assert state_rows(parts) == state_rows(whole)
    assert fall_causes(parts) == fall_causes(whole)
    assert [each for each in parts.warnings if " lie after " not in each] == [
        each for each in whole.warnings if " lie after " not in each
    ]


def rows(frame: pl.DataFrame) -> list[str]:
    return sorted(map(repr, frame.rows()))


LOG = (
    "customer | time | event\nann | 2026-01-05 | talk\nbob | 2026-01-06 | talk\n | 2026-01-07 | talk\ncyd | soon | talk"
)
TALK = rule('{ event = "talk" }', "Exchanged")


@settings(max_examples=20)
@given(rows_to_continue(), st.sampled_from([0, 2, 30]), st.integers(2, 3))
def test_parts_go_on_from_an_earlier_run_each_with_its_own_customers(log: list[Row], cut: int, many: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder)
        first, rest = cut_at(log, cut)
        before = run(path, first, "columns")
        known = {"standings": before.tables.standings, "identities": before.identities}
        whole = run(path, rest, "columns", **known)
        with patch("trustcurve.logs.log_replay.parts_of", return_value=many):
            parts = run(path, rest, "columns", memory="2GB", resumable=True, **known)
        frames, others = (frames_of(each, resumable=True) for each in (whole, parts))
    for name, frame in frames.items():
        assert rows(frame) == rows(others[name]), name
    assert (parts.tables.customers, asdict(parts.counts)) == (whole.tables.customers, asdict(whole.counts))


def test_one_event_after_the_other_keeps_the_whole_log(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="memory needs the engine 'columns'"):
        replay(tmp_path, LOG, UTC_LOG + TALK, memory="2GB", engine="pure")


def test_its_tables_are_written_and_read_but_its_objects_are_not_there(tmp_path: Path) -> None:
    with patch("trustcurve.logs.log_replay.parts_of", return_value=2):
        done = replay(tmp_path, LOG, UTC_LOG + TALK, memory="2GB")
    assert (done.counts.rows, done.counts.broken, done.tables.customers) == (4, 2, 2)
    written = write_replay(done, tmp_path / "out")
    assert sorted(pl.read_parquet(written[0])["customer"]) == ["ann", "bob"]
    with pytest.raises(InvalidValueError, match="memory keeps tables only"):
        _ = done.standings
    with pytest.raises(InvalidValueError, match="keeps no identities: replay with resumable=True"):
        write_replay(done, tmp_path / "out", resumable=True)


def test_a_small_log_is_one_part(tmp_path: Path) -> None:
    log = scan_log(write(tmp_path, table(LOG)))
    assert parts_of(log, read_memory("1GB")) == 1
    done = replay_log(log, parse_mapping(UTC_LOG + TALK), CURVE, memory="1GB")
    assert done.standings["ann"].as_of == at("2026-01-05")


@pytest.mark.parametrize(
    ("size", "problem"),
    [
        ("much", "memory must be a size such as '2GB' or '1.5GiB', got 'much'"),
        ("2 TB", "memory must be a size such as"),
        (True, "memory must be a size such as"),
        ("500MB", "memory must be at least 1GB, got '500MB'"),
        (10, "memory must be at least 1GB, got 10"),
    ],
)
def test_a_size_that_is_none_is_an_error(tmp_path: Path, size: object, problem: str) -> None:
    with pytest.raises(InvalidValueError, match=problem):
        replay(tmp_path, LOG, UTC_LOG + TALK, memory=size)
