"""What the parts of a replayed log add up to."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import polars as pl
from attrs import define, field

from trustcurve.batch.frame_replay import FrameReplay
from trustcurve.logs.identities import Identities
from trustcurve.logs.log_run import LogRun
from trustcurve.logs.outcomes import OutcomeCollector, Outcomes
from trustcurve.logs.until import EventTimes
from trustcurve.records import RejectRecord

__all__ = ["LogSums"]


@define(eq=False)
class LogSums:
    """The sums of one or several parts of a log.

    Args:
        coarse: Whether only the numbers of events for each minute are kept.
    """

    coarse: bool
    rejects: list[RejectRecord] = field(factory=list)
    rows: int = 0
    ignored: int = 0
    broken: int = 0
    _nobody: Counter[str] = field(factory=Counter)
    _unmatched: dict[str, int] = field(factory=dict)
    _once_per: list[pl.DataFrame] = field(factory=list)
    _times: list[EventTimes] = field(factory=list)
    _outcomes: OutcomeCollector | None = None
    _parts: int = 0

    def add(self, run: LogRun, done: FrameReplay) -> None:
        """Add a part after its replay."""
        mapped = run.mapped
        self.rejects += [*run.rejects, *done.reject_records]
        self.rows += mapped.rows
        self.ignored += len(mapped.ignored)
        self.broken += len(run.broken)
        self._nobody.update(dict(mapped.nobody()))
        for name in mapped.unmatched:
            self._unmatched[name] = self._unmatched.get(name, 0) + 1
        self._once_per.append(mapped.once_per)
        micros = mapped.events.micros("at")
        self._times.append(EventTimes.by_minute(micros) if self.coarse else EventTimes.of(micros, done.until))
        if self._outcomes is None:
            self._outcomes = run.outcomes
        else:
            self._outcomes.take(run.outcomes)
        self._parts += 1

    @property
    def collector(self) -> OutcomeCollector:
        """The outcomes."""
        assert self._outcomes is not None  # noqa: S101 - there is at least one part
        return self._outcomes

    def outcomes(self, end: datetime | None) -> Outcomes:
        """Return all outcomes, but those whose period was not over at the end of the log."""
        return self.collector.outcomes(end)

    def times(self, until: datetime | None) -> EventTimes:
        """Return the times of the events up to an instant."""
        return EventTimes.together(self._times, until) if self.coarse else self._times[0]

    def once_per(self, identities: Identities | None) -> pl.DataFrame:
        """Return the values of rules with ``once_per`` that rows have used, in this run and the earlier ones."""
        both = pl.concat([*([] if identities is None else [identities.once_per]), *self._once_per])
        return both.unique(("customer", "rule", "value"), keep="first", maintain_order=True)

    @property
    def nobody(self) -> list[tuple[str, int]]:
        """The customers whose names rather say that nobody is known, each with the number of events; the most first."""
        return sorted(self._nobody.items(), key=lambda each: (-each[1], each[0]))

    @property
    def unmatched(self) -> tuple[str, ...]:
        """The names of rules that matched no row."""
        return tuple(name for name, parts in self._unmatched.items() if parts == self._parts)
