"""Print what became of promises, by the rule that made them."""

from __future__ import annotations

from collections.abc import Sequence

from trustcurve.cli.screen import Screen, TableColumn
from trustcurve.logs.promise_counter import total_promises
from trustcurve.records import PromiseRecord

__all__ = ["print_promises"]

_COLUMNS = ("made", "kept", "broken", "broke_by_date", "late", "moved", "released", "open", "overdue")
_HEADINGS = {"broke_by_date": "broke by date", "late": "then late"}
_BEFORE = "(before the log)"


def print_promises(screen: Screen, promises: Sequence[PromiseRecord]) -> None:
    """Print what became of promises, with a last line for all of them; nothing if there are none."""
    if not promises:
        return
    columns = [TableColumn("rule", "name")]
    columns += [TableColumn(_HEADINGS.get(name, name), "number") for name in _COLUMNS]
    rows = [_row(each.rule or _BEFORE, each) for each in promises]
    total = [[_row("all", total_promises(promises))]] if len(promises) > 1 else []
    screen.line()
    screen.table("What became of promises", columns, rows, *total)


def _row(name: str, promises: PromiseRecord) -> tuple[str, ...]:
    return name, *(f"{getattr(promises, column):,}" for column in _COLUMNS)
