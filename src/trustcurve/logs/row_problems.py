"""Problems of rows as numbers, so that words are made only for the few rows that have one."""

from __future__ import annotations

import polars as pl
from attrs import define, field

__all__ = ["PROBLEM", "Problems", "first"]

PROBLEM = "trustcurve.problem"
"""The column with the number of a row's problem; null if it has none."""


@define(eq=False)
class Problems:
    """The problems that rows can have, numbered in the order in which they are added."""

    texts: list[pl.Expr] = field(factory=list)

    def when(self, holds: pl.Expr, text: pl.Expr) -> pl.Expr:
        """Add a problem.

        Args:
            holds: Which rows have it.
            text: The problem in words.

        Returns:
            Its number, for rows that have it; null for others.
        """
        self.texts.append(text)
        return pl.when(holds).then(pl.lit(len(self.texts) - 1, pl.Int16))

    def in_words(self) -> pl.Expr:
        """Return the problem of each row in words; null for rows without one."""
        found = [pl.when(pl.col(PROBLEM) == number).then(text) for number, text in enumerate(self.texts)]
        return pl.coalesce([*found, pl.lit(None, pl.String)])


def first(problems: list[pl.Expr]) -> pl.Expr:
    """Return the first number of several; null if there is none."""
    return pl.coalesce([*problems, pl.lit(None, pl.Int16)])
