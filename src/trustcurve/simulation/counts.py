"""What is counted of the customers of one segment: by chance in one replication, or exactly, on average."""

from __future__ import annotations

from typing import Any

import polars as pl
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.core.errors import InvalidValueError
from trustcurve.core.extras import require

__all__ = ["Names", "Tally", "check_confidence", "t_quantile", "with_intervals"]


Counts = NDArray[Any]


@frozen
class Names:
    """What the columns of a segment's tallies mean.

    Args:
        segment: The segment's name.
        states: The leaf states, from low to high.
        goals: The stages in the curve's order, and at the end "lost".
        kinds: The kinds of change of leaf state: before, after, signal, rule, because, places.
    """

    segment: str
    states: tuple[str, ...]
    goals: tuple[str, ...]
    kinds: tuple[tuple[str, str, str, str, str, int], ...]


@frozen(eq=False)
class Tally:
    """The counts; whole numbers in a replication, averages in an exact answer.

    Args:
        begins: At the end of which step each cohort arrives.
        sizes: How many customers each cohort has.
        states: How many of each cohort are in each state after each step: (cohorts, steps + 1, states).
        changes: How often each kind of change happened in each step: (steps, kinds).
        actions: How often the company did what: (steps, actions).
        moves: How often the environment did what: (steps, moves).
        reached: How many have been at each goal by each age: (steps + 1, goals).
        observed: How many could be seen at each age: (steps + 1,).
        told: How many told others in each step: (steps,).
    """

    begins: tuple[int, ...]
    sizes: tuple[int, ...]
    states: Counts
    changes: Counts
    actions: Counts
    moves: Counts
    reached: Counts
    observed: Counts
    told: Counts


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
    do, only replications are independent of each other, so that with two or more of them the interval is stretched until it
    holds Student's interval of their shares, too; with one, it is too short, and nothing can be done about it.

    Where nobody could be seen there is no share.

    Args:
        counts: ``replication``, the keys, ``count`` and ``of``.
        keys: What a share is about.
        confidence: How sure.
        coupled: Whether customers influence each other.

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
    lows, highs = [middle - wide, p], [middle + wide, p]  # rounding leaves p itself out where it is 0 or 1
    if coupled and replications > 1:
        between = pl.col("spread") * t_quantile(confidence, replications)
        lows.append(pl.col("middle") - between)
        highs.append(pl.col("middle") + between)
    shares = made.with_columns(share=pl.col("count") / pl.col("of"))
    low, high = pl.min_horizontal(lows).clip(0, 1), pl.max_horizontal(highs).clip(0, 1)
    return shares.select(*keys, "share", low=low, high=high)
