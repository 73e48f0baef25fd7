"""A service that keeps the standing of each customer in a database, and takes events from a queue.

The queue delivers at least once, so the service remembers the ids of the events that it has applied.
"""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Self

from trustcurve import Curve, Event, Position, Standing
from trustcurve.snapshots import from_json, to_json

CURVE = Curve.default()


class TrustService:
    """Applies events to one customer, whose standing is in a database."""

    def __init__(self, standing: Standing) -> None:
        self.database = sqlite3.connect(":memory:")
        self.database.execute("CREATE TABLE standings (customer TEXT PRIMARY KEY, as_of TEXT, standing TEXT)")
        self.database.execute("CREATE TABLE applied (event TEXT PRIMARY KEY)")
        self.customer = standing.customer
        self.database.execute("INSERT INTO standings VALUES (?, ?, ?)", self.row(standing))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.close()

    def row(self, standing: Standing) -> tuple[str, str, str]:
        """Return the row of a standing."""
        return standing.customer, standing.as_of.isoformat(), to_json(standing, curve=CURVE)

    @property
    def standing(self) -> Standing | Position:
        """The customer's standing."""
        return self.read()

    def read(self) -> Standing:
        """Read the standing."""
        found = self.database.execute("SELECT standing FROM standings WHERE customer = ?", [self.customer]).fetchone()
        return from_json(Standing, found[0], curve=CURVE)

    def apply(self, event: Event) -> None:
        """Apply an event, unless it was applied before; its id and the standing are written together, or not at all."""
        with self.database:
            if self.is_known(event):
                return
            self.remember(event)
            self.write(CURVE.advance(self.read(), event).after)

    def is_known(self, event: Event) -> bool:
        """Return whether an event was applied before."""
        return self.database.execute("SELECT 1 FROM applied WHERE event = ?", [event.id]).fetchone() is not None

    def remember(self, event: Event) -> None:
        """Remember that an event was applied."""
        self.database.execute("INSERT INTO applied VALUES (?)", [event.id])

    def write(self, standing: Standing) -> None:
        """Write the standing."""
        self.database.execute("REPLACE INTO standings VALUES (?, ?, ?)", self.row(standing))
