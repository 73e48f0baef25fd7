"""What ``trustcurve simulate`` does once its extra is there: solve or sample scenarios, print the results and write them."""

from __future__ import annotations

from math import isinf
from pathlib import Path
from typing import Any

import polars as pl
from attrs import evolve, frozen

from trustcurve.cli.screen import Row, Screen, TableColumn, Work, working
from trustcurve.records import FileFormat
from trustcurve.simulation import (
    Run,
    Scenario,
    Solution,
    compare_runs,
    exact_differences,
    load_scenario,
    simulate,
    solve,
    write_tables,
)
from trustcurve.simulation.chain_structure import LOST_NAME
from trustcurve.simulation.comparison import REPLICATIONS_MIN, check_pair
from trustcurve.simulation.result_tables import per_customer
from trustcurve.simulation.segment import BROUGHT
from trustcurve.verification.arguments import check_whole

__all__ = ["Request", "report"]

_CAUSES_SHOWN = 6
_INTERVAL = "95 % interval"
_SIDES = ("old", "new")


@frozen
class Request:
    """One scenario or two, numbers that replace those of the files, and what to do with the results."""

    paths: tuple[Path, ...]
    numbers: dict[str, Any]
    sample: bool
    out_dir: Path | None
    file_format: FileFormat
    png: Path | None
    processes: int | None


@frozen
class _Result:
    """The results of a scenario: exact, sampled, or both; and whether sampling was interrupted."""

    scenario: Scenario
    exact: Solution | None
    run: Run | None
    stopped: bool = False


def report(screen: Screen, request: Request) -> bool:
    """Load, solve or sample, print and write; return False if it was interrupted."""
    if request.processes is not None:
        check_whole("processes", request.processes, 1)
    with working() as work:
        work.at("reading the scenario")
        scenarios = _scenarios(request)
        for folder in (request.out_dir, request.png):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)  # if this fails, it fails before the work
        sampled = request.sample or request.png is not None or any(each.coupled_by for each in scenarios)
        if len(scenarios) > 1:
            check_pair(*scenarios, sampled=sampled)  # before the work, not after
        results = _results(work, request, scenarios, sampled=sampled)
        stopped = len(results) < len(scenarios) or any(each.stopped for each in results)
        comparable = len(scenarios) > 1 and not (stopped and _too_few(scenarios, results))
        differences = _differences(results) if comparable else None
        work.at("writing files")
        written = [*_tables(request, results, differences), *_figures(request, results)]
    for each in results:
        _print_result(screen, each.scenario, each.exact, each.run)
    if differences is not None:
        _print_differences(screen, scenarios[0].name, scenarios[1].name, differences)
    elif len(scenarios) > 1:
        screen.line("No comparison: it needs at least 2 replications of both scenarios, and sampling was interrupted.")
    for path in written:
        screen.line(f"wrote {path}")
    return not stopped


def _scenarios(request: Request) -> list[Scenario]:
    """Load the scenarios; the second one gets the seed and the replications of the first."""
    first = evolve(load_scenario(request.paths[0]), **request.numbers)
    numbers: dict[str, Any] = {**request.numbers, "seed": first.seed, "replications": first.replications}
    return [first, *(evolve(load_scenario(path), **numbers) for path in request.paths[1:])]


def _results(work: Work, request: Request, scenarios: list[Scenario], *, sampled: bool) -> list[_Result]:
    """Compute one scenario after the other; after Ctrl-C nothing more is started, and what is done is kept."""
    results: list[_Result] = []
    for scenario in scenarios:
        try:
            results.append(_result(work, request, scenario, sampled=sampled))
        except KeyboardInterrupt:
            if not results:
                raise
            break
        if results[-1].stopped:
            break
    return results


def _result(work: Work, request: Request, scenario: Scenario, *, sampled: bool) -> _Result:
    exact = None
    if scenario.coupled_by is None:
        work.at(f"solving {scenario.name}")
        exact = solve(scenario)
    if not sampled:
        return _Result(scenario, exact, None)
    work.at(f"sampling {scenario.name}")
    try:
        run = simulate(scenario, processes=request.processes, progress=work.simulated)
    except KeyboardInterrupt:
        if exact is None:
            raise
        return _Result(scenario, exact, None, stopped=True)
    return _Result(scenario, exact, run, run.stopped)


