"""What to call when a customer moves: registered once, shared by many customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import isasyncgen, isasyncgenfunction, isgenerator, isgeneratorfunction
from typing import Any, Literal, TypeVar, final

from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.standing import Reaction
from trustcurve.core.steps import Step
from trustcurve.core.values import Value, checked_word
from trustcurve.errors import InvalidValueError, final_class

__all__ = ["Callback", "Callbacks", "check_ran", "check_runs"]

Callback = Callable[[Step], object]
"""Gets the step; what it returns is awaited by an ``AsyncLiveCustomer``, and ignored otherwise."""

R = TypeVar("R")
"""What a callback returns; a decorated function keeps it."""

_ON_ERROR = ("undo", "keep")
_GENERATOR = "must run when it is called; a function with a yield only returns a generator"


@frozen(eq=False, repr=False)
class _Registered(Value):
    """One registration; one function can have several."""

    call: Callback
    __eq__ = object.__eq__
    __hash__ = object.__hash__


@final
@define(eq=False)
class Callbacks:
    """The functions to call when customers on a curve move: one registry that many live customers share.

    Every callback gets the whole ``Step``. It is called once for a step at most (for each time it was
    registered), in the order of what happened: ``before``; then for each reaction, the clock's
    first, ``on_signal``, ``on_leave``, ``on_enter``, and ``on_rise`` or ``on_fall``; then ``after``.

    Args:
        curve: The curve; stages, states and signals are checked against it when callbacks are registered.
        on_error: What becomes of the customer if a callback fails: "undo" keeps the standing from before
            the event, "keep" takes the one after it. It is never anything between. In both cases the
            error reaches the caller of ``apply``, and the remaining callbacks are not called.

    Raises:
        UnknownWordError: ``on_error`` is neither "undo" nor "keep".
        InvalidValueError: The curve is not a Curve.

    Examples:
        >>> from trustcurve import Curve
        >>> callbacks = Callbacks(Curve.default())
        >>> @callbacks.on_enter("advocate")
        ... def thank(step):
        ...     print("thank", step.after.customer)
    """

    curve: Curve
    on_error: Literal["undo", "keep"] = field(default="undo", kw_only=True)
    _registered: dict[tuple[str, str], list[_Registered]] = field(factory=dict, init=False, repr=False)
    _known: dict[tuple[str, str, str], tuple[_Registered, ...]] = field(factory=dict, init=False, repr=False)

    __init_subclass__ = final_class

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.curve, Curve):
            raise InvalidValueError("curve", self.curve, "must be a Curve, for example Curve.default()")
        self.on_error = checked_word("on_error", self.on_error, _ON_ERROR)  # type: ignore[assignment] # one of these

    # --- registering ------------------------------------------------------------------------------

    def before(self, call: Callable[[Step], R]) -> Callable[[Step], R]:
        """Call first, on every step. With ``on_error="undo"`` an error raised here vetoes the step."""
        return self._add(call, "before")

    def after(self, call: Callable[[Step], R]) -> Callable[[Step], R]:
        """Call last, on every step."""
        return self._add(call, "after")

    def on_rise(self, call: Callable[[Step], R]) -> Callable[[Step], R]:
        """Call when the customer rises, by the event or by something that came due before it."""
        return self._add(call, "rise")

    def on_fall(self, call: Callable[[Step], R]) -> Callable[[Step], R]:
        """Call when the customer falls, by the event or by something that came due before it."""
        return self._add(call, "fall")

    def on_enter(self, *places: str) -> Callable[[Callable[[Step], R]], Callable[[Step], R]]:
        """Call when the customer enters a stage ("distrust") or a leaf state ("distrust.adversarial").

        Raises:
            UnknownWordError: The curve has no such stage or leaf state.
            InvalidValueError: None is named.
        """
        self._check("place", places, self.curve.stages_and_states)
        return lambda call: self._add(call, "enter", *places)

    def on_leave(self, *places: str) -> Callable[[Callable[[Step], R]], Callable[[Step], R]]:
        """Call when the customer leaves a stage or a leaf state; for errors see ``on_enter``."""
        self._check("place", places, self.curve.stages_and_states)
        return lambda call: self._add(call, "leave", *places)

    def on_signal(self, *signals: str) -> Callable[[Callable[[Step], R]], Callable[[Step], R]]:
        """Call when the curve gets a signal, whether or not it moves the customer.

        Raises:
            UnknownWordError: The curve has no such signal.
            InvalidValueError: No signal is named.
        """
        self._check("signal", signals, self.curve.signals)
        return lambda call: self._add(call, "signal", *signals)

    # --- calling ----------------------------------------------------------------------------------

    def due(self, step: Step) -> list[Callback]:
        """Return the callbacks of a step, in the order in which they are called."""
        if not self._registered:
            return []
        rows = [self._of(reaction) for reaction in step.reactions]
        between = rows[0] if len(rows) == 1 else dict.fromkeys(each for row in rows for each in row)
        first, last = self._registered.get(("before", ""), ()), self._registered.get(("after", ""), ())
        return [each.call for each in (*first, *between, *last)]

    def _of(self, reaction: Reaction) -> tuple[_Registered, ...]:
        """Return the callbacks of a reaction; computed once for all reactions that are alike."""
        known, alike = self._known, (reaction.signal, reaction.state_before, reaction.state_after)
        found = known.get(alike)
        if found is None:
            rows = (self._registered.get(key, ()) for key in _keys(reaction))
            found = known[alike] = tuple(dict.fromkeys(each for row in rows for each in row))
        return found

    def _add(self, call: Callable[[Step], R], kind: str, *words: str) -> Callable[[Step], R]:
        if not callable(call):
            raise InvalidValueError("callback", call, "must be callable; write @callbacks.on_rise without brackets")
        check_runs("callback", call)
        registered = _Registered(call)
        for word in words or ("",):
            self._registered.setdefault((kind, word), []).append(registered)
        self._known = {}  # a new one: a thread that is computing an entry just now writes it to the old one
        return call

    def _check(self, argument: str, words: tuple[Any, ...], known: tuple[str, ...]) -> None:
        if not words:
            raise InvalidValueError(argument, words, "must name at least one")
        for word in words:
            checked_word(argument, word, known)


def check_runs(argument: str, call: object) -> None:
    """Raise InvalidValueError if calling a function would only return a generator."""
    if isgeneratorfunction(call) or isasyncgenfunction(call):
        raise InvalidValueError(argument, call, _GENERATOR)


def check_ran(argument: str, call: object, answer: object) -> None:
    """Raise InvalidValueError if a function returned a generator, none of whose code has run."""
    if isgenerator(answer) or isasyncgen(answer):
        raise InvalidValueError(argument, call, _GENERATOR)


def _keys(reaction: Reaction) -> Iterator[tuple[str, str]]:
    yield ("signal", reaction.signal)
    if reaction.change:
        left, entered = _places(reaction.state_before), _places(reaction.state_after)
        yield from (("leave", place) for place in left if place not in entered)
        yield from (("enter", place) for place in entered if place not in left)
        yield ("rise" if reaction.rose else "fall", "")


def _places(state: str) -> tuple[str, ...]:
    """Return the places that a leaf state is in: its stage, and itself."""
    stage, dot, _ = state.partition(".")
    return (stage, state) if dot else (stage,)
