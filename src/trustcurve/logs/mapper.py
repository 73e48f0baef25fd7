"""From rows to events: which rule takes each row, what it makes of it, and what cannot be used.

Columns do the work, as Polars expressions over a lazy frame; only the events themselves are made one by one, customer
by customer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from attrs import NOTHING, define, evolve, fields_dict, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.replay import LoggedEvent
from trustcurve.errors import Finding, TrustcurveError, UnknownWordError, did_you_mean
from trustcurve.logs.columns import (
    INSTANT,
    due_time,
    moment,
    naive_and_aware,
    number,
    sane,
    template,
    text,
    time_columns,
    with_moments,
)
from trustcurve.logs.conditions import fit
from trustcurve.logs.errors import InvalidMappingError
from trustcurve.logs.mapping import KINDS, EventTemplate, Mapping
from trustcurve.logs.sources import ROW, Log
from trustcurve.records import EVENTS, RejectRecord, polars_types

__all__ = ["AT", "CUSTOMER", "CustomerRows", "Mapped", "Mark", "check_signals", "customer_rows", "map_log"]

AT, CUSTOMER, DUE, GROUP, ID, KIND, ORDER, OUTCOME, PLACE, PROBLEM, RULE, TIE, VALUE = (
    f"trustcurve.{name}"
    for name in (
        "at", "customer", "due", "group", "id", "kind", "order", "outcome", "place", "problem", "rule", "tie", "value",
    )
)  # fmt: skip
"""The columns added; a source column of the same name would be no accident."""

_FIELDS = polars_types(EVENTS)
_PLACED = ("event", "at", "customer", "id", "row", "place", "sequence", "if_open")
_TEXTS = tuple(column.name for column in EVENTS.columns if column.kind == "text" and column.name not in _PLACED)
"""What a mapping fills by templates; the times and the place come from elsewhere."""

_FLAGS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 4_096


@frozen(eq=False)
class Mapped:
    """A mapped log.

    Args:
        events: A row for each event, in the order of the log, one customer after the other: customers by when they
            first appear, each customer's events by time, tie column, row and place. A row without a kind marks where
            an outcome was seen.
        broken: Rows that could not be mapped: row, customer, reason, detail.
        rows: How many rows the log has, broken lines included.
        ignored: The customer of each row that the mapping ignores.
        unmatched: The names of rules that took no row.
    """

    events: pl.DataFrame
    broken: pl.DataFrame
    rows: int
    ignored: pl.Series
    unmatched: tuple[str, ...] = ()

    def of(self, customer: str) -> pl.DataFrame:
        """Return the events of a customer."""
        return self.events.filter(pl.col(CUSTOMER) == customer)

    def spans(self) -> pl.DataFrame:
        """Return where each customer's part of ``events`` lies.

        Returns:
            Columns: ``start``, ``length``, and ``last``, the time of the last event; the latest first.
        """
        last = pl.col(AT).filter(pl.col(KIND).is_not_null()).max().alias("last")
        by_customer = self.events.with_row_index("start").group_by(CUSTOMER, maintain_order=True)
        spans = by_customer.agg(pl.col("start").first(), pl.len().alias("length"), last).drop(CUSTOMER)
        return spans.sort("last", descending=True, nulls_last=True)


def check_signals(mapping: Mapping, curve: Curve) -> None:
    """Check that every signal that a mapping names exists on the curve.

    Raises:
        InvalidMappingError: It names one that the curve does not have.
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


def map_log(log: Log, mapping: Mapping, outcome: str | None = None) -> Mapped:
    """Map a log to events.

    Args:
        log: The opened log.
        mapping: The mapping.
        outcome: A column with an outcome (a number, or true and false), to be shown beside the states.

    Raises:
        InvalidMappingError: The mapping names columns that the log does not have, or gives no timezone where one is needed.
    """
    read = with_moments(_fitting_rows(log, mapping, outcome), mapping)
    rows = _ruled(_dated(read, mapping, outcome), mapping).collect()
    ignoring = pl.col(RULE).is_in([number for number, rule in enumerate(mapping.rules) if rule.ignore])
    made = [
        _made(rows.lazy().filter(pl.col(RULE) == number), mapping, place, event)
        for number, rule in enumerate(mapping.rules)
        for place, event in enumerate(rule.events)
    ]
    marks = [_marks(rows.lazy(), mapping)] if outcome is not None else []
    events = pl.concat([_nothing().lazy(), *made, *marks], how="diagonal_relaxed").collect()
    odd = events.filter(pl.col(PROBLEM).is_not_null())
    # A row is mapped as a whole: one event that cannot be made takes the others along.
    events = events.filter(~pl.col(ROW).is_in(odd[ROW].unique().implode()) | pl.col(KIND).is_null())
    taken = set(rows[RULE].unique())
    return Mapped(
        events=_in_order(events.drop(PROBLEM)),
        broken=_broken(log, mapping, rows, odd),
        rows=rows.height + len(log.broken),
        ignored=rows.filter(ignoring & pl.col(PROBLEM).is_null())[CUSTOMER],
        unmatched=tuple(rule.name for number, rule in enumerate(mapping.rules) if number not in taken),
    )


