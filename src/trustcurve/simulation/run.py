"""The result of a simulation: columns, counts and a few whole journeys; nothing in it ever changes."""

from __future__ import annotations

import numpy as np
import polars as pl
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.core.errors import InvalidValueError
from trustcurve.policies import ACTIONS, MOVES
from trustcurve.simulation.counts import Names, with_intervals
from trustcurve.simulation.plan import Plan, SegmentPlan
from trustcurve.simulation.population import ABSENT, Replicated, seed_of
from trustcurve.simulation.result_tables import FRAMES, frame_of, seal
from trustcurve.simulation.scenario import Scenario

__all__ = ["Run"]


_SEEDS = {"replication": pl.Int32, **{f"state_{number}": pl.UInt32 for number in range(1, 5)}}


@frozen(eq=False, repr=False)
class Run:
    """What became of the customers of a scenario, in every replication that was played to its end.

    Every table is a Polars frame, made anew each time: changing one changes nothing here.

    Args:
        scenario: What was simulated.
        plan: The scenario as arrays.
        names: What the columns of the tallies mean, for each segment.
        replications: What was counted in each replication.
        seed: The entropy from which all chance came.
    """

    scenario: Scenario
    plan: Plan
    names: tuple[Names, ...]
    replications: tuple[Replicated, ...]
    seed: int

    def __attrs_post_init__(self) -> None:
        seal((self.plan, self.replications))

    def __repr__(self) -> str:
        done = len(self.replications)
        return f"<Run of {self.scenario.name!r}: {done} replications of {self.scenario.steps} steps, seed {self.seed}>"

    @property
    def stopped(self) -> bool:
        """Whether it was stopped before all replications were done."""
        return len(self.replications) < self.scenario.replications

    @property
    def seeds(self) -> tuple[tuple[int, ...], ...]:
        """The state that each replication's seed sequence begins with: they are spawned from one, and never overlap."""
        return tuple(tuple(map(int, seed_of(self.seed, each.number).generate_state(4))) for each in self.replications)

    def frame(self, what: str) -> pl.DataFrame:
        """Make a table: ``counts``, ``moves``, ``actions``, ``happenings``, ``reached``, ``cohorts`` or ``told``."""
        return frame_of(
            what,
            [
                (each.number, names, tally)
                for each in self.replications
                for names, tally in zip(self.names, each.tallies, strict=True)
            ],
        )

    @property
    def frames(self) -> dict[str, pl.DataFrame]:
        """All tables by name."""
        seeds = pl.DataFrame(
            [(each.number, *state) for each, state in zip(self.replications, self.seeds, strict=True)],
            _SEEDS,
            orient="row",
        )
        more = {"occupancy": self.occupancy(), "stages": self.stages(), "seeds": seeds}
        if self.replications[0].number == 0:
            more["journeys"] = self.journeys
        return {what: self.frame(what) for what in FRAMES} | more

    @property
    def counts(self) -> pl.DataFrame:
        """How many customers of each cohort are in each state, after each step."""
        return self.frame("counts")

    @property
    def moves(self) -> pl.DataFrame:
        """How often customers rose and fell, step by step and rule by rule."""
        return self.frame("moves")

    @property
    def actions(self) -> pl.DataFrame:
        """How often the company did what, step by step."""
        return self.frame("actions")

    def occupancy(self, confidence: float = 0.95) -> pl.DataFrame:
        """Answer with the share of each segment's customers in each state after each step, and how sure that is.

        Args:
            confidence: How sure the interval from ``low`` to ``high`` shall be: it is one for the mean share.

        Raises:
            InvalidValueError: The confidence does not lie between 0 and 1.
        """
        keys = ["replication", "segment", "step", "state"]
        counts = self.counts.group_by(keys, maintain_order=True).agg(pl.col("customers").sum().alias("count"))
        total = pl.col("count").sum().over("replication", "segment", "step")
        return with_intervals(
            counts.with_columns(of=total), ["segment", "step", "state"], confidence, coupled=self._coupled
        )

    def stages(self, confidence: float = 0.95) -> pl.DataFrame:
        """Answer with the share of customers that have been at each stage by each age, and how sure that is.

        "lost" is who was a customer and now distrusts, or has left since then.
        """
        reached = self.frame("reached").rename({"goal": "stage", "reached": "count", "observed": "of"})
        return with_intervals(reached, ["segment", "age", "stage"], confidence, coupled=self._coupled)

    @property
    def journeys(self) -> pl.DataFrame:
        """Some whole journeys of the first replication: in each step what happened, what the company did, and where it led.

        They are those of the first customers of each segment; where nobody is there at the beginning, of the first newcomers.
        """
        parts = []
        for names, plan, edges in zip(self.names, self.plan.segments, self._followed, strict=True):
            steps, many = edges.shape
            shape, there = plan.shape, edges.ravel() != ABSENT
            flat = edges.ravel()[there]
            numbers = pl.DataFrame({"step": range(1, steps + 1)}).join(
                pl.DataFrame({"customer": range(1, many + 1)}), how="cross"
            )
            parts.append(
                numbers.filter(there).select(
                    pl.lit(names.segment).alias("segment"),
                    "customer",
                    "step",
                    move=pl.Series(MOVES, dtype=pl.String).gather(shape.move[flat]),
                    action=pl.Series(ACTIONS, dtype=pl.String).gather(shape.action[flat]),
                    state=pl.Series(names.states, dtype=pl.String).gather(shape.state[shape.target[flat]]),
                    rules=pl.Series([_rules(names, plan, edge) for edge in flat.tolist()], dtype=pl.String),
                )
            )
        return pl.concat(parts).sort("segment", "customer", "step", maintain_order=True)

    @property
    def _coupled(self) -> bool:
        return self.scenario.coupled_by is not None

    @property
    def _followed(self) -> tuple[NDArray[np.int32], ...]:
        first = next((each for each in self.replications if each.number == 0), None)
        if first is None:
            raise InvalidValueError(
                "replications", len(self.replications), "the first one, whose journeys are kept, was stopped"
            )
        return first.journeys


def _rules(names: Names, plan: SegmentPlan, edge: int) -> str:
    """Name the rules that changed the state in a step."""
    times = plan.shape.times[:, plan.shape.way[edge]]
    return ", ".join(kind[3] for kind, n in zip(names.kinds, times, strict=True) if n)
