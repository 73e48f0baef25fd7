"""Files as they come: what can be read is read, what cannot is told with a name, and nothing ends in a traceback."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unicodedata import normalize

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.documents.doors import NO_PATHS
from tests.logs.helpers import (
    CURVE,
    EXCHANGE,
    FORMS,
    IGNORE_REST,
    UTC_LOG,
    rejects,
    replay_file,
    replay_text,
    rule,
    table,
    write,
)
from trustcurve.errors import InvalidValueError
from trustcurve.logs import (
    InvalidMappingError,
    UnreadableLogError,
    parse_mapping,
    replay_customer,
    replay_journeys,
    replay_log,
    scan_log,
)
from trustcurve.records import write_tables

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAPPING = UTC_LOG + EXCHANGE + IGNORE_REST


@pytest.mark.parametrize(
    "fields",
    [
        ['5" disk', "plain", '6" disk'],
        ['5" disk', "plain", "plain"],
        ['"ab"cd', "plain", "plain"],
    ],
    ids=["inches", "one inch", "text after a quoted field"],
)
def test_quotes_inside_fields_are_read_as_they_stand(tmp_path: Path, fields: list[str]) -> None:
    rows = "".join(f"c{number},2026-01-0{number},x,{field}\n" for number, field in enumerate(fields, start=1))
    done = replay_text(tmp_path, "customer,time,event,note\n" + rows, MAPPING)
    assert list(done.standings) == ["c1", "c2", "c3"]
    assert (done.counts.rows, done.counts.used) == (3, 3)


def test_words_in_quotes_inside_fields_are_read_as_they_stand(tmp_path: Path) -> None:
    text = 'customer,time,event\nthe "best",2026-01-01,x\na "b" c,2026-01-01,x\n'
    assert list(replay_text(tmp_path, text, MAPPING).standings) == ['the "best"', 'a "b" c']


@pytest.mark.parametrize(
    "rest",
    [
        "bob,2026-01-02,x,plain\n",
        'bob,2026-01-02,x,"a, b"\n',
        'bob,2026-01-02,x,"two\nlines"\n',
        "bob,2026-01-02,x,plain\n" * 9_000,
    ],
    ids=["no other", "another field in quotes", "another field of two lines", "a long file"],
)
def test_a_quote_that_is_never_closed_costs_its_own_line_alone(tmp_path: Path, rest: str) -> None:
    done = replay_text(tmp_path, 'customer,time,event,note\nann,2026-01-01,x,"never\n' + rest, MAPPING)
    assert [(r.row, r.detail) for r in done.rejects] == [(1, "broken line: opens a quote that is never closed")]
    assert list(done.standings) == ["bob"]


def test_a_quote_that_is_closed_in_the_row_of_another_customer_costs_its_own_line(tmp_path: Path) -> None:
    rows = 'ann,2026-01-01,"oops\nbob,2026-01-01,x\ncat,2026-01-01,",\ndan,2026-01-01,x\n'
    done = replay_text(tmp_path, f"customer,time,event\n{rows}", MAPPING)
    assert (list(done.standings), rejects(done)) == (["bob", "dan"], [(1, "broken line"), (3, "broken line")])
    assert (done.counts.rows, done.counts.used) == (4, 2)


def test_a_quote_that_is_open_at_the_end_costs_its_own_line(tmp_path: Path) -> None:
    done = replay_text(tmp_path, 'customer,time,event\nann,2026-01-01,x\nbob,2026-01-01,"x', MAPPING)
    assert (list(done.standings), rejects(done)) == (["ann"], [(2, "broken line")])


def test_a_quote_that_is_open_in_the_heading_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableLogError, match="the first line opens a quote that is never closed"):
        replay_text(tmp_path, 'customer,time,"event\nann,2026-01-01,x\n', MAPPING)


LETTER = "".join(f"line {number} of a long letter\n" for number in range(20_000)) + "bob,2026-01-02,x,\n"


@pytest.mark.parametrize("field", ["x" * 1_000_000, f'"{LETTER}"'], ids=["plain", "in quotes, of many lines"])
def test_a_field_of_any_length_is_one_field(tmp_path: Path, field: str) -> None:
    done = replay_text(tmp_path, f"customer,time,event,note\nann,2026-01-01,x,{field}\ncyd,2026-01-03,x,y\n", MAPPING)
    assert (list(done.standings), done.counts.rows, done.rejects) == (["ann", "cyd"], 2, ())


def test_a_long_field_whose_quote_is_never_closed_costs_its_own_line(tmp_path: Path) -> None:
    text = f'customer,time,event,note\nann,2026-01-01,x,"{"x" * 200_000}\nbob,2026-01-01,x,\n'
    done = replay_text(tmp_path, text, MAPPING)
    assert (list(done.standings), rejects(done)) == (["bob"], [(1, "broken line")])


def damaged(rows: list[list[str]], which: set[int]) -> str:
    """Write a CSV in which some rows end in a quote that is never closed."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    lines = text.getvalue().splitlines()
    return "".join(f'{line},"open\n' if number in which else f"{line},shut\n" for number, line in enumerate(lines))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["", "x", "a,b", 'say "x"', '5"', '"', " "]), min_size=1, max_size=12),
    st.sets(st.integers(0, 11)),
)
def test_quotes_left_open_cost_their_own_lines_alone(tmp_path: Path, cells: list[str], which: set[int]) -> None:
    rows = [[str(number), cell] for number, cell in enumerate(cells)]
    (tmp_path / "log.csv").write_text("one,two,three\n" + damaged(rows, which), encoding="utf-8", newline="")
    log = scan_log(tmp_path / "log.csv")
    assert {number - 1 for number, _ in log.broken} == which & set(range(len(rows)))
    assert log.rows.select("one", "two").collect().rows() == [tuple(row) for row in rows if int(row[0]) not in which]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from('",\n\r x;\ufeff\x00'), max_size=40))
