"""Exact solutions: the expected values of everything that is counted, by sparse linear algebra."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import polars as pl
from attrs import define, frozen
from numpy.typing import NDArray

from trustcurve.core.signals import EXCHANGED, RETAINED
from trustcurve.errors import final_class
from trustcurve.simulation.chain_structure import SimulationError
from trustcurve.simulation.counts import Counts, Names
from trustcurve.simulation.hitting_times import CohortShares, HittingTime, cohort_shares, goals_of, hitting_time
from trustcurve.simulation.intervals import check_confidence
from trustcurve.simulation.lumping import lumped
from trustcurve.simulation.markov_chain import Chain, expected_totals
from trustcurve.simulation.result_tables import ResultTables, Row, seal
from trustcurve.simulation.scenario import Scenario, check_scenario, cohorts_of
from trustcurve.simulation.stationary import limiting_distribution

__all__ = ["InteractingCustomersError", "Solution", "solve"]

_Floats = NDArray[np.float64]


@define(slots=False, repr=False)
class InteractingCustomersError(SimulationError):
    """An exact solution is asked for where customers influence each other: ``scenario``, ``coupled_by``."""

    scenario: str
    coupled_by: str

    def __str__(self) -> str:
        return (
            f"scenario {self.scenario!r}: no exact solution with {self.coupled_by}: "
            "customers influence each other. Use simulate(scenario)"
        )


@frozen(eq=False, repr=False)
class Solution(ResultTables):
    """The exact solution of a scenario: expected values. Made by ``solve``; it cannot be changed.

    Each table is a new Polars frame: changing one changes nothing in the solution.

    Args:
        scenario: The scenario that was solved.
    """

    __init_subclass__ = final_class

    scenario: Scenario
    _names: tuple[Names, ...]
    _counts: tuple[Counts, ...]
    _chains: tuple[Chain, ...]

    def __attrs_post_init__(self) -> None:
        seal((self._counts, self._chains))

    def __repr__(self) -> str:
        return f"<Solution of {self.scenario.name!r}: {self.scenario.turns} turns>"

    @cached_property
    def _hitting_times(self) -> tuple[dict[str, HittingTime], ...]:
        chains = map(lumped, self._chains)
        return tuple(
            {goal: hitting_time(chain, nodes) for goal, nodes in goals_of(chain.structure).items()} for chain in chains
        )

    @cached_property
    def _limits(self) -> tuple[_Floats | None, ...]:
        limits = tuple(limiting_distribution(lumped(chain)) for chain in self._chains)
        seal(limits)
        return limits

    def _rows(self) -> Sequence[Row]:
        return [(None, names, counts) for names, counts in zip(self._names, self._counts, strict=True)]

    def _shares(self, counts: pl.DataFrame, keys: list[str], confidence: float) -> pl.DataFrame:
        check_confidence(confidence)
        share = pl.col("count") / pl.col("of")
        return counts.filter(pl.col("of") > 0).select(*keys, share=share, low=share, high=share)

    def _more_tables(self) -> dict[str, pl.DataFrame]:
        return {"hitting_times": self.hitting_times(), "stationary": self.stationary()}

    def hitting_times(self) -> pl.DataFrame:
        """Return how likely and how soon each stage is reached.

        ``within_horizon``: the share of customers observed to the end who have been there;
        ``mean_time_within_horizon``: the mean number of turns it took them. Both are null where nobody is observed to the end.
        ``eventually`` and ``mean_time``: the same if the last environment applied forever. ``mean_time`` is infinite where the
        stage may never be reached, and null where probabilities are too small to solve for accurately; so is ``eventually``,
        unless it is certain. "lost" counts customers who crossed the barrier and later fell back to distrust.
        """
        rows: list[tuple[str, str, *tuple[float | None, ...]]] = []
        for names, counts, times in zip(self._names, self._counts, self._hitting_times, strict=True):
            for number, goal in enumerate(names.goals):
                within: float | None = None
                mean: float | None = None
                if counts.observed[-1]:
                    share = counts.reached[:, number] / counts.observed
                    within, new = float(share[-1]), np.diff(share)
                    mean = float((new * np.arange(1, len(share))).sum() / within) if within else None
                rows.append((names.segment, goal, within, mean, times[goal].eventually, times[goal].mean_time))
        numbers = ("within_horizon", "mean_time_within_horizon", "eventually", "mean_time")
        schema = {"segment": pl.String, "stage": pl.String, **dict.fromkeys(numbers, pl.Float64)}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def stationary(self) -> pl.DataFrame:
        """Return the share of time that a customer spends in each state in the long run, in the last environment.

        Null where probabilities are too small to solve for accurately.
        """
        schema = {"segment": pl.String, "state": pl.String, "share": pl.Float64}
        rows = [
            (names.segment, state, None if shares is None else float(shares[number]))
            for names, shares in zip(self._names, self._limits, strict=True)
            for number, state in enumerate(names.states)
        ]
        return pl.DataFrame(rows, schema=schema, orient="row")


def solve(scenario: Scenario) -> Solution:
    """Solve a scenario exactly: the expected values of everything, without random numbers.

    Args:
        scenario: A scenario in which customers do not influence each other.

    Raises:
        InteractingCustomersError: They do: there is no exact solution.
        UnboundedPolicyError: A policy promises more than ``promises_max``, or its closed loop has too many states.

    Examples:
        >>> from trustcurve import Curve
        >>> from trustcurve.policies import Environment, policy
        >>> @policy("prove it, then give", promise_due=2)
        ... def promise(view):
        ...     if view.account in ("slip", "breach"):
        ...         return "repair"
        ...     return "exchange" if view.kept or view.open else "promise_major"
        >>> solution = solve(Scenario.single(Curve.default(), promise, Environment({"kept": 0.5, "broken": 0.1}), turns=12))
        >>> row = solution.hitting_times().row(by_predicate=pl.col("stage") == "customer_centric", named=True)
        >>> round(row["within_horizon"], 3), round(row["mean_time"], 1)
        (0.951, 6.0)
    """
    check_scenario("scenario", scenario)
    if scenario.coupled_by is not None:
        raise InteractingCustomersError(scenario.name, scenario.coupled_by)
    chains = tuple(Chain.of(scenario, segment) for segment in scenario.segments)
    names = tuple(Names.of(segment, chain.structure) for segment, chain in zip(scenario.segments, chains, strict=True))
    counts = tuple(_expected_counts(scenario, number, chain) for number, chain in enumerate(chains))
    return Solution(scenario, names, counts, chains)


def _expected_counts(scenario: Scenario, number: int, chain: Chain) -> Counts:
    cohorts = [(begins, sizes[number]) for begins, sizes in cohorts_of(scenario)]
    structure, small, ages = chain.structure, lumped(chain), scenario.turns + 1
    states = np.zeros((len(cohorts), ages, len(structure.states)))
    retained, exchanged = (np.zeros((len(cohorts), ages, len(names))) for names in (RETAINED, EXCHANGED))
    reached, observed = np.zeros((ages, len(structure.stages) + 1)), np.zeros(ages)
    known: dict[int, CohortShares] = {}
    for cohort, (begins, size) in enumerate(cohorts):
        key = begins if scenario.segments[number].changes else 0  # without changes all cohorts are alike
        if key not in known:
            known[key] = cohort_shares(small, key)
        shares, seen = known[key], ages - begins
        states[cohort, begins:] = size * shares.states[:seen]
        retained[cohort, begins:] = size * shares.retained[:seen]
        exchanged[cohort, begins:] = size * shares.exchanged[:seen]
        reached[:seen] += size * shares.reached[:seen]
        observed[:seen] += size
    transitions, actions, moves = structure.split_totals(expected_totals(chain, dict(cohorts)))
    return Counts(
        begins=tuple(begins for begins, _ in cohorts),
        sizes=tuple(size for _, size in cohorts),
        states=states,
        retained=retained,
        exchanged=exchanged,
        transitions=transitions,
        actions=actions,
        moves=moves,
        reached=reached,
        observed=observed,
        reports=np.zeros(scenario.turns),
        recommendations=np.zeros(scenario.turns),
    )
