"""The same service three times, each with a fault that is easy to write and hard to see."""

from __future__ import annotations

from attrs import evolve
from service import TrustService

from trustcurve import Event, Position, PromiseMade, Standing


class LostUpdate(TrustService):
    """Writes only what is newer than what is there, so as not to overwrite a colleague: two events of one instant are one."""

    def write(self, standing: Standing) -> None:
        """Write where the customer stands, if it is news."""
        customer, as_of, text = self.row(standing)
        self.database.execute(
            "UPDATE standings SET as_of = ?, standing = ? WHERE customer = ? AND as_of < ?",
            [as_of, text, customer, as_of],
        )


class DoubleCounted(TrustService):
    """Remembers the last event only, to save room: one that is delivered again a little later counts twice."""

    def remember(self, event: Event) -> None:
        """Forget what was before."""
        self.database.execute("DELETE FROM applied")
        super().remember(event)

    def apply(self, event: Event) -> None:
        """Apply an event; what comes late is taken as if it happened now."""
        super().apply(evolve(event, at=max(event.at, self.read().as_of)))


class NeverDue(TrustService):
    """Keeps promises without their dates: nobody ever notices that one was not kept. It shows the position alone."""

    def apply(self, event: Event) -> None:
        """Apply an event."""
        super().apply(evolve(event, due=None) if isinstance(event, PromiseMade) else event)

    @property
    def standing(self) -> Position:
        """Where the customer stands, as far as it tells."""
        return self.read().position
