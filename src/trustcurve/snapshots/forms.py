"""The stored forms of what cannot be stored as it is, and the converter that reads and writes them.

Standings, promises, positions, ticks and events are stored field by field. A reaction is stored as
its signal, its row's name and both positions: the curve knows the rest, and is asked again on reading.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from attrs import frozen
from cattrs.gen import make_dict_structure_fn
from cattrs.preconf.json import JsonConverter, make_converter
from cattrs.strategies import configure_tagged_union

from trustcurve.core import errors
from trustcurve.core.events import EVENTS
from trustcurve.core.instants import instant
from trustcurve.core.standing import Position, Standing
from trustcurve.core.steps import Tick

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AnyEvent", "JourneyForm", "ReactionForm", "RejectForm", "StepForm", "converter"]

AnyEvent: Any = reduce(or_, EVENTS)
"""The union of all kinds of events."""

_REFUSALS = (
    errors.InvalidPositionError,
    errors.InvalidValueError,
    errors.OtherCustomerError,
    errors.OutOfOrderError,
    errors.PromiseAlreadyOpenError,
    errors.PromiseOverdueError,
    errors.UnknownPromiseError,
    errors.UnknownWordError,
)
AnyRefusal: Any = reduce(or_, _REFUSALS)
"""The union of all errors that ``advance`` raises for an event."""


@frozen
class ReactionForm:
    """A reaction as it is stored."""

    signal: str
    rule: str
    before: Position
    after: Position


@frozen
class StepForm:
    """A step as it is stored."""

    before: Standing
    event: AnyEvent | None
    ticks: tuple[Tick, ...]
    reactions: tuple[ReactionForm, ...]
    after: Standing


@frozen
class RejectForm:
    """A rejected event as it is stored."""

    event: AnyEvent
    error: AnyRefusal


@frozen
class JourneyForm:
    """A journey as it is stored."""

    start: Standing
    steps: tuple[StepForm, ...]
    duplicates: tuple[AnyEvent, ...]
    rejects: tuple[RejectForm, ...]
    later: tuple[AnyEvent, ...]


def _write_time(value: datetime) -> str:
    return instant(value).isoformat().replace("+00:00", "Z")


def _read_time(value: object, _: object) -> datetime:
    if not isinstance(value, str):
        raise TypeError(f"must be an ISO 8601 text, not {value!r}")
    return instant(datetime.fromisoformat(value), "time")


def _exactly(kind: type) -> Callable[[object, object], object]:
    def read(value: object, _: object) -> object:
        if type(value) is not kind:
            raise TypeError(f"must be {kind.__name__}, not {value!r}")
        return value

    return read


def _counter(value: object, _: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f"must be a whole number of at least 0, not {value!r}")
    return value


@cache
def converter() -> JsonConverter:
    """Make the converter, once."""
    made = make_converter(forbid_extra_keys=True, omit_if_default=True)
    made.register_unstructure_hook(datetime, _write_time)
    made.register_structure_hook(datetime, _read_time)
    made.register_structure_hook(str, _exactly(str))
    made.register_structure_hook(bool, _exactly(bool))
    made.register_structure_hook(int, _counter)
    made.register_structure_hook_func(lambda hint: hint is object, lambda value, _: value)
    for kind in (*EVENTS, *_REFUSALS):
        made.register_structure_hook(kind, make_dict_structure_fn(kind, made, _cattrs_forbid_extra_keys=True))
    configure_tagged_union(AnyEvent, made, tag_name="event", tag_generator=lambda kind: kind.__name__)
    configure_tagged_union(AnyRefusal, made, tag_name="error", tag_generator=lambda kind: kind.__name__)
    optional = AnyEvent | None  # a union of its own, which the tagged one does not cover
    made.register_structure_hook(optional, lambda value, _: None if value is None else made.structure(value, AnyEvent))
    made.register_unstructure_hook(optional, lambda value: None if value is None else made.unstructure(value, AnyEvent))
    return made
