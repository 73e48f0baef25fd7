"""What came of a replay by columns, as tables: standings, and what moved customers."""

from __future__ import annotations

import json
from typing import Final

import numpy as np
import polars as pl
from attrs import fields, frozen

from trustcurve.batch.column_replay import Changes, ColumnReplay
from trustcurve.batch.ints import NO_TIME, NONE, Ints
from trustcurve.core.events import PromiseMade
from trustcurve.core.instants import LAST
from trustcurve.core.signals import SILENCE, WEIGHTS
from trustcurve.core.standing import Position
from trustcurve.records import EVENTS, STANDINGS, TRANSITIONS, polars_types

__all__ = ["identities_frame", "standings_frame", "transitions_frame"]

_POSITION: Final = tuple(field.name for field in fields(Position))
_CLOCK: Final = "clock"
_SECONDS: Final = "%Y-%m-%dT%H:%M:%S"
_ESCAPED: Final = r'["\\\x00-\x1f]'
"""What JSON does not have in a text as it is."""


@frozen(eq=False)
class _Owed:
    """The promises of customers at an instant, one customer after the other, by id."""

    texts: pl.Series  # the JSON array of each customer
    open: Ints
    overdue: Ints
    breaks: Ints  # when the next one breaks


def standings_frame(found: ColumnReplay, *, observed: bool) -> pl.DataFrame:
    """Return the standings of the customers who have one as a table of ``STANDINGS``.

    Args:
        found: The replay.
        observed: As of the look at the end, instead of the last event.
    """
    curve, present = found.curve, found.present
    position, as_of, quiet = (each[present] for each in found.last)
    if observed:
        position, as_of = found.observed[present], np.full(len(present), found.until)
    owed = _owed(found, present, as_of)
    due = _next_due(found, position, as_of, quiet, owed.breaks)
    table = curve.table()
    places = pl.DataFrame(
        {
            "state": [curve.state(each) for each in table.positions],
            **{name: [getattr(each, name) for each in table.positions] for name in _POSITION},
        }
    )
    columns = {
        "customer": found.names.gather(present),
        **places[position].to_dict(),
        "as_of": _instants(as_of),
        "quiet_since": _instants(quiet),
        "promises": owed.texts,
        "promises_open": pl.Series(owed.open),
        "promises_overdue": pl.Series(owed.overdue),
        "next_due": _instants(due),
    }
    types = polars_types(STANDINGS)
    return pl.DataFrame({name: columns[name].cast(dtype) for name, dtype in types.items()})


