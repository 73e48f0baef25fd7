"""The same log, mapped and folded once more in plain Python, row by row, for one rich mapping.

The events have no ids: the log alone knows duplicates here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from attrs import define, field

from tests.logs.helpers import CURVE, Row, rule
from trustcurve import (
    Complained,
    Event,
    Exchanged,
    OneSided,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    PromiseReleased,
    Proposed,
    Purchased,
    Standing,
    TrustcurveError,
)

BERLIN = ZoneInfo("Europe/Berlin")
LAST_DAYS = datetime(9999, 12, 30, tzinfo=UTC)
"""Two days after this there are no more days."""

MAPPING = """
[log]
customer = "customer"
time = "time"
timezone = "Europe/Berlin"
id = "id"
tie = "tie"
"""
MAPPING += rule('{ event = "ask" }', 'Proposed channel = "{channel}"', first=True)
MAPPING += rule('{ event = ["ask", "survey"] }', 'OneSided by = "company"')
MAPPING += rule(
    '{ event = "order", amount = { at_least = 10 } }',
    'PromiseMade promise = "{order}"; due = { column = "due", end_of_day = true }',
    'Purchased note = "{channel}"',
)
MAPPING += rule(
    '{ event = "order", amount = { below = 10 } }',
    'PromiseMade promise = "small {order}"; due = { after = { days = 2 } }; weight = "minor"',
)
MAPPING += rule('{ event = "kept" }', 'PromiseKept promise = "{order}"; weight = "{weight}"', "Exchanged")
MAPPING += rule('{ event = "moved", due = { null = false } }', 'PromiseMoved promise = "{order}"; due = "due"')
MAPPING += rule('{ event = "freed" }', 'PromiseReleased promise = "{order}"')
MAPPING += rule('{ event = "wide" }', "Complained", 'Exchanged note = "late"; at = "due"')
MAPPING += rule(
    '{ event = "whole" }',
    'PromiseMade promise = "{order}"; due = { after = { days = 2 } }',
    'PromiseReleased promise = "{order}"; at = "due"',
)
MAPPING += rule('{ event = ["noise", "rated"] }', ignore=True)


@define
class Told:
    """What the oracle says of a log."""

    last: datetime | None = None
    reject_rows: set[int] = field(factory=set)
    odd_outcomes: set[int] = field(factory=set)
    ignored_rows: set[int] = field(factory=set)
    duplicate_rows: set[int] = field(factory=set)
    later_rows: set[int] = field(factory=set)
    used_rows: set[int] = field(factory=set)
    events: dict[str, list[tuple[int, Event]]] = field(factory=dict)
    seen: list[tuple[int, str, str]] = field(factory=list)


Made = tuple[type[Event], datetime, dict[str, Any]]
Unit = tuple[datetime, float, int, list[Made], Row]


def tell(rows: list[Row], until: datetime | None) -> Told:
    """Map and fold a log; again and again, each time without one row more that turned out to be unusable."""
    left_out: set[int] = set()
    while True:
        told = Told()
        late = _Fold(told, until, left_out).run(_units(rows, told))
        if late is None:
            return told
        left_out.add(late)


def _units(rows: list[Row], told: Told) -> list[Unit]:
    """Map a log: what each row says at each of its times, in the order of the log."""
    units: list[Unit] = []
    taken: set[str] = set()  # customers whose first ask is taken
    for number, row, at in _in_order(rows, told):
        events = _made(row, at, taken)
        if events is None:
            told.reject_rows.add(number)
        elif not events:
            told.ignored_rows.add(number)
        for when, made in groupby(sorted(events or [], key=itemgetter(1)), key=itemgetter(1)):
            units.append((when, _tie(row), number, list(made), row))
        if row["stars"].strip() and at not in [when for _, when, _ in events or []]:
            units.append((at, _tie(row), number, [], row))
    return sorted(units, key=lambda unit: unit[:3])


def _in_order(rows: list[Row], told: Told) -> list[tuple[int, Row, datetime]]:
    placed = []
    for number, row in enumerate(rows, start=1):
        at = time_of(row["time"])
        if not row["customer"].strip() or at is None or (row["tie"].strip() and number_of(row["tie"]) is None):
            told.reject_rows.add(number)
        else:
            placed.append((number, row, at))
    return sorted(placed, key=lambda each: (each[2], _tie(each[1]), each[0]))


def time_of(text: str) -> datetime | None:
    """Read a time; naive ones are Berlin's."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=BERLIN)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def number_of(text: str) -> float | None:
    """Read a number as people write it; a computer's words for none are none."""
    return float(text) if re.fullmatch(r"\s*[+-]?\d+(\.\d+)?(e\d+)?\s*", text) else None


def _tie(row: Row) -> float:
    number = number_of(row["tie"])
    return float("inf") if number is None else number


