"""Replications on all cores: what is done is kept, whenever it is stopped."""

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

from trustcurve.simulation.errors import ProcessesEndedError
from trustcurve.simulation.sampling.kernel import Replicated, replicate
from trustcurve.simulation.sampling.plans import Plan

__all__ = ["Progress", "cores", "replicate_all"]

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
