"""Customers who departed and later act as if they were back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.logs.helpers import UTC_LOG, replay, rule
from trustcurve.core.curve import default_toml
from trustcurve.documents.curve_file import parse_curve
from trustcurve.logs.log_replay import ENGINES, Engine

MAPPING = UTC_LOG + "".join(
    rule(f'{{ event = "{word}" }}', *events)
    for word, *events in (
        ("bye", "Departed"), ("buy", "Purchased"), ("advice", "Exchanged"), ("fan", "Advocated"), ("back", "Returned"),
        ("moan", "Complained"), ("late", 'PromiseKept promise = "p"; weight = "minor"'), ("again", "Returned", "Purchased"),
    )
)  # fmt: skip
HINT = ": if that means that they are back, make Returned before it in the same rule"


def said(path: Path, events: dict[str, str], engine: Engine, **options: object) -> list[str]:
    rows = [
        f"{customer} | 2026-01-{day:02} | {word}"
        for customer, words in events.items()
        for day, word in enumerate(words.split(), start=1)
    ]
    done = replay(path, "\n".join(["customer | time | event", *rows]), MAPPING, engine=engine, **options)  # type: ignore[arg-type]
    return [each for each in done.warnings if "depart" in each]


@pytest.mark.parametrize("engine", ENGINES)
def test_customers_who_act_after_they_departed_are_counted(tmp_path: Path, engine: Engine) -> None:
    events = {
        "ann": "bye buy buy", "bob": "buy bye", "cyd": "bye moan late", "dan": "bye again bye", "eve": "bye fan back",
        "odd": "late late bye buy late", "fay": "advice bye back advice",
    }  # fmt: skip
    assert said(tmp_path, events, engine) == [
        f"3 customers depart and later have Purchased or Advocated, but stay departed{HINT}"
    ]
    assert said(tmp_path, {"ann": "bye advice"}, engine) == [
        f"1 customer departs and later has Exchanged, but stays departed{HINT}"
    ]
    assert said(tmp_path, {each: events[each] for each in ("bob", "cyd", "dan", "fay")}, engine) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_on_a_curve_where_a_purchase_brings_them_back_there_is_nothing_to_say(tmp_path: Path, engine: Engine) -> None:
    back = (
        '[[rules]]\nname = "purchase.returns"\nsignal = "purchase"\nwhen = { stage = "departed" }\n'
        'set = { stage = "distrust" }\nbecause = "who buys is back"\n\n'
    )
    head, first, tail = default_toml().partition('[[rules]]\nname = "purchase.')
    curve = parse_curve(head + back + first + tail)
    assert said(tmp_path, {"ann": "bye buy"}, engine, curve=curve) == []
    assert len(said(tmp_path, {"ann": "bye fan buy"}, engine, curve=curve)) == 1
