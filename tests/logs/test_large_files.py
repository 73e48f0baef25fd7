"""Files of many blocks with something odd in them: it is found where it is, and costs no other row."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from trustcurve.logs import UnreadableLogError, scan_log
from trustcurve.logs.opened_log import Log
from trustcurve.logs.text_blocks import BLOCK

HEADING = "customer,time,event\n"
LINE = "ann,2026-01-01,x\n"
MANY = 2 * BLOCK // len(LINE)
OBJECT = '{"customer": "ann", "time": "2026-01-01", "event": "x"}\n'
OBJECTS = 2 * BLOCK // len(OBJECT)
LONG = "é" * 5_000_000


def opened(path: Path, data: bytes | str, name: str) -> Log:
    """Write a log and open it."""
    (path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return scan_log(path / name)


def customers(log: Log) -> list[str]:
    """Return the customer of each row."""
    return log.rows.select("customer").collect()["customer"].to_list()


@pytest.mark.parametrize(
    ("name", "before", "line", "count"),
    [
        ("log.csv", HEADING + LINE * MANY, f"{LONG},2026-01-01,x\n", MANY),
        ("log.csv", HEADING + LINE * MANY, f'"{LONG}","2026-01-01","x"\n', MANY),
        ("log.csv", HEADING + LINE * MANY, f'"{LONG[1:]}\nä",2026-01-01,x\n', MANY),
        ("log.jsonl", OBJECT * OBJECTS, OBJECT.replace("ann", LONG), OBJECTS),
        ("log.jsonl", OBJECT * OBJECTS, OBJECT.replace("ann", LONG + "\\\\"), OBJECTS),
    ],
    ids=["plain", "in quotes", "of two lines", "JSON", "JSON with an escape"],
)
def test_a_text_of_ten_megabytes_is_a_field(tmp_path: Path, name: str, before: str, line: str, count: int) -> None:
    log = opened(tmp_path, before + line * 2 + before.removeprefix(HEADING), name)
    found = customers(log)
    assert (len(found), log.broken) == (2 * count + 2, ())
    assert [number for number, customer in enumerate(found) if customer != "ann"] == [count, count + 1]
    assert len(found[count]) in (len(LONG), len(LONG) + 1)


def test_a_zero_byte_in_the_middle_is_a_character(tmp_path: Path) -> None:
    log = opened(tmp_path, HEADING + LINE * MANY + "a\0b,2026-01-01,x\n" + LINE * MANY, "log.csv")
    assert customers(log) == [*["ann"] * MANY, "a\0b", *["ann"] * MANY]
    log = opened(tmp_path, OBJECT * OBJECTS + OBJECT.replace("nn", "\0n") + OBJECT * OBJECTS, "log.jsonl")
    assert customers(log) == ["ann"] * 2 * OBJECTS
    assert log.broken == ((OBJECTS + 1, "is not JSON: Invalid control character at: line 1 column 16 (char 15)"),)


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl", "log.json"])
@pytest.mark.parametrize("last", [b"\xfc", b"b\xc3", b"\xed\xa0\x80\n"])
def test_a_last_line_that_is_not_utf_8_is_an_error(tmp_path: Path, name: str, last: bytes) -> None:
    rows = {"log.csv": HEADING + LINE * MANY, "log.jsonl": OBJECT * OBJECTS, "log.json": f"[{OBJECT}]"}[name]
    byte = last.lstrip(b"b")[0]
    with pytest.raises(UnreadableLogError, match=rf"it is not UTF-8 \(byte {byte:#04x}\); save it as UTF-8"):
        opened(tmp_path, rows.encode() + last, name)


def test_what_comes_first_is_reported_first(tmp_path: Path) -> None:
    with pytest.raises(UnreadableLogError, match="the first line is 'sep=,'"):
        opened(tmp_path, b"sep=,\n" + LINE.encode() + b"\xfc", "log.csv")
    with pytest.raises(UnreadableLogError, match=r"column 'trustcurve.row' must be renamed"):
        opened(tmp_path, b'{"trustcurve.row": 1}\n\xfc', "log.jsonl")


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
def test_a_large_compressed_file_that_is_cut_short_is_an_error(tmp_path: Path, name: str) -> None:
    rows = HEADING + LINE * MANY if name == "log.csv" else OBJECT * OBJECTS
    packed = gzip.compress(rows.encode())
    with pytest.raises(UnreadableLogError, match="it is not gzip, or damaged"):
        opened(tmp_path, packed[: len(packed) * 9 // 10], f"{name}.gz")


def test_line_ends_of_all_systems_may_be_mixed(tmp_path: Path) -> None:
    lines = [f"c{number},2026-01-01,{'x' * (number % 7)}" for number in range(BLOCK // 12)]
    ends = ("\n", "\r\n", "\r", "\n\r\n")
    text = "".join(line + ends[number // 1_000 % 4] for number, line in enumerate(lines))
    log = opened(tmp_path, HEADING + text, "log.csv")
    assert (customers(log), log.broken) == ([line.partition(",")[0] for line in lines], ())
    objects = [json.dumps({"customer": f"c{number}"}) for number in range(BLOCK // 12)]
    ends = ("\n", "\r\n", "\r")
    log = opened(
        tmp_path, "".join(line + ends[number // 1_000 % 3] for number, line in enumerate(objects)), "log.jsonl"
    )
    assert (customers(log), log.broken) == ([f"c{number}" for number in range(len(objects))], ())
    assert log.rows.select("trustcurve.row").collect().to_series().to_list() == list(range(1, len(objects) + 1))


@pytest.mark.parametrize(
    ("end", "problem"),
    [
        ('"', "opens a quote that is never closed"),
        ('bob,2026-01-01,"', "opens a quote that is never closed"),
        ('bob,2026-01-01,"x""', "opens a quote that is never closed"),
        ('bob,"2026-01-01,x"', "has 2 fields, but the heading has 3"),
        ('bob,2026-01-01,"x"', None),
        ('bob,2026-01-01,x"', None),
        ('bob,2026-01-01,""', None),
    ],
)
def test_a_file_may_end_in_a_quote(tmp_path: Path, end: str, problem: str | None) -> None:
    log = opened(tmp_path, HEADING + LINE * MANY + end, "log.csv")
    assert customers(log) == [*["ann"] * MANY, *(["bob"] if problem is None else [])]
    assert log.broken == (() if problem is None else ((MANY + 1, problem),))
