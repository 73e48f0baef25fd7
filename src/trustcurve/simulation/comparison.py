"""Two scenarios side by side: the same customers meet the same chance under both, so that what differs is the scenario."""

from __future__ import annotations

import numpy as np
import polars as pl
from attrs import define, frozen

from trustcurve.core.errors import InvalidValueError
from trustcurve.simulation.chain_structure import SimulationError
from trustcurve.simulation.counts import check_confidence, t_quantile
from trustcurve.simulation.replication import Progress, simulate_scenario
from trustcurve.simulation.result_tables import is_of_those_seen, is_share, measures_of
from trustcurve.simulation.run import Run
from trustcurve.simulation.scenario import Scenario, check_scenario
from trustcurve.simulation.solution import expect_scenario

__all__ = ["LEAST", "Comparison", "UnpairedRunsError", "check_pair", "compare", "compare_runs", "exact_differences"]


@define(slots=False, repr=False)
class UnpairedRunsError(SimulationError):
    """Two scenarios, or runs of them, cannot be compared pair by pair: ``what`` differs, ``old``, ``new``."""

    what: str
    old: object
    new: object

    def __str__(self) -> str:
        return (
            f"the two scenarios differ in {self.what} ({self.old} and {self.new}): only with the same they are a pair"
        )


_KEYS = ("segment", "measure")

LEAST = 2
"""The least number of replications: with fewer nothing says how sure a difference is."""

_ROUNDING = 1e-12


