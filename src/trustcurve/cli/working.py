"""What a long piece of work is at, on a terminal; nothing is told elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from attrs import frozen
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

__all__ = ["Work", "working"]


@frozen
class Work:
    """Tells what is being done, and how far it is; without a bar it keeps silent."""

    bar: Progress | None = None
    task: TaskID | None = None

    def at(self, what: str) -> None:
        """Begin a part of the work that cannot say how far it is."""
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, description=what, completed=0, total=None)

    def replayed(self, done: int, total: int) -> None:
        """Tell how many events are replayed."""
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, description="replaying events", completed=done, total=total)

    def simulated(self, done: int, total: int) -> None:
        """Tell how many replications are done."""
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, description="simulating replications", completed=done, total=total)


class _Count(ProgressColumn):
    """How many of how many, once that is known."""

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{int(task.completed):,} of {int(task.total):,}")


class _Left(TimeRemainingColumn):
    """The time left, once something can be known of it."""

    def render(self, task: Task) -> Text:
        return Text() if task.total is None else super().render(task)


@contextmanager
def working() -> Iterator[Work]:
    """Show a bar while the work is done; it goes when the work ends, however it ends."""
    if not sys.stderr.isatty():
        yield Work()
        return
    counts = (_Count(table_column=Column(no_wrap=True)), _Left(table_column=Column(no_wrap=True)))
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), *counts)
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        yield Work(bar, bar.add_task("reading the log", total=None))
