"""CSV files without a heading, whose columns are named by the mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.logs.helpers import CURVE, EXCHANGE, IGNORE_REST, UTC_LOG, rejects
from trustcurve.errors import InvalidValueError
from trustcurve.logs import InvalidMappingError, LogReplay, UnreadableLogError, parse_mapping, replay_log, scan_log

NAMED = UTC_LOG + 'columns = ["customer", "time", "event"]\n' + EXCHANGE + IGNORE_REST
UNNAMED = UTC_LOG + EXCHANGE + IGNORE_REST


def replay_unnamed(path: Path, text: str, mapping: str = NAMED, name: str = "log.csv") -> LogReplay:
    """Replay a log with the names that its mapping gives to the columns."""
    (path / name).write_text(text, encoding="utf-8", newline="")
    meaning = parse_mapping(mapping, "m.toml")
    return replay_log(scan_log(path / name, meaning.column_names), meaning, CURVE)


@pytest.mark.parametrize("name", ["log.csv", "log.tsv"])
@pytest.mark.parametrize("begin", ["", "\ufeff", "\n\n", "\ufeff\r\n"])
def test_the_first_line_is_row_1(tmp_path: Path, name: str, begin: str) -> None:
    text = f"{begin}ann,2026-01-01,x\nbob,none,x\ncyd,2026-01-03\ndan,2026-01-03,x\n"
    done = replay_unnamed(tmp_path, text.replace(",", "\t") if name == "log.tsv" else text, name=name)
    assert (list(done.standings), rejects(done)) == (["ann", "dan"], [(2, "unreadable time"), (3, "broken line")])
    assert done.rejects[-1].detail == "broken line: has 2 fields, but columns names 3"


def test_a_first_line_that_is_broken_is_a_reject(tmp_path: Path) -> None:
    done = replay_unnamed(tmp_path, 'ann,2026-01-01,"x\nbob,2026-01-01,x\n')
    assert (list(done.standings), rejects(done)) == (["bob"], [(1, "broken line")])
    done = replay_unnamed(tmp_path, 'ann,2026-01-01,"x\nbob",2026-01-01,"x\nc"\n')
    detail = "broken line: opens a quote across 3 lines, which gives 5 fields, but columns names 3"
    assert [reject.detail for reject in done.rejects][:1] == [detail]


def test_a_file_without_a_line_is_an_empty_log(tmp_path: Path) -> None:
    assert replay_unnamed(tmp_path, "").counts.rows == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ann,2026-01-01,x,1\n", "columns names 3 columns, but the first line has 4 fields: 'ann,2026-01-01,x,1'"),
        ("\nann;2026-01-01;x\n", "columns names 3 columns, but the first line has 1 fields: 'ann;2026-01-01;x'"),
        ("customer,time,event\n", "columns must be left out: the first line has these names, so it is a heading"),
    ],
)
def test_names_that_do_not_fit_the_first_line_are_an_error(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UnreadableLogError) as caught:
        replay_unnamed(tmp_path, text)
    assert caught.value.problem == says


@pytest.mark.parametrize("name", ["log.jsonl", "log.json", "log.parquet", "log.jsonl.gz"])
def test_only_files_of_fields_can_be_without_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableLogError, match=r"columns must be left out: they are for .csv and .tsv files"):
        replay_unnamed(tmp_path, "", name=name)


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        (["a", "b", "a"], "must not have a name twice: 'a'"),
        (["\u00e9", "e\u0301"], "must not have a name twice: 'é'"),
        (["a", ""], "must not have an empty name"),
        (["a", " "], "must not have an empty name"),
        (
            ["trustcurve.row"],
            "must not have a name that begins with 'trustcurve.', which is reserved: 'trustcurve.row'",
        ),
        ("abc", "must be a list of texts"),
        ([1], "must be a list of texts"),
        (None, "must be a list of texts"),
    ],
)
def test_names_that_cannot_be_columns_are_an_error(tmp_path: Path, columns: Any, rule: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        scan_log(tmp_path / "log.csv", columns)
    assert (caught.value.argument, caught.value.rule) == ("columns", rule)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ('["time", "time"]', "m.toml: [log] columns: must not have a name twice: 'time'"),
        ('["time", ""]', "m.toml: [log] columns"),
        ('["trustcurve.at"]', "m.toml: [log] columns: must not have a name that begins with 'trustcurve.'"),
        ("[]", "m.toml: [log] columns: must not be empty"),
        ('"time"', "m.toml: [log] columns: must be an array"),
    ],
)
def test_a_mapping_with_such_names_is_wrong(columns: str, says: str) -> None:
    with pytest.raises(InvalidMappingError) as caught:
        parse_mapping(UTC_LOG + f"columns = {columns}\n" + EXCHANGE, "m.toml")
    assert str(caught.value).startswith(says)


def test_a_log_must_be_opened_with_the_names_of_its_mapping(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("ann,2026-01-01,x\n")
    for mapping, columns in ((NAMED, ()), (UNNAMED, ("customer", "time", "event"))):
        with pytest.raises(InvalidMappingError, match=r"open it by scan_log\(path, columns=mapping.column_names\)"):
            replay_log(scan_log(tmp_path / "log.csv", columns), parse_mapping(mapping), CURVE)


@pytest.mark.parametrize("first", ["ann,2026-01-01,x", "1,2,8,1296629343.62073", "-1.5,a", "12:30,12:30"])
def test_a_first_line_that_looks_like_a_row_is_noticed(tmp_path: Path, first: str) -> None:
    with pytest.raises(InvalidMappingError) as caught:
        replay_unnamed(tmp_path, f"{first}\n", UNNAMED)
    way_out = "it looks like a row: if the file has no heading, name all its columns by columns = [...] in [log]"
    assert caught.value.findings[-1].problem == f"the first line must name the columns, got {first!r}; {way_out}"


@pytest.mark.parametrize("first", ["client,time,event", "1st,time,event"])
def test_a_heading_that_lacks_a_column_is_not_taken_for_a_row(tmp_path: Path, first: str) -> None:
    with pytest.raises(InvalidMappingError) as caught:
        replay_unnamed(tmp_path, f"{first}\n", UNNAMED)
    assert [finding.table for finding in caught.value.findings] == ["[log] customer"]
