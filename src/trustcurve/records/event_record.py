"""Events as records: one table for all event classes, with a column for each of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, fields, fields_dict

from trustcurve.core import events
from trustcurve.core.events import Event
from trustcurve.core.replay import LoggedEvent
from trustcurve.errors import InvalidValueError, UnknownWordError, plain_word
from trustcurve.records.schema import Column, Schema, columns_of

__all__ = ["EVENTS", "EVENT_KINDS", "event_of", "event_record"]

EVENT_KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in events.EVENTS}
"""All event classes, by name."""

_COLUMNS = {kind: columns_of(kind) for kind in EVENT_KINDS.values()}
_PLACED = columns_of(LoggedEvent, without=("event",))
_NEEDED = {kind: [column.name for column in own if column.needed] for kind, own in _COLUMNS.items()}


def _columns() -> tuple[Column, ...]:
    """Return the columns of all event classes; a field that some classes do not have is optional."""
    kinds = [{column.name: column for column in own} for own in _COLUMNS.values()]
    found: dict[str, Column] = {}
    for column in (column for kind in kinds for column in kind.values()):
        optional = column.optional or any(column.name not in kind for kind in kinds)
        before = found.get(column.name, column)
        found[column.name] = evolve(column, optional=optional or before.optional, needed=column.needed and not optional)
    return tuple(found.values())


EVENTS = Schema("events", (Column("event", "text", words=tuple(EVENT_KINDS)), *_columns(), *_PLACED))
"""Events: their class (``event``), their fields, and their place in a log."""

_GIVEN = {kind: [name for name in EVENTS.names if name in fields_dict(kind)] for kind in _COLUMNS}


def event_record(event: Event | LoggedEvent) -> dict[str, Any]:
    """Return an event as a record of ``EVENTS``.

    Raises:
        InvalidValueError: It is not an event.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import OneSided
        >>> record = event_record(OneSided(at=datetime(2026, 1, 1, tzinfo=UTC), by="company", id="7"))
        >>> {name: value for name, value in record.items() if value is not None and name != "at"}
        {'event': 'OneSided', 'id': '7', 'by': 'company', 'place': 0, 'if_open': False}
    """
    logged = event if isinstance(event, LoggedEvent) else LoggedEvent(event)
    given = {field.name: getattr(logged.event, field.name) for field in fields(type(logged.event)) if field.init}
    placed = {column.name: getattr(logged, column.name) for column in _PLACED}
    return dict.fromkeys(EVENTS.names) | {"event": type(logged.event).__name__} | given | placed


def event_of(record: Mapping[str, Any]) -> LoggedEvent:
    """Return the event of a record; empty fields are left out, and columns of other tables are ignored.

    Raises:
        UnknownWordError: The record names no event class, or an unknown one.
        InvalidValueError: The record is not a mapping, a field that the class needs is missing, or a field is invalid,
            as for the class itself.

    Examples:
        >>> from datetime import UTC, datetime
        >>> event_of({"event": "Departed", "at": datetime(2026, 1, 1, tzinfo=UTC), "row": 12}).row
        12
    """
    if not isinstance(record, Mapping):
        raise InvalidValueError("record", record, "must be a mapping of columns to values, such as event_record(event)")
    name = plain_word(record.get("event"))
    kind = EVENT_KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise UnknownWordError("event", name, tuple(EVENT_KINDS))
    for needed in _NEEDED[kind]:
        if record.get(needed) is None:
            raise InvalidValueError(needed, None, f"must be given in a record of {kind.__name__}")
    given = {name: record[name] for name in _GIVEN[kind] if record.get(name) is not None}
    placed = {column.name: record[column.name] for column in _PLACED if record.get(column.name) is not None}
    if type(placed.get("if_open")) is int and placed["if_open"] in (0, 1):
        placed["if_open"] = bool(placed["if_open"])  # SQLite has no flags
    return LoggedEvent(kind(**given), **placed)
