"""A log without a heading, beside the same log with one: every command that reads a log says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import CLEAN, MAPPING, Trustcurve

LOG = ("{log}", "-m", "{mapping}")
UNTIL = ("--until", "2026-06-01")


@pytest.mark.parametrize(
    "command",
    [
        ("replay", *LOG),
        ("explain", *LOG, "--customer", "4711"),
        ("draw", *LOG, "--customer", "4711"),
        ("watch", *LOG, "--policy", "p.toml", *UNTIL),
        ("diff", "p.toml", "other.toml", "--log", *LOG),
    ],
    ids=lambda command: command[0],
)
def test_a_log_without_a_heading_says_the_same(shop: Path, trustcurve: Trustcurve, command: tuple[str, ...]) -> None:
    heading, _, rows = CLEAN.partition("\n")
    names = ", ".join(f'"{name}"' for name in heading.split(","))
    (shop / "rows.csv").write_text(rows, encoding="utf-8")
    (shop / "rows.toml").write_text(MAPPING.replace("[log]\n", f"[log]\ncolumns = [{names}]\n"), encoding="utf-8")
    (shop / "p.toml").write_text('[policy]\nname = "p"\n[[rules]]\ndo = "ask"\n', encoding="utf-8")
    (shop / "other.toml").write_text('[policy]\nname = "p"\n[[rules]]\ndo = "wait"\n', encoding="utf-8")
    with_heading = trustcurve(*(word.format(log="clean.csv", mapping="m.toml") for word in command))
    without = trustcurve(*(word.format(log="rows.csv", mapping="rows.toml") for word in command))
    assert without.out
    assert (without.code, without.err) == (with_heading.code, "")
    assert re.sub(r"in .* s\n", "\n", without.out) == re.sub(r"in .* s\n", "\n", with_heading.out)
