"""The kernel: journeys that `advance` would go, alias tables that are exact, and the same result whatever the processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import polars as pl
import pytest
import scipy.sparse
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from tests.simulation.worlds import CURVE, ORDINARY, random_world, shipped, simulated, solved
from tests.verification.plain import PlainLoop
from trustcurve.errors import InvalidValueError
from trustcurve.policies import Environment
from trustcurve.simulation import (
    Arrivals,
    Departures,
    Run,
    Scenario,
    Segment,
    WordOfMouth,
    simulate,
)
from trustcurve.simulation.alias_table import alias_table
from trustcurve.simulation.intervals import with_intervals
from trustcurve.simulation.population import _binomial, seed_of


@pytest.mark.parametrize("world", range(12))
def test_every_journey_is_one_that_advance_goes(world: int):
    policy, environment = random_world(world)
    run = simulated(CURVE, policy, environment, 12, turns=20, seed=world, replications=1, journeys=12)
    loop = PlainLoop(curve=CURVE, policy=policy, environment=environment)
    for journey in run.journeys().partition_by("customer"):
        place = loop.start
        for row in journey.iter_rows(named=True):
            move = next(move for move in loop.moves(place) if move.word == row["move"])
            place, turn, _ = loop.play(place, move)
            did = " and ".join(turn.actions) or "wait"
            assert (did, CURVE.state(turn.after)) == (row["action"], row["state"]), row


GOLDEN = {
    "departed": 118,
    "distrust.adversarial": 0,
    "distrust.competitive": 24,
    "distrust.suspicious": 39,
    "hopeful": 158,
    "customer_centric": 661,
    "advocate": 0,
}
INSIDE = {"hopeful", "customer_centric", "advocate"}


@pytest.mark.parametrize("name", ["funnel", "loyalty", "solve_first"])
def test_only_distrusting_former_customers_leave_by_the_hazard_and_the_lost_are_counted(name: str):
    # Nothing else makes anybody leave here; who was a customer is read from the stages of every turn.
    calm = Environment({"kept": 0.2, "broken": 0.2, "complaint": 0.2, "return": 0.1})
    how = {"turns": 15, "seed": 3, "replications": 1, "journeys": 200, "departures": Departures(churn_probability=0.99)}
    run = simulated(CURVE, shipped(name), calm, 200, promises_max=1, **how)  # type: ignore[arg-type]
    loop = PlainLoop(
        curve=CURVE,
        policy=shipped(name),
        environment=Environment(["kept", "broken", "complaint", "return", "departure"]),
        promises_max=1,
    )
    lost_by, left = [0] * 16, 0
    for journey in run.journeys().partition_by("customer"):
        place, past, lost_at = loop.start, "stranger", None
        for row in journey.iter_rows(named=True):
            move = next(move for move in loop.moves(place) if move.word == row["move"])
            clock = loop.begun(place)[0].position
            place, turn, _ = loop.play(place, move)
            for moment, position in enumerate((clock, turn.met, turn.after)):
                if position.stage in INSIDE:
                    past = "customer"
                elif position.stage == "distrust" and past != "stranger":
                    past = "lost"
                if moment == 0 and move.word == "departure":
                    assert past == "lost"
                    left += 1
            if past == "lost" and lost_at is None:
                lost_at = row["turn"]
        for age in range(lost_at or 16, 16):
            lost_by[age] += 1
    assert left > 50
    shares = run.stages().filter(stage="lost").sort("age")["share"]
    assert (shares * 200).round().to_list() == lost_by


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40).filter(lambda each: sum(each) > 0))
def test_an_alias_table_holds_the_chances_to_the_last_bit(weights: list[float]):
    chances = np.array(weights) / sum(weights)
    table = alias_table(chances)
    room = (1 << 32) // len(table.outcome)
    masses, limit = np.zeros(len(chances), np.int64), table.limit.astype(np.int64)
    np.add.at(masses, table.outcome, np.concatenate([limit, np.full(len(table.outcome) - len(limit), room)]))
    np.add.at(masses, table.other, room - limit)
    assert masses.sum() == 1 << 32
    assert np.abs(masses - chances * 2**32).max() <= len(chances)


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=12), st.lists(st.integers(0, 2**32 - 1), min_size=1))
def test_an_alias_table_draws_what_it_says(weights: list[float], numbers: list[int]):
    table = alias_table(np.array(weights) / sum(weights))
    for number, drawn in zip(numbers, table.draw(np.array(numbers, np.uint32)).tolist(), strict=True):
        slot, rest = divmod(number, (1 << 32) // len(table.outcome))
        assert drawn == (table.other if slot < len(table.limit) and rest >= table.limit[slot] else table.outcome)[slot]


def same(one: Run, other: Run) -> bool:
    """Whether two runs have the same tables."""
    return all(
        getattr(one, table)().equals(getattr(other, table)())
        for table in ("counts", "transitions", "actions", "moves", "reached")
    )


SCENARIO = Scenario(
    segments=(
        Segment(name="a", policy=shipped("funnel"), environment=ORDINARY, share=0.3),
        Segment(name="b", policy=shipped("solve_first"), environment=ORDINARY, share=0.7),
    ),
    turns=9,
    customers=5000,
    arrivals=Arrivals(each_turn=101),
    word_of_mouth=WordOfMouth(),
    replications=3,
    seed=4,
)


def test_in_each_turn_those_report_who_are_lost_by_its_end():
    everybody = evolve(SCENARIO, segments=(Segment(policy=shipped("funnel"), environment=ORDINARY),), customers=200)
    told = WordOfMouth(share_telling=1, lost_per_report=0)  # it reaches nobody: the same customers as without
    alone = evolve(everybody, arrivals=Arrivals(each_turn=5), replications=1, turns=30, word_of_mouth=told)
    run = simulate(alone, journeys=1000)
    lost = [0] * alone.turns
    for journey in run.journeys().partition_by("customer"):
        crossed, is_lost = False, False
        for row in journey.sort("turn").iter_rows(named=True):
            stage = row["state"].partition(".")[0]
            crossed = crossed or stage in ("hopeful", "customer_centric", "advocate")
            if stage != "departed":  # who leaves stays what they were
                is_lost = crossed and stage == "distrust"
            lost[row["turn"] - 1] += is_lost
    assert run.word_of_mouth()["reports"].to_list() == lost
    assert lost[0] < lost[-1]


def test_the_same_seed_gives_the_same_result_with_any_number_of_processes():
    runs = [simulate(SCENARIO, processes=processes) for processes in (1, 2)]
    assert same(*runs)
    assert runs[0].journeys().equals(runs[1].journeys())
    assert runs[0].seeds == runs[1].seeds


@pytest.mark.parametrize("scenario", [SCENARIO, evolve(SCENARIO, word_of_mouth=None, departures=None)])
def test_it_is_all_the_same_how_many_customers_are_drawn_at_once(scenario: Scenario, monkeypatch: pytest.MonkeyPatch):
    usual = simulate(scenario, processes=1, journeys=150)
    for block in (64, 1000):
        monkeypatch.setattr("trustcurve.simulation.population._BLOCK", block)
        run = simulate(scenario, processes=1, journeys=150)
        assert same(usual, run), block
        assert usual.journeys().equals(run.journeys()), block


def test_the_same_seed_gives_today_what_it_gave_when_this_was_written():
    run = simulated(CURVE, shipped("solve_first"), ORDINARY, 1000, turns=12, seed=1, replications=1)
    last = run.counts().filter(turn=12)
    assert dict(zip(last["state"], last["customers"], strict=True)) == GOLDEN


def test_a_customer_takes_less_than_two_hundred_bytes():
    many = 300_000
    simulated(CURVE, shipped("solve_first"), ORDINARY, 10, turns=6, seed=1, replications=1)
    tracemalloc.start()
    simulated(CURVE, shipped("solve_first"), ORDINARY, many, turns=6, seed=1, replications=1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most / many < 200


def test_another_seed_gives_another_result():
    one, other = (
        simulated(CURVE, shipped("funnel"), ORDINARY, 500, turns=5, seed=seed, replications=1) for seed in (1, 2)
    )
    assert not same(one, other)
    fresh = simulated(CURVE, shipped("funnel"), ORDINARY, 500, turns=5, replications=1)
    assert same(fresh, simulated(CURVE, shipped("funnel"), ORDINARY, 500, turns=5, seed=fresh.seed, replications=1))


def test_seeds_are_spawned_from_one_sequence():
    spawned = np.random.SeedSequence(17).spawn(3)
    run = simulated(CURVE, shipped("funnel"), ORDINARY, 10, turns=2, seed=17, replications=3)
    assert run.seeds == tuple(tuple(each.generate_state(4).tolist()) for each in spawned)
    assert (seed_of(17, 1, 0, 0).generate_state(4) == spawned[1].spawn(1)[0].spawn(1)[0].generate_state(4)).all()


def test_replications_differ_and_more_of_them_change_nothing_of_the_first():
    few, many = (simulated(CURVE, shipped("funnel"), ORDINARY, 300, turns=4, seed=6, replications=n) for n in (2, 4))
    assert few.counts().equals(many.counts().filter(pl.col("replication") < 2))
    one, other = few.counts().partition_by("replication", include_key=False)
    assert not one.equals(other)


def test_a_run_cannot_be_changed():
    run = simulated(CURVE, shipped("funnel"), ORDINARY, 10, turns=2, seed=1, replications=1)
    before = run.counts().clone()
    frame = run.counts()
    frame[0, "customers"] = -1
    assert run.counts().equals(before)
    with pytest.raises(AttributeError):
        run.seed = 3  # type: ignore[misc]


def arrays_of(value: Any) -> Iterator[np.ndarray[Any, Any]]:
    """Find every array behind a value, however deep."""
    if isinstance(value, np.ndarray):
        yield value
        yield from arrays_of(value.base)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from arrays_of(each)
    elif scipy.sparse.issparse(value):
        yield from (value.data, value.indices, value.indptr)
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from arrays_of(getattr(value, field.name))


@pytest.mark.parametrize("processes", [1, 2])
def test_no_array_behind_an_answer_can_be_written_to(processes: int):
    run = simulated(CURVE, shipped("funnel"), ORDINARY, 300, turns=4, seed=6, replications=2, processes=processes)
    found = [*arrays_of(run), *arrays_of(solved(CURVE, shipped("funnel"), ORDINARY, 4))]
    assert len(found) > 50
    assert not any(each.flags.writeable for each in found)


def test_what_is_counted_adds_up():
    run = simulate(SCENARIO)
    arrived = run.cohorts().group_by("replication").agg(pl.col("customers").sum()).sort("replication")
    last = run.counts().filter(turn=9).group_by("replication").agg(pl.col("customers").sum()).sort("replication")
    assert arrived.equals(last)
    acted = run.actions().group_by("replication", "segment", "turn").agg(pl.col("count").sum())
    standing = (
        run.counts()
        .with_columns(pl.col("turn") + 1)
        .group_by("replication", "segment", "turn")
        .agg(pl.col("customers").sum())
    )
    both = acted.join(standing, on=["replication", "segment", "turn"])
    assert len(both) == len(acted)
    assert both["count"].equals(both["customers"], check_names=False)


def test_those_who_are_reported_stay_away():
    told, alone = (
        simulate(
            Scenario(
                segments=Segment(policy=shipped("funnel"), environment=ORDINARY), turns=12, customers=10_000, seed=3, replications=2,
                arrivals=Arrivals(each_turn=400), word_of_mouth=gossip,
            )
        )
        for gossip in (WordOfMouth(), None)
    )  # fmt: skip
    tellers = [each.counts[0].reports.sum() for each in told._replications]
    assert min(tellers) > 0
    assert told.word_of_mouth().group_by("replication").agg(pl.col("reports").sum())["reports"].sum() == sum(tellers)
    came, could = (each._replications[0].counts[0].sizes for each in (told, alone))
    assert sum(could) - sum(came) == told._replications[0].counts[0].reports[:-1].sum()
    nobody = simulate(
        Scenario(
            segments=Segment(policy=shipped("funnel"), environment=ORDINARY), turns=12, customers=10_000, seed=3, replications=1,
            arrivals=Arrivals(each_turn=40), word_of_mouth=WordOfMouth(lost_per_report=100),
        )
    )  # fmt: skip
    assert nobody._replications[0].counts[0].sizes[-1] == 0


@pytest.mark.parametrize(
    ("of", "chance"), [(1, 0.3), (40, 0.03), (5000, 0.5), (100_000_000, 1e-8), (7, 0), (7, 1), (0, 0.5)]
)
def test_how_many_tell_is_binomial_and_grows_with_how_many_could(of: int, chance: float):
    even = (np.arange(2000) + 0.5) / 2000
    drawn = [_binomial(of, chance, float(u)) for u in even]
    assert drawn == binom.ppf(even, of, chance).astype(int).tolist()
    assert all(
        few <= many for few, many in zip(drawn, [_binomial(of + 3, chance, float(u)) for u in even], strict=True)
    )


def test_what_is_reported_is_counted_though_nobody_listens():
    heard, unheard = (
        simulate(evolve(SCENARIO, word_of_mouth=WordOfMouth(lost_per_report=each), replications=1))
        for each in (1e-9, 0)
    )
    assert unheard.word_of_mouth().equals(heard.word_of_mouth())
    assert unheard.word_of_mouth()["reports"].sum() > 0


def test_the_first_newcomers_are_followed_where_nobody_is_there_at_first():
    newcomers = Scenario(
        segments=Segment(policy=shipped("funnel"), environment=ORDINARY), turns=5, customers=0, arrivals=Arrivals(each_turn=2),
        replications=1,
    )  # fmt: skip
    journeys = simulate(newcomers, journeys=3).journeys()
    assert journeys["customer"].to_list() == [1] * 4 + [2] * 4 + [3] * 3
    assert journeys["turn"].to_list() == [2, 3, 4, 5, 2, 3, 4, 5, 3, 4, 5]


def test_three_customers_are_a_population_too():
    run = simulated(
        CURVE, shipped("solve_first"), ORDINARY, 3, turns=6, seed=1, replications=1, departures=Departures()
    )
    shares = run.occupancy()
    assert shares.group_by("turn").agg(pl.col("share").sum())["share"].to_list() == pytest.approx([1] * 7)
    assert (shares["low"] <= shares["share"]).all()
    assert (shares["high"] >= shares["share"]).all()
    assert run.journeys()["customer"].n_unique() == 3


@pytest.mark.parametrize(
    ("count", "of"), [(0, 7), (7, 7), (1, 3), (40_168, 400_000), (3, 2_000_000_000), (40_000_000, 10_000_000_000)]
)
def test_intervals_are_wilsons(count: int, of: int):
    counts = pl.DataFrame({"replication": [0], "count": [count], "of": [of]}).with_columns(key=pl.lit("a"))
    row = with_intervals(counts, ["key"], 0.95, coupled=False).row(0, named=True)
    known = binomtest(count, of).proportion_ci(method="wilson")
    assert (row["low"], row["high"]) == (pytest.approx(known.low), pytest.approx(known.high))
    assert row["low"] <= row["share"] == count / of <= row["high"]


def test_an_interval_is_widened_by_replications_only_where_customers_influence_each_other():
    counts = pl.DataFrame({"replication": [0, 1], "count": [10, 90], "of": [100, 100], "key": ["a", "a"]})
    alone, coupled = (with_intervals(counts, ["key"], 0.95, coupled=way).row(0, named=True) for way in (False, True))
    known = binomtest(100, 200).proportion_ci(method="wilson")
    assert (alone["low"], alone["high"]) == (pytest.approx(known.low), pytest.approx(known.high))
    assert (coupled["low"], coupled["high"]) == (0, 1)


class Interrupted:
    """Press Ctrl-C as soon as so many replications are done."""

    def __init__(self, after: int) -> None:
        self.after = after

    def __call__(self, done: int, _: int) -> None:
        """Hear how far it is."""
        if done == self.after:
            raise KeyboardInterrupt


@pytest.mark.parametrize("processes", [1, 2])
def test_stopping_keeps_what_is_done(processes: int):
    how = {"turns": 4, "seed": 6, "processes": processes}
    run = simulated(CURVE, shipped("funnel"), ORDINARY, 300, replications=6, progress=Interrupted(2), **how)  # type: ignore[arg-type]
    assert run.stopped
    whole = simulated(CURVE, shipped("funnel"), ORDINARY, 300, replications=6, turns=4, seed=6)
    done = [each.number for each in run._replications]
    assert len(done) == 2
    assert run.counts().equals(whole.counts().filter(pl.col("replication").is_in(done)))
    assert not whole.stopped


UNGUARDED = """
from tests.simulation.worlds import CURVE, ORDINARY, shipped, simulated
from trustcurve.simulation import ProcessesEndedError