def test_every_row_of_whatever_follows_a_heading_is_numbered(tmp_path: Path, text: str) -> None:
    (tmp_path / "log.csv").write_text("one,two\n" + text, encoding="utf-8", newline="")
    log = scan_log(tmp_path / "log.csv")
    numbers = [*log.rows.collect()["trustcurve.row"], *(number for number, _ in log.broken)]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert len(numbers) <= len(text.replace("\r", "\n").split("\n"))


def test_lines_that_end_in_a_carriage_return_are_lines(tmp_path: Path) -> None:
    done = replay_text(tmp_path, "customer,time,event\rann,2026-01-01,x\rbob,2026-01-02,x\r", MAPPING)
    assert list(done.standings) == ["ann", "bob"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_name_of_a_log_is_no_pattern(tmp_path: Path, form: str) -> None:
    for name in ("ann", "bob", "*"):
        path = write(tmp_path, table(f"customer | time | event\n{name} | 2026-01-01 | x"), form)
        path.rename(tmp_path / f"log-{name}.{form}")
    assert list(replay_file(tmp_path / f"log-*.{form}", MAPPING).standings) == ["*"]


@pytest.mark.parametrize(("path", "rule"), NO_PATHS)
def test_what_is_not_a_path_is_named(path: Any, rule: str) -> None:
    with pytest.raises(InvalidValueError, match=f"path {rule}, got "):
        scan_log(path)
    with pytest.raises(InvalidValueError, match=f"folder {rule}, got "):
        write_tables({}, path, "csv")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_brackets_in_the_name_of_a_log_are_no_pattern(tmp_path: Path, form: str) -> None:
    (tmp_path / "[2026]").mkdir()
    path = write(tmp_path / "[2026]", table("customer | time | event\nann | 2026-01-01 | x"), form)
    assert list(replay_file(path, MAPPING).standings) == ["ann"]


def test_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    done = replay_text(tmp_path, "customer,time,event,,,\nann,2026-01-01,x,,,\nbob,2026-01-01,x,,7,\n", MAPPING)
    assert (list(done.standings), done.rejects) == (["ann", "bob"], ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sep=,\ncustomer,time,event\n", "the first line is 'sep=,', which only spreadsheets read; delete it"),
        ("SEP=;\ncustomer;time;event\n", "the first line is 'SEP=;', which only spreadsheets read; delete it"),
        (",,\nann,2026-01-01,x\n", "the first line must name the columns, got no names"),
    ],
)
def test_a_first_line_that_names_no_column_is_told(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UnreadableLogError, match=says):
        replay_text(tmp_path, text, MAPPING)


