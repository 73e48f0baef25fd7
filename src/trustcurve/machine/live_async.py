"""Live customers of an asyncio program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from inspect import isawaitable
from typing import Any, TypeVar

from trustcurve.core.events import Event
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step
from trustcurve.machine.callbacks import Callbacks
from trustcurve.machine.errors import BusyCustomerError
from trustcurve.machine.live import Live

__all__ = ["AsyncLiveCustomer"]

T = TypeVar("T")


class AsyncLiveCustomer(Live):
    """A live customer in an asyncio program: ``await customer.apply(event)``; callbacks may be coroutines.

    Events of one customer are applied one after the other, each with its callbacks; those of others
    go on meanwhile. One customer belongs to one event loop. For arguments see ``LiveCustomer``.

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

    __slots__ = ("_owner", "_turn")

    def __init__(self, standing: Standing, callbacks: Callbacks) -> None:
        super().__init__(standing, callbacks)
        self._owner: asyncio.Task[Any] | None = None
        self._turn = asyncio.Lock()

    async def apply(self, event: Event) -> Step:
        """Apply an event and call back; for errors see ``LiveCustomer.apply``."""
        return await self._run(self._callbacks.curve.advance, event)

    async def observe(self, at: datetime) -> Step:
        """Let the clock run, and call back if it says something; for errors see ``LiveCustomer.apply``."""
        return await self._run(self._callbacks.curve.observe, at)

    async def _run(self, ask: Callable[[Standing, T], Step], what: T) -> Step:
        callbacks, task = self._callbacks, asyncio.current_task()
        if self._owner is task:
            raise BusyCustomerError(self.customer)
        async with self._turn:
            self._owner = task
            try:
                step = ask(self._standing, what)
                if callbacks.on_error == "keep":
                    self._standing = step.after
                for call in callbacks.due(step):
                    answer = call(step)
                    if isawaitable(answer):
                        await answer
                self._standing = step.after
            finally:
                self._owner = None
        return step