# --- rows: whose, when, and which rule takes them --------------------------------------------------


def _fitting_rows(log: Log, mapping: Mapping, outcome: str | None) -> pl.LazyFrame:
    """Take from a log the columns that a mapping needs, if it fits."""
    needed = {**mapping.columns, **({outcome: "--outcome"} if outcome is not None else {})}
    rows = log.having(needed).rows
    schema = rows.collect_schema()
    findings = [
        Finding(mapping.source, place, "", f"the log has no column {column!r}{did_you_mean(column, schema.names())}")
        for column, place in needed.items()
        if column not in schema
    ]
    if findings:
        raise InvalidMappingError(tuple(findings))
    rows = rows.select(ROW, *(sane(column, schema[column]) for column in needed))
    needs_zone = next(_needs_zone(rows, mapping), None) if mapping.timezone is None else None
    if needs_zone is not None:
        raise InvalidMappingError((Finding(mapping.source, "[log]", "timezone", f"is missing{needs_zone}"),))
    return rows


def _needs_zone(rows: pl.LazyFrame, mapping: Mapping) -> Iterator[str]:
    """Say what cannot be an instant without a timezone: times without one, and days of the mapping itself."""
    schema = rows.collect_schema()
    for column in time_columns(mapping):
        naive, _ = naive_and_aware(column, schema[column], mapping.time_format(column))
        first = rows.filter(naive.is_not_null()).select(ROW, text(column).alias("time")).head(1).collect()
        if first.height:
            yield f", and column {column!r} has times without one (row {first[0, 0]}: {first[0, 1]})"
    for rule in mapping.rules:
        if any(event.due and event.due.end_of_day for event in rule.events):
            yield ": a day ends at a different instant in each, and a rule says end_of_day"
        for value in (value for condition in rule.when for value in condition.values):
            if isinstance(value, date) and (not isinstance(value, datetime) or value.tzinfo is None):
                yield f": {value} is a different instant in each, and rule {rule.name!r} asks for it"


def _dated(rows: pl.LazyFrame, mapping: Mapping, outcome: str | None) -> pl.LazyFrame:
    """Add customer, time, tie and outcome to each row, or the problem with it; where there is one, there is no time."""
    at = moment(mapping.time)
    customer = template(mapping.customer)
    no_time = pl.lit(f"no time: column '{mapping.time}' is empty")
    odd_time = pl.format("unreadable time: column '{}' is no time: '{}'", pl.lit(mapping.time), text(mapping.time))
    problems = [
        pl.when(customer.is_null()).then(pl.lit(f"no customer: {' or '.join(mapping.customer.columns)} is empty")),
        pl.when(text(mapping.time).is_null()).then(no_time),
        pl.when(at.is_null()).then(odd_time),
    ]
    if mapping.tie is not None:
        odd_tie = pl.format("not a number: column '{}' holds '{}'", pl.lit(mapping.tie), text(mapping.tie))
        problems.append(pl.when(text(mapping.tie).is_not_null() & number(mapping.tie).is_null()).then(odd_tie))
    return rows.with_columns(
        customer.alias(CUSTOMER),
        at.alias(AT),
        (pl.lit(None, pl.Float64) if mapping.tie is None else number(mapping.tie)).alias(TIE),
        pl.coalesce(problems).alias(PROBLEM),
        (pl.lit(None, pl.String) if outcome is None else text(outcome)).alias(OUTCOME),
        (pl.lit(None, pl.Float64) if outcome is None else _value(outcome)).alias(VALUE),
    ).with_columns(pl.when(pl.col(PROBLEM).is_null()).then(pl.col(AT)).alias(AT))