@pytest.mark.parametrize("first", ["# exported on 2026-01-01", "ann,first of May,x"])
def test_a_first_line_without_any_column_of_the_mapping_is_shown(tmp_path: Path, first: str) -> None:
    with pytest.raises(InvalidMappingError) as caught:
        replay_text(tmp_path, f"{first}\ncustomer,time,event\nann,2026-01-01,x\n", MAPPING)
    assert caught.value.findings[-1].problem == f"the first line must name the columns, got {first!r}"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("first", ["customer", "клиент", "顧客", "お客様", "ลูกค้า"])
@pytest.mark.parametrize("second", ["time", "время", "日時", "時刻"])
@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
def test_utf_16_without_a_mark_is_named(tmp_path: Path, encoding: str, first: str, second: str, form: str) -> None:
    separator = "\t" if form == "tsv" else ","
    text = f"{first}{separator}{second}\nann{separator}2026-01-01\n"
    text = f'{{"{first}": "ann", "{second}": "2026-01-01"}}\n' if form == "jsonl" else text
    (tmp_path / f"log.{form}").write_text(text, encoding=encoding)
    with pytest.raises(UnreadableLogError, match="it is UTF-16 without a byte order mark; save it as UTF-8"):
        scan_log(tmp_path / f"log.{form}")


@pytest.mark.parametrize("place", range(40))
def test_a_zero_in_a_row_is_not_utf_16(tmp_path: Path, place: int) -> None:
    rows = "ann,2026-01-01,x,\n,2026-01-01,x,\nbob,2026-01-01,x,\n"
    (tmp_path / "log.csv").write_text(f"customer,time,event,n\n{rows[:place]}\0{rows[place:]}")
    assert scan_log(tmp_path / "log.csv").rows.collect().height == 3


@pytest.mark.parametrize("ours", ["NFC", "NFD"])
@pytest.mark.parametrize("form", FORMS)
def test_a_heading_may_be_written_in_another_unicode_form(tmp_path: Path, form: str, ours: str) -> None:
    theirs = "NFD" if ours == "NFC" else "NFC"
    row = {normalize(theirs, "Käufer"): "ann", "time": "2026-01-01", normalize(theirs, "Größe"): "x"}
    path = write(tmp_path, [row], form)
    mapping = UTC_LOG.replace('"customer"', f'"{normalize(ours, "Käufer")}"') + rule(
        f'{{ "{normalize(ours, "Größe")}" = "x" }}', "Exchanged"
    )
    done = replay_file(path, mapping)
    assert (list(done.standings), done.rejects) == (["ann"], ())
    assert replay_customer(scan_log(path), parse_mapping(mapping), CURVE, "ann").counts.applied == 1


@pytest.mark.parametrize("ours", ["NFC", "NFD"])
@pytest.mark.parametrize("form", FORMS)
def test_a_value_may_be_written_in_another_unicode_form(tmp_path: Path, form: str, ours: str) -> None:
    theirs = "NFD" if ours == "NFC" else "NFC"
    path = write(tmp_path, [{"customer": "ann", "time": "2026-01-01", "event": normalize(theirs, "Bestätigt")}], form)
    rules = rule(f'{{ event = ["x", "{normalize(ours, "Bestätigt")}"] }}', "Exchanged")
    assert list(replay_file(path, UTC_LOG + rules).standings) == ["ann"]
    others = rule(f'{{ event = {{ not = "{normalize(ours, "Bestätigt")}" }} }}', "Exchanged")
    assert replay_file(path, UTC_LOG + others + IGNORE_REST).counts.ignored == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_mapping_may_name_a_column_in_two_unicode_forms(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, [{"customer": "ann", "time": "2026-01-01", "Größe": "x"}], form)
    both = ", ".join(f'"{normalize(each, "Größe")}" = "x"' for each in ("NFC", "NFD"))
    done = replay_file(path, UTC_LOG + rule(f"{{ {both} }}", "Exchanged"))
    assert (list(done.standings), done.rejects) == (["ann"], ())


TWICE = {
    "the same name": ("note", "note"),
    "two Unicode forms": (normalize("NFC", "Größe"), normalize("NFD", "Größe")),
}


