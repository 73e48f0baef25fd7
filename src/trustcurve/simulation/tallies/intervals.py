"""How sure a share is."""

from __future__ import annotations

import polars as pl

from trustcurve.core.errors import InvalidValueError
from trustcurve.core.extras import require

__all__ = ["check_confidence", "t_quantile", "with_intervals"]


def check_confidence(confidence: float) -> None:
    """Refuse what is no confidence."""
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 < confidence < 1:
        raise InvalidValueError("confidence", confidence, "must lie between 0 and 1, for example 0.95")


def t_quantile(confidence: float, replications: int) -> float:
    """Answer with how many standard errors a two-sided interval of means of replications is wide, to each side."""
    return float(require("scipy.special", "simulation").stdtrit(replications - 1, (1 + confidence) / 2))


def with_intervals(counts: pl.DataFrame, keys: list[str], confidence: float, *, coupled: bool) -> pl.DataFrame:
    """Make shares of counts, all replications together, and intervals for what they are on average.

    Where customers do not influence each other, all of them together are one sample, and the interval is Wilson's. Where they
    do, only replications are independent of each other: the interval is Student's, and with one replication there is none.

    Args:
        counts: ``replication``, the keys, ``count`` and ``of``.
        keys: What a share is about.
        confidence: How sure.
        coupled: Whether customers influence each other.

    Raises:
        InvalidValueError: The confidence does not lie between 0 and 1.
    """
    check_confidence(confidence)
    grouped = counts.group_by(keys, maintain_order=True)
    if coupled:
        replications = counts["replication"].n_unique()
        each = pl.col("count") / pl.col("of")
        wide = t_quantile(confidence, replications) * each.std() / replications**0.5
        made = grouped.agg(share=each.mean(), wide=wide)
        low, high = pl.col("share") - pl.col("wide"), pl.col("share") + pl.col("wide")
    else:
        z = float(require("scipy.special", "simulation").ndtri((1 + confidence) / 2))
        made = grouped.agg(pl.col("count").sum(), pl.col("of").sum()).with_columns(share=pl.col("count") / pl.col("of"))
        n, p = pl.col("of"), pl.col("share")
        middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        wide = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)).sqrt()
        low, high = middle - wide, middle + wide
    return made.select(*keys, "share", low=low.clip(0, 1), high=high.clip(0, 1))
