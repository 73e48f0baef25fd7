"""Tell wishes as events that fit: whatever is wished, something happens that the curve accepts."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.events import (
    Advocated,
    Complained,
    Departed,
    Event,
    Exchanged,
    OneSided,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Proposed,
    Purchased,
    Repaired,
    Returned,
    Signalled,
)
from trustcurve.core.instants import LAST, MICROSECOND, datetime_of, duration_us, microseconds
from trustcurve.core.journey import Journey
from trustcurve.core.promises import Promise
from trustcurve.core.signals import SILENCE, Weight
from trustcurve.core.standing import Standing
from trustcurve.errors import InvalidValueError
from trustcurve.testing.strategies.routes import NOWHERE, routes_of
from trustcurve.testing.strategies.wishes import Deed, Wish

__all__ = ["End", "Teller", "planned", "told"]

DAY: Final = timedelta(days=1)
_THIRDS = 3
_PLAIN = {
    "proposition": Proposed,
    "exchange": Exchanged,
    "repair": Repaired,
    "complaint": Complained,
    "advocacy": Advocated,
    "purchase": Purchased,
    "departure": Departed,
    "return": Returned,
}


@define(eq=False)
class Teller:
    """Grows one customer's journey, wish by wish; never by more than ``most`` events."""

    curve: Curve
    standing: Standing
    most: int
    events: list[Event] = field(factory=list, init=False)
    now: datetime = field(init=False)
    _made: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.now = self.standing.as_of

    @property
    def left(self) -> int:
        """How many more events it may have."""
        return self.most - len(self.events)

    @property
    def number(self) -> int:
        """The number of the position in which the customer stands now, after all that came due."""
        at = self.standing.position
        if self.now > self.standing.as_of:
            at = self.curve.observe(self.standing, self.now).after.position
        return self.curve.table().number(at)

    def told(self) -> tuple[Standing, datetime, int]:
        """What has been told so far, for ``back_to``."""
        return self.standing, self.now, len(self.events)

    def back_to(self, told: tuple[Standing, datetime, int]) -> None:
        """Take back all that was told since."""
        self.standing, self.now = told[:2]
        del self.events[told[2] :]

    def do(self, deed: Deed) -> None:
        """Let something happen, after a while."""
        self.wait(deed)
        self.happen(deed)

    def way(self, goals: frozenset[int], wait: str = "a day") -> Iterator[Deed]:
        """Answer with the deeds that lead to the nearest of some positions, a wait apart; each is to be done before the next.

        What comes due meanwhile may lead astray; the way goes on from there. It ends where the journey is long enough.
        """
        _, first = routes_of(self.curve).way(goals)
        silences = self.most
        while (column := first[self.number]) != NOWHERE and self.left and silences:
            silences -= self.curve.signals[column] == SILENCE
            yield Deed(self.curve.signals[column], "none" if self.curve.signals[column] == SILENCE else wait)

    def go(self, goals: frozenset[int], wait: str = "a day") -> bool:
        """Go to the nearest of some positions; answer with whether it was reached."""
        for deed in self.way(goals, wait):
            self.do(deed)
        return self.number in goals

    def wait(self, deed: Deed) -> None:
        """Let time pass."""
        period = self.curve.silence_after
        if deed.wait in ("to the last moment", "too late"):
            due = self._next_due()
            if due is not None:
                self.now = max(self.now, due - MICROSECOND if deed.wait == "to the last moment" else due)
            return
        gaps = {
            "a day": min(DAY, period / 90),
            "a third of a quiet period": period / _THIRDS,
            "a quiet period": period,
            "two": period * 2,
        }
        self.now = min(_later(self.now, gaps.get(deed.wait, timedelta(0))), datetime_of(LAST) - DAY)

    def _next_due(self) -> datetime | None:
        return self.curve.next_due(self.curve.observe(self.standing, self.now).after)

    def happen(self, deed: Deed) -> None:
        """Let something happen now; of a promise that is not there, let another be made."""
        if deed.what == SILENCE:
            self.now = self._next_due() or self.now
        elif self.left:
            event = self._event(deed)
            self.standing = self.curve.advance(self.standing, event).after
            self.events.append(event)

    def _event(self, deed: Deed) -> Event:
        what, at = deed.what, self.now
        if what in _PLAIN:
            return _PLAIN[what](at=at)
        if what in ("company_one_sided", "customer_one_sided"):
            return OneSided(at=at, by="company" if what == "company_one_sided" else "customer")
        weight: Weight = "minor" if "minor" in what else "major"
        if what.startswith(("kept", "broken")):
            kind = PromiseKept if what.startswith("kept") else PromiseBroken
            found = self._promise(deed, [each for each in self.standing.promises if each.weight == weight])
            if found is None:  # not every company logs when it promised
                return kind(at=at, promise=self._new(), weight=weight)
            return kind(at=at, promise=found.id)
        if what in ("promise_moved", "promise_released"):
            seen = self.curve.observe(self.standing, at).after.promises
            moving = what == "promise_moved"
            found = self._promise(deed, [each for each in seen if not (moving and each.overdue)])
            if found is not None:
                due = self._due(deed) or at
                return (
                    PromiseMoved(at=at, promise=found.id, due=due)
                    if moving
                    else PromiseReleased(at=at, promise=found.id)
                )
        if what in ("promise_made", "minor_promise_made", "promise_moved", "promise_released"):
            return PromiseMade(at=at, promise=self._new(), due=self._due(deed), weight=weight)
        return Signalled(at=at, signal=what)

    def _promise(self, deed: Deed, among: list[Promise]) -> Promise | None:
        return among[deed.which % len(among)] if among else None

    def _due(self, deed: Deed) -> datetime | None:
        return None if deed.due is None else _later(self.now, self.curve.silence_after / _THIRDS * deed.due)

    def _new(self) -> str:
        known = {promise.id for promise in self.standing.promises}
        while True:
            self._made += 1
            name = f"promise {self._made}"
            if name not in known:
                return name


