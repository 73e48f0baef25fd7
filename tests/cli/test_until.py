"""``--until``: which forms of a time are read, and as what."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tests.cli.conftest import MAPPING, Trustcurve
from trustcurve.logs import parse_mapping
from trustcurve.logs.until import read_until

pytestmark = pytest.mark.usefixtures("shop")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31", "2026-01-31T22:59:59.999999+00:00"),
        ("20260131", "2026-01-31T22:59:59.999999+00:00"),
        (" 2026-01-31 ", "2026-01-31T22:59:59.999999+00:00"),
        ("2026-01-31T00:00", "2026-01-30T23:00:00+00:00"),
        ("2026-01-31T18", "2026-01-31T17:00:00+00:00"),
        ("2026-01-31 18:00", "2026-01-31T17:00:00+00:00"),
        ("2026-01-31T18:00:00.5", "2026-01-31T17:00:00.500000+00:00"),
        ("2026-01-31T18:00Z", "2026-01-31T18:00:00+00:00"),
        ("2026-01-31T18:00+0530", "2026-01-31T12:30:00+00:00"),
        ("2026-07-01", "2026-07-01T21:59:59.999999+00:00"),
        ("2026-10-25T02:30", "2026-10-25T00:30:00+00:00"),
    ],
)
def test_a_time_is_read_in_the_mappings_timezone(text: str, instant: str) -> None:
    assert read_until(text, parse_mapping(MAPPING)).isoformat() == instant


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "now", "31.01.2026", "2026-1-31", "2026-02-30", "2026-06", "2026-W05", "2026-031", "1767225600"),
        *("2026-01-31+01:00", "2026-01-31T", "2026-01-31x18:00", "2026-01-31T25:00", "2026013112", "٢٠٢٦-01-31"),
    ],
)
def test_what_is_no_time_is_told(trustcurve: Trustcurve, text: str) -> None:
    said = trustcurve("replay", "log.csv", "-m", "m.toml", "--until", text)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "trustcurve: --until must be an ISO 8601 time such as 2026-01-31, 2026-01-31T18:00 "
        f"or 2026-01-31T18:00+01:00, got {text!r}\n"
    )


def test_a_time_after_the_calendar_is_shown_as_a_time(trustcurve: Trustcurve) -> None:
    said = trustcurve("replay", "log.csv", "-m", "m.toml", "--until", "9999-12-31T23:59:30-12:00")
    assert (
        said.err == "trustcurve: --until must lie between the years 1 and 9999 in UTC, got 9999-12-31T23:59:30-12:00\n"
    )


def test_without_a_timezone_a_day_ends_in_utc() -> None:
    mapping = parse_mapping(MAPPING.replace('timezone = "Europe/Berlin"\n', "").replace(", end_of_day = true", ""))
    assert read_until("2026-01-31", mapping).isoformat() == "2026-01-31T23:59:59.999999+00:00"


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Sao_Paulo", "2018-02-17"),  # its last hour is twice
        ("America/Sao_Paulo", "2017-10-14"),  # the next day begins at one
        ("America/Havana", "2026-10-31"),  # the next day begins twice
        ("Pacific/Apia", "2011-12-29"),  # the next day is left out
        ("Europe/Berlin", "2026-03-29"),
        ("Asia/Kolkata", "2026-01-31"),
    ],
)
def test_a_day_ends_for_until_when_it_ends_for_a_promise(trustcurve: Trustcurve, zone: str, day: str) -> None:
    noon = datetime.combine(date.fromisoformat(day), datetime.min.time(), ZoneInfo(zone)) + timedelta(hours=9)
    row = f"1,{noon.replace(tzinfo=None).isoformat()},x,order,A,{day},\n"
    Path("odd.csv").write_text("row,time,customer,event,order,promised,stars\n" + row, encoding="utf-8")
    Path("zone.toml").write_text(MAPPING.replace("Europe/Berlin", zone), encoding="utf-8")
    replay = ["replay", "odd.csv", "-m", "zone.toml", "--until"]
    # A promise is still kept at the very end of its day, and broken from the next microsecond on.
    assert trustcurve(*replay, day, "-o", "last").code == 0
    end = read_until(day, parse_mapping(MAPPING.replace("Europe/Berlin", zone)))
    assert trustcurve(*replay, (end + timedelta(microseconds=1)).isoformat(), "-o", "after").code == 0
    last, after = (pl.read_parquet(f"{folder}/observed.parquet") for folder in ("last", "after"))
    assert (last["promises_overdue"].item(), after["promises_overdue"].item()) == (0, 1)
