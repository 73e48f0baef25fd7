"""The same log, mapped and folded once more in plain Python, row by row, for one rich mapping.

The events have no ids: the log alone knows duplicates here.
"""

from __future__ import annotations

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
MAPPING += rule('{ event = ["noise", "rated"] }', ignore=True)


@define
class Told:
    """What the oracle says of a log."""

    times: set[datetime] = field(factory=set)
    reject_rows: set[int] = field(factory=set)
    ignored_rows: set[int] = field(factory=set)
    duplicate_rows: set[int] = field(factory=set)
    later_rows: set[int] = field(factory=set)
    used_rows: set[int] = field(factory=set)
    events: dict[str, list[tuple[int, Event]]] = field(factory=dict)
    seen: list[tuple[int, str, str]] = field(factory=list)


Made = tuple[type[Event], datetime, dict[str, Any]]
Unit = tuple[datetime, float, int, list[Made], Row]


def tell(rows: list[Row], until: datetime | None) -> Told:
    """Map and fold a log."""
    told = Told()
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
    units.sort(key=lambda unit: unit[:3])
    told.times = {when for when, _, _, made, _ in units if made}
    _fold(units, told, until)
    return told


def _in_order(rows: list[Row], told: Told) -> list[tuple[int, Row, datetime]]:
    placed = []
    for number, row in enumerate(rows, start=1):
        at = time_of(row["time"])
        if not row["customer"].strip() or at is None:
            told.reject_rows.add(number)
        else:
            placed.append((number, row, at))
    return sorted(placed, key=lambda each: (each[2], _tie(each[1]), each[0]))


def time_of(text: str) -> datetime | None:
    """Read a time; naive ones are Berlin's."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=BERLIN)).astimezone(UTC)


def _tie(row: Row) -> float:
    return float(row["tie"]) if row["tie"].strip() else float("inf")


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
    elif word == "order" and order:
        made = _order(row["amount"], at, order, due_text, channel)
    elif word == "kept" and order:
        made = [(PromiseKept, at, {"promise": order, "weight": row["weight"].strip() or None}), (Exchanged, at, {})]
    elif word == "moved" and order and due:
        made = [(PromiseMoved, at, {"promise": order, "due": due})]
    elif word == "freed" and order:
        made = [(PromiseReleased, at, {"promise": order})]
    return made


def _order(amount: str, at: datetime, order: str, due_text: str, channel: str | None) -> list[Made] | None:
    due, end = time_of(due_text), None
    try:
        if float(amount) < 10:
            small = {"promise": f"small {order}", "due": at + timedelta(days=2), "weight": "minor"}
            return [(PromiseMade, at, small)]
    except ValueError:
        return None
    if due is not None:
        day = due.astimezone(BERLIN).date() + timedelta(days=1)
        end = datetime.combine(day, time(), BERLIN).astimezone(UTC) - timedelta(microseconds=1)
    elif due_text:
        return None
    return [(PromiseMade, at, {"promise": order, "due": end}), (Purchased, at, {"note": channel})]


def _fold(units: list[Unit], told: Told, until: datetime | None) -> None:
    standings: dict[str, Standing] = {}
    used: dict[str, int] = {}
    for when, _, number, made, row in units:
        customer, identity = row["customer"].strip(), row["id"].strip()
        if until is not None and when > until:
            told.later_rows |= {number} if made else set()
            continue
        if identity and used.get(identity, number) != number:
            told.duplicate_rows |= {number} if made else set()
            continue
        standing = standings.get(customer) or CURVE.begin(customer, when)
        if row["stars"].strip() and when == time_of(row["time"]):
            told.seen.append((number, customer, CURVE.state(CURVE.observe(standing, when).after.position)))
        try:
            events = [kind(at=at, **fields) for kind, at, fields in made]
            for event in events:
                standing = CURVE.advance(standing, event).after
        except TrustcurveError:
            told.reject_rows.add(number)
            continue
        if events:
            standings[customer] = standing
            told.events.setdefault(customer, []).extend((number, event) for event in events)
            told.used_rows.add(number)
            if identity:
                used.setdefault(identity, number)
