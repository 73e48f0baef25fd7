"""Conditions on columns: true, false, or null if the column cannot be read."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime
from unicodedata import normalize

import polars as pl
from attrs import frozen

from trustcurve.logs.columns import INSTANT, is_about_time, moment, short_text, value_instant
from trustcurve.logs.mapping import ColumnCondition, LogMapping, MappingRule, OutcomeRule, Value
from trustcurve.logs.numbers import is_number, sign, text

__all__ = ["Fit", "fit"]


@frozen(eq=False)
class Fit:
    """Whether the conditions of a rule or an outcome hold for a row.

    Args:
        holds: True, false, or null if it depends on a field that cannot be read.
        problem: Where ``holds`` is null, the unreadable field in words; None if no condition needs it.
    """

    holds: pl.Expr
    problem: pl.Expr | None


def fit(rule: MappingRule | OutcomeRule, mapping: LogMapping) -> Fit:
    """Evaluate all conditions of a rule or an outcome in three-valued logic: if one is false, the result is false."""
    holding = [_holds(condition, mapping) for condition in rule.when]
    odd = [
        pl.when(holds.is_null()).then(_unread(condition))
        for condition, holds in zip(rule.when, holding, strict=True)
        if condition.test not in ("is", "not", "null")
    ]
    return Fit(pl.all_horizontal(holding) if holding else pl.lit(value=True), pl.coalesce(odd) if odd else None)


def _holds(condition: ColumnCondition, mapping: LogMapping) -> pl.Expr:
    column, first = condition.column, condition.values[0]
    if condition.test == "null":
        return text(column).is_null() if first else text(column).is_not_null()
    if condition.test in ("is", "not"):
        among = _among(column, condition.values, mapping)
        return among if condition.test == "is" else ~among
    compare = _COMPARE[condition.test]
    if isinstance(first, date):
        holds = compare(moment(column), _instant(first, mapping))
    else:
        holds = compare(sign(column, first), pl.lit(0))  # type: ignore[arg-type] # a bound is not a text
    return text(column).is_not_null() & holds


_COMPARE: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
}


def _among(column: str, values: tuple[Value, ...], mapping: LogMapping) -> pl.Expr:
    """Return whether a column has one of some values; false for a value of another type."""
    texts = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    equal = [_is_text(column, texts)] if texts else []
    equal += [is_number(column, numbers)] if numbers else []
    for value in values:
        if isinstance(value, bool):
            equal.append(text(column).str.to_lowercase() == str(value).lower())
        elif isinstance(value, date):
            equal.append(moment(column) == _instant(value, mapping))
    return pl.any_horizontal([each.fill_null(value=False) for each in equal])


def _is_text(column: str, texts: list[str]) -> pl.Expr:
    """Return whether a column has one of some texts, whatever the Unicode form of either."""
    if all(map(str.isascii, texts)):  # they have only one form
        return text(column).is_in(texts)
    return text(column).str.normalize("NFC").is_in([normalize("NFC", each) for each in texts])


def _instant(value: date, mapping: LogMapping) -> pl.Expr:
    when = value_instant(value, mapping)
    try:
        when = when.astimezone(UTC)
    except OverflowError:  # at either end of the calendar
        when = datetime.max.replace(tzinfo=UTC) if when.year > 1 else datetime.min.replace(tzinfo=UTC)
    return pl.lit(when).cast(INSTANT)


def _unread(condition: ColumnCondition) -> pl.Expr:
    """Return the problem of a field that is not a number or a time, in words."""
    words = (
        "unreadable time: column '{}' has '{}'" if is_about_time(condition) else "not a number: column '{}' has '{}'"
    )
    return pl.format(words, pl.lit(condition.column), short_text(condition.column))
