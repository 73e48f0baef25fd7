"""Shares of outcomes: their groups, and intervals of which customers are the unit."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import sqrt
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from tests.logs.helpers import CURVE
from trustcurve.logs.outcome_shares import KNOWN_BY, outcome_shares
from trustcurve.records import OUTCOME_SHARES, OUTCOMES, OutcomeRecord, polars_frame, polars_types

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
KNOWN = {
    "state": "hopeful", "stage": "hopeful", "kept": 0, "engaged": 0, "doubt": 2, "account": "due", "promises_open": 1,
    "promises_overdue": 0, "last_promise": "none yet", "promises_kept": 0, "promises_broken": 0, "repeat": False,
}  # fmt: skip


def outcome(row: int, customer: str, value: float, **known: Any) -> OutcomeRecord:
    at = NEW_YEAR + timedelta(days=row)
    return OutcomeRecord(
        **{"name": "stars", "row": row, "customer": customer, "at": at, "value": value, **KNOWN, **known}
    )


def shares_of(records: list[OutcomeRecord]) -> pl.DataFrame:
    return outcome_shares(polars_frame(OUTCOMES, records), CURVE.states)


BaseRate = tuple[int, int, float, float | None, float | None]


def base_rates(*given: dict[str, list[float]]) -> list[BaseRate]:
    """Return count, customers, mean, low and high of the values of customers, each time as an outcome of its own."""
    records = [
        outcome(row, whose, value, name=str(number))
        for number, values in enumerate(given)
        for whose, own in values.items()
        for row, value in enumerate(own)
    ]
    found = shares_of(records).filter(known_by="base rate", whose="all")
    rows: list[BaseRate] = found.select("count", "customers", "mean", "low", "high").rows()
    return rows


def by_hand(values: dict[str, list[float]]) -> tuple[float | None, float | None]:
    """Return the interval of a mean in plain Python, with the quantile of scipy."""
    every = [value for own in values.values() for value in own]
    n, customers, mean = len(every), len(values), sum(every) / len(every)
    if customers == 1:
        return None, None
    t = stdtrit(customers - 1, 0.975)
    between = sum(sum(value - mean for value in own) ** 2 for own in values.values())
    clustered = customers / (customers - 1) * between / n**2
    independent = sum((value - mean) ** 2 for value in every) / n**2
    if {*every} <= {0, 1}:
        effective = customers if mean in (0, 1) else n / max(1, clustered / independent)
        # Wilson's interval: all p with (p - mean)^2 <= t^2 p (1 - p) / effective, the roots of a quadratic equation.
        a, b, c = 1 + t**2 / effective, -(2 * mean + t**2 / effective), mean**2
        root = sqrt(max(b**2 - 4 * a * c, 0))
        return (-b - root) / (2 * a), (-b + root) / (2 * a)
    if len({*every}) == 1:
        return None, None
    half = t * sqrt(max(clustered, independent))
    return mean - half, mean + half


stars = st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, 0.1])
flags = st.sampled_from([0.0, 0.0, 1.0])


@given(
    st.one_of(
        st.dictionaries(st.sampled_from("abcdefgh"), st.lists(values, min_size=1, max_size=5), min_size=1)
        for values in (stars, flags)
    )
)
def test_intervals_are_those_by_hand(values: dict[str, list[float]]) -> None:
    ((count, customers, mean, *interval),) = base_rates(values)
    every = [value for own in values.values() for value in own]
    assert (count, customers, mean) == (len(every), len(values), pytest.approx(sum(every) / len(every)))
    low, high = by_hand(values)
    if low is None or high is None:
        assert interval == [None, None]
    else:
        assert interval == pytest.approx([low, high], abs=2e-3 * (high - low) + 1e-9)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.lists(flags, min_size=1, max_size=4), min_size=2))
def test_to_ask_customers_more_often_is_no_evidence(values: dict[str, list[float]]) -> None:
    one_each = {whose: own[:1] for whose, own in values.items()}
    often, one, repeated = base_rates(
        {whose: own * 9 for whose, own in values.items()}, one_each, {whose: own * 9 for whose, own in one_each.items()}
    )
    assert repeated[0] == 9 * one[0]
    assert repeated[3:] == pytest.approx(one[3:])
    assert often[3:] == pytest.approx(by_hand({whose: own * 9 for whose, own in values.items()}), abs=2e-3)


def test_nearly_all_intervals_cover_the_truth_although_customers_differ() -> None:
    """Customers are satisfied in 20 % or 60 % of their outcomes, 40 % on average; intervals of outcomes would be too narrow."""
    draw, runs = Random(7), 400  # noqa: S311 - no secrets
    worlds = [
        {
            str(n): [float(draw.random() < rate) for _ in range(10)]
            for n in range(40)
            for rate in [draw.choice([0.2, 0.6])]
        }
        for _ in range(runs)
    ]
    covered, naive = 0, 0
    for count, _, mean, low, high in base_rates(*worlds):
        assert low is not None
        assert high is not None
        covered += low <= 0.4 <= high
        naive += abs(mean - 0.4) <= 1.96 * sqrt(mean * (1 - mean) / count)
    assert 0.92 <= covered / runs <= 0.98
    assert naive / runs < 0.88


def test_groups_go_from_the_best_known_to_the_worst_and_each_outcome_is_in_one() -> None:
    draw = Random(3)  # noqa: S311 - no secrets
    records = [
        outcome(
            row, str(draw.randrange(60)), float(draw.randrange(1, 6)), state=draw.choice(CURVE.states),
            promises_open=draw.randrange(5), promises_overdue=draw.randrange(5), promises_kept=draw.randrange(5),
            promises_broken=draw.randrange(5), last_promise=draw.choice(["kept", "broken", "none yet"]),
            kept=draw.randrange(3), engaged=draw.randrange(3),
            doubt=draw.randrange(3), repeat=draw.random() < 0.5, name=draw.choice(["stars", "score"]),
        )
        for row in range(6000)
    ]  # fmt: skip
    found = shares_of(records)
    assert dict(found.schema) == polars_types(OUTCOME_SHARES)
    assert found["name"].unique(maintain_order=True).to_list() == list(dict.fromkeys(each.name for each in records))
    for whose, some in (("all", records), ("repeat", [each for each in records if each.repeat])):
        for name in ("stars", "score"):
            own = found.filter(name=name, whose=whose)
            assert own["known_by"].unique(maintain_order=True).to_list() == list(KNOWN_BY)
            values, groups = [each.value for each in some if each.name == name], defaultdict(list)
            for each in own.iter_rows(named=True):
                groups[each["known_by"]].append(each)
            for those in groups.values():
                assert sum(each["count"] for each in those) == len(values)
                assert sum(each["count"] * each["mean"] for each in those) == pytest.approx(sum(values))
    own = found.filter(name="stars", whose="all")
    told = {known_by: own.filter(known_by=known_by)["group"].to_list() for known_by in KNOWN_BY}
    assert told["base rate"] == ["all outcomes"]
    assert told["last promise"] == ["kept", "none yet", "broken"]
    assert told["promises"] == [
        f"{kept} kept, {broken} broken" for kept in ("3+", 2, 1, 0) for broken in (0, 1, 2, "3+")
    ]
    assert told["state"] == list(reversed(CURVE.states))
    places = [CURVE.states.index(group.partition(",")[0]) for group in told["standing"]]
    assert all(one >= other for one, other in pairwise(places))
    assert told["standing"][:6] == [
        f"advocate, {some} open, {owed} overdue" for some, owed in [(0, 0), (0, 1), (0, 2), (0, "3+"), (1, 0), (1, 1)]
    ]
    assert told["position"][:5] == [
        f"advocate (kept 2, engaged {engaged}, doubt {doubt}, account due)"
        for engaged, doubt in [(2, 0), (2, 1), (2, 2), (1, 0), (1, 1)]
    ]


def test_no_outcomes_are_no_shares() -> None:
    assert shares_of([]).is_empty()
    assert dict(shares_of([]).schema) == polars_types(OUTCOME_SHARES)
