"""Somebody's own service, as the kit drives it: sync or async, opened and closed where it wants to be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from inspect import isawaitable
from typing import Any

from attrs import frozen

from trustcurve.core.events import Event
from trustcurve.core.standing import Position, Standing
from trustcurve.errors import InvalidValueError
from trustcurve.testing.places import place_of

__all__ = ["MakeService", "Seen", "Service", "opened"]

MakeService = Callable[[Standing], Any]
"""Makes a service for one new customer, who stands where the argument says."""

Seen = Standing | Position | str
"""What a service says of where its customer stands: all of it, the position, or the name of the leaf state."""


@frozen(eq=False)
class Service:
    """A service in use."""

    made: Any
    _runner: asyncio.Runner

    def apply(self, event: Event) -> None:
        """Hand an event to it."""
        self._wait(self.made.apply(event))

    @property
    def looks(self) -> bool:
        """Whether it lets the clock be run without an event."""
        return callable(getattr(self.made, "observe", None))

    def observe(self, at: datetime) -> None:
        """Let its clock run, if it has a way to do that."""
        self._wait(self.made.observe(at))

    @property
    def standing(self) -> Seen:
        """Where it says that its customer stands.

        Raises:
            InvalidValueError: It says something else.
        """
        found = self.made.standing
        found = self._wait(found() if callable(found) else found)
        if not isinstance(found, Standing | Position | str):
            raise InvalidValueError("standing", found, "must be a Standing, a Position or the name of a leaf state")
        return found

    def _wait(self, answer: Any) -> Any:
        return self._runner.run(_awaited(answer)) if isawaitable(answer) else answer


@contextmanager
def opened(make: MakeService, start: Standing) -> Iterator[Service]:
    """Make a service for one customer, enter it where it is a context manager, and leave it afterwards.

    An event loop is only made for a service that has something to await.

    Raises:
        InvalidValueError: It cannot be made, or has no ``apply`` or no ``standing``.
    """
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        made = _made(make, start, runner)
        if hasattr(made, "__aenter__"):
            leave = made.__aexit__
            made = runner.run(_awaited(made.__aenter__()))
            stack.callback(lambda: runner.run(_awaited(leave(None, None, None))))
        elif hasattr(made, "__enter__"):
            made = stack.enter_context(made)
        if not callable(getattr(made, "apply", None)) or "standing" not in dir(made):  # reading it may fail
            raise InvalidValueError("make_service", made, "must make an object with apply(event) and standing")
        yield Service(made, runner)


def _made(make: MakeService, start: Standing, runner: asyncio.Runner) -> Any:
    try:
        made = make(start)
        return runner.run(_awaited(made)) if isawaitable(made) else made
    except Exception as error:
        rule = f"fails with {type(error).__name__}: {error}; it is called with the standing with which it begins"
        raise InvalidValueError("make_service", make, f"{rule}{place_of(error)}") from error


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer
