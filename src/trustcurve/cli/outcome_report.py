"""Print outcomes by what was known just before them, beside simple baselines."""

from __future__ import annotations

from math import floor, log10

import polars as pl

from trustcurve.cli.screen import Row, Screen, TableColumn
from trustcurve.logs.outcome_shares import KNOWN_BY, are_yes_no
from trustcurve.logs.outcomes import Outcomes

__all__ = ["print_outcomes"]

_GROUPS_SHOWN = 8
_DIGITS_MAX = 8
_PREFIXES = {"base rate": "baseline: ", "last promise": "baseline: last promise ", "promises": "baseline: "}


def print_outcomes(screen: Screen, outcomes: Outcomes) -> None:
    """Print each outcome: all customers, and those to whom two promises were made by then."""
    shares = outcomes.shares()
    for name in outcomes.names:
        unfinished = outcomes.unfinished[name]
        if unfinished:
            screen.line()
            screen.line(f"{name}: {unfinished:,} left out, because the period after them was not over")
        yes_no = outcomes.table.filter(name=name).select(are_yes_no()).item()
        for whose, words in (("all", "all customers"), ("repeat", "customers with two or more promises by then")):
            _print_table(screen, name, words, shares.filter(name=name, whose=whose), yes_no=yes_no)


def _print_table(screen: Screen, name: str, whose: str, shares: pl.DataFrame, *, yes_no: bool) -> None:
    screen.line()
    if not shares.height:
        screen.line(f"No {name} of {whose}.")
        return
    columns = (
        TableColumn("known just before", "name"),
        TableColumn("count", "number"),
        TableColumn("customers", "number"),
        TableColumn("yes" if yes_no else "mean", "number"),
        TableColumn("95% interval", "number"),
    )
    digits = _digits(shares["mean"], yes_no=yes_no)
    groups, hidden = [], 0
    for known_by in KNOWN_BY:
        found = shares.filter(known_by=known_by)
        shown = found.with_row_index("order").top_k(_GROUPS_SHOWN, by="count").sort("order")
        hidden += found.height - shown.height
        groups.append([_row(each, digits, yes_no=yes_no) for each in shown.iter_rows(named=True)])
    screen.table(f"{name} by what was known just before: {whose}", columns, *groups)
    if hidden:
        screen.line(f"and {hidden:,} smaller group{'' if hidden == 1 else 's'}; --out writes all of them")


def _row(share: dict[str, object], digits: int, *, yes_no: bool) -> Row:
    known, count, customers, mean, low, high = (
        share[key] for key in ("known_by", "count", "customers", "mean", "low", "high")
    )
    form = f".{digits}%" if yes_no else f".{digits}f"
    interval = "" if low is None else f"{low:{form}} to {high:{form}}"
    return (
        f"{_PREFIXES.get(str(known), '')}{share['group']}",
        f"{count:,}",
        f"{customers:,}",
        f"{mean:{form}}",
        interval,
    )


def _digits(means: pl.Series, *, yes_no: bool) -> int:
    """Return how many digits after the point show two digits of the smallest mean that is not 0."""
    sizes = means.abs().filter(means != 0)
    smallest = (float(sizes.min()) if len(sizes) else 1.0) * (100 if yes_no else 1)  # type: ignore[arg-type] # numbers
    return min(max(1 - floor(log10(smallest)), 1 if yes_no else 2), _DIGITS_MAX)
