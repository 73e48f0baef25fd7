"""The example scenarios: they run, exactly where they can, and what their pages say of them is what comes out today."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl
import pytest
from attrs import evolve

from tests.simulation.agreement import agrees
from tools.scenario_pages import FOLDER, measured, renewed
from trustcurve.simulation import Run, Scenario, load_scenario, simulate, solve, sweep

FILES = sorted(path for path in FOLDER.glob("*/*.toml"))
NAMES = {"spam_funnel", "solve_first", "delivery_crisis", "late_thanks", "promise_everything"}


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
    return measured((FOLDER / f"{name}.toml").resolve())[segment]


def test_there_are_five_and_each_has_its_page():
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
