"""The tables of a result, exact or sampled, as Polars frames and as files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from math import nan
from typing import Any

import numpy as np
import polars as pl
from attrs import fields, has

from trustcurve.core.signals import EXCHANGED, RETAINED
from trustcurve.simulation.counts import Counts, Names

__all__ = ["ResultTables", "Row", "per_customer", "seal"]

Row = tuple[int | None, Names, Counts]
"""The number of a replication (None: an exact solution), the names of the columns, and the counts of a segment."""

_TRANSITION = ("before", "after", "signal", "rule", "because", "change")
_KEPT = RETAINED[1:]


class ResultTables(ABC):
    """The tables that exact solutions and sampled runs share.

    Each table is made anew each time: changing one changes nothing in the result. Sampled tables of counts have a column
    ``replication`` in front; in an exact solution counts are expected values. ``turn`` 0 is the beginning.
    """

    __slots__ = ()

    @abstractmethod
    def _rows(self) -> Sequence[Row]:
        """Return the counts of every segment, and in a sample of every replication."""

    @property
    def segments(self) -> tuple[str, ...]:
        """The names of the segments; customers who were brought by word of mouth are segments of their own."""
        return tuple(dict.fromkeys(names.segment for _, names, _ in self._rows()))

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

    def relations(self) -> pl.DataFrame:
        """Return how the company and its customers deal with each other, by cohort and turn.

        ``crossed``: how many were ever across the barrier; ``across``: of these still are; ``engaged``: of these have goodwill
        left. ``given`` and ``asked``: how often, in this turn, the company gave something (``Curve.gives``: a kept promise, an
        exchange, a repair) and asked (``Curve.is_ask``: an ask, or a pitch that repeats or intrudes).
        """
        return self._table(_relations)

    def balance(self) -> pl.DataFrame:
        """Return what the company spends and gains, by turn: by ``Policy.costs`` and ``Segment.gains``."""
        return self._table(_balance)

    def cohorts(self) -> pl.DataFrame:
        """Return how many customers arrived at the end of each turn."""
        return self._table(_cohorts)

    def word_of_mouth(self) -> pl.DataFrame:
        """Return how many lost customers told others, and how many advocates recommended the company, by turn."""
        return self._table(
            lambda _, counts: (
                _by_turn(counts.reports)
                .rename({"count": "reports"})
                .with_columns(recommendations=pl.Series(counts.recommendations))
            )
        )

    def measures(self) -> pl.DataFrame:
        """Return a few numbers for each segment: ``measure`` and ``result``.

        ``at the end: STATE``: the share of all who arrived that ends in a state. ``reached: STAGE``: the share of those
        observed to the end that has been at a stage ("lost": has been a customer, and distrusted again). ``kept: across``,
        ``kept: engaged``: of those who were ever across the barrier, the share that still is in the end, and that has goodwill
        left. ``rises``, ``falls``, ``does: ACTION``: how often, per customer who arrived; so ``given`` and ``asked``, see
        ``relations``. ``spent``, ``gained``, ``balance``: amounts per customer who arrived. Null where there is nobody to
        measure.
        """
        return self.measures_among().drop("of", "least", "most")

    def measures_among(self) -> pl.DataFrame:
        """Return the measures, each with the number of customers ``of`` among whom, and the ``least`` and the ``most`` for one."""
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

    def retention(self, confidence: float = 0.95) -> pl.DataFrame:
        """Return which share of those who were ever across the barrier still is, and has goodwill left, after each turn.

        Args:
            confidence: As for ``occupancy``.

        Returns:
            ``segment``, ``turn``, ``kept`` ("across" or "engaged"), ``share``, ``low``, ``high``.

        Raises:
            InvalidValueError: The confidence does not lie between 0 and 1.
        """
        counts = self.relations()
        own = [column for column in ("replication",) if column in counts.columns]
        keys = [*own, "segment", "turn"]
        summed = counts.group_by(keys, maintain_order=True).agg(pl.col(*RETAINED).sum())
        long = summed.unpivot(_KEPT, index=[*keys, RETAINED[0]], variable_name="kept", value_name="count")
        return self._shares(long.rename({RETAINED[0]: "of"}), ["segment", "turn", "kept"], confidence)

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
            "relations": self.relations(),
            "balance": self.balance(),
            "cohorts": self.cohorts(),
            "word_of_mouth": self.word_of_mouth(),
            "measures": self.measures(),
            "occupancy": self.occupancy(confidence),
            "stages": self.stages(confidence),
            "retention": self.retention(confidence),
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
    frame = _wide_integers(_long(counts.states, ("cohort", "turn", "state"), "customers"))
    return _since_arrival(_named(frame, "state", names.states), counts)


def _relations(_: Names, counts: Counts) -> pl.DataFrame:
    places = _long(counts.retained[:, :, 0], ("cohort", "turn"), RETAINED[0])
    values = np.concatenate([counts.retained, counts.exchanged], axis=2).reshape(len(places), -1)
    columns = {name: values[:, number] for number, name in enumerate((*RETAINED, *EXCHANGED))}
    return _since_arrival(_wide_integers(places.with_columns(**{k: pl.Series(v) for k, v in columns.items()})), counts)


def _wide_integers(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table of counts, which are 32 bits wide to take half the memory, with 64 bits instead."""
    places = ("cohort", "turn", "state")
    return frame.cast(
        {name: pl.Int64 for name, dtype in frame.schema.items() if dtype.is_integer() and name not in places}
    )