def _with_two(path: Path, form: str, names: tuple[str, str]) -> Path:
    """Write a log that has two columns of one name."""
    rows = [{"customer": "ann", "time": "2026-01-01", "event": "x", "first": "a", "second": "b"}]
    if form == "parquet":
        pl.DataFrame(rows).rename(dict(zip(("first", "second"), names, strict=True))).write_parquet(
            path / "log.parquet"
        )
        return path / "log.parquet"
    file = write(path, rows, form)
    heading, rest = file.read_text().split("\n", 1)
    file.write_text(heading.replace("first", names[0]).replace("second", names[1]) + "\n" + rest)
    return file


NAMED_TWICE = [(form, names) for names in TWICE for form in FORMS[:2]] + [("parquet", "two Unicode forms")]


@pytest.mark.parametrize(("form", "names"), NAMED_TWICE)
def test_a_name_that_is_there_twice_matters_only_if_the_mapping_uses_it(tmp_path: Path, form: str, names: str) -> None:
    path = _with_two(tmp_path, form, TWICE[names])
    done = replay_file(path, MAPPING)
    assert (list(done.standings), done.rejects) == (["ann"], ())
    for column in TWICE[names]:
        with pytest.raises(InvalidMappingError, match=f"the log has column {column!r} twice; rename one of them"):
            replay_file(path, UTC_LOG + rule(f'{{ "{column}" = "a" }}', "Exchanged"))


def test_columns_that_are_all_there_twice_are_not_empty(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("customer,time,event,customer,time,event\nann,2026-01-01,x,,,\n")
    with pytest.raises(InvalidMappingError, match="the log has column 'customer' twice"):
        replay_file(tmp_path / "log.csv", MAPPING)


def test_two_keys_of_one_name_in_two_unicode_forms_break_their_line(tmp_path: Path) -> None:
    forms = [normalize(each, "Größe") for each in ("NFC", "NFD")]
    lines = [dict.fromkeys(keys, "x") for keys in (forms, forms[:1], forms[1:])]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    log = scan_log(tmp_path / "log.jsonl")
    assert log.broken == ((1, "has key 'Größe' twice"),)
    assert log.rows.collect()["Größe"].to_list() == ["x", "x"]


@pytest.mark.parametrize(
    "line",
    [
        '{"customer": "ann", "time": "2026-01-01", "event": "x", "customer": "bob"}',
        '{"customer": "ann", "time": "2026-01-01", "event": "x", "more": {"a": 1, "a": 2}}',
    ],
)
def test_a_key_that_is_there_twice_breaks_its_line(tmp_path: Path, line: str) -> None:
    done = replay_text(
        tmp_path, line + "\n" + '{"customer": "cyd", "time": "2026-01-01", "event": "x"}\n', MAPPING, "jsonl"
    )
    assert (list(done.standings), [reject.row for reject in done.rejects]) == (["cyd"], [1])
    assert "twice" in done.rejects[0].detail


def test_a_damaged_page_of_a_parquet_file_is_an_unreadable_log(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"customer": [f"c{n}" for n in range(1000)], "time": ["2026-01-01"] * 1000, "event": ["x"] * 1000}
    )
    frame.write_parquet(tmp_path / "log.parquet", compression="zstd")
    data = bytearray((tmp_path / "log.parquet").read_bytes())
    data[40:200] = b"\xaa" * 160
    (tmp_path / "log.parquet").write_bytes(data)
    log, mapping = scan_log(tmp_path / "log.parquet"), parse_mapping(MAPPING)
    for door in (replay_log, replay_journeys):
        with pytest.raises(UnreadableLogError, match=r"log\.parquet: cannot be read: "):
            door(log, mapping, CURVE)
    with pytest.raises(UnreadableLogError, match=r"log\.parquet: cannot be read: "):
        replay_customer(log, mapping, CURVE, "c1")


def test_a_panic_of_the_reader_is_an_unreadable_log(tmp_path: Path) -> None:
    pl.DataFrame({"customer": ["ann"]}).write_parquet(tmp_path / "log.parquet")
    with (
        pytest.raises(UnreadableLogError, match="a part of it is damaged"),
        scan_log(tmp_path / "log.parquet").reading(),
    ):
        raise pl.exceptions.PanicException("assertion failed")