def _made(row: Row, at: datetime, taken: set[str]) -> list[Made] | None:
    """Answer with what a row makes, with nothing where it is ignored, or with None where it cannot be used."""
    word, order, due_text = row["event"].strip(), row["order"].strip(), row["due"].strip()
    due, customer = time_of(due_text), row["customer"].strip()
    channel = row["channel"].strip() or None
    if word in ("noise", "rated"):
        return []
    made: list[Made] | None = None
    if word == "ask" and customer not in taken:
        taken.add(customer)
        made = [(Proposed, at, {"channel": channel})]
    elif word in ("ask", "survey"):
        made = [(OneSided, at, {"by": "company"})]
    elif word == "wide" and (due or not due_text):
        made = [(Complained, at, {}), *([(Exchanged, due, {"note": "late"})] if due else [])]
    elif word == "whole" and order and (due or not due_text) and at < LAST_DAYS:
        made = [(PromiseMade, at, {"promise": order, "due": at + timedelta(days=2)})]
        made += [(PromiseReleased, due, {"promise": order})] if due else []
    elif word == "order" and order:
        made = _order(row["amount"], at, order, due_text, channel)
    elif word == "kept" and order:
        made = [(PromiseKept, at, {"promise": order, "weight": row["weight"].strip() or None}), (Exchanged, at, {})]
    elif word == "moved" and order and due:
        made = [(PromiseMoved, at, {"promise": order, "due": due})]
    elif word == "freed" and order:
        made = [(PromiseReleased, at, {"promise": order})]
    return made


def _order(amount_text: str, at: datetime, order: str, due_text: str, channel: str | None) -> list[Made] | None:
    amount, end = number_of(amount_text), _end_of_day(due_text)
    if amount is None or (due_text and end is None and amount >= 10) or (amount < 10 and at > LAST_DAYS):
        return None
    if amount < 10:
        return [(PromiseMade, at, {"promise": f"small {order}", "due": at + timedelta(days=2), "weight": "minor"})]
    return [(PromiseMade, at, {"promise": order, "due": end}), (Purchased, at, {"note": channel})]


def _end_of_day(text: str) -> datetime | None:
    moment = time_of(text)
    try:
        day = None if moment is None else moment.astimezone(BERLIN).date()
    except OverflowError:
        return None
    return None if day is None else datetime.combine(day, time.max, BERLIN).astimezone(UTC)


@define
class _Fold:
    """The fold of a log without the rows that are left out."""

    told: Told
    until: datetime | None
    left_out: set[int]
    standings: dict[str, Standing] = field(factory=dict)
    used: dict[str, int] = field(factory=dict)
    rated: dict[str, int] = field(factory=dict)
    fates: dict[int, set[int]] = field(factory=dict)

    def run(self, units: list[Unit]) -> int | None:
        """Fold what rows say; where a row that was used in part is refused, answer with its number."""
        for unit in units:
            when, _, number, made, row = unit
            if self.until is not None and when > self.until:
                self.fates.setdefault(number, self.told.later_rows if made else set())
                continue
            identity = row["id"].strip()
            known = bool(identity) and self.used.get(identity, number) != number
            if row["stars"].strip() and when == time_of(row["time"]) and not known:
                self.see(unit)
            fate = self.fates.get(number, self.told.used_rows)
            if not made or fate is not self.told.used_rows:
                continue
            if known or number in self.left_out:
                self.fates[number] = self.told.duplicate_rows if known else self.told.reject_rows
            elif not self.use(unit):
                if number in self.fates:
                    return number
                self.fates[number] = self.told.reject_rows
        for number, rows in self.fates.items():
            rows.add(number)
        return None

    def standing(self, unit: Unit) -> Standing:
        """Where the customer stands, or begins."""
        customer = unit[4]["customer"].strip()
        return self.standings.get(customer) or CURVE.begin(customer, unit[0])

    def see(self, unit: Unit) -> None:
        """Tell an outcome, once for an id."""
        when, _, number, _, row = unit
        identity, standing = row["id"].strip(), self.standing(unit)
        if identity and self.rated.get(identity, number) != number:
            return
        if number_of(row["stars"]) is None:
            self.told.odd_outcomes.add(number)
            return
        self.rated[identity] = number
        state = CURVE.state(CURVE.observe(standing, when).after.position)
        self.told.seen.append((number, standing.customer, state))

    def use(self, unit: Unit) -> bool:
        """Use what a row says at one time, unless any of it is refused."""
        when, _, number, made, row = unit
        standing = self.standing(unit)
        try:
            events = [kind(at=when, **fields) for kind, _, fields in made]
            for event in events:
                standing = CURVE.advance(standing, event).after
        except TrustcurveError:
            return False
        self.fates[number] = self.told.used_rows
        self.used[row["id"].strip()] = number
        self.standings[standing.customer], self.told.last = standing, when
        self.told.events.setdefault(standing.customer, []).extend((number, event) for event in events)
        return True
