"""Mappings as values: how the rows of a log become events.

The file format is documented in the reference page "Mapping files".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from string import Formatter
from typing import Literal
from unicodedata import normalize

from attrs import frozen

from trustcurve.records import EVENT_KINDS

__all__ = [
    "KINDS",
    "OURS",
    "TESTS",
    "ColumnCondition",
    "Due",
    "EventTemplate",
    "LogMapping",
    "MappingRule",
    "OutcomeRule",
    "Template",
    "Test",
    "Value",
    "names_problem",
]

Value = str | int | float | bool | date | datetime
Test = Literal["is", "not", "null", "at_least", "at_most", "above", "below"]

OURS = "trustcurve."
"""How the names of columns begin that are added to a log."""

KINDS = EVENT_KINDS

TESTS: tuple[Test, ...] = ("is", "not", "null", "at_least", "at_most", "above", "below")
"""The tests of a condition."""


@frozen
class Template:
    """A text with columns in it.

    Args:
        text: The template as it is written: "{shop}/{order}".
        parts: Its parts: texts, each with the column that follows it, or None.
    """

    text: str
    parts: tuple[tuple[str, str | None], ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Parse a template; the text in braces is the name of a column, with any characters (``case:concept:name``).

        Raises:
            ValueError: The braces do not match.
        """
        return cls(text, tuple((literal, _whole(*inside)) for literal, *inside in Formatter().parse(text)))

    @classmethod
    def of_column(cls, name: str) -> Template:
        """Return the template that is one column's value."""
        return cls("{" + name + "}", (("", name),))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column for _, column in self.parts if column is not None)

    @property
    def literal(self) -> str | None:
        """Its text in every row, or None if it has columns."""
        return None if self.columns else "".join(literal for literal, _ in self.parts)


def _whole(name: str | None, form: str | None, conversion: str | None) -> str | None:
    """Join what Python's formatter splits: a name can contain colons."""
    return name if name is None else f"{name}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}"


@frozen
class ColumnCondition:
    """One condition on one column."""

    column: str
    test: Test
    values: tuple[Value, ...]


@frozen
class Due:
    """When a promise is due: the time in a column (or ``after`` the event), optionally at the end of that day, ``plus`` a duration."""

    column: str | None = None
    after: timedelta | None = None
    end_of_day: bool = False
    plus: timedelta = timedelta(0)


@frozen
class EventTemplate:
    """An event to make from a row: its class, templates for its texts, and the sources of its times.

    With ``if_open`` it is skipped where its promise is neither open nor overdue.
    """

    kind: str
    texts: tuple[tuple[str, Template], ...] = ()
    due: Due | None = None
    at: str | None = None
    if_open: bool = False


@frozen
class MappingRule:
    """A rule: rows for which all conditions hold become these events; the first rule that matches a row applies.

    With ``once_per`` only the first row with each value of that template matches.
    """

    name: str
    when: tuple[ColumnCondition, ...] = ()
    once_per: Template | None = None
    ignore: bool = False
    events: tuple[EventTemplate, ...] = ()


def names_problem(names: Iterable[str]) -> str | None:
    """Return the rule that names for all columns of a file break, if they break one."""
    for name, times in Counter(normalize("NFC", name) for name in names).items():
        if not name.strip():
            return "must not have an empty name"
        if times > 1:
            return f"must not have a name twice: {name!r}"
        if name.startswith(OURS):
            return f"must not have a name that begins with {OURS!r}, which is reserved: {name!r}"
    return None


@frozen
class OutcomeRule:
    """An outcome of the user's own: which rows have one, when, and its value.

    Its value is that of a column or, within a period after the row, whether an event of some kinds happens.

    Args:
        name: Its name.
        column: The column of its value; None if events decide.
        at: The column of its time, if that is not the time of the row.
        when: The conditions of the rows that have one.
        events: The kinds of events that decide.
        within: The period after the row.
        happens: Whether the value is 1 if such an event happens, not if none does.
        option: The option of the command line that names the column; None if the mapping does.
    """

    name: str
    column: str | None = None
    at: str | None = None
    when: tuple[ColumnCondition, ...] = ()
    events: tuple[str, ...] = ()
    within: timedelta | None = None
    happens: bool = True
    option: str | None = None

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Its columns, each with the place that names it."""
        place = f"[[outcomes]] {self.name}"
        named = [(self.column, self.option or f"{place} column")] if self.column else []
        named += [(self.at, f"{self.option}-at" if self.option else f"{place} at")] if self.at else []
        return [*named, *((condition.column, f"{place} when") for condition in self.when)]


@frozen
class LogMapping:
    """A mapping: the columns of customer, time and id, the words that mean "empty", the rules and the outcomes.

    ``column_names`` are the names of all columns of a CSV without a heading, for ``scan_log``.
    """

    source: str
    customer: Template
    time: str
    timezone: str | None = None
    time_formats: tuple[tuple[str, str], ...] = ()
    id: Template | None = None
    sequence: str | None = None
    empty: tuple[str, ...] = ()
    column_names: tuple[str, ...] = ()
    rules: tuple[MappingRule, ...] = ()
    outcomes: tuple[OutcomeRule, ...] = ()

    def time_format(self, column: str) -> str | None:
        """Return the format of a column's times, or None for ISO 8601."""
        formats = dict(self.time_formats)
        return formats.get(column, formats.get(""))

    @property
    def conditions(self) -> list[tuple[str, ColumnCondition]]:
        """Every condition, with the rule or outcome that has it."""
        rules = [(f"rule {rule.name!r}", rule.when) for rule in self.rules]
        outcomes = [(f"outcome {outcome.name!r}", outcome.when) for outcome in self.outcomes]
        return [(whose, condition) for whose, when in (*rules, *outcomes) for condition in when]

    @property
    def template_columns(self) -> tuple[str, ...]:
        """The columns of its templates."""
        made = [self.customer, *([self.id] if self.id else [])]
        made += [rule.once_per for rule in self.rules if rule.once_per]
        made += [text for rule in self.rules for event in rule.events for _, text in event.texts]
        return tuple(dict.fromkeys(column for template in made for column in template.columns))

    @property
    def columns(self) -> dict[str, str]:
        """Every column that the mapping needs, with the first place in the file that names it."""
        named = [(self.time, "[log] time"), *((c, "[log] customer") for c in self.customer.columns)]
        named += [(self.sequence, "[log] sequence")] if self.sequence else []
        named += [(column, "[log] time_format") for column, _ in self.time_formats if column]
        named += [(c, "[log] id") for c in (self.id.columns if self.id else ())]
        for rule in self.rules:
            place = f"[[rules]] {rule.name}"
            named += [(condition.column, f"{place} when") for condition in rule.when]
            named += [(column, f"{place} once_per") for column in (rule.once_per.columns if rule.once_per else ())]
            for event in rule.events:
                named += [(event.at, f"{place} {event.kind} at")] if event.at else []
                named += [(event.due.column, f"{place} {event.kind} due")] if event.due and event.due.column else []
                named += [(c, f"{place} {event.kind} {key}") for key, text in event.texts for c in text.columns]
        named += [each for outcome in self.outcomes for each in outcome.columns]
        return dict(reversed(named))