def test_half_a_surrogate_pair_is_a_reject(tmp_path: Path) -> None:
    lines = '{"customer": "\\ud83e", "time": "2026-01-01", "event": "x"}\n'
    lines += '{"customer": "ann", "time": "2026-01-01", "event": "x"}\n'
    done = replay_text(tmp_path, lines, MAPPING, "jsonl")
    assert (list(done.standings), rejects(done)) == (["ann"], [(1, "broken line")])


@pytest.mark.parametrize("text", ["\\ud83e", "\\uDD21", "\\ud83e\\ud83e"])
@pytest.mark.parametrize("line", ['{"a": "%s"}', '{"%s": 1}', '{"a": ["%s"]}', '{"a": {"%s": 1}}'])
def test_half_a_surrogate_pair_is_found_wherever_it_is(tmp_path: Path, line: str, text: str) -> None:
    (tmp_path / "log.jsonl").write_text(line % text + "\n" + line % "\\ud83e\\udd21")
    assert [number for number, _ in scan_log(tmp_path / "log.jsonl").broken] == [1]


def test_deeply_nested_json_is_a_reject(tmp_path: Path) -> None:
    lines = '{"customer": ' + "[" * 100_000 + '\n{"customer": "ann", "time": "2026-01-01", "event": "x"}\n'
    done = replay_text(tmp_path, lines, MAPPING, "jsonl")
    assert (list(done.standings), rejects(done)) == (["ann"], [(1, "broken line")])


NUMBERS = ["12345678901234567890.5", "12345678901234567890.7", "1e999", "2e999", "-0", "0", "1.0", "1.00", "7" * 5_000]


@pytest.mark.parametrize("shape", ["%s", '{"a": %s}', "[1, %s]"])
def test_numbers_of_json_lines_are_read_as_they_are_written(tmp_path: Path, shape: str) -> None:
    line = f'{{"customer": {shape}, "time": "2026-01-01", "event": "x"}}\n'
    done = replay_text(tmp_path, "".join(line % number for number in NUMBERS), MAPPING, "jsonl")
    assert (list(done.standings), done.rejects) == ([shape % number for number in NUMBERS], ())


def test_json_that_is_not_a_number_is_an_empty_field_or_a_reject(tmp_path: Path) -> None:
    fields = ["NaN", "Infinity", "-Infinity", '"Infinity"', '"NaN"']
    lines = "".join(f'{{"customer": {field}, "time": "2026-01-01", "event": "x"}}\n' for field in fields)
    done = replay_text(tmp_path, lines, MAPPING, "jsonl")
    assert list(done.standings) == ["Infinity", "NaN"]
    assert [(reject.row, reject.detail) for reject in done.rejects] == [
        (1, "no customer: customer is empty"),
        (2, "broken line: has Infinity, which is not a number"),
        (3, "broken line: has -Infinity, which is not a number"),
    ]


@pytest.mark.parametrize("form", FORMS)
def test_a_column_named_as_one_of_ours_is_told(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, table("customer | time | event | trustcurve.row\nann | 2026-01-01 | x | 7"), form)
    with pytest.raises(
        UnreadableLogError,
        match=r"column 'trustcurve\.row' must be renamed: names that begin with 'trustcurve\.' are reserved",
    ):
        scan_log(path)


NESTED = pl.DataFrame(
    {
        "customer": ["ann", "bob"],
        "list": [["x", "ü"], None],
        "table": [{"a": 1, "b": [True, None]}, None],
        "day": [[date(2026, 1, 2)], []],
        "array": pl.Series([[1.5, 2.0], None], dtype=pl.Array(pl.Float64, 2)),
        "bytes": [b"caf\xc3\xa9", b"\xff"],
        "lasted": [timedelta(days=1, minutes=1), None],
    }
)


