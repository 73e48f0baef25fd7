"""What happened: facts in the past tense, each with a time.

Source of the list and of what each event means: the curve's definition; see the reference page
"Events".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from attrs import field, frozen
from attrs.validators import in_, instance_of, optional

from trustcurve.core.field_types import DueDate, Instant, Name
from trustcurve.core.instants import instant, microseconds, optional_due
from trustcurve.core.signals import FAULTS, SIDES, WEIGHTS, Fault, Side, Weight
from trustcurve.core.values import Value, check_name, check_optional_name, check_optional_text, check_word_of
from trustcurve.errors import DueBeforeEventError, FinalClassError, InvalidValueError

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


# Plain functions, one for each field, so that type checkers see the types of the arguments. The validators of attrs tell
# Hypothesis what to draw.
def _at(value: datetime) -> datetime:
    return instant(value, "at")


def _due(value: datetime) -> datetime:
    return instant(value, "due")


@frozen(kw_only=True, eq=False, repr=False)
class Event(Value):
    """The base class of all events, with their common fields; record one of its subclasses.

    Args:
        at: When it happened: a time with a timezone, stored as a UTC instant of microseconds.
        customer: The customer's id, if the source names it; it must be that of the standing.
        channel: Where it happened. Stored and shown, never counted: channels do not build trust.
        note: A free text about it. Stored and shown, never counted.
        fault: Whose fault it was, "own" (the company's) or "circumstance". Stored and shown, never counted.
        id: The source's id of this event; in a replay, a second event with the same id is dropped.
    """

    # Subclasses without fields of their own are not decorated: creating attrs classes is most of the import time.

    at: datetime = field(converter=_at, validator=instance_of(Instant))
    customer: str | None = field(default=None, validator=check_optional_name)
    channel: str | None = field(default=None, validator=check_optional_text)
    note: str | None = field(default=None, validator=check_optional_text)
    fault: Fault | None = field(default=None, validator=check_word_of(FAULTS))
    id: str | None = field(default=None, validator=check_optional_name)
    at_us: int = field(init=False, repr=False)
    """When it happened, in microseconds since 1970."""

    signal: ClassVar[str | None] = None
    """The signal for the curve, or None if it depends on the promise."""
    signals: ClassVar[tuple[str, ...]] = ()
    """All signals that events of this class can send; a promise that is kept or broken too late sends none."""

    @at_us.default
    def _at_us(self) -> int:
        return microseconds(self.at)

    def __init_subclass__(cls) -> None:
        if cls.__module__ != __name__:
            raise FinalClassError(
                cls.__name__, cls.__bases__[0].__name__, "add a signal to your curve and record Signalled"
            )
        if isinstance(cls.signal, str):
            cls.signals = (cls.signal,)

    def __attrs_post_init__(self) -> None:
        if type(self) is Event:
            raise InvalidValueError("event", Event, "must be of a subclass of Event such as Exchanged")

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - the protocol of IPython and Hypothesis
        """Print only the fields that are given."""
        fields = ((each.name, getattr(self, each.name)) for each in self.__attrs_attrs__ if each.init)
        printer.text(
            f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in fields if value is not None)})"
        )


class Proposed(Event):
    """The company made a hopeful proposition."""

    __slots__ = ()
    signal = "proposition"


@frozen(kw_only=True, eq=False, repr=False)
class PromiseMade(Event):
    """The company promised something.

    Args:
        promise: The promise's id; the promise is open until it is kept, broken or released.
        due: The due date, or None for a promise without one.
        weight: "major" for a promise that matters to the customer, "minor" for one that is merely expected.
    """

    promise: str = field(validator=[check_name, instance_of(Name)])
    due: datetime | None = field(default=None, converter=optional_due, validator=optional(instance_of(DueDate)))
    weight: Weight = field(default="major", validator=check_word_of(WEIGHTS))

    signals = ("promise_made",)

    def __attrs_post_init__(self) -> None:
        if self.due is not None and self.due < self.at:
            raise DueBeforeEventError(self.promise, self.due, self.at)


@frozen(kw_only=True, eq=False, repr=False)
class PromiseKept(Event):
    """The company kept a promise. With a weight it counts even if no PromiseMade was recorded."""

    promise: str = field(validator=[check_name, instance_of(Name)])
    weight: Weight | None = field(default=None, validator=check_word_of(WEIGHTS))

    signals = ("kept_major", "kept_minor")


@frozen(kw_only=True, eq=False, repr=False)
class PromiseBroken(Event):
    """The company broke a promise. With a weight it counts even if no PromiseMade was recorded."""

    promise: str = field(validator=[check_name, instance_of(Name)])
    weight: Weight | None = field(default=None, validator=check_word_of(WEIGHTS))

    signals = ("broken_major", "broken_minor")


@frozen(kw_only=True, eq=False, repr=False)
class PromiseMoved(Event):
    """The customer agreed, in time, to a new due date."""

    promise: str = field(validator=[check_name, instance_of(Name)])
    due: datetime = field(converter=_due, validator=instance_of(DueDate))

    def __attrs_post_init__(self) -> None:
        if self.due < self.at:
            raise DueBeforeEventError(self.promise, self.due, self.at)


@frozen(kw_only=True, eq=False, repr=False)
class PromiseReleased(Event):
    """The customer released the company from a promise."""

    promise: str = field(validator=[check_name, instance_of(Name)])


@frozen(kw_only=True, eq=False, repr=False)
class OneSided(Event):
    """One side took and gave nothing: the company asked for something, or the customer exploited the company.

    Args:
        by: "company" or "customer".
    """

    by: Side = field(validator=[check_word_of(SIDES), in_(SIDES)])

    signals = ("company_one_sided", "customer_one_sided")

    @property
    def signal(self) -> str:  # type: ignore[override]
        """The signal of the side that took something."""
        return f"{self.by}_one_sided"


class Exchanged(Event):
    """Both sides gained: advice that helped, a redeemed offer, a question answered."""

    __slots__ = ()
    signal = "exchange"


class Repaired(Event):
    """The company apologised and made good."""

    __slots__ = ()
    signal = "repair"


class Complained(Event):
    """The customer complained."""

    __slots__ = ()
    signal = "complaint"


class Advocated(Event):
    """The customer recommended the company."""

    __slots__ = ()
    signal = "advocacy"


class Purchased(Event):
    """The customer bought."""

    __slots__ = ()
    signal = "purchase"


class Departed(Event):
    """The customer left. Promises stay open: customers who left still notice."""

    __slots__ = ()
    signal = "departure"


class Returned(Event):
    """The customer came back."""

    __slots__ = ()
    signal = "return"


@frozen(kw_only=True, eq=False, repr=False)
class Signalled(Event):
    """A signal that a curve file adds; the default curve has none.

    Args:
        signal: Its name, as in the curve file. A signal of the default curve is an error: it has its own
            event class. Source: our choice; without this event an added signal could be proved but never recorded.
    """

    signal: str = field(validator=[check_name, instance_of(Name)])  # type: ignore[misc]


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
"""All event classes."""
