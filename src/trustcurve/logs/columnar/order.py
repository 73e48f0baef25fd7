"""The order of a log, and which customers bear on each other."""

from __future__ import annotations

import polars as pl

from trustcurve.logs.columnar.rows import AT, CUSTOMER, ID, TIE
from trustcurve.logs.sources.readers import ROW

__all__ = ["GROUP", "ORDER", "PLACE", "SEVERAL", "in_order"]

ORDER, PLACE, GROUP, SEVERAL = (f"trustcurve.{name}" for name in ("order", "place", "group", "several"))


def in_order(events: pl.DataFrame) -> pl.DataFrame:
    """Put events in the order of the log, and that for one group of customers after the other.

    The order of the log is by time, tie column, row and place in the rule; ``place`` counts in it.
    Only an id ties customers together (who used it first), so a group is one customer, or those who
    share an id, with those who share one with them. Groups stand in the order of their first event.
    ``several`` marks the events of rows whose events are not all at the same time.
    """
    order = events.sort(AT, TIE, ROW, ORDER, nulls_last=True, maintain_order=True).with_row_index(PLACE)
    order = order.with_columns(
        pl.col(PLACE).first().over(CUSTOMER).alias(GROUP),
        (pl.col(AT).min().over(ROW) != pl.col(AT).max().over(ROW)).alias(SEVERAL),
    )
    leaders = _leaders(order)
    if leaders:
        order = order.with_columns(pl.col(GROUP).replace(leaders))
    return order.sort(GROUP, PLACE)


def _leaders(order: pl.DataFrame) -> dict[int, int]:
    """Name for each group that shares an id with an earlier one the first of all that belong together."""
    shared = order.drop_nulls(ID).group_by(ID).agg(pl.col(GROUP).unique()).filter(pl.col(GROUP).list.len() > 1)
    above: dict[int, int] = {}

    def leader(group: int) -> int:
        while (up := above.get(group, group)) != group:
            above[group] = group = above.get(up, up)  # halve the way for whoever comes next
        return group

    for together in shared[GROUP].to_list():
        leaders = {leader(group) for group in together}
        above.update(dict.fromkeys(leaders, min(leaders)))
    return {group: leader(group) for group in above}
