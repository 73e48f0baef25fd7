"""Confidence intervals of shares: Wilson's where customers are independent, Student's where only replications are."""

from __future__ import annotations

import polars as pl

from trustcurve.errors import InvalidValueError, require

__all__ = ["check_confidence", "t_quantile", "with_intervals"]


def check_confidence(confidence: float) -> None:
    """Raise InvalidValueError unless the value is a confidence level."""
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 < confidence < 1:
        raise InvalidValueError("confidence", confidence, "must lie between 0 and 1, for example 0.95")


def t_quantile(confidence: float, replications: int) -> float:
    """Return the half-width, in standard errors, of a two-sided Student interval for a mean of replications."""
    return float(require("scipy.special", "simulation").stdtrit(replications - 1, (1 + confidence) / 2))


def with_intervals(counts: pl.DataFrame, keys: list[str], confidence: float, *, coupled: bool) -> pl.DataFrame:
    """Pool all replications, and return shares with confidence intervals.

    Where customers do not influence each other, all of them are one sample, and the interval is Wilson's. Where they do, only
    replications are independent: with two or more, the interval is widened until it also covers Student's interval of their
    shares; with one, it is too narrow, and nothing can be done about it. Keys of which nobody was observed are left out.

    Args:
        counts: ``replication``, the keys, ``count`` and ``of``.
        keys: The columns that identify a share.
        confidence: The confidence level.
        coupled: Whether customers influence each other.

    Returns:
        The keys, ``share``, ``low`` and ``high``.

    Raises:
        InvalidValueError: The confidence does not lie between 0 and 1.
    """
    check_confidence(confidence)
    replications = counts["replication"].n_unique()
    z = float(require("scipy.special", "simulation").ndtri((1 + confidence) / 2))
    counts = counts.filter(pl.col("of") > 0)
    each = pl.col("count") / pl.col("of")
    spread = each.std() / replications**0.5
    made = counts.group_by(keys, maintain_order=True).agg(
        pl.col("count").sum(), pl.col("of").sum(), middle=each.mean(), spread=spread
    )
    n, p = pl.col("of").cast(pl.Float64), pl.col("share")
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    wide = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)).sqrt()
    lows, highs = [middle - wide, p], [middle + wide, p]  # rounding could exclude p itself where it is 0 or 1
    if coupled and replications > 1:
        between = pl.col("spread") * t_quantile(confidence, replications)
        lows.append(pl.col("middle") - between)
        highs.append(pl.col("middle") + between)
    shares = made.with_columns(share=pl.col("count") / pl.col("of"))
    low, high = pl.min_horizontal(lows).clip(0, 1), pl.max_horizontal(highs).clip(0, 1)
    return shares.select(*keys, "share", low=low, high=high)
