"""Simulate a scenario: its replications on all cores. Replications that are done are kept when the work is interrupted."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import define
from numpy.random import SeedSequence

from trustcurve.simulation.chain_structure import SimulationError
from trustcurve.simulation.counts import Names
from trustcurve.simulation.plan import Plan, plan_of
from trustcurve.simulation.population import Replication, replicate
from trustcurve.simulation.run import Run
from trustcurve.simulation.scenario import Scenario, check_scenario
from trustcurve.verification.arguments import check_whole

__all__ = ["ProcessesEndedError", "Progress", "simulate"]

Progress = Callable[[int, int], None]
"""Called with the number of replications that are done, and the number of all replications."""

_WORTH_IT = 100_000_000
"""The least number of customers x turns x replications for which processes are started by default. Source: our choice,
measured; with less work, starting them takes longer."""

_TURN = 10_000
"""How many customers take as much work as a turn itself. Source: our choice, measured."""


@define(slots=False, repr=False)
class ProcessesEndedError(SimulationError):
    """Processes that were started ended before their work was done: ``processes``."""

    processes: int

    def __str__(self) -> str:
        return (
            f"the {self.processes} processes ended before their work was done: call simulate() below "
            "if __name__ == '__main__' in a script (each process imports it), or use processes=1"
        )


def simulate(
    scenario: Scenario, *, journeys: int = 5, processes: int | None = None, progress: Progress | None = None
) -> Run:
    """Simulate a scenario: sample what happens to every customer.

    Args:
        scenario: The scenario.
        journeys: How many customers of each segment are followed from turn to turn.
        processes: How many processes to use; the result is the same. If left out, one for each core where there is enough
            work. Processes are spawned, so a script needs ``if __name__ == "__main__"``.
        progress: Called after each replication with the number of those done, and of all.

    Raises:
        InvalidValueError: An argument is not of its type or out of its range.
        UnboundedPolicyError: A policy promises more than ``promises_max``, or its closed loop has too many states.
        ProcessesEndedError: Processes were started by a script without ``if __name__ == "__main__"``.
        KeyboardInterrupt: Interrupted before any replication was done. Later, the replications that are done are returned, and
            the run is ``stopped``.

    Examples:
        >>> from trustcurve import Curve
        >>> from trustcurve.policies import Environment, policy
        >>> give = policy("give")(lambda view: "exchange")
        >>> calm = Environment({"complaint": 0.1})
        >>> run = simulate(Scenario.single(Curve.default(), give, calm, turns=6, customers=1000, seed=7, replications=2))
        >>> run
        <Run of 'give': 2 replications of 6 turns, seed 7>
        >>> run.actions().filter(action="exchange", turn=1)["count"].to_list()
        [1000, 1000]
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
    names = tuple(
        Names.of(segment, its.structure, brought=brought)
        for brought, plans in ((False, plan.segments), (True, plan.brought))
        for segment, its in zip(scenario.segments, plans, strict=False)
    )
    return Run(scenario, seed, plan, names, _replicate_all(plan, scenario.replications, processes, progress))


def _cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _replicate_all(
    plan: Plan, replications: int, processes: int | None, progress: Progress | None
) -> tuple[Replication, ...]:
    """Play all replications; after Ctrl-C return those that are done."""
    work = (sum(map(sum, plan.sizes)) + _TURN * len(plan.segments)) * plan.turns * replications
    many = min(replications, processes or (_cores() if work >= _WORTH_IT else 1))
    done: list[Replication] = []
    runs = _here(plan, replications) if many == 1 else _elsewhere(plan, replications, many)
    try:
        for replication in runs:
            done.append(replication)
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
        # By a file: initial arguments go through a pipe, and a process that ends too soon leaves that full.
        path = Path(folder, "plan")
        path.write_bytes(pickle.dumps(plan))
        with _pool(ProcessPoolExecutor(many, context, _receive, (path, stop)), stop) as pool:
            with _interrupts_blocked():
                waiting: set[Future[Replication | None]] = {
                    pool.submit(_replicate, number) for number in range(replications)
                }
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    try:
                        replication = future.result()
                    except BrokenProcessPool:
                        raise ProcessesEndedError(many) from None
                    if replication is not None:
                        yield replication


@contextmanager
def _pool(pool: ProcessPoolExecutor, stop: Any) -> Iterator[ProcessPoolExecutor]:
    """Stop the processes at their next turn, however the block ends."""
    try:
        yield pool
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block Ctrl-C inside the block; processes that are started there never receive it, not even while they start."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows: they receive it until they have started
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_received: list[Any] = []


def _receive(path: Path, stop: Any) -> None:
    """Read the plan when a process starts; Ctrl-C is handled by the parent process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _received[:] = [pickle.loads(path.read_bytes()), stop]  # noqa: S301 - written a moment ago by the parent process


def _replicate(number: int) -> Replication | None:
    plan, stop = _received
    return replicate(plan, number, stop.is_set)
