"""Print lines and tables at any width, and show progress."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TextIO

from attrs import frozen
from rich import table as rich_table
from rich.box import HEAVY_HEAD, Box
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

__all__ = ["Row", "Screen", "TableColumn", "Work", "as_blocks", "as_table", "configure_streams", "plain", "working"]


_PROSE = 22
"""The minimum width of a column of prose."""

Row = tuple[str, ...]


@frozen
class TableColumn:
    """A column: its heading, and whether it contains names, numbers or prose. Only prose is wrapped."""

    heading: str
    kind: Literal["name", "number", "prose"] = "prose"


def as_table(columns: Sequence[TableColumn], groups: Sequence[Sequence[Row]], width: int) -> Table | None:
    """Return a table that fits the width, with lines if there is room, or None if it does not fit."""
    rows = [row for group in groups for row in group]
    cells = [[column.heading, *(row[place] for row in rows)] for place, column in enumerate(columns)]
    natural = [max(map(cell_len, column)) for column in cells]
    least = [_least(column, words) for column, words in zip(columns, cells, strict=True)]
    n = len(columns)
    layouts: tuple[tuple[Box | None, int, int], ...] = (
        (HEAVY_HEAD, 1, 3 * n + 1),
        (None, 2, 2 * n - 2),
        (None, 1, n - 1),
    )
    for box, gap, lines in layouts:
        for widths in (natural, least):
            if sum(widths) + lines <= width:
                return _table(columns, groups, box, gap, widths)
    return None


def _least(column: TableColumn, words: Sequence[str]) -> int:
    """Return the minimum width of a column."""
    if column.kind == "prose":
        return min(max(map(cell_len, words)), _PROSE)
    heading = max(map(cell_len, column.heading.split())) if column.kind == "number" else cell_len(column.heading)
    return max(heading, *map(cell_len, words[1:]), 0)


def _table(
    columns: Sequence[TableColumn], groups: Sequence[Sequence[Row]], box: Box | None, gap: int, widths: Sequence[int]
) -> Table:
    padding = (0, gap) if box else (0, gap, 0, 0)
    table = Table(box=box, padding=padding, pad_edge=box is not None)
    for column, wide in zip(columns, widths, strict=True):
        table.add_column(
            Text(column.heading),
            width=None if column.kind == "prose" else wide,
            justify="right" if column.kind == "number" else "left",
            overflow="fold",
        )
    for group in groups:
        for row in group:
            table.add_row(*map(Text, row))
        table.add_section()
    return table


def as_blocks(columns: Sequence[TableColumn], groups: Sequence[Sequence[Row]]) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each row, and the lines below it: its numbers and its prose."""
    head = next((place for place, column in enumerate(columns) if column.kind == "name"), 0)
    for row in (row for group in groups for row in group):
        words = [
            (column.kind, f"{column.heading}: {cell}")
            for place, (column, cell) in enumerate(zip(columns, row, strict=True))
            if cell and place != head
        ]
        numbers = ", ".join(text for kind, text in words if kind == "number")
        yield row[head], [*([numbers] if numbers else []), *(text for kind, text in words if kind != "number")]


_PIPE_WIDTH = 140
_HANGING = 2
_BROKEN_PIPE = 141  # the usual exit code after a broken pipe: 128 + SIGPIPE

_CONTROLS = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}


def plain(words: str) -> str:
    """Escape control characters, so that a log cannot control the terminal."""
    return words.translate(_CONTROLS)


def configure_streams() -> None:
    """Replace characters that the encoding of the output does not have; if there is no output, write to the null device."""
    if sys.stdout is None or sys.stderr is None:
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open until the program ends
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # stderr does so by default


