"""Compare two scenarios with common random numbers: the same customers meet the same chance in both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from attrs import define, frozen

from trustcurve.errors import InvalidValueError, final_class
from trustcurve.simulation.chain_structure import SimulationError
from trustcurve.simulation.intervals import check_confidence, t_quantile
from trustcurve.simulation.replication import Progress, simulate
from trustcurve.simulation.run import Run
from trustcurve.simulation.scenario import Scenario, check_scenario
from trustcurve.simulation.solution import solve

__all__ = [
    "REPLICATIONS_MIN",
    "Comparison",
    "IncomparableScenariosError",
    "check_pair",
    "compare",
    "compare_runs",
    "exact_differences",
]

REPLICATIONS_MIN: Final = 2
"""The least number of replications: with one, nothing is known about how much a difference varies."""

_KEYS = ("segment", "measure")
_ROUNDING = 1e-9


@define(slots=False, repr=False)
class IncomparableScenariosError(SimulationError):
    """Two scenarios, or runs of them, differ in what they must share to be compared: ``what``, ``old``, ``new``."""

    what: str
    old: object
    new: object

    def __str__(self) -> str:
        return f"scenarios must share {self.what} to be compared, got {self.old} and {self.new}"


@frozen(eq=False, repr=False)
class Comparison:
    """Two runs with common random numbers. Made by ``compare`` or ``compare_runs``.

    Args:
        old: A run.
        new: Another run, of the same customers and with the same seed.
        confidence: The confidence level of the intervals.
    """

    __init_subclass__ = final_class

    old: Run
    new: Run
    confidence: float

    def __repr__(self) -> str:
        return f"<Comparison of {self.old.scenario.name!r} and {self.new.scenario.name!r}>"

    def differences(self) -> pl.DataFrame:
        """Return the difference, new minus old, of each measure (see ``Run.measures``), with a confidence interval.

        The interval from ``low`` to ``high`` is Student's, for the mean of paired replications. Where all replications differ
        by the same amount, it covers whatever affects so few customers that none of them need have been sampled (the rule of
        three). ``exact`` is the exact difference; null where customers influence each other. Replications with nobody to measure
        are left out; a measure that only one scenario has stands at the end, and the other's value is null, but for actions
        that it never takes: these are 0.
        """
        found = _paired(self.old, self.new, self.confidence)
        if self.old.scenario.coupled_by or self.new.scenario.coupled_by:
            return found.with_columns(exact=pl.lit(None, pl.Float64))
        exact = exact_differences(self.old.scenario, self.new.scenario)
        return found.join(exact.select(*_KEYS, exact="difference"), on=_KEYS, how="left", maintain_order="left")


def compare(
    old: Scenario,
    new: Scenario,
    *,
    confidence: float = 0.95,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Simulate two scenarios with common random numbers, and compare them.

    Every customer meets the same random numbers in both: a customer who complains in turn 5 of one complains in turn 5 of the
    other, as far as the same can happen there. So the difference is known much better than either side.

    Args:
        old: A scenario with a seed, and with two replications or more.
        new: Another one with the same turns, customers, segments, seed and replications.
        confidence: The confidence level of the intervals.
        processes: As for ``simulate``.
        progress: As for ``simulate``; called for one scenario, then for the other.

    Raises:
        IncomparableScenariosError: They do not have the same turns, customers, segments, seed or replications.
        InvalidValueError: There is only one replication, or the confidence does not lie between 0 and 1.

    Examples:
        >>> from trustcurve import Curve
        >>> from trustcurve.policies import Environment, policy
        >>> give, ask = (policy(do)(lambda view, do=do: do) for do in ("exchange", "ask"))
        >>> old, new = (
        ...     Scenario.single(Curve.default(), each, Environment({"complaint": 0.2}), turns=4, customers=500)
        ...     for each in (give, ask)
        ... )
        >>> row = compare(old, new).differences().row(by_predicate=pl.col("measure") == "does: ask", named=True)
        >>> row["difference"], row["exact"]
        (4.0, 4.0)
    """
    check_confidence(confidence)
    check_pair(old, new)
    runs = [simulate(each, processes=processes, progress=progress) for each in (old, new)]
    return compare_runs(runs[0], runs[1], confidence=confidence)


def compare_runs(old: Run, new: Run, *, confidence: float = 0.95) -> Comparison:
    """Compare two runs; for arguments and errors see ``compare``.

    Examples:
        >>> from trustcurve import Curve
        >>> from trustcurve.policies import Environment, policy
        >>> give = policy("give")(lambda view: "exchange")
        >>> calm = Scenario.single(Curve.default(), give, Environment({"complaint": 0.2}), turns=4, customers=50)
        >>> run = simulate(calm)
        >>> compare_runs(run, run).differences()["difference"].abs().max()
        0.0
    """
    check_confidence(confidence)
    check_pair(old.scenario, new.scenario)
    if old.seed != new.seed:
        raise IncomparableScenariosError("the seed", old.seed, new.seed)
    return Comparison(old, new, confidence)


