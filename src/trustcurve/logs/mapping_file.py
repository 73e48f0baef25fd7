"""Mapping files: their form as attrs classes, and how a mapping is made of one, whatever the log."""

from __future__ import annotations

import re
from collections.abc import Mapping as Table
from datetime import date, datetime, timedelta
from math import isfinite
from os import PathLike
from typing import Annotated, Any, get_args, get_type_hints

from attrs import NOTHING, Attribute, field, fields, frozen, make_class

from trustcurve.core.events import PromiseMade
from trustcurve.documents.forms import SOME, TEXT, Form, Tagged, Text, UnfitError, described
from trustcurve.documents.plain_text import read_text
from trustcurve.documents.reader import explained, named, read_toml
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.logs.errors import InvalidMappingError
from trustcurve.logs.mapping import KINDS, TESTS, Condition, Due, EventTemplate, Mapping, MappingRule, Template
from trustcurve.logs.mapping import Value as _Value
from trustcurve.logs.timezones import format_problem, zone_problem

__all__ = ["MappingFile", "load_mapping", "parse_mapping"]

_TEXT_SCHEMA = {"type": "string", **TEXT.schema}
_FORMATTED = re.compile(r"!.(:|$)|:[\W\d]")
"""What Python would take for a conversion or a format; a colon before a letter may be part of a name."""


# --- single values ---------------------------------------------------------------------------------


def _text(value: object) -> str:
    if not isinstance(value, str) or not TEXT.fits(value):
        raise UnfitError(f"{TEXT.says}, got {named(value)}")
    return value


def _template(value: object) -> Template:
    """Read a text with columns in braces."""
    try:
        template = Template.parse(_text(value))
    except ValueError as error:
        raise UnfitError(f"is not a template: {error}; write braces as {{{{ and }}}}") from None
    for column in template.columns:
        if not column:
            raise UnfitError("has empty braces: name a column in them")
        if _FORMATTED.search(column):
            raise UnfitError(f"has {{{column}}} in it: values have no formats here, name the column alone")
    return template


def _identity(value: object) -> Template:
    """Read what tells rows apart: a column's name, or a template where there are braces."""
    if "{" not in _text(value):
        return Template.of_column(_text(value))
    template = _template(value)
    if template.literal is not None:
        raise UnfitError(f"names no column: it would be {template.literal!r} in every row")
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


def _asked(value: object) -> _Value:
    """Read a value that a column is compared with."""
    if isinstance(value, str):
        if not value.strip():
            raise UnfitError("must not be empty, as no field is an empty text: ask with { null = true }")
        if value != value.strip():
            raise UnfitError(f"has blanks around it, and those of fields do not count: write {value.strip()!r}")
    elif not isinstance(value, int | float | date):
        raise UnfitError(f"must be a text, a number, a date, true or false, got {named(value)}")
    elif not isinstance(value, date) and not isfinite(value):
        raise UnfitError(f"must be a finite number, got {value!r}")
    return value


def _bound(value: object) -> _Value:
    if isinstance(value, bool) or not isinstance(value, int | float | date):
        raise UnfitError(f"must be a number or a date, got {named(value)}")
    return _asked(value)


_Scalar = str | int | float | bool | date
_Asked = Annotated[_Scalar, Form(_asked, {"type": ["string", "number", "boolean"]})]
_AnyAsked = Annotated[tuple[_Asked, ...], SOME]
_Bound = Annotated[int | float | date, Form(_bound, {"type": ["number", "string"]})]


# --- tables ------------------------------------------------------------------------------------------


@frozen
class _Tests:
    """What is asked of a column: all of it.

    Args:
        is_: The field is this, or one of these.
        not_: The field is none of these.
        null: Whether the field is empty.
        at_least: The field is a number or a time of at least this.
        at_most: The field is a number or a time of at most this.
        above: The field is a number or a time above this.
        below: The field is a number or a time below this.
    """

    is_: _Asked | _AnyAsked | None = None
    not_: _Asked | _AnyAsked | None = None
    null: bool | None = None
    at_least: _Bound | None = None
    at_most: _Bound | None = None
    above: _Bound | None = None
    below: _Bound | None = None

    def __attrs_post_init__(self) -> None:
        if all(getattr(self, each.name) is None for each in fields(_Tests)):
            raise UnfitError("asks nothing: give a value, or a table such as { at_least = 10 }")


@frozen
class _Due:
    """When a promise is due.

    Args:
        column: The column that has the time.
        after: How long after the event, where no column has it.
        end_of_day: Whether it is due at the end of that day.
        plus: What is added to it.
    """

    column: Text | None = None
    after: timedelta | None = None
    end_of_day: bool = False
    plus: timedelta = timedelta(0)

    def __attrs_post_init__(self) -> None:
        if (self.column is None) == (self.after is None):
            raise UnfitError("must have either column or after, such as after = { hours = 24 }")