def test_what_parquet_nests_is_read_as_json_lines_would_have_it(tmp_path: Path) -> None:
    NESTED.write_parquet(tmp_path / "log.parquet")
    read = scan_log(tmp_path / "log.parquet").rows.drop("trustcurve.row").collect().rows()
    lines = [
        '{"customer": "ann", "list": ["x", "ü"], "table": {"a": 1, "b": [true, null]}, "day": ["2026-01-02"], "array": [1.5, 2.0]}',
        '{"customer": "bob", "day": []}',
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(lines), encoding="utf-8")
    texts = scan_log(tmp_path / "log.jsonl").rows.drop("trustcurve.row").collect().rows()
    assert [row[:-2] for row in read] == texts
    assert [row[-2:] for row in read] == [("café", "1 day, 0:01:00"), (r"\xff", None)]


FAR = pl.Series([2**62, 2**62 + 1])
ALMOST_THE_SAME: dict[str, pl.Series] = {
    "bytes": pl.Series([b"\x80\x01", b"\x81\x01", b"\\x8001", b"ann", b"bob"]),
    "durations": pl.Series([1, 2, 10**18, 10**18 + 1]).cast(pl.Duration("ns")),
    "long durations": pl.Series([10**18, 10**18 + 1]).cast(pl.Duration("ms")),
    "clock times": pl.Series([1, 2, 10**9]).cast(pl.Time),
    "times": pl.Series([1, 2, 10**18]).cast(pl.Datetime("ns", "Europe/Berlin")),
    "far times": FAR.cast(pl.Datetime("us")),
    "far days": pl.Series([2**31 - 1, 2**31 - 2], dtype=pl.Int32).cast(pl.Date),
    "doubles": pl.Series([0.1, 0.30000000000000004, 0.3, float("inf"), float("-inf")]),
    "numbers without a sign": pl.Series([2**64 - 1, 2**64 - 2], dtype=pl.UInt64),
    "decimals": pl.Series([Decimal("1.10"), Decimal("1.11")]),
}


@pytest.mark.parametrize("values", ALMOST_THE_SAME.values(), ids=ALMOST_THE_SAME)
@pytest.mark.parametrize("nested", ["flat", "list", "table", "array"])
def test_two_values_of_parquet_are_two_customers(tmp_path: Path, values: pl.Series, nested: str) -> None:
    customer = {
        "flat": values,
        "list": values.reshape((-1, 1)).arr.to_list(),
        "table": values.to_frame("a").to_struct(),
        "array": values.reshape((-1, 1)),
    }[nested]
    frame = pl.DataFrame({"customer": customer, "time": ["2026-01-01"] * len(values), "event": "x"})
    frame.write_parquet(tmp_path / "log.parquet")
    done = replay_file(tmp_path / "log.parquet", MAPPING)
    assert (len(done.standings), done.rejects) == (len(values), ())
    log, mapping = scan_log(tmp_path / "log.parquet"), parse_mapping(MAPPING)
    assert all(replay_customer(log, mapping, CURVE, each).counts.rows == 1 for each in done.standings)


def test_what_is_not_a_number_in_a_column_of_numbers_is_an_empty_field(tmp_path: Path) -> None:
    frame = pl.DataFrame({"customer": [float("nan"), 7.0], "time": ["2026-01-01"] * 2, "event": "x"})
    frame.write_parquet(tmp_path / "log.parquet")
    done = replay_file(tmp_path / "log.parquet", MAPPING)
    assert (list(done.standings), rejects(done)) == (["7.0"], [(1, "no customer")])


def test_a_column_of_lists_is_used_as_text(tmp_path: Path) -> None:
    frame = pl.DataFrame({"customer": ["ann"], "time": ["2026-01-01"], "event": [["x"]]})
    frame.write_parquet(tmp_path / "log.parquet")
    mapping = UTC_LOG + rule("{ event = '[\"x\"]' }", "Exchanged")
    assert list(replay_file(tmp_path / "log.parquet", mapping).standings) == ["ann"]


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path: Path) -> None:
    (tmp_path / "customer=bob").mkdir()
    path = write(tmp_path / "customer=bob", table("customer | time | event\nann | 2026-01-01 | x"), "parquet")
    assert list(replay_file(path, MAPPING).standings) == ["ann"]


