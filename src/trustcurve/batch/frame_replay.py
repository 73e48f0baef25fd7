"""Replay a table of events: by columns where the columns decide, and one event after the other where they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property, partial
from operator import attrgetter

import numpy as np
import polars as pl
from attrs import evolve

from trustcurve.arrays.curve_arrays import CurveArrays
from trustcurve.batch.column_replay import ColumnReplay, KnownCustomers
from trustcurve.batch.earlier_run import EarlierRun
from trustcurve.batch.event_columns import EventColumns
from trustcurve.batch.event_table import EventTable
from trustcurve.batch.ints import Ints
from trustcurve.batch.log_books import LogBooks
from trustcurve.batch.replay_frames import identities_frame, standings_frame, transitions_frame
from trustcurve.batch.replay_objects import identities_of, standings_of, transitions_of
from trustcurve.core.curve import Curve
from trustcurve.core.instants import datetime_of, instant, microseconds
from trustcurve.core.replay import (
    FATES,
    EventCounts,
    EventFate,
    History,
    Observation,
    Replay,
    combine,
    history,
)
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step
from trustcurve.errors import InvalidValueError
from trustcurve.records import (
    EVENTS,
    REJECTS,
    STANDINGS,
    TRANSITIONS,
    RejectRecord,
    StandingRecord,
    TransitionRecord,
    event_of,
    event_record,
    polars_frame,
    polars_types,
    typed_frame,
)

__all__ = ["FrameReplay", "replay_frame", "run_table"]


class FrameReplay:
    """A replay of a table of events: its tables, and on request the objects of core.

    Args:
        curve: The curve.
        slow: The customers who were replayed one event after the other.
        found: Those whom columns decide; None: nobody.
        earlier: What an earlier run left.
    """

    def __init__(
        self, curve: Curve, slow: Replay, found: ColumnReplay | None = None, *, earlier: EarlierRun | None = None
    ) -> None:
        self._curve, self._slow, self._earlier = curve, slow, earlier or EarlierRun()
        self.later = 0
        """The number of events after ``until`` of customers whom columns decide."""
        self.columns = found

    @property
    def until(self) -> datetime | None:
        """The instant at which all customers are observed; None if no event was applied."""
        return self._slow.at_until.until

    @property
    def _course(self) -> ColumnReplay | None:
        """The customers whom columns decide, if any of them has a standing."""
        return self.columns if self.columns is not None and len(self.columns.present) else None

    @cached_property
    def counts(self) -> EventCounts:
        """The number of events, by fate."""
        counts: dict[str, int] = {fate: getattr(self._slow.counts, fate) for fate in FATES}
        for fate, many in ({} if self.columns is None else self.columns.counts()).items():
            counts[fate] += many
        counts["later"] += self.later
        return EventCounts(**counts)

    @cached_property
    def customers(self) -> int:
        """The number of customers who have a standing."""
        return len(self._slow.standings) + (0 if self._course is None else len(self._course.present))

    def frame(self, name: str) -> pl.DataFrame:
        """Return a table by its name: "standings", "observed", "transitions", "rejects" or "identities"."""
        found: pl.DataFrame = getattr(self, name)
        return found

    def scan(self, name: str) -> pl.LazyFrame:
        """Return a table by its name, for further work on it."""
        return self.frame(name).lazy()

    # --- tables -----------------------------------------------------------------------------------

    @cached_property
    def standings(self) -> pl.DataFrame:
        """The standing of each customer at their last event: a table of ``STANDINGS``."""
        return self._standings(self._slow.standings, observed=False)

    @cached_property
    def observed(self) -> pl.DataFrame:
        """All customers, observed at ``until``: a table of ``STANDINGS``."""
        return self._standings(self._slow.at_until.standings, observed=True)

    def _standings(self, slow: Mapping[str, Standing], *, observed: bool) -> pl.DataFrame:
        """Return standings in the order in which customers first appear."""
        others = typed_frame(STANDINGS, (StandingRecord.of(each, self._curve) for each in slow.values()))
        if self._course is None:
            return others
        found = standings_frame(self._course, observed=observed)
        if others.is_empty():
            return found
        names = self._course.names.to_frame("customer").with_row_index("trustcurve.number")
        both = pl.concat([found, others]).join(names, on="customer", how="left", maintain_order="left")
        return both.sort("trustcurve.number", maintain_order=True).drop("trustcurve.number")

    @cached_property
    def transitions(self) -> pl.DataFrame:
        """Every change of leaf state: a table of ``TRANSITIONS``, by time and customer; what the observation finds comes last."""
        slow = [TransitionRecord.of(each.transition, each.row) for each in self._slow.transitions]
        slow += [TransitionRecord.of(each, observed=True) for each in self._slow.at_until.transitions]
        others = typed_frame(TRANSITIONS, slow)
        if self._course is None:
            return others
        both = pl.concat([transitions_frame(self._course), others])
        return both.sort("observed", "at", "customer", maintain_order=True) if slow else both

    @cached_property
    def fates(self) -> tuple[EventFate, ...]:
        """The fates of rejected and of conflicting events, by time and customer."""
        found = [] if self.columns is None else self.columns.books.fates(self.columns.decided)
        return tuple(sorted((*found, *self._slow.rejects), key=_by_time))

    @cached_property
    def reject_records(self) -> tuple[RejectRecord, ...]:
        """What could not be applied, by time and customer."""
        found = [] if self.columns is None else self.columns.books.rejects(self.columns.decided)
        both = (*found, *map(RejectRecord.of, self._slow.rejects))
        return tuple(sorted(both, key=lambda each: (each.at, each.customer)))

    @cached_property
    def identities(self) -> pl.DataFrame:
        """The events with ids that were applied, in this run and the earlier ones: a table of ``EVENTS``, to go on from."""
        parts = [polars_frame(EVENTS, map(event_record, (self._slow.used or {}).values()))]
        if self._earlier.identities is not None:
            parts.insert(0, self._earlier.identities)
        if self.columns is not None:
            parts.append(identities_frame(self.columns))
        return pl.concat(parts, how="diagonal_relaxed").unique(
            ("customer", "id", "place"), keep="first", maintain_order=True
        )

    @property
    def rejects(self) -> pl.DataFrame:
        """What could not be applied: a table of ``REJECTS``, by time and customer."""
        return typed_frame(REJECTS, self.reject_records)

    # --- objects ----------------------------------------------------------------------------------

    def standing_objects(self, *, observed: bool = False) -> dict[str, Standing]:
        """Return the standings as objects, in the order in which customers first appear."""
        slow = self._slow.at_until.standings if observed else self._slow.standings
        if self._course is None:
            return slow
        both = {**standings_of(self._course, observed=observed), **slow}
        return {name: both[name] for name in self._course.names.to_list() if name in both} if slow else both

    def replay(self, *, keep_identities: bool = False) -> Replay:
        """Return the replay as objects of core; this takes much more time and memory than the tables.

        Args:
            keep_identities: Whether to return the identities used, with their events.
        """
        moved, later = ([], []) if self._course is None else transitions_of(self._course)
        used = identities_of(self.identities) if keep_identities else None
        return Replay(
            self.standing_objects(),
            tuple(sorted((*moved, *self._slow.transitions), key=attrgetter("transition.at", "transition.customer"))),
            self.fates,
            self.counts,
            used,
            Observation(
                self.until,
                self.standing_objects(observed=True),
                tuple(sorted((*later, *self._slow.at_until.transitions), key=attrgetter("at", "customer"))),
            ),
        )


def replay_frame(
    events: pl.DataFrame,
    curve: Curve,
    until: datetime | None = None,
    *,
    standings: pl.DataFrame | None = None,
    identities: pl.DataFrame | None = None,
) -> FrameReplay:
    """Replay a table of events of many customers; the result is that of ``replay`` of the same events.

    Args:
        events: A table of ``EVENTS`` (see ``trustcurve.records``), in any order. Empty columns can be left out; texts can be
            of type ``Enum``, and customers whole numbers.
        curve: The curve.
        until: Leave out later events, and observe all customers at this instant. If None: the time of the last applied
            event, which is the latest ``as_of`` of all standings.
        standings: The standings to go on from, a table of ``STANDINGS`` (``FrameReplay.standings``); customers without one
            begin at their first applied event.
        identities: The identities used so far (``FrameReplay.identities``). Needed if events with ids go on from standings.

    Raises:
        InvalidValueError: Events is not a frame, or has no column of customers, times or classes, or nulls in one; or the
            tables of the earlier run do not fit.
        InvalidPositionError: A standing is not one of this curve.
        ObservedInThePastError: ``until`` is earlier than a standing.
        TrustcurveError: A row is no event: the error of its class.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Exchanged
        >>> from trustcurve.records import event_record, polars_frame
        >>> one = Exchanged(at=datetime(2026, 1, 1, tzinfo=UTC), customer="ann")
        >>> replay_frame(polars_frame(EVENTS, [event_record(one)]), Curve.default()).standings["state"].to_list()
        ['distrust.suspicious']
    """
    _check(events)
    earlier = EarlierRun.of(standings, identities)
    end = None if until is None else microseconds(instant(until, "until"))
    early, late = EventTable(events).split(end)
    found = run_table(early, curve, end, partial(histories_of, curve=curve, earlier=earlier), earlier=earlier)
    found.later = 0 if late is None else late.height
    return found


def run_table(
    table: EventTable,
    curve: Curve,
    end: int | None,
    histories: Callable[[LogBooks], Iterable[History]],
    *,
    earlier: EarlierRun,
    apart: pl.Series | None = None,
    at_least: int | None = None,
    observed: Callable[[Step], None] | None = None,
) -> FrameReplay:
    """Replay a table of events that has no event after the end.

    Args:
        table: The events.
        curve: The curve.
        end: When all customers are observed, in microseconds since 1970; None: at the last applied event.
        histories: Returns the histories of the customers whom columns cannot decide (``LogBooks.odd``).
        earlier: What an earlier run left.
        apart: More customers to replay one event after the other.
        at_least: Without an end, an instant before which customers are not observed.
        observed: Called with each step of the observation of these.
    """
    earlier.check(table, end)
    arrays = CurveArrays.of(curve)
    begin = earlier.promises(curve)
    known = earlier.known(curve, begin)
    columns = EventColumns.of(table, curve, arrays.columns, earlier.customers)
    odd = columns.odd | _too_early(columns, known)
    if apart is not None:
        odd |= columns.customers.is_in(apart.implode()).to_numpy()
    books = LogBooks.of(evolve(columns, odd=odd), curve, arrays, begin, earlier.identities)
    slow = list(histories(books))
    before = {name: each for name in books.odd_customers if (each := earlier.standing(name)) is not None}
    last = [microseconds(each.standing.as_of) for each in slow if each.standing is not None]
    last += [microseconds(each.as_of) for each in before.values()]
    last += [] if at_least is None else [at_least]
    found = ColumnReplay(books, known, end, max(last, default=None))
    at = None if found.until is None else datetime_of(found.until)
    replayed = combine(slow, before, curve, at, used={}, observed=observed)
    return FrameReplay(curve, replayed, found, earlier=earlier)


def _too_early(columns: EventColumns, known: KnownCustomers) -> Ints:
    """Return which customers have an event before the instant up to which they are known. Shape (customers,)."""
    early = np.zeros(len(columns.customers), bool)
    some = np.flatnonzero(np.diff(columns.starts)[: len(known.as_of)])
    early[some] = columns.at[columns.starts[some]] < known.as_of[some]
    return early


def histories_of(books: LogBooks, curve: Curve, earlier: EarlierRun) -> Iterable[History]:
    """Replay the customers whom columns cannot decide, one event after the other."""
    events = books.events
    used = earlier.used(books.odd_customers)
    for number in np.flatnonzero(books.odd & (np.diff(events.starts) > 0)).tolist():
        rows = events.rows(np.arange(events.starts[number], events.starts[number + 1]))
        name = events.customers[number]
        logged = map(event_of, rows.iter_rows(named=True))
        yield history(curve, name, logged, earlier.standing(name), used=used)


def _check(events: object) -> None:
    if not isinstance(events, pl.DataFrame):
        raise InvalidValueError("events", events, "must be a Polars frame with the columns of EVENTS")
    known = polars_types(EVENTS)
    for name in ("event", "at", "customer"):
        if name not in events.columns:
            raise InvalidValueError("events", events.columns, f"must have a column {name!r}")
        if events[name].null_count():
            raise InvalidValueError(f"events[{name!r}]", None, "must be given in every row")
    for name in events.columns:
        if name not in known:
            raise InvalidValueError("events", name, f"must have no other columns than {', '.join(known)}")


def _by_time(fate: EventFate) -> tuple[datetime, str]:
    return fate.logged.event.at, fate.logged.event.customer or ""
