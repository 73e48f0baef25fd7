"""The command line, run in this process, and a small log with its mapping."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from trustcurve.cli import main

LOG = """\
row,time,customer,event,order,promised,stars
1,2026-03-01 09:00,4711,letter,,,
2,2026-03-02 09:00,4711,order,A1,2026-03-05,
3,2026-03-03 09:00,0815,order,A2,2026-03-06,
4,2026-03-04 09:00,4711,delivered,A1,,5
5,2026-03-05 09:00,4711,letter,,,
5,2026-03-05 09:00,4711,letter,,,
6,2026-03-09 09:00,0815,delivered,A2,,1
7,2026-03-10 09:00,4711,invoice,A1,,
8,2026-03-10 25:00,4711,delivered,A9,,
9,2026-03-11 09:00,,letter,,,
10,2026-03-08 09:00,0815,delivered,A7,,
11,2026-03-12 10:00,0816,parcle,A7,,
12,2026-03-13 10:00,4711,invoice,,,
"""
MAPPING = """\
[log]
customer = "customer"
time = "time"
timezone = "Europe/Berlin"
id = "row"

[[rules]]
name = "first letter"
when = { event = "letter" }
once_per = "{customer}"
[[rules.events]]
event = "Proposed"

[[rules]]
name = "letter"
when = { event = "letter" }
[[rules.events]]
event = "OneSided"
by = "company"

[[rules]]
name = "order"
when = { event = "order" }
[[rules.events]]
event = "PromiseMade"
promise = "{order}"
due = { column = "promised", end_of_day = true }
[[rules.events]]
event = "Purchased"

[[rules]]
name = "delivered"
when = { event = "delivered" }
[[rules.events]]
event = "PromiseKept"
promise = "{order}"

[[rules]]
name = "unrelated to trust"
when = { event = "invoice" }
ignore = true
"""
_CLEAN_ROWS = {"row", "1", "2", "3", "4", "6", "7"}
CLEAN = "".join(line for line in LOG.splitlines(keepends=True) if line.partition(",")[0] in _CLEAN_ROWS)


class Said(NamedTuple):
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of its output: blanks and the lines of tables left out."""
        plain = self.out.translate({ord(line): " " for line in "│┃━─┏┳┓┡╇┩└┴┘├┼┤"})
        return [" ".join(line.split()) for line in plain.splitlines() if line.strip()]


Trustcurve = Callable[..., Said]


@pytest.fixture
def trustcurve(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Trustcurve:
    """Run the command line with arguments, as its entry point does."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["trustcurve", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with a log that has some dirt, one that has none, and their mapping."""
    (tmp_path / "log.csv").write_text(LOG, encoding="utf-8")
    (tmp_path / "clean.csv").write_text(CLEAN, encoding="utf-8")
    (tmp_path / "m.toml").write_text(MAPPING, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path
