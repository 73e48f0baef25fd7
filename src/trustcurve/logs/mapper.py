"""Map rows to events: which rule matches each row, the events that it becomes, and the rows that cannot be used.

Rows are mapped by Polars expressions over a lazy frame; only the event objects are created one by one, customer
by customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unicodedata import normalize

import polars as pl
from attrs import NOTHING, define, evolve, fields_dict, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.replay import LoggedEvent
from trustcurve.errors import Finding, TrustcurveError, UnknownWordError, did_you_mean, shown
from trustcurve.logs.columns import (
    INSTANT,
    due_time,
    moment,
    naive_and_aware,
    short_text,
    template,
    time_columns,
    used_columns,
    with_moments,
)
from trustcurve.logs.conditions import fit
from trustcurve.logs.log_errors import InvalidMappingError
from trustcurve.logs.mapping import KINDS, EventTemplate, LogMapping
from trustcurve.logs.numbers import number, text, whole
from trustcurve.logs.opened_log import ROW, Log
from trustcurve.records import EVENTS, RejectRecord, polars_types

__all__ = [
    "AT",
    "CUSTOMER",
    "KIND",
    "CustomerRows",
    "Mapped",
    "Mark",
    "check_signals",
    "customer_rows",
    "event_table",
    "map_log",
]

AT, CUSTOMER, DUE, GROUP, ID, IF_OPEN, KIND, ORDER, OUTCOME, PLACE, PROBLEM, RULE, SEQUENCE, VALUE = (
    f"trustcurve.{name}"
    for name in (
        "at", "customer", "due", "group", "id", "if_open", "kind", "order", "outcome", "place", "problem", "rule",
        "sequence", "value",
    )
)  # fmt: skip
"""The names of added columns; a log cannot have columns with this prefix."""

_FIELDS = polars_types(EVENTS)
_PLACED = ("event", "at", "customer", "id", "row", "place", "sequence", "if_open")
_TEXTS = tuple(column.name for column in EVENTS.columns if column.kind == "text" and column.name not in _PLACED)
"""The fields of events that a mapping fills by templates."""

_NOBODY = ("?", "-", "null", "none", "nan", "nat", "n/a", "na", "unknown", "undefined")
"""What exports write where nobody is known. Source: our choice, from databases, spreadsheets and pandas."""

_HINTS = 5  # looking for similar names takes long, and most often one is behind all findings
_FLAGS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 4_096


@frozen(eq=False)
class Mapped:
    """A mapped log.

    Args:
        events: A row for each event, one customer after the other: customers in the order of first appearance, each
            customer's events by time, sequence, row and place. A row without a kind is the mark of an outcome.
        broken: Rows that could not be mapped: row, customer, reason, detail.
        rows: The number of rows of the log, including broken lines.
        ignored: The customer of each row that a rule ignores, or of which it makes no event.
        unmatched: The names of rules that matched no row.
    """

    events: pl.DataFrame
    broken: pl.DataFrame
    rows: int
    ignored: pl.Series
    unmatched: tuple[str, ...] = ()

    def of(self, customer: str) -> pl.DataFrame:
        """Return the events of a customer."""
        return self.events.filter(pl.col(CUSTOMER) == customer)

    def nobody(self) -> list[tuple[str, int]]:
        """Return the customers whose names rather say that nobody is known, each with the number of events; the most first."""
        counts = self.events.filter(pl.col(KIND).is_not_null()).group_by(CUSTOMER).len()
        odd = counts.filter(pl.col(CUSTOMER).str.to_lowercase().is_in(_NOBODY))
        return odd.sort("len", CUSTOMER, descending=[True, False]).rows()

    def spans(self) -> pl.DataFrame:
        """Return the part of ``events`` of each customer.

        Returns:
            Columns: ``start``, ``length``, and ``last``, the time of the last event; the latest first.
        """
        last = pl.col(AT).filter(pl.col(KIND).is_not_null()).max().alias("last")
        by_customer = self.events.with_row_index("start").group_by(CUSTOMER, maintain_order=True)
        spans = by_customer.agg(pl.col("start").first(), pl.len().alias("length"), last).drop(CUSTOMER)
        return spans.sort("last", descending=True, nulls_last=True)


def check_signals(mapping: LogMapping, curve: Curve) -> None:
    """Check that every signal that a mapping names exists on the curve.

    Raises:
        InvalidMappingError: The mapping names a signal that the curve does not have.
    """
    named = [
        (rule.name, made_of.text)
        for rule in mapping.rules
        for event in rule.events
        for key, made_of in event.texts
        if key == "signal" and not made_of.columns
    ]
    findings = [
        Finding(mapping.source, f"[[rules]] {rule}", "signal", str(UnknownWordError("signal", signal, curve.signals)))
        for rule, signal in named
        if signal not in curve.signals
    ]
    if findings:
        raise InvalidMappingError(tuple(findings))


def map_log(log: Log, mapping: LogMapping, outcome: str | None = None) -> Mapped:
    """Map a log to events.

    Args:
        log: The opened log.
        mapping: The mapping.
        outcome: A column with an outcome (a number, true or false), to compare with the states.

    Raises:
        InvalidMappingError: The mapping names columns that the log does not have, or lacks a timezone that is needed.
        UnreadableLogError: A part of the log is damaged.
    """
    with log.reading():
        read = with_moments(_fitting_rows(log, mapping, outcome), mapping)
        rows = _ruled(_dated(read, mapping, outcome), mapping).collect()
    made = [
        _made(rows.lazy().filter(pl.col(RULE) == number), mapping, place, event)
        for number, rule in enumerate(mapping.rules)
        for place, event in enumerate(rule.events)
    ]
    marks = [_marks(rows.lazy(), mapping)] if outcome is not None else []
    events = pl.concat([_nothing().lazy(), *made, *marks], how="diagonal_relaxed").collect()
    odd = events.filter(pl.col(PROBLEM).is_not_null())
    matched = rows.filter(pl.col(RULE).is_not_null() & pl.col(PROBLEM).is_null())
    ignored = matched.join(events.filter(pl.col(KIND).is_not_null()), on=ROW, how="anti")
    # A row is mapped as a whole: if one of its events cannot be made, none is.
    events = events.filter(~pl.col(ROW).is_in(odd[ROW].unique().implode()) | pl.col(KIND).is_null())
    taken = set(rows[RULE].unique())
    return Mapped(
        events=_in_order(events.drop(PROBLEM)),
        broken=_broken(log, mapping, rows, odd),
        rows=rows.height + len(log.broken),
        ignored=ignored[CUSTOMER],
        unmatched=tuple(rule.name for number, rule in enumerate(mapping.rules) if number not in taken),
    )


# --- rows: customer, time, and the rule that matches -----------------------------------------------


def _fitting_rows(log: Log, mapping: LogMapping, outcome: str | None) -> pl.LazyFrame:
    """Return the columns of a log that a mapping needs; raise if the mapping does not fit."""
    needed = {**mapping.columns, **({outcome: "--outcome"} if outcome is not None else {})}
    fitting = log.having(needed)
    rows, known = fitting.rows, fitting.columns
    schema = rows.collect_schema()
    missing = {column: place for column, place in needed.items() if column not in known}
    hints = {column: did_you_mean(column, known) for column in list(missing)[:_HINTS]}
    findings = [
        Finding(mapping.source, place, "", _missing(column, log, hints.get(column, "")))
        for column, place in missing.items()
    ]
    if log.heading is not None and len(findings) == len(needed):
        findings.append(Finding(log.path, "", "", f"the first line must name the columns, got {shown(log.heading)}"))
    if findings:
        raise InvalidMappingError(tuple(findings))
    rows = rows.select(ROW, *used_columns(needed, schema, mapping)).with_columns(_emptied(needed, mapping))
    needs_zone = next(_needs_zone(rows, mapping), None) if mapping.timezone is None else None
    if needs_zone is not None:
        raise InvalidMappingError((Finding(mapping.source, "[log]", "timezone", f"is missing{needs_zone}"),))
    return rows


def _missing(column: str, log: Log, hint: str) -> str:
    if normalize("NFC", column) in log.repeated:
        return f"the log has column {column!r} twice; rename one of them"
    return f"the log has no column {column!r}{hint}"


def _emptied(needed: Iterable[str], mapping: LogMapping) -> list[pl.Expr]:
    """Return the columns with null where a field has a word that means "empty"."""
    if not mapping.empty:
        return []
    words = [word.strip() for word in mapping.empty]
    return [pl.when(~text(column).is_in(words)).then(pl.col(column)).alias(column) for column in needed]


def _needs_zone(rows: pl.LazyFrame, mapping: LogMapping) -> Iterator[str]:
    """Yield the reasons why a timezone is needed: times without one, and days in the mapping."""
    schema = rows.collect_schema()
    for column in time_columns(mapping):
        naive, _ = naive_and_aware(column, schema[column], mapping.time_format(column))
        first = rows.filter(naive.is_not_null()).select(ROW, text(column).alias("time")).head(1).collect()
        if first.height:
            yield f", and column {column!r} has times without one (row {first[0, 0]}: {first[0, 1]})"
    for rule in mapping.rules:
        if any(event.due and event.due.end_of_day for event in rule.events):
            yield ": the end of a day depends on the timezone, and a rule has end_of_day"
        for value in (value for condition in rule.when for value in condition.values):
            if isinstance(value, date) and (not isinstance(value, datetime) or value.tzinfo is None):
                yield f": the instant of {value} depends on the timezone, and rule {rule.name!r} compares with it"


def _dated(rows: pl.LazyFrame, mapping: LogMapping, outcome: str | None) -> pl.LazyFrame:
    """Add customer, time, sequence and outcome to each row, and its problem, if any; then the time is null."""
    at = moment(mapping.time)
    customer = template(mapping.customer)
    no_time = pl.lit(f"no time: column '{mapping.time}' is empty")
    odd_time = pl.format("unreadable time: column '{}' has '{}'", pl.lit(mapping.time), short_text(mapping.time))
    problems = [
        pl.when(customer.is_null()).then(pl.lit(f"no customer: {' or '.join(mapping.customer.columns)} is empty")),
        pl.when(text(mapping.time).is_null()).then(no_time),
        pl.when(at.is_null()).then(odd_time),
    ]
    sequence = mapping.sequence
    if sequence is not None:
        odd = pl.format(
            "not a whole number of 64 signed bits: column '{}' has '{}'", pl.lit(sequence), short_text(sequence)
        )
        problems.append(pl.when(text(sequence).is_not_null() & whole(sequence).is_null()).then(odd))
    return rows.with_columns(
        customer.alias(CUSTOMER),
        at.alias(AT),
        (pl.lit(None, pl.Int64) if sequence is None else whole(sequence)).alias(SEQUENCE),
        pl.coalesce(problems).alias(PROBLEM),
        (pl.lit(None, pl.String) if outcome is None else text(outcome)).alias(OUTCOME),
        (pl.lit(None, pl.Float64) if outcome is None else _value(outcome)).alias(VALUE),
    ).with_columns(pl.when(pl.col(PROBLEM).is_null()).then(pl.col(AT)).alias(AT))


def _value(outcome: str) -> pl.Expr:
    """Read an outcome: a number, or a word for true or false."""
    flag = text(outcome).str.to_lowercase().replace_strict(_FLAGS, default=None, return_dtype=pl.Float64)
    return pl.coalesce([number(outcome), flag])


def _ruled(rows: pl.LazyFrame, mapping: LogMapping) -> pl.LazyFrame:
    """Add the number of the rule that matches each row; null for rows with a problem.

    A row has a problem if a rule would match it but for a field that cannot be read.
    """
    if any(rule.once_per is not None for rule in mapping.rules):
        rows = rows.sort(AT, SEQUENCE, ROW, nulls_last=True)
    rows = rows.with_columns(pl.lit(None, pl.Int32).alias(RULE))
    for place, rule in enumerate(mapping.rules):
        fits = fit(rule, mapping)
        free = pl.col(RULE).is_null() & pl.col(PROBLEM).is_null()
        takes, odd = free & fits.holds.fill_null(value=False), free & fits.holds.is_null()
        if rule.once_per is not None:
            key = template(rule.once_per)
            so_far = takes.cast(pl.Int64).cum_sum().over(key)
            firsts, odd = takes & ((so_far == 1) | key.is_null()), odd & ((so_far == 0) | key.is_null())
            takes = firsts if mapping.id is None else takes & (firsts | _repeats(firsts, key, template(mapping.id)))
        taken = pl.when(takes).then(place).otherwise(pl.col(RULE)).cast(pl.Int32).alias(RULE)
        problem = (
            [] if fits.problem is None else [pl.coalesce([PROBLEM, pl.when(odd).then(fits.problem)]).alias(PROBLEM)]
        )
        rows = rows.with_columns(taken, *problem)
    return rows


def _repeats(firsts: pl.Expr, key: pl.Expr, identity: pl.Expr) -> pl.Expr:
    """Whether a row has the customer and id of the first row with its key: then it repeats that row."""
    same = [each == pl.when(firsts).then(each).max().over(key) for each in (pl.col(CUSTOMER), identity)]
    return pl.all_horizontal(same).fill_null(value=False)


# --- events of rows --------------------------------------------------------------------------------


def _made(rows: pl.LazyFrame, mapping: LogMapping, place: int, event: EventTemplate) -> pl.LazyFrame:
    """Return one event of every row that its rule matches."""
    chosen, at, due = rows.filter(pl.col(PROBLEM).is_null()), pl.col(AT), pl.lit(None, INSTANT)
    known = fields_dict(KINDS[event.kind])
    problems: list[pl.Expr] = []
    if event.at is not None:
        chosen, at = chosen.filter(text(event.at).is_not_null()), moment(event.at)
        problems.append(_unread(event.at))
    if event.due is not None:
        start = at if event.due.column is None else moment(event.due.column)
        due = due_time(evolve(event.due, column=None), start, None, mapping)
        problems += _odd_due(event, start, due, needed=known["due"].default is NOTHING)
    for key, made_of in event.texts:
        if known[key].default is NOTHING:
            empty = pl.lit(f"empty field: {event.kind} needs a {key}, and {made_of.text!r} is empty")
            problems.append(pl.when(template(made_of).is_null()).then(empty))
    return chosen.select(
        ROW, CUSTOMER, at.alias(AT), _id(mapping), SEQUENCE, pl.lit(place, pl.Int32).alias(ORDER),
        pl.lit(event.kind).alias(KIND), due.alias(DUE), pl.lit(event.if_open).alias(IF_OPEN), *(template(made_of).alias(key) for key, made_of in event.texts),
        pl.coalesce([*problems, pl.lit(None, pl.String)]).alias(PROBLEM),
    )  # fmt: skip


def _id(mapping: LogMapping) -> pl.Expr:
    return (pl.lit(None, pl.String) if mapping.id is None else template(mapping.id)).alias(ID)


def _unread(column: str) -> pl.Expr:
    problem = pl.format("unreadable time: column '{}' has '{}'", pl.lit(column), short_text(column))
    return pl.when(text(column).is_not_null() & moment(column).is_null()).then(problem)


def _odd_due(event: EventTemplate, start: pl.Expr, due: pl.Expr, *, needed: bool) -> list[pl.Expr]:
    """Return the problems of a due date: unreadable, beyond the calendar, or empty although the event needs one."""
    column = event.due.column if event.due else None
    far = pl.lit(f"unreadable time: {event.kind} would be due beyond the years 1 to 9999")
    odd: list[pl.Expr] = [pl.when(start.is_not_null() & due.is_null()).then(far)]
    if column is not None:
        odd.append(_unread(column))
        empty = pl.lit(f"empty field: {event.kind} needs a due, and column '{column}' is empty")
        odd += [pl.when(text(column).is_null()).then(empty)] if needed else []
    return odd


def _marks(rows: pl.LazyFrame, mapping: LogMapping) -> pl.LazyFrame:
    """Return the marks of outcomes, which come before the events of the same row."""
    seen = rows.filter(pl.col(OUTCOME).is_not_null() & pl.col(AT).is_not_null())
    return seen.select(ROW, CUSTOMER, AT, _id(mapping), SEQUENCE, pl.lit(-1, pl.Int32).alias(ORDER), OUTCOME, VALUE)


def _nothing() -> pl.DataFrame:
    """Return an empty frame of events with all columns."""
    return pl.DataFrame(
        schema={
            ROW: pl.UInt32, CUSTOMER: pl.String, AT: INSTANT, ID: pl.String, SEQUENCE: pl.Int64, ORDER: pl.Int32,
            KIND: pl.String, DUE: INSTANT, IF_OPEN: pl.Boolean, **{key: _FIELDS[key] for key in _TEXTS},
            OUTCOME: pl.String, VALUE: pl.Float64, PROBLEM: pl.String,
        }
    )  # fmt: skip


def _in_order(events: pl.DataFrame) -> pl.DataFrame:
    """Sort events in the order of the log, one customer after the other."""
    order = events.sort(AT, SEQUENCE, ROW, ORDER, nulls_last=True, maintain_order=True).with_row_index(PLACE)
    return order.with_columns(pl.col(PLACE).first().over(CUSTOMER).alias(GROUP)).sort(GROUP, PLACE).drop(GROUP, PLACE)


def _broken(log: Log, mapping: LogMapping, rows: pl.DataFrame, odd: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that cannot be mapped, with their problems."""
    words = dict.fromkeys(c.column for rule in mapping.rules for c in rule.when if c.test in ("is", "not"))
    fields = [
        pl.format("{}={}", pl.lit(column), pl.coalesce(short_text(column), pl.lit("(empty)")))
        for column in list(words)[:4]
    ]
    unmatched = rows.filter(pl.col(RULE).is_null() & pl.col(PROBLEM).is_null())
    problem = pl.concat_str(pl.lit("no rule matches: "), pl.concat_str(fields or [pl.lit("")], separator=", "))
    lines = pl.DataFrame(
        {ROW: [row for row, _ in log.broken], PROBLEM: [f"broken line: {line}" for _, line in log.broken]},
        schema={ROW: pl.UInt32, PROBLEM: pl.String},
    )
    problems = pl.concat(
        [
            rows.filter(pl.col(PROBLEM).is_not_null()).select(ROW, CUSTOMER, PROBLEM),
            odd.select(ROW, CUSTOMER, PROBLEM).unique(ROW, keep="first"),
            unmatched.select(ROW, CUSTOMER, problem.alias(PROBLEM)),
            lines.select(ROW, pl.lit(None, pl.String).alias(CUSTOMER), PROBLEM),
        ]
    )
    reason = pl.col(PROBLEM).str.split_exact(": ", 1).struct.field("field_0")
    return problems.sort(ROW).select(
        pl.col(ROW).alias("row"),
        pl.col(CUSTOMER).alias("customer"),
        reason.alias("reason"),
        pl.col(PROBLEM).alias("detail"),
    )


