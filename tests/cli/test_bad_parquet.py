"""Large Parquet files that are damaged or full of dirt: a clear error and no output, or counted rejects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Trustcurve

MANY, GROUP = 50_000, 5_000
START = datetime(2026, 1, 1, tzinfo=UTC)
MAPPING = """\
[log]
customer = "customer"
time = "time"
[[rules]]
when = { event = "x" }
events = [{ event = "Exchanged" }]
"""
LONG = "é" * 5_000_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with a mapping, and with files of an earlier run in ``out``."""
    (tmp_path / "m.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "standings.parquet").write_bytes(b"old")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(many: int = MANY) -> pl.DataFrame:
    """Make a clean log."""
    number = pl.int_range(many)
    return pl.select(
        customer=pl.format("c{}", number % 977),
        time=pl.lit(START) + pl.duration(minutes=number),
        event=pl.lit("x"),
        note=number.hash().cast(pl.String),
    )


def assert_nothing_was_written(folder: Path) -> None:
    assert [(path.name, path.read_bytes()) for path in (folder / "out").iterdir()] == [("standings.parquet", b"old")]


REPLAY = ("replay", "log.parquet", "-m", "m.toml", "--out", "out")


@pytest.mark.parametrize("compression", ["snappy", "gzip", "lz4"])
@pytest.mark.parametrize("where", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("engine", ["columns", "pure"])
def test_a_damaged_row_group_is_an_error(
    trustcurve: Trustcurve, folder: Path, compression: str, where: float, engine: str
) -> None:
    log = rows().drop("note").with_columns(event=pl.format("x{}", pl.int_range(MANY).hash()))
    log.write_parquet(folder / "log.parquet", row_group_size=GROUP, compression=compression)  # type: ignore[arg-type]
    data = bytearray((folder / "log.parquet").read_bytes())
    begin = int(len(data) * where)
    data[begin : begin + 2_000] = bytes(byte ^ 0xFF for byte in data[begin : begin + 2_000])
    (folder / "log.parquet").write_bytes(data)
    said = trustcurve(*REPLAY, "--engine", engine)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("trustcurve: log.parquet: cannot be read: ")
    assert said.err.count("\n") == 1
    assert_nothing_was_written(folder)


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.99])
def test_a_file_that_is_cut_short_is_an_error(trustcurve: Trustcurve, folder: Path, kept: float) -> None:
    rows().write_parquet(folder / "log.parquet", row_group_size=GROUP)
    data = (folder / "log.parquet").read_bytes()
    (folder / "log.parquet").write_bytes(data[: int(len(data) * kept)])
    said = trustcurve(*REPLAY)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("trustcurve: log.parquet: cannot be read: parquet: File out of specification: ")
    assert said.err.count("\n") == 1
    assert_nothing_was_written(folder)


def test_rows_without_a_customer_are_counted(trustcurve: Trustcurve, folder: Path) -> None:
    named = pl.when(pl.int_range(MANY) % 10 > 0).then("customer")
    rows().with_columns(customer=named).write_parquet(folder / "log.parquet", row_group_size=GROUP)
    said = trustcurve(*REPLAY)
    assert (said.code, said.err) == (1, "")
    assert "50,000 rows: 45,000 used, 5,000 broken" in said.lines
    rejects = pl.read_parquet(folder / "out" / "rejects.parquet")
    assert (rejects.height, rejects["detail"].unique().to_list()) == (5_000, ["no customer: customer is empty"])
    assert rejects["row"].to_list() == list(range(1, MANY, 10))


@pytest.mark.parametrize("dtype", [pl.String, pl.Null, pl.Int64])
def test_a_log_without_any_customer_has_only_rejects(trustcurve: Trustcurve, folder: Path, dtype: pl.DataType) -> None:
    rows().with_columns(customer=pl.lit(None, dtype)).write_parquet(folder / "log.parquet")
    said = trustcurve(*REPLAY)
    assert (said.code, said.err, said.lines[1]) == (1, "", "50,000 rows: 0 used, 50,000 broken")


def mixed_times() -> pl.DataFrame:
    """Make a log with times of all timezones in one column of texts; of seven, two cannot be read."""
    forms = ["Z", "+02:00", "-0530", "", " Europe/Berlin", " CET", ":30.5+14:00"]
    times = [f"{START + timedelta(minutes=n):%Y-%m-%d %H:%M}{forms[n % 7]}" for n in range(70_000)]
    return pl.DataFrame({"customer": "ann", "time": times, "event": "x"})


def test_times_of_several_timezones_need_one_for_those_without(trustcurve: Trustcurve, folder: Path) -> None:
    mixed_times().write_parquet(folder / "log.parquet", row_group_size=GROUP)
    said = trustcurve(*REPLAY)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "trustcurve: m.toml: [log] timezone: is missing, and column 'time' has times without one "
        "(row 4: 2026-01-01 00:03)\n"
    )
    assert_nothing_was_written(folder)


def test_times_of_several_timezones_are_instants(trustcurve: Trustcurve, folder: Path) -> None:
    mixed_times().write_parquet(folder / "log.parquet", row_group_size=GROUP)
    Path("m.toml").write_text(MAPPING.replace("[[", 'timezone = "Asia/Tokyo"\n[[', 1), encoding="utf-8")
    said = trustcurve(*REPLAY)
    assert (said.code, said.err) == (1, "")
    assert "70,000 rows: 50,000 used, 20,000 broken" in said.lines
    assert pl.read_parquet("out/rejects.parquet")["reason"].unique().to_list() == ["unreadable time"]
    latest = datetime(2026, 2, 18, 14, 35, tzinfo=UTC) + timedelta(hours=5, minutes=30)
    assert pl.read_parquet("out/standings.parquet")["as_of"].to_list() == [latest]


@pytest.mark.parametrize(
    ("column", "code", "used"), [("customer", 0, "1,000 used"), ("note", 0, "1,000 used"), ("event", 1, "999 used, 1 broken"), ("time", 1, "999 used, 1 broken")]
)  # fmt: skip
def test_a_text_of_ten_megabytes_is_a_field(
    trustcurve: Trustcurve, folder: Path, column: str, code: int, used: str
) -> None:
    long = pl.when(pl.int_range(1_000) == 500).then(pl.lit(LONG)).otherwise(pl.col(column))
    log = rows(1_000).with_columns(time=pl.col("time").dt.to_string("iso:strict")).with_columns(long.alias(column))
    log.write_parquet(folder / "log.parquet", row_group_size=100)
    said = trustcurve(*REPLAY)
    assert (said.code, said.err) == (code, "")
    assert f"1,000 rows: {used}" in said.lines
    assert len(said.out) < 20_000
    customers = pl.read_parquet(folder / "out" / "standings.parquet")["customer"]
    assert (LONG in customers) == (column == "customer")
