"""A user's service as the kit drives it: sync or async, and what is delivered to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from inspect import isawaitable
from typing import Any

from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event
from trustcurve.core.standing import Position, Standing
from trustcurve.core.steps import Step
from trustcurve.errors import InvalidValueError, TrustcurveError
from trustcurve.machine.callbacks import check_ran, check_runs
from trustcurve.testing.failures import place_of

__all__ = [
    "Delivery",
    "MakeService",
    "Reference",
    "Service",
    "Shown",
    "comparable_after",
    "is_complete",
    "open_service",
    "time_of",
]

MakeService = Callable[[Standing], Any]
"""Makes a service for one new customer, whose standing is the argument."""

Shown = Standing | Position | str
"""What a service shows of its customer: the whole standing, the position, or the name of the leaf state or stage."""


@frozen(eq=False)
class Service:
    """A service in use."""

    made: Any
    _runner: asyncio.Runner

    def apply(self, event: Event) -> None:
        """Pass an event to the service."""
        self._do("apply", event)

    @property
    def has_clock(self) -> bool:
        """Whether the service has ``observe``, with which its clock runs without an event."""
        return callable(getattr(self.made, "observe", None))

    def observe(self, at: datetime) -> None:
        """Run the service's clock."""
        self._do("observe", at)

    @property
    def standing(self) -> Shown:
        """What the service shows of its customer.

        Raises:
            InvalidValueError: It shows something else.
        """
        found = self.made.standing
        found = self._wait(found() if callable(found) else found)
        if not isinstance(found, Standing | Position | str):
            raise InvalidValueError("standing", found, "must be a Standing, a Position or the name of a leaf state")
        return found

    def _do(self, name: str, delivery: Delivery) -> None:
        call = getattr(self.made, name)
        check_ran(name, call, self._wait(call(delivery)))

    def _wait(self, result: Any) -> Any:
        return self._runner.run(_awaited(result)) if isawaitable(result) else result


@contextmanager
def open_service(make: MakeService, start: Standing) -> Iterator[Service]:
    """Make a service for one customer; if it is a context manager, enter it, and exit it afterwards.

    An event loop is only made for a service that has something to await. The current event loop of the
    thread stays as it is.

    Raises:
        InvalidValueError: It cannot be made, or has no ``apply`` or no ``standing``, or calling them would run nothing.
    """
    # Entering the runner would make its loop at once; without a factory it would also set the current one.
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    with ExitStack() as stack:
        stack.callback(runner.close)
        made = _make(make, start, runner)
        if hasattr(made, "__aenter__"):
            leave = made.__aexit__
            made = runner.run(_awaited(made.__aenter__()))
            stack.callback(lambda: runner.run(_awaited(leave(None, None, None))))
        elif hasattr(made, "__enter__"):
            made = stack.enter_context(made)
        if not callable(getattr(made, "apply", None)) or "standing" not in dir(made):  # reading it may fail
            raise InvalidValueError("make_service", made, "must make an object with apply(event) and standing")
        for name in ("apply", "observe"):
            check_runs(name, getattr(made, name, None))
        yield Service(made, runner)


def _make(make: MakeService, start: Standing, runner: asyncio.Runner) -> Any:
    try:
        made = make(start)
        return runner.run(_awaited(made)) if isawaitable(made) else made
    except Exception as error:
        rule = f"raised {type(error).__name__}: {error}; it is called with the standing of a new customer"
        raise InvalidValueError("make_service", make, f"{rule}{place_of(error)}") from error


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


# --- deliveries -----------------------------------------------------------------------------------

Delivery = Event | datetime
"""An event, or a time up to which the clock runs. If the same event object comes twice, it is delivered again."""


def time_of(delivery: Delivery) -> datetime:
    """Return when a delivery happened."""
    return delivery.at if isinstance(delivery, Event) else delivery


def comparable_after(deliveries: Sequence[Delivery]) -> Iterator[int]:
    """Return the numbers of deliveries after which everything that happened before has arrived; 0 is among them.

    Only then the customer's standing is certain.
    """
    times = [time_of(delivery) for delivery in deliveries]
    latest = None
    yield 0
    for number, delivery in enumerate(deliveries, start=1):
        latest = time_of(delivery) if latest is None else max(latest, time_of(delivery))
        arrived = set(map(id, deliveries[:number]))
        missing = zip(times[number:], deliveries[number:], strict=True)
        if all(at >= latest for at, each in missing if id(each) not in arrived):
            yield number


@define(eq=False)
class Reference:
    """The standing that the curve gives for all deliveries so far: each event once, in the order in which they happened.

    It is computed when it is asked for: while events arrive out of order there may be none.
    """

    curve: Curve
    start: Standing
    _step: Step | None = field(default=None, init=False)
    _delivered: dict[int, Delivery] = field(factory=dict, init=False)
    _new: list[Delivery] = field(factory=list, init=False)

    def add(self, delivery: Delivery) -> None:
        """Add a delivery."""
        if id(delivery) not in self._delivered:
            self._delivered[id(delivery)] = delivery
            self._new.append(delivery)

    @property
    def step(self) -> Step | None:
        """The last step; None before the first delivery.

        Raises:
            TrustcurveError: The deliveries do not fit each other: something is missing.
        """
        if any(time_of(each) < self._standing.as_of for each in self._new):
            self._step, self._new = None, list(self._delivered.values())
        for each in sorted(self._new, key=time_of):
            apply = self.curve.advance if isinstance(each, Event) else self.curve.observe
            self._step = apply(self._standing, each)  # type: ignore[arg-type] # each is what it takes
        self._new = []
        return self._step

    @property
    def standing(self) -> Standing:
        """Where the customer should stand now; for errors see ``step``."""
        step = self.step
        return self.start if step is None else step.after

    @property
    def _standing(self) -> Standing:
        return self.start if self._step is None else self._step.after


def is_complete(curve: Curve, start: Standing, deliveries: Sequence[Delivery]) -> bool:
    """Return whether deliveries have every event that others need; if not, they show nothing about a service."""
    reference = Reference(curve, start)
    for delivery in deliveries:
        reference.add(delivery)
    try:
        return reference.standing is not None
    except TrustcurveError:
        return False
