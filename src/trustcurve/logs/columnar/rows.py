"""Whose and when a row is, which rule takes it, and what is wrong with it: columns added to a log's rows."""

from __future__ import annotations

import polars as pl

from trustcurve.logs.columnar.conditions import fit
from trustcurve.logs.columns import moment, number, template, text
from trustcurve.logs.mappings.mapping import Mapping
from trustcurve.logs.sources.readers import ROW

__all__ = ["AT", "CUSTOMER", "ID", "OUTCOME", "PROBLEM", "RULE", "TIE", "VALUE", "dated", "ruled"]

CUSTOMER, AT, ID, TIE, RULE, PROBLEM, OUTCOME, VALUE = (
    f"trustcurve.{name}" for name in ("customer", "at", "id", "tie", "rule", "problem", "outcome", "value")
)
"""The columns added; a source column of the same name would be no accident."""

_FLAGS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


def dated(rows: pl.LazyFrame, mapping: Mapping, outcome: str | None) -> pl.LazyFrame:
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


def ruled(rows: pl.LazyFrame, mapping: Mapping) -> pl.LazyFrame:
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
            takes, odd = takes & (so_far == 1), odd & (so_far == 0)
        taken = pl.when(takes).then(place).otherwise(pl.col(RULE)).cast(pl.Int32).alias(RULE)
        told = (
            [] if asked.problem is None else [pl.coalesce([PROBLEM, pl.when(odd).then(asked.problem)]).alias(PROBLEM)]
        )
        rows = rows.with_columns(taken, *told)
    return rows
