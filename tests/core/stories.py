"""Small words for stories: days, and where a customer stands after some events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.core.strategies import BEGIN
from trustcurve import (
    BrokenPromise,
    Curve,
    Event,
    Exchanged,
    Occurrence,
    Position,
    PromiseKept,
    Proposed,
    Standing,
)

MICROSECOND = timedelta(microseconds=1)


def day(number: float) -> datetime:
    """Return an instant so many days after the beginning."""
    return BEGIN + timedelta(days=number)


def after(curve: Curve, *events: Event) -> Standing:
    """Return where the customer "ann" stands after these events."""
    standing = curve.begin("ann", BEGIN)
    for event in events:
        standing = curve.advance(standing, event).after
    return standing


def kept(weight: str = "major", **fields: Any) -> PromiseKept:
    """Keep a promise that nobody logged."""
    return PromiseKept(promise="unlogged", weight=weight, **{"at": BEGIN, **fields})  # type: ignore[arg-type]


def hopeful(at: datetime = BEGIN) -> list[Event]:
    """Carry a stranger across the barrier, with a little goodwill and nothing owed."""
    return [Proposed(at=at), Exchanged(at=at), Exchanged(at=at)]


def customer_centric(at: datetime = BEGIN) -> list[Event]:
    """Carry a stranger to customer-centric: three promises kept, all the goodwill there can be, no doubt."""
    return [Proposed(at=at), *[kept(at=at)] * 3, *[Exchanged(at=at)] * 4]


def broken(occurrence: Occurrence) -> str | None:
    """Return the promise that broke by its date, or None for a silence."""
    return occurrence.cause.promise if isinstance(occurrence.cause, BrokenPromise) else None


def standing_at(standing: Standing, position: Position) -> Standing:
    """Return the same standing at another position."""
    return Standing.of(standing.customer, position, standing.as_of_us, standing.quiet_since_us, standing.book)
