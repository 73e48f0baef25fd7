"""Generate the results on the pages of the example scenarios.

A result stands between ``<!-- simulated: scenario.toml, other.toml -->`` and ``<!-- end of simulation -->``: a table
with a column for each scenario, or for each of its segments. Between ``<!-- over time: TURNS; scenario.toml, other.toml -->`` and
``<!-- end of time -->`` stands how that came about, turn by turn; between ``<!-- where -->`` and ``<!-- end of where -->`` stands what
changes because customers who distrust have chances of their own. ``python tools/scenario_pages.py`` writes all results; with ``--check`` it only reports which pages are out of date. If customers influence each other, the numbers are
sampled with the seed of the file.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import polars as pl
from attrs import evolve

from trustcurve.policies import Environment
from trustcurve.simulation import Run, Scenario, Segment, Solution, load_scenario, simulate, solve
from trustcurve.simulation.segment import BROUGHT

__all__ = ["FOLDER", "course", "measured", "renewed"]

FOLDER = Path(__file__).parent.parent / "examples" / "scenarios"
REGION = re.compile(
    r"(?P<opening><!-- simulated: (?P<what>[^\n]+) -->\n).*?(?P<closing><!-- end of simulation -->)", re.DOTALL
)
TIME = re.compile(
    r"(?P<opening><!-- over time: (?P<turns>[\d ,]+); (?P<what>[^\n]+) -->\n).*?(?P<closing><!-- end of time -->)",
    re.DOTALL,
)
WHERE = re.compile(r"(?P<opening><!-- where -->\n).*?(?P<closing><!-- end of where -->)", re.DOTALL)
SHARES = {
    "recommends, at the end": ("at the end: advocate",),
    "is customer-centric": ("at the end: customer_centric",),
    "hopes": ("at the end: hopeful",),
    "distrusts": tuple(f"at the end: distrust.{posture}" for posture in ("suspicious", "competitive", "adversarial")),
    "has left": ("at the end: departed",),
    "was a customer, and was lost on the way": ("reached: lost",),
    "of those who ever crossed, still is across": ("kept: across",),
    "of those who ever crossed, is engaged": ("kept: engaged",),
}
NUMBERS = {
    "falls": ("falls",),
    "is asked": ("does: ask",),
    "gets something useful": ("does: exchange",),
    "is given to, promises kept and amends included": ("given",),
}
AMOUNTS = {"costs": "spent", "brings": "gained", "leaves": "balance"}
CHANGED = {
    "distrusts": SHARES["distrusts"],
    "is adversarial": ("at the end: distrust.adversarial",),
    "lost": ("reached: lost",),
}


@cache
def measured(path: Path) -> dict[str, dict[str, float | None]]:
    """Measure what becomes of the customers of each segment: exactly where possible."""
    return measures_of(load_scenario(path))


def measures_of(scenario: Scenario) -> dict[str, dict[str, float | None]]:
    """Measure what becomes of the customers of each segment; None where there is nobody to measure."""
    if scenario.coupled_by is None:
        measures = solve(scenario).measures()
    else:
        sampled = simulate(scenario, processes=1).measures()
        measures = sampled.group_by("segment", "measure", maintain_order=True).agg(pl.col("result").mean())
    found: dict[str, dict[str, float | None]] = {}
    for segment, measure, result in measures.iter_rows():
        found.setdefault(segment, {})[measure] = result
    return found


def table(paths: list[Path]) -> Iterator[str]:
    """Write the table of several scenarios."""
    columns = {
        _heading(load_scenario(path), segment): measures
        for path in paths
        for segment, measures in measured(path).items()
    }
    yield _row("a customer", *columns)
    yield _row(*["---"] * (len(columns) + 1))
    for label, parts in SHARES.items():
        yield _row(label, *(_sum(measures, parts, ".1%") for measures in columns.values()))
    for label, parts in NUMBERS.items():
        yield _row(label, *(f"{_sum(measures, parts, '.2f')} times" for measures in columns.values()))
    if any(measures["spent"] or measures["gained"] for measures in columns.values()):
        for label, part in AMOUNTS.items():
            yield _row(label, *(_sum(measures, (part,), ".2f") for measures in columns.values()))


@cache
def _solved(path: Path) -> Solution | Run:
    scenario = load_scenario(path)
    return solve(scenario) if scenario.coupled_by is None else simulate(scenario, processes=1)


@cache
def course(path: Path) -> dict[int, dict[str, float]]:
    """Return turn by turn how many of all who came are across, engaged and against the company, and what it has earned.

    In a sample each number is the mean of its replications.
    """
    result = _solved(path)
    runs = len(result.completed) if isinstance(result, Run) else 1
    relations = result.relations().group_by("turn").agg(pl.col("across", "engaged").sum() / runs)
    fights = result.counts().filter(pl.col("state").is_in(["distrust.competitive", "distrust.adversarial"]))
    fights = fights.group_by("turn").agg(against=pl.col("customers").sum() / runs)
    earned = (
        result.balance().group_by("turn").agg(earned=(pl.col("gained") - pl.col("spent")).sum() / runs).sort("turn")
    )
    so_far = earned.with_columns(so_far=pl.col("earned").cum_sum())
    every = relations.join(fights, on="turn").join(so_far, on="turn", how="left").fill_null(0).sort("turn")
    return {row.pop("turn"): row for row in every.iter_rows(named=True)}


def time_table(turns: Sequence[int], paths: Sequence[Path]) -> Iterator[str]:
    """Write how scenarios went: customers, and amounts where there are any."""
    courses = [course(path) for path in paths]
    columns = ["across", "engaged", "against"]
    columns += ["earned", "so_far"] if any(each["earned"] for its in courses for each in its.values()) else []
    yield _row(
        f"turn ({' / '.join(load_scenario(path).name for path in paths)})", *(_COURSE[column] for column in columns)
    )
    yield _row(*["---"] * (len(columns) + 1))
    for turn in turns:
        yield _row(str(turn), *(" / ".join(f"{its[turn][column]:,.0f}" for its in courses) for column in columns))


_COURSE = {
    "across": "are across",
    "engaged": "are engaged",
    "against": "compete or fight",
    "earned": "earned in it",
    "so_far": "earned so far",
}


def where_table() -> Iterator[str]:
    """Write what changes because customers who distrust act one-sidedly more often, for each segment of each scenario."""
    yield _row("scenario", *(f"{label}: alike, and by state" for label in CHANGED))
    yield _row(*["---"] * (len(CHANGED) + 1))
    for path in sorted(FOLDER.glob("*/*.toml")):
        scenario = load_scenario(path)
        alike = measures_of(evolve(scenario, segments=tuple(map(_alike, scenario.segments))))
        for segment in scenario.segments:
            here, there = measured(path.resolve())[segment.name], alike[segment.name]
            cells = (f"{_sum(there, parts, '.1%')}, {_sum(here, parts, '.1%')}" for parts in CHANGED.values())
            yield _row(_heading(scenario, segment.name), *cells)


def _alike(segment: Segment) -> Segment:
    """Return a segment in which customers who distrust have no chances of their own."""

    def alike(environment: Environment) -> Environment:
        where = {state: dict(moves) for state, moves in environment.where if not state.startswith("distrust")}
        return evolve(environment, where=where)

    changes = tuple(evolve(each, environment=alike(each.environment)) for each in segment.changes)
    return evolve(segment, environment=alike(segment.environment), changes=changes)


def _sum(measures: Mapping[str, float | None], parts: Sequence[str], how: str) -> str:
    numbers = [measures[part] for part in parts]
    return "?" if None in numbers else format(sum(each or 0 for each in numbers), how)


def _heading(scenario: Scenario, segment: str) -> str:
    if len(scenario.segments) == 1:
        return scenario.name + BROUGHT * segment.endswith(BROUGHT)
    return f"{scenario.name}: {segment}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def renewed(page: Path) -> str:
    """Return the page with all results regenerated."""

    def write(found: re.Match[str]) -> str:
        paths = [(page.parent / name.strip()).resolve() for name in found["what"].split(",")]
        return "\n".join((found["opening"], *table(paths), "", found["closing"]))

    def write_course(found: re.Match[str]) -> str:
        paths = [(page.parent / name.strip()).resolve() for name in found["what"].split(",")]
        turns = [int(turn) for turn in found["turns"].split(",")]
        return "\n".join((found["opening"], *time_table(turns, paths), "", found["closing"]))

    text = TIME.sub(write_course, REGION.sub(write, page.read_text(encoding="utf-8")))
    if not WHERE.search(text):
        return text
    changed = "\n".join(where_table())
    return WHERE.sub(lambda found: f"{found['opening']}\n{changed}\n\n{found['closing']}", text)


def main() -> int:
    """Write the pages, or check that they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; return 1 where a page is out of date")
    only_check = parser.parse_args().check
    stale = {
        page: new for page in sorted(FOLDER.rglob("*.md")) if (new := renewed(page)) != page.read_text(encoding="utf-8")
    }
    for page, new in stale.items():
        print(
            f"{page.relative_to(FOLDER)}: {'out of date: run python tools/scenario_pages.py' if only_check else 'written'}"
        )
        if not only_check:
            page.write_text(new, encoding="utf-8")
    return 1 if only_check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
