"""Conditions on columns: they hold, they do not, or the column holds nothing that they could be asked of."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
from attrs import frozen

from trustcurve.logs.columns import INSTANT, is_about_time, moment, number, text, value_instant
from trustcurve.logs.mapping import Condition, Mapping, MappingRule, Value

__all__ = ["Fit", "fit"]


@frozen(eq=False)
class Fit:
    """Whether a rule's conditions hold for a row.

    Args:
        holds: True, false, or null where it hangs on a field that cannot be read.
        problem: Says where ``holds`` is null what cannot be read; None where no condition asks for that.
    """

    holds: pl.Expr
    problem: pl.Expr | None


def fit(rule: MappingRule, mapping: Mapping) -> Fit:
    """Ask all conditions of a rule, in logic with three values: one that fails settles it, whatever the others say."""
    asked = [_holds(condition, mapping) for condition in rule.when]
    odd = [
        pl.when(holds.is_null()).then(_unread(condition))
        for condition, holds in zip(rule.when, asked, strict=True)
        if condition.test not in ("is", "not", "null")
    ]
    return Fit(pl.all_horizontal(asked) if asked else pl.lit(value=True), pl.coalesce(odd) if odd else None)


def _holds(condition: Condition, mapping: Mapping) -> pl.Expr:
    column, first = condition.column, condition.values[0]
    if condition.test == "null":
        return text(column).is_null() if first else text(column).is_not_null()
    if condition.test in ("is", "not"):
        among = _among(column, condition.values, mapping)
        return among if condition.test == "is" else ~among
    if isinstance(first, date):
        seen, bound = moment(column), _instant(first, mapping)
    else:
        seen, bound = number(column), pl.lit(float(first))
    compare = {"at_least": seen >= bound, "at_most": seen <= bound, "above": seen > bound, "below": seen < bound}
    return text(column).is_not_null() & compare[condition.test]


def _among(column: str, values: tuple[Value, ...], mapping: Mapping) -> pl.Expr:
    """Ask whether a column holds one of some values; what could not be one of them is none of them."""
    texts = [value for value in values if isinstance(value, str)]
    equal = [text(column).is_in(texts)] if texts else []
    for value in values:
        if isinstance(value, bool):
            equal.append(text(column).str.to_lowercase() == str(value).lower())
        elif isinstance(value, int | float):
            equal.append(number(column) == float(value))
        elif isinstance(value, date):
            equal.append(moment(column) == _instant(value, mapping))
    return pl.any_horizontal([each.fill_null(value=False) for each in equal])


def _instant(value: date, mapping: Mapping) -> pl.Expr:
    when = value_instant(value, mapping)
    try:
        when = when.astimezone(UTC)
    except OverflowError:  # at either end of the calendar, beyond which there is nothing to compare
        when = datetime.max.replace(tzinfo=UTC) if when.year > 1 else datetime.min.replace(tzinfo=UTC)
    return pl.lit(when).cast(INSTANT)


def _unread(condition: Condition) -> pl.Expr:
    """Say that a field is no number, or no time, where a range is asked of it."""
    form = (
        "unreadable time: column '{}' is no time: '{}'"
        if is_about_time(condition)
        else "not a number: column '{}' holds '{}'"
    )
    return pl.format(form, pl.lit(condition.column), text(condition.column))
