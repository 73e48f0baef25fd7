"""From rows to events, columnar: which rule takes each row, what it makes of it, and what cannot be used."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from attrs import evolve, fields_dict, frozen

from trustcurve.core.errors import Finding, did_you_mean
from trustcurve.logs.columns import due_time, naive_and_aware, template, text, utc
from trustcurve.logs.errors import InvalidMappingError
from trustcurve.logs.mapping import KINDS, EventTemplate, Mapping
from trustcurve.logs.readers import ROW, Log
from trustcurve.logs.rows import AT, CUSTOMER, ID, OUTCOME, PROBLEM, RULE, TIE, dated, ruled

__all__ = ["EVENT_TEXTS", "Mapped", "map_log"]

EVENT_TEXTS = ("promise", "weight", "by", "signal", "channel", "note")
_ORDER, _KIND, _DUE = "trustcurve.order", "trustcurve.kind", "trustcurve.due"
_MARK_ORDER = -1


@frozen(eq=False)
class Mapped:
    """A mapped log.

    Args:
        events: A row for each event, in the order in which they are to be applied: by time, tie
            column, source row and place in the rule. Columns: row, customer, at, id, order, kind,
            due, promise, weight, by, signal, channel, note, outcome. A row without kind marks where
            an outcome was seen.
        rejects: Rows that could not be used: row, customer, reason, detail.
        rows: How many rows the log has, broken lines included.
        ignored: How many rows the mapping knows to mean nothing.
    """

    events: pl.DataFrame
    rejects: pl.DataFrame
    rows: int
    ignored: int

    @property
    def last(self) -> datetime | None:
        """The time of the last event of the whole log."""
        times = self.events.filter(pl.col(_KIND).is_not_null())[AT]
        return times.max()  # type: ignore[return-value]

    @property
    def customers(self) -> tuple[str, ...]:
        """Every customer who has an event, in the order of the first."""
        return tuple(self.events[CUSTOMER].unique(maintain_order=True))

    def about(self, customer: str) -> Mapped:
        """Leave out the events that cannot bear on a customer.

        Only an id ties customers together (who used it first), so the customers who share one, and
        those who share one with them, stay.
        """
        around = pl.DataFrame({CUSTOMER: [customer]})
        while True:
            ids = self.events.join(around, on=CUSTOMER).select(pl.col(ID).drop_nulls().unique())
            wider = self.events.join(ids, on=ID).select(pl.col(CUSTOMER).unique()).vstack(around).unique()
            if wider.height == around.height:
                return evolve(self, events=self.events.join(around, on=CUSTOMER, how="semi"))
            around = wider


def map_log(log: Log, mapping: Mapping, outcome: str | None = None) -> Mapped:
    """Map a log to events.

    Args:
        log: The opened log.
        mapping: The mapping.
        outcome: A column with an outcome (a number, or true and false), to be told beside the states.

    Raises:
        InvalidMappingError: The mapping names columns that the log does not have, or times are
            naive and it gives no timezone.
    """
    schema = log.rows.collect_schema()
    _check_columns(mapping, schema, outcome)
    _check_zone(log, mapping, schema)
    rows = ruled(dated(log.rows, mapping, schema, outcome), mapping).collect()
    made = [
        _made(rows.lazy().filter(pl.col(RULE) == number), mapping, schema, place, event)
        for number, rule in enumerate(mapping.rules)
        for place, event in enumerate(rule.events)
    ]
    marks = _marks(rows.lazy()) if outcome is not None else []
    events = pl.concat([_nothing().lazy(), *made, *marks], how="diagonal_relaxed").collect()
    odd = events.filter(pl.col(PROBLEM).is_not_null())
    # A row is used as a whole or not at all: one event that cannot be made takes the others along.
    events = events.filter(~pl.col(ROW).is_in(odd[ROW].unique().implode()) | pl.col(_KIND).is_null())
    ignoring = [number for number, rule in enumerate(mapping.rules) if rule.ignore]
    return Mapped(
        events=events.drop(PROBLEM).sort(AT, TIE, ROW, _ORDER, nulls_last=True, maintain_order=True),
        rejects=_rejects(log, mapping, rows, odd),
        rows=rows.height + len(log.broken),
        ignored=rows.filter(pl.col(RULE).is_in(ignoring) & pl.col(PROBLEM).is_null()).height,
    )


def _check_columns(mapping: Mapping, schema: pl.Schema, outcome: str | None) -> None:
    needed = {**mapping.columns, **({outcome: "--outcome"} if outcome is not None else {})}
    findings = [
        Finding(mapping.source, place, "", f"the log has no column {column!r}{did_you_mean(column, schema.names())}")
        for column, place in needed.items()
        if column not in schema
    ]
    if findings:
        raise InvalidMappingError(tuple(findings))


def _time_columns(mapping: Mapping) -> tuple[str, ...]:
    events = [event for rule in mapping.rules for event in rule.events]
    named = [mapping.time, *(e.at for e in events if e.at), *(e.due.column for e in events if e.due and e.due.column)]
    return tuple(dict.fromkeys(named))


def _check_zone(log: Log, mapping: Mapping, schema: pl.Schema) -> None:
    """Times without a timezone need one from the mapping; days that end do too."""
    if mapping.timezone is not None:
        return
    for column in _time_columns(mapping):
        naive, _ = naive_and_aware(column, schema[column], mapping.time_format(column))
        first = log.rows.filter(naive.is_not_null()).select(ROW, text(column).alias("time")).head(1).collect()
        if first.height:
            says = f"is missing, and column {column!r} has times without one (row {first[0, 0]}: {first[0, 1]})"
            raise InvalidMappingError((Finding(mapping.source, "[log]", "timezone", says),))
    if any(event.due and event.due.end_of_day for rule in mapping.rules for event in rule.events):
        says = "is missing: a day ends at a different instant in each, and a rule says end_of_day"
        raise InvalidMappingError((Finding(mapping.source, "[log]", "timezone", says),))


def _made(rows: pl.LazyFrame, mapping: Mapping, schema: pl.Schema, place: int, event: EventTemplate) -> pl.LazyFrame:
    """Make one event of every row that its rule takes."""
    at = pl.col(AT) if event.at is None else utc(event.at, schema[event.at], mapping)
    chosen = rows.filter(pl.col(PROBLEM).is_null())
    problems: list[pl.Expr] = []
    if event.at is not None:
        chosen = chosen.filter(text(event.at).is_not_null())
        problems.append(_unread(at, event.at))
    due = pl.lit(None, pl.Datetime("us", "UTC"))
    if event.due is not None:
        due = due_time(event.due, at, schema[event.due.column] if event.due.column else None, mapping)
        if event.due.column is not None:
            problems.append(_unread(due, event.due.column))
    columns: list[pl.Expr] = []
    optional = fields_dict(KINDS[event.kind])
    for key, made_of in event.texts:
        columns.append(template(made_of).alias(key))
        if str(optional[key].default) == "NOTHING":
            says = pl.lit(f"empty field: {event.kind} needs a {key}, and {made_of.text!r} is empty")
            problems.append(pl.when(template(made_of).is_null()).then(says))
    missing = [pl.lit(None, pl.String).alias(key) for key in EVENT_TEXTS if key not in dict(event.texts)]
    return chosen.select(
        ROW, CUSTOMER, at.alias(AT), ID, TIE, pl.lit(place, pl.Int32).alias(_ORDER), pl.lit(event.kind).alias(_KIND),
        due.alias(_DUE), *columns, *missing, pl.lit(None, pl.String).alias(OUTCOME),
        pl.coalesce([*problems, pl.lit(None, pl.String)]).alias(PROBLEM),
    )  # fmt: skip


def _unread(made: pl.Expr, column: str) -> pl.Expr:
    says = pl.format("unreadable time: column '{}' is no time: '{}'", pl.lit(column), text(column))
    return pl.when(text(column).is_not_null() & made.is_null()).then(says)


def _marks(rows: pl.LazyFrame) -> list[pl.LazyFrame]:
    """Mark where outcomes were seen: before the events of the same row."""
    seen = rows.filter(pl.col(OUTCOME).is_not_null() & pl.col(CUSTOMER).is_not_null() & pl.col(AT).is_not_null())
    return [seen.select(ROW, CUSTOMER, AT, ID, TIE, pl.lit(_MARK_ORDER, pl.Int32).alias(_ORDER), OUTCOME)]


def _nothing() -> pl.DataFrame:
    """Make an empty frame of events, so that the columns are there whatever the mapping makes."""
    instant = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        schema={
            ROW: pl.UInt32, CUSTOMER: pl.String, AT: instant, ID: pl.String, TIE: pl.Float64, _ORDER: pl.Int32,
            _KIND: pl.String, _DUE: instant, **dict.fromkeys(EVENT_TEXTS, pl.String), OUTCOME: pl.String, PROBLEM: pl.String,
        }
    )  # fmt: skip


def _rejects(log: Log, mapping: Mapping, rows: pl.DataFrame, odd: pl.DataFrame) -> pl.DataFrame:
    """Gather the rows that cannot be used: what is wrong with each, and where."""
    words = dict.fromkeys(c.column for rule in mapping.rules for c in rule.when if c.test in ("is", "not"))
    shown = [
        pl.format("{}={}", pl.lit(column), pl.coalesce(text(column), pl.lit("(empty)"))) for column in list(words)[:4]
    ]
    unmatched = rows.filter(pl.col(RULE).is_null() & pl.col(PROBLEM).is_null())
    problems = pl.concat(
        [
            rows.filter(pl.col(PROBLEM).is_not_null()).select(ROW, CUSTOMER, PROBLEM),
            odd.select(ROW, CUSTOMER, PROBLEM).unique(ROW, keep="first"),
            unmatched.select(
                ROW, CUSTOMER, pl.concat_str(pl.lit("no rule matches: "), pl.concat_str(shown or [pl.lit("")], separator=", ")).alias(PROBLEM)
            ),
            pl.DataFrame(
                {ROW: [row for row, _ in log.broken], PROBLEM: [f"broken line: {says}" for _, says in log.broken]},
                schema={ROW: pl.UInt32, PROBLEM: pl.String},
            ).with_columns(pl.lit(None, pl.String).alias(CUSTOMER)).select(ROW, CUSTOMER, PROBLEM),
        ]
    )  # fmt: skip
    reason = pl.col(PROBLEM).str.split_exact(": ", 1).struct.field("field_0")
    return problems.sort(ROW).select(
        pl.col(ROW).alias("row"),
        pl.col(CUSTOMER).alias("customer"),
        reason.alias("reason"),
        pl.col(PROBLEM).alias("detail"),
    )