def exact_differences(old: Scenario, new: Scenario) -> pl.DataFrame:
    """Return the exact difference of two scenarios, new minus old, for each measure.

    Raises:
        InteractingCustomersError: Customers influence each other in one of them.
        IncomparableScenariosError: They do not have the same turns, customers or segments.

    Examples:
        >>> from trustcurve import Curve
        >>> from trustcurve.policies import Environment, policy
        >>> give, ask = (policy(do)(lambda view, do=do: do) for do in ("exchange", "ask"))
        >>> calm = Environment({"complaint": 0.2})
        >>> old, new = (Scenario.single(Curve.default(), each, calm, turns=4) for each in (give, ask))
        >>> exact_differences(old, new).filter(measure="does: ask")["difference"].item()
        4.0
    """
    check_pair(old, new, sampled=False)
    before, after = (solve(each).measures() for each in (old, new))
    both = _side_by_side(before, after, _KEYS).rename({"result": "old", "result_new": "new"})
    return both.with_columns(difference=pl.col("new") - pl.col("old"))


def _paired(old: Run, new: Run, confidence: float) -> pl.DataFrame:
    """Pair the replications that both runs have completed."""
    both = sorted(set(old.completed) & set(new.completed))
    if len(both) < REPLICATIONS_MIN:
        raise InvalidValueError("replications", len(both), "must be at least 2 to compare scenarios")
    among = pl.col("replication").is_in(both)
    before, after = (run.measures_among().filter(among) for run in (old, new))
    pairs = _side_by_side(before, after, ("replication", *_KEYS))
    rows: list[tuple[object, ...]] = []
    for (segment, measure), pair in pairs.group_by(*_KEYS, maintain_order=True):
        known = pair.drop_nulls(["result", "result_new"])
        if len(known) < REPLICATIONS_MIN:
            rows.append((segment, measure, pair["result"].mean(), pair["result_new"].mean(), None, None, None))
            continue
        wide = t_quantile(confidence, len(known)) / len(known) ** 0.5
        first, second = (known[column].to_numpy() for column in ("result", "result_new"))
        difference, spread = float((second - first).mean()), float((second - first).std(ddof=1))
        least, most = _bounds(known)
        if float(np.ptp(second - first)) <= _ROUNDING * max(most, -least, 1):
            few = max(min(known["of"].sum(), known["of_new"].sum()), 1)
            side = -np.log((1 - confidence) / 2) / few * max(most, -least)
        else:
            side = wide * spread
        ends = (max(difference - side, least), min(difference + side, most))
        rows.append((segment, measure, float(first.mean()), float(second.mean()), difference, *ends))
    columns = (*_KEYS, "old", "new", "difference", "low", "high")
    schema = dict(zip(columns, (*[pl.String] * 2, *[pl.Float64] * 5), strict=True))
    return pl.DataFrame(rows, schema=schema, orient="row")


def _bounds(pair: pl.DataFrame) -> tuple[float, float]:
    """Return the least and the most by which a measure of one customer can differ."""
    least, most, least_new, most_new = pair.select("least", "most", "least_new", "most_new").row(0)
    return least_new - most, most_new - least


def _side_by_side(old: pl.DataFrame, new: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Join the measures of two results; what only one of them has is at the end, and what only one can do is done 0 times."""
    both = old.join(new, on=keys, suffix="_new", how="full", coalesce=True, maintain_order="left_right")
    filled = []
    for side, own, other in ((old, "", "_new"), (new, "_new", "")):
        never = pl.col(f"result{own}").is_null() & pl.col("measure").str.starts_with("does: ")
        there = never & pl.col("segment").is_in(side["segment"].unique().to_list())
        for column in (column for column in old.columns if column not in keys):
            instead = pl.col(f"of{other}") if column == "of" else pl.lit(0.0)
            filled.append(pl.when(there).then(instead).otherwise(f"{column}{own}").alias(f"{column}{own}"))
    return both.with_columns(filled)


def check_pair(old: Scenario, new: Scenario, *, sampled: bool = True) -> None:
    """Raise unless two scenarios have the same customers, and where they are sampled the same random numbers.

    Raises:
        IncomparableScenariosError: They do not have the same turns, customers or segments; or seed or replications.
        InvalidValueError: One is not a scenario; there is no seed, or only one replication.
    """
    check_scenario("old", old)
    check_scenario("new", new)
    arrivals = (old.arrivals, new.arrivals) if old.arrivals_per_turn != new.arrivals_per_turn else (None, None)
    _check_equal(
        {
            "the number of turns": (old.turns, new.turns),
            "the number of customers": (old.customers, new.customers),
            "the names of segments": tuple([s.name for s in each.segments] for each in (old, new)),
            "the shares of segments": tuple([s.share for s in each.segments] for each in (old, new)),
            "the states": (old.curve.states, new.curve.states),
            "the length of a turn": (old.turn_length, new.turn_length),
            "the arrivals": arrivals,
        }
    )
    if not sampled:
        return
    _check_equal({"the seed": (old.seed, new.seed), "the number of replications": (old.replications, new.replications)})
    if old.seed is None:
        raise InvalidValueError("seed", None, "must be a number, the same in both scenarios, to compare them")
    if old.replications < REPLICATIONS_MIN:
        raise InvalidValueError("replications", old.replications, "must be at least 2 to compare scenarios")


def _check_equal(pairs: dict[str, tuple[object, ...]]) -> None:
    for what, (one, other) in pairs.items():
        if one != other:
            raise IncomparableScenariosError(what, one, other)
