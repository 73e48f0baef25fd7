"""Numbers in the fields of a log, compared exactly: two that are the same double are still two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

import polars as pl

__all__ = ["is_number", "number", "sign", "text", "whole"]

_DOUBLES_EXACT = 2**53
"""Up to here every whole number is a double."""


def text(column: str) -> pl.Expr:
    """Read a column as text, without surrounding blanks; an empty text becomes null."""
    trimmed = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(trimmed != "").then(trimmed)


def number(column: str) -> pl.Expr:
    """Read a column as doubles; other values and numbers that are not finite become null."""
    read = text(column).cast(pl.Float64, strict=False)
    return pl.when(read.is_finite()).then(read)


def whole(column: str) -> pl.Expr:
    """Read a column as whole numbers of 64 signed bits, each exactly; other values become null.

    Doubles that are whole (1.0) are numbers, too: columns of integers become doubles where values are missing.
    """

    def read(given: pl.Series) -> pl.Series:
        double, most = number("field"), 2**63 if given.dtype == pl.Float64 else _DOUBLES_EXACT
        safe = (double == double.floor()) & (double >= -most) & (double < most)
        digits = text("field").str.replace(r"\.0*$", "").cast(pl.Int64, strict=False)
        exact = pl.coalesce(digits, pl.when(safe).then(double).cast(pl.Int64, strict=False))
        return given.to_frame("field").select(exact).to_series()

    return pl.col(column).map_batches(read, return_dtype=pl.Int64, is_elementwise=True)


def sign(column: str, bound: float) -> pl.Expr:
    """Return -1, 0 or 1 for numbers below a bound, equal or above; null for other values."""

    def read(fields: pl.DataFrame, exactly: _Exactly) -> pl.Expr:
        double, near, limit = pl.col("double"), float(bound), exactly(bound)
        close = {each: exactly(each) for each in fields.filter(double == near)["text"].unique()}
        above = [each for each, value in close.items() if value > limit]
        below = [each for each, value in close.items() if value < limit]
        over, under = (double > near) | pl.col("text").is_in(above), (double < near) | pl.col("text").is_in(below)
        signs = pl.when(over).then(1).when(under).then(-1).otherwise(0)
        return pl.when(double.is_not_null()).then(signs).cast(pl.Int8)

    return _read(column, read, pl.Int8())


def is_number(column: str, values: Sequence[float]) -> pl.Expr:
    """Return whether a column's number is one of some; false for other values."""

    def read(fields: pl.DataFrame, exactly: _Exactly) -> pl.Expr:
        known = {exactly(each) for each in values}
        close = fields.filter(pl.col("double").is_in([float(each) for each in values]))["text"].unique()
        return pl.col("text").is_in([each for each in close if exactly(each) in known])

    return _read(column, read, pl.Boolean()).fill_null(value=False)


_Exactly = Callable[[str | float], Decimal]


def _read(column: str, read: Callable[[pl.DataFrame, _Exactly], pl.Expr], dtype: pl.DataType) -> pl.Expr:
    """Read a column with its texts and doubles: only where doubles are equal, the exact values have to be compared."""

    def fields(given: pl.Series) -> pl.Series:
        frame = given.to_frame("field").select(text("field").alias("text"), number("field").alias("double"))
        return frame.select(read(frame, _of_double if given.dtype == pl.Float64 else _of_text)).to_series()

    return pl.col(column).map_batches(fields, return_dtype=dtype, is_elementwise=True)


def _of_double(value: str | float) -> Decimal:
    """Return a number of a column of doubles: what it is, not the few digits that are enough to read it back."""
    return Decimal(value if isinstance(value, int) else float(value))


def _of_text(value: str | float) -> Decimal:
    """Return the number that a text is, or a value of a mapping, as it is written there."""
    try:
        return Decimal(str(value))
    except InvalidOperation:  # an exponent of twenty digits, below all numbers of a mapping
        return Decimal(f"{str(value).lower().partition('e')[0]}e-999999")
