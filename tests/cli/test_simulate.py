"""``trustcurve simulate``, as users see it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from attrs import evolve

from tests.cli.conftest import Trustcurve
from tests.cli.programs import on_terminal
from trustcurve.simulation import Run, Scenario, simulate

POLICY = '[policy]\nname = "{name}"\n[[rules]]\nwhen = {{ account = ["slip", "breach"] }}\ndo = "repair"\n[[rules]]\ndo = "{do}"\n'
SCENARIO = """\
[scenario]
name = "{name}"
description = "why not"
turns = 6
customers = 400
replications = 3
[[segments]]
policy = "{name}.toml"
moves = {{ purchase = 0.2, complaint = 0.1, departure = 0.05 }}
"""
GOSSIP = "[arrivals]\neach_turn = 20\n[word_of_mouth]\nshare_telling = 0.9\n"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write two policies and their scenarios."""
    for name, do in (("asks", "ask"), ("pitches", "propose")):
        (tmp_path / f"{name}.toml").write_text(POLICY.format(name=name, do=do), encoding="utf-8")
        (tmp_path / f"{name}_now.toml").write_text(SCENARIO.format(name=name), encoding="utf-8")
    (tmp_path / "talks.toml").write_text(SCENARIO.format(name="pitches") + GOSSIP, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_answer_is_exact_where_nothing_couples_customers(trustcurve: Trustcurve) -> None:
    said = trustcurve("simulate", "pitches_now.toml")
    assert said.code == 0
    assert said.lines[:2] == ["pitches: 400 customers, 6 turns", "why not"]
    assert "sampled" not in said.out
    assert "Where customers stand after 6 turns" in said.out
    assert "Why they fell, per 100 customers" in said.out
    assert "propose 5." in " ".join(said.lines)


def test_it_says_who_is_kept_what_is_given_and_what_it_costs(trustcurve: Trustcurve, tmp_path: Path) -> None:
    said = trustcurve("simulate", "asks_now.toml")
    assert "given for each ask 0.14" in " ".join(said.lines) or "given for each ask" in said.out
    assert "spent" not in said.out
    dear = (tmp_path / "asks.toml").read_text(encoding="utf-8") + "[costs]\nrepair = 5\n"
    (tmp_path / "asks.toml").write_text(dear, encoding="utf-8")
    scenario = tmp_path / "asks_now.toml"
    scenario.write_text(scenario.read_text(encoding="utf-8") + "gains = { purchase = 30 }\n", encoding="utf-8")
    said = trustcurve("simulate", "asks_now.toml", "--sample")
    told = {line.rsplit(" ", 2)[0]: line.split()[-2:] for line in said.lines}
    spent, gained, less = (
        float(told[name][0]) for name in ("spent, per customer", "gained, per customer", "gained less spent")
    )
    times = next(float(line.split()[1]) for line in said.lines if line.startswith("repair "))
    assert spent == pytest.approx(5 * times, abs=0.03)
    assert less == pytest.approx(gained - spent, abs=0.011)
    assert 0 < gained < 6 * 30
    assert float(told["given, per customer"][0]) == pytest.approx(times, abs=0.006)


def test_a_sample_stands_beside_the_exact_answer(trustcurve: Trustcurve) -> None:
    said = trustcurve(
        "simulate", "pitches_now.toml", "--sample", "--customers", "1000", "--replications", "2", "--seed", "9"
    )
    assert said.code == 0
    assert "2 replications, seed 9" in said.out
    assert "95 % interval" in said.out
    assert (
        said.out
        == trustcurve(
            "simulate", "pitches_now.toml", "--sample", "--customers", "1000", "--replications", "2", "--seed", "9"
        ).out
    )


def test_where_customers_influence_each_other_the_answer_is_sampled(trustcurve: Trustcurve) -> None:
    said = trustcurve("simulate", "talks.toml")
    assert said.code == 0
    assert "no exact solution with word_of_mouth: customers influence each other" in said.out
    assert "pitches: 400 customers and up to 120 newcomers, and whom advocates bring, 6 turns" in said.out
    assert "3 replications, seed 1" in said.out


def test_where_nobody_is_at_first_and_none_is_seen_to_the_end_the_rest_is_reported(trustcurve: Trustcurve) -> None:
    said = trustcurve("simulate", "talks.toml", "--customers", "0")
    assert said.code == 0
    assert "everyone: nobody was there for all 6 turns" in said.lines
    assert "Where customers have been" not in said.out


def test_two_scenarios_are_compared_exactly(trustcurve: Trustcurve) -> None:
    said = trustcurve("simulate", "asks_now.toml", "--compare", "pitches_now.toml")
    assert said.code == 0
    (row,) = [line for line in said.lines if line.startswith("does: ask")]
    old, new, difference = map(float, row.split()[2:])
    assert (new, difference) == (0, -old)
    assert 0 < old < 6
    assert "Differences per customer (old: asks, new: pitches)" in said.out


def test_two_samples_are_compared_by_pairs(trustcurve: Trustcurve) -> None:
    said = trustcurve("simulate", "talks.toml", "--compare", "talks.toml")
    assert said.code == 0
    rows = [line.split() for line in said.lines if line.startswith(("does: ", "reached: ", "at the end: "))]
    assert rows
    assert {row[-4] for row in rows} == {"+0.0000"}, "the same chance under both"


def test_a_sampled_difference_stands_beside_the_exact_one(trustcurve: Trustcurve) -> None:
    said = trustcurve("simulate", "asks_now.toml", "--compare", "pitches_now.toml", "--sample")
    assert said.code == 0
    (row,) = [line for line in said.lines if line.startswith("does: ask")]
    low, high, exactly = (float(word) for word in row.split()[5:] if word != "to")
    assert low <= exactly <= high


def test_tables_and_pictures_are_written(trustcurve: Trustcurve) -> None:
    said = trustcurve(
        "simulate",
        "asks_now.toml",
        "--compare",
        "pitches_now.toml",
        "-o",
        "tables",
        "--format",
        "csv",
        "--png",
        "pictures",
    )
    assert said.code == 0
    assert {path.relative_to("tables").as_posix() for path in Path("tables").rglob("*.csv")} >= {
        "differences.csv", "old/exact/occupancy.csv", "new/exact/stages.csv", "old/sampled/seeds.csv", "new/sampled/journeys.csv",
    }  # fmt: skip
    assert {path.name for path in Path("pictures").iterdir()} >= {
        "old_occupancy.png",
        "new_flow.png",
        "side_by_side.png",
    }
    assert "wrote tables/differences.csv" in said.out
    assert "wrote pictures/side_by_side.png" in said.out
    assert pl.read_csv("tables/old/exact/occupancy.csv").columns == ["segment", "turn", "state", "share", "low", "high"]


def test_tables_are_parquet_unless_said_otherwise(trustcurve: Trustcurve) -> None:
    assert trustcurve("simulate", "talks.toml", "--out", "here").code == 0
    assert pl.read_parquet("here/sampled/cohorts.parquet")["customers"].sum() > 0
    assert not Path("here/exact").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.toml"], "No such file or directory: 'nowhere.toml'"),
        (["asks.toml"], "asks.toml: [policy]: unknown table"),
        (["asks_now.toml", "--customers", "0"], "customers must be at least 1 where there are no arrivals"),
        (["asks_now.toml", "--replications", "0"], "replications must be a whole number from 1 to 10000"),
        (["asks_now.toml", "--sample", "--processes", "0"], "processes must be a whole number of at least 1"),
        (["asks_now.toml", "--processes", "-3"], "processes must be a whole number of at least 1"),
        (
            ["asks_now.toml", "--compare", "pitches_now.toml", "--sample", "--replications", "1"],
            "replications must be at least 2",
        ),
        (
            ["asks_now.toml", "--compare", "talks.toml"],
            "scenarios must share the arrivals to be compared, got None and Arrivals(",
        ),
    ],
)
def test_what_cannot_be_simulated_is_reported_in_a_sentence(
    trustcurve: Trustcurve, words: list[str], says: str
) -> None:
    said = trustcurve("simulate", *words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert "Traceback" not in said.err


def test_scenarios_of_other_customers_cannot_be_compared(trustcurve: Trustcurve) -> None:
    Path("longer.toml").write_text(SCENARIO.format(name="asks").replace("turns = 6", "turns = 7"), encoding="utf-8")
    said = trustcurve("simulate", "asks_now.toml", "--compare", "longer.toml")
    assert said.code == 2
    assert "scenarios must share the number of turns to be compared, got 6 and 7" in said.err


def test_what_is_no_pair_is_reported_before_the_work(trustcurve: Trustcurve, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = stop_after(monkeypatch)
    Path("longer.toml").write_text(SCENARIO.format(name="asks").replace("turns = 6", "turns = 7"), encoding="utf-8")
    for words in (["longer.toml"], ["pitches_now.toml", "--replications", "1"]):
        said = trustcurve("simulate", "asks_now.toml", "--sample", "--compare", *words)
        assert (said.code, begun) == (2, [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("missing", "option", "extra"), [("scipy", [], "simulation"), ("matplotlib", ["--png", "x"], "plot")]
)
def test_a_missing_extra_is_reported_in_a_sentence(missing: str, option: list[str], extra: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from trustcurve.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "simulate", "asks_now.toml", *option], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert (
        done.stderr
        == f"trustcurve: module '{missing}' is not installed: it is part of the extra '{extra}'; in a checkout of trustcurve, run pip install '.[{extra}]'\n"
    )


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done() -> None:
    words = (
        "simulate",
        "pitches_now.toml",
        "--sample",
        "--customers",
        "3000000",
        "--replications",
        "300",
        "--processes",
        "1",
    )
    code, seen = on_terminal(*words, interrupt_at=b"1 of 300")
    assert code == 130
    assert "of 300 (interrupted) replications" in seen
    assert "Where customers stand after 6 turns" in seen


def stop_after(monkeypatch: pytest.MonkeyPatch, *done: int) -> list[str]:
    """Let Ctrl-C come in each run of a scenario after so many replications, and return the scenarios that were begun."""
    begun: list[str] = []

    def stopped(scenario: Scenario, **_: object) -> Run:
        begun.append(scenario.name)
        many = done[len(begun) - 1]
        if not many:
            raise KeyboardInterrupt
        run = simulate(scenario, processes=1)
        return evolve(run, replications=run._replications[:many])

    monkeypatch.setattr("trustcurve.cli.simulation_report.simulate", stopped)
    return begun


@pytest.mark.parametrize(
    ("done", "begun", "compared"),
    [
        ((1,), ["asks"], False),
        ((2,), ["asks"], False),
        ((0,), ["asks"], False),
        ((3, 0), ["asks", "pitches"], False),
        ((3, 1), ["asks", "pitches"], False),
        ((3, 2), ["asks", "pitches"], True),
    ],
)
def test_ctrl_c_begins_nothing_more_and_tells_what_is_done(
    done: tuple[int, ...], begun: list[str], *, compared: bool, trustcurve: Trustcurve, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = stop_after(monkeypatch, *done)
    said = trustcurve("simulate", "asks_now.toml", "--compare", "pitches_now.toml", "--sample", "-o", "tables")
    assert (said.code, said.err, seen) == (130, "", begun)
    assert "asks: 400 customers, 6 turns" in said.out
    assert ("pitches: 400 customers, 6 turns" in said.out) == (len(begun) > 1)
    assert ("No comparison: it needs" in said.out) != compared
    assert ("Differences per customer" in said.out) == compared
    assert Path("tables/old/exact/occupancy.parquet").exists()
    assert Path("tables/differences.parquet").exists() == compared


def test_ctrl_c_before_the_second_sample_keeps_the_first(
    trustcurve: Trustcurve, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(monkeypatch, 3, 0)
    said = trustcurve("simulate", "talks.toml", "--compare", "talks.toml", "--png", "pictures")
    assert (said.code, said.err) == (130, "")
    assert "3 replications, seed 1" in said.out
    assert "No comparison: it needs" in said.out


def test_one_sample_of_customers_who_influence_each_other_is_reported_to_be_too_few(trustcurve: Trustcurve) -> None:
    assert "intervals are too narrow" in trustcurve("simulate", "talks.toml", "--replications", "1").out
    assert "intervals are too narrow" not in trustcurve("simulate", "talks.toml").out


def test_help_loses_no_word(trustcurve: Trustcurve) -> None:
    said = trustcurve("simulate", "--help")
    assert "Where they do (word_of_mouth in the file), or with --sample" in " ".join(said.out.split())
