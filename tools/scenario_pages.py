"""Generate the results on the pages of the example scenarios.

A result stands between ``<!-- simulated: scenario.toml, other.toml -->`` and ``<!-- end of simulation -->``: a table
with a column for each scenario, or for each of its segments. ``python tools/scenario_pages.py`` writes all
results; with ``--check`` it only reports which pages are out of date. If customers influence each other, the numbers are
sampled with the seed of the file.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polars as pl

from trustcurve.simulation import Scenario, load_scenario, simulate, solve

__all__ = ["FOLDER", "measured", "renewed"]

FOLDER = Path(__file__).parent.parent / "examples" / "scenarios"
REGION = re.compile(
    r"(?P<opening><!-- simulated: (?P<what>[^\n]+) -->\n).*?(?P<closing><!-- end of simulation -->)", re.DOTALL
)
SHARES = {
    "recommends, at the end": ("at the end: advocate",),
    "is customer-centric": ("at the end: customer_centric",),
    "hopes": ("at the end: hopeful",),
    "distrusts": tuple(f"at the end: distrust.{posture}" for posture in ("suspicious", "competitive", "adversarial")),
    "has left": ("at the end: departed",),
    "was a customer, and was lost on the way": ("reached: lost",),
}
NUMBERS = {"falls": ("falls",), "is asked": ("does: ask",), "gets something useful": ("does: exchange",)}


@cache
def measured(path: Path) -> dict[str, dict[str, float]]:
    """Measure what becomes of the customers of each segment: exactly where possible."""
    scenario = load_scenario(path)
    if scenario.coupled_by is None:
        measures = solve(scenario).measures()
    else:
        sampled = simulate(scenario, processes=1).measures()
        measures = sampled.group_by("segment", "measure", maintain_order=True).agg(pl.col("result").mean())
    found: dict[str, dict[str, float]] = {}
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
        yield _row(label, *(f"{sum(measures[part] for part in parts):.1%}" for measures in columns.values()))
    for label, parts in NUMBERS.items():
        yield _row(label, *(f"{sum(measures[part] for part in parts):.2f} times" for measures in columns.values()))


def _heading(scenario: Scenario, segment: str) -> str:
    return scenario.name if len(scenario.segments) == 1 else f"{scenario.name}: {segment}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def renewed(page: Path) -> str:
    """Return the page with all results regenerated."""

    def write(found: re.Match[str]) -> str:
        paths = [(page.parent / name.strip()).resolve() for name in found["what"].split(",")]
        return "\n".join((found["opening"], *table(paths), "", found["closing"]))

    return REGION.sub(write, page.read_text(encoding="utf-8"))


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
