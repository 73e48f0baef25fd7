"""The tables of a result, exact or sampled, as Polars frames and as files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from math import nan
from typing import Any

import numpy as np
import polars as pl
from attrs import fields, has

from trustcurve.simulation.counts import Counts, Names

__all__ = [
    "ResultTables",
    "Row",
    "concerns_those_observed",
    "is_share",
    "per_customer",
    "seal",
]

Row = tuple[int | None, Names, Counts]
"""The number of a replication (None: an exact solution), the names of the columns, and the counts of a segment."""

_TRANSITION = ("before", "after", "signal", "rule", "because", "change")
_ENDS, _REACHED = "at the end: ", "reached: "


class ResultTables(ABC):
    """The tables that exact solutions and sampled runs share.

    Each table is made anew each time: changing one changes nothing in the result. Sampled tables of counts have a column
    ``replication`` in front; in an exact solution counts are expected values. ``turn`` 0 is the beginning.
    """

    __slots__ = ()

    @abstractmethod
    def _rows(self) -> Sequence[Row]:
        """Return the counts of every segment, and in a sample of every replication."""

    @abstractmethod
    def _shares(self, counts: pl.DataFrame, keys: list[str], confidence: float) -> pl.DataFrame:
        """Return the keys, ``share``, ``low`` and ``high`` of a table with the keys, ``count`` and ``of``."""

    @abstractmethod
    def _more_tables(self) -> dict[str, pl.DataFrame]:
        """Return the tables that only this kind of result has."""

    def _table(self, make: Callable[[Names, Counts], pl.DataFrame]) -> pl.DataFrame:
        parts = []
        for replication, names, counts in self._rows():
            first: list[Any] = [pl.lit(names.segment).alias("segment")]
            if replication is not None:
                first = [pl.lit(replication, pl.Int32).alias("replication"), *first]
            parts.append(make(names, counts).select(*first, pl.all()))
        return pl.concat(parts)

    def counts(self) -> pl.DataFrame:
        """Return how many customers of each cohort are in each state after each turn; cohorts are named by their turn."""
        return self._table(_counts)

    def transitions(self) -> pl.DataFrame:
        """Return how often customers rose and fell, by turn and by rule; ``change`` is the number of places in rank."""
        return self._table(_transitions)

    def actions(self) -> pl.DataFrame:
        """Return how often the company took each action, by turn."""
        return self._table(lambda names, counts: _per_word(counts.actions, "action", names.actions))

    def moves(self) -> pl.DataFrame:
        """Return how often the environment made each move, by turn."""
        return self._table(lambda names, counts: _per_word(counts.moves, "move", names.moves))

    def reached(self) -> pl.DataFrame:
        """Return how many customers have reached each stage by each age, and how many were observed up to that age."""
        return self._table(_reached)

    def cohorts(self) -> pl.DataFrame:
        """Return how many customers arrived at the end of each turn."""
        return self._table(_cohorts)

    def word_of_mouth(self) -> pl.DataFrame:
        """Return how many lost customers told others, by turn."""
        return self._table(lambda _, counts: _by_turn(counts.reports))

    def measures(self) -> pl.DataFrame:
        """Return a few numbers for each segment: ``measure`` and ``result``.

        ``at the end: STATE``: the share of all who arrived that ends in a state. ``reached: STAGE``: the share of those
        observed to the end that has been at a stage ("lost": has been a customer, and distrusted again). ``rises``,
        ``falls``, ``does: ACTION``: how often, per customer who arrived. Null where there is nobody to measure.
        """
        return self._table(_measures)

    def occupancy(self, confidence: float = 0.95) -> pl.DataFrame:
        """Return the share of each segment's customers in each state after each turn.

        Args:
            confidence: The confidence level of the interval from ``low`` to ``high`` for the expected share; in an exact
                solution both are the share.

        Raises:
            InvalidValueError: The confidence does not lie between 0 and 1.
        """
        counts = self.counts()
        own = [column for column in ("replication",) if column in counts.columns]
        keys = ["segment", "turn", "state"]
        summed = counts.group_by([*own, *keys], maintain_order=True).agg(count=pl.col("customers").sum())
        total = pl.col("count").sum().over(*own, "segment", "turn")
        return self._shares(summed.with_columns(of=total), keys, confidence)

    def stages(self, confidence: float = 0.95) -> pl.DataFrame:
        """Return the share of customers who have been at each stage by each age.

        "lost" counts customers who crossed the barrier and later fell back to distrust.

        Args:
            confidence: As for ``occupancy``.

        Raises:
            InvalidValueError: The confidence does not lie between 0 and 1.
        """
        reached = self.reached().rename({"goal": "stage", "reached": "count", "observed": "of"})
        return self._shares(reached, ["segment", "age", "stage"], confidence)

    def tables(self, confidence: float = 0.95) -> dict[str, pl.DataFrame]:
        """Return all tables by name.

        Args:
            confidence: As for ``occupancy``.

        Raises:
            InvalidValueError: The confidence does not lie between 0 and 1.
        """
        return {
            "counts": self.counts(),
            "transitions": self.transitions(),
            "actions": self.actions(),
            "moves": self.moves(),
            "reached": self.reached(),
            "cohorts": self.cohorts(),
            "word_of_mouth": self.word_of_mouth(),
            "measures": self.measures(),
            "occupancy": self.occupancy(confidence),
            "stages": self.stages(confidence),
            **self._more_tables(),
        }


def _by_turn(values: Any) -> pl.DataFrame:
    return _long(values, ("turn",), "count").with_columns(pl.col("turn") + 1)


def _long(values: Any, names: Sequence[str], value: str) -> pl.DataFrame:
    """Lay an array out as rows, with the indices of its axes as columns."""
    places = np.indices(values.shape).reshape(values.ndim, -1)
    columns = {name: place.astype(np.int32) for name, place in zip(names, places, strict=True)}
    return pl.DataFrame({**columns, value: values.ravel()})


def _named(frame: pl.DataFrame, column: str, words: Sequence[str]) -> pl.DataFrame:
    return frame.with_columns(pl.Series(words, dtype=pl.String).gather(frame[column]).alias(column))


def _per_word(values: Any, column: str, words: Sequence[str]) -> pl.DataFrame:
    return _named(_long(values, ("turn", column), "count"), column, words).with_columns(pl.col("turn") + 1)


def _counts(names: Names, counts: Counts) -> pl.DataFrame:
    frame = _long(counts.states, ("cohort", "turn", "state"), "customers")
    if frame["customers"].dtype.is_integer():  # counts are 32 bits wide, to take half the memory
        frame = frame.cast({"customers": pl.Int64})
    begins = pl.Series(counts.begins, dtype=pl.Int32).gather(frame["cohort"])
    frame = _named(frame.with_columns(begins.alias("cohort")), "state", names.states)
    return frame.filter(pl.col("turn") >= pl.col("cohort"))


def _transitions(names: Names, counts: Counts) -> pl.DataFrame:
    frame = _long(counts.transitions, ("turn", "kind"), "count").filter(pl.col("count") > 0)
    schema = dict(zip(_TRANSITION, [*[pl.String] * 5, pl.Int32], strict=True))
    kinds = pl.DataFrame(names.transition_types, schema=schema, orient="row")
    wide = frame.hstack(kinds[frame["kind"].to_list()] if len(kinds) else kinds)
    return wide.select(pl.col("turn") + 1, *_TRANSITION, "count")


def _reached(names: Names, counts: Counts) -> pl.DataFrame:
    frame = _named(_long(counts.reached, ("age", "goal"), "reached"), "goal", names.goals)
    return frame.with_columns(pl.Series(counts.observed).gather(frame["age"]).alias("observed"))


def _cohorts(_: Names, counts: Counts) -> pl.DataFrame:
    return pl.DataFrame(
        {"cohort": counts.begins, "customers": counts.sizes}, schema={"cohort": pl.Int32, "customers": pl.Int64}
    )


def _measures(names: Names, counts: Counts) -> pl.DataFrame:
    arrived, observed = float(sum(counts.sizes)) or nan, float(counts.observed[-1]) or nan
    places = np.array([each.change for each in names.transition_types])
    transitions, actions = counts.transitions.sum(axis=0), counts.actions.sum(axis=0)
    ends = counts.states[:, -1].sum(axis=0)
    found = {f"{_ENDS}{state}": float(n) / arrived for state, n in zip(names.states, ends, strict=True)}
    found |= {f"{_REACHED}{goal}": float(n) / observed for goal, n in zip(names.goals, counts.reached[-1], strict=True)}
    for name, those in (("rises", places > 0), ("falls", places < 0)):
        found[name] = float(transitions[those].sum()) / arrived
    found |= {f"does: {action}": float(n) / arrived for action, n in zip(names.actions, actions, strict=True)}
    schema = {"measure": pl.String, "result": pl.Float64}
    return pl.DataFrame(list(found.items()), schema=schema, orient="row").fill_nan(None)


def is_share(measure: str) -> bool:
    """Return whether a measure is a share of customers, not a number of times.

    Examples:
        >>> is_share("reached: advocate"), is_share("does: ask")
        (True, False)
    """
    return measure.startswith((_ENDS, _REACHED))


def concerns_those_observed(measure: str) -> bool:
    """Return whether a measure concerns only customers observed to the end, not all who arrived.

    Examples:
        >>> concerns_those_observed("reached: advocate"), concerns_those_observed("at the end: advocate")
        (True, False)
    """
    return measure.startswith(_REACHED)


def per_customer(counts: pl.DataFrame, cohorts: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Sum counts over turns and replications, and divide them by the number of customers who arrived.

    Args:
        counts: A table with a column ``count``.
        cohorts: The table ``cohorts()`` of the same result.
        keys: What to group by, besides segments.

    Returns:
        ``segment``, the keys and ``each``.
    """
    arrived = cohorts.group_by("segment").agg(arrived=pl.col("customers").sum())
    summed = counts.group_by("segment", *keys, maintain_order=True).agg(pl.col("count").sum())
    both = summed.join(arrived, on="segment", maintain_order="left")
    return both.select("segment", *keys, each=pl.col("count") / pl.col("arrived"))


def seal(value: Any) -> None:
    """Make every array reachable from a result read-only: by fields, tuples and tables; sparse ones and base arrays too.

    To be called where a result is made: arrays become writable again when they come from another process.

    Examples:
        >>> row = np.zeros(3)
        >>> seal((row,))
        >>> row[0] = 1
        Traceback (most recent call last):
            ...
        ValueError: assignment destination is read-only
    """
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
        seal(value.base)
    elif isinstance(value, tuple | dict):
        for each in value.values() if isinstance(value, dict) else value:
            seal(each)
    elif has(type(value)):
        seal(tuple(getattr(value, field.name) for field in fields(type(value))))
    elif hasattr(value, "indptr"):
        seal((value.data, value.indices, value.indptr))
