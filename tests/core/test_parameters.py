"""Parameters: their ranges, how they go together, and that within them every curve is one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from tests.core.reading import DEFAULTS
from tests.core.strategies import Numbers, parameters
from trustcurve import Curve
from trustcurve.documents.curve_file import read_curve
from trustcurve.errors import InvalidParameterError


@pytest.mark.parametrize(
    ("parameters", "name", "rule"),
    [
        ({"grace": timedelta(microseconds=-1)}, "grace", "must lie between 0 and 36500 days"),
        ({"grace": -1}, "grace", "must lie between 0 and 36500 days"),
        ({"silence_after": 0}, "silence_after", "must be at least a minute"),
        ({"silence_after": 36_501}, "silence_after", "must lie between 0 and 36500 days"),
        ({"silence_after": "90"}, "silence_after", "must be a timedelta or a number of days"),
        ({"silence_after": float("nan")}, "silence_after", "must be a timedelta or a number of days"),
        ({"suspicious_max": 7}, "suspicious_max", "must be below competitive_max, which is 7"),
        ({"suspicious_max": 9}, "suspicious_max", "must be below competitive_max, which is 7"),
        ({"competitive_max": 12}, "competitive_max", "must be below doubt_max, which is 12"),
        ({"advocate_kept": 4}, "advocate_kept", "must be at most kept_max, which is 3"),
        ({"kept_max": 2}, "advocate_kept", "must be at most kept_max, which is 2"),
        ({"advocate_engaged": 5}, "advocate_engaged", "must be at most engaged_max, which is 4"),
        ({"customer_centric_engaged": 5}, "customer_centric_engaged", "must be at most engaged_max, which is 4"),
        ({"customer_centric_kept": 4}, "customer_centric_kept", "must be at most kept_max, which is 3"),
        ({"hopeful_lost_at": 13}, "hopeful_lost_at", "must be at most doubt_max, which is 12"),
        ({"customer_centric_doubt_max": 4}, "customer_centric_lost_at", "must be above customer_centric_doubt_max"),
        ({"initial_doubt": -1}, "initial_doubt", "must be at least 0"),
        ({"kept_max": 0}, "kept_max", "must be at least 1"),
        ({"kept_max": 2.0}, "kept_max", "must be a whole number"),
        ({"kept_max": True}, "kept_max", "must be a whole number"),
        ({"kept_mx": 3}, "kept_mx", "did you mean 'kept_max'?"),
    ],
)
def test_parameters_out_of_range_or_at_odds_are_refused(parameters: dict[str, Any], name: str, rule: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        Curve.default(**parameters)
    assert caught.value.name == name
    assert rule in caught.value.rule
    assert name in str(caught.value)


def test_durations_are_days_or_timedeltas() -> None:
    assert Curve.default(silence_after=30) == Curve.default(silence_after=timedelta(days=30))
    assert Curve.default(grace=0.5).grace == timedelta(hours=12)  # type: ignore[arg-type]
    assert Curve.default(grace=timedelta(0)) == Curve.default()


def test_an_own_curve_takes_parameters_too(curve: Curve) -> None:
    own = read_curve({**curve.to_plain(), "curve": {**curve.to_plain()["curve"], "name": "ours"}})
    changed = own.with_parameters(initial_doubt=3, grace=2)
    assert changed.start.doubt == 3
    assert changed.grace == timedelta(days=2)
    assert changed.name == "ours"
    assert own.start.doubt == 2, "a curve is a value"
    assert changed.with_parameters(initial_doubt=2, grace=0) == own


def test_each_parameter_counts(curve: Curve) -> None:
    other = {name: value + 1 for name, value in DEFAULTS.items()} | {"minor_engaged_max": 3, "competitive_max": 8}
    # One more promise for advocacy than can be remembered is refused; so are some others alone.
    other |= {"advocate_kept": 2, "customer_centric_engaged": 2, "kept_max": 4}
    for name, value in other.items():
        changed = Curve.default(**{name: value})
        assert changed.parameters[name] == value
        assert changed != curve
        assert changed.fingerprint != curve.fingerprint


@settings(max_examples=25)
@given(parameters())
def test_whatever_the_ranges_allow_makes_a_curve(numbers: Numbers) -> None:
    curve = Curve.default(**numbers)
    assert {name: curve.parameters[name] for name in numbers} == numbers
    assert len(curve.table()) > 1


@pytest.mark.parametrize(
    "numbers",
    [
        {"engaged_max": 1, "minor_engaged_max": 1, "customer_centric_engaged": 1, "advocate_engaged": 1},
        {"one_sided_doubt": 0, "broken_minor_doubt": 0, "broken_major_doubt": 0},
        {"customer_centric_kept": 0, "customer_centric_engaged": 0, "hopeful_lost_at": 2},
    ],
    ids=["goodwill of one", "nothing raises doubt", "hope is no stage"],
)
def test_where_some_row_could_never_apply_the_range_ends_before(numbers: Numbers) -> None:
    with pytest.raises(InvalidParameterError):
        Curve.default(**numbers)
