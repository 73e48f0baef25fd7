"""Live customers of an asyncio program."""

from __future__ import annotations

import asyncio
import pickle
from itertools import pairwise

import pytest

from tests.core.stories import day
from trustcurve import Curve, Exchanged, OneSided, Proposed, Step
from trustcurve.errors import OutOfOrderError
from trustcurve.machine import AsyncLiveCustomer, BusyCustomerError, Callbacks

CURVE = Curve.default()


def live(callbacks: Callbacks, name: str = "ann") -> AsyncLiveCustomer:
    return AsyncLiveCustomer(CURVE.begin(name, day(0)), callbacks)


def test_coroutines_are_awaited_and_functions_called_in_order() -> None:
    callbacks, heard = Callbacks(CURVE), list[str]()
    callbacks.before(lambda _: heard.append("before"))

    @callbacks.on_enter("hopeful")
    async def welcome(step: Step) -> None:
        await asyncio.sleep(0)
        heard.append(f"welcome {step.after.customer}")

    callbacks.after(lambda _: heard.append("after"))
    ann = live(callbacks)
    step = asyncio.run(ann.apply(Proposed(at=day(1))))
    assert step == CURVE.advance(CURVE.begin("ann", day(0)), Proposed(at=day(1)))
    assert (heard, ann.state) == (["before", "welcome ann", "after"], "hopeful")


def test_a_failing_coroutine_leaves_all_or_nothing() -> None:
    async def fail(_: Step) -> None:
        await asyncio.sleep(0)
        raise TimeoutError

    for on_error, state in (("undo", "distrust.suspicious"), ("keep", "hopeful")):
        callbacks = Callbacks(CURVE, on_error=on_error)  # type: ignore[arg-type]
        callbacks.after(fail)
        ann = live(callbacks)
        with pytest.raises(TimeoutError):
            asyncio.run(ann.apply(Proposed(at=day(1))))
        assert ann.state == state


def test_being_cancelled_changes_nothing() -> None:
    callbacks = Callbacks(CURVE)

    @callbacks.before
    async def wait(_: Step) -> None:
        await asyncio.sleep(60)

    async def program() -> str:
        ann = live(callbacks)
        task = asyncio.create_task(ann.apply(Proposed(at=day(1))))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return ann.state

    assert asyncio.run(program()) == "distrust.suspicious"


def test_tasks_lose_nothing() -> None:
    callbacks = Callbacks(CURVE)

    @callbacks.before
    async def yield_to_others(_: Step) -> None:
        await asyncio.sleep(0)

    async def program() -> AsyncLiveCustomer:
        ann = live(callbacks)

        async def asks() -> None:
            for _ in range(50):
                await ann.apply(Exchanged(at=day(1)))

        await asyncio.gather(*(asks() for _ in range(4)), ann.apply(OneSided(at=day(1), by="customer")))
        return ann

    # 200 exchanges and one one-sided act: wherever the act falls, doubt ends at 0 and only a lost update differs.
    seen = list[Step]()
    callbacks.after(seen.append)
    ann = asyncio.run(program())
    assert len(seen) == 201
    assert all(step.before == before.after for before, step in pairwise(seen))
    assert seen[-1].after == ann.standing


def test_other_customers_go_on_meanwhile() -> None:
    callbacks, order = Callbacks(CURVE), list[str]()

    async def program() -> None:
        gate = asyncio.Event()

        @callbacks.before
        async def slow_for_ann(step: Step) -> None:
            if step.after.customer == "ann":
                await gate.wait()
            order.append(step.after.customer)

        first = asyncio.create_task(live(callbacks).apply(Proposed(at=day(1))))
        await live(callbacks, "bob").apply(Proposed(at=day(1)))
        gate.set()
        await first

    asyncio.run(program())
    assert order == ["bob", "ann"]


def test_a_callback_cannot_apply_events_to_its_own_customer() -> None:
    callbacks = Callbacks(CURVE)
    ann = live(callbacks)

    @callbacks.on_rise
    async def again(_: Step) -> None:
        await ann.apply(Exchanged(at=day(1)))

    with pytest.raises(BusyCustomerError):
        asyncio.run(ann.apply(Proposed(at=day(1))))
    assert ann.state == "distrust.suspicious"