@frozen
class End:
    """Where a told journey has to end: in one of some positions, if it can be in a certain one of them."""

    goals: frozenset[int]
    wanted: int


def planned(curve: Curve, start: Standing, wished: Iterable[Wish], most: int) -> list[Deed]:
    """Answer with the deeds that make wishes come true, one after the other; at most so many."""
    teller, plan, ends = Teller(curve, start, most), list[Deed](), routes_of(curve).ends
    for number, wish in enumerate(wished, start=1):
        if wish.goal:
            # Counted on from here, and further with each wish: numbers that are drawn twice lead to two places.
            goal = ends[(bisect(ends, teller.number) + wish.goal * number) % len(ends)]
            for deed in teller.way(frozenset({goal})):
                plan.append(deed)
                teller.do(deed)
        plan.append(wish.deed)
        teller.do(wish.deed)
    return plan[:most]


def told(curve: Curve, start: Standing, plan: Iterable[Deed], most: int, end: End | None = None) -> Journey:
    """Tell deeds as a journey of at most so many events, to the end that it has to reach, if any.

    Raises:
        InvalidValueError: The end cannot be reached in so many events.
    """
    teller = Teller(curve, start, most)
    for deed in plan:
        kept = teller.told()
        teller.do(deed)
        if end is not None and not _near(teller, end.goals):
            teller.back_to(kept)
            break
    if end is not None and not _ended(teller, end):
        teller = Teller(curve, start, most)  # what was told stood in the way: go there at once
        if not teller.go(end.goals, wait="none"):
            raise InvalidValueError("reach", most, f"no journey of at most {most} events leads there")
    return curve.journey(teller.events, start=start, until=teller.now)


def _ended(teller: Teller, end: End) -> bool:
    wanted, kept = frozenset({end.wanted}), teller.told()
    if _near(teller, wanted) and teller.go(wanted):
        return True
    teller.back_to(kept)
    return teller.go(end.goals)


def _near(teller: Teller, goals: frozenset[int]) -> bool:
    away, _ = routes_of(teller.curve).way(goals)
    return NOWHERE < away[teller.number] <= teller.left


def _later(start: datetime, elapsed: timedelta) -> datetime:
    """Add a duration; what would lie beyond the calendar lies at its end."""
    return datetime_of(microseconds(start) + duration_us(elapsed))
