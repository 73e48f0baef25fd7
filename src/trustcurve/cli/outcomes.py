"""What became of customers, as tables on the screen."""

from __future__ import annotations

from math import isinf

import polars as pl
from attrs import frozen

from trustcurve.cli.screen import Screen
from trustcurve.cli.tables import Column, Row
from trustcurve.simulation import Expected, Run, Scenario
from trustcurve.simulation.result_tables import per_customer

__all__ = ["print_answer", "print_differences"]

_CAUSES_SHOWN = 6
_INTERVAL = "95 % interval"


def print_answer(screen: Screen, scenario: Scenario, exact: Expected | None, run: Run | None) -> None:
    """Print what became of the customers of a scenario."""
    answer = exact or run
    if answer is None:
        return
    told = _Told(scenario, answer, exact, run)
    _print_head(screen, scenario, run)
    screen.line()
    screen.table(f"Where customers stand after {scenario.steps} steps", *told.states())
    screen.line()
    screen.table(f"Where customers have been within {scenario.steps} steps of their own", *told.stages())
    screen.line()
    columns, rows = told.causes()
    if rows:
        screen.table("What made them fall, per 100 customers", columns, rows[:_CAUSES_SHOWN])
        if len(rows) > _CAUSES_SHOWN:
            screen.line(f"and {len(rows) - _CAUSES_SHOWN} more causes; --out writes all of them")
    else:
        screen.line("Nobody fell.")
    screen.line()
    screen.table("What the company does, per customer", *told.actions())
    screen.line()


def print_differences(screen: Screen, old: str, new: str, differences: pl.DataFrame) -> None:
    """Print how two scenarios differ, measure by measure; what is nowhere is left out."""
    sampled, many = "low" in differences.columns, differences["segment"].n_unique() > 1
    exactly = sampled and differences["exact"].null_count() == 0
    headings = ("old", "new", "difference", *((_INTERVAL,) if sampled else ()), *(("exactly",) if exactly else ()))
    columns = [*([Column("segment", "name")] if many else []), Column("measure", "name"), *_numbers(*headings)]
    rows = []
    for row in differences.filter((pl.col("old") != 0) | (pl.col("new") != 0)).iter_rows(named=True):
        interval = [f"{row['low']:+.4f} to {row['high']:+.4f}"] if sampled else []
        interval += [f"{row['exact']:+.4f}"] if exactly else []
        numbers = (f"{row['old']:.4f}", f"{row['new']:.4f}", f"{row['difference']:+.4f}")
        rows.append((*([row["segment"]] if many else []), row["measure"], *numbers, *interval))
    screen.table(f"What differs, per customer: old is {old}, new is {new}", columns, rows)
    screen.line()


def _numbers(*headings: str) -> list[Column]:
    return [Column(heading, "number") for heading in headings]


def _print_head(screen: Screen, scenario: Scenario, run: Run | None) -> None:
    arriving = sum(scenario.planned)
    said = f"{scenario.customers:,} customers" + (f" and up to {arriving:,} newcomers" if arriving else "")
    screen.line((scenario.name, "bold"), f": {said}, {scenario.steps} steps")
    if scenario.says:
        screen.line(scenario.says)
    if scenario.coupled_by is not None:
        screen.line(f"there is no exact answer: customers influence each other by {scenario.coupled_by}")
    if run is not None:
        stopped = f", stopped before {scenario.replications}" if run.stopped else ""
        times = "once" if len(run.replications) == 1 else f"{len(run.replications)} times"
        screen.line(f"sampled {times}{stopped}, seed {run.seed}")
        if scenario.coupled_by is not None and len(run.replications) == 1:
            screen.line(
                "intervals are too short: as customers influence each other, it takes several samples to tell them"
            )


