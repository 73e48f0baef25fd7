"""Live customers: objects that hold a standing, apply events to it, and call back when it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from datetime import datetime
from inspect import isawaitable, iscoroutine
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, final

from attrs import define, field, frozen

from trustcurve.core.events import Event
from trustcurve.core.questions import Refusal
from trustcurve.core.standing import Position, Reaction, Standing
from trustcurve.core.steps import Step
from trustcurve.core.values import Value
from trustcurve.errors import InvalidValueError, final_class
from trustcurve.machine.callbacks import Callback, Callbacks, check_ran
from trustcurve.machine.machine_errors import BusyCustomerError

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncLiveCustomer", "LiveCustomer", "Prospect"]

T = TypeVar("T")


@final
@frozen(eq=False, repr=False)
class Prospect(Value):
    """What an event would do; true if the event itself would move the customer.

    What comes due before the event is in ``step``, too, and does not count here.

    Args:
        step: The step that applying the event would return.
        refusals: The rules of the event's signal that would not apply: which conditions fail, and with
            which values. Empty if the event has no signal.
    """

    step: Step
    refusals: tuple[Refusal, ...]

    __init_subclass__ = final_class

    def __bool__(self) -> bool:
        return self.step.reaction is not None and self.step.reaction.moved

    def explain(self) -> str:
        """Return in a few plain lines what would happen, and why each other rule would not apply."""
        return "\n".join([self.step.explain(), *(f"  not {refusal}" for refusal in self.refusals)])


class _Live:
    """What live customers have in common: a standing, shared callbacks, and questions."""

    __slots__ = ("__weakref__", "_callbacks", "_standing")

    _OF_A_STEP: ClassVar[frozenset[str]] = frozenset()  # what belongs to a running step, and is not copied

    def __init__(self, standing: Standing, callbacks: Callbacks) -> None:
        if not isinstance(standing, Standing):
            raise InvalidValueError("standing", standing, "must be a Standing such as curve.begin(id, at)")
        if not isinstance(callbacks, Callbacks):
            raise InvalidValueError("callbacks", callbacks, "must be Callbacks such as Callbacks(curve)")
        callbacks.curve.stage(standing.position)  # raises if the position is not of this curve
        self._standing, self._callbacks = standing, callbacks
        self._rest()

    def _rest(self) -> None:
        """Set what belongs to a running step as it is between two steps."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._standing.customer!r} at {self.state}>"

    # Copies and pickles keep whatever a subclass added, in a dict or in slots, and do not call its constructor.
    def __getstate__(self) -> tuple[dict[str, Any], dict[str, Any]]:
        state: Any = object.__getstate__(self)
        attributes, slots = state
        return attributes or {}, {name: value for name, value in slots.items() if name not in self._OF_A_STEP}

    def __setstate__(self, state: tuple[dict[str, Any], dict[str, Any]]) -> None:
        for values in state:
            for name, value in values.items():
                setattr(self, name, value)
        self._rest()

    @property
    def standing(self) -> Standing:
        """The standing; while callbacks run, still the one before the event (see ``Callbacks.on_error``)."""
        return self._standing

    @property
    def customer(self) -> str:
        """The customer's id."""
        return self._standing.customer

    @property
    def position(self) -> Position:
        """The position."""
        return self._standing.position

    @property
    def stage(self) -> str:
        """The stage, for example "distrust"."""
        return self._standing.position.stage

    @property
    def state(self) -> str:
        """The leaf state, for example "distrust.suspicious"."""
        return self._callbacks.curve.state(self._standing.position)

    @property
    def next_due(self) -> datetime | None:
        """When something comes due next if no event comes, or None: set a timer to it, then ``observe``."""
        return self._callbacks.curve.next_due(self._standing)

    def may(self, event: Event) -> Prospect:
        """Return what an event would do, and which conditions prevent more; nothing is changed or called.

        Raises:
            TrustcurveError: Any error that ``curve.advance`` raises.
        """
        curve = self._callbacks.curve
        step = curve.advance(self._standing, event)
        reaction = step.reaction
        return Prospect(step, () if reaction is None else curve.refusals(reaction.before, reaction.signal))

    def outlook(self) -> dict[str, Reaction]:
        """Return what each signal would do here, by its name."""
        return self._callbacks.curve.outlook(self._standing.position)


