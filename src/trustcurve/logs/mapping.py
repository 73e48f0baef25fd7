"""How a source's rows become events: a mapping file as values.

The file's form is told in the how-to guide "Writing a mapping".
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Table
from datetime import date, datetime, timedelta
from os import PathLike, fspath
from pathlib import Path
from string import Formatter
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from attrs import field, fields_dict, frozen

from trustcurve.core.errors import Finding, did_you_mean
from trustcurve.core.events import EVENTS, Event
from trustcurve.core.reading import Reader
from trustcurve.logs.errors import InvalidMappingError

__all__ = ["Condition", "Due", "EventTemplate", "Mapping", "MappingRule", "Template", "load_mapping", "parse_mapping"]

Value = str | int | float | bool | date | datetime

KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in EVENTS}
_LOG_KEYS = ("customer", "time", "timezone", "time_format", "id", "tie")
_RULE_KEYS = ("name", "when", "first", "ignore", "events")
_TESTS = ("is", "not", "null", "at_least", "at_most", "above", "below")


@frozen
class Template:
    """A text with columns in braces: "{shop}/{order}"; without braces it is the text itself."""

    text: str
    parts: tuple[tuple[str, str | None], ...] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        parsed = tuple((literal, column) for literal, column, _, _ in Formatter().parse(self.text))
        object.__setattr__(self, "parts", parsed)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names."""
        return tuple(column for _, column in self.parts if column is not None)


@frozen
class Condition:
    """One condition on one column: ``test`` is one of is, not, null, at_least, at_most, above, below."""

    column: str
    test: Literal["is", "not", "null", "at_least", "at_most", "above", "below"]
    values: tuple[Value, ...]


@frozen
class Due:
    """When a promise is due: the time in a column (or ``after`` the event), at the end of that day, and so much later."""

    column: str | None = None
    after: timedelta | None = None
    end_of_day: bool = False
    plus: timedelta = timedelta(0)


@frozen
class EventTemplate:
    """An event to be made of a row: its kind, templates for its texts, and where its times come from."""

    kind: str
    texts: tuple[tuple[str, Template], ...] = ()
    due: Due | None = None
    at: str | None = None


@frozen
class MappingRule:
    """Rows that fulfil all conditions become these events; the first rule that fits a row decides."""

    name: str
    when: tuple[Condition, ...] = ()
    first: bool = False
    ignore: bool = False
    events: tuple[EventTemplate, ...] = ()


@frozen
class Mapping:
    """A whole mapping: whose and when a row is, and the rules."""

    source: str
    customer: Template
    time: str
    timezone: str | None = None
    time_formats: tuple[tuple[str, str], ...] = ()
    id: Template | None = None
    tie: str | None = None
    rules: tuple[MappingRule, ...] = ()

    def time_format(self, column: str) -> str | None:
        """The form of a column's text times, or None for ISO 8601."""
        formats = dict(self.time_formats)
        return formats.get(column, formats.get(""))

    @property
    def columns(self) -> dict[str, str]:
        """Every column that the mapping needs, with the place that names it first."""
        named = [(self.time, "[log] time"), *((c, "[log] customer") for c in self.customer.columns)]
        named += [(self.tie, "[log] tie")] if self.tie else []
        named += [(column, "[log] time_format") for column, _ in self.time_formats if column]
        named += [(c, "[log] id") for c in (self.id.columns if self.id else ())]
        for rule in self.rules:
            place = f"[[rules]] {rule.name}"
            named += [(condition.column, f"{place} when") for condition in rule.when]
            for event in rule.events:
                named += [(event.at, f"{place} {event.kind} at")] if event.at else []
                named += [(event.due.column, f"{place} {event.kind} due")] if event.due and event.due.column else []
                named += [(c, f"{place} {event.kind} {key}") for key, text in event.texts for c in text.columns]
        return dict(reversed(named))


def load_mapping(path: str | PathLike[str]) -> Mapping:
    """Load a mapping file and check all of it that can be checked without the log.

    Raises:
        InvalidMappingError: With all findings at once: each names file, table and key.
        OSError: The file cannot be opened.
    """
    name = fspath(path)
    try:
        text = Path(name).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidMappingError((Finding(name, "the file", "", f"is not UTF-8: {error}"),)) from None
    return parse_mapping(text, name)