@frozen
class _Told:
    """The answer to a scenario as rows: exact, sampled, or both side by side."""

    scenario: Scenario
    answer: Expected | Run
    exact: Expected | None
    run: Run | None

    def states(self) -> tuple[list[Column], list[Row]]:
        """Tell where customers stand at the end."""
        exact = None if self.exact is None else self.exact.occupancy.filter(step=self.scenario.steps)
        run = None if self.run is None else self.run.occupancy().filter(step=self.scenario.steps)
        lasting = None if self.exact is None else self.exact.long_run
        return self._rows("state", {"exact": (exact, "share"), "in the long run": (lasting, "share")}, run)

    def stages(self) -> tuple[list[Column], list[Row]]:
        """Tell which stages they have been at, and how long that took."""
        exact = None if self.exact is None else self.exact.stages
        run = None if self.run is None else self.run.stages().filter(age=self.scenario.steps)
        times = {"steps": (exact, "mean_within"), "ever": (exact, "ever"), "steps on average": (exact, "mean")}
        return self._rows("stage", {"exact": (exact, "within"), **times}, run)

    def causes(self) -> tuple[list[Column], list[Row]]:
        """Tell what made them fall."""
        because = {rule.name: rule.because for rule in self.scenario.curve.rules}
        frame = self._per_customer("moves", ["rule"], pl.col("change") < 0)
        columns = [*self._segment_column(), *_numbers("falls"), Column("rule", "name"), Column("because")]
        rows = [
            (*self._segment(row), f"{row['each'] * 100:.1f}", row["rule"], because[row["rule"]])
            for row in frame.sort("each", descending=True).iter_rows(named=True)
        ]
        return columns, rows

    def actions(self) -> tuple[list[Column], list[Row]]:
        """Tell what the company does."""
        frame = self._per_customer("actions", ["action"], pl.col("count") > 0)
        rows = [(*self._segment(row), row["action"], f"{row['each']:.2f}") for row in frame.iter_rows(named=True)]
        return [*self._segment_column(), Column("action", "name"), *_numbers("times")], rows

    def _per_customer(self, what: str, keys: list[str], among: pl.Expr) -> pl.DataFrame:
        """Count something per customer that arrived: exactly, where that can be."""
        return per_customer(self.answer.frame(what).filter(among), self.answer.frame("cohorts"), keys)

    def _rows(
        self, key: str, exact: dict[str, tuple[pl.DataFrame | None, str]], run: pl.DataFrame | None
    ) -> tuple[list[Column], list[Row]]:
        """Lay columns of exact numbers and a sampled share side by side."""
        known = {
            heading: ({(row["segment"], row[key]): row[column] for row in frame.iter_rows(named=True)}, column)
            for heading, (frame, column) in exact.items()
            if frame is not None
        }
        columns = [
            *self._segment_column(),
            Column(key, "name"),
            *_numbers(*known, *(("sampled", _INTERVAL) if run is not None else ())),
        ]
        sampled = {} if run is None else {(row["segment"], row[key]): row for row in run.iter_rows(named=True)}
        rows: list[Row] = []
        for names in self.answer.names:
            for word in names.states if key == "state" else names.goals:
                told = [_told(column, values.get((names.segment, word))) for values, column in known.values()]
                if run is not None:
                    told += _interval(sampled.get((names.segment, word)))
                rows.append((*self._segment({"segment": names.segment}), word, *told))
        return columns, rows

    def _segment_column(self) -> list[Column]:
        return [Column("segment", "name")] if len(self.scenario.segments) > 1 else []

    def _segment(self, row: dict[str, object]) -> tuple[str, ...]:
        return (str(row["segment"]),) if len(self.scenario.segments) > 1 else ()


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{share:.2%}"


def _interval(row: dict[str, float] | None) -> list[str]:
    """Tell a sampled share and its interval; nothing where nobody could be seen."""
    if row is None:
        return ["?", ""]
    return [_percent(row["share"]), f"{_percent(row['low'])} to {_percent(row['high'])}"]


def _told(column: str, value: float | None) -> str:
    if column in ("mean", "mean_within"):
        if value is None:
            return "?" if column == "mean" else ""
        return "not certain" if isinf(value) else f"{value:,.1f}"
    return _percent(value)
