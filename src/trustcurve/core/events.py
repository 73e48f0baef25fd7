"""What happened: facts in the past tense, each with a time.

Source of the list and of what each event means: the curve's definition; see the reference page
"Events".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from attrs import Attribute, field, frozen

from trustcurve.core.errors import DueBeforeEventError, InvalidValueError, UnknownWordError
from trustcurve.core.instants import instant
from trustcurve.core.signals import SIDES, WEIGHTS, Side, Weight
from trustcurve.core.values import Value

__all__ = [
    "EVENTS",
    "Advocated",
    "Complained",
    "Departed",
    "Event",
    "Exchanged",
    "OneSided",
    "PromiseBroken",
    "PromiseKept",
    "PromiseMade",
    "PromiseMoved",
    "PromiseReleased",
    "Proposed",
    "Purchased",
    "Repaired",
    "Returned",
    "Signalled",
]


# Plain functions, one for each field, so that type checkers see what the fields take.
def _at(value: datetime) -> datetime:
    return instant(value, "at")


def _due(value: datetime) -> datetime:
    return instant(value, "due")


def _maybe_due(value: datetime | None) -> datetime | None:
    return None if value is None else instant(value, "due")


def text(_self: object, attribute: Attribute[Any], value: object) -> None:
    """Validate a text that must say something."""
    if not isinstance(value, str) or not value:
        raise InvalidValueError(attribute.name, value, "must be a text that is not empty")


def _maybe_text(_self: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise InvalidValueError(attribute.name, value, "must be a text or None")


def _maybe_some_text(_self: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        text(_self, attribute, value)


def _weight(_self: object, attribute: Attribute[Any], value: object) -> None:
    if value not in WEIGHTS:
        raise UnknownWordError(attribute.name, value, WEIGHTS)


def _maybe_weight(_self: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        _weight(_self, attribute, value)


def _side(_self: object, attribute: Attribute[Any], value: object) -> None:
    if value not in SIDES:
        raise UnknownWordError(attribute.name, value, SIDES)


@frozen(kw_only=True, eq=False, repr=False)
class Event(Value):
    """What all events have; record one of its kinds, never this.

    Kinds without fields of their own take everything from here, undecorated: making a class is most
    of what importing costs.

    Args:
        at: When it happened: an aware time, kept as a UTC instant of microseconds.
        customer: Whose event it is, where a source names it. It is then held against the standing.
        channel: Where it happened. Kept and shown, never counted: channels do not build trust.
        note: What a person wrote about it. Kept and shown, never counted.
        id: The source's id of this event; in a log, a second one with the same id is dropped.
    """

    at: datetime = field(converter=_at)
    customer: str | None = field(default=None, validator=_maybe_some_text)
    channel: str | None = field(default=None, validator=_maybe_text)
    note: str | None = field(default=None, validator=_maybe_text)
    id: str | None = field(default=None, validator=_maybe_some_text)

    signal: ClassVar[str | None] = None
    """The signal that the curve sees, or None where the ledger has to look at the promise."""
    gives: ClassVar[bool] = False
    """Whether the customer gets something by it or it shows a live relation: then a silence ends."""

    def __attrs_post_init__(self) -> None:
        if type(self) is Event:
            raise InvalidValueError("event", "Event", "record one of its kinds, for example Exchanged")

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - the protocol of IPython and Hypothesis
        """Show only what it says."""
        said = ((each.name, getattr(self, each.name)) for each in self.__attrs_attrs__)
        printer.text(
            f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in said if value is not None)})"
        )


class Proposed(Event):
    """The company made a hopeful proposition."""

    __slots__ = ()
    signal = "proposition"


@frozen(kw_only=True, eq=False, repr=False)
class PromiseMade(Event):
    """The company promised something.

    Args:
        promise: The promise's id; open until kept, broken or released.
        due: Until when, or None for a promise without a date.
        weight: "major" for a promise that matters to the customer, "minor" for one that is merely expected.
    """

    promise: str = field(validator=text)
    due: datetime | None = field(default=None, converter=_maybe_due)
    weight: Weight = field(default="major", validator=_weight)

    def __attrs_post_init__(self) -> None:
        if self.due is not None and self.due < self.at:
            raise DueBeforeEventError(self.promise, self.due, self.at)


@frozen(kw_only=True, eq=False, repr=False)
class PromiseKept(Event):
    """A promise was kept. With a weight of its own it counts even where nobody logged the promise."""

    promise: str = field(validator=text)
    weight: Weight | None = field(default=None, validator=_maybe_weight)

    gives = True


@frozen(kw_only=True, eq=False, repr=False)
class PromiseBroken(Event):
    """A promise was broken. With a weight of its own it counts even where nobody logged the promise."""

    promise: str = field(validator=text)
    weight: Weight | None = field(default=None, validator=_maybe_weight)


@frozen(kw_only=True, eq=False, repr=False)
class PromiseMoved(Event):
    """The customer agreed, in time, to a new date."""

    promise: str = field(validator=text)
    due: datetime = field(converter=_due)

    def __attrs_post_init__(self) -> None:
        if self.due < self.at:
            raise DueBeforeEventError(self.promise, self.due, self.at)


@frozen(kw_only=True, eq=False, repr=False)
class PromiseReleased(Event):
    """The customer let the company off."""

    promise: str = field(validator=text)


@frozen(kw_only=True, eq=False, repr=False)
class OneSided(Event):
    """One side took and gave nothing: an ask, a campaign, a survey; or a customer playing for one side.

    Args:
        by: "company" or "customer".
    """

    by: Side = field(validator=_side)

    @property
    def signal(self) -> str:  # type: ignore[override]
        """The signal of the side that took."""
        return f"{self.by}_one_sided"


class Exchanged(Event):
    """Both sides gained: advice that helped, a redeemed offer, a question answered."""

    __slots__ = ()
    signal = "exchange"
    gives = True


class Repaired(Event):
    """The company apologised and made good."""

    __slots__ = ()
    signal = "repair"
    gives = True


class Complained(Event):
    """The customer complained."""

    __slots__ = ()
    signal = "complaint"


class Advocated(Event):
    """The customer recommended the company."""

    __slots__ = ()
    signal = "advocacy"
    gives = True


class Purchased(Event):
    """The customer bought."""

    __slots__ = ()
    signal = "purchase"
    gives = True


class Departed(Event):
    """The customer left. Promises stay: people who left still notice."""

    __slots__ = ()
    signal = "departure"


class Returned(Event):
    """The customer came back."""

    __slots__ = ()
    signal = "return"
    gives = True


@frozen(kw_only=True, eq=False, repr=False)
class Signalled(Event):
    """A signal that a curve's own file added; the default curve has none.

    Args:
        signal: Its name, as in the curve's file. The signals of the default curve have events of
            their own and are refused here. Source: our choice; without it a signal of one's own
            could be proved but never recorded.
    """

    signal: str = field(validator=text)  # type: ignore[misc]


EVENTS: tuple[type[Event], ...] = (
    Proposed,
    PromiseMade,
    PromiseKept,
    PromiseBroken,
    PromiseMoved,
    PromiseReleased,
    OneSided,
    Exchanged,
    Repaired,
    Complained,
    Advocated,
    Purchased,
    Departed,
    Returned,
    Signalled,
)
"""Every kind of event."""
