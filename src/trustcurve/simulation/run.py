"""The run of a simulation: what was counted in every replication, and a few whole journeys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import polars as pl
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.errors import InvalidValueError, final_class
from trustcurve.simulation.counts import Names
from trustcurve.simulation.intervals import with_intervals
from trustcurve.simulation.plan import Plan, SegmentPlan
from trustcurve.simulation.population import ABSENT, Replication, seed_of
from trustcurve.simulation.result_tables import ResultTables, Row, seal
from trustcurve.simulation.scenario import Scenario

__all__ = ["Run"]

_SEEDS = {"replication": pl.Int32, **{f"state_{number}": pl.UInt32 for number in range(1, 5)}}


@frozen(eq=False, repr=False)
class Run(ResultTables):
    """A sample of a scenario: every replication that was played to its end. Made by ``simulate``; it cannot be changed.

    Each table is a new Polars frame: changing one changes nothing in the run.

    Args:
        scenario: The scenario that was simulated.
        seed: The entropy from which all random numbers came.
    """

    __init_subclass__ = final_class

    scenario: Scenario
    seed: int
    _plan: Plan
    _names: tuple[Names, ...]
    _replications: tuple[Replication, ...]

    def __attrs_post_init__(self) -> None:
        seal((self._plan, self._replications))

    def __repr__(self) -> str:
        done = len(self._replications)
        return f"<Run of {self.scenario.name!r}: {done} replications of {self.scenario.turns} turns, seed {self.seed}>"

    @property
    def stopped(self) -> bool:
        """Whether the run was stopped before all replications were done."""
        return len(self._replications) < self.scenario.replications

    @property
    def completed(self) -> tuple[int, ...]:
        """The numbers of the replications that were played to their end; they count from 0."""
        return tuple(each.number for each in self._replications)

    @property
    def seeds(self) -> tuple[tuple[int, ...], ...]:
        """The first state of each replication's seed sequence: they are spawned from one, and never overlap."""
        return tuple(tuple(map(int, seed_of(self.seed, number).generate_state(4))) for number in self.completed)

    def _rows(self) -> Sequence[Row]:
        return [
            (each.number, self._names[place], each.counts[place])
            for each in self._replications
            for place in self._there
        ]

    @cached_property
    def _there(self) -> tuple[int, ...]:
        """The segments, and those of the brought ones that are not empty in all replications."""
        return tuple(
            place
            for place, names in enumerate(self._names)
            if not names.brought or any(sum(each.counts[place].sizes) for each in self._replications)
        )

    def _shares(self, counts: pl.DataFrame, keys: list[str], confidence: float) -> pl.DataFrame:
        return with_intervals(counts, keys, confidence, coupled=self.scenario.coupled_by is not None)

    def _more_tables(self) -> dict[str, pl.DataFrame]:
        seeds = [(number, *state) for number, state in zip(self.completed, self.seeds, strict=True)]
        journeys = {"journeys": self.journeys()} if 0 in self.completed else {}
        return {"seeds": pl.DataFrame(seeds, _SEEDS, orient="row"), **journeys}

    def journeys(self) -> pl.DataFrame:
        """Return a few whole journeys of the first replication: for each turn the move, the action, the state and the rules.

        They are those of the first customers of each segment; of the first newcomers, where nobody is there at the beginning.

        Raises:
            InvalidValueError: The first replication, whose journeys are kept, was stopped.
        """
        parts = []
        for names, plan, edges in zip(
            self._names, (*self._plan.segments, *self._plan.brought), self._followed(), strict=True
        ):
            turns, many = edges.shape
            structure, there = plan.structure, edges.ravel() != ABSENT
            flat = edges.ravel()[there]
            numbers = pl.DataFrame({"turn": range(1, turns + 1)}).join(
                pl.DataFrame({"customer": range(1, many + 1)}), how="cross"
            )
            parts.append(
                numbers.filter(there).select(
                    pl.lit(names.segment).alias("segment"),
                    "customer",
                    "turn",
                    move=pl.Series(structure.moves, dtype=pl.String).gather(structure.move[flat]),
                    action=pl.Series(structure.decisions, dtype=pl.String).gather(structure.decision[flat]),
                    state=pl.Series(names.states, dtype=pl.String).gather(structure.state[structure.target[flat]]),
                    rules=pl.Series([_rules(names, plan, edge) for edge in flat.tolist()], dtype=pl.String),
                )
            )
        return pl.concat(parts).sort("segment", "customer", "turn", maintain_order=True)

    def _followed(self) -> tuple[NDArray[np.int32], ...]:
        first = next((each for each in self._replications if each.number == 0), None)
        if first is None:
            rule = "must include the first one, whose journeys are kept; it was stopped"
            raise InvalidValueError("replications", self.completed, rule)
        return first.journeys


def _rules(names: Names, plan: SegmentPlan, edge: int) -> str:
    """Return the names of the rules that changed the state in a turn."""
    times = plan.structure.times[:, plan.structure.edge_type[edge]]
    return ", ".join(each.rule for each, n in zip(names.transition_types, times, strict=True) if n)