@pytest.mark.parametrize("way", ["task", "wait_for", "gather"])
def test_tasks_that_a_callback_waits_for_cannot_either(way: str) -> None:
    callbacks = Callbacks(CURVE)
    ann = live(callbacks)

    @callbacks.on_rise
    async def again(_: Step) -> None:
        event = ann.apply(Exchanged(at=day(1)))
        if way == "task":
            await asyncio.create_task(event)
        elif way == "wait_for":
            await asyncio.wait_for(event, 30)
        else:
            await asyncio.gather(event)

    with pytest.raises(BusyCustomerError):
        asyncio.run(ann.apply(Proposed(at=day(1))))
    assert ann.state == "distrust.suspicious"


def test_a_task_that_nobody_waits_for_finds_the_customer_free() -> None:
    callbacks, tasks = Callbacks(CURVE), list[asyncio.Task[Step]]()

    async def program() -> AsyncLiveCustomer:
        ann = live(callbacks)
        callbacks.on_rise(lambda _: tasks.append(asyncio.create_task(ann.apply(Exchanged(at=day(2))))))
        await ann.apply(Proposed(at=day(1)))
        await tasks[0]
        return ann

    assert asyncio.run(program()).position.engaged == 1


def test_customers_that_wait_for_each_other_are_named() -> None:
    callbacks = Callbacks(CURVE)

    async def program() -> list[Step | BaseException]:
        friends, met = {name: live(callbacks, name) for name in ("ann", "bob")}, asyncio.Barrier(2)

        @callbacks.on_rise
        async def pass_on(step: Step) -> None:
            await met.wait()  # each has begun a step now
            await friends["bob" if step.after.customer == "ann" else "ann"].apply(Exchanged(at=day(3)))

        applied = (friend.apply(Proposed(at=day(2))) for friend in friends.values())
        return await asyncio.wait_for(asyncio.gather(*applied, return_exceptions=True), 30)

    ended = asyncio.run(program())
    assert sorted(type(each).__name__ for each in ended) == ["BusyCustomerError", "Step"]


def test_a_callback_can_apply_events_to_another_customer() -> None:
    callbacks = Callbacks(CURVE)
    ann, bob = live(callbacks), live(Callbacks(CURVE), "bob")

    @callbacks.on_rise
    async def pass_on(_: Step) -> None:
        await bob.apply(Exchanged(at=day(1)))

    asyncio.run(ann.apply(Proposed(at=day(1))))
    assert (ann.state, bob.position.doubt) == ("hopeful", 1)


def test_observing_and_errors_are_those_of_the_sync_class() -> None:
    ann = live(Callbacks(CURVE))
    assert asyncio.run(ann.observe(day(3))).after.as_of == day(3)
    with pytest.raises(OutOfOrderError):
        asyncio.run(ann.apply(Exchanged(at=day(1))))
    again = pickle.loads(pickle.dumps(ann))  # noqa: S301 - our own
    assert (again.standing, again is not ann) == (ann.standing, True)


def test_a_worker_that_was_started_before_applies_what_a_callback_puts_into_its_queue() -> None:
    async def program() -> tuple[str, list[str]]:
        callbacks, queue = Callbacks(CURVE), asyncio.Queue[Exchanged]()
        ann = live(callbacks)
        states = list[str]()

        async def work() -> None:
            ann_got = await queue.get()
            states.append(ann.state)
            await ann.apply(ann_got)
            queue.task_done()

        @callbacks.on_signal("proposition")
        async def hand_over(_: Step) -> None:
            queue.put_nowait(Exchanged(at=day(2)))
            await asyncio.sleep(0.01)  # the worker begins, and waits for this step to end

        worker = asyncio.create_task(work())
        await ann.apply(Proposed(at=day(1)))
        await queue.join()
        await worker
        return f"{ann.standing.as_of:%d}", states

    assert asyncio.run(program()) == (f"{day(2):%d}", ["distrust.suspicious"])
