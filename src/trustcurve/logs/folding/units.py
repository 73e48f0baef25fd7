"""A mapped log, unit by unit: what one row says at one instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from attrs import define

from trustcurve.logs.columnar.frames import DUE, EVENT_TEXTS, KIND
from trustcurve.logs.columnar.order import GROUP, PLACE, SEVERAL
from trustcurve.logs.columnar.rows import AT, CUSTOMER, ID, OUTCOME, VALUE
from trustcurve.logs.sources.readers import ROW

__all__ = ["Unit", "groups_of"]

Made = tuple[str, dict[str, Any]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 4_096


@define(eq=False)
class Unit:
    """What one row says at one instant: its events there, or (``kinds`` is empty) an outcome seen there.

    Args:
        place: Its place in the order of the log.
        row: The row's number.
        customer: Whose it is.
        at: When it happened.
        id: The row's id, if it has one.
        several: Whether the row has something to say at other times, too.
        made: The events: the kind and the fields of each.
        outcome: The outcome's text.
        value: Its value; None where the text is none.
    """

    place: int
    row: int
    customer: str
    at: datetime
    id: str | None
    several: bool
    made: list[Made]
    outcome: str | None
    value: float | None


def groups_of(events: pl.DataFrame) -> Iterator[list[Unit]]:
    """Read the events of a mapped log, group by group (see ``in_order``)."""
    texts = [key for key in EVENT_TEXTS if events[key].null_count() < events.height]
    columns = (GROUP, PLACE, ROW, CUSTOMER, AT, ID, SEVERAL, OUTCOME, VALUE, KIND, DUE, *texts)
    units: list[Unit] = []
    made: list[Made] | None = None
    group = row_before = micros_before = -1
    for whose, place, row, customer, micros, identity, several, outcome, value, kind, due, *fields in _rows(
        events, columns
    ):
        if whose != group:
            if units:
                yield units
            group, units, made = whose, [], None
        if made is None or row != row_before or micros != micros_before:
            row_before, micros_before, made = row, micros, []
            at = _EPOCH + timedelta(microseconds=micros)
            units.append(Unit(place, row, customer, at, identity, several, made, outcome, value))
        if kind is None:
            made = None  # nothing joins an outcome: the events of its row come after it
            continue
        given = {key: field for key, field in zip(texts, fields, strict=True) if field is not None}
        if due is not None:
            given["due"] = _EPOCH + timedelta(microseconds=due)
        if identity is not None:
            given["id"] = identity
        made.append((kind, given))
    if units:
        yield units


def _rows(events: pl.DataFrame, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Read rows, so many at a time that a long log does not have to be in memory twice.

    Times as microseconds: Polars' own UTC is not Python's, and the ledger would convert every single one.
    """
    for some in events.iter_slices(_AT_ONCE):
        yield from zip(*(some[column].to_physical().to_list() for column in columns), strict=True)
