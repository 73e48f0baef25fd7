"""Scenarios and segments as values: what they accept, and how customers are divided between segments."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.worlds import ORDINARY, shipped
from trustcurve import Curve
from trustcurve.core.curve import default_toml
from trustcurve.documents.curve_file import parse_curve
from trustcurve.errors import FinalClassError, InvalidValueError, UnknownWordError
from trustcurve.policies import Environment
from trustcurve.simulation import (
    Arrivals,
    ChangePoint,
    Comparison,
    Departures,
    Run,
    Scenario,
    Segment,
    Solution,
    WordOfMouth,
    solve,
    write_tables,
)
from trustcurve.simulation.scenario import cohorts_of
from trustcurve.simulation.segment import apportion

ONE = Segment(policy=shipped("funnel"), environment=ORDINARY)
OWED = parse_curve(default_toml().replace('account = "clear" }\n', 'account = "breach" }\n', 1))
"""Strangers are owed amends; with less doubt than a breach leaves, nobody is."""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"segments": ()}, "must contain at least one segment"),
        ({"customers": 0}, "customers must be at least 1 where there are no arrivals"),
        ({"turns": 0}, "turns must be"),
        ({"segments": (Segment(policy=shipped("funnel"), environment=ORDINARY, share=0.5),)}, "add up to 1"),
        ({"curve": "default"}, "must be a Curve"),
        (
            {"curve": parse_curve(default_toml().replace('"customer_centric"', '"lost"'))},
            "must not have a stage named 'lost'",
        ),
        ({"segments": ("everyone",)}, "must contain only Segment"),
        ({"segments": None}, "segments must be a Segment, or several"),
        ({"arrivals": 5}, "arrivals must be Arrivals"),
        ({"departures": 0.5}, "departures must be Departures"),
        ({"word_of_mouth": True}, "word_of_mouth must be WordOfMouth"),
        ({"turn": 30}, "turn must be a duration above zero"),
        (
            {"turn": timedelta(days=40)},
            "turn must be a whole fraction of the curve's quiet period, 90 days",
        ),
        ({"turn": timedelta(minutes=1)}, "turn must be at least a 100th of the curve's quiet period, 90 days"),
        ({"promises_max": 9}, "promises_max must be a whole number from 0 to 4"),
        ({"name": 3}, "name must be a text"),
        ({"customers": 10**12}, "customers must be a whole number from 0 to 100000000"),
        ({"turns": 10**20}, "turns must be a whole number from 1 to 10000"),
        ({"replications": 10_001}, "replications must be a whole number from 1 to 10000"),
        ({"turns": 3, "arrivals": Arrivals(each_turn=10**8)}, "arrivals must bring at most"),
        (
            {"turns": 1000, "replications": 2001},
            "turns must keep turns x cohorts x segments x replications, 1000 x 1 x 1 x 2001",
        ),
        ({"word_of_mouth": WordOfMouth(share_recommending=0)}, "word_of_mouth has no effect without newcomers"),
        (
            {"word_of_mouth": WordOfMouth(), "curve": OWED},
            "doubt_less must lead to a position that can be reached on the curve, got 1",
        ),
        (
            {"segments": evolve(ONE, name="a, brought"), "word_of_mouth": WordOfMouth()},
            "segments must not end in ', brought'",
        ),
        (
            {
                "segments": Segment(
                    policy=shipped("funnel"),
                    environment=ORDINARY,
                    changes=[ChangePoint(from_turn=4, environment=ORDINARY)],
                )
            },
            "changes must begin by the last turn, 3, in segment 'everyone'",
        ),
    ],
)
def test_scenarios_that_make_no_sense_are_reported(change: dict[str, object], says: str):
    with pytest.raises((InvalidValueError, AttributeError), match=says):
        Scenario(**{"segments": ONE, "turns": 3, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"share": 1.5}, "share must be"),
        ({"environment": Environment(["purchase"])}, "must have a probability for each move"),
        ({"policy": "funnel"}, "must be a Policy"),
        ({"changes": [3]}, "changes must contain only ChangePoint"),
        ({"changes": 3}, "changes must contain only ChangePoint"),
        ({"name": 3}, "name must be a text"),
        (
            {"changes": [ChangePoint(from_turn=2, environment=Environment({"kept": 0.5}, keeps_promises=True))]},
            "must all have the same keeps_promises",
        ),
        (
            {"changes": [ChangePoint(from_turn=step, environment=ORDINARY) for step in (3, 2)]},
            "in increasing order of from_turn",
        ),
    ],
)
def test_segments_that_make_no_sense_are_reported(change: dict[str, object], says: str):
    with pytest.raises(InvalidValueError, match=says):
        Segment(**{"policy": shipped("funnel"), "environment": ORDINARY, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"churn_probability": 1.1}, {"churn_probability": True}, {"period": timedelta(0)}, {"period": 360}]
)
def test_departures_that_make_no_sense_are_reported(wrong: dict[str, object]):
    with pytest.raises(InvalidValueError):
        Departures(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("customers", [1, 2, 3, 7, 100, 100_001])
def test_nobody_is_lost_between_segments(customers: int):
    shares = (0.33, 0.33, 0.34)
    segments = tuple(
        Segment(name=str(n), policy=shipped("funnel"), environment=ORDINARY, share=share)
        for n, share in enumerate(shares)
    )
    ((_, sizes),) = cohorts_of(Scenario(segments=segments, turns=1, customers=customers))
    assert sum(sizes) == customers
    assert all(abs(size - customers * share) <= 1 for size, share in zip(sizes, shares, strict=True))


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any),
    st.lists(st.integers(0, 30), min_size=1, max_size=30),
)
def test_however_few_come_at_a_time_each_segment_has_its_part(weights: list[int], sizes: list[int]):
    owed = [0.0] * len(weights)
    given_ = [apportion(size, weights, owed) for size in sizes]
    assert [sum(each) for each in given_] == sizes
    assert min(map(min, given_)) >= 0
    for so_far in range(1, len(sizes) + 1):
        for place, weight in enumerate(weights):
            part = sum(each[place] for each in given_[:so_far])
            assert abs(part - sum(sizes[:so_far]) * weight / sum(weights)) < 2
            assert weight or not part


@given(st.data())
def test_nobody_comes_who_was_not_expected(data: st.DataObject):
    expected = data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=5))
    owed = [0.0] * len(expected)
    for _ in range(5):
        size = data.draw(st.integers(0, sum(expected)))
        come = apportion(size, expected, owed, most=expected)
        assert sum(come) == size
        assert all(0 <= some <= every for some, every in zip(come, expected, strict=True))


def test_a_small_stream_of_newcomers_reaches_every_segment():
    segments = tuple(Segment(policy=shipped("funnel"), environment=ORDINARY, name=str(n), share=0.2) for n in range(5))
    scenario = Scenario(segments=segments, turns=100, customers=0, arrivals=Arrivals(each_turn=2))
    assert [sum(sizes[place] for _, sizes in cohorts_of(scenario)) for place in range(5)] == [40] * 5


@pytest.mark.parametrize(
    "final",
    [Scenario, Segment, ChangePoint, Arrivals, Departures, WordOfMouth, Run, Solution, Comparison],
    ids=lambda each: each.__name__,
)
def test_public_classes_are_final(final: type):
    with pytest.raises(FinalClassError, match=f"cannot subclass {final.__name__}"):
        type("Mine", (final,), {})


class Names(str, Enum):  # noqa: UP042 - a StrEnum shows its value anyway
    """Words as services have them."""

    SHOP = "the shop"


def test_words_of_an_enum_become_plain_texts():
    one = Segment(policy=shipped("funnel"), environment=ORDINARY, name=Names.SHOP)
    made = Scenario(segments=one, turns=1, name=Names.SHOP, description=Names.SHOP)
    assert {type(word) for word in (one.name, made.name, made.description)} == {str}
    assert f"{made.name}" == "the shop"


def test_the_short_form_is_the_long_one():
    short = Scenario.single(Curve.default(), shipped("funnel"), ORDINARY, turns=3, customers=7, seed=4)
    assert short == Scenario(segments=ONE, turns=3, customers=7, seed=4, departures=None, name=shipped("funnel").name)
    with pytest.raises(InvalidValueError, match="policy must be a Policy"):
        Scenario.single(Curve.default(), "funnel", ORDINARY, turns=3)  # type: ignore[arg-type]


def test_a_format_that_is_unknown_is_reported(tmp_path: Path):
    with pytest.raises(UnknownWordError, match="format 'foo' is unknown; known: parquet, csv"):
        write_tables(solve(Scenario(segments=ONE, turns=1)).tables(), tmp_path, "foo")  # type: ignore[arg-type]


def test_a_coming_departure_alone_can_move_somebody():
    answer = solve(Scenario(segments=ONE, turns=3, departures=Departures(churn_probability=1.0)))
    assert answer._chains[0].structure.at_risk.any()
