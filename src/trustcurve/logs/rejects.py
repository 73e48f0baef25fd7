"""What could not be used of a log, and why: broken rows, rejected events, conflicts."""

from __future__ import annotations

import re
from datetime import datetime

from attrs import fields, frozen

from trustcurve.core.errors import TrustcurveError
from trustcurve.core.events import Event
from trustcurve.core.replay import EventFate, LoggedEvent

__all__ = ["Rejected", "reason_of", "refusal", "rejected"]


@frozen
class Rejected:
    """Something of a log that could not be used.

    Args:
        row: The row's number; None for an event of a stream.
        customer: Whose it is, where that is known.
        at: The event's time; None for a row of which no events could be made.
        event: The kind of the event; None for such a row.
        reason: Why, in a few words that are the same for all of the kind.
        detail: Why, with the values.
    """

    row: int | None
    customer: str | None
    at: datetime | None
    event: str | None
    reason: str
    detail: str


def rejected(fate: EventFate) -> Rejected:
    """Return the reject of an event whose fate is "rejected" or "conflict"."""
    event, cause = fate.logged.event, fate.cause or fate.logged
    if fate.error is None:
        reason, detail = "conflict", _conflict(event, cause)
    else:
        reason, detail = reason_of(fate.error), refusal(type(cause.event).__name__, fate.error)
    return Rejected(fate.logged.row, event.customer, event.at, type(event).__name__, reason, detail)


def reason_of(error: TrustcurveError) -> str:
    """Name an error in words: UnknownPromiseError is an "unknown promise"."""
    return re.sub("(?<!^)([A-Z])", r" \1", type(error).__name__.removesuffix("Error")).lower()


def refusal(kind: str, error: TrustcurveError) -> str:
    """Say what was refused: the error, with the kind of event that it is about."""
    return str(error) if str(error).startswith(kind) else f"{kind}: {error}"


def _conflict(event: Event, first: LoggedEvent) -> str:
    """Say which row used the id first, and what differs."""
    where = f"row {first.row}" if first.row is not None else f"the event at {first.event.at.isoformat()}"
    if type(event) is type(first.event):
        names = [each.name for each in fields(type(event)) if each.init]
        differing = [name for name in names if getattr(event, name) != getattr(first.event, name)]
    else:
        differing = ["event"]
    return f"conflict: {where} used id {event.id!r} with another {' and '.join(differing)}"
