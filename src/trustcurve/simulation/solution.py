"""``expected``: what becomes of customers on average, exactly and without throwing dice."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

import numpy as np
import polars as pl
from attrs import define, frozen

from trustcurve.core.curve import Curve
from trustcurve.policies import Environment, Policy
from trustcurve.simulation.chain_structure import LOST_NAME, Shape, SimulationError
from trustcurve.simulation.counts import Names, Tally
from trustcurve.simulation.hitting_times import First, ages_of, first_time, goals_of
from trustcurve.simulation.lumping import lumped
from trustcurve.simulation.markov_chain import Chain, Floats, flow
from trustcurve.simulation.result_tables import FRAMES, frame_of, seal
from trustcurve.simulation.scenario import Scenario, alone, check_scenario
from trustcurve.simulation.segment import Departures, Segment
from trustcurve.simulation.stationary import long_run

__all__ = ["CoupledError", "Expected", "expect_scenario", "expected", "names_of"]


@define(slots=False, repr=False)
class CoupledError(SimulationError):
    """An exact answer is asked for where customers influence each other: ``scenario``, ``coupled_by``."""

    scenario: str
    coupled_by: str

    def __str__(self) -> str:
        return f"scenario {self.scenario!r} has no exact answer: its customers influence each other by {self.coupled_by}; simulate it"


@frozen(eq=False, repr=False)
class Expected:
    """The exact answer: averages over all that chance can do.

    Every table is a Polars frame, made anew each time: changing one changes nothing here.

    Args:
        scenario: What was asked.
        names: What the columns of the tallies mean, for each segment.
        tallies: The averages themselves, for each segment.
        chains: The Markov chain of each segment, for what is only computed when it is asked for.
    """

    scenario: Scenario
    names: tuple[Names, ...]
    tallies: tuple[Tally, ...]
    chains: tuple[Chain, ...]

    def __attrs_post_init__(self) -> None:
        seal((self.tallies, self.chains))

    def __repr__(self) -> str:
        return f"<Expected of {self.scenario.name!r}: {self.scenario.steps} steps>"

    @cached_property
    def _firsts(self) -> tuple[dict[str, First], ...]:
        chains = map(lumped, self.chains)
        return tuple(
            {goal: first_time(chain, nodes) for goal, nodes in goals_of(chain.shape).items()} for chain in chains
        )

    @cached_property
    def _lasting(self) -> tuple[Floats | None, ...]:
        lasting = tuple(long_run(lumped(chain)) for chain in self.chains)
        seal(lasting)
        return lasting

    def frame(self, what: str) -> pl.DataFrame:
        """Make a table: ``counts``, ``moves``, ``actions``, ``happenings``, ``reached``, ``cohorts`` or ``told``."""
        return frame_of(what, [(None, names, tally) for names, tally in zip(self.names, self.tallies, strict=True)])

    @property
    def frames(self) -> dict[str, pl.DataFrame]:
        """All tables by name."""
        more = {"occupancy": self.occupancy, "stages": self.stages, "long_run": self.long_run}
        return {what: self.frame(what) for what in FRAMES} | more

    @property
    def occupancy(self) -> pl.DataFrame:
        """The share of each segment's customers in each state, after each step at which there are any."""
        keys, total = ["segment", "step", "state"], pl.col("customers").sum().over("segment", "step")
        counts = self.frame("counts").group_by(keys, maintain_order=True).agg(pl.col("customers").sum())
        return counts.filter(total > 0).select(*keys, share=pl.col("customers") / total)

    @property
    def moves(self) -> pl.DataFrame:
        """How often customers rise and fall, step by step and rule by rule."""
        return self.frame("moves")

    @property
    def actions(self) -> pl.DataFrame:
        """How often the company does what, step by step."""
        return self.frame("actions")

    @property
    def stages(self) -> pl.DataFrame:
        """How likely and how soon each stage is reached.

        ``within``: the share of those who are seen to the end that have been there; ``mean_within``: how many steps it took
        those. ``ever`` and ``mean``: if the last environment held for ever; ``mean`` is infinite where it is not certain.
        ``mean`` is null where chances are so small that it cannot be told exactly, and so is ``ever``, unless it is certain;
        the first two are where nobody is seen to the end.
        ``lost``: who was a customer and now distrusts, or has left since then.
        """
        rows: list[tuple[str, str, *tuple[float | None, ...]]] = []
        for names, tally, firsts in zip(self.names, self.tallies, self._firsts, strict=True):
            for number, goal in enumerate(names.goals):
                if not tally.observed[-1]:
                    rows.append((names.segment, goal, None, None, firsts[goal].ever, firsts[goal].steps))
                    continue
                share = tally.reached[:, number] / tally.observed
                within, new = float(share[-1]), np.diff(share)
                mean = float((new * np.arange(1, len(share))).sum() / within) if within else None
                rows.append((names.segment, goal, within, mean, firsts[goal].ever, firsts[goal].steps))
        schema = ["within", "mean_within", "ever", "mean"]
        return pl.DataFrame(
            rows, schema={"segment": pl.String, "stage": pl.String, **dict.fromkeys(schema, pl.Float64)}, orient="row"
        )

    @property
    def long_run(self) -> pl.DataFrame:
        """The share of time that a customer spends in each state in the long run, if the last environment held for ever.

        Null where chances are so small that it cannot be told exactly.
        """
        schema = {"segment": pl.String, "state": pl.String, "share": pl.Float64}
        rows = [
            (names.segment, state, None if shares is None else float(shares[number]))
            for names, shares in zip(self.names, self._lasting, strict=True)
            for number, state in enumerate(names.states)
        ]
        return pl.DataFrame(rows, schema=schema, orient="row")