class LiveCustomer(_Live):
    """One customer in a running program: holds a standing, and calls back when it changes.

    Safe to share between threads: events of one customer are applied one after the other, each with
    its callbacks. A callback must not wait for another thread that applies events to the same customer: both would
    wait without end. Two customers are never equal, whatever they hold. The class may be extended: copies and
    pickles keep the attributes of a subclass, and do not call its constructor.

    Args:
        standing: Where the customer stands.
        callbacks: The functions to call, and the curve. Share one registry among all customers.

    Raises:
        UnknownWordError: The standing is not of the callbacks' curve.
        InvalidPositionError: A counter of its position is out of the curve's range.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Curve, Proposed
        >>> callbacks = Callbacks(Curve.default())
        >>> @callbacks.on_rise
        ... def cheer(step):
        ...     print(step.after.customer, "rose")
        >>> new_year = datetime(2026, 1, 1, tzinfo=UTC)
        >>> ann = LiveCustomer(callbacks.curve.begin("ann", new_year), callbacks)
        >>> step = ann.apply(Proposed(at=new_year))
        ann rose
        >>> ann.state
        'hopeful'
    """

    __slots__ = ("_owner", "_turn")

    _OF_A_STEP = frozenset(__slots__)

    def _rest(self) -> None:
        self._owner: int | None = None
        self._turn = Lock()

    def apply(self, event: Event) -> Step:
        """Apply an event, after everything that came due before it, and call back.

        Returns:
            The step. The standing is ``step.after`` once all callbacks have returned.

        Raises:
            TrustcurveError: Any error that ``curve.advance`` raises; nothing was called.
            BusyCustomerError: A callback applied an event to its own customer, or to one whose step waits for
                this customer in another thread.
            InvalidValueError: A callback returned an awaitable (use ``AsyncLiveCustomer``) or a generator.
            Exception: Any error that a callback raises: see ``Callbacks.on_error``.
        """
        return self._run(self._callbacks.curve.advance, event)

    def observe(self, at: datetime) -> Step:
        """Run the clock up to a time, and call back; for errors see ``apply``."""
        return self._run(self._callbacks.curve.observe, at)

    def _run(self, ask: Callable[[Standing, T], Step], what: T) -> Step:
        callbacks, thread = self._callbacks, get_ident()
        if not self._turn.acquire(blocking=False):
            self._wait(thread)
        try:
            self._owner = thread
            step = ask(self._standing, what)
            if callbacks.on_error == "keep":
                self._standing = step.after
            for call in callbacks.due(step):
                answer = call(step)
                if answer is not None:
                    _check_answer(call, answer)
            self._standing = step.after
        finally:
            self._owner = None
            self._turn.release()
        return step

    def _wait(self, thread: int) -> None:
        """Wait for another thread's step to end, unless that step waits for a step of this thread."""
        with _WAITING_CHANGES:
            owner = self._owner
            while owner is not None:
                if owner == thread:
                    raise BusyCustomerError(self.customer)
                wanted = _WAITING.get(owner)
                owner = None if wanted is None else wanted._owner  # noqa: SLF001 - of this class
            _WAITING[thread] = self
        try:
            self._turn.acquire()
        finally:
            with _WAITING_CHANGES:
                del _WAITING[thread]


_WAITING: dict[int, LiveCustomer] = {}
"""Which customer each thread waits for. A thread that would close a circle raises instead: it would wait for itself."""

_WAITING_CHANGES = Lock()


def _check_answer(call: Callback, answer: object) -> None:
    if isawaitable(answer):
        if iscoroutine(answer):
            answer.close()  # it will never be awaited
        raise InvalidValueError("callback", call, "must not return an awaitable: use AsyncLiveCustomer")
    check_ran("callback", call, answer)


# --- asyncio --------------------------------------------------------------------------------------


@define(eq=False)
class _Running:
    """A step whose callbacks run now, and the customers that they wait for."""

    waits_for: list[AsyncLiveCustomer] = field(factory=list)

    def waits_for_any(self, steps: tuple[_Running, ...]) -> bool:
        """Whether this step cannot end before one of these does."""
        if self in steps:
            return True
        wanted: Iterable[_Running | None] = (customer._step for customer in self.waits_for)  # noqa: SLF001 - of this module
        return any(step is not None and step.waits_for_any(steps) for step in wanted)


_STEPS: ContextVar[tuple[_Running, ...]] = ContextVar("steps", default=())
"""The steps in whose callbacks this code runs; tasks that a callback starts inherit them."""


class AsyncLiveCustomer(_Live):
    """A live customer in an asyncio program: ``await customer.apply(event)``; callbacks may be coroutines.

    Events of one customer are applied one after the other, each with its callbacks; those of other
    customers continue in the meantime. One customer belongs to one event loop. A task that a callback starts
    belongs to the step, too: until the step ends it cannot apply events to the same customer. A callback must not
    wait for a task that was started before the step and applies events to the same customer: both would wait
    without end. For arguments and subclasses see ``LiveCustomer``.

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

    _OF_A_STEP = frozenset(__slots__)

    def _rest(self) -> None:
        self._step: _Running | None = None
        self._turn: asyncio.Lock | None = None  # only while somebody has it or waits: at rest it costs nothing
        self._waiting = 0

    async def apply(self, event: Event) -> Step:
        """Apply an event and call back; for errors see ``LiveCustomer.apply``."""
        return await self._run(self._callbacks.curve.advance, event)

    async def observe(self, at: datetime) -> Step:
        """Run the clock up to a time, and call back; for errors see ``LiveCustomer.apply``."""
        return await self._run(self._callbacks.curve.observe, at)

    async def _run(self, ask: Callable[[Standing, T], Step], what: T) -> Step:
        import asyncio  # noqa: PLC0415 - slow to import, and loaded by everyone who awaits this

        inside = _STEPS.get()
        if self._step is not None and self._step.waits_for_any(inside):
            raise BusyCustomerError(self.customer)
        self._turn = turn = self._turn or asyncio.Lock()
        self._waiting += 1
        try:
            for step in inside:
                step.waits_for.append(self)
            try:
                await turn.acquire()
            finally:
                for step in inside:
                    step.waits_for.remove(self)
            try:
                return await self._take(ask(self._standing, what))
            finally:
                turn.release()
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._turn = None

    async def _take(self, step: Step) -> Step:
        self._step = _Running()
        inside = _STEPS.set((*_STEPS.get(), self._step))
        try:
            if self._callbacks.on_error == "keep":
                self._standing = step.after
            for call in self._callbacks.due(step):
                answer = call(step)
                if isawaitable(answer):
                    await answer
                elif answer is not None:
                    check_ran("callback", call, answer)
            self._standing = step.after
        finally:
            _STEPS.reset(inside)
            self._step = None
        return step
