"""The fold, unit by unit: rows are used as a whole or not at all, ids once, and outcomes told by what was known before."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, Literal

from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.errors import TrustcurveError
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step
from trustcurve.logs.folding.outcomes import Known, Outcome
from trustcurve.logs.folding.units import Unit
from trustcurve.logs.mappings.mapping import KINDS

__all__ = ["UNREADABLE_OUTCOME", "Applied", "Judge", "Note", "Rejected"]

UNREADABLE_OUTCOME: Final = "unreadable outcome"
"""The reason of a reject whose outcome alone could not be used; its events could."""


@frozen
class Rejected:
    """A row that could not be used: its number, whose it is (if that is known), why, and the details."""

    row: int
    customer: str | None
    reason: str
    detail: str


@frozen(eq=False)
class Applied:
    """A unit that was applied: its steps, what was known of its customer before, and the id that it used up."""

    steps: list[Step]
    before: Standing | None
    known: Known | None
    took: str | None


Note = Applied | Rejected | Outcome | Literal["duplicate", "later"] | None
"""What became of a unit; None: nothing, and what became of its row is told elsewhere."""


@define(eq=False)
class Judge:
    """Says what becomes of each unit of a log, and where each customer stands then.

    A row may speak of several times, with other rows between. Whether it can be used is known only
    after the last. Where it cannot, the row is left out and its group is judged anew from where the
    row began: then nothing of it is half applied, its id is not used up, and the rows between stand as
    if it had never been there. Each time one row more is left out, so it ends.

    Args:
        curve: The curve.
        until: Up to when; units after it are later.
        watched: Whether outcomes are asked for, and what is known beside the standings is kept.
    """

    curve: Curve
    until: datetime | None = None
    watched: bool = False
    standings: dict[str, Standing] = field(factory=dict)
    _known: dict[str, Known] = field(factory=dict)
    _used: dict[str, int] = field(factory=dict)
    _told: dict[str, int] = field(factory=dict)
    _begun: dict[int, int] = field(factory=dict)
    _left_out: dict[int, Rejected] = field(factory=dict)

    def judge(self, units: list[Unit]) -> list[Note]:
        """Judge the units of a whole group: customers who bear on each other, and on nobody else."""
        notes: list[Note] = []
        while (index := len(notes)) < len(units):
            unit = units[index]
            begun = self._begun.setdefault(unit.row, index) if unit.several and unit.outcome is None else index
            if unit.outcome is not None:
                note = self._see(unit)
            elif begun == index:
                note = self._begin(unit)
            else:
                note = self._go_on(unit, notes[begun])
            if begun < index and isinstance(note, Rejected):
                self._left_out[unit.row] = note
                while len(notes) > begun:
                    self._undo(units[len(notes) - 1], notes.pop())
            else:
                notes.append(note)
        return notes

    def _begin(self, unit: Unit) -> Note:
        """Judge the first unit of a row."""
        if self.until is not None and unit.at > self.until:
            return "later"
        if unit.id is not None and self._used.get(unit.id, unit.row) != unit.row:
            return "duplicate"
        return self._left_out.get(unit.row) or self._apply(unit)

    def _go_on(self, unit: Unit, begun: Note) -> Note:
        """Judge a later unit of a row: it counts where the first does."""
        if not isinstance(begun, Applied) or (self.until is not None and unit.at > self.until):
            return None
        return self._apply(unit)

    def _apply(self, unit: Unit) -> Applied | Rejected:
        """Apply the events of a row at one instant: all of them, or none."""
        customer, before = unit.customer, self.standings.get(unit.customer)
        standing = self.curve.begin(customer, unit.at) if before is None else before
        steps: list[Step] = []
        kind = ""
        try:
            for kind, fields in unit.made:
                step = self.curve.advance(standing, KINDS[kind](at=unit.at, **fields))
                steps.append(step)
                standing = step.after
        except TrustcurveError as error:
            detail = str(error) if str(error).startswith(kind) else f"{kind}: {error}"
            return Rejected(unit.row, customer, _in_words(error), detail)
        self.standings[customer] = standing
        known = None
        if self.watched:
            known = self._known.get(customer, Known())
            self._known[customer] = known.after(steps)
        if unit.id is None or unit.id in self._used:
            return Applied(steps, before, known, None)
        self._used[unit.id] = unit.row
        return Applied(steps, before, known, unit.id)

    def _see(self, unit: Unit) -> Note:
        """Tell an outcome, once for an id, by what was known just before it."""
        if self.until is not None and unit.at > self.until:
            return None
        if unit.id is not None and any(ids.get(unit.id, unit.row) != unit.row for ids in (self._used, self._told)):
            return None
        if unit.value is None:
            says = f"outcome {unit.outcome!r} is neither a number nor true or false"
            return Rejected(unit.row, unit.customer, UNREADABLE_OUTCOME, says)
        standing = self.standings.get(unit.customer) or self.curve.begin(unit.customer, unit.at)
        look = self.curve.observe(standing, unit.at)  # only a look: it is not kept
        known = self._known.get(unit.customer, Known()).after([look])
        if unit.id is not None:
            self._told[unit.id] = unit.row
        state = self.curve.state(look.after.position)
        return Outcome(unit.row, unit.customer, unit.value, state, known.last_promise, known.repeat)

    def _undo(self, unit: Unit, note: Note) -> None:
        """Take back what became of a unit, the last one first."""
        if isinstance(note, Outcome) and unit.id is not None:
            del self._told[unit.id]
        if isinstance(note, Applied):
            if note.before is None:
                del self.standings[unit.customer]
            else:
                self.standings[unit.customer] = note.before
            if note.known is not None:
                self._known[unit.customer] = note.known
            if note.took is not None:
                del self._used[note.took]


def _in_words(error: TrustcurveError) -> str:
    """Name an error in words: UnknownPromiseError is an "unknown promise"."""
    return re.sub("(?<!^)([A-Z])", r" \1", type(error).__name__.removesuffix("Error")).lower()
