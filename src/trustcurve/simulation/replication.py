"""Replications on all cores: what is done is kept, whenever it is stopped."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import define
from numpy.random import SeedSequence

from trustcurve.core.curve import Curve
from trustcurve.policies import Environment, Policy
from trustcurve.simulation.chain_structure import SimulationError
from trustcurve.simulation.plan import Plan, plan_of
from trustcurve.simulation.population import Replicated, replicate
from trustcurve.simulation.run import Run
from trustcurve.simulation.scenario import Scenario, alone, check_scenario
from trustcurve.simulation.segment import Departures
from trustcurve.simulation.solution import names_of
from trustcurve.verification.arguments import check_whole

__all__ = ["ProcessesEndedError", "Progress", "cores", "replicate_all", "simulate", "simulate_scenario"]


@define(slots=False, repr=False)
class ProcessesEndedError(SimulationError):
    """Processes that were started ended before their work was done: ``processes``."""

    processes: int

    def __str__(self) -> str:
        return (
            f"the {self.processes} processes ended before their work was done: let your script simulate below "
            "if __name__ == '__main__' (each process imports it), or use processes=1"
        )


Progress = Callable[[int, int], None]
"""Called with how many replications are done, and of how many."""

_WORTH_IT = 100_000_000
"""The least number of customers times steps times replications for which processes are started, if nothing is said.
Source: our choice, measured; below, starting them takes longer than the work."""


_STEP = 10_000
"""How many customers are as much work as a step itself. Source: our choice, measured."""


def cores() -> int:
    """Answer with how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def replicate_all(
    plan: Plan, replications: int, processes: int | None, progress: Progress | None
) -> tuple[Replicated, ...]:
    """Play all replications; after Ctrl-C answer with those that are done.

    Args:
        plan: The plan.
        replications: How many.
        processes: In how many processes; None: one where there is little to do, else one for each core. It changes nothing
            of the result.
        progress: Told of each replication that is done.

    Raises:
        KeyboardInterrupt: Stopped before any was done.
        ProcessesEndedError: The processes ended before their work was done.
    """
    work = (sum(map(sum, plan.sizes)) + _STEP * len(plan.segments)) * plan.steps * replications
    many = min(replications, processes or (cores() if work >= _WORTH_IT else 1))
    done: list[Replicated] = []
    runs = _here(plan, replications) if many == 1 else _elsewhere(plan, replications, many)
    try:
        for replicated in runs:
            done.append(replicated)
            if progress is not None:
                progress(len(done), replications)
    except KeyboardInterrupt:
        if not done:
            raise
    finally:
        runs.close()
    return tuple(sorted(done, key=lambda each: each.number))


def _here(plan: Plan, replications: int) -> Generator[Any, None, None]:
    for number in range(replications):
        yield replicate(plan, number)


def _elsewhere(plan: Plan, replications: int, many: int) -> Generator[Any, None, None]:
    context = get_context("spawn")
    stop = context.Event()
    with TemporaryDirectory() as folder:
        # By a file, for what a process is started with goes through a pipe, which a process that ends too soon leaves full.
        path = Path(folder, "plan")
        path.write_bytes(pickle.dumps(plan))
        with _pool(ProcessPoolExecutor(many, context, _receive, (path, stop)), stop) as pool:
            with _undisturbed():
                waiting: set[Future[Replicated | None]] = {
                    pool.submit(_replicate, number) for number in range(replications)
                }
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    try:
                        replicated = future.result()
                    except BrokenProcessPool:
                        raise ProcessesEndedError(many) from None
                    if replicated is not None:
                        yield replicated


@contextmanager
def _pool(pool: ProcessPoolExecutor, stop: Any) -> Iterator[ProcessPoolExecutor]:
    """End the processes at the next step, however the work ends."""
    try:
        yield pool
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep Ctrl-C waiting meanwhile; the processes that are started now never hear of it, not even as they begin."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows, where they hear of it until they have begun
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_received: list[Any] = []


def _receive(path: Path, stop: Any) -> None:
    """Take the plan as a process begins; Ctrl-C is for the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _received[:] = [pickle.loads(path.read_bytes()), stop]  # noqa: S301 - written a moment ago by the one that started it


def _replicate(number: int) -> Replicated | None:
    plan, stop = _received
    return replicate(plan, number, stop.is_set)


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
        >>> from trustcurve.simulation.segment import Segment
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
