"""How a source's rows become events, as values; ``reading`` makes them of a mapping file.

The file's form is told in the reference page "Mapping files".
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from string import Formatter
from typing import Literal

from attrs import frozen

from trustcurve.records import EVENT_KINDS

__all__ = ["KINDS", "TESTS", "Condition", "Due", "EventTemplate", "Mapping", "MappingRule", "Template", "Test", "Value"]

Value = str | int | float | bool | date | datetime
Test = Literal["is", "not", "null", "at_least", "at_most", "above", "below"]

KINDS = EVENT_KINDS

TESTS: tuple[Test, ...] = ("is", "not", "null", "at_least", "at_most", "above", "below")
"""What a condition may ask of a column."""


@frozen
class Template:
    """A text with columns in it.

    Args:
        text: How it is written: "{shop}/{order}".
        parts: What it is made of: texts, each with the column that follows it, if one does.
    """

    text: str
    parts: tuple[tuple[str, str | None], ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read a template: what stands in braces is a column's name, whatever it is (``case:concept:name``).

        Raises:
            ValueError: The braces do not fit together.
        """
        return cls(text, tuple((literal, _whole(*inside)) for literal, *inside in Formatter().parse(text)))

    @classmethod
    def of_column(cls, name: str) -> Template:
        """Make the template that is one column's value."""
        return cls("{" + name + "}", (("", name),))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names."""
        return tuple(column for _, column in self.parts if column is not None)

    @property
    def literal(self) -> str | None:
        """What it says in every row, or None where it names columns."""
        return None if self.columns else "".join(literal for literal, _ in self.parts)


def _whole(name: str | None, form: str | None, conversion: str | None) -> str | None:
    """Put together what Python's formatter takes apart: a name may have colons in it."""
    return name if name is None else f"{name}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}"


@frozen
class Condition:
    """One condition on one column."""

    column: str
    test: Test
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
