"""Any log of rows as a file and its mapping: what a user's log would have to be to say the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from attrs import fields

from trustcurve import Curve, Standing
from trustcurve.core.replay import FATES, EventCounts, EventFate, LoggedEvent, Replay, history
from trustcurve.logs import parse_mapping, replay_log, scan_log
from trustcurve.logs.customer_rows import customer_rows
from trustcurve.logs.mapper import map_log

HEAD = '[log]\ncustomer = "customer"\ntime = "time"\nid = "id"\nsequence = "tie"\n'
KEPT_APART = ("at", "customer", "id", "due")


def replay_as_log(
    events: Iterable[LoggedEvent],
    standings: Mapping[str, Standing],
    curve: Curve,
    until: datetime | None = None,
) -> Replay:
    """Replay events by writing them as a log whose rows make just these, and replaying that."""
    assert not standings
    listed = list(events)
    with TemporaryDirectory() as folder:
        log, mapping = _written(listed, Path(folder))
        opened, meaning = scan_log(log), parse_mapping(mapping)
        done = replay_log(opened, meaning, curve, until=until)
        mapped = map_log(opened, meaning)
        histories = [history(curve, own.customer, own.events, until=until) for own in customer_rows(mapped.events)]
    assert (done.counts.used, done.counts.broken) == (len(set(map(_row, listed))), 0)
    rejects = [fate for each in histories for fate in each.fates if fate.fate in ("rejected", "conflict")]
    rejects.sort(key=lambda fate: (fate.logged.event.at, fate.logged.event.customer))
    assert sorted(map(_said, done.rejects), key=repr) == sorted(map(_fate, rejects), key=repr)
    used = {identity: logged for each in histories for identity, logged in each.used.items()}
    counts = EventCounts(*(getattr(done.counts, fate) for fate in FATES))
    return Replay(done.standings, done.transitions, tuple(rejects), counts, used, done.at_until)


def _said(reject: Any) -> tuple[Any, ...]:
    return reject.row, reject.customer, reject.at, reject.event, reject.reason == "conflict"


def _fate(fate: EventFate) -> tuple[Any, ...]:
    event = fate.logged.event
    return fate.logged.row, event.customer, event.at, type(event).__name__, fate.fate == "conflict"


def _written(events: list[LoggedEvent], folder: Path) -> tuple[Path, str]:
    """Write a row for each number from 1 to the last, and a rule for each; rows that nothing was drawn for are left out.

    Row numbers are the file's, so a number that is missing is a row that makes nothing.
    """
    rows: list[dict[str, Any]] = []
    rules: list[str] = []
    by_row = {row: list(own) for row, own in groupby(sorted(events, key=_row), key=_row)}
    for number in range(1, max(by_row, default=1) + 1):
        own = sorted(by_row.get(number, []), key=lambda each: each.place)
        first = own[0].event if own else None
        cells: dict[str, Any] = {
            "row": number,
            "customer": first.customer if first else "nobody",
            "time": _time(first.at) if first else "2026-01-01T00:00Z",
            "id": first.id if first else None,
            "tie": own[0].sequence if own else None,
        }
        rules.append(f"[[rules]]\nwhen = {{ row = {number} }}")
        for place in range(max((each.place for each in own), default=-1) + 1):
            logged = next((each for each in own if each.place == place), None)
            rules.append(_event(logged, place, cells))
        if not own:
            rules.append('[[rules.events]]\nevent = "Purchased"\nat = "never"')
        rows.append({**cells, "never": None})
    columns = dict.fromkeys(key for row in rows for key in row)
    path = folder / "log.parquet"
    schema = dict.fromkeys(columns, pl.String) | {"row": pl.Int64, "tie": pl.Float64}
    pl.DataFrame([{column: row.get(column) for column in columns} for row in rows], schema=schema).write_parquet(path)
    return path, HEAD + "\n".join(rules)


def _row(logged: LoggedEvent) -> int:
    assert logged.row is not None
    return logged.row


def _event(logged: LoggedEvent | None, place: int, cells: dict[str, Any]) -> str:
    """Write the template of an event; where its place is empty in the log, of one that is never there."""
    if logged is None:
        return '[[rules.events]]\nevent = "Purchased"\nat = "never"'
    event = logged.event
    cells[f"at{place}"] = _time(event.at)
    lines = ["[[rules.events]]", f'event = "{type(event).__name__}"', f'at = "at{place}"']
    for field in (field for field in fields(type(event)) if field.init):
        value = getattr(event, field.name)
        if field.name not in KEPT_APART and value is not None:
            lines.append(f"{field.name} = {json.dumps(value)}")
    if logged.if_open:
        lines.append("if_open = true")
    due = getattr(event, "due", None)
    if due is not None:
        cells[f"due{place}"] = _time(due)
        lines.append(f'due = "due{place}"')
    return "\n".join(lines)


def _time(at: datetime) -> str:
    return at.isoformat()
