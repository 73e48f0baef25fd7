"""Live customers: a standing that changes by events, and callbacks that hear of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from inspect import isawaitable, iscoroutine
from threading import Lock, get_ident
from typing import Any, TypeVar

from attrs import frozen

from trustcurve.core.events import Event
from trustcurve.core.questions import Refusal
from trustcurve.core.standing import Position, Reaction, Standing
from trustcurve.core.steps import Step
from trustcurve.core.values import Value
from trustcurve.errors import InvalidValueError
from trustcurve.machine.callbacks import Callback, Callbacks
from trustcurve.machine.errors import BusyCustomerError

__all__ = ["Live", "LiveCustomer", "Prospect"]

T = TypeVar("T")


@frozen(eq=False, repr=False)
class Prospect(Value):
    """What an event would do; true where it would move the customer by itself.

    What the clock has to say before it is in ``step``, too, and is not counted here.

    Args:
        step: The step that it would be.
        refusals: The rows of the event's signal that would not apply: which conditions fail, and with
            which values. Empty where the event has no signal.
    """

    step: Step
    refusals: tuple[Refusal, ...]

    def __bool__(self) -> bool:
        return self.step.reaction is not None and self.step.reaction.moved

    def explain(self) -> str:
        """Tell in a few plain lines what would happen, and what else would not, and why not."""
        return "\n".join([self.step.explain(), *(f"  not {refusal}" for refusal in self.refusals)])


class Live:
    """What live customers have in common: a standing, shared callbacks, and questions."""

    __slots__ = ("__weakref__", "_callbacks", "_standing")

    def __init__(self, standing: Standing, callbacks: Callbacks) -> None:
        if not isinstance(standing, Standing):
            raise InvalidValueError("standing", standing, "must be a Standing, for example curve.begin(id, at)")
        if not isinstance(callbacks, Callbacks):
            raise InvalidValueError("callbacks", callbacks, "must be Callbacks, for example Callbacks(curve)")
        callbacks.curve.cells(standing.position)
        self._standing, self._callbacks = standing, callbacks

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._standing.customer!r} at {self.state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._standing, self._callbacks)

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
        """When the clock says something next if no event comes: set a timer, then ``observe``."""
        return self._callbacks.curve.next_due(self._standing)

    def may(self, event: Event) -> Prospect:
        """Say what an event would do, and which conditions hold it back; nothing is changed or called.

        Raises:
            TrustcurveError: Whatever ``curve.advance`` raises.
        """
        curve = self._callbacks.curve
        step = curve.advance(self._standing, event)
        reaction = step.reaction
        return Prospect(step, () if reaction is None else curve.refusals(reaction.before, reaction.signal))

    def outlook(self) -> dict[str, Reaction]:
        """Answer with where each signal would lead from here."""
        return self._callbacks.curve.outlook(self._standing.position)


class LiveCustomer(Live):
    """One customer in a running program: holds a standing, and calls back when it changes.

    Safe to share between threads: events of one customer are applied one after the other, each with
    its callbacks. Two customers are never equal, whatever they hold.

    Args:
        standing: Where the customer stands.
        callbacks: What to call; it also names the curve. Share one among all customers.

    Raises:
        UnknownWordError: The standing is not of the callbacks' curve.

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

    def __init__(self, standing: Standing, callbacks: Callbacks) -> None:
        super().__init__(standing, callbacks)
        self._owner: int | None = None
        self._turn = Lock()

    def apply(self, event: Event) -> Step:
        """Apply an event, after whatever came due before it, and call back.

        Returns:
            The step. The standing is ``step.after`` once all callbacks have returned.

        Raises:
            TrustcurveError: Whatever ``curve.advance`` raises; nothing was called.
            BusyCustomerError: A callback applied an event to its own customer.
            InvalidValueError: A callback answers with something to await: take ``AsyncLiveCustomer``.
            Exception: Whatever a callback raises: see ``Callbacks.on_error``.
        """
        return self._run(self._callbacks.curve.advance, event)

    def observe(self, at: datetime) -> Step:
        """Let the clock run, and call back if it says something; for errors see ``apply``."""
        return self._run(self._callbacks.curve.observe, at)

    def _run(self, ask: Callable[[Standing, T], Step], what: T) -> Step:
        callbacks, thread = self._callbacks, get_ident()
        if self._owner == thread:
            raise BusyCustomerError(self.customer)
        with self._turn:
            self._owner = thread
            try:
                step = ask(self._standing, what)
                if callbacks.on_error == "keep":
                    self._standing = step.after
                for call in callbacks.due(step):
                    answer = call(step)
                    if answer is not None and isawaitable(answer):
                        _refuse(call, answer)
                self._standing = step.after
            finally:
                self._owner = None
        return step


def _refuse(call: Callback, answer: object) -> None:
    if iscoroutine(answer):
        answer.close()  # nobody will await it
    raise InvalidValueError("callback", call, "answers with something to await: take AsyncLiveCustomer")
