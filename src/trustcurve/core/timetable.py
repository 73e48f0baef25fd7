"""Timetables: journeys that run on one curve until an instant, and on the next curve from then on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import final

from attrs import field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event
from trustcurve.core.instants import instant, microseconds
from trustcurve.core.ledger import advance, begin, next_due, observe
from trustcurve.core.migration import migrate
from trustcurve.core.standing import Standing, check_standing
from trustcurve.core.steps import Occurrence, Step
from trustcurve.core.values import Value
from trustcurve.errors import InvalidValueError, final_class

__all__ = ["Timetable"]


def _changes(value: Iterable[tuple[datetime, Curve]]) -> tuple[tuple[datetime, Curve], ...]:
    try:
        pairs = [(at, curve) for at, curve in value]
    except (TypeError, ValueError):
        raise InvalidValueError("changes", value, "must be pairs of a time and a curve") from None
    return tuple((instant(at, "changes"), curve) for at, curve in pairs)


@final
@frozen(eq=False, repr=False)
class Timetable(Value):
    """A sequence of curves, each valid from a given instant; every replay accepts a timetable in place of a curve.

    Everything due strictly before a change is applied with the curve before it. At the change the
    standing migrates (promises and ``quiet_since`` are kept); everything at that instant or later
    is applied with the next curve.

    Args:
        first: The first curve.
        changes: Pairs of a time with a timezone and the curve that is valid from then on, in the order of time.

    Raises:
        InvalidValueError: A value is not a curve, there is no change, or the times are not in order.
        NaiveTimeError: A time has no timezone.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve import Exchanged, Proposed
        >>> stricter = Curve.default(hopeful_lost_at=2)
        >>> both = Timetable(Curve.default(), [(datetime(2026, 2, 1, tzinfo=UTC), stricter)])
        >>> ann = both.begin("ann", datetime(2026, 1, 1, tzinfo=UTC))
        >>> ann = both.advance(ann, Proposed(at=datetime(2026, 1, 1, tzinfo=UTC))).after
        >>> print(both.observe(ann, datetime(2026, 2, 1, tzinfo=UTC)).transitions[0])
        2026-02-01 00:00 UTC  ann fell: hopeful -> distrust.suspicious (moved to another curve: stage hopeful became distrust, account due became clear)
    """

    first: Curve
    changes: tuple[tuple[datetime, Curve], ...] = field(converter=_changes)

    __init_subclass__ = final_class

    def __attrs_post_init__(self) -> None:
        for curve in self.curves:
            if not isinstance(curve, Curve):
                raise InvalidValueError("curve", curve, "must be a Curve")
        times = [at for at, _ in self.changes]
        if not times:
            raise InvalidValueError("changes", (), "must have at least one pair of a time and a curve")
        for earlier, later in pairwise(times):
            if later <= earlier:
                raise InvalidValueError("changes", later, f"must lie after the change before it, {earlier}")

    def __repr__(self) -> str:
        return (
            f"<Timetable {self.first!r}{''.join(f', from {at.isoformat()} {curve!r}' for at, curve in self.changes)}>"
        )

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The curves in the order of time."""
        return (self.first, *(curve for _, curve in self.changes))

    def curve_at(self, at: datetime) -> Curve:
        """Return the curve that is valid at an instant.

        Raises:
            NaiveTimeError: The time has no timezone.
        """
        when = instant(at)
        return next((curve for since, curve in reversed(self.changes) if since <= when), self.first)

    def begin(self, customer: str, at: datetime) -> Standing:
        """Return the standing of a new customer on the curve of that time; for errors see ``Curve.begin``."""
        return begin(self.curve_at(at), customer, at)

    def advance(self, standing: Standing, event: Event) -> Step:
        """Apply everything that came due and every change of curve before an event, then the event.

        For errors see ``Curve.advance``.
        """
        if not isinstance(event, Event):
            raise InvalidValueError("event", event, "must be an Event such as Exchanged(at=...)")
        curve, now, due = self._carry(standing, event.at_us)
        step = advance(curve, now, event)
        return Step.of(standing, event, (*due, *step.due), step.reaction, step.after) if due else step

    def observe(self, standing: Standing, at: datetime) -> Step:
        """Observe a customer at a given time; for errors see ``Curve.observe``."""
        until = instant(at)
        curve, now, due = self._carry(standing, microseconds(until))
        step = observe(curve, now, until)
        return Step.of(standing, None, (*due, *step.due), None, step.after)

    def next_due(self, standing: Standing) -> datetime | None:
        """Return the first time at which ``observe`` finds something if no event comes, or None.

        A change of curve is found if it changes the leaf state.
        """
        check_standing(standing)
        for change, (at, then) in enumerate(self.changes):
            since = microseconds(at)
            if since <= standing.as_of_us:
                continue
            curve = self.curves[change]
            found = next_due(curve, standing)
            if found is not None and found <= at:
                return found
            migration = migrate(then, observe(curve, standing, at).after, from_curve=curve)
            if migration.state_before != migration.state_after:
                return at
            standing = migration.standing
        return next_due(self.curve_at(standing.as_of), standing)

    def _carry(self, standing: Standing, until: int) -> tuple[Curve, Standing, list[Occurrence]]:
        """Migrate a standing over every change up to ``until``; return the curve valid then, the standing and what happened."""
        check_standing(standing)
        found: list[Occurrence] = []
        curve = self.first
        for at, then in self.changes:
            since = microseconds(at)
            if since > until:
                break
            if standing.as_of_us < since:
                step = observe(curve, standing, at)
                migration = migrate(then, step.after, from_curve=curve)
                found += [*step.due, Occurrence(at, migration, None)]
                standing = migration.standing
            curve = then
        return curve, standing, found
