"""Shares of outcomes: how many, of how many customers, and their mean, by what was known just before them.

Everything here works on a table of outcomes (``OUTCOMES``), whichever engine made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

import polars as pl
from attrs import frozen

from trustcurve.records import OUTCOME_SHARES, polars_types
from trustcurve.records.outcome_record import KnownBy, Whose

__all__ = ["CONFIDENCE", "KNOWN_BY", "are_yes_no", "outcome_shares"]

CONFIDENCE: Final = 0.95
"""The confidence level of the intervals."""

KNOWN_BY: tuple[KnownBy, ...] = get_args(KnownBy)
"""What outcomes are grouped by, in the order of the table."""

_Z = 1.9599639845400545  # the quantile of the normal distribution at 0.975
_T = {1: 12.706204736432095, 2: 4.302652729911275}
"""The same of Student's distribution with one and two degrees of freedom, for which the expansion is too coarse."""

_MANY = 3
"""From here on promises are counted as "3+". Source: our choice; finer groups have too few customers."""

_ORDER = tuple(f"order {place}" for place in range(5))
"""The columns that groups of one grouping are sorted by."""

_LAST = ("kept", "none yet", "broken")


@frozen(eq=False)
class _Grouping:
    """How outcomes are grouped: the name of each outcome's group, and what the groups are sorted by."""

    known_by: KnownBy
    group: pl.Expr
    order: tuple[pl.Expr, ...]


def outcome_shares(outcomes: pl.DataFrame, states: Sequence[str]) -> pl.DataFrame:
    """Return the shares of outcomes: of all customers, and of those to whom two promises were made by then.

    Customers are the unit of the intervals, because the outcomes of one customer are alike. The variance of a mean is that of
    a ratio of two sums over customers (Source: Cochran, Sampling Techniques, 1977, chapter 9A), and at least the variance
    of as many independent outcomes. For numbers the interval is Student's. For yes and no it is Wilson's with the
    effective number of outcomes, which is their number divided by the ratio of these two variances (Source: Korn and
    Graubard, Survey Methodology 24, 1998; Dean and Pagano, Journal of Survey Statistics and Methodology 3, 2015); where
    all are yes or all are no, with the number of customers. Both have one degree of freedom less than there are customers.

    Args:
        outcomes: A table of ``OUTCOMES``.
        states: The leaf states of the curve, from the lowest to the highest.

    Returns:
        A table of ``OUTCOME_SHARES``: outcomes in the order in which they first appear, groups from the best known to
        the worst. An interval is null where the group has one customer, or where all its values are one number.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve.records import OUTCOMES, OutcomeRecord, polars_frame
        >>> known = ("hopeful", "hopeful", 0, 0, 2, "due", 1, 0, "none yet", 0, 0, False)
        >>> rows = [OutcomeRecord("left", n, str(n), datetime(2026, 1, n, tzinfo=UTC), float(n == 1), *known) for n in range(1, 21)]
        >>> shares = outcome_shares(polars_frame(OUTCOMES, rows), ["hopeful"])
        >>> shares.select("known_by", "group", "count", "mean").row(0)
        ('base rate', 'all outcomes', 20, 0.05)
    """
    kinds = outcomes.group_by("name", maintain_order=True).agg(are_yes_no().alias("yes_no")).with_row_index("place")
    known = outcomes.join(kinds, on="name")
    whoses: tuple[tuple[Whose, pl.DataFrame], ...] = ("all", known), ("repeat", known.filter("repeat"))
    parts = [_by_customer(some, whose, each) for whose, some in whoses for each in _groupings(states)]
    keys = ("place", "whose", "rank", *_ORDER, "group")
    shares = _with_intervals(_sums(pl.concat(parts), (*keys, "name", "yes_no", "known_by"))).sort(keys)
    return shares.select(pl.col(name).cast(kind) for name, kind in polars_types(OUTCOME_SHARES).items())


def are_yes_no() -> pl.Expr:
    """Return whether all values of a column ``value`` are 1 or 0."""
    return pl.col("value").is_in([0.0, 1.0]).all()


