"""Tables for every width: with lines where there is room, without them where there is less, or as blocks."""

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

__all__ = ["Column", "Row", "Screen", "Work", "as_blocks", "as_table", "make_streams_patient", "plain", "working"]


_PROSE = 22
"""A column of prose that is narrower than this reads badly."""

Row = tuple[str, ...]


@frozen
class Column:
    """A column: its heading, and whether it holds names, numbers or prose. Prose alone may be broken."""

    heading: str
    kind: Literal["name", "number", "prose"] = "prose"


def as_table(columns: Sequence[Column], groups: Sequence[Sequence[Row]], width: int) -> Table | None:
    """Lay a table out, or answer with None where it cannot be read in this width."""
    rows = [row for group in groups for row in group]
    cells = [[column.heading, *(row[place] for row in rows)] for place, column in enumerate(columns)]
    natural = [max(map(cell_len, column)) for column in cells]
    least = [_least(column, words) for column, words in zip(columns, cells, strict=True)]
    n = len(columns)
    ways: tuple[tuple[Box | None, int, int], ...] = ((HEAVY_HEAD, 1, 3 * n + 1), (None, 2, 2 * n - 2), (None, 1, n - 1))
    for box, gap, lines in ways:
        for widths in (natural, least):
            if sum(widths) + lines <= width:
                return _table(columns, groups, box, gap, widths)
    return None


def _least(column: Column, words: Sequence[str]) -> int:
    """Find the least width in which a column can be read."""
    if column.kind == "prose":
        return min(max(map(cell_len, words)), _PROSE)
    heading = max(map(cell_len, column.heading.split())) if column.kind == "number" else cell_len(column.heading)
    return max(heading, *map(cell_len, words[1:]), 0)


def _table(
    columns: Sequence[Column], groups: Sequence[Sequence[Row]], box: Box | None, gap: int, widths: Sequence[int]
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


def as_blocks(columns: Sequence[Column], groups: Sequence[Sequence[Row]]) -> Iterator[tuple[str, list[str]]]:
    """Tell rows one after the other: the name of each, and below it its numbers and its prose."""
    head = next((place for place, column in enumerate(columns) if column.kind == "name"), 0)
    for row in (row for group in groups for row in group):
        said = [
            (column.kind, f"{column.heading}: {cell}")
            for place, (column, cell) in enumerate(zip(columns, row, strict=True))
            if cell and place != head
        ]
        numbers = ", ".join(words for kind, words in said if kind == "number")
        yield row[head], [*([numbers] if numbers else []), *(words for kind, words in said if kind != "number")]


_PIPE_WIDTH = 140
_HANGING = 2
_NOBODY_READS = 141  # as of a program that dies of a broken pipe: 128 and the number of SIGPIPE

_CONTROLS = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}


def plain(words: str) -> str:
    """Show control characters as Python writes them: a log must not steer the terminal."""
    return words.translate(_CONTROLS)


def make_streams_patient() -> None:
    """Replace on the output what its encoding cannot say, and write to nowhere where there is no output at all."""
    if sys.stdout is None or sys.stderr is None:
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open as long as the program runs
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # the errors' stream replaces by itself


class _Console(Console):
    """A console that takes words as they are: no markup, no emoji codes, no highlighting."""

    def __init__(self, stream: TextIO) -> None:
        width = None if stream.isatty() else _PIPE_WIDTH
        super().__init__(file=stream, width=width, markup=False, emoji=False, highlight=False)

    def on_broken_pipe(self) -> None:
        """Leave without a word where the reader went away."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())  # what is still buffered goes there
        raise SystemExit(_NOBODY_READS)


@frozen
class Screen:
    """Where a command prints. On a terminal it keeps to the width; in a pipe a line stays one line."""

    console: Console

    @classmethod
    def out(cls) -> Screen:
        """Print answers."""
        return cls(_Console(sys.stdout))

    @classmethod
    def err(cls) -> Screen:
        """Print errors."""
        return cls(_Console(sys.stderr))

    def line(self, *words: str | tuple[str, str], indent: int = 0) -> None:
        """Print a line; where it has to be broken, it goes on further in.

        Args:
            words: The words; a pair is words and their style.
            indent: How far the line is set in.
        """
        pairs = [(each, "") if isinstance(each, str) else each for each in words]
        text = Text.assemble(*((plain(said), style) for said, style in pairs))
        room = self.console.width - indent
        if not self.console.file.isatty() or text.cell_len <= room:
            parts = [text]
        else:
            parts = list(text.wrap(self.console, max(room - _HANGING, 1)))
        for place, part in enumerate(parts):
            part.rstrip()
            self.console.print(Text(" " * (indent + _HANGING * (place > 0))) + part, soft_wrap=True)

    def lines(self, text: str) -> None:
        """Print a text of several lines, some of which are set in."""
        for each in text.split("\n"):
            words = each.lstrip(" ")
            self.line(words, indent=len(each) - len(words))

    def table(self, title: str, columns: Sequence[Column], *groups: Sequence[Row]) -> None:
        """Print a table with a line between its groups of rows, or one row after the other where it is too wide."""
        said = [[tuple(plain(cell) for cell in row) for row in group] for group in groups]
        named = [Column(plain(column.heading), column.kind) for column in columns]
        self.line((title, "italic"))
        table = as_table(named, said, self.console.width)
        if table is not None:
            self.console.print(table)
            return
        for head, below in as_blocks(named, said):
            self.line((head, "bold"))
            for words in below:
                self.line(words, indent=2)

    def file(self, text: str) -> None:
        """Print a file as it is; in a pipe it is UTF-8, whatever the encoding of the output."""
        stream = self.console.file
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            self.console.on_broken_pipe()


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
    counts = (_Count(table_column=rich_table.Column(no_wrap=True)), _Left(table_column=rich_table.Column(no_wrap=True)))
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), *counts)
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        yield Work(bar, bar.add_task("reading the log", total=None))
