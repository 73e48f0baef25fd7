"""``simulate``: throw dice for every customer."""

from __future__ import annotations

from datetime import timedelta

from numpy.random import SeedSequence

from trustcurve.core.curve import Curve
from trustcurve.policies import Environment, Policy
from trustcurve.simulation.exact.expecting import names_of
from trustcurve.simulation.populations.hazards import Departures
from trustcurve.simulation.populations.scenarios import Scenario, alone, check_scenario
from trustcurve.simulation.sampling.plans import plan_of
from trustcurve.simulation.sampling.replications import Progress, replicate_all
from trustcurve.simulation.sampling.runs import Run
from trustcurve.verification.arguments import check_whole

__all__ = ["simulate", "simulate_scenario"]


def simulate(
    curve: Curve,
    policy: Policy,
    environment: Environment,
    customers: int = 100_000,
    *,
    steps: int,
    seed: int | None = None,
    replications: int = 10,
    departures: Departures | None = None,
    turn: timedelta | None = None,
    promises_max: int = 2,
    journeys: int = 5,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Simulate what becomes of many customers, all of them strangers at first, who do not influence each other.

    Args:
        curve: The curve.
        policy: What the company does.
        environment: What happens, with probabilities.
        customers: How many customers.
        steps: How many turns.
        seed: Where chance begins; the same seed gives the same result. Somewhere else each time if left out.
        replications: How many times all of it is sampled.
        departures: What distrusting former customers do beyond the environment; nothing if left out.
        turn: How long a turn lasts; a third of the curve's quiet period if left out.
        promises_max: The most promises that may be open at once.
        journeys: How many customers are followed from step to step.
        processes: In how many processes; it changes nothing of the result. If left out, one for each core where there is
            enough to do. Processes are spawned, so a script needs ``if __name__ == "__main__"``.
        progress: Called with how many replications are done, and of how many.

    Raises:
        InvalidValueError: The environment has no probabilities, or a number is out of its range.
        UnboundedPolicyError: The policy promises more than ``promises_max``, or its loop has too many states.
        ProcessesEndedError: Processes were started by a script that does not guard what it does.
        KeyboardInterrupt: Stopped before any replication was done; later, what is done is kept, and the run is ``stopped``.

    Examples:
        >>> from trustcurve.policies import policy
        >>> give = policy("give")(lambda view: "exchange")
        >>> run = simulate(Curve.default(), give, Environment({"complaint": 0.1}), 1000, steps=6, seed=7, replications=2)
        >>> run
        <Run of 'give': 2 replications of 6 steps, seed 7>
        >>> run.actions.filter(action="exchange", step=1)["count"].to_list()
        [1000, 1000]
    """
    scenario = alone(
        curve, policy, environment, steps=steps, customers=customers, departures=departures, replications=replications,
        seed=seed, turn=turn, promises_max=promises_max,
    )  # fmt: skip
    return simulate_scenario(scenario, journeys=journeys, processes=processes, progress=progress)


def simulate_scenario(
    scenario: Scenario, *, journeys: int = 5, processes: int | None = None, progress: Progress | None = None
) -> Run:
    """Simulate what becomes of the customers of a scenario.

    Args:
        scenario: The scenario.
        journeys: As for ``simulate``.
        processes: As for ``simulate``.
        progress: As for ``simulate``.

    Raises:
        UnboundedPolicyError: A policy promises more than ``promises_max``, or its loop has too many states.
        KeyboardInterrupt: Stopped before any replication was done.

    Examples:
        >>> from trustcurve.policies import policy
        >>> from trustcurve.simulation.populations.segments import Segment
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Segment(policy=give, environment=Environment({"complaint": 0.1}))
        >>> run = simulate_scenario(Scenario(segments=one, steps=3, customers=50, replications=1), journeys=1)
        >>> run.journeys["action"].to_list()
        ['exchange', 'exchange', 'exchange']
    """
    check_scenario("scenario", scenario)
    check_whole("journeys", journeys, 0)
    if processes is not None:
        check_whole("processes", processes, 1)
    seed = scenario.seed
    if seed is None:
        fresh = SeedSequence().entropy
        seed = fresh if isinstance(fresh, int) else 0
    plan = plan_of(scenario, seed, journeys)
    names = tuple(names_of(segment, each.shape) for segment, each in zip(scenario.segments, plan.segments, strict=True))
    return Run(scenario, plan, names, replicate_all(plan, scenario.replications, processes, progress), seed)
