"""Departed customers who act as if they were back: they buy, exchange or advocate, and nothing says that they returned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from attrs import define, field

from trustcurve.batch.column_replay import ColumnReplay
from trustcurve.core.curve import Curve
from trustcurve.core.events import Advocated, Exchanged, Purchased
from trustcurve.core.replay import History
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Step

__all__ = ["DepartureCounter"]

_BACK: Final = {kind.signal: kind.__name__ for kind in (Purchased, Exchanged, Advocated)}
"""The signals of what only customers do who are there. Source: our choice; people complain after they have left."""


@define(eq=False)
class DepartureCounter:
    """Counts the customers who departed and later act as if they were back, while the curve leaves them departed."""

    curve: Curve
    customers: int = 0
    _kinds: set[str] = field(factory=set)

    def add_known(self, standing: Standing) -> None:
        """Count nothing: what a customer did before is not known."""

    def add_history(self, found: History) -> None:
        """Count a customer."""
        kinds = {_BACK[step.reaction.signal] for step in found.steps if step.reaction and self._is_back(step)}
        self.customers += bool(kinds)
        self._kinds |= kinds

    def _is_back(self, step: Step) -> bool:
        reaction, stage = step.reaction, self.curve.stage
        return (
            reaction is not None
            and reaction.signal in _BACK
            and stage(reaction.before).apart
            and stage(reaction.after).apart
        )

    def add_step(self, step: Step) -> None:
        """Count nothing: no customer acts in a look at the end."""

    def add_columns(self, found: ColumnReplay) -> None:
        """Count the customers of a replay by columns."""
        if not len(found.present):
            return
        arrays, table = found.books.arrays, self.curve.table()
        apart = np.array([self.curve.stage(position).apart for position in table.positions])
        stays = apart[:, None] & apart[arrays.next]
        stays[:, [column for signal, column in arrays.columns.items() if signal not in _BACK]] = False
        stays[:, arrays.no_signal] = False
        timeline, met = found.timeline, found.course.met
        code = np.minimum(timeline.code, arrays.no_signal)
        places = np.flatnonzero(stays.ravel()[met.astype(np.int32) * stays.shape[1] + code])
        customers, _ = timeline.ranks.rows(places)
        self.customers += len(np.unique(customers))
        names = list(arrays.columns)
        self._kinds |= {_BACK[names[number]] for number in np.unique(code[places]).tolist()}

    def warnings(self) -> Iterator[str]:
        """Yield a sentence about these customers, if there are any."""
        if not self.customers:
            return
        one, kinds = self.customers == 1, " or ".join(each for each in _BACK.values() if each in self._kinds)
        some = "1 customer departs and later has" if one else f"{self.customers:,} customers depart and later have"
        yield (
            f"{some} {kinds}, but stay{'s' if one else ''} departed: "
            "if that means that they are back, make Returned before it in the same rule"
        )
