"""Tours take every transition there is, and nothing but the curve is needed to check it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.core.strategies import parameters
from tests.core.test_own_curve import OURS
from trustcurve import Curve, Position
from trustcurve.documents.curve_file import parse_curve
from trustcurve.errors import InvalidValueError
from trustcurve.verification import tour


def taken(curve: Curve, journeys: tuple[tuple[str, ...], ...]) -> set[tuple[Position, str]]:
    """Replay journeys through `react`, and return what was sent where."""
    sent = set()
    for journey in journeys:
        position = curve.start
        for signal in journey:
            sent.add((position, signal))
            position = curve.react(position, signal).after
    return sent


def everything(curve: Curve) -> set[tuple[Position, str]]:
    """Find every position and signal by `react` alone."""
    seen = {curve.start}
    for position in (queue := [curve.start]):
        for signal in curve.signals:
            after = curve.react(position, signal).after
            if after not in seen:
                seen.add(after)
                queue.append(after)
    return {(position, signal) for position in seen for signal in curve.signals}


def test_a_tour_takes_every_transition(curve: Curve):
    journeys = tour(curve)
    sent = taken(curve, journeys)
    assert len(sent) == 524 * 16
    assert sent == everything(curve)
    assert sum(map(len, journeys)) < 3 * 524 * 16, "and few of them more often than need be"


@pytest.mark.parametrize("most", [14, 50, 1000])
def test_journeys_may_be_short(curve: Curve, most: int):
    journeys = tour(curve, signals_max=most)
    assert taken(curve, journeys) == everything(curve)
    assert max(map(len, journeys)) <= most + 13, "a journey ends with the transition that it set out for"


def test_a_tour_of_a_curve_of_ones_own():
    ours = parse_curve(OURS)
    assert taken(ours, tour(ours)) == everything(ours)


@settings(max_examples=10)
@given(parameters(kept_max=2, engaged_max=3, doubt_max=6))
def test_a_tour_of_any_curve(numbers: dict[str, int]):
    other = Curve.default(**numbers)
    assert taken(other, tour(other)) == everything(other)


@pytest.mark.parametrize("most", [0, -1, 1.5, True])
def test_a_journey_has_some_signals(curve: Curve, most: int):
    with pytest.raises(InvalidValueError, match="signals_max"):
        tour(curve, signals_max=most)
