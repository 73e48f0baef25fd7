"""A log is the same log in every form, and every line of its file is accounted for."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.logs.helpers import (
    EXCHANGE,
    FORMS,
    IGNORE_REST,
    UTC_LOG,
    at,
    parts,
    rejects,
    replay_file,
    replay_text,
    rule,
    table,
    write,
)
from trustcurve.logs import LogReplay, UnreadableLogError, scan_log

LOG = """
customer | time                 | event | order | due        | amount | note
Zoë      | 2026-01-01 08:00     | order | A 1   | 2026-01-03 | 59.90  | "quoted", with comma
bob      | 2026-01-01T09:00:00Z | order | A2    |            | 7      | tab\there
         | 2026-01-02 08:00     | order | A3    |            | 7      |
客户     | 2026-01-03 25:00     | order | A4    |            | 7      |
Zoë      | 2026-01-04 08:00     | kept  | A 1   |            |        | 🧡
bob      | 2026-01-04 08:00     | kept  | A2    |            |        |
bob      | 2026-01-04 08:00     | gone  |       |            |        |
"""
MAPPING = UTC_LOG.replace("UTC", "Europe/Berlin") + rule(
    '{ event = "order", amount = { at_least = 5 } }',
    'PromiseMade promise = "{order}"; due = { column = "due", end_of_day = true }; note = "{note}"',
    "Purchased",
)
MAPPING += rule('{ event = "kept" }', 'PromiseKept promise = "{order}"')


def said(done: LogReplay) -> tuple[object, ...]:
    """Everything that a replay says."""
    return (*parts(done), done.outcomes.table.rows())


@pytest.mark.parametrize("form", FORMS)
def test_a_log_says_the_same_in_every_form(tmp_path: Path, form: str) -> None:
    rows = table(LOG)
    done = replay_file(write(tmp_path, rows, form), MAPPING, outcome="amount")
    assert said(done) == said(replay_file(write(tmp_path, rows, "csv"), MAPPING, outcome="amount"))
    assert rejects(done) == [(3, "no customer"), (4, "unreadable time"), (7, "no rule matches")]
    assert set(done.standings) == {"Zoë", "bob"}
    assert (done.counts.rows, done.counts.used, done.counts.broken, done.counts.applied) == (7, 4, 3, 6)


TYPED = pl.DataFrame(
    {
        "customer": [1, 2],
        "time": pl.Series(["2026-01-01 08:00:00.000005", "2026-01-02 08:00:00"]).str.to_datetime(time_unit="us"),
        "due": [date(2026, 1, 3), None],
        "amount": [7.5, 4.0],
        "member": [True, False],
        "kind": pl.Series(["x", "y"], dtype=pl.Categorical),
    }
)
TYPED_MAPPING = UTC_LOG.replace("UTC", "Europe/Berlin") + rule(
    '{ kind = "x", member = true, amount = { above = 7 } }',
    'PromiseMade promise = "{amount}"; due = { column = "due", end_of_day = true }',
)
TYPED_MAPPING += rule("{ member = false, amount = 4 }", "Exchanged")


@pytest.mark.parametrize("unit", ["us", "ns", "ms"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_a_typed_parquet_file_says_what_its_text_says(tmp_path: Path, unit: str, zone: str | None) -> None:
    time = pl.col("time").dt.replace_time_zone("Europe/Berlin").dt.convert_time_zone(zone or "Europe/Berlin")
    time = (time if zone else pl.col("time")).dt.cast_time_unit(unit)
    TYPED.with_columns(time).write_parquet(tmp_path / "log.parquet")
    done = replay_file(tmp_path / "log.parquet", TYPED_MAPPING)
    assert done.rejects == ()
    micro = 0 if unit == "ms" else 5
    assert done.standings["1"].quiet_since == datetime(2026, 1, 1, 7, 0, 0, micro, tzinfo=UTC)
    (promise,) = done.standings["1"].promises
    assert (promise.id, promise.due) == ("7.5", at("2026-01-03T22:59:59.999999"))
    assert done.standings["2"].quiet_since == at("2026-01-02T07:00")


TWO = UTC_LOG + EXCHANGE + IGNORE_REST


@pytest.mark.parametrize(
    "text",
    [
        "customer,time,event\nann,2026-01-01,x\nbob,2026-01-02,x",
        "customer,time,event\r\nann,2026-01-01,x\r\nbob,2026-01-02,x\r\n",
        "\ufeffcustomer,time,event\nann,2026-01-01,x\nbob,2026-01-02,x\n",
        '\ufeff"customer","time","event"\n"ann","2026-01-01","x"\n"bob","2026-01-02","x"\n',
        "event,customer,unused,time\nx,ann,,2026-01-01\nx,bob,7,2026-01-02\n",
        "\ufeffcustomer,time,event\n\nann,2026-01-01,x\n\n\nbob,2026-01-02,x\n\n",
        "customer,time,event\n ann , 2026-01-01 ,x \n bob, 2026-01-02, x\n",
    ],
    ids=["no last newline", "CRLF", "BOM", "BOM and quotes", "other order", "blank lines", "blanks around values"],
)
def test_a_csv_may_be_written_in_many_ways(tmp_path: Path, text: str) -> None:
    done = replay_text(tmp_path, text, TWO)
    assert list(done.standings) == ["ann", "bob"]
    assert (done.counts.rows, done.counts.used) == (2, 2)


def test_quoted_newlines_do_not_end_a_row(tmp_path: Path) -> None:
    text = 'customer,time,note,event\nann,2026-01-01,"one\ntwo\r\n\n""three""",x\nbob,2026-01-02,,y\n'
    done = replay_text(tmp_path, text, UTC_LOG + EXCHANGE)
    assert rejects(done) == [(2, "no rule matches")]


