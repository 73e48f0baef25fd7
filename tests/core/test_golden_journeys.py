"""The default curve in examples: every golden journey ends where the table says, and for every reason there is one."""

from __future__ import annotations

import re
import tomllib
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from trustcurve import Curve, Position

TOLD: dict[str, Any] = tomllib.loads(Path(__file__).with_name("golden_journeys.toml").read_text(encoding="utf-8"))
JOURNEYS: list[dict[str, Any]] = TOLD["journey"]


def signals(text: str) -> list[str]:
    """Write out a journey: ways, repeated groups, repeated signals."""
    while "@" in text:
        text = re.sub(r"@(\w+)", lambda way: TOLD["ways"][way[1]], text)
    text = re.sub(r"\(([^()]*)\) x(\d+)", lambda group: ", ".join([group[1]] * int(group[2])), text)
    written: list[str] = []
    for item in filter(None, text.split(", ")):
        name, _, times = item.partition(" x")
        written += [name] * int(times or 1)
    return written


def test_the_notation_is_written_out() -> None:
    assert signals("") == []
    assert signals("@customer_centric") == ["proposition", "kept_major", "exchange", "exchange", "exchange"]
    assert signals("(a, b x2) x2, c") == ["a", "b", "b", "a", "b", "b", "c"]


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey["why"])
def test_a_golden_journey_ends_where_the_table_says(curve: Curve, journey: dict[str, Any]) -> None:
    ends = dict(journey["ends"])
    end = reduce(lambda at, signal: curve.react(at, signal).after, signals(journey["signals"]), curve.start)
    assert curve.state(end) == ends.pop("state")
    assert end == Position(stage=end.stage, **ends)


def test_no_golden_journey_is_told_twice() -> None:
    assert len(JOURNEYS) == 68
    assert len({journey["signals"] for journey in JOURNEYS}) == len(JOURNEYS)
    assert len({journey["why"] for journey in JOURNEYS}) == len(JOURNEYS)


def test_the_golden_journeys_need_every_row_of_the_curve(curve: Curve) -> None:
    used: set[str] = set()
    for journey in JOURNEYS:
        position = curve.start
        for signal in signals(journey["signals"]):
            reaction = curve.react(position, signal)
            used |= {reaction.rule.name, *(row.name for row in reaction.settling)}
            position = reaction.after
    assert used == {rule.name for rule in (*curve.rules, *curve.settling)}
