"""One customer among all of a log: whether the log knows them, and what became of their rows."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from datetime import datetime

import polars as pl

from trustcurve.core.errors import UnknownWordError
from trustcurve.logs.columnar.rows import AT, CUSTOMER
from trustcurve.logs.columns import template
from trustcurve.logs.mappings.mapping import Mapping
from trustcurve.logs.sources.readers import ROW, Log

__all__ = ["fates", "rows_of"]


def rows_of(customer: str, log: Log, mapping: Mapping) -> int:
    """Count the rows of a customer, whatever they say.

    Raises:
        UnknownWordError: There are none; the error knows the nearest ids, and not those of everybody else.
    """
    whose = log.rows.select(template(mapping.customer).alias(CUSTOMER))
    rows: int = whose.filter(pl.col(CUSTOMER) == customer).select(pl.len()).collect().item()
    if not rows:
        raise UnknownWordError("customer", customer, _near(customer, whose))
    return rows


def _near(customer: str, whose: pl.LazyFrame) -> tuple[str, ...]:
    """Find the nearest ids: among those that begin or end alike, for a log may have millions."""
    half = len(customer) // 2
    alike = pl.col(CUSTOMER).str.starts_with(customer[:half]) | pl.col(CUSTOMER).str.ends_with(customer[-half:])
    known = whose.filter(alike).unique().sort(CUSTOMER).collect()[CUSTOMER].to_list()
    return tuple(difflib.get_close_matches(customer, known))


def fates(
    customer: str,
    rows: int,
    events: pl.DataFrame,
    *,
    used: Collection[int],
    rejected: Collection[int],
    until: datetime | None,
) -> dict[str, int]:
    """Tell what became of a customer's rows: the numbers of ``Counts``, but for the events.

    Args:
        customer: Whose rows.
        rows: How many there are.
        events: The events of the mapped log.
        used: The numbers of the rows that were used.
        rejected: The numbers of those that could not be used.
        until: Up to when events were used.
    """
    own = events.filter((pl.col(CUSTOMER) == customer) & ~pl.col(ROW).is_in([*used, *rejected]))
    left = own.group_by(ROW).agg(pl.col(AT).min())
    later = 0 if until is None else left.filter(pl.col(AT) > until).height
    return {
        "rows": rows,
        "used": len(used),
        "ignored": rows - left.height - len(used) - len(rejected),
        "duplicates": left.height - later,
        "later": later,
        "rejected": len(rejected),
    }