try:
    simulated(CURVE, shipped("funnel"), ORDINARY, 300, turns=4, replications=2, processes=2)
except ProcessesEndedError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_script_that_is_not_guarded_is_reported_how_to(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED, encoding="utf-8")
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, script],
        timeout=60,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(root / "src"), str(root)))},
    )
    assert "the 2 processes ended before their work was done: call simulate() below" in run.stdout


def test_progress_is_reported():
    told: list[tuple[int, int]] = []
    simulated(CURVE, shipped("funnel"), ORDINARY, 5, turns=2, replications=3, progress=lambda *each: told.append(each))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("customers", 0),
        ("customers", -1),
        ("turns", 0),
        ("replications", 0),
        ("seed", -1),
        ("journeys", -1),
        ("processes", 0),
        ("customers", 1.5),
    ],
)
def test_wrong_numbers_are_reported(argument: str, value: object):
    with pytest.raises(InvalidValueError, match=argument):
        simulated(CURVE, shipped("funnel"), ORDINARY, **{"customers": 10, "turns": 2, argument: value})  # type: ignore[arg-type]


def test_an_environment_needs_probabilities():
    with pytest.raises(InvalidValueError, match="must have a probability for each move"):
        simulated(CURVE, shipped("funnel"), Environment(["purchase"]), 10, turns=2)


def test_a_confidence_lies_between_0_and_1():
    run = simulated(CURVE, shipped("funnel"), ORDINARY, 10, turns=2, replications=1)
    with pytest.raises(InvalidValueError, match="confidence must"):
        run.occupancy(95)
