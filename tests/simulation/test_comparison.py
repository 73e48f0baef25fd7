"""Comparisons with common random numbers, and sweeps."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from attrs import evolve

from tests.simulation.worlds import CURVE, ORDINARY, shipped
from trustcurve.documents.curve_file import curve_toml, parse_curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies import Environment, Policy, PromiseKind, policy
from trustcurve.simulation import (
    Arrivals,
    Departures,
    IncomparableScenariosError,
    Scenario,
    Segment,
    WordOfMouth,
    compare,
    compare_runs,
    exact_differences,
    simulate,
    solve,
    sweep,
)
from trustcurve.simulation.comparison import _paired


def scenario(name: str, **more: object) -> Scenario:
    """Make a scenario of one shipped policy."""
    how = {"turns": 12, "customers": 2000, "replications": 10, "seed": 3, "departures": None, **more}
    return Scenario(segments=Segment(policy=shipped(name), environment=ORDINARY), name=name, **how)  # type: ignore[arg-type]


def test_differences_are_those_of_the_exact_answers_within_their_intervals():
    found = compare(scenario("funnel"), scenario("solve_first"), confidence=0.9999).differences()
    assert found.filter((pl.col("exact") < pl.col("low") - 1e-9) | (pl.col("exact") > pl.col("high") + 1e-9)).is_empty()
    assert found["difference"].to_list() == pytest.approx((found["new"] - found["old"]).to_list())
    exact = exact_differences(scenario("funnel"), scenario("solve_first"))
    assert found["exact"].to_list() == exact["difference"].to_list()


def test_intervals_hold_what_they_promise():
    exact = solve(scenario("solve_first", turns=6)).occupancy().filter(turn=6, state="hopeful")["share"].item()
    difference = exact_differences(scenario("funnel", turns=6), scenario("solve_first", turns=6)).filter(
        measure="rises"
    )
    held = paired = 0
    for seed in range(150):
        how = {"turns": 6, "customers": 60, "replications": 4, "seed": seed}
        run = simulate(scenario("solve_first", **how))
        row = run.occupancy(0.9).row(by_predicate=(pl.col("turn") == 6) & (pl.col("state") == "hopeful"), named=True)
        held += row["low"] <= exact <= row["high"]
        found = compare_runs(simulate(scenario("funnel", **how)), run, confidence=0.9)
        pair = _paired(found.old, found.new, 0.9).row(by_predicate=pl.col("measure") == "rises", named=True)
        paired += pair["low"] <= difference["difference"].item() <= pair["high"]
    # Of 150 intervals of 90 %, from 120 to 147 hold with a chance of 0.999.
    assert 120 <= held <= 147
    assert 120 <= paired <= 147


def test_common_random_numbers_make_differences_surer():
    # What the environment does is the same under both policies; so is most of what follows from it.
    old, new = scenario("solve_first"), scenario("win_back")
    paired = compare(old, new).differences()
    apart = compare_runs(simulate(old), simulate(new)).differences()
    assert paired.equals(apart)
    other = simulate(evolve(new, seed=99))
    unpaired = np.var([t.states[0, -1, 0] for r in other._replications for t in r.counts], ddof=1)
    by_pairs = [
        a.counts[0].states[0, -1, 0] - b.counts[0].states[0, -1, 0]
        for a, b in zip(simulate(old)._replications, simulate(new)._replications, strict=True)
    ]
    assert np.var(by_pairs, ddof=1) < unpaired / 10  # who leaves, leaves under both


def test_nothing_differs_from_itself():
    found = compare(scenario("loyalty"), scenario("loyalty")).differences()
    assert found["difference"].abs().max() == 0
    # Of 20,000 customers none differed; so fewer than one in 5,400 do, and a count of 12 turns differs by less than that.
    assert found.filter(pl.col("measure").str.starts_with("reached"))["high"].unique().item() == pytest.approx(
        3.689 / 20_000, rel=1e-3
    )
    done = found.filter(pl.col("measure").str.starts_with("does"))
    assert done["high"].unique().item() == pytest.approx(12 * 3.689 / 20_000, rel=1e-3)
    moved = found.filter(pl.col("measure").is_in(["rises", "falls"]))
    assert moved["high"].min() > done["high"].max(), "a customer can rise twice in a turn"  # type: ignore[operator]
    assert found["low"].to_list() == (-found["high"]).to_list()


def test_what_is_too_rare_to_be_sampled_is_not_said_to_be_the_same():
    # Fewer than one customer in 12,000 leaves, and of the 100 who are sampled none does.
    never, rarely = (
        Scenario(segments=Segment(policy=shipped("funnel"), environment=each), turns=4, customers=20, replications=5, seed=2, departures=None)
        for each in (Environment({"kept": 0.5}), Environment({"kept": 0.5, "departure": 2e-5}))
    )  # fmt: skip
    row = compare(never, rarely).differences().row(by_predicate=pl.col("measure") == "reached: departed", named=True)
    assert row["difference"] == 0 < row["exact"]
    assert row["low"] < row["exact"] < row["high"]


def test_what_costs_a_lot_and_is_rare_is_not_said_to_be_free():
    # The same, where a departure costs a thousand: the interval is of amounts, and holds the exact one.
    cheap, dear = (
        Scenario(
            segments=Segment(policy=shipped("funnel"), environment=Environment(chances), gains={"departure": -1000}),
            turns=4, customers=20, replications=5, seed=2, departures=None,
        )
        for chances in ({"kept": 0.5}, {"kept": 0.5, "departure": 2e-4})
    )  # fmt: skip
    row = compare(cheap, dear).differences().row(by_predicate=pl.col("measure") == "balance", named=True)
    assert row["difference"] == 0 > row["exact"]
    assert row["low"] < row["exact"] < row["high"]


def both_hold(found: pl.DataFrame) -> None:
    """Every interval holds its own difference, and the exact one."""
    known = found.drop_nulls("low")
    for low, high in (("low", "difference"), ("difference", "high"), ("low", "exact"), ("exact", "high")):
        assert known.filter(pl.col(low) > pl.col(high) + 1e-6 * pl.col("difference").abs() + 1e-9).is_empty()


def test_amounts_of_either_sign_are_within_their_intervals():
    pays = evolve(shipped("solve_first"), costs={"exchange": 10, "repair": 10, "promise_major": 10})
    costs, earns = (
        Scenario(segments=Segment(policy=made, environment=Environment(chances), gains=gains), turns=4, customers=50, replications=4, departures=None)
        for made, chances, gains in (
            (pays, {"complaint": 1.0}, {"complaint": -10}),
            (shipped("funnel"), {"purchase": 1.0}, {"purchase": 10, "complaint": -10}),
        )
    )  # fmt: skip
    found = compare(costs, earns, confidence=0.9999).differences()
    both_hold(found)
    assert found.filter(measure="balance")["difference"].item() > 60
    assert found.filter(measure="spent")["difference"].item() < -40


def test_rounding_is_no_certainty():
    dear, cheap = (
        Scenario(
            segments=Segment(
                policy=evolve(shipped("funnel"), costs={"ask": cost}), environment=Environment({"purchase": 0.37}), gains={"purchase": 1e10}
            ),
            turns=8, customers=40, replications=6, departures=None,
        )
        for cost in (0.1, 0.3)
    )  # fmt: skip
    row = compare(dear, cheap).differences().row(by_predicate=pl.col("measure") == "balance", named=True)
    assert row["high"] - row["low"] > 1e3, "as for whatever nobody need have met"


def test_what_only_one_scenario_has_is_told_from_both_sides():
    parcel = policy("parcels", promises={"parcel": PromiseKind("major", 2)})(
        lambda view: "promise_parcel" if not view.open else "wait"
    )
    one, other = (
        Scenario(
            segments=Segment(policy=made, environment=Environment({"kept": 0.5})), turns=4, customers=50, replications=2
        )
        for made in (parcel, shipped("funnel"))
    )
    for old, new in ((one, other), (other, one)):
        found = compare(old, new).differences()
        row = found.row(by_predicate=pl.col("measure") == "does: promise_parcel", named=True)
        assert min(row["old"], row["new"]) == 0 < max(row["old"], row["new"])
        assert row["difference"] == pytest.approx(row["exact"], abs=0.5)
        both_hold(found)
    word = WordOfMouth(share_recommending=1, share_telling=0)
    kind = Segment(policy=shipped("solve_first"), environment=Environment({"kept": 0.6, "advocacy": 0.4}))
    quiet, loud = (
        Scenario(
            segments=kind, turns=24, customers=300, replications=2, word_of_mouth=each, arrivals=Arrivals(each_turn=1)
        )
        for each in (None, word)
    )
    brought = compare(quiet, loud).differences().filter(segment="everyone, brought")
    assert brought["old"].null_count() == len(brought) > 0
    assert brought["new"].drop_nulls().len() > 5


def journeys(name: str, chances: dict[str, float], **more: object) -> pl.DataFrame:
    """Follow every customer of a small scenario."""
    one = Scenario(
        segments=Segment(policy=PROMISING[name], environment=Environment(chances)), turns=20, customers=2000, seed=5,
        replications=1, **{"departures": None, **more},
    )  # type: ignore[arg-type] # fmt: skip
    return simulate(one, journeys=2000).journeys()


def alike(one: pl.DataFrame, other: pl.DataFrame, move: str) -> float:
    """Return, of all customers and turns with a move in either, the share with it in both."""
    here, there = one["move"] == move, other["move"] == move
    assert here.sum() > 20
    return (here & there).sum() / (here | there).sum()


def promising(most: int) -> Policy:
    """Make a policy that keeps so many promises open."""
    return policy(f"promises {most}", promise_due=3)(
        lambda view: "promise_minor" if view.open < most else "exchange" if most > 1 else "ask"
    )


PROMISING = {"one": promising(1), "two": promising(2)}
CHANCES = dict(kept=0.5, broken=0.05, purchase=0.2, complaint=0.03, advocacy=0.1, departure=0.01)  # noqa: C408
OTHERS = ("complaint", "advocacy", "purchase", "departure")


def test_the_same_customers_complain_whatever_the_company_does():
    one, two = (journeys(name, CHANCES) for name in ("one", "two"))
    assert [alike(one, two, move) for move in OTHERS] == [1, 1, 1, 1]
    assert alike(one, two, "kept") > 0.9, "but where none or another one is open"


@pytest.mark.parametrize(
    ("changed", "value"), [("purchase", 0.18), ("kept", 0.4), ("broken", 0.06), ("advocacy", 0.11)]
)
def test_a_changed_chance_changes_little_else(changed: str, value: float):
    one, other = journeys("one", CHANCES), journeys("one", {**CHANCES, changed: value})
    for move in ("complaint", "departure"):
        assert alike(one, other, move) > 0.99
    ideal = min(value, CHANCES[changed]) / max(value, CHANCES[changed])
    assert alike(one, other, changed) > ideal - 0.06, "nearly all that a smaller chance meets, a greater one meets, too"


def test_those_who_may_leave_for_good_meet_the_same_chance_until_they_do():
    one, other = (journeys("two", CHANCES, departures=leave) for leave in (None, Departures(churn_probability=0.5)))
    left = other.filter(move="departure").group_by("customer").agg(gone=pl.col("turn").min())
    both = one.join(other, on=["customer", "turn"], suffix="_other").join(left, on="customer", how="left")
    before = both.filter(pl.col("gone").is_null() | (pl.col("turn") < pl.col("gone")))
    assert (before["move"] == before["move_other"]).mean() > 0.995


def test_who_stays_away_changes_nothing_for_those_who_come():
    one, other = (
        simulate(
            scenario("funnel", customers=300, replications=1, arrivals=Arrivals(each_turn=50), word_of_mouth=word),
            journeys=900,
        )
        for word in (WordOfMouth(share_telling=0.03), WordOfMouth(share_telling=0))
    )
    both = one.journeys().join(other.journeys(), on=["customer", "turn"])
    assert len(one.journeys()) == len(both) < len(other.journeys())
    assert both["move"].equals(both["move_right"], check_names=False), "customer 7 is the same one in both"
    sizes = [run.cohorts()["customers"].to_list() for run in (one, other)]
    whole = [cohort for cohort, (some, every) in enumerate(zip(*sizes, strict=True)) if some == every]
    assert 1 < len(whole) < 13
    assert whole != list(range(len(whole))), "some come after others have stayed away"
    parts = [run.counts().filter(pl.col("cohort").is_in(whole)) for run in (one, other)]
    assert parts[0].equals(parts[1])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"turns": 11}, "the number of turns"),
        ({"customers": 1999}, "the number of customers"),
        ({"seed": 4}, "the seed"),
        ({"replications": 9}, "the number of replications"),
        ({"turn": timedelta(days=45)}, "the length of a turn"),
        ({"arrivals": Arrivals(each_turn=9)}, "the arrivals"),
        ({"curve": parse_curve(curve_toml(CURVE).replace('"adversarial"', '"hostile"'))}, "the states"),
    ],
)
def test_what_is_no_pair_is_reported(change: dict[str, object], what: str):
    with pytest.raises(IncomparableScenariosError, match=what):
        compare(scenario("funnel"), evolve(scenario("funnel"), **change))


def test_segments_of_other_names_or_shares_are_no_pair():
    one = scenario("funnel")
    other = evolve(one, segments=evolve(one.segments[0], name="others"))
    with pytest.raises(IncomparableScenariosError, match="the names of segments"):
        compare(one, other)


@pytest.mark.parametrize(
    ("change", "says"), [({"seed": None}, "the same in both scenarios"), ({"replications": 1}, "at least 2")]
)
def test_what_cannot_be_compared_is_reported(change: dict[str, object], says: str):
    one = scenario("funnel", **change)
    with pytest.raises(InvalidValueError, match=says):
        compare(one, one)


def test_runs_of_other_seeds_are_no_pair():
    one = simulate(scenario("funnel", seed=None))
    with pytest.raises((IncomparableScenariosError, InvalidValueError), match="seed"):
        compare_runs(one, simulate(scenario("funnel", seed=None)))


def test_where_customers_are_coupled_differences_are_sampled_only():
    gossip = {"arrivals": Arrivals(each_turn=100), "word_of_mouth": WordOfMouth()}
    found = compare(scenario("funnel", **gossip), scenario("solve_first", **gossip)).differences()
    assert found["exact"].null_count() == len(found)


def test_where_nobody_is_seen_to_the_end_nothing_is_said_of_it():
    newcomers = scenario("funnel", customers=0, turns=3, arrivals=Arrivals(each_turn=10))
    for found, value in (
        (sweep(newcomers, {"environment.complaint": (0.05,)}), "result"),
        (exact_differences(newcomers, newcomers), "difference"),
        (compare(newcomers, newcomers).differences(), "high"),
    ):
        seen = pl.col("measure").str.starts_with("reached")
        assert found.filter(seen)[value].null_count() == len(found.filter(seen))
        assert found.filter(~seen)[value].null_count() == 0
    sides = compare(newcomers, newcomers).differences().drop_nulls("high")
    sides = sides.filter(pl.col("measure").str.starts_with("does"))
    assert sides["high"].max() == pytest.approx(3 * 3.689 / 300, rel=1e-3), "of 300 who arrived none differed"


def test_shares_differ_by_no_more_than_all():
    few = {"customers": 1, "replications": 2, "turns": 2}
    found = compare(scenario("funnel", **few), scenario("solve_first", **few)).differences()
    shares = found.filter(pl.col("measure").str.starts_with("at the end"))
    assert shares["low"].min() >= -1
    assert shares["high"].max() <= 1
