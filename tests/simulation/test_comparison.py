"""Comparisons with common random numbers, and sweeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from attrs import evolve

from tests.simulation.worlds import CURVE, ORDINARY, shipped
from trustcurve.core.errors import InvalidParameterError, InvalidValueError, UnknownWordError
from trustcurve.documents.curve_file import curve_toml, parse_curve
from trustcurve.policies import Environment, Policy, load_policy, policy
from trustcurve.simulation import (
    Arrivals,
    ChangePoint,
    Departures,
    IncomparableScenariosError,
    Scenario,
    Segment,
    WordOfMouth,
    compare,
    compare_runs,
    exact_differences,
    parameters_of,
    simulate,
    solve,
    sweep,
    with_parameter,
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
    assert found["high"].max() == pytest.approx(12 * 3.689 / 20_000, rel=1e-3)
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
def test_what_is_no_pair_is_told(change: dict[str, object], what: str):
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
def test_what_cannot_be_compared_is_told(change: dict[str, object], says: str):
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
    assert sides["high"].max() == pytest.approx(3 * 3.689 / 300, rel=1e-3), "of 300 who arrived none differed"


def test_shares_differ_by_no_more_than_all():
    few = {"customers": 1, "replications": 2, "turns": 2}
    found = compare(scenario("funnel", **few), scenario("solve_first", **few)).differences()
    shares = found.filter(pl.col("measure").str.starts_with("at the end"))
    assert shares["low"].min() >= -1
    assert shares["high"].max() <= 1


# --- sweeps ------------------------------------------------------------------------------------------


def test_every_parameter_can_be_changed_and_says_what_it_is():
    one = scenario("solve_first", departures=Departures(), word_of_mouth=WordOfMouth(), arrivals=Arrivals(each_turn=5))
    found = parameters_of(one)
    assert {
        "curve.doubt_max",
        "environment.kept",
        "policy.promise_due",
        "policy.ask.engaged",
        "departures.churn_probability",
    } <= set(found)
    assert {"word_of_mouth.share_telling", "arrivals.each_turn", "departures.period"} <= set(found)
    for name, value in found.items():
        assert parameters_of(with_parameter(one, name, value)) == found, name


def test_a_sweep_is_the_exact_answer_for_each_value():
    one = scenario("solve_first")
    found = sweep(one, {"environment.kept": (0.3, 0.55), "curve.advocate_kept": (2,)})
    assert found["parameter"].unique(maintain_order=True).to_list() == ["environment.kept", "curve.advocate_kept"]
    by_hand = solve(with_parameter(one, "environment.kept", 0.55))
    end = by_hand.occupancy().filter(turn=12, state="customer_centric")["share"].item()
    told = found.filter(parameter="environment.kept", value=0.55, measure="at the end: customer_centric")[
        "result"
    ].item()
    assert told == pytest.approx(end)


def test_a_number_in_a_row_of_the_policy_is_changed_there():
    changed = with_parameter(scenario("solve_first"), "policy.go on proving.kept", 1)
    text = (shipped("solve_first"), changed.segments[0].policy)
    assert text[0] != text[1]
    assert parameters_of(changed)["policy.go on proving.kept"] == 1
    assert load_policy  # the policy of the file stays as it was
    assert parameters_of(scenario("solve_first"))["policy.go on proving.kept"] == 2


def test_durations_may_be_days():
    one = scenario("funnel", departures=Departures())
    assert with_parameter(one, "departures.period", 90).departures == Departures(period=timedelta(days=90))
    assert sweep(one, {"departures.period": (timedelta(days=90),)})["value"].unique().to_list() == [90]
    assert sweep(one, {"curve.silence_after": (60,)})["value"].unique().to_list() == [60]


def test_a_longer_quiet_period_makes_no_longer_turns():
    changed = with_parameter(scenario("funnel"), "curve.silence_after", 120)
    assert (changed.turn, changed.curve.silence_after) == (timedelta(days=30), timedelta(days=120))
    with pytest.raises(InvalidValueError, match=r"must be a whole number of turns, and a turn lasts 30 days here"):
        with_parameter(scenario("funnel"), "curve.silence_after", 100)


def test_every_environment_of_a_segment_changes():
    crisis = Environment({"complaint": 0.5})
    segment = Segment(
        policy=shipped("funnel"), environment=ORDINARY, changes=[ChangePoint(from_turn=3, environment=crisis)]
    )
    one = Scenario(segments=segment, turns=5)
    (changed,) = with_parameter(one, "environment.complaint", 0.07).segments
    assert [each.probabilities["complaint"] for each in changed.environments] == [0.07, 0.07]  # type: ignore[index]
    (other,) = with_parameter(one, "environment.kept", 0.25).segments
    assert other.changes == segment.changes


def test_a_coupled_scenario_is_swept_by_chance():
    one = scenario(
        "funnel", arrivals=Arrivals(each_turn=50), word_of_mouth=WordOfMouth(), customers=500, replications=2
    )
    told: list[tuple[int, int]] = []
    found = sweep(one, {"word_of_mouth.share_telling": (0.0, 0.9)}, progress=lambda *each: told.append(each))
    assert found["result"].null_count() == 0
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("curve.doubt_maxx", 3, UnknownWordError),
        ("environment.broken_heart", 0.1, UnknownWordError),
        ("environment.kept", 1.5, InvalidValueError),
        ("curve.doubt_max", -1, InvalidParameterError),
        ("policy.promise_due", 0, InvalidValueError),
        ("policy.ask.engaged", 0.5, InvalidValueError),
        ("policy.ask.engaged", 99, InvalidValueError),
        ("policy.remember", 0, InvalidValueError),
        ("departures.period", float("nan"), InvalidValueError),
        ("departures.period", "long", InvalidValueError),
        ("departures.churn_probability", float("nan"), InvalidValueError),
        ("curve.silence_after", 100, InvalidValueError),
        ("curve.silence_after", float("nan"), InvalidValueError),
    ],
)
def test_wrong_parameters_are_told(name: str, value: object, error: type[Exception]):
    with pytest.raises(error, match=name.rpartition(".")[2]):
        with_parameter(scenario("solve_first", departures=Departures()), name, value)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda _: simulate("s.toml"), "scenario is 's.toml': must be a Scenario: load_scenario"),  # type: ignore[arg-type]
        (lambda _: solve("s.toml"), "scenario is 's.toml': must be a Scenario: load_scenario"),  # type: ignore[arg-type]
        (lambda one: compare("s.toml", one), "old is 's.toml': must be a Scenario: load_scenario"),
        (lambda one: compare(one, "s.toml"), "new is 's.toml': must be a Scenario: load_scenario"),
        (lambda _: parameters_of("s.toml"), "scenario is 's.toml': must be a Scenario: load_scenario"),  # type: ignore[arg-type]
        (lambda one: sweep(one, {"environment.kept": 0.3}), "must be a sequence of the values to try"),
        (lambda one: sweep(one, ["environment.kept"]), "must be a mapping"),
        (lambda one: sweep(one, {"environment.kept": (0.3,)}, processes=0), "processes is 0"),
        (lambda one: sweep(one, {"environment.kept": (0.9,)}), "environment.kept is 0.9: the probabilities add up to"),
        (
            lambda one: sweep(one, {"departures.churn_probability": (None,)}),
            "departures.churn_probability is None: must be a probability",
        ),
    ],
)
def test_what_is_of_another_kind_is_told(ask: Callable[[Scenario], object], says: str):
    with pytest.raises(InvalidValueError, match=says):
        ask(scenario("solve_first", departures=Departures()))


def test_numbers_of_numpy_are_numbers():
    one = scenario("solve_first")
    found = sweep(one, {"policy.promise_due": np.array([2, 3]), "environment.kept": np.linspace(0.1, 0.3, 2)})
    assert found["value"].unique(maintain_order=True).to_list() == pytest.approx([2, 3, 0.1, 0.3])