def _value(outcome: str) -> pl.Expr:
    """Read an outcome: a number, or a flag in words."""
    flag = text(outcome).str.to_lowercase().replace_strict(_FLAGS, default=None, return_dtype=pl.Float64)
    return pl.coalesce([number(outcome), flag])


def _ruled(rows: pl.LazyFrame, mapping: Mapping) -> pl.LazyFrame:
    """Add the number of the rule that takes each row; rows with a problem have none.

    A row that a rule would take, if only a field of it could be read, has a problem.
    """
    if any(rule.first for rule in mapping.rules):
        rows = rows.sort(AT, TIE, ROW, nulls_last=True)
    rows = rows.with_columns(pl.lit(None, pl.Int32).alias(RULE))
    for place, rule in enumerate(mapping.rules):
        asked = fit(rule, mapping)
        free = pl.col(RULE).is_null() & pl.col(PROBLEM).is_null()
        takes, odd = free & asked.holds.fill_null(value=False), free & asked.holds.is_null()
        if rule.first:
            so_far = takes.cast(pl.Int64).cum_sum().over(CUSTOMER)
            firsts, odd = takes & (so_far == 1), odd & (so_far == 0)
            takes = firsts if mapping.id is None else takes & (firsts | _repeats(firsts, template(mapping.id)))
        taken = pl.when(takes).then(place).otherwise(pl.col(RULE)).cast(pl.Int32).alias(RULE)
        told = (
            [] if asked.problem is None else [pl.coalesce([PROBLEM, pl.when(odd).then(asked.problem)]).alias(PROBLEM)]
        )
        rows = rows.with_columns(taken, *told)
    return rows


def _repeats(firsts: pl.Expr, identity: pl.Expr) -> pl.Expr:
    """Whether a row has the id of its customer's first one: then it is that row again, and no second one."""
    return (identity == pl.when(firsts).then(identity).max().over(CUSTOMER)).fill_null(value=False)


# --- events: what a rule makes of its rows ---------------------------------------------------------


def _made(rows: pl.LazyFrame, mapping: Mapping, place: int, event: EventTemplate) -> pl.LazyFrame:
    """Make one event of every row that its rule takes."""
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
            says = pl.lit(f"empty field: {event.kind} needs a {key}, and {made_of.text!r} is empty")
            problems.append(pl.when(template(made_of).is_null()).then(says))
    return chosen.select(
        ROW, CUSTOMER, at.alias(AT), _id(mapping), TIE, pl.lit(place, pl.Int32).alias(ORDER),
        pl.lit(event.kind).alias(KIND), due.alias(DUE), *(template(made_of).alias(key) for key, made_of in event.texts),
        pl.coalesce([*problems, pl.lit(None, pl.String)]).alias(PROBLEM),
    )  # fmt: skip


def _id(mapping: Mapping) -> pl.Expr:
    return (pl.lit(None, pl.String) if mapping.id is None else template(mapping.id)).alias(ID)


def _unread(column: str) -> pl.Expr:
    says = pl.format("unreadable time: column '{}' is no time: '{}'", pl.lit(column), text(column))
    return pl.when(text(column).is_not_null() & moment(column).is_null()).then(says)


def _odd_due(event: EventTemplate, start: pl.Expr, due: pl.Expr, *, needed: bool) -> list[pl.Expr]:
    """Say what is wrong with a due date: unreadable, beyond the calendar, or empty where the event needs one."""
    column = event.due.column if event.due else None
    far = pl.lit(f"unreadable time: {event.kind} would be due beyond the years 1 to 9999")
    odd: list[pl.Expr] = [pl.when(start.is_not_null() & due.is_null()).then(far)]
    if column is not None:
        odd.append(_unread(column))
        empty = pl.lit(f"empty field: {event.kind} needs a due, and column '{column}' is empty")
        odd += [pl.when(text(column).is_null()).then(empty)] if needed else []
    return odd


def _marks(rows: pl.LazyFrame, mapping: Mapping) -> pl.LazyFrame:
    """Mark where outcomes were seen: before the events of the same row."""
    seen = rows.filter(pl.col(OUTCOME).is_not_null() & pl.col(AT).is_not_null())
    return seen.select(ROW, CUSTOMER, AT, _id(mapping), TIE, pl.lit(-1, pl.Int32).alias(ORDER), OUTCOME, VALUE)