def test_lines_with_too_many_or_too_few_fields_are_rejects(tmp_path: Path) -> None:
    text = "customer,time,event\nann,2026-01-01,x\nbob,2026-01-02\ncyd,2026-01-03,x,7\n\ndan,2026-01-04,x\n,,\n"
    done = replay_text(tmp_path, text, TWO)
    assert rejects(done) == [(2, "broken line"), (3, "broken line"), (5, "no customer")]
    assert done.rejects[0].detail == "broken line: has 2 fields, but the heading has 3"
    assert done.rejects[1].detail == "broken line: has 4 fields, but the heading has 3"
    assert list(done.standings) == ["ann", "dan"]
    assert (done.counts.rows, done.counts.used, done.counts.broken) == (5, 2, 3)


def test_broken_json_lines_are_rejects(tmp_path: Path) -> None:
    lines = [
        '{"customer": 7, "time": "2026-01-01", "event": "x"}',
        '{"customer": "bob", "time": "2026-01-02", "event": "x"',
        '["cyd", "2026-01-03", "x"]',
        "7",
        '{"event": "x", "time": "2026-01-04", "customer": "dan", "more": {"a": [1, null]}}',
        '{"time": "2026-01-05", "event": "x"}',
    ]
    done = replay_text(
        tmp_path, "\n".join(lines), UTC_LOG + rule('{ event = "x" }', 'Exchanged note = "{more}"'), "jsonl"
    )
    assert rejects(done) == [(2, "broken line"), (3, "broken line"), (4, "broken line"), (6, "no customer")]
    assert "Expecting ',' delimiter" in done.rejects[0].detail
    assert list(done.standings) == ["7", "dan"]
    assert done.counts.rows == 6


def test_json_values_of_all_types_are_texts(tmp_path: Path) -> None:
    lines = """{"customer": 1, "time": "2026-01-01", "event": true, "n": 5}
{"customer": 2, "time": "2026-01-01", "event": "True", "n": 5.0}
{"customer": 3, "time": "2026-01-01", "event": "true", "n": "5e0"}
{"customer": 4, "time": "2026-01-01", "event": false, "n": 5}
{"customer": 5, "time": "2026-01-01", "event": null, "n": 5}
"""
    done = replay_text(tmp_path, lines, UTC_LOG + rule("{ event = true, n = 5 }", "Exchanged"), "jsonl")
    assert list(done.standings) == ["1", "2", "3"]


