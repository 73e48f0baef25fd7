"""The promise book by columns: what the events of all promises say, the k-th event of each promise at once.

Which promises are open, kept, broken or overdue does not depend on the curve's positions: so the book comes first, and the
clock reads what it says.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from attrs import frozen

from trustcurve.arrays.curve_arrays import CurveArrays
from trustcurve.batch.event_columns import BROKEN, KEPT, MADE, MOVED, EventColumns
from trustcurve.batch.identity_columns import IdentityColumns
from trustcurve.batch.ints import NO_TIME, NONE, Ints
from trustcurve.batch.promise_entries import ABSENT, ENTRY_NUMBERS, OPEN, OVERDUE, PromiseEntries
from trustcurve.core.curve import Curve
from trustcurve.core.signals import BROKEN as BROKEN_SIGNALS
from trustcurve.core.signals import KEPT as KEPT_SIGNALS
from trustcurve.core.signals import MADE as MADE_SIGNALS
from trustcurve.core.signals import WEIGHTS

__all__ = ["PAST", "OpenPromises", "PromiseColumns", "codes_of"]

PAST: Final = np.iinfo(np.int64).min
"""When a promise broke that was overdue from the beginning."""


@frozen(eq=False)
class OpenPromises:
    """Promises that are open or overdue: before the first event of a log, or after the last.

    Args:
        customer: The numbers of their customers. Shape (promises,), like all below.
        id: Their ids.
        due: The due date, in microseconds since 1970, or ``NO_TIME``.
        weight: 0 for major, 1 for minor.
        breaks: After which instant it is overdue, in microseconds since 1970; ``NO_TIME``: never, ``PAST``: it was before.
    """

    customer: Ints
    id: pl.Series
    due: Ints
    weight: Ints
    breaks: Ints

    @classmethod
    def none(cls) -> OpenPromises:
        """Return no promises."""
        ints = np.zeros(0, np.int64)
        return cls(ints, pl.Series([], dtype=pl.String), ints, ints.astype(np.int8), ints)


@frozen(eq=False)
class PromiseColumns:
    """What the book says of each event, and the promises that broke by their date.

    Args:
        code: What each event sends, as a column of the kernel's table: see ``codes_of``. Shape (events,).
        dated: By how many the open promises with a date grow or shrink with it; None: there are none.
        skipped: The events that are left out, because their promise is not open and they say so.
        repeated: The events about promises that are left out, because they repeat one that counts.
        rejected: The events that the book rejects. Shape (rejected,).
        stood: How the promise of each stood: ``ABSENT``, ``OPEN`` or ``OVERDUE``. Shape (rejected,), like the one below.
        was_due: When it was due, in microseconds since 1970, or ``NO_TIME``.
        broken: The id of the promise of each break. Shape (breaks,), like the three below.
        broken_at: When it breaks, in microseconds since 1970: after all that happens at that instant.
        broken_code: What it sends.
        broken_of: The number of its customer.
        left: The promises that are open or overdue in the end.
        entries: What the events enter in the books, and who made the promises.
    """

    code: Ints
    dated: Ints | None
    skipped: Ints
    repeated: Ints
    rejected: Ints
    stood: Ints
    was_due: Ints
    broken: pl.Series
    broken_at: Ints
    broken_code: Ints
    broken_of: Ints
    left: OpenPromises
    entries: PromiseEntries

    @classmethod
    def of(
        cls,
        events: EventColumns,
        repeats: IdentityColumns,
        curve: Curve,
        arrays: CurveArrays,
        begin: OpenPromises,
        *,
        gone: Ints,
    ) -> PromiseColumns:
        """Keep the books of all customers.

        Args:
            events: The events.
            repeats: Those that do not count if the first one with their identity does.
            curve: The curve.
            arrays: Its table.
            begin: The promises that are open before the first event.
            gone: The events that do not count, whatever the book says.
        """
        code = np.where(events.signal == NONE, arrays.no_signal, events.signal).astype(_small(arrays.no_signal + 2))
        about = events.about != NONE
        about[gone] = False
        places = np.flatnonzero(about)
        if len(places) or len(begin.customer):
            return _Books(events, repeats, code, curve=curve, arrays=arrays, begin=begin).kept(places)
        ints, none = np.zeros(0, np.int64), pl.Series([], dtype=pl.String)
        nothing = ints, ints, ints, ints, ints, none, ints, ints.astype(code.dtype), ints
        return cls(code, None, *nothing, OpenPromises.none(), PromiseEntries.none())


def codes_of(arrays: CurveArrays) -> tuple[int, int]:
    """Return the two codes that send no signal: one that ends no silence, and one that ends it.

    All other codes are the columns of signals, which end a silence as the curve says. A promise that is kept or broken too
    late sends no signal, but ends a silence as if it did.
    """
    return arrays.no_signal, arrays.no_signal + 1


def _small(codes: int) -> type[np.signedinteger]:
    return np.int8 if codes <= np.iinfo(np.int8).max else np.int16


class _Books:
    """The promises of all customers as they change; each is a small state machine of its own."""

    def __init__(
        self,
        events: EventColumns,
        repeats: IdentityColumns,
        code: Ints,
        *,
        curve: Curve,
        arrays: CurveArrays,
        begin: OpenPromises,
    ) -> None:
        self.repeats, self.is_repeat = repeats, None
        if len(repeats.repeats):
            self.is_repeat, self.counts = np.zeros(len(events.at), bool), np.ones(len(events.at), bool)
            self.is_repeat[repeats.repeats] = True
        self.events, self.code, self.grace, self.begin = events, code, curve.grace_us, begin
        self.silent, silent_end = codes_of(arrays)
        columns, ends = arrays.columns, curve.ends_silence
        self.made = np.array([columns.get(MADE_SIGNALS[weight] or "", self.silent) for weight in WEIGHTS])
        self.kept_codes = np.array([columns[KEPT_SIGNALS[weight]] for weight in WEIGHTS])
        self.broken_codes = np.array([columns[BROKEN_SIGNALS[weight]] for weight in WEIGHTS])
        # What sends no signal cannot cross: so only "always" ends a silence.
        self.too_late = np.array(
            [silent_end if ends[signal] == "always" else self.silent for signal in columns] + [self.silent]
        )
        self.dated = np.zeros(len(events.at), np.int8)
        self.skipped: list[Ints] = []
        self.repeated: list[Ints] = []
        self.rejected: list[tuple[Ints, Ints, Ints]] = []  # events, how their promises stood, and when they were due
        self.breaks: list[tuple[Ints, Ints, Ints, Ints]] = []  # promises, instants, weights and templates
        self.templates = events.table.template_numbers()
        self.entries: list[tuple[Ints, Ints, Ints]] = []  # customers, templates and what was entered

    def kept(self, places: Ints) -> PromiseColumns:
        """Apply the k-th event of every promise, for all k, and return what the book says."""
        order, length = self._number(places)
        first = np.cumsum(length) - length
        longest = np.argsort(-length, kind="stable")
        first, length = first[longest], length[longest]
        for k in range(int(length[0]) if len(length) else 0):
            active = int(np.searchsorted(-length, -k, side="left"))
            self._apply(order[first[:active] + k], longest[:active])
        return self._result()

    def _number(self, places: Ints) -> tuple[Ints, Ints]:
        """Number the promises, and begin with those that are open; return the events by promise, and how many each has."""
        events, begin = self.events, self.begin
        known = pl.DataFrame({"customer": begin.customer.astype(np.int32), "id": begin.id}).with_columns(
            place=pl.lit(NONE, pl.Int64), begin=pl.int_range(pl.len(), dtype=pl.Int64)
        )
        named = pl.DataFrame({"customer": events.customer[places], "id": events.texts("promise", places)})
        both = pl.concat([known, named.with_columns(place=pl.Series(places), begin=pl.lit(NONE, pl.Int64))])
        groups = both.group_by("customer", "id", maintain_order=True).agg("place", pl.col("begin").first())
        order = groups["place"].explode(empty_as_null=False).to_numpy()
        self.owner, self.ids = groups["customer"].to_numpy(), groups["id"]
        found = groups["begin"].to_numpy()
        there = found != NONE
        many = len(found)
        self.status, self.weight = np.zeros(many, np.int8), np.zeros(many, np.int8)
        self.due, self.breaks_at = np.full(many, NO_TIME, np.int64), np.full(many, NO_TIME, np.int64)
        self.template = np.full(many, NONE, np.int32)
        self.status[there] = np.where(begin.breaks == PAST, OVERDUE, OPEN)[found[there]]
        self.due[there], self.breaks_at[there] = begin.due[found[there]], begin.breaks[found[there]]
        self.weight[there] = begin.weight[found[there]]
        return order[order != NONE], groups["place"].list.len().to_numpy().astype(np.int64) - there

    def _apply(self, places: Ints, promise: Ints) -> None:
        """Apply events of different promises."""
        events = self.events
        places, promise = self._new(places, promise)
        self._break(promise, events.at[places])
        if events.if_open is not None:
            skipped = events.if_open[places] & (self.status[promise] == ABSENT)
            self._leave_out(places[skipped], self.skipped)
            places, promise = places[~skipped], promise[~skipped]
        about, status, said = events.about[places], self.status[promise], events.weight[places]
        absent, ends_it = status == ABSENT, (about == KEPT) | (about == BROKEN)
        weight = np.where(absent, said, self.weight[promise])
        wrong = np.where(
            about == MADE,
            ~absent,
            np.where(ends_it, weight == NONE, absent | ((about == MOVED) & (status == OVERDUE))),
        )
        if wrong.any():
            self.rejected.append((places[wrong], status[wrong], self.due[promise[wrong]]))
            if self.is_repeat is not None:
                self.counts[places[wrong]] = False
            right = ~wrong
            places, promise, about, status = places[right], promise[right], about[right], status[right]
            ends_it, weight = ends_it[right], weight[right]
        counts_as = np.where(
            about == MADE,
            self.made[weight],
            np.where(about == KEPT, self.kept_codes[weight], self.broken_codes[weight]),
        )
        counts_as[about > BROKEN] = self.silent
        self.code[places] = np.where(ends_it & (status == OVERDUE), self.too_late[counts_as], counts_as)
        own = self.templates[events.source[places]]
        template = np.where(status == ABSENT, own, self.template[promise])
        self.template[promise] = template
        self.entries.append((self.owner[promise], template, ENTRY_NUMBERS[about, status]))
        had = (status == OPEN) & (self.due[promise] != NO_TIME)
        opens = (about == MADE) | (about == MOVED)
        due = np.where(opens, events.due[places], NO_TIME)
        self.dated[places] = (opens & (due != NO_TIME)).astype(np.int8) - had
        self.status[promise] = np.where(opens, OPEN, ABSENT)
        self.due[promise] = due
        self.breaks_at[promise] = np.where(due == NO_TIME, NO_TIME, due + self.grace)
        self.weight[promise] = weight

    def _new(self, places: Ints, promise: Ints) -> tuple[Ints, Ints]:
        """Return the events that do not repeat one that counts, and their promises."""
        if self.is_repeat is None:
            return places, promise
        some = np.flatnonzero(self.is_repeat[places])
        firsts = self.repeats.firsts[np.searchsorted(self.repeats.repeats, places[some])]
        some = some[self.counts[firsts]]
        if not len(some):
            return places, promise
        self._leave_out(places[some], self.repeated)
        return np.delete(places, some), np.delete(promise, some)

    def _leave_out(self, places: Ints, noted: list[Ints]) -> None:
        noted.append(places)
        if self.is_repeat is not None:
            self.counts[places] = False

    def _break(self, promise: Ints, before: Ints) -> None:
        """Let open promises break whose date, with grace, has passed before an instant."""
        broken = promise[(self.status[promise] == OPEN) & (self.breaks_at[promise] < before)]
        self.status[broken] = OVERDUE
        self.breaks.append((broken, self.breaks_at[broken], self.weight[broken], self.template[broken]))

    def _result(self) -> PromiseColumns:
        left = np.flatnonzero(self.status != ABSENT)
        still = left[(self.status[left] == OPEN) & (self.breaks_at[left] != NO_TIME)]
        parts = [*self.breaks, (still, self.breaks_at[still], self.weight[still], self.template[still])]
        broken, at, weight, template = (np.concatenate(part) for part in zip(*parts, strict=True))
        none = np.zeros(0, np.int64)
        nothing = (none.astype(np.int32), none.astype(np.int32), none.astype(np.int8))
        customer, makers, entry = (np.concatenate(part) for part in zip(nothing, *self.entries, strict=True))
        rejected, stood, due = (np.concatenate(part) for part in zip((none,) * 3, *self.rejected, strict=True))
        self.code[rejected] = self.silent
        skipped, repeated = np.concatenate([none, *self.skipped]), np.concatenate([none, *self.repeated])
        return PromiseColumns(
            code=self.code,
            dated=self.dated,
            skipped=skipped,
            repeated=repeated,
            rejected=rejected,
            stood=stood,
            was_due=due,
            broken=self.ids.gather(broken),
            broken_at=at,
            broken_code=self.broken_codes[weight].astype(self.code.dtype),
            broken_of=self.owner[broken],
            left=OpenPromises(
                customer=self.owner[left],
                id=self.ids.gather(left),
                due=self.due[left],
                weight=self.weight[left],
                breaks=self.breaks_at[left],
            ),
            entries=PromiseEntries(
                customer=customer,
                template=makers,
                entry=entry,
                broken=template,
                left=self.template[left],
            ),
        )
