"""What could not be used of a log, as a table: the same for every command that reads one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from trustcurve.cli.screen import Screen, TableColumn
from trustcurve.logs.summary import reject_groups
from trustcurve.records import RejectRecord

__all__ = ["AllowRejects", "print_rejects"]

AllowRejects = Annotated[bool, typer.Option("--allow-rejects", help="Exit with 0 even if a row could not be used.")]


def print_rejects(screen: Screen, rejects: Sequence[RejectRecord]) -> None:
    """Print what could not be used, by reason, if there is any."""
    if not rejects:
        return
    columns = (
        TableColumn("rows", "number"),
        TableColumn("reason", "name"),
        TableColumn("row numbers"),
        TableColumn("first of them"),
    )
    rows = []
    for group in reject_groups(rejects):
        numbers = ", ".join(map(str, group.rows)) + (", ..." if group.count > len(group.rows) else "")
        detail = group.detail.removeprefix(f"{group.reason}: ")
        rows.append((f"{group.count:,}", group.reason, numbers, detail))
    screen.line()
    screen.table("What could not be used", columns, rows)