def parse_mapping(text: str, source: str = "the mapping") -> Mapping:
    """Read a mapping from TOML; for errors see ``load_mapping``."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidMappingError((Finding(source, "TOML", "", str(error)),)) from None
    reader = Reader(source)
    whole = reader.table(document, "the file", ("log", "rules"))
    log = reader.table(whole.get("log", {}), "[log]", _LOG_KEYS)
    zone = _optional(reader, "[log]", "timezone", log)
    if zone is not None:
        _check_zone(reader, zone)
    identity = _optional(reader, "[log]", "id", log)
    rules = tuple(_rule(reader, place, raw) for place, raw in reader.rows(whole.get("rules", []), "rules"))
    if not rules and not reader.findings:
        reader.wrong("[[rules]]", "", "there must be at least one rule")
    mapping = Mapping(
        source=source,
        customer=_column_or_template(reader, "customer", reader.text("[log]", "customer", log)),
        time=reader.text("[log]", "time", log),
        timezone=zone,
        time_formats=_formats(reader, log),
        id=None if identity is None else _column_or_template(reader, "id", identity),
        tie=_optional(reader, "[log]", "tie", log),
        rules=rules,
    )
    if reader.findings:
        raise InvalidMappingError(tuple(reader.findings))
    return mapping


def _optional(reader: Reader, table: str, key: str, row: Table[str, Any]) -> str | None:
    return reader.text(table, key, row) if key in row else None


def _formats(reader: Reader, log: Table[str, Any]) -> tuple[tuple[str, str], ...]:
    """Read the form of text times: one for all columns (under the empty name), or one for each."""
    raw = log.get("time_format", {})
    formats = raw if isinstance(raw, Table) else {"": raw}
    return tuple(
        (str(column), reader.text("[log]", "time_format", {"time_format": each})) for column, each in formats.items()
    )


def _check_zone(reader: Reader, zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (OSError, ValueError):
        reader.wrong("[log]", "timezone", f"unknown timezone {zone!r}: use an IANA name such as 'Europe/Berlin'")


def _column_or_template(reader: Reader, key: str, text: str) -> Template:
    """Read a column's name, or a template where there are braces."""
    return _template(reader, "[log]", key, text if "{" in text else "{" + text + "}")


def _template(reader: Reader, place: str, key: str, text: str) -> Template:
    try:
        template = Template(text)
    except ValueError as error:
        reader.wrong(place, key, f"is no template: {error}; write braces as {{{{ and }}}}")
        return Template("")
    if any(not column for column in template.columns):
        reader.wrong(place, key, "has empty braces: name a column in them")
    return template


def _rule(reader: Reader, place: str, raw: object) -> MappingRule:
    row = reader.table(raw, place, _RULE_KEYS)
    when = reader.table(row.get("when", {}), f"{place} when", row["when"]) if isinstance(row.get("when"), Table) else {}
    if "when" in row and not isinstance(row["when"], Table):
        reader.wrong(place, "when", "must be a table of columns")
    ignore = reader.flag(place, "ignore", row)
    events = tuple(
        _event(reader, f"{place} events", each) for _, each in reader.rows(row.get("events", []), "rules.events")
    )
    if ignore == bool(events):
        reader.wrong(place, "events", "give the rule events, or say ignore = true; one of both")
    return MappingRule(
        name=str(row.get("name") or place.partition("] ")[2]),
        when=tuple(
            condition for column, test in when.items() for condition in _conditions(reader, place, column, test)
        ),
        first=reader.flag(place, "first", row),
        ignore=ignore,
        events=tuple(event for event in events if event is not None),
    )


def _conditions(reader: Reader, place: str, column: str, raw: object) -> list[Condition]:
    tests = raw if isinstance(raw, Table) else {"is": raw}
    read = []
    for test, value in reader.table(tests, f"{place} when.{column}", _TESTS).items():
        values = tuple(value) if isinstance(value, list) else (value,)
        key = f"when.{column}.{test}"
        if test == "null" and not isinstance(value, bool):
            reader.wrong(place, key, f"must be true or false, not {value!r}")
        elif test not in ("is", "not", "null") and (
            isinstance(value, bool | str | list) or not isinstance(value, int | float | date)
        ):
            reader.wrong(place, key, f"must be a number or a date, not {value!r}")
        elif not values or not all(isinstance(each, str | int | float | date) for each in values):
            reader.wrong(place, key, f"must be a value or an array of values, not {value!r}")
        else:
            read.append(Condition(column, cast("Any", test), values))
    return read


def _event(reader: Reader, place: str, raw: object) -> EventTemplate | None:
    name = raw.get("event") if isinstance(raw, Table) else None
    if not isinstance(raw, Table) or name not in KINDS:
        hint = did_you_mean(name, KINDS) or "; known: " + ", ".join(KINDS)
        reader.wrong(place, "event", f"must name a kind of event, not {name!r}{hint}")
        return None
    kind = KINDS[name]
    known = fields_dict(kind)
    row = reader.table(raw, f"{place}: {name}", ("event", *(key for key in known if key not in ("customer", "id"))))
    for key, attribute in known.items():
        if key != "at" and attribute.default is not None and str(attribute.default) == "NOTHING" and key not in row:
            reader.wrong(f"{place}: {name}", key, "is missing")
    texts = [(key, reader.text(f"{place}: {name}", key, row)) for key in row if key not in ("event", "at", "due")]
    return EventTemplate(
        kind=name,
        texts=tuple((key, _template(reader, f"{place}: {name}", key, text)) for key, text in texts),
        due=_due(reader, f"{place}: {name} due", row["due"]) if "due" in row else None,
        at=_optional(reader, f"{place}: {name}", "at", row),
    )


def _due(reader: Reader, place: str, raw: object) -> Due:
    row = reader.table(
        {"column": raw} if isinstance(raw, str) else raw, place, ("column", "after", "end_of_day", "plus")
    )
    if ("column" in row) == ("after" in row):
        reader.wrong(place, "column", "give a column, or after = { hours = 24 }; one of both")
    after = reader.duration(place, "after", row["after"]) if "after" in row else None
    plus = reader.duration(place, "plus", row["plus"]) if "plus" in row else None
    return Due(
        column=_optional(reader, place, "column", row),
        after=after,
        end_of_day=reader.flag(place, "end_of_day", row),
        plus=plus or timedelta(0),
    )