def _too_few(scenarios: list[Scenario], results: list[_Result]) -> bool:
    """Return whether fewer replications are done in both scenarios than a comparison needs."""
    done = [set(result.run.completed) for result in results if result.run is not None]
    return len(done) < len(scenarios) or len(set.intersection(*done)) < REPLICATIONS_MIN


def _differences(results: list[_Result]) -> pl.DataFrame:
    old, new = results
    if old.run is None or new.run is None:
        return exact_differences(old.scenario, new.scenario)
    return compare_runs(old.run, new.run).differences()


def _tables(request: Request, results: list[_Result], differences: pl.DataFrame | None) -> list[Path]:
    """Write all tables; those of two scenarios to a folder for each."""
    if request.out_dir is None:
        return []
    written: list[Path] = []
    sides = _SIDES if len(request.paths) > 1 else ("",)
    for side, each in zip(sides, results, strict=False):  # one may have been interrupted
        for kind, found in (("exact", each.exact), ("sampled", each.run)):
            if found is not None:
                written += write_tables(found.tables(), request.out_dir / side / kind, request.file_format)
    if differences is not None:
        written += write_tables({"differences": differences}, request.out_dir, request.file_format)
    return written


def _figures(request: Request, results: list[_Result]) -> list[Path]:
    """Draw all figures: of each scenario, and of two side by side."""
    if request.png is None:
        return []
    from trustcurve.report import draw_all  # noqa: PLC0415 - the extra may be missing

    return draw_all(request.png, [(each.scenario.name, each.exact, each.run) for each in results])


def _print_result(screen: Screen, scenario: Scenario, exact: Solution | None, run: Run | None) -> None:
    """Print what became of the customers of a scenario."""
    result = exact or run
    if result is None:
        return
    rows = _Rows(scenario, result, exact, run)
    _print_head(screen, scenario, run)
    screen.line()
    screen.table(f"Where customers stand after {scenario.turns} turns", *rows.states())
    screen.line()
    columns, been = rows.stages()
    if been:
        screen.table(f"Where customers have been within {scenario.turns} turns of their arrival", columns, been)
    for segment in rows.unobserved:
        screen.line(f"{segment}: nobody was there for all {scenario.turns} turns")
    screen.line()
    columns, causes = rows.causes()
    if causes:
        screen.table("Why they fell, per 100 customers", columns, causes[:_CAUSES_SHOWN])
        if len(causes) > _CAUSES_SHOWN:
            screen.line(f"and {len(causes) - _CAUSES_SHOWN} more causes; --out writes all of them")
    else:
        screen.line("No customer fell.")
    screen.line()
    screen.table("What the company does, per customer", *rows.actions())
    screen.line()
    screen.table("What becomes of the relation", *rows.relations())
    screen.line()


def _print_differences(screen: Screen, old: str, new: str, differences: pl.DataFrame) -> None:
    """Print how two scenarios differ in each measure; measures that are zero in both are left out."""
    sampled, many = "low" in differences.columns, differences["segment"].n_unique() > 1
    exactly = sampled and differences["exact"].count() > 0
    headings = ("old", "new", "difference", *((_INTERVAL,) if sampled else ()), *(("exact",) if exactly else ()))
    columns = [
        *([TableColumn("segment", "name")] if many else []),
        TableColumn("measure", "name"),
        *_numbers(*headings),
    ]
    rows = []
    for row in differences.filter((pl.col("old") != 0) | (pl.col("new") != 0)).iter_rows(named=True):
        cells = [_rounded(row["old"], ".4f"), _rounded(row["new"], ".4f"), _rounded(row["difference"], "+.4f")]
        cells += [f"{_rounded(row['low'], '+.4f')} to {_rounded(row['high'], '+.4f')}"] if sampled else []
        cells += [_rounded(row["exact"], "+.4f")] if exactly else []
        rows.append((*([row["segment"]] if many else []), row["measure"], *cells))
    screen.table(f"Differences per customer (old: {old}, new: {new})", columns, rows)
    screen.line()


def _numbers(*headings: str) -> list[TableColumn]:
    return [TableColumn(heading, "number") for heading in headings]


