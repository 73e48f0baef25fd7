"""Map a log to events: the table of events, the marks of outcomes, and the rows that cannot be used."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import polars as pl
from attrs import frozen

from trustcurve.batch.event_table import EventTable
from trustcurve.core.curve import Curve
from trustcurve.errors import Finding, UnknownWordError
from trustcurve.logs.columns import moment, short_text, template, unread_time
from trustcurve.logs.conditions import fit
from trustcurve.logs.log_errors import InvalidMappingError
from trustcurve.logs.mapped_events import event_rows
from trustcurve.logs.mapping import LogMapping, OutcomeRule
from trustcurve.logs.numbers import number, text
from trustcurve.logs.opened_log import ROW, Log
from trustcurve.logs.row_problems import PROBLEM
from trustcurve.logs.row_rules import AT, CUSTOMER, RULE, SEQUENCE, Part, RuledRows, ruled_rows, seen_values

__all__ = ["Mapped", "check_signals", "map_log"]

_NOBODY = ("?", "-", "null", "none", "nan", "nat", "n/a", "na", "unknown", "undefined")
"""What exports write where nobody is known. Source: our choice, from databases, spreadsheets and pandas."""

_FLAGS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


@frozen(eq=False)
class Mapped:
    """A mapped log.

    Args:
        events: A table of ``EVENTS``, in the order of rows.
        marks: The outcomes, in the order of the mapping and of rows: ``row``, ``customer``, ``at``, ``id``, ``sequence``,
            ``outcome`` (its name), ``value`` (null: unreadable, or later events decide) and ``odd`` (why it is unreadable);
            None: none are asked for.
        broken: Rows that could not be mapped: row, customer, reason, detail.
        rows: The number of rows of the log, including broken lines.
        ignored: The customer of each row that a rule ignores, or of which it makes no event.
        once_per: The values of rules with ``once_per`` that these rows have used: a table of ``ONCE_PER``.
        unmatched: The names of rules that matched no row.
    """

    events: EventTable
    marks: pl.DataFrame | None
    broken: pl.DataFrame
    rows: int
    ignored: pl.Series
    once_per: pl.DataFrame
    unmatched: tuple[str, ...] = ()

    def of(self, customers: pl.Series) -> tuple[EventTable, pl.DataFrame | None]:
        """Return the events and marks of some customers."""
        events = self.events.of(customers)
        marks = self.marks if self.marks is None else self.marks.filter(pl.col("customer").is_in(customers.implode()))
        return events, marks

    def nobody(self) -> list[tuple[str, int]]:
        """Return the customers whose names rather say that nobody is known, each with the number of events; the most first."""
        names = self.events.frame.select(pl.col("customer"))
        if names["customer"].dtype != pl.String:
            return []
        counts = names.filter(pl.col("customer").str.len_bytes() <= max(map(len, _NOBODY))).group_by("customer").len()
        odd = counts.filter(pl.col("customer").str.to_lowercase().is_in(_NOBODY))
        return odd.sort("len", "customer", descending=[True, False]).rows()


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


def map_log(
    log: Log,
    mapping: LogMapping,
    *,
    customers: Collection[str] | None = None,
    part: Part | None = None,
    seen: pl.DataFrame | None = None,
    until: datetime | None = None,
) -> Mapped:
    """Map a log to events and the marks of outcomes.

    Args:
        log: The opened log.
        mapping: The mapping.
        customers: Read only the rows of these customers; None: all rows.
        part: Read only the rows of the customers of this part.
        seen: The values of rules with ``once_per`` that earlier rows have used: a table of ``ONCE_PER``.
        until: The instant up to which rows count for that.

    Raises:
        InvalidMappingError: The mapping names columns that the log does not have, or lacks a timezone that is needed.
        UnreadableLogError: A part of the log is damaged.
    """
    lines = log.broken if customers is None and (part is None or part.number == 0) else ()
    ruled = ruled_rows(log, mapping, customers, part=part, seen=seen)
    rows = ruled.rows
    made = event_rows(rows, mapping)
    matched = rows[RULE].is_not_null() & rows[PROBLEM].is_null()
    idle = matched & ~pl.Series(made.used, dtype=pl.Boolean)
    ignored = rows[CUSTOMER].filter(idle).cast(pl.String) if idle.any() else pl.Series([], dtype=pl.String)
    odd = made.odd.select(ROW, pl.col(CUSTOMER).cast(pl.String), made.problems.in_words().alias("detail"))
    taken = set(rows[RULE].unique())
    return Mapped(
        events=made.table,
        marks=pl.concat([_marks(rows, mapping, each) for each in mapping.outcomes]) if mapping.outcomes else None,
        broken=_broken(lines, mapping, ruled, odd),
        rows=rows.height + len(lines),
        ignored=ignored,
        once_per=seen_values(rows, mapping, until),
        unmatched=tuple(rule.name for place, rule in enumerate(mapping.rules) if place not in taken),
    )


def _marks(rows: pl.DataFrame, mapping: LogMapping, outcome: OutcomeRule) -> pl.DataFrame:
    """Return the marks of an outcome, which come before the events of the same row."""
    fits, none = fit(outcome, mapping), pl.lit(None, pl.Int64)
    seen = rows.lazy().filter(pl.col(AT).is_not_null() & fits.holds.fill_null(value=True))
    odd: list[pl.Expr] = [] if fits.problem is None else [pl.when(fits.holds.is_null()).then(fits.problem)]
    at, value = pl.col(AT), pl.lit(None, pl.Float64)
    if outcome.at is not None:
        seen, at = seen.filter(text(outcome.at).is_not_null()), pl.coalesce(moment(outcome.at), AT)
        odd.append(unread_time(outcome.at))
    if outcome.column is not None:
        seen, value = seen.filter(text(outcome.column).is_not_null()), _value(outcome.column)
        words = "column '{}' has '{}', which is not a number, true or false"
        problem = pl.format(words, pl.lit(outcome.column), short_text(outcome.column))
        odd.append(pl.when(value.is_null()).then(problem))
    return seen.select(
        pl.col(ROW).alias("row"),
        pl.col(CUSTOMER).cast(pl.String).alias("customer"),
        at.alias("at"),
        (pl.lit(None, pl.String) if mapping.id is None else template(mapping.id)).alias("id"),
        (pl.col(SEQUENCE) if mapping.sequence is not None else none).alias("sequence"),
        pl.lit(outcome.name).alias("outcome"),
        value.alias("value"),
        pl.coalesce([*odd, pl.lit(None, pl.String)]).alias("odd"),
    ).collect()


def _value(column: str) -> pl.Expr:
    """Read an outcome: a number, or a word for true or false."""
    flag = text(column).str.to_lowercase().replace_strict(_FLAGS, default=None, return_dtype=pl.Float64)
    return pl.coalesce([number(column), flag])


def _broken(
    broken: tuple[tuple[int, str], ...], mapping: LogMapping, ruled: RuledRows, odd: pl.DataFrame
) -> pl.DataFrame:
    """Return the rows that cannot be mapped, with their problems."""
    words = dict.fromkeys(c.column for rule in mapping.rules for c in rule.when if c.test in ("is", "not"))
    fields = [
        pl.format("{}={}", pl.lit(column), pl.coalesce(short_text(column), pl.lit("(empty)")))
        for column in list(words)[:4]
    ]
    rows, named = ruled.rows, pl.col(CUSTOMER).cast(pl.String)
    unmatched = rows.filter(pl.col(RULE).is_null() & pl.col(PROBLEM).is_null())
    problem = pl.concat_str(pl.lit("no rule matches: "), pl.concat_str(fields or [pl.lit("")], separator=", "))
    lines = {
        ROW: [row for row, _ in broken],
        CUSTOMER: [None for _ in broken],
        "detail": [f"broken line: {line}" for _, line in broken],
    }
    problems = pl.concat(
        [
            rows.filter(pl.col(PROBLEM).is_not_null()).select(ROW, named, ruled.problems.in_words().alias("detail")),
            odd,
            unmatched.select(ROW, named, problem.alias("detail")),
            pl.DataFrame(lines, schema={ROW: rows.schema[ROW], CUSTOMER: pl.String, "detail": pl.String}),
        ]
    )
    reason = pl.col("detail").str.split_exact(": ", 1).struct.field("field_0")
    columns: dict[str, Any] = {"row": pl.col(ROW), "customer": pl.col(CUSTOMER), "reason": reason}
    return problems.sort(ROW).select(*(each.alias(name) for name, each in columns.items()), "detail")
