"""Whose and when a row is, which rule takes it, and what is wrong with it: columns added to a log's rows."""

from __future__ import annotations

from datetime import date
from functools import reduce
from operator import and_, or_

import polars as pl

from trustcurve.logs.columns import localized, naive_and_aware, number, template, text, utc, value_instant
from trustcurve.logs.mapping import Condition, Mapping, MappingRule
from trustcurve.logs.readers import ROW

__all__ = ["AT", "CUSTOMER", "ID", "OUTCOME", "PROBLEM", "RULE", "TIE", "dated", "ruled"]

CUSTOMER, AT, ID, TIE, RULE, PROBLEM, OUTCOME = (
    f"trustcurve.{name}" for name in ("customer", "at", "id", "tie", "rule", "problem", "outcome")
)
"""The columns added; a source column of the same name would be no accident."""


def dated(rows: pl.LazyFrame, mapping: Mapping, schema: pl.Schema, outcome: str | None) -> pl.LazyFrame:
    """Add customer, time, id and tie to each row, or the problem with it."""
    at = utc(mapping.time, schema[mapping.time], mapping)
    customer = template(mapping.customer)
    no_time = pl.format("column '{}' is empty", pl.lit(mapping.time))
    odd_time = pl.format("column '{}' is no time: '{}'", pl.lit(mapping.time), text(mapping.time))
    problem = (
        pl.when(customer.is_null()).then(pl.lit(f"no customer: {' or '.join(mapping.customer.columns)} is empty"))
        .when(text(mapping.time).is_null()).then(pl.concat_str(pl.lit("no time: "), no_time))
        .when(at.is_null()).then(pl.concat_str(pl.lit("unreadable time: "), odd_time))
    )  # fmt: skip
    tie = pl.lit(None, pl.Float64) if mapping.tie is None else number(mapping.tie)
    seen = pl.lit(None, pl.String) if outcome is None else text(outcome)
    return rows.with_columns(
        customer.alias(CUSTOMER),
        at.alias(AT),
        (pl.lit(None, pl.String) if mapping.id is None else template(mapping.id, gaps=True)).alias(ID),
        tie.alias(TIE),
        problem.alias(PROBLEM),
        seen.alias(OUTCOME),
    )


def ruled(rows: pl.LazyFrame, mapping: Mapping) -> pl.LazyFrame:
    """Add the number of the rule that takes each row; rows with a problem have none."""
    rows = rows.sort(AT, TIE, ROW, nulls_last=True).with_columns(pl.lit(None, pl.Int32).alias(RULE))
    for place, rule in enumerate(mapping.rules):
        fits = reduce(and_, [_holds(c, mapping) for c in rule.when], pl.lit(value=True)).fill_null(value=False)
        free = pl.col(RULE).is_null() & pl.col(PROBLEM).is_null()
        takes = free & fits
        if rule.first:
            takes &= takes.cast(pl.Int64).cum_sum().over(CUSTOMER) == 1
        odd = [_odd_number(condition, rule, mapping) for condition in rule.when if _is_numeric(condition)]
        rows = rows.with_columns(
            pl.when(takes).then(place).otherwise(pl.col(RULE)).cast(pl.Int32).alias(RULE),
            pl.coalesce([pl.col(PROBLEM), *(pl.when(free).then(each) for each in odd)]).alias(PROBLEM),
        )
    return rows


def _is_numeric(condition: Condition) -> bool:
    return condition.test in ("at_least", "at_most", "above", "below") and isinstance(condition.values[0], int | float)


def _odd_number(condition: Condition, rule: MappingRule, mapping: Mapping) -> pl.Expr:
    """Name the problem of a row that a rule would take if only its number could be read."""
    others = [_holds(other, mapping) for other in rule.when if other.column != condition.column]
    unread = text(condition.column).is_not_null() & number(condition.column).is_null()
    says = pl.format("not a number: column '{}' holds '{}'", pl.lit(condition.column), text(condition.column))
    return pl.when(reduce(and_, others, unread)).then(says)


def _holds(condition: Condition, mapping: Mapping) -> pl.Expr:
    column = condition.column
    if condition.test == "null":
        return text(column).is_null() if condition.values[0] else text(column).is_not_null()
    if condition.test in ("is", "not"):
        among = reduce(or_, [_equals(column, value) for value in condition.values]).fill_null(value=False)
        return among if condition.test == "is" else ~among
    bound = condition.values[0]
    if isinstance(bound, int | float):
        seen, limit = number(column), pl.lit(float(bound))
    else:
        moment = value_instant(bound, mapping) if isinstance(bound, date) else None  # a text was refused before
        seen, limit = _moment(column, mapping), pl.lit(moment).cast(pl.Datetime("us", "UTC"))
    compare = {"at_least": seen >= limit, "at_most": seen <= limit, "above": seen > limit, "below": seen < limit}
    return compare[condition.test].fill_null(value=False)


def _moment(column: str, mapping: Mapping) -> pl.Expr:
    """Read a column's times whatever its type; conditions do not know the schema."""
    naive, aware = naive_and_aware(column, pl.String(), mapping.time_format(column))
    return pl.coalesce([aware, localized(naive, mapping.timezone or "UTC")])


def _equals(column: str, value: object) -> pl.Expr:
    if isinstance(value, bool):
        return text(column).str.to_lowercase() == str(value).lower()
    if isinstance(value, int | float):
        return number(column) == float(value)
    return text(column) == str(value)
