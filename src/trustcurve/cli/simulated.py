"""What ``trustcurve simulate`` does once its extra is there: load, answer, print, write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
from attrs import evolve, frozen

from trustcurve.cli.outcomes import print_answer, print_differences
from trustcurve.cli.screen import Screen
from trustcurve.cli.working import Work, working
from trustcurve.simulation import (
    Expected,
    Run,
    Scenario,
    compare_runs,
    exact_differences,
    expect_scenario,
    load_scenario,
    simulate_scenario,
    write_frames,
)
from trustcurve.simulation.comparison import LEAST, check_pair
from trustcurve.simulation.result_tables import Form
from trustcurve.verification.arguments import check_whole

__all__ = ["Answer", "Asked", "answer"]

_SIDES = ("old", "new")


@frozen
class Asked:
    """What is asked: one scenario or two, numbers that replace those of the files, and what to do with the answer."""

    paths: tuple[Path, ...]
    numbers: dict[str, Any]
    sample: bool
    out_dir: Path | None
    form: Form
    png: Path | None
    processes: int | None


@frozen
class Answer:
    """What one scenario answers with: exactly, by a sample, or both; and whether the sample was stopped."""

    scenario: Scenario
    exact: Expected | None
    run: Run | None
    stopped: bool = False


def answer(screen: Screen, asked: Asked) -> bool:
    """Answer; False where it was stopped before its end."""
    if asked.processes is not None:
        check_whole("processes", asked.processes, 1)
    with working() as work:
        work.at("reading the scenario")
        scenarios = _scenarios(asked)
        for folder in (asked.out_dir, asked.png):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)  # what cannot be written to says so before the work
        chance = asked.sample or asked.png is not None or any(each.coupled_by for each in scenarios)
        if len(scenarios) > 1:
            check_pair(*scenarios, sampled=chance)  # before the work, not after
        answers = _answers(work, asked, scenarios, sample=chance)
        stopped = len(answers) < len(scenarios) or any(each.stopped for each in answers)
        comparable = len(scenarios) > 1 and not (stopped and _too_few(scenarios, answers))
        differences = _differences(answers) if comparable else None
        work.at("writing files")
        written = [*_tables(asked, answers, differences), *_pictures(asked, answers)]
    for each in answers:
        print_answer(screen, each.scenario, each.exact, each.run)
    if differences is not None:
        print_differences(screen, scenarios[0].name, scenarios[1].name, differences)
    elif len(scenarios) > 1:
        screen.line(
            "The difference is left out: it takes two samples or more of both scenarios, and it was stopped before."
        )
    for path in written:
        screen.line(f"wrote {path}")
    return not stopped


def _scenarios(asked: Asked) -> list[Scenario]:
    """Load the scenarios; the second one meets the same chance as the first."""
    first = evolve(load_scenario(asked.paths[0]), **asked.numbers)
    numbers: dict[str, Any] = {**asked.numbers, "seed": first.seed, "replications": first.replications}
    return [first, *(evolve(load_scenario(path), **numbers) for path in asked.paths[1:])]


def _answers(work: Work, asked: Asked, scenarios: list[Scenario], *, sample: bool) -> list[Answer]:
    """Answer to one scenario after the other; after Ctrl-C nothing more is begun, and what is done is kept."""
    answers: list[Answer] = []
    for scenario in scenarios:
        try:
            answers.append(_answered(work, asked, scenario, sample=sample))
        except KeyboardInterrupt:
            if not answers:
                raise
            break
        if answers[-1].stopped:
            break
    return answers


def _answered(work: Work, asked: Asked, scenario: Scenario, *, sample: bool) -> Answer:
    exact = None
    if scenario.coupled_by is None:
        work.at(f"computing {scenario.name}")
        exact = expect_scenario(scenario)
    if not sample:
        return Answer(scenario, exact, None)
    work.at(f"sampling {scenario.name}")
    try:
        run = simulate_scenario(scenario, processes=asked.processes, progress=work.simulated)
    except KeyboardInterrupt:
        if exact is None:
            raise
        return Answer(scenario, exact, None, stopped=True)
    return Answer(scenario, exact, run, run.stopped)


def _too_few(scenarios: list[Scenario], answers: list[Answer]) -> bool:
    """Tell whether fewer samples are done in both than it takes to say how sure a difference is."""
    done = [{each.number for each in answer.run.replications} for answer in answers if answer.run is not None]
    return len(done) < len(scenarios) or len(set.intersection(*done)) < LEAST


def _differences(answers: list[Answer]) -> pl.DataFrame:
    """Tell how two scenarios differ."""
    old, new = answers
    if old.run is None or new.run is None:
        return exact_differences(old.scenario, new.scenario)
    return compare_runs(old.run, new.run).differences


def _tables(asked: Asked, answers: list[Answer], differences: pl.DataFrame | None) -> list[Path]:
    """Write all tables: in folders of their own where there are two scenarios."""
    if asked.out_dir is None:
        return []
    written: list[Path] = []
    for side, each in zip(
        _SIDES if len(asked.paths) > 1 else ("",), answers, strict=False
    ):  # one may have been stopped
        for kind, found in (("exact", each.exact), ("sampled", each.run)):
            if found is not None:
                written += write_frames(found.frames, asked.out_dir / side / kind, asked.form)
    if differences is not None:
        written += write_frames({"differences": differences}, asked.out_dir, asked.form)
    return written


def _pictures(asked: Asked, answers: list[Answer]) -> list[Path]:
    """Draw all pictures: of each scenario, and of two side by side."""
    if asked.png is None:
        return []
    from trustcurve.report import draw_all  # noqa: PLC0415 - the extra may be missing

    return draw_all(asked.png, [(each.scenario.name, each.exact, each.run) for each in answers])
