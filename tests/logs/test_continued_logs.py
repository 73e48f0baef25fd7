"""A log in parts, each replayed from where the one before ended, is the whole log."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.logs.helpers import CURVE, UTC_LOG, at, replay, replay_file, rule, table, write
from trustcurve import Curve
from trustcurve.errors import InvalidValueError, ObservedInThePastError
from trustcurve.logs import LogReplay, parse_mapping, read_run, replay_log, scan_log
from trustcurve.logs.outputs import write_replay

MAPPING = UTC_LOG + 'id = "id"\n'
MAPPING += rule('{ event = "made" }', 'PromiseMade promise = "{p}"; due = "due"', "Purchased")
MAPPING += rule('{ event = "kept" }', 'PromiseKept promise = "{p}"; if_open = true')
MAPPING += rule('{ event = "freed" }', 'PromiseReleased promise = "{p}"')
MAPPING += rule('{ event = "offer" }', "Proposed", once_per="{p}", name="offer")
MAPPING += rule('{ event = "offer" }', 'OneSided by = "company"') + rule('{ event = "talk" }', "Exchanged")

Row = dict[str, str]
COLUMNS = ("customer", "time", "event", "p", "due", "id")
BEGIN = at("2026-01-01")


@st.composite
def logs(draw: st.DrawFn) -> list[Row]:
    rows = []
    for _ in range(draw(st.integers(1, 12))):
        day = draw(st.sampled_from([0, 1, 2, 3, 30, 100, 300]))
        due = day + draw(st.sampled_from([0, 1, 40, 200]))
        rows.append(
            {
                "customer": draw(st.sampled_from(["ann", "bob", "cyd"])),
                "time": f"{BEGIN + timedelta(days=day):%Y-%m-%d}",
                "event": draw(st.sampled_from(["made", "made", "kept", "freed", "offer", "offer", "talk", "what"])),
                "p": draw(st.sampled_from(["a", "b", ""])),
                "due": f"{BEGIN + timedelta(days=due):%Y-%m-%d}",
                "id": draw(st.sampled_from(["", "1", "2", "3"])),
            }
        )
    return rows


def run(folder: Path, rows: list[Row], engine: str, **options: Any) -> LogReplay:
    path = folder / "log.csv"
    lines = [",".join(row[column] for column in COLUMNS) for row in rows]
    path.write_text("\n".join([",".join(COLUMNS), *lines, ""]), encoding="utf-8")
    return replay_file(path, MAPPING, engine=engine, **options)


def cut_at(rows: list[Row], day: int) -> tuple[list[Row], list[Row]]:
    """Return the rows up to a day, and those after it."""
    border = f"{BEGIN + timedelta(days=day):%Y-%m-%d}"
    return [row for row in rows if row["time"] <= border], [row for row in rows if row["time"] > border]


@pytest.mark.parametrize("engine", ["columns", "pure"])
@settings(max_examples=60)
@given(logs(), st.sampled_from([0, 1, 2, 3, 30, 100]), st.sampled_from([None, 300, 400]))
def test_a_log_cut_in_time_ends_as_the_whole(engine: str, rows: list[Row], cut: int, until: int | None) -> None:
    first, rest = cut_at(rows, cut)
    end = None if until is None else BEGIN + timedelta(days=until)
    with TemporaryDirectory() as folder:
        path = Path(folder)
        whole = run(path, rows, engine, until=end)
        before = run(path, first, engine)
        write_replay(before, path / "out", resumable=True)
        standings, identities = read_run(path / "out", CURVE)
        after = run(path, rest, engine, until=end, standings=standings, identities=identities)
    assert after.standings == whole.standings
    assert after.at_until == whole.at_until
    moved = [move.transition for done in (before, after) for move in done.transitions]
    assert sorted(moved, key=repr) == sorted((move.transition for move in whole.transitions), key=repr)
    assert [before.counts.rows + after.counts.rows, before.counts.applied + after.counts.applied] == [
        whole.counts.rows,
        whole.counts.applied,
    ]
    reasons = sorted(each.reason for done in (before, after) for each in done.rejects)
    assert reasons == sorted(each.reason for each in whole.rejects)
    keys = ["customer", "id", "place"]
    assert after.identities.events.select(keys).sort(keys).equals(whole.identities.events.select(keys).sort(keys))
    ends = [
        (sum(each.open for each in done.promises), sum(each.overdue for each in done.promises))
        for done in (after, whole)
    ]
    assert ends[0] == ends[1]
    assert sorted(after.once_per.rows()) == sorted(whole.once_per.rows())


LOG = "customer | time | event | p | due | id\nann | 2026-01-05 | talk | | | 1"


def test_an_event_before_a_standing_is_rejected_and_said(tmp_path: Path) -> None:
    before = replay(tmp_path, LOG, MAPPING)
    early = LOG.replace("01-05", "01-04").replace("| 1", "| 2")
    after = replay(tmp_path, early, MAPPING, standings=before.tables.standings, identities=before.identities)
    assert [(each.row, each.reason) for each in after.rejects] == [(1, "out of order")]
    assert after.standings == before.standings


def test_what_does_not_fit_is_an_error_that_says_so(tmp_path: Path) -> None:
    before = replay(tmp_path, LOG, MAPPING)
    standings, identities = before.tables.standings, before.identities
    log, mapping = scan_log(write(tmp_path, table(LOG))), parse_mapping(MAPPING)
    with pytest.raises(InvalidValueError, match="identities must be the table of identities of the earlier run"):
        replay_log(log, mapping, CURVE, standings=standings)
    with pytest.raises(ObservedInThePastError, match="already known up to 2026-01-05"):
        replay_log(log, mapping, CURVE, standings=standings, identities=identities, until=at("2026-01-01"))
    with pytest.raises(InvalidValueError, match="standings must have a column 'as_of'"):
        replay_log(log, mapping, CURVE, standings=standings.drop("as_of"), identities=identities)
    with pytest.raises(InvalidValueError, match="standings must have each customer once, got 'ann'"):
        replay_log(log, mapping, CURVE, standings=pl.concat([standings, standings]), identities=identities)
    with pytest.raises(InvalidValueError, match="outcome needs the whole log"):
        replay_log(log, mapping, CURVE, standings=standings, identities=identities, outcome="due")


def test_a_folder_must_be_that_of_a_run_with_this_curve(tmp_path: Path) -> None:
    before = replay(tmp_path, LOG, MAPPING)
    write_replay(before, tmp_path / "out")
    with pytest.raises(InvalidValueError, match=r"must have run.parquet: write it with --out and --resumable"):
        read_run(tmp_path / "out", CURVE)
    write_replay(before, tmp_path / "out", resumable=True)
    with pytest.raises(InvalidValueError, match="must have been written with this curve"):
        read_run(tmp_path / "out", Curve.default(hopeful_lost_at=2))
    (tmp_path / "out" / "standings.parquet").write_bytes(b"PAR1")
    with pytest.raises(InvalidValueError, match=r"has a damaged file: standings.parquet"):
        read_run(tmp_path / "out", CURVE)