class _Console(Console):
    """A console without markup, emoji codes and highlighting."""

    def __init__(self, stream: TextIO) -> None:
        width = None if stream.isatty() else _PIPE_WIDTH
        super().__init__(file=stream, width=width, markup=False, emoji=False, highlight=False)

    def on_broken_pipe(self) -> None:
        """Exit silently if the pipe is closed."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())  # discards what is still buffered
        raise SystemExit(_BROKEN_PIPE)


@frozen
class Screen:
    """The output of a command. On a terminal, lines are wrapped to its width; in a pipe they are not."""

    console: Console

    @classmethod
    def out(cls) -> Screen:
        """Return the standard output."""
        return cls(_Console(sys.stdout))

    @classmethod
    def err(cls) -> Screen:
        """Return the standard error."""
        return cls(_Console(sys.stderr))

    def line(self, *words: str | tuple[str, str], indent: int = 0) -> None:
        """Print a line; if it is wrapped, the rest is indented.

        Args:
            words: The words; a pair is words and their style.
            indent: The indentation of the line.
        """
        pairs = [(each, "") if isinstance(each, str) else each for each in words]
        text = Text.assemble(*((plain(part), style) for part, style in pairs))
        room = self.console.width - indent
        if not self.console.file.isatty() or text.cell_len <= room:
            parts = [text]
        else:
            parts = list(text.wrap(self.console, max(room - _HANGING, 1)))
        for place, part in enumerate(parts):
            part.rstrip()
            self.console.print(Text(" " * (indent + _HANGING * (place > 0))) + part, soft_wrap=True)

    def lines(self, text: str) -> None:
        """Print a text of several lines, and keep their indentation."""
        if not self.console.file.isatty():  # a journey can have 100,000 lines, and rich takes its time for each
            self._write("".join(f"{plain(each).rstrip()}\n" for each in text.split("\n")))
            return
        for each in text.split("\n"):
            words = each.lstrip(" ")
            self.line(words, indent=len(each) - len(words))

    def table(self, title: str, columns: Sequence[TableColumn], *groups: Sequence[Row]) -> None:
        """Print a table with a line between its groups of rows, or row by row if it is too wide."""
        cells = [[tuple(plain(cell) for cell in row) for row in group] for group in groups]
        named = [TableColumn(plain(column.heading), column.kind) for column in columns]
        self.line((title, "italic"))
        table = as_table(named, cells, self.console.width)
        if table is not None:
            self.console.print(table)
            return
        for head, below in as_blocks(named, cells):
            self.line((head, "bold"))
            for words in below:
                self.line(words, indent=2)

    def file(self, text: str) -> None:
        """Print the text of a file unchanged; in a pipe it is encoded as UTF-8."""
        stream = self.console.file
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
        self._write(text)

    def _write(self, text: str) -> None:
        """Write to the stream itself."""
        try:
            self.console.file.write(text)
            self.console.file.flush()
        except BrokenPipeError:
            self.console.on_broken_pipe()


@frozen
class Work:
    """Shows the current task and its progress on a bar, if there is one."""

    bar: Progress | None = None
    task: TaskID | None = None

    def at(self, what: str) -> None:
        """Begin a task of unknown length."""
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, description=what, completed=0, total=None)

    def replayed(self, done: int, total: int) -> None:
        """Show the number of replayed events."""
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, description="replaying events", completed=done, total=total)

    def simulated(self, done: int, total: int) -> None:
        """Show the number of finished replications."""
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, description="simulating replications", completed=done, total=total)


class _Count(ProgressColumn):
    """The number done of the total, once the total is known."""

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{int(task.completed):,} of {int(task.total):,}")


class _Left(TimeRemainingColumn):
    """The time left, once the total is known."""

    def render(self, task: Task) -> Text:
        return Text() if task.total is None else super().render(task)


@contextmanager
def working() -> Iterator[Work]:
    """Show a bar inside the block, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield Work()
        return
    counts = (_Count(table_column=rich_table.Column(no_wrap=True)), _Left(table_column=rich_table.Column(no_wrap=True)))
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), *counts)
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        yield Work(bar, bar.add_task("reading the log", total=None))
