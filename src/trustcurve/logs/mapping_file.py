"""Mapping files: their shape as attrs classes, and reading them, without a log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from math import isfinite
from os import PathLike
from typing import Annotated, Any, get_args, get_type_hints

from attrs import NOTHING, Attribute, field, fields, frozen, make_class

from trustcurve.core.events import PromiseMade
from trustcurve.documents.forms import SOME, TEXT, Form, Tagged, Text, UnfitError, UnknownProblem, described
from trustcurve.documents.plain_text import read_text
from trustcurve.documents.problems import explained, named
from trustcurve.documents.reader import read_toml
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.logs.log_errors import InvalidMappingError
from trustcurve.logs.mapping import (
    KINDS,
    TESTS,
    ColumnCondition,
    Due,
    EventTemplate,
    LogMapping,
    MappingRule,
    OutcomeRule,
    Template,
    names_problem,
)
from trustcurve.logs.mapping import Value as _Value
from trustcurve.logs.timezones import format_problem, zone_problem

__all__ = ["MappingFile", "load_mapping", "parse_mapping"]

_TEXT_SCHEMA = {"type": "string", **TEXT.schema}
_FORMATTED = re.compile(r"!.(:|$)|:[\W\d]")
"""A conversion or a format of Python; a colon before a letter can be part of a name."""


# --- single values ---------------------------------------------------------------------------------


def _text(value: object) -> str:
    if not isinstance(value, str) or not TEXT.fits(value):
        raise UnfitError(f"{TEXT.words}, got {named(value)}")
    return value


def _template(value: object) -> Template:
    """Read a text with columns in braces."""
    try:
        template = Template.parse(_text(value))
    except ValueError as error:
        raise UnfitError(f"is not a template: {error}; write braces as {{{{ and }}}}") from None
    for column in template.columns:
        if not column:
            raise UnfitError("must not have empty braces: name a column in them")
        if _FORMATTED.search(column):
            raise UnfitError(f"must not have a format, got {{{column}}}: name the column alone")
    return template


def _identity(value: object) -> Template:
    """Read the name of a column, or a template if the text has braces."""
    if "{" not in _text(value):
        return Template.of_column(_text(value))
    template = _template(value)
    if template.literal is not None:
        raise UnfitError(f"must name a column: it would be {template.literal!r} in every row")
    return template


def _columns(value: object) -> Template:
    """Read a template that names a column."""
    template = _template(value)
    if template.literal is not None:
        raise UnfitError(f"must name a column in braces, such as '{{{template.literal}}}', got {template.literal!r}")
    return template


def _zone(value: object) -> str:
    problem = zone_problem(_text(value))
    if problem is not None:
        raise UnfitError(problem)
    return _text(value)


def _format(value: object) -> str:
    problem = format_problem(_text(value))
    if problem is not None:
        raise UnfitError(problem)
    return _text(value)


def _compared(value: object) -> _Value:
    """Read a value to compare a column with."""
    if isinstance(value, str):
        if not value.strip():
            raise UnfitError("must not be empty: write { null = true } for an empty field")
        if value != value.strip():
            raise UnfitError(
                f"must not have blanks around it, since those of fields are removed: write {value.strip()!r}"
            )
    elif not isinstance(value, int | float | date):
        raise UnfitError(f"must be a text, a number, a date, true or false, got {named(value)}")
    elif not isinstance(value, date) and not isfinite(value):
        raise UnfitError(f"must be a finite number, got {value!r}")
    return value


def _bound(value: object) -> _Value:
    if isinstance(value, bool) or not isinstance(value, int | float | date):
        raise UnfitError(f"must be a number or a date, got {named(value)}")
    return _compared(value)


_Scalar = str | int | float | bool | date
_Compared = Annotated[_Scalar, Form(_compared, {"type": ["string", "number", "boolean"]})]
_AnyCompared = Annotated[tuple[_Compared, ...], SOME]
_Bound = Annotated[int | float | date, Form(_bound, {"type": ["number", "string"]})]


# --- tables ------------------------------------------------------------------------------------------


@frozen
class _Tests:
    """Tests of a column; all must hold.

    Args:
        is_: The field is this, or one of these.
        not_: The field is none of these.
        null: Whether the field is empty.
        at_least: The field is a number or a time of at least this.
        at_most: The field is a number or a time of at most this.
        above: The field is a number or a time above this.
        below: The field is a number or a time below this.
    """

    is_: _Compared | _AnyCompared | None = None
    not_: _Compared | _AnyCompared | None = None
    null: bool | None = None
    at_least: _Bound | None = None
    at_most: _Bound | None = None
    above: _Bound | None = None
    below: _Bound | None = None

    def __attrs_post_init__(self) -> None:
        if all(getattr(self, each.name) is None for each in fields(_Tests)):
            raise UnfitError("must have a test, such as { at_least = 10 }")


@frozen
class _Due:
    """When a promise is due.

    Args:
        column: The column that has the time.
        after: A duration after the event, if no column has the time.
        end_of_day: Whether it is due at the end of that day.
        plus: A duration to add.
    """

    column: Text | None = None
    after: timedelta | None = None
    end_of_day: bool = False
    plus: timedelta = timedelta(0)

    def __attrs_post_init__(self) -> None:
        if (self.column is None) == (self.after is None):
            raise UnfitError("must have either column or after, such as after = { hours = 24 }")


_CLOSING = ("PromiseKept", "PromiseBroken", "PromiseMoved", "PromiseReleased")
"""The events that are about a promise made before."""


def _event_form(kind: str) -> type:
    """Return the class of an event in a mapping: the same fields, each as a template, a due date, or a column of times."""
    hints = get_type_hints(KINDS[kind])

    def form(attribute: Attribute[Any]) -> Any:
        if datetime in (hints[attribute.name], *get_args(hints[attribute.name])):
            hint: Any = Text | _Due
        else:
            hint = Annotated[
                Template, Form(lambda value: _field(attribute, value), _field_schema(hints[attribute.name]))
            ]
        required = attribute.default is NOTHING
        return field(type=hint) if required else field(type=hint | None, default=None)

    templates = {
        each.name: form(each) for each in fields(KINDS[kind]) if each.init and each.name not in ("at", "customer", "id")
    }
    column: Any = Text | None
    flags = {"if_open": field(type=bool, default=False)} if kind in _CLOSING else {}
    made = make_class(kind, {"at": field(type=column, default=None), **templates, **flags}, kw_only=True, frozen=True)
    descriptions = {
        **described(PromiseMade),
        **described(KINDS[kind]),
        "at": "The column that has its time, if that is not the time of the row.",
        "if_open": "Whether to skip it where its promise is neither open nor overdue, such as the second reply to a ticket.",
    }
    arguments = "".join(
        f"        {name}: {descriptions[name]}\n" for name in ("at", *templates, *flags) if name in descriptions
    )
    made.__doc__ = f"{(KINDS[kind].__doc__ or '').partition(chr(10))[0]}\n\n    Args:\n{arguments}"
    return made


def _field(attribute: Attribute[Any], value: object) -> Template:
    """Read the template of a field; a template without columns must be a valid value of the field."""
    template = _template(value)
    try:
        if template.literal is not None and attribute.validator is not None:
            attribute.validator(template, attribute, template.literal)
    except (InvalidValueError, UnknownWordError) as error:
        raise UnfitError(explained(error)) from None
    return template


def _field_schema(hint: Any) -> dict[str, Any]:
    words = next(
        (get_args(each) for each in (hint, *get_args(hint)) if isinstance(next(iter(get_args(each)), None), str)), ()
    )
    return {"anyOf": [{"enum": list(words)}, {"type": "string", "pattern": r"\{"}]} if words else _TEXT_SCHEMA


_EVENTS = Tagged("event", {kind: _event_form(kind) for kind in KINDS})


@frozen
class _Rule:
    """A rule: rows for which all conditions hold become these events; the first rule that matches a row applies.

    Args:
        name: The name of the rule; its number if left out.
        when: The conditions, by column; a rule without conditions matches every row.
        once_per: A template, such as "{customer}": only the first row with each value matches.
        ignore: Whether to ignore these rows.
        events: The events that such a row becomes.
    """

    name: Text | None = None
    when: dict[str, _Compared | _AnyCompared | _Tests] = field(factory=dict)
    once_per: Annotated[Template, Form(_columns, {"type": "string", "pattern": r"\{"})] | None = None
    ignore: bool = False
    events: tuple[Annotated[Any, _EVENTS], ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.ignore == bool(self.events):
            raise UnfitError("must have either events or ignore = true", ("events",))


def _kind(value: object) -> str:
    """Read a kind of event."""
    if _text(value) not in KINDS:
        raise UnfitError(UnknownProblem(f"unknown kind of event {named(value)}", value, tuple(KINDS)))
    return _text(value)


_Kind = Annotated[str, Form(_kind, {"enum": list(KINDS)})]
_Kinds = _Kind | Annotated[tuple[_Kind, ...], SOME]


@frozen
class _Outcome:
    """An outcome of your own, to compare with what is known just before it.

    Args:
        name: The name of the outcome.
        column: The column that has its value: a number, true or false, yes or no.
        followed_by: The kinds of events of which one must come within the period: then the value is yes.
        not_followed_by: The kinds of events of which none may come within the period: then the value is yes.
        within: The period after the row; rows whose period is not over by the end of the log are left out.
        at: The column that has its time, if that is not the time of the row.
        when: The conditions, by column, of the rows that have such an outcome; every row if left out.
    """

    name: Text
    column: Text | None = None
    followed_by: _Kinds | None = None
    not_followed_by: _Kinds | None = None
    within: timedelta | None = None
    at: Text | None = None
    when: dict[str, _Compared | _AnyCompared | _Tests] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if sum(each is not None for each in (self.column, self.followed_by, self.not_followed_by)) != 1:
            raise UnfitError("must have either column, followed_by or not_followed_by")
        if (self.column is None) != (self.within is not None):
            rule = "is missing: followed_by needs a period, such as { days = 90 }"
            raise UnfitError(
                rule if self.within is None else "must not be there: the value is that of a column", ("within",)
            )
        if self.within is not None and self.within <= timedelta(0):
            raise UnfitError("must be longer than nothing", ("within",))


@frozen
class _Log:
    """The columns of customer, time and id.

    Args:
        customer: The column that has the customer, or a template such as "{shop}/{client}".
        time: The column that has the time.
        timezone: The timezone of times without one, for example "Europe/Berlin".
        time_format: The format of times that are not in ISO 8601, for all columns or in a table for some.
        id: The column, or a template, that identifies a row.
        sequence: The column of whole numbers that orders rows of one time.
        empty: Words that mean that a field is empty, such as ["NULL", "-", "9999-12-31"].
        columns: The names of all columns, in their order, of a CSV without a heading.
    """

    customer: Annotated[Template, Form(_identity, _TEXT_SCHEMA)]
    time: Text
    timezone: Annotated[str, Form(_zone, _TEXT_SCHEMA)] | None = None
    time_format: (
        Annotated[str, Form(_format, _TEXT_SCHEMA)] | dict[str, Annotated[str, Form(_format, _TEXT_SCHEMA)]]
    ) = field(factory=dict)
    id: Annotated[Template, Form(_identity, _TEXT_SCHEMA)] | None = None
    sequence: Text | None = None
    empty: tuple[Text, ...] = ()
    columns: Annotated[tuple[Text, ...], SOME] = ()

    def __attrs_post_init__(self) -> None:
        problem = names_problem(self.columns)
        if problem is not None:
            raise UnfitError(problem, ("columns",))


@frozen
class MappingFile:
    """A mapping: how the rows of a log become events.

    Args:
        log: The columns of customer, time and id.
        rules: The rules, in order; the first that matches a row applies.
        outcomes: Outcomes of your own, to compare with what is known just before them.
    """

    log: _Log
    rules: Annotated[tuple[_Rule, ...], SOME]
    outcomes: tuple[_Outcome, ...] = ()

    def __attrs_post_init__(self) -> None:
        names = [each.name for each in self.outcomes]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise UnfitError(f"another outcome is named {name!r}, too", ("outcomes", number, "name"))


# --- documents ---------------------------------------------------------------------------------------


def load_mapping(path: str | PathLike[str]) -> LogMapping:
    r"""Load a mapping file and check it, as far as possible without the log.

    Raises:
        InvalidMappingError: The file is invalid; the error has all findings, each with file, table and key.
        OSError: The file cannot be opened.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "log.toml")
        ...     _ = path.write_text('[log]\ncustomer = "client"\ntime = "when"\n[[rules]]\nignore = true\n')
        ...     load_mapping(path).customer.columns
        ('client',)
    """
    return parse_mapping(*read_text(path, InvalidMappingError))


def parse_mapping(text: str, source: str = "the mapping") -> LogMapping:
    r"""Read a mapping from TOML; for errors see ``load_mapping``.

    Examples:
        >>> mapping = parse_mapping('''
        ... [log]
        ... customer = "{shop}/{client}"
        ... time = "when"
        ... [[rules]]
        ... when = { what = "order" }
        ... events = [{ event = "Purchased" }]
        ... ''')
        >>> sorted(mapping.columns)
        ['client', 'shop', 'what', 'when']
        >>> parse_mapping("[log]\ncustomer = 'client'\n[[rules]]\nignore = true")
        Traceback (most recent call last):
        ...
        trustcurve.logs.log_errors.InvalidMappingError: the mapping: [log] time: is missing: the column that has the time
    """
    form = read_toml(text, MappingFile, source, InvalidMappingError).right()
    log, formats = form.log, form.log.time_format
    return LogMapping(
        source=source,
        customer=log.customer,
        time=log.time,
        timezone=log.timezone,
        time_formats=(("", formats),) if isinstance(formats, str) else tuple(formats.items()),
        id=log.id,
        sequence=log.sequence,
        empty=log.empty,
        column_names=log.columns,
        rules=tuple(_rule(number, each) for number, each in enumerate(form.rules, 1)),
        outcomes=tuple(_outcome(each) for each in form.outcomes),
    )


def _rule(number: int, form: _Rule) -> MappingRule:
    return MappingRule(
        name=form.name or f"number {number}",
        when=_all_conditions(form.when),
        once_per=form.once_per,
        ignore=form.ignore,
        events=tuple(_event(each) for each in form.events),
    )


def _outcome(form: _Outcome) -> OutcomeRule:
    kinds = form.followed_by or form.not_followed_by or ()
    return OutcomeRule(
        name=form.name,
        column=form.column,
        at=form.at,
        when=_all_conditions(form.when),
        events=(kinds,) if isinstance(kinds, str) else kinds,
        within=form.within,
        happens=form.not_followed_by is None,
    )


def _all_conditions(when: Mapping[str, object]) -> tuple[ColumnCondition, ...]:
    return tuple(each for column, given in when.items() for each in _conditions(column, given))


def _conditions(column: str, given: object) -> list[ColumnCondition]:
    tests = (
        {test: getattr(given, f"{test}_", getattr(given, test, None)) for test in TESTS}
        if isinstance(given, _Tests)
        else {"is": given}
    )
    return [
        ColumnCondition(column, test, value if isinstance(value, tuple) else (value,))  # type: ignore[arg-type]
        for test, value in tests.items()
        if value is not None
    ]


def _event(form: Any) -> EventTemplate:
    values: Mapping[str, Any] = {each.name: getattr(form, each.name) for each in fields(type(form))}
    due = values.get("due")
    if due is not None:
        due = Due(column=due) if isinstance(due, str) else Due(due.column, due.after, due.end_of_day, due.plus)
    return EventTemplate(
        kind=type(form).__name__,
        texts=tuple((key, value) for key, value in values.items() if isinstance(value, Template)),
        due=due,
        at=form.at,
        if_open=values.get("if_open", False),
    )
