"""A table of events as the columns are made from it: what is the same for many events is said once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from attrs import field, frozen

from trustcurve.batch.ints import NO_TIME, NONE, Ints

__all__ = ["TEMPLATE", "EventTable"]

TEMPLATE: Final = "template"
"""The column with the number of an event's template."""


@frozen(eq=False)
class EventTable:
    """A table of events.

    Args:
        frame: Columns of ``EVENTS`` (see ``trustcurve.records``); those that are missing are empty. Customers can be whole
            numbers.
        templates: More columns of ``EVENTS``, whose values are the same for all events with one number in the frame's
            column ``TEMPLATE``, which is the row here.
    """

    frame: pl.DataFrame
    templates: pl.DataFrame = field(factory=pl.DataFrame)

    @property
    def height(self) -> int:
        """The number of events."""
        return self.frame.height

    def given(self, column: str) -> bool:
        """Whether a column is there and has a value."""
        values = self._values(column)
        return values is not None and values.null_count() < len(values)

    def is_given(self, column: str) -> Ints:
        """Return which events have a value in a column. Shape (events,)."""
        values = self._values(column)
        if values is None:
            return np.zeros(self.height, bool)
        return self._each(column, values.is_not_null().to_numpy())

    def coded(self, column: str, words: Sequence[str]) -> Ints:
        """Return the number of each event's word; ``NONE`` for others. Shape (events,)."""
        values = self._values(column)
        if values is None or not self.given(column):
            return np.full(self.height, NONE, np.int16)
        if values.dtype == pl.Enum:
            known = values.dtype.categories.to_list()  # type: ignore[attr-defined] # of an Enum
            numbers = np.array([*(words.index(each) if each in words else NONE for each in known), NONE], np.int16)
            return self._each(column, numbers[values.to_physical().fill_null(len(known)).to_numpy()])
        coded = values.replace_strict(list(words), range(len(words)), default=NONE, return_dtype=pl.Int16)
        return self._each(column, coded.fill_null(NONE).to_numpy())

    def template_numbers(self) -> Ints:
        """Return the number of each event's template; 0 where there are no templates. Shape (events,)."""
        if TEMPLATE not in self.frame.columns:
            return np.broadcast_to(np.uint16(0), self.height)
        numbers: Ints = self.frame[TEMPLATE].to_numpy()
        return numbers

    def micros(self, column: str) -> Ints:
        """Return times in microseconds since 1970; ``NO_TIME`` where there is none. Shape (events,)."""
        if not self.given(column):
            return np.full(self.height, NO_TIME, np.int64)
        times: Ints = self.frame[column].cast(pl.Datetime("us", "UTC")).to_physical().fill_null(NO_TIME).to_numpy()
        return times

    def integers(self, column: str, missing: int) -> Ints:
        """Return whole numbers. Shape (events,)."""
        values = self._values(column)
        if values is None or not self.given(column):
            return np.full(self.height, missing, np.int64)
        return self._each(column, values.cast(pl.Int64).fill_null(missing).to_numpy())

    def is_constant(self, column: str) -> bool:
        """Whether all events certainly have the same value in a column."""
        values = self._values(column)
        return values is None or (column not in self.frame.columns and values.n_unique() <= 1)

    def texts(self, column: str, places: Ints) -> pl.Series:
        """Return a column for some events."""
        values = self._values(column)
        if values is None:
            return pl.Series([None], dtype=pl.String).new_from_index(0, len(places))
        return values.gather(places if column in self.frame.columns else self.frame[TEMPLATE].to_numpy()[places])

    def rows(self, places: Ints) -> pl.DataFrame:
        """Return some events with all their columns; customers are texts."""
        some = self.frame[places].with_columns(pl.col("customer").cast(pl.String))
        if TEMPLATE not in some.columns:
            return some
        return pl.concat([some.drop(TEMPLATE), self.templates[some[TEMPLATE].to_numpy()]], how="horizontal")

    def all_rows(self) -> pl.DataFrame:
        """Return all events with all their columns; customers are texts."""
        return self.rows(np.arange(self.height))

    def of(self, customers: pl.Series) -> EventTable:
        """Return the events of some customers, whose names are texts."""
        whose = self.frame["customer"].cast(pl.String).is_in(customers.implode())
        return EventTable(self.frame.filter(whose), self.templates)

    def split(self, end: int | None) -> tuple[EventTable, EventTable | None]:
        """Return the events up to an instant, in microseconds since 1970, and those after it; None if there are none."""
        if end is None:
            return self, None
        late = self.micros("at") > end
        return (self.filter(~late), self.filter(late)) if late.any() else (self, None)

    def filter(self, mask: Ints) -> EventTable:
        """Return some of the events."""
        return EventTable(self.frame.filter(pl.Series(mask)), self.templates)

    def _values(self, column: str) -> pl.Series | None:
        if column in self.frame.columns:
            return self.frame[column]
        return self.templates[column] if column in self.templates.columns else None

    def _each(self, column: str, values: Ints) -> Ints:
        """Return the values of each event, from those of its column."""
        return values if column in self.frame.columns else values[self.frame[TEMPLATE].to_numpy()]