@frozen(eq=False, repr=False)
class Comparison:
    """Two runs with common random numbers, and how they differ.

    Args:
        old: A run.
        new: Another one, of the same customers, with the same seed.
        confidence: How sure the intervals are.
    """

    old: Run
    new: Run
    confidence: float

    def __repr__(self) -> str:
        return f"<Comparison of {self.old.scenario.name!r} and {self.new.scenario.name!r}>"

    @property
    def differences(self) -> pl.DataFrame:
        """The paired differences, new less old: ``low`` to ``high`` is an interval for the mean of each.

        It is Student's. Where all replications differ by the same, it reaches as far as what happens to so few customers that
        none of them need have been sampled (the rule of three).

        ``exact`` is the exact difference, where customers do not influence each other. The measures are those of ``measures_of``.
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
    """Simulate two scenarios with common random numbers, and hold them against each other.

    Every customer meets the same chance in both: who complains in turn 5 of the one complains in turn 5 of the other, as far
    as the same can happen there. So the difference is much surer than its two sides.

    Args:
        old: A scenario with a seed, and with two replications or more.
        new: Another one with the same steps, customers, segments, seed and replications.
        confidence: How sure the intervals shall be.
        processes: As for ``simulate``.
        progress: As for ``simulate``; told once through for each scenario.

    Raises:
        UnpairedRunsError: They do not have the same steps, customers, segments, seed or replications.
        InvalidValueError: There is only one replication, or the confidence does not lie between 0 and 1.

    Examples:
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation.segment import Segment
        >>> give, ask = (policy(do)(lambda view, do=do: do) for do in ("exchange", "ask"))
        >>> old, new = (
        ...     Scenario(segments=Segment(policy=each, environment=Environment({"complaint": 0.2})), steps=4, customers=500)
        ...     for each in (give, ask)
        ... )
        >>> row = compare(old, new).differences.row(by_predicate=pl.col("measure") == "does: ask", named=True)
        >>> row["difference"], row["exact"]
        (4.0, 4.0)
    """
    check_confidence(confidence)
    check_pair(old, new)
    runs = [simulate_scenario(each, processes=processes, progress=progress) for each in (old, new)]
    return compare_runs(runs[0], runs[1], confidence=confidence)


def compare_runs(old: Run, new: Run, *, confidence: float = 0.95) -> Comparison:
    """Hold two runs against each other; for arguments and errors see ``compare``.

    Examples:
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation.segment import Segment
        >>> give = policy("give")(lambda view: "exchange")
        >>> calm = Scenario(segments=Segment(policy=give, environment=Environment({"complaint": 0.2})), steps=4, customers=50)
        >>> run = simulate_scenario(calm)
        >>> compare_runs(run, run).differences["difference"].abs().max()
        0.0
    """
    check_confidence(confidence)
    check_pair(old.scenario, new.scenario)
    if old.seed != new.seed:
        raise UnpairedRunsError("the seed", old.seed, new.seed)
    return Comparison(old, new, confidence)


def exact_differences(old: Scenario, new: Scenario) -> pl.DataFrame:
    """Compute the exact differences of two scenarios, new less old, measure by measure.

    Raises:
        CoupledError: Customers influence each other in one of them.
        UnpairedRunsError: They do not have the same steps, customers or segments.

    Examples:
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation.segment import Segment
        >>> give, ask = (policy(do)(lambda view, do=do: do) for do in ("exchange", "ask"))
        >>> old, new = (
        ...     Scenario(segments=Segment(policy=each, environment=Environment({"complaint": 0.2})), steps=4)
        ...     for each in (give, ask)
        ... )
        >>> exact_differences(old, new).filter(measure="does: ask")["difference"].item()
        4.0
    """
    check_pair(old, new, sampled=False)
    one, other = expect_scenario(old), expect_scenario(new)
    rows = []
    for before, after in zip(
        zip(one.names, one.tallies, strict=True), zip(other.names, other.tallies, strict=True), strict=True
    ):
        now = measures_of(*after)
        for measure, value in measures_of(*before).items():
            rows.append((before[0].segment, measure, value, now[measure], now[measure] - value))
    schema = dict(zip((*_KEYS, "old", "new", "difference"), (pl.String, pl.String, *[pl.Float64] * 3), strict=True))
    return pl.DataFrame(rows, schema=schema, orient="row").fill_nan(None)


def _paired(old: Run, new: Run, confidence: float) -> pl.DataFrame:
    """Pair the replications that both runs have played to their end."""
    first, second = ({each.number: each.tallies for each in run.replications} for run in (old, new))
    both = sorted(first.keys() & second.keys())
    if len(both) < LEAST:
        raise InvalidValueError("replications", len(both), "it takes two or more to say how sure a difference is")
    wide = t_quantile(confidence, len(both)) / len(both) ** 0.5
    rows = []
    for place, names in enumerate(old.names):
        unseen = [
            -np.log((1 - confidence) / 2) / max(_fewest((old, new), place, both, to_the_end=ends), 1)
            for ends in (False, True)
        ]
        pairs = [(measures_of(names, first[n][place]), measures_of(new.names[place], second[n][place])) for n in both]
        for measure in pairs[0][0]:
            before, after = (np.array([pair[side][measure] for pair in pairs]) for side in (0, 1))
            difference, spread = float((after - before).mean()), float((after - before).std(ddof=1))
            alike = float(np.ptp(after - before)) < _ROUNDING
            most = 1 if is_share(measure) else old.scenario.steps
            side = unseen[is_of_those_seen(measure)] * most if alike else wide * spread
            ends = (max(difference - side, -most), min(difference + side, most))
            rows.append((names.segment, measure, float(before.mean()), float(after.mean()), difference, *ends))
    columns = (*_KEYS, "old", "new", "difference", "low", "high")
    return pl.DataFrame(
        rows, schema=dict(zip(columns, (*[pl.String] * 2, *[pl.Float64] * 5), strict=True)), orient="row"
    ).fill_nan(None)


def _fewest(runs: tuple[Run, ...], place: int, numbers: list[int], *, to_the_end: bool) -> int:
    """Count the customers of a segment who arrived, or were seen to the end, in some replications: in the run with fewer."""
    counts = []
    for run in runs:
        tallies = [each.tallies[place] for each in run.replications if each.number in numbers]
        counts.append(sum(int(tally.observed[-1]) if to_the_end else sum(tally.sizes) for tally in tallies))
    return min(counts)


def check_pair(old: Scenario, new: Scenario, *, sampled: bool = True) -> None:
    """Refuse scenarios of other customers, and where they are sampled, of customers who do not meet the same chance.

    Raises:
        UnpairedRunsError: They do not have the same steps, customers or segments; or seed or replications.
        InvalidValueError: One is no scenario; there is no seed, or only one replication.
    """
    check_scenario("old", old)
    check_scenario("new", new)
    _check_equal(
        {
            "their steps": (old.steps, new.steps),
            "their customers": (old.customers, new.customers),
            "the names of their segments": tuple([s.name for s in each.segments] for each in (old, new)),
            "the shares of their segments": tuple([s.share for s in each.segments] for each in (old, new)),
            "their states": (old.curve.states, new.curve.states),
            "how long a turn lasts": (old.lasts, new.lasts),
            "their arrivals": (old.arrivals, new.arrivals) if old.planned != new.planned else (None, None),
        }
    )
    if not sampled:
        return
    _check_equal({"the seed": (old.seed, new.seed), "their replications": (old.replications, new.replications)})
    if old.seed is None:
        raise InvalidValueError("seed", None, "two scenarios need the same seed to be compared")
    if old.replications < LEAST:
        raise InvalidValueError(
            "replications", old.replications, "it takes two or more to say how sure a difference is"
        )


def _check_equal(pairs: dict[str, tuple[object, ...]]) -> None:
    for what, (one, other) in pairs.items():
        if one != other:
            raise UnpairedRunsError(what, one, other)