# --- customers: event objects ----------------------------------------------------------------------


@frozen(eq=False)
class Mark:
    """An outcome in a log.

    Args:
        before: The number of the customer's events that come before it in the order of the log.
        row: The row's number.
        at: The row's time.
        id: The row's id, if it has one.
        outcome: The outcome's text.
        value: Its value; None if the text is not a value.
    """

    before: int
    row: int
    at: datetime
    id: str | None
    outcome: str
    value: float | None


@define(eq=False)
class CustomerRows:
    """The events and outcomes of the rows of one customer, both in the order of the log.

    ``broken`` has a reject for each row with an event that could not be created; ``events`` has no events of such a row.
    """

    customer: str
    events: list[LoggedEvent]
    marks: list[Mark]
    broken: list[RejectRecord]


def customer_rows(events: pl.DataFrame) -> Iterator[CustomerRows]:
    """Create the events of a mapped log, or of a part of it, customer by customer."""
    texts = [key for key in _TEXTS if events[key].null_count() < events.height]
    columns = (CUSTOMER, ROW, AT, ID, SEQUENCE, ORDER, OUTCOME, VALUE, KIND, DUE, IF_OPEN, *texts)
    own = {
        name: [(number, key) for number, key in enumerate(texts) if key in fields_dict(kind)]
        for name, kind in KINDS.items()
    }
    made: CustomerRows | None = None
    for customer, row, micros, identity, sequence, place, outcome, value, kind, due, if_open, *fields in _rows(
        events, columns
    ):
        if made is None or made.customer != customer:
            if made is not None:
                yield _without_broken(made)
            made = CustomerRows(customer, [], [], [])
        at = _EPOCH + timedelta(microseconds=micros)
        if kind is None:
            made.marks.append(Mark(len(made.events), row, at, identity, outcome, value))
            continue
        given: dict[str, Any] = {key: field for number, key in own[kind] if (field := fields[number]) is not None}
        if due is not None:
            given["due"] = _EPOCH + timedelta(microseconds=due)
        try:
            event = KINDS[kind](at=at, customer=customer, id=identity, **given)
        except TrustcurveError as error:
            made.broken.append(RejectRecord.of_row(row, customer, kind, error))
        else:
            made.events.append(LoggedEvent(event, row, place, sequence, if_open=bool(if_open)))
    if made is not None:
        yield _without_broken(made)


