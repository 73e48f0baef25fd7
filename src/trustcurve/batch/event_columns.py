"""A table of events as arrays of numbers, and which customers a replay by columns cannot decide."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
from attrs import frozen
from numpy.typing import NDArray

from trustcurve.arrays.curve_arrays import ALWAYS, CROSSING, NEVER
from trustcurve.core.curve import Curve
from trustcurve.core.events import EVENTS, PromiseBroken, PromiseKept, PromiseMade, PromiseMoved, PromiseReleased
from trustcurve.core.signals import FAULTS, LEDGER_SIGNALS, SIDES, WEIGHTS

__all__ = ["ENDINGS", "MADE", "MOVED", "NONE", "NO_TIME", "ONLY_MOVED", "EventColumns", "Ints"]

Ints = NDArray[Any]

NONE: Final = -1
"""Stands for what is missing: no promise, no weight, no signal."""

NO_TIME: Final = np.iinfo(np.int64).max
"""The due date of a promise without one, in microseconds since 1970: it never passes."""

_ABOUT_PROMISES = (PromiseMade, PromiseKept, PromiseBroken, PromiseMoved, PromiseReleased)
MADE, KEPT, BROKEN, MOVED, RELEASED = range(len(_ABOUT_PROMISES))
"""What an event says of its promise, as numbers."""

ONLY_MOVED: Final = (MOVED, RELEASED)
"""What sends no signal."""

ENDINGS: Final = {"never": NEVER, "always": ALWAYS, "crossing": CROSSING}
"""When a signal ends a silence, as numbers."""


@frozen(eq=False)
class EventColumns:
    """Events as arrays, one customer after the other, each customer's in the order of the log.

    Args:
        customers: The names of the customers.
        customer: The number of each event's customer. Shape (events,), like all below.
        at: When it happened, in microseconds since 1970.
        signal: The column of its signal in the curve's table; ``NONE`` where that depends on a promise.
        about: What it says of a promise: ``MADE`` to ``RELEASED``; ``NONE``: nothing.
        promise: The number of its promise, within the whole log; ``NONE`` if it is about none.
        due: The due date of a promise, in microseconds since 1970, or ``NO_TIME``.
        weight: 0 for a major promise, 1 for a minor one, ``NONE`` if it is not said.
        if_open: Whether it is skipped where its promise is neither open nor overdue.
        promises: The ids of the promises, by number, in no order.
        odd: Which customers have an event that must be looked at by itself. Shape (customers,).
    """

    customers: list[str]
    customer: Ints
    at: Ints
    signal: Ints
    about: Ints
    promise: Ints
    due: Ints
    weight: Ints
    if_open: Ints
    promises: pl.Series
    odd: Ints

    @classmethod
    def of(cls, events: pl.DataFrame, curve: Curve, columns: dict[str, int]) -> EventColumns:
        """Make the columns of events.

        Args:
            events: A table of ``EVENTS``: one customer after the other, each customer's in the order of the log.
            curve: The curve.
            columns: The columns of the curve's signals.
        """
        owner = events["customer"].rle_id().to_numpy().astype(np.int32)
        many = int(owner[-1]) + 1 if len(owner) else 0
        about = _coded(events["event"], [kind.__name__ for kind in _ABOUT_PROMISES])
        weight = _coded(events["weight"], list(WEIGHTS))
        weight = np.where((about == MADE) & (weight == NONE) & events["weight"].is_null().to_numpy(), 0, weight)
        promise, promises = _promises(events)
        due = events["due"].dt.timestamp("us").fill_null(NO_TIME).to_numpy().astype(np.int64)
        at = events["at"].dt.timestamp("us").to_numpy().astype(np.int64)
        wrong = _wrong(events, curve) | ((due < at) & ((about == MADE) | (about == MOVED)))
        odd = np.zeros(many, bool)
        odd[owner[wrong]] = True
        return cls(
            customers=events["customer"].rle().struct.field("value").to_list(),
            customer=owner,
            at=at,
            signal=_signals(events, columns),
            about=about,
            promise=promise,
            due=due,
            weight=weight,
            if_open=events["if_open"].fill_null(value=False).to_numpy() & (promise != NONE),
            promises=promises,
            odd=odd,
        )


def _coded(values: pl.Series, words: list[str]) -> Ints:
    """Return the number of each word; ``NONE`` for others."""
    coded = values.replace_strict(words, range(len(words)), default=NONE, return_dtype=pl.Int8)
    return coded.fill_null(NONE).to_numpy()


def _promises(events: pl.DataFrame) -> tuple[Ints, pl.Series]:
    """Number the promises of each customer; and return the id of each."""
    if events["promise"].null_count() == events.height:
        return np.full(events.height, NONE, np.int64), pl.Series([], dtype=pl.String)
    pairs = events.select("customer", "promise").with_row_index("place").drop_nulls("promise")
    number = pairs.select(pl.struct("customer", "promise").rank("dense").cast(pl.Int64) - 1).to_series()
    firsts = pairs.with_columns(number=number).unique("number", keep="any").sort("number")
    found = np.full(events.height, NONE, np.int64)
    found[pairs["place"].to_numpy()] = number.to_numpy()
    return found, firsts["promise"]


def _signals(events: pl.DataFrame, columns: dict[str, int]) -> Ints:
    """Return the column of each event's signal, where it does not depend on a promise."""
    direct = {kind.__name__: kind.signal for kind in EVENTS if isinstance(kind.signal, str)}
    words = (
        pl.when(pl.col("event") == "OneSided")
        .then(pl.col("by") + "_one_sided")
        .when(pl.col("event") == "Signalled")
        .then(pl.col("signal"))
        .otherwise(pl.col("event").replace_strict(direct, default=None, return_dtype=pl.String))
    )
    named = events.select(words.alias("signal")).to_series()
    return named.replace_strict(columns, default=NONE, return_dtype=pl.Int16).fill_null(NONE).to_numpy()


def _wrong(events: pl.DataFrame, curve: Curve) -> Ints:
    """Return which events cannot be made, repeat another one, or are refused whatever came before them."""
    column, is_ = pl.col, pl.col("event")
    own = list(set(curve.signals) - set(LEDGER_SIGNALS))
    problems = [
        column("weight").is_not_null() & ~column("weight").is_in(WEIGHTS),
        column("fault").is_not_null() & ~column("fault").is_in(FAULTS),
        (is_ == "OneSided") & ~column("by").is_in(SIDES).fill_null(value=False),
        (is_ == "Signalled") & ~column("signal").is_in(own).fill_null(value=False),
        *(column(name).is_not_null() & (column(name) == "") for name in ("customer", "id", "promise")),
    ]
    if events["id"].null_count() < events.height:
        problems.append(column("id").is_not_null() & pl.struct("customer", "id", "place").is_duplicated())
    return events.select(pl.any_horizontal(problems).fill_null(value=False)).to_series().to_numpy()
