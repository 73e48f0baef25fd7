"""The same service three times, each with a fault that is easy to write and hard to see."""

from __future__ import annotations

from attrs import evolve
from service import TrustService

from trustcurve import Event, Position, PromiseMade, Standing


class LostUpdate(TrustService):
    """Writes only newer standings, so that nothing newer is overwritten: of two events of one instant the second is lost."""

    def write(self, standing: Standing) -> None:
        """Write the standing if it is newer."""
        customer, as_of, text = self.row(standing)
        self.database.execute(
            "UPDATE standings SET as_of = ?, standing = ? WHERE customer = ? AND as_of < ?",
            [as_of, text, customer, as_of],
        )


class DoubleCounted(TrustService):
    """Remembers only the last event, to save space: one that is delivered again a little later counts twice."""

    def remember(self, event: Event) -> None:
        """Remember an event, and forget all others."""
        self.database.execute("DELETE FROM applied")
        super().remember(event)

    def apply(self, event: Event) -> None:
        """Apply an event; late events count as if they happened now."""
        super().apply(evolve(event, at=max(event.at, self.read().as_of)))


class NeverDue(TrustService):
    """Stores promises without their dates, so none is ever broken by its date. It shows only the position."""

    def apply(self, event: Event) -> None:
        """Apply an event."""
        super().apply(evolve(event, due=None) if isinstance(event, PromiseMade) else event)

    @property
    def standing(self) -> Position:
        """The customer's position."""
        return self.read().position