def _groupings(states: Sequence[str]) -> tuple[_Grouping, ...]:
    def rank(column: str, words: Sequence[str]) -> pl.Expr:
        return pl.col(column).replace_strict(
            {word: place for place, word in enumerate(words)}, default=len(words), return_dtype=pl.Int32
        )

    def number(column: str) -> pl.Expr:
        count = pl.col(column)
        return pl.when(count >= _MANY).then(pl.lit(f"{_MANY}+")).otherwise(count.cast(pl.String))

    def some(column: str) -> pl.Expr:
        return pl.col(column).clip(0, _MANY)

    highest = rank("state", tuple(reversed(states)))
    promises = pl.format("{} kept, {} broken", number("promises_kept"), number("promises_broken"))
    standing = pl.format("{}, {} open, {} overdue", "state", number("promises_open"), number("promises_overdue"))
    parts = ("kept", "engaged", "doubt", "account")
    position = pl.format("{} (kept {}, engaged {}, doubt {}, account {})", "state", *parts)
    return (
        _Grouping("base rate", pl.lit("all outcomes"), ()),
        _Grouping("last promise", pl.col("last_promise"), (rank("last_promise", _LAST),)),
        _Grouping("promises", promises, (-some("promises_kept"), some("promises_broken"))),
        _Grouping("state", pl.col("state"), (highest,)),
        _Grouping("standing", standing, (highest, some("promises_open"), some("promises_overdue"))),
        _Grouping("position", position, (highest, -pl.col("kept"), -pl.col("engaged"), pl.col("doubt"))),
    )


def _by_customer(known: pl.DataFrame, whose: Whose, by: _Grouping) -> pl.DataFrame:
    """Return what each customer adds to each group of one grouping."""
    order = [each.cast(pl.Int32) for each in by.order] + [pl.lit(0, pl.Int32)] * (len(_ORDER) - len(by.order))
    keys = ["place", "name", "yes_no", *_ORDER, "group"]
    grouped = known.with_columns(
        by.group.alias("group"), *(each.alias(name) for each, name in zip(order, _ORDER, strict=True))
    )
    value = pl.col("value")
    # In the order of the table: sums of doubles depend on the order, and two runs must give the same digits.
    added = grouped.group_by(*keys, "customer", maintain_order=True).agg(
        n=pl.len(), total=value.sum(), squares=(value**2).sum(), least=value.min(), most=value.max()
    )
    rank = pl.lit(KNOWN_BY.index(by.known_by)).alias("rank")
    return added.with_columns(rank, whose=pl.lit(whose), known_by=pl.lit(by.known_by))


def _sums(added: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return count, customers, mean and sums of squares of each group: of its customers, and of its values."""
    n, total, mean = pl.col("n"), pl.col("total"), pl.col("total").sum() / pl.col("n").sum()
    return added.group_by(keys, maintain_order=True).agg(
        count=n.sum(), customers=pl.len(), mean=mean, between=((total - n * mean) ** 2).sum(),
        within=pl.col("squares").sum() - mean * total.sum(), even=pl.col("least").min() == pl.col("most").max(),
    )  # fmt: skip


def _with_intervals(sums: pl.DataFrame) -> pl.DataFrame:
    """Add ``low`` and ``high`` to groups with ``count``, ``customers``, ``mean`` and the sums of squares."""
    n, customers, mean = pl.col("count").cast(pl.Float64), pl.col("customers").cast(pl.Float64), pl.col("mean")
    quantile = _student(customers - 1)
    clustered = customers / (customers - 1) * pl.col("between") / n**2
    independent = pl.col("within").clip(0) / n**2
    half = quantile * pl.max_horizontal(clustered, independent).sqrt()
    size = pl.when("even").then(customers).otherwise(n * independent / pl.max_horizontal(clustered, independent))
    middle = (mean + quantile**2 / (2 * size)) / (1 + quantile**2 / size)
    wide = quantile / (1 + quantile**2 / size) * (mean * (1 - mean) / size + quantile**2 / (4 * size**2)).sqrt()
    some = pl.when(pl.col("customers") > 1)
    low = (
        pl.when("yes_no")
        .then(pl.min_horizontal(middle - wide, mean).clip(0, 1))
        .when(~pl.col("even"))
        .then(mean - half)
    )
    high = (
        pl.when("yes_no")
        .then(pl.max_horizontal(middle + wide, mean).clip(0, 1))
        .when(~pl.col("even"))
        .then(mean + half)
    )
    return sums.with_columns(low=some.then(low), high=some.then(high))


def _student(freedom: pl.Expr) -> pl.Expr:
    """Return the quantile of Student's distribution at 0.975.

    Source: the expansion 26.7.5 of Abramowitz and Stegun, Handbook of Mathematical Functions (1964); from three degrees
    of freedom on it is right to two parts in a thousand.
    """
    z = _Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    series = pl.lit(z) + pl.sum_horizontal(term / freedom**power for power, term in enumerate(terms, start=1))
    return pl.when(freedom == 1).then(_T[1]).when(freedom == 2).then(_T[2]).otherwise(series)  # noqa: PLR2004
