"""Errors as users see them: one clear sentence on stderr, exit code 2, and never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import LOG, MAPPING, Said, Trustcurve

pytestmark = pytest.mark.usefixtures("shop")


def one_sentence(said: Said) -> str:
    """See that there is one sentence and nothing else, and return it."""
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("trustcurve: ")
    assert said.err.endswith("\n")
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    return said.err.removeprefix("trustcurve: ").strip()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["replay", "none.csv", "-m", "m.toml"], "No such file or directory: 'none.csv'"),
        (["replay", "log.csv", "-m", "none.toml"], "No such file or directory: 'none.toml'"),
        (["replay", "log.csv", "-m", "m.toml", "-c", "none.toml"], "No such file or directory: 'none.toml'"),
        (["explain", "none.csv", "-m", "m.toml", "--customer", "4711"], "No such file or directory: 'none.csv'"),
        (["curve", "-c", "none.toml"], "No such file or directory: 'none.toml'"),
        (["replay", "m.toml", "-m", "m.toml"], "m.toml: the name must end in one of .csv, .tsv, .jsonl, .ndjson, .json, .parquet, or of a compressed text file, such as .csv.gz or .csv.zst"),
        (["replay", "log.csv", "-m", "log.csv"], "log.csv: TOML: "),
        (["replay", "log.csv", "-m", "m.toml", "-c", "log.csv"], "log.csv: TOML: "),
        (["replay", "log.csv", "-m", "m.toml", "--until", "soon"], "--until must be an ISO 8601 time such as 2026-01-31"),
        (["replay", "log.csv", "-m", "m.toml", "--until", "31.01.2026"], "--until must be an ISO 8601 time"),
        (["replay", "log.csv", "-m", "m.toml", "--outcome", "star"], "--outcome: the log has no column 'star'; did you mean 'stars'?"),
        (["explain", "log.csv", "-m", "m.toml", "--customer", "471"], "customer '471' is unknown; did you mean '4711'?"),
        (["replay", "log.csv", "-m", "m.toml", "--out", "log.csv"], "File exists: 'log.csv'"),
        (["replay", "log.csv", "-m", "m.toml", "--out", "log.csv/found"], "Not a directory: 'log.csv/found'"),
        (["schema", "stnding"], "schema 'stnding' is unknown; did you mean 'standing'?"),
    ],
)  # fmt: skip
def test_an_error_is_one_sentence(trustcurve: Trustcurve, arguments: list[str], says: str) -> None:
    assert says in one_sentence(trustcurve(*arguments))


def test_a_wrong_mapping_is_told_with_all_findings(trustcurve: Trustcurve) -> None:
    Path("bad.toml").write_text(MAPPING.replace("Purchased", "Purchsed").replace("once_per", "once_pre"))
    said = trustcurve("replay", "log.csv", "-m", "bad.toml")
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines() == [
        "trustcurve: bad.toml: [[rules]] first letter once_pre: unknown key; did you mean 'once_per'?",
        "bad.toml: [[rules]] order events number 2 event: unknown kind of event 'Purchsed'; did you mean 'Purchased'?",
    ]


def test_a_mapping_that_does_not_fit_is_told(trustcurve: Trustcurve) -> None:
    Path("bad.toml").write_text(MAPPING.replace('time = "time"', 'time = "tmie"'))
    says = "bad.toml: [log] time: the log has no column 'tmie'; did you mean 'time'?"
    assert one_sentence(trustcurve("replay", "log.csv", "-m", "bad.toml")) == says


def test_naive_times_without_a_timezone_are_told(trustcurve: Trustcurve) -> None:
    Path("bad.toml").write_text(MAPPING.replace('timezone = "Europe/Berlin"\n', ""))
    says = one_sentence(trustcurve("replay", "log.csv", "-m", "bad.toml"))
    assert says.startswith("bad.toml: [log] timezone: is missing, and column 'time' has times without one (row 1: ")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("odd.parquet", b"no parquet"),
        ("odd.csv", b""),
        ("odd.csv", b"a\n\xff\n"),
        ("odd.jsonl", b"\xff"),
        ("odd.json", b'{"customer": "ann"}'),
    ],
)
def test_a_log_that_cannot_be_read_is_told(trustcurve: Trustcurve, name: str, data: bytes) -> None:
    Path(name).write_bytes(data)
    assert one_sentence(trustcurve("replay", name, "-m", "m.toml")).startswith(f"{name}: ")


def test_a_log_that_is_broken_in_its_midst_is_told(trustcurve: Trustcurve) -> None:
    rows = {"time": ["2026-03-01"] * 9000, "customer": ["x"] * 9000, "event": [f"{n * n}" for n in range(9000)]}
    pl.DataFrame({"row": range(9000), "order": "", "promised": "", **rows}).write_parquet("odd.parquet")
    data = bytearray(Path("odd.parquet").read_bytes())
    data[100 : len(data) // 2] = b"\xff" * (len(data) // 2 - 100)
    Path("odd.parquet").write_bytes(data)
    assert "cannot be read: " in one_sentence(trustcurve("replay", "odd.parquet", "-m", "m.toml"))


def test_a_folder_in_the_place_of_a_file_to_write_is_told(trustcurve: Trustcurve) -> None:
    Path("found/transitions.parquet").mkdir(parents=True)
    says = one_sentence(trustcurve("replay", "log.csv", "-m", "m.toml", "--out", "found"))
    assert "found/transitions.parquet" in says
    assert "os error" not in says


@pytest.mark.parametrize("place", ["log", "-m", "-c"])
def test_a_folder_in_the_place_of_a_file_to_read_is_told(trustcurve: Trustcurve, place: str) -> None:
    Path("folder.csv").mkdir()
    log = "folder.csv" if place == "log" else "log.csv"
    others = [] if place == "log" else [place, "folder.csv"]
    assert one_sentence(trustcurve("replay", log, "-m", "m.toml", *others)) == "Is a directory: 'folder.csv'"


def test_a_file_that_may_not_be_read_is_told(trustcurve: Trustcurve) -> None:
    Path("log.csv").chmod(0)
    if os.access("log.csv", os.R_OK):
        pytest.skip("this user may read everything")
    assert one_sentence(trustcurve("replay", "log.csv", "-m", "m.toml")) == "Permission denied: 'log.csv'"


def test_where_nothing_can_be_written_is_told_before_the_work(trustcurve: Trustcurve) -> None:
    Path("odd.toml").write_text(MAPPING.replace('time = "time"', 'time = "tmie"'), encoding="utf-8")
    said = trustcurve("replay", "log.csv", "-m", "odd.toml", "--out", "log.csv")
    assert one_sentence(said) == "File exists: 'log.csv'"


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay"],
        ["replay", "log.csv"],
        ["replay", "log.csv", "-m", "m.toml", "--format", "xlsx"],
        ["replay", "log.csv", "-m", "m.toml", "--untl", "2026-01-01"],
        ["explain"],
        ["schema"],
        ["replya", "log.csv"],
    ],
)
def test_a_wrong_call_is_told_with_where_help_is(trustcurve: Trustcurve, arguments: list[str]) -> None:
    said = trustcurve(*arguments)
    assert (said.code, said.out) == (2, "")
    assert "Usage: " in said.err
    assert "-h" in said.err
    assert "Traceback" not in said.err


NOT_TOLD = {
    "an unknown timezone": (MAPPING.replace("Europe/Berlin", "Europe/Berln"), LOG),
    "a missing promise": (MAPPING.replace('promise = "{order}"\n', "", 1), LOG),
    "an empty promise": (MAPPING, LOG.replace(",order,A1", ",order,")),
    "inches": (MAPPING, LOG.replace("A1", '5" disk', 1)),
    "a far day": (MAPPING.replace("Europe/Berlin", "America/Sao_Paulo"), LOG.replace("2026-03-05,", "9999-12-31,")),
    "an id without columns": (MAPPING.replace('id = "row"', 'id = "{{row}}"'), LOG),
}


@pytest.mark.parametrize(("mapping", "log"), NOT_TOLD.values(), ids=NOT_TOLD)
def test_nothing_ends_in_a_traceback(trustcurve: Trustcurve, mapping: str, log: str) -> None:
    Path("odd.toml").write_text(mapping, encoding="utf-8")
    Path("odd.csv").write_text(log, encoding="utf-8")
    said = trustcurve("replay", "odd.csv", "-m", "odd.toml")
    assert said.code in (1, 2)
    assert said.code == 1 or one_sentence(said)


@pytest.mark.parametrize("until", ["9999-12-31", "0001-01-01"])
def test_a_time_at_the_edge_of_the_calendar_is_told_or_used(trustcurve: Trustcurve, until: str) -> None:
    for zone in ("America/Sao_Paulo", "Asia/Tokyo"):
        Path("zone.toml").write_text(MAPPING.replace("Europe/Berlin", zone), encoding="utf-8")
        said = trustcurve("replay", "log.csv", "-m", "zone.toml", "--until", until)
        assert said.code == 1 or "must lie between the years 1 and 9999 in UTC" in one_sentence(said)


def test_a_missing_file_is_told_without_a_number(trustcurve: Trustcurve) -> None:
    assert "Errno" not in one_sentence(trustcurve("replay", "none.csv", "-m", "m.toml"))


def test_the_end_of_a_day_is_the_same_everywhere(trustcurve: Trustcurve) -> None:
    Path("south.toml").write_text(MAPPING.replace("Europe/Berlin", "America/Sao_Paulo"), encoding="utf-8")
    said = trustcurve("replay", "log.csv", "-m", "south.toml", "--until", "2018-02-17")
    assert "states as of 2018-02-18 02:59 UTC" in said.lines