def event_table(events: pl.DataFrame) -> pl.DataFrame:
    """Return mapped events as a table of ``EVENTS``."""
    named = {
        IF_OPEN: "if_open",
        AT: "at",
        CUSTOMER: "customer",
        ID: "id",
        SEQUENCE: "sequence",
        ORDER: "place",
        KIND: "event",
        DUE: "due",
        ROW: "row",
    }
    empty = pl.DataFrame(schema=_FIELDS)
    table = events.select(*(pl.col(column).alias(name) for column, name in named.items()), *_TEXTS)
    return pl.concat([empty, table], how="diagonal_relaxed").select(empty.columns)


def _without_broken(made: CustomerRows) -> CustomerRows:
    """Leave out the events of broken rows."""
    if not made.broken:
        return made
    broken = {reject.row for reject in made.broken}
    kept = [each for each in made.events if each.row not in broken]
    gone = [0]
    for each in made.events:
        gone.append(gone[-1] + (each.row in broken))
    marks = [evolve(mark, before=mark.before - gone[mark.before]) for mark in made.marks]
    first = {reject.row: reject for reject in reversed(made.broken)}
    return CustomerRows(made.customer, kept, marks, list(first.values()))


def _rows(events: pl.DataFrame, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield rows, in slices so that a long log is not in memory twice.

    Times are microseconds: the UTC of Polars is not that of Python, and the ledger would convert every time.
    """
    for some in events.iter_slices(_AT_ONCE):
        yield from zip(*(some[column].to_physical().to_list() for column in columns), strict=True)