def _print_head(screen: Screen, scenario: Scenario, run: Run | None) -> None:
    arriving = sum(scenario.arrivals_per_turn)
    size = f"{scenario.customers:,} customers" + (f" and up to {arriving:,} newcomers" if arriving else "")
    size += ", and whom advocates bring" if scenario.brings else ""
    screen.line((scenario.name, "bold"), f": {size}, {scenario.turns} turns")
    if scenario.description:
        screen.line(scenario.description)
    if scenario.coupled_by is not None:
        screen.line(f"no exact solution with {scenario.coupled_by}: customers influence each other")
    if run is not None:
        done = len(run.completed)
        times = f"{done} of {scenario.replications} (interrupted)" if run.stopped else str(done)
        screen.line(f"{times} replication{'' if times == '1' else 's'}, seed {run.seed}")
        if scenario.coupled_by is not None and done == 1:
            screen.line(f"intervals are too narrow: with {scenario.coupled_by} run at least 2 replications")


@frozen
class _Rows:
    """The results of a scenario as rows: exact, sampled, or both side by side."""

    scenario: Scenario
    result: Solution | Run
    exact: Solution | None
    run: Run | None

    def states(self) -> tuple[list[TableColumn], list[Row]]:
        """Return where customers stand at the end."""
        exact = None if self.exact is None else self.exact.occupancy().filter(turn=self.scenario.turns)
        run = None if self.run is None else self.run.occupancy().filter(turn=self.scenario.turns)
        limit = None if self.exact is None else self.exact.stationary()
        return self._rows("state", {"exact": (exact, "share"), "in the long run": (limit, "share")}, run)

    def stages(self) -> tuple[list[TableColumn], list[Row]]:
        """Return which stages they have been at, and how long that took."""
        exact = None if self.exact is None else self.exact.hitting_times()
        run = None if self.run is None else self.run.stages().filter(age=self.scenario.turns)
        columns = {
            "exact": "within_horizon",
            "after turns": "mean_time_within_horizon",
            "eventually": "eventually",
            "after turns on average": "mean_time",
        }
        return self._rows("stage", {heading: (exact, column) for heading, column in columns.items()}, run)

    @property
    def unobserved(self) -> list[str]:
        """The segments in which nobody was there to the end."""
        last = self.result.reached().filter(age=self.scenario.turns).group_by("segment").agg(pl.col("observed").max())
        seen = dict(last.iter_rows())
        return [segment for segment in self.result.segments if not seen[segment]]

    def causes(self) -> tuple[list[TableColumn], list[Row]]:
        """Return which rules made them fall."""
        because = {rule.name: rule.because for rule in self.scenario.curve.rules}
        falls = self.result.transitions().filter(pl.col("change") < 0)
        columns = [*self._segment_column(), *_numbers("falls"), TableColumn("rule", "name"), TableColumn("because")]
        rows = [
            (*self._segment(row), f"{row['each'] * 100:.1f}", row["rule"], because[row["rule"]])
            for row in self._per_customer(falls, ["rule"]).sort("each", descending=True).iter_rows(named=True)
        ]
        return columns, rows

    def actions(self) -> tuple[list[TableColumn], list[Row]]:
        """Return how often the company takes each action."""
        taken = self.result.actions().filter(pl.col("count") > 0)
        rows = [
            (*self._segment(row), row["action"], f"{row['each']:.2f}")
            for row in self._per_customer(taken, ["action"]).iter_rows(named=True)
        ]
        return [*self._segment_column(), TableColumn("action", "name"), *_numbers("times")], rows

    def relations(self) -> tuple[list[TableColumn], list[Row]]:
        """Return who is kept, what is given and asked, and, where anything costs or brings something, what is spent and gained."""
        sides = [
            (heading, side) for heading, side in (("exact", self.exact), ("sampled", self.run)) if side is not None
        ]
        found = [_relation_cells(side) for _, side in sides]
        rows: list[Row] = [
            (*self._segment({"segment": segment}), line, *(each[segment][line] for each in found))
            for segment in self.result.segments
            for line in found[0][segment]
        ]
        return [*self._segment_column(), TableColumn("", "name"), *_numbers(*(heading for heading, _ in sides))], rows

    def _per_customer(self, counts: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        return per_customer(counts, self.result.cohorts(), keys)

    def _rows(
        self, key: str, exact: dict[str, tuple[pl.DataFrame | None, str]], run: pl.DataFrame | None
    ) -> tuple[list[TableColumn], list[Row]]:
        """Lay columns of exact numbers and a sampled share side by side."""
        known = {
            heading: ({(row["segment"], row[key]): row[column] for row in frame.iter_rows(named=True)}, column)
            for heading, (frame, column) in exact.items()
            if frame is not None
        }
        columns = [
            *self._segment_column(),
            TableColumn(key, "name"),
            *_numbers(*known, *(("sampled", _INTERVAL) if run is not None else ())),
        ]
        sampled = {} if run is None else {(row["segment"], row[key]): row for row in run.iter_rows(named=True)}
        curve = self.scenario.curve
        words = curve.states if key == "state" else (*(stage.name for stage in curve.stages), LOST_NAME)
        rows: list[Row] = []
        unseen = self.unobserved if key == "stage" else []
        for segment in (each for each in self.result.segments if each not in unseen):
            for word in words:
                cells = [_cell(column, values.get((segment, word))) for values, column in known.values()]
                if run is not None:
                    cells += _interval(sampled.get((segment, word)))
                rows.append((*self._segment({"segment": segment}), word, *cells))
        return columns, rows

    def _segment_column(self) -> list[TableColumn]:
        return [TableColumn("segment", "name")] if len(self.result.segments) > 1 else []

    def _segment(self, row: dict[str, object]) -> tuple[str, ...]:
        return (str(row["segment"]),) if len(self.result.segments) > 1 else ()


def _relation_cells(result: Solution | Run) -> dict[str, dict[str, str]]:
    """Return for each segment what becomes of the relation, line by line; amounts only where there are any."""
    sizes = result.cohorts().group_by("segment").agg(pl.col("customers").sum())
    last = pl.col("turn") == pl.col("turn").max()
    ends = result.relations().filter(last).group_by("segment").agg(pl.col("crossed", "across", "engaged").sum())
    given = result.relations().group_by("segment").agg(pl.col("given", "asked").sum())
    amounts = result.balance().group_by("segment").agg(pl.col("spent", "gained").sum())
    counted = {segment.name for segment in result.scenario.segments if segment.policy.costs or segment.gains}
    counted |= {name + BROUGHT for name in counted}
    found = {}
    for row in (
        sizes.join(ends, on="segment").join(given, on="segment").join(amounts, on="segment").iter_rows(named=True)
    ):
        many, crossed = row["customers"], row["crossed"]
        lines = {
            "were ever across the barrier": _percent(crossed / many if many else None),
            "of those, are still across": _percent(row["across"] / crossed if crossed else None),
            "of those, are engaged": _percent(row["engaged"] / crossed if crossed else None),
            "given, per customer": _number(row["given"], many),
            "asked, per customer": _number(row["asked"], many),
            "given for each ask": _number(row["given"], row["asked"])
            if row["asked"]
            else "nothing asked"
            if many
            else "?",
        }
        if row["segment"] in counted:
            lines |= {
                "spent, per customer": _number(row["spent"], many),
                "gained, per customer": _number(row["gained"], many),
                "gained less spent": _number(row["gained"] - row["spent"], many),
            }
        found[str(row["segment"])] = lines
    return found


def _rounded(value: float | None, how: str) -> str:
    return "?" if value is None else format(value, how)


def _number(total: float, of: float) -> str:
    return f"{total / of:,.2f}" if of else "?"


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{share:.2%}"


def _interval(row: dict[str, float] | None) -> list[str]:
    """Return the cells of a sampled share and its interval; "?" where nobody was observed."""
    if row is None:
        return ["?", ""]
    return [_percent(row["share"]), f"{_percent(row['low'])} to {_percent(row['high'])}"]


def _cell(column: str, value: float | None) -> str:
    if column in ("mean_time", "mean_time_within_horizon"):
        if value is None:
            return "?" if column == "mean_time" else ""
        return "not certain" if isinf(value) else f"{value:,.1f}"
    return _percent(value)
