"""What live customers cost, and that threads lose nothing."""

from __future__ import annotations

import asyncio
import sys
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from threading import Barrier, Thread

import pytest
from transitions import Machine

from tests.core.stories import day
from trustcurve import Curve, Exchanged, Step
from trustcurve.machine import AsyncLiveCustomer, Callbacks, LiveCustomer

CURVE = Curve.default()
CUSTOMERS = 2000
BYTES_MAX = 500
THREADS, EVENTS = 4, 20_000


class Model:
    """A customer as users of transitions write one."""


def bytes_each(make: Callable[[int], object], count: int) -> float:
    """Measure what each of many objects holds in memory."""
    make(0)
    kept: list[object] = [None] * count
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(count):
            kept[number] = make(number)
        return (tracemalloc.get_traced_memory()[0] - before) / count
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [LiveCustomer, AsyncLiveCustomer])
def test_a_live_customer_costs_little_beyond_its_standing(kind: type[LiveCustomer | AsyncLiveCustomer]) -> None:
    callbacks = Callbacks(CURVE)
    standings = [CURVE.begin(f"customer {number}", day(0)) for number in range(CUSTOMERS)]
    machine = Machine(model=None, states=list(CURVE.states), initial=CURVE.states[3], auto_transitions=False)
    for signal in CURVE.signals:
        machine.add_transition(signal, "*", "=")

    def model(_: int) -> object:
        made = Model()
        machine.add_model(made)
        return made

    ours = bytes_each(lambda number: kind(standings[number], callbacks), CUSTOMERS)
    theirs = bytes_each(model, 200)
    assert ours <= BYTES_MAX
    assert ours * 30 <= theirs, f"{ours:.0f} bytes against {theirs:.0f}"


def test_after_a_crowd_it_costs_no_more_than_before() -> None:
    callbacks = Callbacks(CURVE)

    @callbacks.before
    async def let_others_come(_: Step) -> None:
        await asyncio.sleep(0)

    async def crowd(customer: AsyncLiveCustomer) -> None:
        await asyncio.gather(*(customer.apply(Exchanged(at=day(1))) for _ in range(5)))

    customers = [AsyncLiveCustomer(CURVE.begin(f"customer {n}", day(0)), callbacks) for n in range(3)]
    for customer in customers:
        asyncio.run(crowd(customer))  # each in a loop of its own
        assert customer._turn is None


@pytest.mark.slow
def test_four_threads_lose_nothing() -> None:
    callbacks, steps = Callbacks(CURVE), list[Step]()
    callbacks.after(steps.append)
    ann, gate = LiveCustomer(CURVE.begin("ann", day(0)), callbacks), Barrier(THREADS)
    event = Exchanged(at=day(1))

    def apply() -> None:
        gate.wait()
        for _ in range(EVENTS // THREADS):
            ann.apply(event)

    threads = [Thread(target=apply) for _ in range(THREADS)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns as often as they can
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(steps) == EVENTS
    assert all(step.before is last.after for last, step in pairwise(steps)), "one after the other"
    assert ann.standing is steps[-1].after
