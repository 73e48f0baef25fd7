"""Answers that nobody can write to, though they share arrays with each other and with what is kept for the next question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import nan
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from attrs import fields, has

from trustcurve.core.errors import UnknownWordError
from trustcurve.policies import ACTIONS, MOVES
from trustcurve.simulation.counts import Names, Tally
from trustcurve.verification.arguments import check_word

__all__ = [
    "FORMATS",
    "FRAMES",
    "Form",
    "Row",
    "frame_of",
    "is_of_those_seen",
    "is_share",
    "measures_of",
    "per_customer",
    "seal",
    "write_frames",
]


def seal(value: Any) -> None:
    """Make every array read-only that can be reached from a value by its fields, tuples and tables.

    Sparse ones, too, and those of which it is a view.
    To be called where an answer is made: arrays can be written to again when they come from another process.

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


Form = Literal["parquet", "csv"]
FORMATS: tuple[Form, ...] = ("parquet", "csv")


def write_frames(
    frames: Mapping[str, pl.DataFrame], folder: str | PathLike[str], form: Form = "parquet"
) -> tuple[Path, ...]:
    r"""Write tables to files in a folder, which is made where it is missing.

    Args:
        frames: The tables by name, as of ``Run.frames`` or ``Expected.frames``.
        folder: Where to.
        form: ``parquet`` or ``csv``.

    Returns:
        The files.

    Raises:
        UnknownWordError: The form is unknown.
        OSError: A file cannot be written.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     (file,) = write_frames({"shares": pl.DataFrame({"share": [0.5]})}, folder, "csv")
        ...     file.name, file.read_text()
        ('shares.csv', 'share\n0.5\n')
    """
    if form not in FORMATS:
        raise UnknownWordError("format", form, FORMATS)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in frames.items():
        path = target / f"{name}.{form}"
        if form == "parquet":
            frame.write_parquet(path)
        else:
            frame.write_csv(path)
        written.append(path)
    return tuple(written)


_ENDS, _REACHED = "at the end: ", "reached: "


def measures_of(names: Names, tally: Tally) -> dict[str, float]:
    """Measure what became of the customers of a segment, each number per customer that arrived.

    Args:
        names: What the columns mean.
        tally: What was counted.

    Returns:
        By name: ``at the end: STATE``, the share that stands there; ``reached: STAGE``, the share of those who are seen to
        the end that have been there ("lost": were customers, and distrusted again); ``rises``, ``falls`` and ``does: ACTION``,
        how often in all. NaN where there is nobody to measure.
    """
    arrived = float(sum(tally.sizes)) or nan
    places = np.array([kind[5] for kind in names.kinds])
    changes = tally.changes.sum(axis=0)
    ends = tally.states[:, -1].sum(axis=0)
    found = {f"{_ENDS}{state}": float(n) / arrived for state, n in zip(names.states, ends, strict=True)}
    seen = float(tally.observed[-1]) or nan
    found |= {f"{_REACHED}{goal}": float(n) / seen for goal, n in zip(names.goals, tally.reached[-1], strict=True)}
    found |= {"rises": float(changes[places > 0].sum()) / arrived, "falls": float(changes[places < 0].sum()) / arrived}
    acted = tally.actions.sum(axis=0)
    return found | {f"does: {action}": float(n) / arrived for action, n in zip(ACTIONS, acted, strict=True)}


def is_share(measure: str) -> bool:
    """Tell a share of customers from how often something happens to one.

    Examples:
        >>> is_share("reached: advocate"), is_share("does: ask")
        (True, False)
    """
    return measure.startswith((_ENDS, _REACHED))


def is_of_those_seen(measure: str) -> bool:
    """Tell what is measured of customers who are seen to the end from what is of all who arrived.

    Examples:
        >>> is_of_those_seen("reached: advocate"), is_of_those_seen("at the end: advocate")
        (True, False)
    """
    return measure.startswith(_REACHED)
