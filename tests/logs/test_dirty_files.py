"""Files as they come: what can be read is read, what cannot is told with a name, and nothing ends in a traceback."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.logs.helpers import EXCHANGE, IGNORE_REST, UTC_LOG, replay_file, replay_text, table, write
from trustcurve import TrustcurveError
from trustcurve.logs import LogReplay, UnreadableLogError

MAPPING = UTC_LOG + EXCHANGE + IGNORE_REST


def replay_or_error(path: Path, text: str, form: str = "csv") -> LogReplay | TrustcurveError:
    try:
        return replay_text(path, text, MAPPING, form)
    except TrustcurveError as error:
        return error


@pytest.mark.xfail(strict=True, reason="a quote inside a field passes the first reader and breaks the second, Polars")
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


@pytest.mark.xfail(strict=True, reason="a quote that is never closed is an error of Polars")
def test_a_quote_that_is_never_closed_is_told(tmp_path: Path) -> None:
    told = replay_or_error(tmp_path, 'customer,time,event,note\nann,2026-01-01,x,"never\nbob,2026-01-02,x,plain\n')
    assert isinstance(told, UnreadableLogError) or told.counts.rows


@pytest.mark.xfail(strict=True, reason="one reader takes a lone carriage return for a new line, the other does not")
def test_lines_that_end_in_a_carriage_return_are_lines(tmp_path: Path) -> None:
    done = replay_text(tmp_path, "customer,time,event\rann,2026-01-01,x\rbob,2026-01-02,x\r", MAPPING)
    assert list(done.standings) == ["ann", "bob"]


@pytest.mark.xfail(strict=True, reason="Polars expands the name of a log as a pattern, and reads other files along")
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_name_of_a_log_is_no_pattern(tmp_path: Path, form: str) -> None:
    for name in ("ann", "bob", "*"):
        path = write(tmp_path, table(f"customer | time | event\n{name} | 2026-01-01 | x"), form)
        path.rename(tmp_path / f"log-{name}.{form}")
    assert list(replay_file(tmp_path / f"log-*.{form}", MAPPING).standings) == ["*"]


@pytest.mark.xfail(strict=True, raises=UnreadableLogError, reason="Polars expands the name of a log as a pattern")
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_brackets_in_the_name_of_a_log_are_no_pattern(tmp_path: Path, form: str) -> None:
    (tmp_path / "[2026]").mkdir()
    path = write(tmp_path / "[2026]", table("customer | time | event\nann | 2026-01-01 | x"), form)
    assert list(replay_file(path, MAPPING).standings) == ["ann"]


@pytest.mark.xfail(strict=True, reason="half a surrogate pair in JSON is a UnicodeEncodeError")
def test_half_a_surrogate_pair_is_a_reject(tmp_path: Path) -> None:
    lines = '{"customer": "\\ud83e", "time": "2026-01-01", "event": "x"}\n'
    lines += '{"customer": "ann", "time": "2026-01-01", "event": "x"}\n'
    done = replay_or_error(tmp_path, lines, "jsonl")
    assert isinstance(done, LogReplay)
    assert "ann" in done.standings


@pytest.mark.xfail(strict=True, reason="deeply nested JSON is a RecursionError")
def test_deeply_nested_json_is_a_reject(tmp_path: Path) -> None:
    lines = '{"customer": ' + "[" * 100_000 + '\n{"customer": "ann", "time": "2026-01-01", "event": "x"}\n'
    done = replay_or_error(tmp_path, lines, "jsonl")
    assert isinstance(done, LogReplay)
    assert "ann" in done.standings


@pytest.mark.xfail(strict=True, reason="a source column named as one of ours is an error of Polars")
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_column_named_as_one_of_ours_is_told_or_read(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, table("customer | time | event | trustcurve.row\nann | 2026-01-01 | x | 7"), form)
    try:
        assert list(replay_file(path, MAPPING).standings) == ["ann"]
    except TrustcurveError as error:
        assert "trustcurve.row" in str(error)  # noqa: PT017 - either is fine


@pytest.mark.xfail(strict=True, reason="a column of lists is an error of Polars")
def test_a_column_of_lists_is_told_or_read(tmp_path: Path) -> None:
    frame = pl.DataFrame({"customer": ["ann"], "time": ["2026-01-01"], "event": [["x"]]})
    frame.write_parquet(tmp_path / "log.parquet")
    try:
        assert replay_file(tmp_path / "log.parquet", MAPPING).counts.rows == 1
    except TrustcurveError as error:
        assert "event" in str(error)  # noqa: PT017 - either is fine


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path: Path) -> None:
    (tmp_path / "customer=bob").mkdir()
    path = write(tmp_path / "customer=bob", table("customer | time | event\nann | 2026-01-01 | x"), "parquet")
    assert list(replay_file(path, MAPPING).standings) == ["ann"]
