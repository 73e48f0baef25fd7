"""What an earlier run left: how customers stand, and the identities that were used."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import polars as pl
from attrs import field, fields, frozen

from trustcurve.batch.column_replay import KnownCustomers
from trustcurve.batch.event_table import EventTable
from trustcurve.batch.ints import NO_TIME, Ints
from trustcurve.batch.promise_columns import PAST, OpenPromises
from trustcurve.batch.replay_objects import identities_of
from trustcurve.core.curve import Curve
from trustcurve.core.instants import datetime_of
from trustcurve.core.replay import Identity, LoggedEvent
from trustcurve.core.signals import WEIGHTS
from trustcurve.core.standing import Position, Standing
from trustcurve.errors import InvalidPositionError, InvalidValueError, ObservedInThePastError
from trustcurve.records import EVENTS, STANDINGS, StandingRecord, polars_types

__all__ = ["EarlierRun"]

_PARTS = tuple(each.name for each in fields(Position))
_NEEDED = ("customer", *_PARTS, "as_of", "quiet_since", "promises")
_PROMISES = pl.List(pl.Struct({"id": pl.String, "due": pl.String, "weight": pl.String, "overdue": pl.Boolean}))


def _frame(value: object, name: str, types: Mapping[str, pl.DataType], needed: tuple[str, ...]) -> pl.DataFrame:
    """Check a table, and return its columns."""
    if not isinstance(value, pl.DataFrame):
        raise InvalidValueError(name, value, "must be a Polars frame that an earlier run returned")
    for column in needed:
        if column not in value.columns:
            raise InvalidValueError(name, value.columns, f"must have a column {column!r}")
    try:
        return value.select(pl.col(column).cast(types[column]) for column in types if column in value.columns)
    except pl.exceptions.PolarsError as error:
        raise InvalidValueError(name, dict(value.schema), f"must have the types of its table: {error}") from None


@frozen(eq=False, slots=False)
class EarlierRun:
    """What an earlier run left.

    Args:
        standings: The standings of customers at their last events: a table of ``STANDINGS``.
        identities: The events with ids that were applied: a table of ``EVENTS``; None if they are not known.
    """

    standings: pl.DataFrame = field(factory=lambda: pl.DataFrame(schema=polars_types(STANDINGS)))
    identities: pl.DataFrame | None = None

    @classmethod
    def of(cls, standings: object, identities: object) -> EarlierRun:
        """Check the tables of an earlier run; None: there is none.

        Raises:
            InvalidValueError: A table lacks a column, or has a customer twice.
        """
        used = (
            None
            if identities is None
            else _frame(identities, "identities", polars_types(EVENTS), ("customer", "id", "event"))
        )
        if standings is None:
            return cls(identities=used)
        frame = _frame(standings, "standings", polars_types(STANDINGS), _NEEDED)
        twice = frame["customer"].filter(frame["customer"].is_duplicated())
        if len(twice):
            raise InvalidValueError("standings", twice[0], "must have each customer once")
        return cls(frame, used)

    def where(self, chosen: pl.Expr) -> EarlierRun:
        """Return what it left of some customers."""
        used = None if self.identities is None else self.identities.filter(chosen)
        return EarlierRun(self.standings.filter(chosen), used)

    @property
    def customers(self) -> pl.Series:
        """The names of the customers who are known."""
        return self.standings["customer"]

    @property
    def as_of(self) -> Ints:
        """The instant up to which each of them is known, in microseconds since 1970."""
        instants: Ints = self.standings["as_of"].to_physical().to_numpy()
        return instants

    def check(self, table: EventTable, end: int | None) -> None:
        """Check that events and an end fit to it.

        Raises:
            InvalidValueError: Events with ids go on from a standing, and the identities are not known.
            ObservedInThePastError: The end is earlier than a standing.
        """
        if end is not None and len(self.as_of) and int(self.as_of.max()) > end:
            place = int(self.as_of.argmax())
            raise ObservedInThePastError(self.customers[place], datetime_of(end), datetime_of(int(self.as_of[place])))
        if self.identities is None and len(self.customers) and table.given("id"):
            named = table.frame.filter(pl.col("id").is_not_null()).select(pl.col("customer").cast(pl.String))
            known = named.filter(pl.col("customer").is_in(self.customers.implode()))
            if known.height:
                rule = (
                    "must be the table of identities of the earlier run, or an empty one if no event repeats an earlier one; "
                    f"events with ids go on from the standing of customer {known[0, 0]!r}, which does not contain them"
                )
                raise InvalidValueError("identities", None, rule)

    # --- as columns -------------------------------------------------------------------------------

    def known(self, curve: Curve, begin: OpenPromises) -> KnownCustomers:
        """Return how customers stand, as columns.

        Raises:
            InvalidPositionError: A position is not one of the curve.
        """
        dated = (begin.due != NO_TIME) & (begin.breaks != PAST)
        return KnownCustomers(
            position=self._positions(curve),
            as_of=self.as_of,
            quiet=self.standings["quiet_since"].to_physical().to_numpy(),
            dated=np.bincount(begin.customer[dated], minlength=len(self.customers)),
        )

    def _positions(self, curve: Curve) -> Ints:
        table = curve.table()
        places = pl.DataFrame({name: [getattr(each, name) for each in table.positions] for name in _PARTS})
        numbered = places.cast({name: polars_types(STANDINGS)[name] for name in _PARTS}).with_row_index("number")
        found = self.standings.select(_PARTS).join(numbered, on=_PARTS, how="left", maintain_order="left")
        missing = found["number"].is_null()
        if missing.any():
            place = int(missing.arg_true()[0])
            position = StandingRecord.read(self.standings.row(place, named=True)).position
            raise InvalidPositionError(
                f"of customer {self.customers[place]!r}", position, "must be one of this curve's"
            )
        numbers: Ints = found["number"].to_numpy()
        return numbers

    def promises(self, curve: Curve) -> OpenPromises:
        """Return the promises that are open or overdue, as columns.

        Raises:
            InvalidValueError: A text is not a JSON array of promises.
        """
        texts = self.standings.select("promises").with_row_index("customer").filter(pl.col("promises") != "[]")
        if texts.is_empty():
            return OpenPromises.none()
        try:
            decoded = texts.with_columns(pl.col("promises").str.json_decode(_PROMISES)).explode(
                "promises", empty_as_null=False
            )
            listed = decoded.unnest("promises").with_columns(
                pl.col("due").str.to_datetime(time_unit="us", time_zone="UTC"),
                pl.col("weight").replace_strict(list(WEIGHTS), range(len(WEIGHTS)), return_dtype=pl.Int8),
            )
        except pl.exceptions.PolarsError:
            listed = None
        if listed is None or listed.select(pl.any_horizontal(pl.col("id", "weight", "overdue").is_null()).any()).item():
            for row in self.standings.iter_rows(named=True):
                StandingRecord.read(row)
            raise InvalidValueError("promises", None, "must be a JSON array of promises")  # pragma: no cover
        customer = listed["customer"].to_numpy().astype(np.int64)
        due = listed["due"].to_physical().fill_null(NO_TIME).to_numpy()
        breaks = np.where(
            due == NO_TIME, NO_TIME, np.maximum(np.where(due == NO_TIME, 0, due) + curve.grace_us, self.as_of[customer])
        )
        return OpenPromises(
            customer=customer,
            id=listed["id"],
            due=due,
            weight=listed["weight"].to_numpy(),
            breaks=np.where(listed["overdue"].to_numpy(), PAST, breaks),
        )

    # --- as objects -------------------------------------------------------------------------------

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.customers.to_list())}

    def standing(self, customer: str) -> Standing | None:
        """Return the standing of a customer; None if they are not known."""
        place = self._places.get(customer)
        return None if place is None else StandingRecord.read(self.standings.row(place, named=True))

    def used(self, customers: pl.Series | None = None) -> dict[Identity, LoggedEvent]:
        """Return the identities of all customers or of some, with their events."""
        if self.identities is None:
            return {}
        chosen = pl.lit(value=True) if customers is None else pl.col("customer").is_in(customers.implode())
        return identities_of(self.identities.filter(chosen))