def _event_form(kind: str) -> type:
    """Make the form of an event: the same fields, each as a template, a due date, or the column of its time."""
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
    made = make_class(kind, {"at": field(type=column, default=None), **templates}, kw_only=True, frozen=True)
    says = {
        **described(PromiseMade),
        **described(KINDS[kind]),
        "at": "The column that has its time, where that is not the time of the row.",
    }
    arguments = "".join(f"        {name}: {says[name]}\n" for name in ("at", *templates) if name in says)
    made.__doc__ = f"{(KINDS[kind].__doc__ or '').partition(chr(10))[0]}\n\n    Args:\n{arguments}"
    return made


def _field(attribute: Attribute[Any], value: object) -> Template:
    """Read the template of a field; one that is the same in every row must be a value of the field itself."""
    template = _template(value)
    convert: Any = attribute.converter
    try:
        if template.literal is not None and convert is not None:
            convert(template.literal)
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
    """A rule: rows that fulfil all conditions become these events; the first rule that fits a row decides.

    Args:
        name: What the rule is called; its number if left out.
        when: What is asked of columns; a rule without any fits every row.
        first: Whether only a customer's first row that fits counts.
        ignore: Whether these rows mean nothing.
        events: The events that such a row becomes.
    """

    name: Text | None = None
    when: dict[str, _Asked | _AnyAsked | _Tests] = field(factory=dict)
    first: bool = False
    ignore: bool = False
    events: tuple[Annotated[Any, _EVENTS], ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.ignore == bool(self.events):
            raise UnfitError("must have either events or ignore = true", ("events",))


@frozen
class _Log:
    """Whose and when a row is.

    Args:
        customer: The column that names the customer, or a template such as "{shop}/{client}".
        time: The column that has the time.
        timezone: The timezone of times without one, for example "Europe/Berlin".
        time_format: The format of times that are not in ISO 8601, for all columns or in a table for some.
        id: The column, or a template, that identifies a row.
        tie: The column that orders rows of one time.
    """

    customer: Annotated[Template, Form(_identity, _TEXT_SCHEMA)]
    time: Text
    timezone: Annotated[str, Form(_zone, _TEXT_SCHEMA)] | None = None
    time_format: (
        Annotated[str, Form(_format, _TEXT_SCHEMA)] | dict[str, Annotated[str, Form(_format, _TEXT_SCHEMA)]]
    ) = field(factory=dict)
    id: Annotated[Template, Form(_identity, _TEXT_SCHEMA)] | None = None
    tie: Text | None = None


@frozen
class MappingFile:
    """A mapping: how the rows of a log become events.

    Args:
        log: Whose and when a row is.
        rules: The rules, in order; the first that fits a row decides.
    """

    log: _Log
    rules: Annotated[tuple[_Rule, ...], SOME]


# --- documents ---------------------------------------------------------------------------------------


def load_mapping(path: str | PathLike[str]) -> Mapping:
    r"""Load a mapping file and check all of it that can be checked without the log.

    Raises:
        InvalidMappingError: With all findings at once: each names file, table and key.
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


def parse_mapping(text: str, source: str = "the mapping") -> Mapping:
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
        trustcurve.logs.errors.InvalidMappingError: the mapping: [log] time: is missing: the column that has the time
    """
    form = read_toml(text, MappingFile, source, InvalidMappingError).right()
    log, formats = form.log, form.log.time_format
    return Mapping(
        source=source,
        customer=log.customer,
        time=log.time,
        timezone=log.timezone,
        time_formats=(("", formats),) if isinstance(formats, str) else tuple(formats.items()),
        id=log.id,
        tie=log.tie,
        rules=tuple(_rule(number, each) for number, each in enumerate(form.rules, 1)),
    )


def _rule(number: int, form: _Rule) -> MappingRule:
    return MappingRule(
        name=form.name or f"number {number}",
        when=tuple(each for column, asked in form.when.items() for each in _conditions(column, asked)),
        first=form.first,
        ignore=form.ignore,
        events=tuple(_event(each) for each in form.events),
    )


def _conditions(column: str, asked: object) -> list[Condition]:
    tests = (
        {test: getattr(asked, f"{test}_", getattr(asked, test, None)) for test in TESTS}
        if isinstance(asked, _Tests)
        else {"is": asked}
    )
    return [
        Condition(column, test, value if isinstance(value, tuple) else (value,))  # type: ignore[arg-type]
        for test, value in tests.items()
        if value is not None
    ]


def _event(form: Any) -> EventTemplate:
    values: Table[str, Any] = {each.name: getattr(form, each.name) for each in fields(type(form))}
    due = values.get("due")
    if due is not None:
        due = Due(column=due) if isinstance(due, str) else Due(due.column, due.after, due.end_of_day, due.plus)
    return EventTemplate(
        kind=type(form).__name__,
        texts=tuple((key, value) for key, value in values.items() if isinstance(value, Template)),
        due=due,
        at=form.at,
    )
