"""An opened log, and how it is gathered from numbered rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

import polars as pl
from attrs import evolve, frozen

from trustcurve.logs.errors import UnreadableLogError

__all__ = ["ROW", "Log", "check_names", "gather"]

_OURS = "trustcurve."

ROW = f"{_OURS}row"
"""The column that numbers the rows of a log, from 1 (a CSV's heading does not count)."""

# So many rows at a time become columns: the lists of a whole file would take much memory, and time.
_AT_ONCE = 2_000

_Fields = TypeVar("_Fields", list[str], dict[str, str | None])


@frozen
class Log:
    """An opened log: its rows with their numbers, and broken lines as (row number, problem)."""

    path: str
    rows: pl.LazyFrame
    broken: tuple[tuple[int, str], ...] = ()

    def having(self, columns: Iterable[str]) -> Log:
        """Add columns to a log that has none: where rows name them, as in JSON lines, a log without rows may have any."""
        if self.rows.collect_schema().names() != [ROW]:
            return self
        return evolve(self, rows=self.rows.with_columns(pl.lit(None, pl.String).alias(column) for column in columns))


def gather(
    name: str, rows: Iterator[tuple[int, _Fields | str]], frame: Callable[[list[tuple[int, _Fields]]], pl.DataFrame]
) -> Log:
    """Gather a log from its rows.

    Args:
        name: The file's name.
        rows: The number of each row with its fields, or with what is wrong with it.
        frame: Makes columns of some rows.
    """
    frames = [frame([])]
    broken: list[tuple[int, str]] = []
    while some := list(islice(rows, _AT_ONCE)):
        frames.append(frame([(number, fields) for number, fields in some if not isinstance(fields, str)]))
        broken += [(number, says) for number, says in some if isinstance(says, str)]
    return Log(name, pl.concat(frames, how="diagonal").lazy(), tuple(broken))


def check_names(name: str, columns: Iterable[str]) -> None:
    """Refuse columns whose names are taken by those that mapping adds."""
    for column in columns:
        if column.startswith(_OURS):
            raise UnreadableLogError(name, f"names that begin with {_OURS!r} are taken: rename its column {column!r}")
