"""The values behind the golden files, built in Python.

A golden file is never written again: what was stored once must be readable forever. When the schema
version goes up, its files go into a new folder beside the old ones, and the old ones stay as they are.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from attrs import evolve

from trustcurve import (
    Advocated,
    Complained,
    Curve,
    Departed,
    Event,
    Exchanged,
    Journey,
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
    Standing,
    Step,
)
from trustcurve.policies import Memory, policy, since, times, trend, tries
from trustcurve.snapshots import VERSION, from_json

BEGINS = {"memory": 2}
"""The first version that has a kind, if it is not 1."""

GOLDEN = Path(__file__).with_name("golden")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ODD = timedelta(microseconds=123456)

EVENTS: tuple[Event, ...] = (
    Proposed(at=NOON, channel="letter", note="who we are, and what we want to be", id="e1"),
    PromiseMade(at=NOON, customer="Zoë", promise="parcel-1", due=NOON + DAY, weight="minor", channel="shop"),
    PromiseKept(at=NOON + ODD, promise="parcel-1"),
    PromiseBroken(at=NOON, promise="parcel-2", weight="major", note="lost on the way"),
    PromiseMoved(at=NOON, promise="parcel-3", due=NOON + 2 * DAY),
    PromiseReleased(at=NOON, promise="parcel-4"),
    OneSided(at=NOON, by="company", id="рассылка 7"),
    Exchanged(at=NOON, note='she said: "that helped" \\o/'),
    Repaired(at=NOON),
    Complained(at=NOON, channel="phone", note=""),
    Advocated(at=NOON),
    Purchased(at=NOON, customer="客户"),
    Departed(at=NOON),
    Returned(at=NOON),
    Signalled(at=NOON, signal="audit"),
)


@cache
def golden_curve(version: int = VERSION, name: str = "curve_default") -> Curve:
    """Read a curve, the default one if none is named, as it was when a version's files were written."""
    return from_json(Curve, (GOLDEN / f"v{version}" / f"{name}.json").read_text(encoding="utf-8"))


def journey(curve: Curve) -> Journey:
    """Make a journey with everything that a journey of version 1 can have."""
    made = curve.journey(
        [
            PromiseMade(at=NOON, promise="a", due=NOON + 3 * DAY, id="1"),
            Purchased(at=NOON, id="2"),
            PromiseMade(at=NOON + DAY, promise="b", weight="minor"),
            PromiseKept(at=NOON + 2 * DAY, promise="a", id="3"),
            Exchanged(at=NOON + 2 * DAY, id="3"),
            PromiseKept(at=NOON + 4 * DAY, promise="nobody promised this"),
            PromiseMade(at=NOON + 4 * DAY, promise="b"),
            Signalled(at=NOON + 4 * DAY, signal="no such signal"),
            Signalled(at=NOON + 4 * DAY, signal="purchase"),
            Complained(at=NOON + 5 * DAY, customer="somebody else"),
            PromiseMade(at=NOON + 5 * DAY, promise="c", due=NOON + 6 * DAY + ODD),
            PromiseMoved(at=NOON + 7 * DAY, promise="c", due=NOON + 9 * DAY),
            Complained(at=NOON + 900 * DAY),
        ],
        customer="Zoë",
        until=NOON + 400 * DAY,
        rejects="keep",
    )
    # When the golden file was written, other content under the same id was a duplicate, too.
    return evolve(made, duplicates=made.conflicts, conflicts=())


def standing(curve: Curve) -> Standing:
    """Make a standing with an open, a minor and an overdue promise."""
    events = [
        PromiseMade(at=NOON, promise="a"),
        PromiseMade(at=NOON, promise="b", due=NOON + DAY, weight="minor"),
        PromiseMade(at=NOON, promise="ç", due=NOON + 900 * DAY + ODD),
    ]
    return curve.journey(events, customer="cust-0042", until=NOON + 2 * DAY + ODD).standing


def standing_own(curve: Curve) -> Standing:
    """Make a standing on a curve with a signal of its own, which the default curve has not."""
    events = [
        Proposed(at=NOON),
        Exchanged(at=NOON + DAY),
        PromiseMade(at=NOON + 2 * DAY, promise="a", due=NOON + 9 * DAY),
        Complained(at=NOON + 3 * DAY),
        Signalled(at=NOON + 4 * DAY, signal="audit"),
    ]
    return curve.journey(events, customer="cust-0043", until=NOON + 12 * DAY).standing


def step(curve: Curve) -> Step:
    """Make a step in which the clock speaks three times before the event does."""
    hopeful = curve.journey(
        [
            Proposed(at=NOON - 9 * DAY),
            Exchanged(at=NOON - 8 * DAY),
            Exchanged(at=NOON - 7 * DAY),
            PromiseMade(at=NOON, promise="b", due=NOON + 3 * DAY, weight="minor"),
            PromiseMade(at=NOON, promise="a", due=NOON + 3 * DAY, weight="minor"),
        ],
        customer="cust-0042",
    ).standing
    return curve.advance(hopeful, Repaired(at=NOON + 100 * DAY, note="flowers"))


def memory(curve: Curve) -> Memory:
    """Make a memory of every kind of counter, with an action that no event has told of and a promise that was moved."""
    recalls = (since("complaint", 3), times("contact", 4), tries("ask", 2), trend())
    ours = policy("ours", recalls=recalls)(lambda _: ["ask", "exchange"])
    decided = ours.next_action(curve, curve.begin("cust-0044", NOON), ours.memory(), at=NOON)
    moved = [
        PromiseMade(at=NOON, promise="ç", due=NOON + DAY),
        PromiseMoved(at=NOON + ODD, promise="ç", due=NOON + 9 * DAY),
    ]
    standing, kept = decided.standing, decided.memory
    for event in (decided.events()[1], *moved, Complained(at=NOON + DAY)):
        step = curve.advance(standing, event)
        standing, kept = step.after, ours.remember(kept, step)
    return kept


@cache
def values() -> dict[str, tuple[type[Any], Any, Curve | None]]:
    """Return every golden value by the name of its file: the class it is read as, the value, its curve."""
    curve, audited = golden_curve(), golden_curve(1, "curve_audit")
    told: dict[str, tuple[type[Any], Any, Curve | None]] = {
        "standing": (Standing, standing(curve), curve),
        "standing_own": (Standing, standing_own(audited), audited),
        "step": (Step, step(curve), curve),
        "journey": (Journey, journey(curve), curve),
        "memory": (Memory, memory(curve), None),
    }
    told |= {f"event_{type(event).__name__}": (Event, event, None) for event in EVENTS}
    return told