PLAIN = "customer,time,event\nann,2026-01-01,x\n"
OTHER_FILES = {
    "UTF-16": ("log.csv", PLAIN.encode("utf-16"), "it is UTF-16; save it as UTF-8"),
    "UTF-16, big end first": ("log.jsonl", b"\xfe\xff" + PLAIN.encode("utf-16-be"), "it is UTF-16"),
    "Latin-1": (
        "log.csv",
        PLAIN.replace("ann", "Zoë").encode("latin-1"),
        r"it is not UTF-8 \(byte 0xeb\); save it as UTF-8",
    ),
    "gzip": ("log.csv", gzip.compress(PLAIN.encode()), r"it is compressed with gzip; its name must end in \.gz"),
    "zstd": ("log.csv", zstd.compress(PLAIN.encode()), r"it is compressed with zstd; its name must end in \.zst"),
    "gzip twice": ("log.csv.gz", gzip.compress(gzip.compress(PLAIN.encode())), "it is compressed with gzip"),
    "no gzip": ("log.csv.gz", PLAIN.encode(), "it is not gzip, or damaged: Not a gzipped file"),
    "no zstd": ("log.csv.zst", PLAIN.encode(), "it is not zstd, or damaged"),
    "UTF-16 in gzip": ("log.csv.gz", gzip.compress(PLAIN.encode("utf-16")), "it is UTF-16; save it as UTF-8"),
    "a spreadsheet": ("log.tsv", b"PK\x03\x04\x14\x00", "it is a zip archive or a spreadsheet"),
    "Parquet": ("log.csv", b"PAR1\x15\x04", r"it is Parquet; rename it to end in \.parquet"),
}


@pytest.mark.parametrize(("name", "data", "says"), OTHER_FILES.values(), ids=OTHER_FILES)
def test_a_file_that_is_no_text_in_utf_8_is_told_with_what_to_do(
    tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadableLogError, match=f"cannot be read: {says}"):
        scan_log(tmp_path / name)


PACKED = {"gz": gzip.compress, "zst": zstd.compress}


@pytest.mark.parametrize("form", FORMS[:4])
@pytest.mark.parametrize("packing", PACKED)
def test_a_compressed_log_is_read_as_what_is_in_it(tmp_path: Path, packing: str, form: str) -> None:
    rows = table("customer | time | event\nann | 2026-01-01 | x\nZoë | 2026-01-02 | y")
    path = write(tmp_path, rows, form)
    packed = path.with_name(f"log.{form}.{packing.upper()}")
    packed.write_bytes(PACKED[packing](path.read_bytes()))
    done, plain = replay_file(packed, MAPPING), replay_file(path, MAPPING)
    assert (done.standings, done.rejects, done.counts) == (plain.standings, plain.rejects, plain.counts)
    assert list(done.standings) == ["ann"]


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("left", [0.2, 0.5, 0.9, 1 - 1e-9])
def test_a_compressed_log_that_is_cut_short_is_told(tmp_path: Path, packing: str, left: float) -> None:
    lines = "".join(f"c{number},2026-01-01,{number * 7919 % 10_007}\n" for number in range(20_000))
    data = PACKED[packing](("customer,time,event\n" + lines).encode())
    path = tmp_path / f"log.csv.{packing}"
    path.write_bytes(data[: int(len(data) * left)])
    with pytest.raises(UnreadableLogError, match=f"it is not {'gzip' if packing == 'gz' else 'zstd'}, or damaged: "):
        scan_log(path)


@pytest.mark.parametrize("name", ["log.gz", "log.parquet.gz", "log.csv.bz2", "log.zst", "csv.gz"])
def test_other_compressed_files_are_told_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(UnreadableLogError, match=r"such as \.csv\.gz or \.csv\.zst"):
        scan_log(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "mark", "says"),
    [
        ("log.csv", ";", "fields must be separated by commas, not semicolons"),
        ("log.csv", "\t", "fields must be separated by commas, not tabs"),
        ("log.csv", "|", "fields must be separated by commas, not bars"),
        ("log.tsv", ",", "fields must be separated by tabs, not commas"),
    ],
)
def test_another_separator_is_told(tmp_path: Path, name: str, mark: str, says: str) -> None:
    (tmp_path / name).write_text(PLAIN.replace(",", mark))
    with pytest.raises(UnreadableLogError, match=says):
        scan_log(tmp_path / name)


def test_a_separator_inside_the_only_column_is_no_other_separator(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text('"a,b"\n1\n')
    assert scan_log(tmp_path / "log.csv").rows.collect()["a,b"].to_list() == ["1"]
