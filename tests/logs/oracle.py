"""The same log, mapped and replayed once more in plain Python, row by row, for one rich mapping."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
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
sequence = "tie"
"""
MAPPING += rule('{ event = "ask" }', 'Proposed channel = "{channel}"', once_per="{customer}")
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
    broken_rows: set[int] = field(factory=set)
    ignored_rows: set[int] = field(factory=set)
    odd_outcomes: set[int] = field(factory=set)
    reject_rows: set[int] = field(factory=set)
    conflict_rows: set[int] = field(factory=set)
    fates: Counter[str] = field(factory=Counter)
    events: dict[str, list[tuple[int, Event]]] = field(factory=dict)
    seen: list[tuple[int, str, str]] = field(factory=list)


Made = tuple[type[Event], datetime, dict[str, Any]]
Placed = tuple[int, Event]
Unit = tuple[datetime, float, int, list[Placed], Row]


def tell(rows: list[Row], until: datetime | None) -> Told:
    """Map and replay a log."""
    told = Told()
    replay = _Replay(told, until)
    for unit in _units(rows, told):
        replay.unit(unit)
    return told


def _units(rows: list[Row], told: Told) -> list[Unit]:
    """Map a log: what each row says at each of its times, in the order of the log."""
    units: list[Unit] = []
    taken: dict[str, str] = {}  # customers whose first ask is taken, and its id
    for number, row, at in _in_order(rows, told):
        made = _made(row, at, taken)
        events = None if made is None else _events(made, row)
        if events is None:
            told.broken_rows.add(number)
        elif not events:
            told.ignored_rows.add(number)
        by_time = sorted(events or [], key=lambda placed: placed[1].at)
        for when, together in groupby(by_time, key=lambda placed: placed[1].at):
            units.append((when, _tie(row), number, list(together), row))
        if row["stars"].strip() and at not in [event.at for _, event in events or []]:
            units.append((at, _tie(row), number, [], row))
    return sorted(units, key=lambda unit: unit[:3])


def _events(made: list[Made], row: Row) -> list[Placed] | None:
    """Make a row's events, each with its place; or none of them, where one cannot be made."""
    customer, identity = row["customer"].strip(), row["id"].strip() or None
    try:
        return [
            (place, kind(at=when, customer=customer, id=identity, **fields))
            for place, (kind, when, fields) in enumerate(made)
        ]
    except TrustcurveError:
        return None


def _in_order(rows: list[Row], told: Told) -> list[tuple[int, Row, datetime]]:
    placed = []
    for number, row in enumerate(rows, start=1):
        at = time_of(row["time"])
        if not row["customer"].strip() or at is None or (row["tie"].strip() and number_of(row["tie"]) is None):
            told.broken_rows.add(number)
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


def _made(row: Row, at: datetime, taken: dict[str, str]) -> list[Made] | None:
    """Return what a row makes, with nothing where it is ignored, or with None where it cannot be used."""
    word, order, due_text = row["event"].strip(), row["order"].strip(), row["due"].strip()
    due, customer = time_of(due_text), row["customer"].strip()
    channel = row["channel"].strip() or None
    if word in ("noise", "rated"):
        return []
    made: list[Made] | None = None
    identity = row["id"].strip()
    if word == "ask" and (customer not in taken or (identity and taken[customer] == identity)):
        taken.setdefault(customer, identity)
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
class _Replay:
    """The replay of a log, one row at one instant after the other."""

    told: Told
    until: datetime | None
    standings: dict[str, Standing] = field(factory=dict)
    used: dict[tuple[str, str, int], tuple[int, Event]] = field(factory=dict)
    rated: dict[tuple[str, str], int] = field(factory=dict)

    def unit(self, unit: Unit) -> None:
        """Say what becomes of a row's events at one instant, and of its outcome."""
        when, _, number, placed, row = unit
        if self.until is not None and when > self.until:
            self.told.fates["later"] += len(placed)
            return
        if row["stars"].strip() and when == time_of(row["time"]):
            self.see(unit)
        left: list[Placed] = []
        for place, event in placed:
            first = self.used.get((event.customer or "", event.id or "", place)) if event.id else None
            if first is None:
                left.append((place, event))
            elif first[1] == event:
                self.told.fates["duplicate"] += 1
            else:
                self.told.fates["conflict"] += 1
                self.told.conflict_rows.add(number)
        if left and self.apply(number, left, self.standing(unit)):
            self.told.fates["applied"] += len(left)
        elif left:
            self.told.fates["rejected"] += len(left)
            self.told.reject_rows.add(number)

    def standing(self, unit: Unit) -> Standing:
        """Where the customer stands, or begins."""
        customer = unit[4]["customer"].strip()
        return self.standings.get(customer) or CURVE.begin(customer, unit[0])

    def apply(self, number: int, left: list[Placed], standing: Standing) -> bool:
        """Apply events, unless any of them is refused."""
        try:
            for _, event in left:
                standing = CURVE.advance(standing, event).after
        except TrustcurveError:
            return False
        customer = standing.customer
        self.standings[customer] = standing
        self.told.last = max(standing.as_of, self.told.last or standing.as_of)
        for place, event in left:
            self.told.events.setdefault(customer, []).append((number, event))
            if event.id:
                self.used[customer, event.id, place] = (number, event)
        return True

    def see(self, unit: Unit) -> None:
        """Read an outcome, once for an id of a customer."""
        when, _, number, _, row = unit
        standing, identity = self.standing(unit), row["id"].strip()
        customer = standing.customer
        earlier = {first for (whose, name, _), (first, _) in self.used.items() if (whose, name) == (customer, identity)}
        if identity and ({*earlier, self.rated.get((customer, identity), number)} - {number}):
            return
        if number_of(row["stars"]) is None:
            self.told.odd_outcomes.add(number)
            return
        self.rated[customer, identity] = number
        state = CURVE.state(CURVE.observe(standing, when).after.position)
        self.told.seen.append((number, customer, state))
