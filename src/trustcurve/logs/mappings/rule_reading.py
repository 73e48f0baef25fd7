"""The rules of a mapping file: conditions, events, templates and due dates, each wrong one told at its place."""

from __future__ import annotations

import re
from collections.abc import Mapping as Table
from datetime import date, timedelta
from math import isfinite
from typing import Any, cast

from attrs import NOTHING, Attribute, fields_dict

from trustcurve.core.errors import InvalidValueError, UnknownWordError, did_you_mean
from trustcurve.core.reader import Reader
from trustcurve.logs.mappings.mapping import KINDS, TESTS, Condition, Due, EventTemplate, MappingRule, Template

__all__ = ["read_optional", "read_rule", "read_template"]

_RULE_KEYS = ("name", "when", "first", "ignore", "events")
_DUE_KEYS = ("column", "after", "end_of_day", "plus")

_FORMATTED = re.compile(r"!.(:|$)|:[\W\d]")
"""What Python would take for a conversion or a format; a colon before a letter may be part of a name."""


def read_rule(reader: Reader, place: str, raw: object) -> MappingRule:
    """Read one rule."""
    row = reader.table(raw, place, _RULE_KEYS)
    when = row.get("when", {})
    if not isinstance(when, Table):
        reader.wrong(place, "when", "must be a table of columns")
        when = {}
    ignore = reader.flag(place, "ignore", row)
    events = [_event(reader, f"{place} events", each) for _, each in reader.rows(row.get("events", []), "rules.events")]
    if ignore == bool(row.get("events")):
        reader.wrong(place, "events", "give the rule events, or say ignore = true; one of both")
    return MappingRule(
        name=read_optional(reader, place, "name", row) or place.partition("] ")[2],
        when=tuple(each for column, tests in when.items() for each in _conditions(reader, place, column, tests)),
        first=reader.flag(place, "first", row),
        ignore=ignore,
        events=tuple(event for event in events if event is not None),
    )


def read_optional(reader: Reader, table: str, key: str, row: Table[str, Any]) -> str | None:
    """Read a text that may be left out, but not be empty."""
    return reader.text(table, key, row) if key in row else None


def read_template(reader: Reader, place: str, key: str, text: str) -> Template | None:
    """Read a template; None, and a finding, for what is none."""
    try:
        template = Template.parse(text)
    except ValueError as error:
        reader.wrong(place, key, f"is no template: {error}; write braces as {{{{ and }}}}")
        return None
    for column in template.columns:
        if not column:
            reader.wrong(place, key, "has empty braces: name a column in them")
        elif _FORMATTED.search(column):
            reader.wrong(place, key, f"has {{{column}}} in it: values have no formats here, name the column alone")
    return template


def _conditions(reader: Reader, place: str, column: str, raw: object) -> list[Condition]:
    tests = raw if isinstance(raw, Table) else {"is": raw}
    if not tests:
        reader.wrong(place, f"when.{column}", "asks nothing: give a value, or a table such as { at_least = 10 }")
    read = []
    for test, value in reader.table(tests, f"{place} when.{column}", TESTS).items():
        problem = _problem(test, value)
        if problem is not None:
            reader.wrong(place, f"when.{column}.{test}", problem)
        else:
            read.append(Condition(column, cast("Any", test), tuple(value) if isinstance(value, list) else (value,)))
    return read


def _problem(test: str, value: object) -> str | None:
    """Say what is wrong with the value of a test, if anything is."""
    values = value if isinstance(value, list) else [value]
    if test == "null":
        return None if isinstance(value, bool) else f"must be true or false, not {value!r}"
    if test in ("is", "not"):
        if not values or not all(isinstance(each, str | int | float | date) for each in values):
            return f"must be a value or an array of values, not {value!r}"
    elif isinstance(value, bool) or not isinstance(value, int | float | date):
        return f"must be a number or a date, not {value!r}"
    for each in values:
        if isinstance(each, int | float) and not _is_finite(each):
            return f"must be a finite number, not {each!r}"
        if isinstance(each, str) and not each.strip():
            return "is an empty text, and no field has one: ask with { null = true }"
        if isinstance(each, str) and each != each.strip():
            return f"has blanks around it, and those of fields do not count: write {each.strip()!r}"
    return None


def _is_finite(number: float) -> bool:
    try:
        return isfinite(number)
    except OverflowError:  # a whole number that no column could hold
        return False


def _event(reader: Reader, place: str, raw: object) -> EventTemplate | None:
    name = raw.get("event") if isinstance(raw, Table) else None
    if not isinstance(raw, Table) or not isinstance(name, str) or name not in KINDS:
        hint = did_you_mean(name, KINDS) or "; known: " + ", ".join(KINDS)
        reader.wrong(place, "event", f"must name a kind of event, not {name!r}{hint}")
        return None
    place = f"{place}: {name}"
    known = {key: attribute for key, attribute in fields_dict(KINDS[name]).items() if attribute.init and key not in ("customer", "id")}
    row = reader.table(raw, place, ("event", *known))
    for key, attribute in known.items():
        if attribute.default is NOTHING and key != "at" and key not in row:
            reader.wrong(place, key, "is missing")
    texts = [(key, _text(reader, place, known[key], row)) for key in row if key not in ("event", "at", "due")]
    return EventTemplate(
        kind=name,
        texts=tuple((key, text) for key, text in texts if text is not None),
        due=_due(reader, f"{place} due", row["due"]) if "due" in row else None,
        at=read_optional(reader, place, "at", row),
    )


def _text(reader: Reader, place: str, attribute: Attribute[Any], row: Table[str, Any]) -> Template | None:
    """Read the template of an event's field; one that says the same in every row is held against the field itself."""
    key = attribute.name
    text = reader.text(place, key, row)
    template = read_template(reader, place, key, text) if text else None
    if template is None or template.literal is None or attribute.validator is None:
        return template
    try:
        attribute.validator(None, attribute, template.literal)
    except UnknownWordError as error:
        hint = did_you_mean(error.value, error.known) or "; known: " + ", ".join(error.known)
        reader.wrong(place, key, f"unknown word {error.value!r}{hint}")
    except InvalidValueError as error:
        reader.wrong(place, key, error.rule)
    return template


def _due(reader: Reader, place: str, raw: object) -> Due:
    row = reader.table({"column": raw} if isinstance(raw, str) else raw, place, _DUE_KEYS)
    if isinstance(raw, str | Table) and ("column" in row) == ("after" in row):
        reader.wrong(place, "column", "give a column, or after = { hours = 24 }; one of both")
    plus = reader.duration(place, "plus", row["plus"]) if "plus" in row else None
    return Due(
        column=read_optional(reader, place, "column", row),
        after=reader.duration(place, "after", row["after"]) if "after" in row else None,
        end_of_day=reader.flag(place, "end_of_day", row),
        plus=plus or timedelta(0),
    )