def _instants(micros: Ints) -> pl.Series:
    """Return instants; null where there is none."""
    series = pl.Series(micros, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    none = micros == NO_TIME
    return series.set(pl.Series(none), None) if none.any() else series


def _owed(found: ColumnReplay, present: Ints, as_of: Ints) -> _Owed:
    """Return the promises of customers."""
    left, many = found.books.book.left, len(present)
    place = np.full(len(found.there), NONE, np.int64)
    place[present] = np.arange(many)
    owned = np.flatnonzero(place[left.customer] != NONE)
    whose = place[left.customer[owned]]
    overdue = left.breaks[owned] < as_of[whose]
    counts = np.bincount(whose, minlength=many)
    late = np.bincount(whose[overdue], minlength=many)
    breaks = np.full(many, NO_TIME, np.int64)
    open_ = ~overdue
    np.minimum.at(breaks, whose[open_], np.maximum(left.breaks[owned][open_], as_of[whose[open_]]))
    listed = pl.DataFrame(
        {"whose": whose, "id": left.id.gather(owned), "text": _promise_texts(found, owned, overdue)},
        schema_overrides={"text": pl.String, "id": pl.String},
    )
    joined = listed.sort("whose", "id").group_by("whose", maintain_order=True).agg(pl.col("text").str.join(","))
    index = np.full(many, joined.height)
    index[joined["whose"].to_numpy()] = np.arange(joined.height)
    texts = pl.concat(["[" + joined["text"] + "]", pl.Series(["[]"])]).gather(index)
    return _Owed(texts, counts - late, late, breaks)


def _promise_texts(found: ColumnReplay, owned: Ints, overdue: Ints) -> pl.Series:
    """Return promises as JSON objects, as ``StandingRecord`` writes them."""
    left = found.books.book.left
    due, name, whole = pl.col("due"), pl.col("id"), pl.col("due").dt.microsecond() == 0
    date = (
        pl.when(whole)
        .then(due.dt.to_string(f'"{_SECONDS}+00:00"'))
        .otherwise(due.dt.to_string(f'"{_SECONDS}%.6f+00:00"'))
    )
    texts = pl.DataFrame(
        {
            "id": left.id.gather(owned),
            "due": _instants(left.due[owned]),
            "weight": pl.Series(left.weight[owned]).replace_strict(
                range(len(WEIGHTS)), WEIGHTS, return_dtype=pl.String
            ),
            "overdue": pl.Series(overdue).replace_strict([False, True], ["false", "true"], return_dtype=pl.String),
        }
    ).select(
        pl.concat_str(
            pl.lit('{"id":'),
            pl.when(name.str.contains(_ESCAPED)).then(name.map_batches(_quoted, pl.String)).otherwise('"' + name + '"'),
            pl.lit(',"due":'),
            date.fill_null("null"),
            pl.lit(',"weight":"'),
            "weight",
            pl.lit('","overdue":'),
            "overdue",
            pl.lit("}"),
        )
    )
    return texts.to_series()


def _quoted(names: pl.Series) -> pl.Series:
    """Return names as JSON; those that need no escapes are quoted elsewhere."""
    odd = names.str.contains(_ESCAPED).to_list()
    return pl.Series(
        [json.dumps(name, ensure_ascii=False) if bad else None for name, bad in zip(names, odd, strict=True)],
        dtype=pl.String,
    )


def _next_due(found: ColumnReplay, position: Ints, as_of: Ints, quiet: Ints, breaks: Ints) -> Ints:
    """Return when something is due next: the first silence that counts and changes something, or a break before it."""
    arrays, curve = found.books.arrays, found.curve
    period = curve.silence_after_us
    n = np.maximum(1, -((quiet - as_of) // period))
    n = np.where(breaks != NO_TIME, np.maximum(n, curve.waiting_periods + 1), n)
    column = arrays.next[:, arrays.columns[SILENCE]]
    wears = column[position] != position
    silence = np.where(wears & (n < (LAST - quiet) // period + 1), quiet + n * period, NO_TIME)
    due = np.minimum(silence, breaks)
    # It is found a microsecond later; nothing is after the end of the calendar.
    return np.where(due < LAST, due + 1, NO_TIME)


def transitions_frame(found: ColumnReplay) -> pl.DataFrame:
    """Return the changes of leaf state as a table of ``TRANSITIONS``, those up to each customer's last event first."""
    table, changes = found.curve.table(), found.transitions
    row, source, promise = _causes(found, changes)
    key, number = np.unique(changes.before.astype(np.int64) * len(table.signals) + changes.signal, return_inverse=True)
    reactions = [table.reactions[each // len(table.signals)][each % len(table.signals)] for each in key.tolist()]
    words = pl.DataFrame(
        {
            "signal": [each.signal for each in reactions],
            "rule": [each.rule.name for each in reactions],
            "because": [each.because for each in reactions],
            "before": [each.state_before for each in reactions],
            "after": [each.state_after for each in reactions],
            "change": [each.change for each in reactions],
        },
        schema_overrides={"signal": pl.String, "rule": pl.String, "because": pl.String, "change": pl.Int64},
    )
    columns = {
        "customer": found.names.gather(changes.customer),
        "at": _instants(changes.at),
        "row": row,
        "source": source,
        "promise": promise,
        **words[number].to_dict(),
        "observed": pl.Series(changes.row > found.last_rows[changes.customer]),
    }
    frame = pl.DataFrame({name: columns[name].cast(dtype) for name, dtype in polars_types(TRANSITIONS).items()})
    return frame.sort("observed", "at", "customer", maintain_order=True)


def identities_frame(found: ColumnReplay) -> pl.DataFrame:
    """Return the events with ids that were applied as a table of ``EVENTS``."""
    types = polars_types(EVENTS)
    events = found.books.events
    if not events.table.given("id"):
        return pl.DataFrame(schema=types)
    rows = events.rows(np.flatnonzero(found.applied_events())).drop_nulls("id")
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in types.items() if name not in rows.columns]
    full = rows.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in types.items())
    unsaid = (pl.col("event") == PromiseMade.__name__) & pl.col("weight").is_null()
    return full.with_columns(
        pl.when(unsaid).then(pl.lit(WEIGHTS[0])).otherwise("weight").alias("weight"),
        pl.col("place").fill_null(0),
        pl.col("if_open").fill_null(value=False),
    )


def _causes(found: ColumnReplay, changes: Changes) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return the row of the log of each change, what made it, and the promise that broke."""
    books, many = found.books, len(changes.row)
    loud = np.flatnonzero(~changes.silent)
    is_break, number = found.timeline.sources(changes.row[loud])
    by_event, by_break = loud[~is_break], loud[is_break]
    those = number[~is_break]
    rows = _scattered(many, by_event, books.events.texts("row", those).cast(pl.Int64))
    sources = _scattered(many, by_event, books.events.texts("event", those).cast(pl.String)).fill_null(_CLOCK)
    return rows, sources, _scattered(many, by_break, books.book.broken.gather(number[is_break]))


def _scattered(many: int, places: Ints, values: pl.Series) -> pl.Series:
    """Put values at some places; null elsewhere."""
    index = np.full(many, len(values), np.int64)
    index[places] = np.arange(len(values))
    return pl.concat([values, pl.Series([None], dtype=values.dtype)]).gather(index)