def expected(
    curve: Curve,
    policy: Policy,
    environment: Environment,
    steps: int,
    *,
    departures: Departures | None = None,
    turn: timedelta | None = None,
    promises_max: int = 2,
) -> Expected:
    """Compute what becomes of a stranger on average: where, when, how often, and in the long run.

    Args:
        curve: The curve.
        policy: What the company does.
        environment: What happens, with probabilities.
        steps: How many turns.
        departures: What distrusting former customers do beyond the environment; nothing if left out.
        turn: How long a turn lasts; a third of the curve's quiet period if left out.
        promises_max: The most promises that may be open at once.

    Raises:
        InvalidValueError: The environment has no probabilities, or a number is out of its range.
        UnboundedPolicyError: The policy promises more, or its loop has too many states.

    Examples:
        >>> from trustcurve.policies import policy
        >>> @policy("prove it, then give", promise_due=2)
        ... def promise(view):
        ...     if view.account in ("slip", "breach"):
        ...         return "repair"
        ...     return "exchange" if view.kept or view.open else "promise_major"
        >>> answer = expected(Curve.default(), promise, Environment({"kept": 0.5, "broken": 0.1}), steps=12)
        >>> row = answer.stages.filter(stage="customer_centric").row(0, named=True)
        >>> round(row["within"], 3), round(row["mean"], 1)
        (0.951, 6.0)
    """
    asked = alone(curve, policy, environment, steps=steps, departures=departures, turn=turn, promises_max=promises_max)
    return expect_scenario(asked)


def expect_scenario(scenario: Scenario) -> Expected:
    """Compute what becomes of the customers of a scenario on average.

    Args:
        scenario: A scenario in which customers do not influence each other.

    Raises:
        CoupledError: They do: there is no exact answer.
        UnboundedPolicyError: A policy promises more than ``promises_max``, or its loop has too many states.

    Examples:
        >>> from trustcurve.policies import policy
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Segment(policy=give, environment=Environment({"complaint": 0.1}))
        >>> expect_scenario(Scenario(segments=one, steps=3, customers=1000)).occupancy.height
        28
    """
    check_scenario("scenario", scenario)
    if scenario.coupled_by is not None:
        raise CoupledError(scenario.name, scenario.coupled_by)
    chains = tuple(Chain.of(scenario, segment) for segment in scenario.segments)
    names = tuple(names_of(segment, chain.shape) for segment, chain in zip(scenario.segments, chains, strict=True))
    tallies = tuple(_tally(scenario, number, chain) for number, chain in enumerate(chains))
    return Expected(scenario, names, tallies, chains)


def names_of(segment: Segment, shape: Shape) -> Names:
    """Name the columns of a segment's tallies."""
    return Names(segment.name, shape.states, (*shape.stages, LOST_NAME), shape.kinds)


def _tally(scenario: Scenario, number: int, chain: Chain) -> Tally:
    cohorts = [(begins, sizes[number]) for begins, sizes in scenario.cohorts]
    shape, small, ages = chain.shape, lumped(chain), scenario.steps + 1
    states = np.zeros((len(cohorts), ages, len(shape.states)))
    reached, observed = np.zeros((ages, len(shape.stages) + 1)), np.zeros(ages)
    known: dict[int, tuple[Floats, Floats]] = {}
    for cohort, (begins, size) in enumerate(cohorts):
        key = begins if scenario.segments[number].turnings else 0  # where nothing ever changes, all cohorts do alike
        if key not in known:
            known[key] = ages_of(small, key)
        standing, been = known[key]
        seen = ages - begins
        states[cohort, begins:] = size * standing[:seen]
        reached[:seen] += size * been[:seen]
        observed[:seen] += size
    changes, actions, moves = shape.parted(flow(chain, dict(cohorts)))
    return Tally(
        begins=tuple(begins for begins, _ in cohorts),
        sizes=tuple(size for _, size in cohorts),
        states=states,
        changes=changes,
        actions=actions,
        moves=moves,
        reached=reached,
        observed=observed,
        told=np.zeros(scenario.steps),
    )
