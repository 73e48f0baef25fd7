"""The parcel shop's world: kinds of customers, carriers, the bad season, and a clock for one life in it.

All chance comes from ``Random.random`` and all arithmetic is plain, so the same seed gives the same
world on every Python; every life has a generator of its own. All numbers are made up.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import TypeVar

__all__ = ["CAMPAIGNS", "CARRIERS", "DAY", "DAYS", "KINDS", "PEAK_FACTOR", "Carrier", "Kind", "Life", "Row"]

DAYS = 730
DAY = 24 * 60  # the clock counts minutes from midnight of the first day

Row = dict[str, str]
T = TypeVar("T", "Kind", "Carrier")


@dataclass(frozen=True)
class Kind:
    """A kind of customer. Shares and chances run from 0 to 1, gaps are days."""

    name: str
    share: float
    mood: float  # what they come with, and slowly come back to
    order_gap: float  # between two orders of a content customer
    talk_gap: float  # between two useful talks
    letters: float  # how many of the campaigns reach them
    coupons: float  # how many of their orders redeem one
    complains: float  # when something went wrong
    recommends: float  # after a delivery that pleased
    abuses: float  # how many of their deliveries come back worn


KINDS = (
    #    name              share  mood order talk letters coupons compl. recomm. abuses
    Kind("enthusiast", 0.12, 0.75, 45, 30, 0.25, 0.35, 0.55, 0.30, 0.00),
    Kind("regular", 0.28, 0.62, 75, 75, 0.25, 0.20, 0.45, 0.08, 0.00),
    Kind("occasional", 0.20, 0.58, 170, 150, 0.15, 0.15, 0.35, 0.04, 0.00),
    Kind("one-timer", 0.14, 0.55, 900, 400, 0.10, 0.05, 0.30, 0.01, 0.00),
    Kind("bargain hunter", 0.08, 0.48, 70, 300, 0.55, 0.60, 0.60, 0.02, 0.08),
    Kind("sceptic", 0.10, 0.36, 110, 240, 0.35, 0.05, 0.80, 0.01, 0.01),
    Kind("looker", 0.08, 0.50, 2000, 160, 0.15, 0.00, 0.20, 0.00, 0.00),
)


@dataclass(frozen=True)
class Carrier:
    """A carrier: its share of the parcels, and how many of them come late or never."""

    name: str
    share: float
    late: float
    lost: float


CARRIERS = (
    Carrier("falcon", 0.50, 0.03, 0.002),
    Carrier("badger", 0.32, 0.09, 0.006),
    Carrier("turtle", 0.18, 0.30, 0.020),
)
PEAK_FACTOR = 2.5  # every December, for late and for lost parcels
CAMPAIGNS = {  # days after New Year: name
    8: "new year", 40: "winter sale", 75: "spring", 98: "easter", 150: "early summer",
    190: "holidays", 240: "back to school", 285: "autumn", 328: "black week", 342: "gifts",
}  # fmt: skip


class Life:
    """What every customer has: chance, a clock with an agenda, a mood, and rows of the log."""

    def __init__(self, name: str, seed: int, start: date) -> None:
        self.random = Random(f"{seed}/{name}").random  # noqa: S311 - an invented world, not a secret
        self.id, self.start = name, start
        self.now = 0
        self.mood = self.base = 0.5  # the mood moves, and slowly comes back to its base
        self.asks = 0.0  # recent asks by the shop; they fade
        self.waiting = 0.0  # complaints that nobody has answered; they fade slowly
        self.rows: list[Row] = []
        self.last_row = (-1, 0)  # its minute, and how many rows that minute had before it
        self.agenda: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []
        self.plans = 0

    def chance(self, probability: float) -> bool:
        """Toss a coin."""
        return self.random() < probability

    def between(self, low: int, high: int) -> int:
        """Draw a whole number, both ends included."""
        return low + int(self.random() * (high - low + 1))

    def one_of(self, texts: Sequence[str]) -> str:
        """Draw a text."""
        return texts[self.between(0, len(texts) - 1)]

    def pick(self, rows: Sequence[T]) -> T:
        """Draw a row by its share."""
        left = self.random()
        for row in rows:
            left -= row.share
            if left < 0:
                return row
        return rows[-1]

    def plan(self, days: int, action: Callable[..., None], *args: object) -> None:
        """Do something in so many days, at some hour between eight and eight; today: within two hours."""
        at = (
            self.now + self.between(5, 120)
            if days == 0
            else (self.now // DAY + days) * DAY + self.between(8 * 60, 20 * 60)
        )
        self.plans += 1  # breaks ties, so that actions are never compared
        heapq.heappush(self.agenda, (at, self.plans, action, args))

    def day(self, ahead: int = 0) -> date:
        """Return today's date, or one to come."""
        return self.start + timedelta(days=self.now // DAY + ahead)

    def peak(self) -> bool:
        """Whether it is the bad season: December and the days after."""
        today = self.day()
        return today.month == 12 or (today.month == 1 and today.day <= 6)

    def feel(self, change: float) -> None:
        """Move the mood."""
        self.mood = min(1.0, max(0.0, self.mood + change))

    def write(self, event: str, **columns: str) -> None:
        """Write a row of the log; rows of one minute get rising seconds."""
        minute, count = self.last_row
        self.last_row = (self.now, count + 1 if minute == self.now else 0)
        seconds = 12 * self.last_row[1] + self.between(0, 11)
        at = datetime.combine(self.start, time()) + timedelta(minutes=self.now, seconds=seconds)
        self.rows.append({"time": at.isoformat(" "), "customer": self.id, "event": event, **columns})

    def live(self) -> None:
        """Do what is on the agenda until the two years are over."""
        while self.agenda:
            at, _, action, args = heapq.heappop(self.agenda)
            if at >= DAYS * DAY:
                break
            gap = (at - self.now) / DAY
            self.mood += (self.base - self.mood) * gap / (gap + 300)
            self.asks *= 60 / (60 + gap)
            self.waiting *= 150 / (150 + gap)
            self.now = at
            action(*args)
