"""The one place that prints: words of a log are words, whatever they look like, and nothing is cut off."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from attrs import frozen
from rich.console import Console
from rich.text import Text

from trustcurve.cli.tables import Column, Row, as_blocks, as_table

__all__ = ["Screen", "make_streams_patient", "plain"]

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
