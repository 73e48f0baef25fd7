"""Which stages no customer can reach by the events that a mapping makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.logs.helpers import CURVE, UTC_LOG, rule
from trustcurve import Curve
from trustcurve.logs import parse_mapping
from trustcurve.logs.mapping_reach import mapped_signals, reach_warnings

MADE = 'PromiseMade promise = "p"'
KEPT = 'PromiseKept promise = "p"'
BOTH = "customer_centric or advocate"


def mapping_of(*events: str) -> str:
    return UTC_LOG + rule("", *events)


@pytest.mark.parametrize(
    ("events", "signals"),
    [
        (["Proposed"], {"proposition"}),
        ([MADE], {"promise_made"}),
        ([f'{MADE}; due = "d"'], {"promise_made", "broken_major"}),
        ([f'{MADE}; weight = "minor"', KEPT], {"kept_minor"}),
        ([f'{MADE}; weight = "{{w}}"', KEPT], {"promise_made", "kept_minor", "kept_major"}),
        ([KEPT], set()),
        ([f'{KEPT}; weight = "minor"'], {"kept_minor"}),
        ([MADE, 'PromiseBroken promise = "p"'], {"promise_made", "broken_major"}),
        ([MADE, 'PromiseMoved promise = "p"; due = "d"'], {"promise_made", "broken_major"}),
        (['OneSided by = "company"'], {"company_one_sided"}),
        (['OneSided by = "{who}"'], {"company_one_sided", "customer_one_sided"}),
    ],
)
def test_a_mapping_sends_what_its_events_send_and_what_the_clock_adds(events: list[str], signals: set[str]) -> None:
    assert mapped_signals(parse_mapping(mapping_of(*events)), CURVE) == {*signals, "silence"}


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([MADE, KEPT, "Advocated"], [f"no rule makes Exchanged, so no customer can become {BOTH}"]),
        ([MADE, KEPT], [f"no rule makes Exchanged, so no customer can become {BOTH}"]),
        ([MADE, KEPT, "Exchanged"], ["no rule makes Advocated, so no customer can become advocate"]),
        ([MADE, KEPT, "Exchanged", "Advocated"], []),
        (["Proposed", f'{KEPT}; weight = "{{w}}"', "Exchanged", "Advocated"], []),
        (["Proposed", "Exchanged"], [f"no rule makes PromiseKept (major), so no customer can become {BOTH}"]),
        (["Proposed"], [f"no rule makes PromiseKept (major) or Exchanged, so no customer can become {BOTH}"]),
        (["Exchanged"], [f"no rule makes Proposed or PromiseMade (major), so no customer can become hopeful, {BOTH}"]),
    ],
)
def test_what_is_missing_is_said_with_what_cannot_be_reached(events: list[str], said: list[str]) -> None:
    assert list(reach_warnings(parse_mapping(mapping_of(*events)), CURVE)) == said


def test_it_follows_the_curve() -> None:
    easy = Curve.default(customer_centric_engaged=2)  # as much as minor promises can earn
    mapping = parse_mapping(mapping_of(f'{MADE}; weight = "{{w}}"', KEPT, "Advocated"))
    assert list(reach_warnings(mapping, easy)) == ["no rule makes Exchanged, so no customer can become advocate"]


ALL = [MADE, KEPT, "Proposed", "Exchanged", "Advocated", "Purchased", "Complained", "Departed", "Returned", "Repaired"]


@given(st.sets(st.sampled_from(ALL), min_size=1), st.lists(st.integers(0, 30), max_size=40))
def test_no_journey_reaches_what_is_said_to_be_out_of_reach(events: set[str], picks: list[int]) -> None:
    mapping = parse_mapping(mapping_of(*events))
    signals = sorted(mapped_signals(mapping, CURVE))
    lost = " ".join(each.partition("become")[2] for each in reach_warnings(mapping, CURVE))
    position = CURVE.start
    for pick in picks:
        position = CURVE.react(position, signals[pick % len(signals)]).after
        assert position.stage not in lost.replace(",", "").split()


@given(st.sets(st.sampled_from(ALL), min_size=1))
def test_what_is_not_said_can_be_reached(events: set[str]) -> None:
    mapping = parse_mapping(mapping_of(*events))
    signals, seen = mapped_signals(mapping, CURVE), {CURVE.start}
    todo = [CURVE.start]
    while todo:
        position = todo.pop()
        new = {CURVE.react(position, signal).after for signal in signals} - seen
        seen |= new
        todo += new
    lost = " ".join(each.partition("become")[2] for each in reach_warnings(mapping, CURVE)).replace(",", "").split()
    assert {*lost} - {"or"} == {"hopeful", "customer_centric", "advocate"} - {position.stage for position in seen}
