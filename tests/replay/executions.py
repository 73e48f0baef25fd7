"""Every way to run a log, by its name. Each has the signature of ``replay`` and must equal it.

A new execution is one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from attrs import frozen

from tests.replay.log_files import replay_as_log
from trustcurve import Event, PromiseMade
from trustcurve.batch.frame_replay import replay_frame
from trustcurve.core.replay import LoggedEvent, Replay, replay
from trustcurve.records import EVENTS, STANDINGS, StandingRecord, event_record, polars_frame

__all__ = ["EXECUTIONS", "Execution"]


@frozen
class Execution:
    """A way to run a log.

    Args:
        name: What to call it.
        run: It, with the arguments of ``replay``.
        if_open: Whether promises that are made, too, can be skipped where they are not open.
        goes_on: Whether it goes on from standings and identities.
    """

    name: str
    run: Callable[..., Replay]
    if_open: bool = True
    goes_on: bool = True

    def takes(self, log: list[Any]) -> list[Any]:
        """A log as this execution can take it."""
        if self.if_open:
            return log
        return [_without_if_open(each) for each in log]


def _without_if_open(logged: Event | LoggedEvent) -> Event | LoggedEvent:
    if isinstance(logged, Event) or not isinstance(logged.event, PromiseMade):
        return logged
    return LoggedEvent(logged.event, logged.row, logged.place, logged.sequence)


def replay_by_columns(
    log: list[Event | LoggedEvent],
    standings: dict[str, Any],
    curve: Any,
    until: datetime | None = None,
    *,
    used: dict[Any, LoggedEvent] | None = None,
) -> Replay:
    """Replay a log as a table of events; it goes on from tables, too."""
    before = [StandingRecord.of(each, curve) for each in standings.values()]
    return replay_frame(
        polars_frame(EVENTS, map(event_record, log)),
        curve,
        until,
        standings=polars_frame(STANDINGS, before),
        identities=None if used is None else polars_frame(EVENTS, map(event_record, used.values())),
    ).replay(keep_identities=True)


EXECUTIONS = [
    Execution("pure", replay),
    Execution("columns", replay_by_columns),
    Execution("logs", replay_as_log, if_open=False, goes_on=False),
]
