"""An opened log: its rows as columns, numbered, and what is broken in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar
from unicodedata import normalize

import polars as pl
from attrs import evolve, frozen

from trustcurve.errors import shown
from trustcurve.logs.json_values import inner_field
from trustcurve.logs.log_errors import UnreadableLogError
from trustcurve.logs.mapping import OURS

__all__ = ["POLARS_ERRORS", "ROW", "UTF_16", "Log", "Part", "batches", "check_names", "gather", "unreadable"]

ROW = f"{OURS}row"
"""The column that numbers the rows of a log, from 1 (a CSV's heading does not count)."""

UTF_16 = "cannot be read: it is UTF-16 without a byte order mark; save it as UTF-8"
"""What is wrong with such a file; parts of it can look like UTF-8."""

_DATUM = re.compile(r"[-+]?\d[\d\s.,:/TZ+-]*")
"""A number or a time, which is rarely the name of a column."""

# Rows are converted to columns in batches: lists of a whole file would take too much memory and time.
_AT_ONCE = 2_000

# Some damage makes Polars panic, which is no Exception.
POLARS_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)

_Fields = TypeVar("_Fields", list[str], dict[str, str | None])


@frozen
class Log:
    """An opened log: its rows with their numbers, and broken lines as (row number, problem)."""

    path: str
    rows: pl.LazyFrame
    broken: tuple[tuple[int, str], ...] = ()
    heading: str | None = None
    """The first line of a CSV."""
    column_names: tuple[str, ...] = ()
    """The names that were given to the columns of a CSV without a heading."""
    repeated: frozenset[str] = frozenset()
    """The names of columns that are there twice: nobody can say which one is meant."""

    def having(self, columns: Iterable[str]) -> Log:
        """Add the columns that a mapping names in other words than the log.

        A letter and its accent can be two characters; and ``properties.order_id`` is the field ``order_id`` of the JSON
        objects in column ``properties``, if any row has one. A log without columns, such as a JSON lines file without
        rows, gets all of them.
        """
        names = self.rows.collect_schema().names()
        if names == [ROW] and not self.repeated:
            added = {column: pl.lit(None, pl.String) for column in columns if not column.startswith(OURS)}
        else:
            forms = {column: normalize("NFC", column) for column in columns if column not in names}
            added = {column: pl.col(form) for column, form in forms.items() if form in names}
            added |= self._inner_fields({column: form for column, form in forms.items() if form not in names})
        return evolve(self, rows=self.rows.with_columns(each.alias(column) for column, each in added.items()))

    def _inner_fields(self, forms: dict[str, str]) -> dict[str, pl.Expr]:
        """Return the columns that are fields inside the objects of another, by their names."""
        schema = self.rows.collect_schema()
        found: dict[str, pl.Expr] = {}
        for column, form in forms.items():
            words = form.split(".")
            for many in range(len(words) - 1, 0, -1):
                outer = ".".join(words[:many])
                inner = inner_field(outer, tuple(words[many:]))
                if schema.get(outer) == pl.String and self._is_somewhere(inner):
                    found[column] = inner
                    break
        return found

    def _is_somewhere(self, field: pl.Expr) -> bool:
        with self.reading():
            there = self.rows.filter(field.is_not_null()).select(ROW)
            return there.head(1).collect().height > 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, in Unicode form NFC."""
        return tuple(name for name in self.rows.collect_schema().names() if not name.startswith(OURS))

    def heading_problem(self, *, is_unknown: bool) -> str | None:
        """Return what is wrong with the first line of a CSV that does not name all columns that are needed.

        Args:
            is_unknown: Whether it names none of them.
        """
        is_row = any(_DATUM.fullmatch(name) for name in (*self.columns, *self.repeated))
        if self.heading is None or not (is_unknown or is_row):
            return None
        way_out = "; it looks like a row: if the file has no heading, name all its columns by columns = [...] in [log]"
        return f"the first line must name the columns, got {shown(self.heading)}{way_out if is_row else ''}"

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Raise ``UnreadableLogError`` for what is found wrong only when the rows are read, such as a damaged page."""
        try:
            yield
        except POLARS_ERRORS as error:
            raise unreadable(self.path, error) from None


def unreadable(name: str, error: BaseException) -> UnreadableLogError:
    """Return the error for a file that Polars cannot read."""
    damaged = isinstance(error, pl.exceptions.PanicException)
    problem = "a part of it is damaged" if damaged else str(error).partition("\n")[0]
    return UnreadableLogError(name, f"cannot be read: {problem}")


@frozen(eq=False)
class Part:
    """Rows of a log that follow each other: their fields as columns, and the broken lines among them as (row number, problem)."""

    frame: pl.DataFrame
    broken: tuple[tuple[int, str], ...] = ()


def batches(
    rows: Iterator[tuple[int, _Fields | str]], frame: Callable[[list[tuple[int, _Fields]]], pl.DataFrame]
) -> Iterator[Part]:
    """Yield the parts of a log whose rows are read one by one.

    Args:
        rows: The number of each row with its fields, or with its problem.
        frame: Converts a batch of rows to columns.
    """
    while some := list(islice(rows, _AT_ONCE)):
        read = frame([(number, fields) for number, fields in some if not isinstance(fields, str)])
        yield Part(read, tuple((number, problem) for number, problem in some if isinstance(problem, str)))


def gather(name: str, columns: Iterable[str], parts: Iterable[Part]) -> Log:
    """Return a log of its parts; the columns that are named come first, and are there without any row."""
    found = list(parts)
    empty = pl.DataFrame(schema={ROW: pl.UInt32, **dict.fromkeys(columns, pl.String)})
    rows = pl.concat([empty, *(part.frame for part in found)], how="diagonal")
    return Log(name, rows.lazy(), tuple(each for part in found for each in part.broken))


def check_names(name: str, columns: Iterable[str]) -> None:
    """Raise if a column has a reserved name."""
    for column in columns:
        if column.startswith(OURS):
            raise UnreadableLogError(
                name, f"column {column!r} must be renamed: names that begin with {OURS!r} are reserved"
            )
