"""Tables of what was counted, for reading, writing and drawing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from trustcurve.policies import ACTIONS, MOVES
from trustcurve.simulation.tallies.tally import Names, Tally
from trustcurve.verification.arguments import check_word

__all__ = ["FRAMES", "Row", "frame_of", "per_customer"]

Row = tuple[int | None, Names, Tally]
"""A tally, whose it is, and in which replication; None: an exact answer."""

_KIND = ("before", "after", "signal", "rule", "because", "change")


def frame_of(what: str, rows: Sequence[Row]) -> pl.DataFrame:
    """Make one of the tables.

    Args:
        what: ``counts``, ``moves``, ``actions``, ``happenings``, ``reached``, ``cohorts`` or ``told``.
        rows: The tallies.

    Raises:
        UnknownWordError: There is no such table.
    """
    check_word("what", what, tuple(FRAMES))
    parts = []
    for replication, names, tally in rows:
        first: list[Any] = [pl.lit(names.segment).alias("segment")]
        if replication is not None:
            first = [pl.lit(replication, pl.Int32).alias("replication"), *first]
        parts.append(FRAMES[what](names, tally).select(*first, pl.all()))
    return pl.concat(parts)


def per_customer(counts: pl.DataFrame, cohorts: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Sum counts over steps and replications, and part them by the customers that arrived.

    Args:
        counts: A table with a column ``count``.
        cohorts: The table of that name, of the same answer.
        keys: What to tell apart, beyond segments.

    Returns:
        ``segment``, the keys and ``each``.
    """
    arrived = cohorts.group_by("segment").agg(arrived=pl.col("customers").sum())
    summed = counts.group_by("segment", *keys, maintain_order=True).agg(pl.col("count").sum())
    both = summed.join(arrived, on="segment", maintain_order="left")
    return both.select("segment", *keys, each=pl.col("count") / pl.col("arrived"))


def _long(values: Any, names: Sequence[str], value: str) -> pl.DataFrame:
    """Lay an array out as rows, with the numbers of its axes."""
    places = np.indices(values.shape).reshape(values.ndim, -1)
    columns = {name: place.astype(np.int32) for name, place in zip(names, places, strict=True)}
    return pl.DataFrame({**columns, value: values.ravel()})


def _named(frame: pl.DataFrame, column: str, words: Sequence[str]) -> pl.DataFrame:
    return frame.with_columns(pl.Series(words, dtype=pl.String).gather(frame[column]).alias(column))


def _counts(names: Names, tally: Tally) -> pl.DataFrame:
    frame = _long(tally.states, ("cohort", "step", "state"), "customers")
    if frame["customers"].dtype.is_integer():  # they take half the room in a tally
        frame = frame.cast({"customers": pl.Int64})
    begins = pl.Series(tally.begins, dtype=pl.Int32).gather(frame["cohort"])
    frame = _named(frame.with_columns(begins.alias("cohort")), "state", names.states)
    return frame.filter(pl.col("step") >= pl.col("cohort"))


def _moves(names: Names, tally: Tally) -> pl.DataFrame:
    frame = _long(tally.changes, ("step", "kind"), "count").filter(pl.col("count") > 0)
    kinds = pl.DataFrame(names.kinds, schema=dict(zip(_KIND, [*[pl.String] * 5, pl.Int32], strict=True)), orient="row")
    wide = frame.hstack(kinds[frame["kind"].to_list()] if len(kinds) else kinds)
    return wide.select(pl.col("step") + 1, *_KIND, "count")


def _per_word(words: Sequence[str], column: str) -> Callable[[Any], pl.DataFrame]:
    def frame(values: Any) -> pl.DataFrame:
        return _named(_long(values, ("step", column), "count"), column, words).with_columns(pl.col("step") + 1)

    return frame


def _reached(names: Names, tally: Tally) -> pl.DataFrame:
    frame = _named(_long(tally.reached, ("age", "goal"), "reached"), "goal", names.goals)
    observed = pl.Series(tally.observed).gather(frame["age"]).alias("observed")
    return frame.with_columns(observed)


def _cohorts(_: Names, tally: Tally) -> pl.DataFrame:
    return pl.DataFrame(
        {"cohort": tally.begins, "customers": tally.sizes}, schema={"cohort": pl.Int32, "customers": pl.Int64}
    )


def _told(_: Names, tally: Tally) -> pl.DataFrame:
    return _long(tally.told, ("step",), "count").with_columns(pl.col("step") + 1)


FRAMES: dict[str, Callable[[Names, Tally], pl.DataFrame]] = {
    "counts": _counts,
    "moves": _moves,
    "actions": lambda _, tally: _per_word(ACTIONS, "action")(tally.actions),
    "happenings": lambda _, tally: _per_word(MOVES, "move")(tally.moves),
    "reached": _reached,
    "cohorts": _cohorts,
    "told": _told,
}
"""The tables by name."""