def _since_arrival(frame: pl.DataFrame, counts: Counts) -> pl.DataFrame:
    """Name cohorts by their turn, and leave out the turns before they arrive."""
    begins = pl.Series(counts.begins, dtype=pl.Int32).gather(frame["cohort"])
    return frame.with_columns(begins.alias("cohort")).filter(pl.col("turn") >= pl.col("cohort"))


def _balance(names: Names, counts: Counts) -> pl.DataFrame:
    spent, gained = _amounts(names, counts)
    return _by_turn(spent).rename({"count": "spent"}).with_columns(gained=pl.Series(gained))


def _amounts(names: Names, counts: Counts) -> tuple[Any, Any]:
    """Return what the company spends and gains in each turn; a move that brings less than nothing is spent on."""
    gains = np.array(names.gains)
    spent = counts.actions @ np.array(names.costs) + counts.moves @ np.maximum(-gains, 0)
    return spent, counts.actions @ np.array(names.brings) + counts.moves @ np.maximum(gains, 0)


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
    """Return the measures of a segment.

    Returns:
        ``measure``; ``result``; ``of``: the number of customers that it is measured among; ``least`` and ``most``: what it
        can be for one customer.
    """
    arrived, observed, turns = sum(counts.sizes), counts.observed[-1], len(counts.actions)
    crossed, *kept = counts.retained[:, -1].sum(axis=0)
    places = np.array([each.change for each in names.transition_types])
    transitions = counts.transitions.sum(axis=0)
    moved = [transitions[places > 0].sum(), transitions[places < 0].sum()]
    spent, gained = (each.sum() for each in _amounts(names, counts))
    gains = np.array(names.gains)
    dear, worth = turns * (sum(names.costs) + max(-gains.min(), 0)), turns * (sum(names.brings) + max(gains.max(), 0))
    exchanged = (EXCHANGED, counts.exchanged.sum(axis=(0, 1)), names.exchanged_most)
    groups = (
        ("at the end: ", names.states, counts.states[:, -1].sum(axis=0), arrived, 0, 1),
        ("reached: ", names.goals, counts.reached[-1], observed, 0, 1),
        ("kept: ", _KEPT, kept, crossed, 0, 1),
        ("", ("rises", "falls"), moved, arrived, 0, turns * names.moved_most),
        ("does: ", names.actions, counts.actions.sum(axis=0), arrived, 0, turns),
        *(("", (word,), (n,), arrived, 0, turns * most) for word, n, most in zip(*exchanged, strict=True)),
        ("", ("spent",), (spent,), arrived, 0, dear),
        ("", ("gained",), (gained,), arrived, 0, worth),
        ("", ("balance",), (gained - spent,), arrived, -dear, worth),
    )
    rows = [
        (f"{prefix}{word}", float(n) / (float(of) or nan), float(of), float(least), float(most))
        for prefix, words, numbers, of, least, most in groups
        for word, n in zip(words, numbers, strict=True)
    ]
    schema = {"measure": pl.String, **dict.fromkeys(("result", "of", "least", "most"), pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("result").fill_nan(None))


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
