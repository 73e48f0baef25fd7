"""Tables on terminals of every width: nothing is cut off, and nothing runs out of the picture."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable

import pytest

from tests.cli.conftest import Trustcurve
from trustcurve import Curve

pytestmark = pytest.mark.usefixtures("shop")

REPLAY = ["replay", "log.csv", "-m", "m.toml", "--allow-rejects", "--outcome", "stars"]
EXPLAIN = ["explain", "log.csv", "-m", "m.toml", "--customer", "0815"]
COMMANDS = {"replay": REPLAY, "explain": EXPLAIN, "curve": ["curve"], "events": ["events"]}


SeenAt = Callable[..., list[str]]


class Terminal(io.StringIO):
    """Stands in for a terminal; ``test_terminal.py`` has real ones."""

    def isatty(self) -> bool:
        """It says that it is one."""
        return True


@pytest.fixture
def seen_at(trustcurve: Trustcurve, monkeypatch: pytest.MonkeyPatch) -> SeenAt:
    """Run a command on a terminal that is so many columns wide, and return its lines, without colours."""
    monkeypatch.setenv("TERM", "xterm")

    def run(columns: int, *command: str) -> list[str]:
        terminal = Terminal()
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "stdout", terminal)
        assert trustcurve(*command).code == 0
        plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
        return [line.rstrip() for line in plain.split("\n")]

    return run


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_nothing_is_cut_off(seen_at: SeenAt, command: list[str], columns: int) -> None:
    lines = seen_at(columns, *command)
    assert "…" not in "".join(lines)
    assert max(map(len, lines)) <= columns


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_every_state_and_every_rule_has_its_whole_name(seen_at: SeenAt, columns: int) -> None:
    curve = Curve.default()
    lines = seen_at(columns, *REPLAY)
    words = {word for line in lines for word in line.split()}
    assert words >= {*curve.states, "broken_major.betrays"}
    words = {word for line in seen_at(columns, "curve") for word in line.split()}
    assert words >= {row.name for row in (*curve.rules, *curve.settling, *curve.parameter_rows)}


def test_where_there_is_room_tables_have_lines(seen_at: SeenAt) -> None:
    lines = seen_at(80, *REPLAY)
    start = lines.index("Where customers stand")
    assert lines[start + 2 : start + 6] == [
        "┃                      ┃           ┃       ┃ rose ┃ fell ┃ rose ┃ fell ┃",
        "┃ state                ┃ customers ┃ share ┃ into ┃ into ┃ from ┃ from ┃",
        "┡━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━╇━━━━━━━╇━━━━━━╇━━━━━━╇━━━━━━╇━━━━━━┩",
        "│ advocate             │         0 │  0.0% │    0 │    0 │    0 │    0 │",
    ]
    assert lines[start - 1] == ""


def test_where_there_is_less_they_have_none(seen_at: SeenAt) -> None:
    lines = seen_at(60, *REPLAY)
    start = lines.index("Where customers stand")
    assert lines[start + 1 : start + 4] == [
        "                                     rose fell rose fell",
        "state                customers share into into from from",
        "advocate                     0  0.0%    0    0    0    0",
    ]


def test_where_prose_would_be_squeezed_rows_are_told_one_after_the_other(seen_at: SeenAt) -> None:
    lines = seen_at(50, *REPLAY)
    start = lines.index("What made them fall")
    assert lines[start + 1 : start + 5] == [
        "broken_major.betrays",
        "  falls: 1, customers: 1",
        "  because: breaking a major promise erases",
        "    earned trust and must be repaired",
    ]


def test_a_story_is_broken_between_words_and_set_in(seen_at: SeenAt) -> None:
    lines = seen_at(60, *EXPLAIN)
    assert lines[:5] == [
        "2026-03-03 08:00 UTC  the company makes major promise",
        "  'A2', due 2026-03-06 22:59 UTC (row 3)",
        "  rose: distrust.suspicious -> hopeful",
        "  because a major promise is a hopeful proposition: it",
        "    carries a suspicious customer across the barrier",
    ]
