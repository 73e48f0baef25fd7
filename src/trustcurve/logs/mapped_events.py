"""The events that rows become: a table of ``EVENTS``, in the order of rows, and the problems of rows that become none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import polars as pl
from attrs import NOTHING, evolve, fields_dict, frozen

from trustcurve.batch.event_table import TEMPLATE, EventTable
from trustcurve.logs.columns import INSTANT, due_time, moment, template, unread_time
from trustcurve.logs.mapping import KINDS, EventTemplate, LogMapping
from trustcurve.logs.numbers import text
from trustcurve.logs.opened_log import ROW
from trustcurve.logs.row_problems import PROBLEM, Problems, first
from trustcurve.logs.row_rules import AT, CUSTOMER, RULE, SEQUENCE
from trustcurve.records import EVENTS, polars_types

__all__ = ["EventRows", "event_rows"]

_TYPES = polars_types(EVENTS)
_PLACED = ("event", "at", "customer", "id", "row", "place", "sequence", "if_open")
_TEXTS = tuple(column.name for column in EVENTS.columns if column.kind == "text" and column.name not in _PLACED)
"""The fields of events that a mapping fills by templates."""


@frozen(eq=False)
class EventRows:
    """The events of rows.

    Args:
        table: The events, in the order of rows and of the rule's events.
        odd: The rows with an event that cannot be made, with the first problem (``PROBLEM``) of each.
        problems: Their problems.
        used: Which rows become events, or would but for a problem. Shape (rows,).
    """

    table: EventTable
    odd: pl.DataFrame
    problems: Problems
    used: Any


def event_rows(rows: pl.DataFrame, mapping: LogMapping) -> EventRows:
    """Make the events of rows; a row is mapped as a whole: if one of its events cannot be made, none is.

    Args:
        rows: The rows with their rules (``ruled_rows``).
        mapping: The mapping.
    """
    templates = [event for rule in mapping.rules for event in rule.events]
    source, number = _expanded(rows, mapping)
    every = bool((rows.height == len(source)) and (np.diff(source) == 1).all())
    placed = (rows if every else rows[source]).with_columns(pl.Series(TEMPLATE, number))
    if any(event.at is not None for event in templates):
        placed = placed.with_columns(_at(templates).alias(AT))
        there = placed.select(pl.col(AT).is_not_null() | _has_text(templates)).to_series()
        placed, source = placed.filter(there), source[there.to_numpy()]
    problems = Problems()
    numbered = list(enumerate(templates))
    found = [each for place, event in numbered for each in _problems(place, event, mapping, problems)]
    events = placed.lazy().select(
        pl.col(AT).alias("at"),
        pl.col(CUSTOMER).alias("customer"),
        *([template(mapping.id).alias("id")] if mapping.id is not None else []),
        pl.col(ROW).alias("row"),
        *([pl.col(SEQUENCE).alias("sequence")] if mapping.sequence is not None else []),
        *_filled(templates, mapping),
        pl.col(TEMPLATE),
        first(found).alias(PROBLEM),
    )
    made = events.collect()
    used = np.zeros(rows.height, bool)
    used[source] = True
    odd = made[PROBLEM].is_not_null()
    broken = placed.filter(odd).with_columns(made[PROBLEM].filter(odd)).unique(ROW, keep="first", maintain_order=True)
    if broken.height:
        made = made.filter(~pl.col("row").is_in(broken[ROW].implode()))
    return EventRows(EventTable(made.drop(PROBLEM), _constants(mapping)), broken, problems, used)


def _expanded(rows: pl.DataFrame, mapping: LogMapping) -> tuple[Any, Any]:
    """Return the row of each event, and the number of its template among all of the mapping."""
    many = np.array([len(rule.events) for rule in mapping.rules] + [0], np.int64)
    begins = np.concatenate([np.zeros(1, np.int64), np.cumsum(many)[:-1]])
    free = rows[PROBLEM].is_null().to_numpy()
    rule = rows[RULE].fill_null(len(mapping.rules)).to_numpy()
    if not free.all():
        rule = np.where(free, rule, len(mapping.rules))
    counts = many[rule]
    if counts.max(initial=0) <= 1:
        source = np.flatnonzero(counts)
        return source, begins[rule if len(source) == len(rule) else rule[source]].astype(np.uint16)
    source = np.repeat(np.arange(rows.height), counts)
    place = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
    return source, (begins[rule[source]] + place).astype(np.uint16)


def _constants(mapping: LogMapping) -> pl.DataFrame:
    """Return what is the same for all events of a template."""
    templates = [(event, place) for rule in mapping.rules for place, event in enumerate(rule.events)]
    literal = [{key: made_of.literal for key, made_of in event.texts} for event, _ in templates]
    constant = [key for key in _TEXTS if not _varies(key, (event for event, _ in templates))]
    return pl.DataFrame(
        {
            "event": [event.kind for event, _ in templates],
            "place": [place for _, place in templates],
            "if_open": [event.if_open for event, _ in templates],
            **{key: [texts.get(key) for texts in literal] for key in constant},
        },
        schema={name: _TYPES[name] for name in ("event", "place", "if_open", *constant)},
    )


def _varies(key: str, templates: Iterable[EventTemplate]) -> bool:
    """Whether a text of events is made from columns."""
    return any(name == key and made_of.columns for event in templates for name, made_of in event.texts)


def _filled(templates: list[EventTemplate], mapping: LogMapping) -> list[pl.Expr]:
    """Return the columns of events that differ from row to row."""
    filled = []
    for key in (key for key in _TEXTS if _varies(key, templates)):
        made = {place: dict(event.texts)[key] for place, event in enumerate(templates) if key in dict(event.texts)}
        filled.append(_by_template(made, template, len(templates), pl.String()).alias(key))
    due = {place: event for place, event in enumerate(templates) if event.due is not None}
    if due:
        # The beginning of a due date may be the event's own time: that of the template.
        dates = {place: evolve(event, texts=(), if_open=False, kind="") for place, event in due.items()}
        filled.append(_by_template(dates, lambda event: _due(event, mapping), len(templates), INSTANT).alias("due"))
    return filled


def _by_template(made: dict[int, Any], of: Callable[[Any], pl.Expr], many: int, dtype: pl.DataType) -> pl.Expr:
    """Return a column that is made in one of several ways for some templates, and null for the others."""
    ways: dict[Any, list[int]] = {}
    for place, way in made.items():
        ways.setdefault(way, []).append(place)
    if len(made) == many and len(ways) == 1:
        return of(next(iter(ways)))
    found = [pl.when(_is(places)).then(of(way)) for way, places in ways.items()]
    return pl.coalesce([*found, pl.lit(None, dtype)])


def _is(places: list[int]) -> pl.Expr:
    number = pl.col(TEMPLATE)
    return number == places[0] if len(places) == 1 else number.is_in(places)


def _due(event: EventTemplate, mapping: LogMapping) -> pl.Expr:
    assert event.due is not None  # noqa: S101 - only such events are asked
    return due_time(evolve(event.due, column=None), _start(event), None, mapping)


def _start(event: EventTemplate) -> pl.Expr:
    """Return the time from which a due date is reckoned."""
    return pl.col(AT) if event.due is None or event.due.column is None else moment(event.due.column)


def _at(templates: list[EventTemplate]) -> pl.Expr:
    """Return the time of each event: that of its row, or of a column of its own."""
    own = {place: event.at for place, event in enumerate(templates) if event.at is not None}
    taken = pl.coalesce([*(pl.when(_is([place])).then(moment(column)) for place, column in own.items())])
    return pl.when(_is(list(own))).then(taken).otherwise(pl.col(AT))


def _has_text(templates: list[EventTemplate]) -> pl.Expr:
    """Return whether the time of an event, in a column of its own, is there but cannot be read."""
    own = {place: event.at for place, event in enumerate(templates) if event.at is not None}
    return pl.any_horizontal(_is([place]) & text(column).is_not_null() for place, column in own.items())


def _problems(place: int, event: EventTemplate, mapping: LogMapping, problems: Problems) -> list[pl.Expr]:
    """Return the problems of the events of one template, in the order in which they are reported."""
    known, mine = fields_dict(KINDS[event.kind]), _is([place])
    found = []
    if event.at is not None:
        found.append(problems.when(mine & pl.col(AT).is_null(), unread_time(event.at)))
    if event.due is not None:
        start, column = _start(event), event.due.column
        far = pl.lit(f"unreadable time: {event.kind} would be due beyond the years 1 to 9999")
        found.append(problems.when(mine & start.is_not_null() & _due(event, mapping).is_null(), far))
        if column is not None:
            unread = text(column).is_not_null() & moment(column).is_null()
            found.append(problems.when(mine & unread, unread_time(column)))
        if column is not None and known["due"].default is NOTHING:
            empty = pl.lit(f"empty field: {event.kind} needs a due, and column '{column}' is empty")
            found.append(problems.when(mine & text(column).is_null(), empty))
    for key, made_of in event.texts:
        if known[key].default is NOTHING and made_of.columns:
            empty = pl.lit(f"empty field: {event.kind} needs a {key}, and {made_of.text!r} is empty")
            found.append(problems.when(mine & template(made_of).is_null(), empty))
    return found
