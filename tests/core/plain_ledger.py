"""The ledger a second time: slow and obvious, with a mutable book and a walk over every instant that could matter.

It uses nothing of the library but the events themselves, and reacts by the second reading of the curve.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tests.core import reading
from tests.core.reading import Place
from trustcurve import Event

SIGNALS = {
    "Proposed": "proposition",
    "Exchanged": "exchange",
    "Repaired": "repair",
    "Complained": "complaint",
    "Advocated": "advocacy",
    "Purchased": "purchase",
    "Departed": "departure",
    "Returned": "return",
}
ENDS_SILENCE = {"Exchanged", "Repaired", "PromiseKept", "Purchased", "Advocated", "Returned"}


class RefusedError(Exception):
    """An event that does not fit; says the name of the error that it deserves."""


class Heard(NamedTuple):
    """A signal that reached the curve: when, which, and where it came from (an event, a promise, or silence)."""

    at: datetime
    signal: str
    source: str


class PlainLedger:
    """One customer's book."""

    def __init__(self, parameters: Mapping[str, Any], begun: datetime) -> None:
        self.read(parameters)
        self.not_before = begun
        self.place = Place(reading.DISTRUST, 0, 0, parameters["initial_doubt"], reading.CLEAR)
        self.promises: dict[str, dict[str, Any]] = {}
        self.quiet_since = begun
        self.quiet_periods = 0
        self.seen_until = begun
        self.heard: list[Heard] = []

    def read(self, parameters: Mapping[str, Any]) -> None:
        """Read the numbers of a curve."""
        self.numbers = dict(parameters)
        self.silence_after: timedelta = parameters["silence_after"]
        self.grace: timedelta = parameters["grace"]
        self.waiting_periods: int = parameters["waiting_periods"]

    def change(self, parameters: Mapping[str, Any], at: datetime) -> None:
        """Go on with another clock from an instant on; what came due before it is written down by the clock before it."""
        self.look(at)
        self.read(parameters)
        self.not_before = at
        self.quiet_periods = 0
        while self.quiet_since + (self.quiet_periods + 1) * self.silence_after < at:
            self.quiet_periods += 1

    def look(self, until: datetime) -> None:
        """Walk over every instant before ``until`` at which something may come due."""
        while True:
            promises = [(name, p) for name, p in self.promises.items() if self.waits_for(p)]
            due = [(max(p["due"] + self.grace, self.not_before), 0, name) for name, p in promises]
            silence = (self.quiet_since + (self.quiet_periods + 1) * self.silence_after, 1, "")
            at, kind, name = min([*due, silence])
            if at >= until:
                break
            if kind == 0:
                self.promises[name]["overdue"] = True
                self.hear(at, f"broken_{self.promises[name]['weight']}", f"promise {name}")
                continue
            self.quiet_periods += 1
            excused = self.quiet_periods <= self.waiting_periods and any(map(self.waits_for, self.promises.values()))
            if not self.place.outside and not excused:
                self.hear(at, "silence", "silence")
        self.seen_until = until

    @staticmethod
    def waits_for(promise: dict[str, Any]) -> bool:
        """Whether the customer waits for an agreed day."""
        return promise["due"] is not None and not promise["overdue"]

    def hear(self, at: datetime, signal: str, source: str) -> None:
        """Let the curve react."""
        self.heard.append(Heard(at, signal, source))
        self.place = reading.react(self.place, signal, self.numbers)

    def record(self, event: Event) -> None:
        """Write an event into the book; one that does not fit may leave the book half written."""
        if event.at < self.seen_until:
            raise RefusedError("OutOfOrderError")
        self.look(event.at)
        kind, was_outside = type(event).__name__, self.place.outside
        signal = self.about_a_promise(kind, event) if kind.startswith("Promise") else SIGNALS.get(kind)
        if kind == "OneSided":
            signal = "company_one_sided" if event.by == "company" else "customer_one_sided"  # type: ignore[attr-defined]
        if signal is not None:
            self.hear(event.at, signal, "event")
        if kind in ENDS_SILENCE or (was_outside and not self.place.outside):
            self.quiet_since, self.quiet_periods = event.at, 0

    def about_a_promise(self, kind: str, event: Any) -> str | None:
        """Open, move or close a promise, and return the signal, if there is one."""
        known = self.promises.get(event.promise)
        if kind == "PromiseMade":
            if known:
                raise RefusedError("PromiseAlreadyOpenError")
            self.promises[event.promise] = {"due": event.due, "weight": event.weight, "overdue": False}
            return "promise_made" if event.weight == "major" else None
        if kind in ("PromiseKept", "PromiseBroken"):
            verb = "kept" if kind == "PromiseKept" else "broken"
            if known:
                del self.promises[event.promise]
                return None if known["overdue"] else f"{verb}_{known['weight']}"
            if event.weight:
                return f"{verb}_{event.weight}"
        if not known:
            raise RefusedError("UnknownPromiseError")
        if kind == "PromiseReleased":
            del self.promises[event.promise]
        elif known["overdue"]:
            raise RefusedError("PromiseOverdueError")
        else:
            known["due"] = event.due
        return None
