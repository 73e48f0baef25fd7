"""The example scenarios: they run, exactly where they can, and what their pages say of them is what comes out today."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl
import pytest
from attrs import evolve

from tests.simulation.agreement import agrees
from tools.scenario_pages import FOLDER, course, measured, renewed
from trustcurve.simulation import Run, Scenario, load_scenario, simulate, solve, sweep, with_parameter

FILES = sorted(path for path in FOLDER.glob("*/*.toml"))
NAMES = {
    *("spam_funnel", "solve_first", "delivery_crisis", "late_thanks", "promise_everything"),
    *("launches", "early_gain", "acquire_or_keep"),
}


@cache
def load(name: str) -> Scenario:
    """Load a scenario by its folder and its name."""
    return load_scenario(FOLDER / f"{name}.toml")


@cache
def sampled(name: str) -> Run:
    """Simulate a scenario."""
    return simulate(load(name), processes=1)


def measures(name: str, segment: str = "everyone") -> dict[str, float]:
    """Measure what becomes of the customers of a segment."""
    return measured((FOLDER / f"{name}.toml").resolve())[segment]  # type: ignore[return-value] # somebody is there


def went(name: str) -> dict[int, dict[str, float]]:
    """Return how a scenario goes, turn by turn."""
    return course((FOLDER / f"{name}.toml").resolve())


def test_there_are_eight_and_each_has_its_page():
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == NAMES
    front = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"]({name}/README.md)" in front
        assert "## What to see" in (FOLDER / name / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted(FOLDER.rglob("*.md")), ids=lambda page: page.parent.name)
def test_tables_on_the_pages_are_up_to_date(page: Path):
    assert renewed(page) == page.read_text(encoding="utf-8"), "run python tools/scenario_pages.py"


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_runs_and_where_it_is_exact_a_sample_agrees(path: Path):
    scenario = evolve(load_scenario(path), customers=20_000, replications=2)
    run = simulate(scenario, processes=1)
    assert not run.stopped
    if scenario.coupled_by is None:
        assert agrees(run, solve(scenario), len(FILES))


def test_spam_nobody_recommends_and_who_buys_more_is_lost_sooner():
    readers, shop = (measures("spam_funnel/scenario", segment) for segment in ("newsletter", "shop"))
    assert readers["reached: customer_centric"] == shop["reached: customer_centric"] == 0
    assert shop["reached: lost"] > readers["reached: lost"] + 0.1


def test_spam_hope_is_for_newcomers():
    last = sampled("spam_funnel/scenario").counts().filter(turn=24)
    by_cohort = last.group_by("segment", "cohort", "state").agg(pl.col("customers").sum())
    shares = by_cohort.with_columns(share=pl.col("customers") / pl.col("customers").sum().over("segment", "cohort"))
    hope = {
        row["cohort"]: row["share"]
        for row in shares.filter(state="hopeful", segment="newsletter").iter_rows(named=True)
    }
    assert min(hope[cohort] for cohort in (20, 21, 22)) > 0.5
    assert hope[0] == pytest.approx(1 / 5, abs=0.02)
    (shop,) = shares.filter(state="hopeful", segment="shop", cohort=0)["share"]
    assert shop == pytest.approx(1 / 25, abs=0.01)


@pytest.mark.parametrize("segment", ["newsletter", "shop"])
def test_solve_first_most_get_beyond_hoping(segment: str):
    found = measures("solve_first/scenario", segment)
    assert found["reached: customer_centric"] > 0.5
    assert found["at the end: customer_centric"] == max(
        found[measure] for measure in found if measure.startswith("at the end")
    )
    assert found["at the end: advocate"] < 0.05


def test_solve_first_falls_come_from_promises_whose_time_was_over():
    run = sampled("solve_first/scenario")
    into = run.transitions().filter(pl.col("after").str.starts_with("distrust") & (pl.col("change") < 0))
    into = into.filter(~pl.col("before").str.starts_with("distrust"))
    broken = into.filter(rule="broken_major.betrays")["count"].sum()
    assert broken / into["count"].sum() == pytest.approx(19 / 20, abs=0.01)
    assert run.moves().filter(move="broken")["count"].sum() < broken / 2
    alone = evolve(load("solve_first/scenario"), word_of_mouth=None)
    lost = (
        sweep(alone, {"policy.promise_due": (2, 3, 4)})
        .filter(measure="reached: lost", segment="shop")["result"]
        .to_list()
    )
    assert lost[0] > lost[1] + 0.1 > lost[2] + 0.2


def test_solve_first_asks_once_in_four_years_and_the_funnel_almost_always():
    for name, months, within in (("solve_first/scenario", 48, 6), ("spam_funnel/scenario", 5 / 4, 0.05)):
        actions = sampled(name).actions()
        assert actions["count"].sum() / actions.filter(action="ask")["count"].sum() == pytest.approx(months, abs=within)


CRISES = ("say_nothing", "apologise", "promise_less")


def test_crisis_takes_as_many_from_all_and_silence_keeps_the_others_down():
    found = [measures(f"delivery_crisis/{name}") for name in CRISES]
    assert all(each["at the end: departed"] == pytest.approx(1 / 3, abs=0.04) for each in found)
    for name, each in zip(CRISES, found, strict=True):
        scenario = load(f"delivery_crisis/{name}")
        calm = solve(evolve(scenario, segments=evolve(scenario.segments[0], changes=())))
        left = calm.occupancy().filter(turn=scenario.turns, state="departed")["share"].item()
        assert left > 0.25
        assert 0.035 < each["at the end: departed"] - left < 0.055
    silent, sorry, careful = (each["at the end: advocate"] for each in found)
    assert sorry / silent == pytest.approx(3, abs=0.3)
    assert sorry < careful < sorry + 0.05


@pytest.mark.parametrize("name", CRISES)
def test_crisis_no_crisis_would_have_been_better(name: str):
    scenario = load(f"delivery_crisis/{name}")
    calm = evolve(scenario, segments=evolve(scenario.segments[0], changes=()))
    better, worse = (
        solve(each).occupancy().filter(turn=scenario.turns, state="advocate")["share"].item()
        for each in (calm, scenario)
    )
    assert better > worse


def test_late_thanks_every_promise_is_kept_and_nearly_everybody_is_lost():
    late, soon = (measures(f"late_thanks/{name}") for name in ("scenario", "thanks_soon"))
    assert late["reached: lost"] > 0.9
    assert soon["at the end: advocate"] == pytest.approx(0.45, abs=0.02)
    assert soon["does: ask"] < 0.01
    answer = solve(load("late_thanks/scenario"))
    falls = answer.transitions().filter(pl.col("change") < 0)
    assert not falls["rule"].str.starts_with("broken").any()
    by_rule = falls.group_by("rule").agg(pl.col("count").sum()).sort("count", descending=True)
    assert by_rule["rule"][0] == "company_one_sided.unpaid"
    assert answer.hitting_times().filter(stage="advocate")["mean_time"].item() is None


def test_promise_everything_more_promises_less_trust():
    all_of_it, some = (
        measures(f"promise_everything/{name}") for name in ("promise_everything", "promise_what_we_keep")
    )
    assert all_of_it["does: promise_major"] == pytest.approx(24)
    assert all_of_it["reached: lost"] > 0.9 > some["reached: lost"]
    lost = sweep(load("promise_everything/promise_what_we_keep"), {"policy.promise_due": (3, 5)}).filter(
        measure="reached: lost"
    )
    assert lost["result"][1] < lost["result"][0] / 2


def test_scenarios_where_distrust_breeds_its_own_agenda_lose_as_many_and_make_worse_enemies():
    late, some = (load(name) for name in ("late_thanks/scenario", "promise_everything/promise_what_we_keep"))
    alike = [
        evolve(each, segments=evolve(each.segments[0], environment=evolve(each.segments[0].environment, where={})))
        for each in (late, some)
    ]
    late_alike, some_alike = (dict(solve(each).measures().select("measure", "result").iter_rows()) for each in alike)
    late_now, some_now = (dict(solve(each).measures().select("measure", "result").iter_rows()) for each in (late, some))
    for now, then in ((late_now, late_alike), (some_now, some_alike)):
        assert now["reached: lost"] == pytest.approx(then["reached: lost"], abs=1e-3)
    hostile = "at the end: distrust.adversarial"
    assert late_now[hostile] / late_alike[hostile] == pytest.approx(1.5, abs=0.15)
    assert some_now["at the end: hopeful"] < some_alike["at the end: hopeful"] - 0.01
    assert some_now["at the end: departed"] > some_alike["at the end: departed"] + 0.01


def test_solve_first_bad_word_is_louder_than_good_word():
    run = sampled("solve_first/scenario")
    told = run.word_of_mouth().select(pl.col("reports", "recommendations").sum() / len(run.completed)).row(0)
    came = dict(run.cohorts().group_by("segment").agg(pl.col("customers").sum() / len(run.completed)).iter_rows())
    assert told[0] == pytest.approx(5000, abs=300)
    assert told[1] == pytest.approx(250, abs=20)
    assert 44_000 - came["newsletter"] - came["shop"] == pytest.approx(5000, abs=300)
    assert came["newsletter, brought"] + came["shop, brought"] == pytest.approx(200, abs=20)


def test_launches_are_one_shot_events_and_purchases_keep_hope_alive_but_lift_nobody():
    alone, followed = went("launches/launch"), went("launches/follow_up")
    assert alone[4]["across"] > 9500
    assert 2 * alone[7]["across"] < 5000 < alone[9]["across"] < alone[4]["across"], "the next one raises it again"
    assert measures("launches/launch")["reached: customer_centric"] == 0
    assert measures("launches/launch")["does: ask"] == 0 < measures("launches/launch")["asked"]
    assert followed[6]["against"] > alone[6]["against"]
    assert alone[7]["across"] / alone[4]["across"] == pytest.approx(0.23, abs=0.02)
    assert measures("launches/launch")["at the end: departed"] > 0.6
    assert measures("launches/follow_up")["at the end: customer_centric"] == pytest.approx(0.7, abs=0.02)
    assert measures("launches/follow_up")["does: propose"] == pytest.approx(1, abs=0.01)
    dull = load("launches/launch")
    usual = {move: p for move, p in (dull.segments[0].environment.probabilities or {}).items() if move != "nothing"}
    nobody = evolve(dull.segments[0].environment, moves={**usual, "purchase": 0})
    unsold = solve(evolve(dull, segments=evolve(dull.segments[0], environment=nobody)))
    assert unsold.relations().filter(turn=7)["across"].item() < alone[7]["across"] / 3
    assert followed[24]["engaged"] > 7000


def ahead(one: dict[int, dict[str, float]], other: dict[int, dict[str, float]], column: str = "so_far") -> list[int]:
    """Return the turns in which one scenario has, or earns, more than another."""
    return [turn for turn in one if one[turn][column] > other[turn][column]]


def test_early_gain_is_real_and_so_is_the_later_loss():
    pitched, squeezed, earned = (went(f"early_gain/{name}") for name in ("pitch", "squeeze", "earn"))
    assert ahead(squeezed, pitched, "earned") == [2, 3]
    assert ahead(squeezed, pitched) == [2, 3, 4, 5]
    assert ahead(squeezed, earned) == list(range(2, 15))
    assert ahead(pitched, earned) == list(range(2, 32))
    assert max(ahead(pitched, earned, "earned")) == 10
    assert squeezed[3]["against"] > 9700
    dear = solve(with_parameter(load("early_gain/earn"), "costs.exchange", 8)).balance()
    assert (dear["gained"] - dear["spent"]).sum() < pitched[36]["so_far"]
    lost = [measures(f"early_gain/{name}")["reached: lost"] for name in ("pitch", "squeeze", "earn")]
    assert lost == pytest.approx([0.7, 0.97, 0.1], abs=0.02)
    for name in ("pitch", "squeeze"):
        assert measures(f"early_gain/{name}")["reached: customer_centric"] == 0


def test_acquire_pays_for_long_and_keep_has_more_customers_long_before():
    acquire, quiet, keep = (went(f"acquire_or_keep/{name}") for name in ("acquire", "acquire_quietly", "keep"))
    assert ahead(acquire, keep) == list(range(3, 44))
    assert ahead(quiet, keep) == list(range(3, 49))
    assert max(ahead(quiet, keep, "earned")) in range(43, 48)
    assert quiet[48]["so_far"] / acquire[48]["so_far"] == pytest.approx(2, abs=0.2)
    more = [turn for turn in ahead(keep, acquire, "across") if turn > 0]
    assert min(more) in range(14, 17)
    assert min(turn for turn in ahead(keep, quiet, "across") if turn > 0) in range(37, 49)
    assert acquire[36]["against"] > acquire[36]["across"]
    assert keep[6]["so_far"] < 0
    kept = [measures(f"acquire_or_keep/{name}")["kept: across"] for name in ("acquire", "acquire_quietly", "keep")]
    assert kept == pytest.approx([0.035, 0.24, 0.8], abs=0.02)
    came = [sampled(f"acquire_or_keep/{name}").cohorts()["customers"].sum() / 10 for name in ("acquire", "keep")]
    assert came[0] / came[1] == pytest.approx(2.4, abs=0.2)
    assert 29_800 - came[0] == pytest.approx(13_000, abs=500)
    brought = sampled("acquire_or_keep/keep").cohorts().filter(segment="everyone, brought")["customers"].sum() / 10
    assert brought / (came[1] - 1000) == pytest.approx(0.25, abs=0.05)


@pytest.mark.slow
def test_acquire_the_day_comes_sooner_with_other_numbers_and_after_six_years_without_letters():
    acquire, quiet, keep = (load(f"acquire_or_keep/{name}") for name in ("acquire", "acquire_quietly", "keep"))
    few = {"replications": 2}
    dear = total(simulate(evolve(with_parameter(acquire, "costs.propose", 12), **few)).balance())
    gifts = total(simulate(evolve(with_parameter(keep, "costs.exchange", 2), **few)).balance())
    plain_acquire, plain_keep = (total(simulate(evolve(each, **few)).balance()) for each in (acquire, keep))
    for one, other in ((dear, plain_keep), (plain_acquire, gifts)):
        assert max(turn for turn in other if one[turn] > other[turn]) < 40
    long_quiet, long_keep = (total(simulate(evolve(each, turns=84, **few)).balance()) for each in (quiet, keep))
    assert max(turn for turn in long_keep if long_quiet[turn] > long_keep[turn]) == pytest.approx(71, abs=3)


def total(balance: pl.DataFrame) -> dict[int, float]:
    """Return what has been earned so far, by turn, in all replications together."""
    earned = balance.group_by("turn").agg(each=(pl.col("gained") - pl.col("spent")).sum()).sort("turn")
    return {0: 0.0, **dict(earned.select("turn", pl.col("each").cum_sum()).iter_rows())}
