"""Live customers of an asyncio program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from inspect import isawaitable
from typing import TypeVar

from trustcurve.core.events import Event
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step
from trustcurve.machine.callbacks import Callbacks
from trustcurve.machine.errors import BusyCustomerError
from trustcurve.machine.live import Live

__all__ = ["AsyncLiveCustomer"]

T = TypeVar("T")

_STEPS: ContextVar[tuple[object, ...]] = ContextVar("steps", default=())
"""The steps in whose callbacks this code runs; tasks that a callback starts inherit them."""


class AsyncLiveCustomer(Live):
    """A live customer in an asyncio program: ``await customer.apply(event)``; callbacks may be coroutines.

    Events of one customer are applied one after the other, each with its callbacks; those of others
    go on meanwhile. One customer belongs to one event loop. A task that a callback starts belongs to the
    step, too: while the step lasts it cannot apply events to the same customer. For arguments see
    ``LiveCustomer``.

    Examples:
        >>> import asyncio
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, Proposed
        >>> callbacks, new_year = Callbacks(Curve.default()), datetime(2026, 1, 1, tzinfo=UTC)
        >>> @callbacks.on_enter("hopeful")
        ... async def welcome(step):
        ...     print("welcome", step.after.customer)
        >>> ann = AsyncLiveCustomer(callbacks.curve.begin("ann", new_year), callbacks)
        >>> step = asyncio.run(ann.apply(Proposed(at=new_year)))
        welcome ann
    """

    __slots__ = ("_step", "_turn", "_waiting")

    def __init__(self, standing: Standing, callbacks: Callbacks) -> None:
        super().__init__(standing, callbacks)
        self._step: object | None = None
        self._turn: asyncio.Lock | None = None  # only while somebody has it or waits: at rest it costs nothing
        self._waiting = 0

    async def apply(self, event: Event) -> Step:
        """Apply an event and call back; for errors see ``LiveCustomer.apply``."""
        return await self._run(self._callbacks.curve.advance, event)

    async def observe(self, at: datetime) -> Step:
        """Let the clock run, and call back if it says something; for errors see ``LiveCustomer.apply``."""
        return await self._run(self._callbacks.curve.observe, at)

    async def _run(self, ask: Callable[[Standing, T], Step], what: T) -> Step:
        if self._step is not None and self._step in _STEPS.get():
            raise BusyCustomerError(self.customer)
        self._turn = self._turn or asyncio.Lock()
        self._waiting += 1
        try:
            async with self._turn:
                return await self._take(ask(self._standing, what))
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._turn = None

    async def _take(self, step: Step) -> Step:
        self._step = object()
        inside = _STEPS.set((*_STEPS.get(), self._step))
        try:
            if self._callbacks.on_error == "keep":
                self._standing = step.after
            for call in self._callbacks.due(step):
                answer = call(step)
                if isawaitable(answer):
                    await answer
            self._standing = step.after
        finally:
            _STEPS.reset(inside)
            self._step = None
        return step
