"""A program with live customers, as type checkers see it: checked by mypy and pyright, never run."""

from collections.abc import Callable
from datetime import datetime
from typing import assert_type

from trustcurve import Complained, Curve, Event, Position, Reaction, Standing, Step
from trustcurve.machine import AsyncLiveCustomer, Callbacks, LiveCustomer, Prospect, TrustMachine, Walker
from trustcurve.machine.diagrams import Chart, chart_of, dot_text, mermaid_text, render

callbacks = Callbacks(Curve.default())
Callbacks(Curve.default(), on_error="keep")
Callbacks(Curve.default(), on_error="retry")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@callbacks.on_enter("advocate")
def thank(step: Step) -> str:
    """Return something; it is ignored."""
    return step.after.customer


@callbacks.on_fall
@callbacks.on_signal("complaint", "broken_major")
async def alert(step: Step) -> None:
    """Tell somebody."""
    assert_type(step.fell, bool)


assert_type(thank, Callable[[Step], str])
assert_type(thank(Step.__new__(Step)), str)


callbacks.on_rise(lambda step: print(step.after.customer))


@callbacks.on_rise  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
def wrong(step: int) -> None:
    """Want something else than a step."""
    print(step)


def follow(standing: Standing, event: Event, at: datetime) -> LiveCustomer:
    """Follow a customer."""
    ann = LiveCustomer(standing, callbacks)
    assert_type(ann.apply(event), Step)
    assert_type(ann.observe(at), Step)
    assert_type(ann.may(event), Prospect)
    assert_type(ann.may(event).step, Step)
    assert_type(ann.outlook(), dict[str, Reaction])
    assert_type(ann.standing, Standing)
    assert_type(ann.position, Position)
    assert_type((ann.customer, ann.stage, ann.state), tuple[str, str, str])
    assert_type(ann.next_due, datetime | None)
    ann.apply("complaint")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    ann.state = "advocate"  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]
    return ann


async def follow_in_turn(standing: Standing, at: datetime) -> None:
    """Follow a customer in an asyncio program."""
    bob = AsyncLiveCustomer(standing, callbacks)
    assert_type(await bob.apply(Complained(at=at)), Step)
    assert_type(await bob.observe(at), Step)
    assert_type(bob.may(Complained(at=at)), Prospect)


def draw(curve: Curve, steps: list[Step]) -> None:
    """Draw a path over the curve, and walk it."""
    chart = chart_of(curve, [move for step in steps for move in step.transitions])
    assert_type(chart, Chart)
    assert_type((mermaid_text(chart), dot_text(chart)), tuple[str, str])
    assert_type(render(chart, "png"), bytes)
    render(chart, "gif")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    machine = TrustMachine(curve)
    walker = machine.walker()
    assert_type(walker, Walker)
    assert_type(machine.send(walker, "exchange"), Position)
