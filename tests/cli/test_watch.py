"""``trustcurve watch``: where a log breaks what a policy is proved to keep."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Trustcurve

pytestmark = pytest.mark.usefixtures("shop")

LETTERS = """\
row,time,customer,event,order,promised,stars
1,2026-03-01 09:00,4711,letter,,,
2,2026-03-02 09:00,4711,letter,,,
3,2026-03-20 09:00,4711,letter,,,
4,2026-03-03 09:00,0815,letter,,,
5,2026-03-04 09:00,0815,letter,,,
6,2026-06-10 09:00,0815,invoice,,,
7,2026-06-10 09:00,4711,invoice,,,
"""
POLICY = '[policy]\nname = "letters"\n[[rules]]\ndo = "ask"\n'
WATCH = ("watch", "log.csv", "-m", "m.toml", "--policy", "letters.toml", "--until", "2026-06-10")


@pytest.fixture(autouse=True)
def letters(shop: None) -> None:  # noqa: ARG001 - in its folder
    Path("log.csv").write_text(LETTERS, encoding="utf-8")
    Path("letters.toml").write_text(POLICY, encoding="utf-8")


def test_what_is_broken_is_listed_with_customer_and_moment(trustcurve: Trustcurve) -> None:
    said = trustcurve(*WATCH, "-p", "no_ask_on_open_account", "--out", "broken", "--format", "csv")
    assert (said.code, said.err) == (1, "")
    assert "Broken in the journeys of " in said.out
    lines = [line for line in said.out.splitlines() if "no_ask_on_open_account is broken by ask at" in line]
    table = pl.read_csv("broken/violations.csv", schema_overrides={"customer": pl.String})
    assert len(lines) == len(table) > 0
    assert lines[0].startswith(f"{table['customer'][0]}: ")
    assert said.out.splitlines()[-1].replace("\\", "/") == "wrote broken/violations.csv"
    assert set(table["property"]) == {"no_ask_on_open_account"}


def test_nothing_is_broken(trustcurve: Trustcurve) -> None:
    said = trustcurve(*WATCH, "-p", "quiet_period(4, 4)")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("nothing is broken in the journeys of ")


def test_only_some_are_printed(trustcurve: Trustcurve) -> None:
    every = trustcurve(*WATCH, "--turn-days", "3").out.splitlines()
    some = trustcurve(*WATCH, "--turn-days", "3", "--limit", "1")
    assert some.code == 1
    shown = [line for line in every if " is broken" in line]
    assert len(shown) > 1
    assert [line for line in some.out.splitlines() if " is broken" in line] == shown[:1]
    assert f"and {len(shown) - 1} more: see --limit and --out" in some.out


def test_runs_can_be_the_same_for_all(trustcurve: Trustcurve) -> None:
    said = trustcurve(*WATCH, "-p", "quiet_period(0, 1)", "--first-run", "2026-02-28", "--turn-days", "9")
    broken = [line for line in said.out.splitlines() if " is broken at" in line]
    assert broken
    assert all("22:59 UTC" in line or "23:00 UTC" in line for line in broken), "each at the end of a day in Berlin"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("-p", "nobody_forgotten"), "properties must be a safety property: a log ends"),
        (("-p", "no_aks"), "property 'no_aks' is unknown"),
        (("--first-run", "soon"), "--first-run must be an ISO 8601 time"),
        (("--policy", "nothing.toml"), "No such file or directory: 'nothing.toml'"),
    ],
)
def test_what_cannot_be_watched(trustcurve: Trustcurve, options: tuple[str, ...], says: str) -> None:
    said = trustcurve(*WATCH, *options)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_a_first_run_after_the_log_is_an_error(trustcurve: Trustcurve) -> None:
    said = trustcurve(*WATCH, "--first-run", "2027-01-01")
    assert (said.code, said.out) == (2, "")
    assert "--first-run must not be after the end of the log, 2026-06-" in said.err


def test_what_could_not_be_used_is_told(trustcurve: Trustcurve) -> None:
    wrong = "8,2026-13-01,4711,letter,,,\n9,2026-04-01 09:00,4711,postcard,,,\n"
    Path("log.csv").write_text(LETTERS + wrong, encoding="utf-8")
    said = trustcurve(*WATCH, "-p", "quiet_period(4, 4)")
    assert said.code == 1
    assert "nothing is broken in the journeys of " in said.out
    assert "What could not be used" in said.out
    assert "'2026-13-01'" in said.out
    assert trustcurve(*WATCH, "-p", "quiet_period(4, 4)", "--allow-rejects").code == 0