@pytest.mark.parametrize("form", ["csv", "tsv"])
@pytest.mark.parametrize("heading", ["customer,time,event", "customer,time,event\n", "\ufeffcustomer,time,event\r\n"])
def test_a_log_without_rows_is_an_empty_log(tmp_path: Path, form: str, heading: str) -> None:
    done = replay_text(tmp_path, heading.replace(",", "\t" if form == "tsv" else ","), TWO, form)
    assert (done.at_until.until, done.standings, done.transitions, done.rejects) == (None, {}, (), ())
    assert done.counts.rows == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the first line must name the columns, got a blank line"),
        ("\ncustomer,time,event\n", "the first line must name the columns, got a blank line"),
        ("customer,time,event\n\xff", "cannot be read: it is not UTF-8"),
    ],
    ids=["empty", "blank first line", "not UTF-8"],
)
def test_a_csv_that_cannot_be_read_as_a_whole_is_told(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UnreadableLogError, match=says) as caught:
        scan_log(path)
    assert caught.value.path == str(path)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"customer,time\n"])
def test_a_file_that_is_no_parquet_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "log.parquet").write_bytes(data)
    with pytest.raises(UnreadableLogError, match="cannot be read"):
        scan_log(tmp_path / "log.parquet")


@pytest.mark.parametrize("name", ["log", "log.xlsx", "log.csv.bz2", "log.yaml"])
def test_another_ending_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(
        UnreadableLogError, match=r"must end in one of \.csv, \.tsv, \.jsonl, \.ndjson, \.json, \.parquet"
    ):
        scan_log(tmp_path / name)


def test_a_missing_log_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        scan_log(tmp_path / "log.csv")


def test_a_long_file_is_read_whole(tmp_path: Path) -> None:
    rows = [{"customer": f"c{number}", "time": "2026-01-01", "event": "x"} for number in range(1, 5_001)]
    for form in FORMS:
        log = scan_log(write(tmp_path, rows, form))
        read = log.rows.select("trustcurve.row", "customer").collect().rows()
        assert read == [(number, f"c{number}") for number in range(1, 5_001)]


def test_a_broken_line_is_numbered_wherever_it_is(tmp_path: Path) -> None:
    lines = ["1,2"] * 5_000
    for place in (0, 1_999, 2_000, 4_999):
        lines[place] = "1,2,3"
    (tmp_path / "log.csv").write_text("one,two\n" + "\n".join(lines))
    log = scan_log(tmp_path / "log.csv")
    assert [number for number, _ in log.broken] == [1, 2_000, 2_001, 5_000]
    assert log.rows.collect().height == 4_996


def test_a_column_that_comes_late_in_json_lines_is_empty_before(tmp_path: Path) -> None:
    lines = ['{"a": 1}'] * 4_000 + ['{"b": 2}']
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    read = scan_log(tmp_path / "log.jsonl").rows.select("a", "b").collect()
    assert read.row(0) == ("1", None)
    assert read.row(-1) == (None, "2")
    assert read["b"].null_count() == 4_000


@pytest.mark.parametrize("name", ["LOG.CSV", "my log (1).csv", "ünï.csv"])
def test_names_of_files_may_be_odd(tmp_path: Path, name: str) -> None:
    write(tmp_path, table("customer | time | event\nann | 2026-01-01 | x")).rename(tmp_path / name)
    assert list(replay_file(tmp_path / name, TWO).standings) == ["ann"]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00", exclude_categories=["Cs"]), max_size=6)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(cells, cells, st.sampled_from(["", "ann", "a,b", 'say "x"', " "])), max_size=5),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([",", "\t"]),
)
def test_every_cell_that_is_written_is_read(
    tmp_path: Path, rows: list[tuple[str, str, str]], quoting: int, newline: str, separator: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=newline)
    writer.writerows([("one", "two", "three"), *rows])
    path = tmp_path / ("log.tsv" if separator == "\t" else "log.csv")
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    log = scan_log(path)
    assert log.broken == ()
    read = log.rows.select("one", "two", "three").collect().rows()
    assert [tuple(cell or "" for cell in row) for row in read] == rows
    assert log.rows.collect()["trustcurve.row"].to_list() == list(range(1, len(rows) + 1))