def _nothing() -> pl.DataFrame:
    """Make an empty frame of events, so that the columns are there whatever the mapping makes."""
    return pl.DataFrame(
        schema={
            ROW: pl.UInt32, CUSTOMER: pl.String, AT: INSTANT, ID: pl.String, TIE: pl.Float64, ORDER: pl.Int32,
            KIND: pl.String, DUE: INSTANT, **{key: _FIELDS[key] for key in _TEXTS},
            OUTCOME: pl.String, VALUE: pl.Float64, PROBLEM: pl.String,
        }
    )  # fmt: skip


def _in_order(events: pl.DataFrame) -> pl.DataFrame:
    """Put events in the order of the log, one customer after the other."""
    order = events.sort(AT, TIE, ROW, ORDER, nulls_last=True, maintain_order=True).with_row_index(PLACE)
    return order.with_columns(pl.col(PLACE).first().over(CUSTOMER).alias(GROUP)).sort(GROUP, PLACE).drop(GROUP, PLACE)


def _broken(log: Log, mapping: Mapping, rows: pl.DataFrame, odd: pl.DataFrame) -> pl.DataFrame:
    """Gather the rows that cannot be mapped: what is wrong with each, and where."""
    words = dict.fromkeys(c.column for rule in mapping.rules for c in rule.when if c.test in ("is", "not"))
    shown = [
        pl.format("{}={}", pl.lit(column), pl.coalesce(text(column), pl.lit("(empty)"))) for column in list(words)[:4]
    ]
    unmatched = rows.filter(pl.col(RULE).is_null() & pl.col(PROBLEM).is_null())
    said = pl.concat_str(pl.lit("no rule matches: "), pl.concat_str(shown or [pl.lit("")], separator=", "))
    lines = pl.DataFrame(
        {ROW: [row for row, _ in log.broken], PROBLEM: [f"broken line: {says}" for _, says in log.broken]},
        schema={ROW: pl.UInt32, PROBLEM: pl.String},
    )
    problems = pl.concat(
        [
            rows.filter(pl.col(PROBLEM).is_not_null()).select(ROW, CUSTOMER, PROBLEM),
            odd.select(ROW, CUSTOMER, PROBLEM).unique(ROW, keep="first"),
            unmatched.select(ROW, CUSTOMER, said.alias(PROBLEM)),
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


# --- customers: the events themselves --------------------------------------------------------------


@frozen(eq=False)
class Mark:
    """Where an outcome was seen.

    Args:
        before: How many of the customer's events come before it in the order of the log.
        row: The row's number.
        at: The row's time.
        id: The row's id, if it has one.
        outcome: The outcome's text.
        value: Its value; None where the text is none.
    """

    before: int
    row: int
    at: datetime
    id: str | None
    outcome: str
    value: float | None


@define(eq=False)
class CustomerRows:
    """The events that the rows of one customer made, and the outcomes seen there, both in the order of the log.

    ``broken`` has a reject for each row of which an event could not be made after all: of such a row there are none.
    """

    customer: str
    events: list[LoggedEvent]
    marks: list[Mark]
    broken: list[RejectRecord]


def customer_rows(events: pl.DataFrame) -> Iterator[CustomerRows]:
    """Make the events of a mapped log, or of a part of it, customer by customer."""
    texts = [key for key in _TEXTS if events[key].null_count() < events.height]
    columns = (CUSTOMER, ROW, AT, ID, TIE, ORDER, OUTCOME, VALUE, KIND, DUE, *texts)
    own = {
        name: [(number, key) for number, key in enumerate(texts) if key in fields_dict(kind)]
        for name, kind in KINDS.items()
    }
    made: CustomerRows | None = None
    for customer, row, micros, identity, tie, place, outcome, value, kind, due, *fields in _rows(events, columns):
        if made is None or made.customer != customer:
            if made is not None:
                yield _whole(made)
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
            made.events.append(LoggedEvent(event, row, place, tie))
    if made is not None:
        yield _whole(made)


def _whole(made: CustomerRows) -> CustomerRows:
    """Leave out the events of rows that are broken after all."""
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
    """Read rows, so many at a time that a long log does not have to be in memory twice.

    Times as microseconds: Polars' own UTC is not Python's, and the ledger would convert every single one.
    """
    for some in events.iter_slices(_AT_ONCE):
        yield from zip(*(some[column].to_physical().to_list() for column in columns), strict=True)
