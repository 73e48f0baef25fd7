"""Run the code blocks of a page of Markdown, as the tests of README.md and docs/ do.

The blocks of a page run from top to bottom, in one namespace and in one empty working directory, in
which ``examples`` leads to the project's examples.

- ``python`` runs. If it prints something, a ``text`` block right after it must say exactly that.
- ``toml`` is read; a whole curve or mapping is loaded and checked. With ``title="name"`` in its fence it is
  also written to that file, so that later blocks can use it. ``csv`` with a title is written the same way.
- ``console``: each line after ``$ `` runs in bash, and the lines below it are what it prints. There
  ``...`` stands for anything. A command must answer with 0; to show another answer, add ``; echo $?``.
- ``mermaid`` must be the statechart of the default curve, as it is drawn today.
- ``<!-- not run: why -->`` above a block of shell leaves it alone. Its ``pip install`` lines must still
  name this package and extras that it has.

A block in any other language is an error: nothing on these pages goes untested.
"""

from __future__ import annotations

import doctest
import io
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from importlib.metadata import metadata
from pathlib import Path
from typing import Any, NamedTuple

from sybil import Document
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

from trustcurve import Curve
from trustcurve.documents.curve_file import parse_curve
from trustcurve.logs import parse_mapping
from trustcurve.machine.drawing import chart_of, mermaid_text

__all__ = ["Block", "BlockError", "PageRun", "blocks"]

_INFO = re.compile(r"(?P<language>[\w-]*)(?P<options>[^\n]*)\n")
_TITLE = re.compile(r'title="(?P<name>[^"]+)"')
_NOT_RUN = re.compile(r"<!-- not run: (?P<why>[^\n]+) -->\n\Z")
_INSTALL = re.compile(r"pip install (?P<what>[^#\n]+)")
_REQUIREMENT = re.compile(r"(?P<name>[\w-]+)(\[(?P<extras>[\w,]+)\])?")


class BlockError(Exception):
    """A block that is not as it should be."""


class Block(NamedTuple):
    """A block of code, and the text above it on its page."""

    path: Path
    line: int
    language: str
    title: str | None
    source: str
    above: str


def blocks(path: Path) -> Iterator[Block]:
    """Find the blocks of a page."""
    document = Document(path.read_text(encoding="utf-8"), str(path))
    for region in RawFencedCodeBlockLexer(_INFO)(document):
        title = _TITLE.search(region.lexemes["options"])
        yield Block(
            path=path,
            line=document.text.count("\n", 0, region.start) + 1,
            language=region.lexemes["language"],
            title=title["name"] if title else None,
            source=str(region.lexemes["source"]),
            above=document.text[: region.start],
        )


class PageRun:
    """What the blocks of one page have in common."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"__name__": "page"}
        self.printed: str | None = None

    def block(self, block: Block) -> None:
        """Run one block."""
        if block.language == "text":
            self.compare(block.source)
            return
        self.nothing_unsaid()
        if block.language == "python":
            self.python(block)
        elif block.language == "toml":
            read_toml(block)
        elif block.language == "csv" and block.title:
            Path(block.title).write_text(block.source, encoding="utf-8")
        elif block.language == "console":
            run_console(block) if not _NOT_RUN.search(block.above) else check_installs(block)
        elif block.language == "mermaid":
            if stripped(block.source) != stripped(mermaid_text(chart_of(Curve.default()))):
                raise BlockError("the picture is out of date: run python tools/docs_pictures.py")
        else:
            raise BlockError(f"a block of {block.language or 'no language'!r}: nothing here can run or check it")

    def python(self, block: Block) -> None:
        """Run Python, and keep what it prints."""
        code = compile("\n" * block.line + block.source, str(block.path), "exec", dont_inherit=True)
        with redirect_stdout(io.StringIO()) as out:
            exec(code, self.namespace)  # noqa: S102 - our own pages
        self.printed = out.getvalue() or None

    def compare(self, source: str) -> None:
        """Hold what was printed against what the page says."""
        printed, self.printed = self.printed, None
        if printed is None:
            raise BlockError("a block of text without a block of Python before it that prints")
        if stripped(printed) != stripped(source):
            raise BlockError(f"the page says\n\n{source}\nbut it printed\n\n{printed}")

    def nothing_unsaid(self) -> None:
        """Find output that the page does not show."""
        if self.printed is not None:
            raise BlockError(f"a block before this one printed, and no block of text says so:\n\n{self.printed}")


def stripped(text: str) -> list[str]:
    """Leave out what nobody sees: blanks at the end of lines."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


def read_toml(block: Block) -> None:
    """Read TOML, check what is whole, write what has a title."""
    document = tomllib.loads(block.source)
    if {"curve", "rules"} <= set(document):
        parse_curve(block.source)
    if {"log", "rules"} <= set(document):
        parse_mapping(block.source)
    if block.title:
        Path(block.title).write_text(block.source, encoding="utf-8")


def check_installs(block: Block) -> None:
    """Check what can be checked of shell that is not run: the extras it installs."""
    about = metadata("trustcurve")
    known = set(about.get_all("Provides-Extra") or ())
    for found in _INSTALL.finditer(block.source):
        what = _REQUIREMENT.search(found["what"])
        extras = set(what["extras"].split(",")) if what and what["extras"] else set()
        if not what or what["name"] != about["Name"] or not extras <= known:
            raise BlockError(f"{found[0]!r} does not name {about['Name']} with extras among {', '.join(sorted(known))}")


def run_console(block: Block) -> None:
    """Run each command, and hold what it prints against the lines below it."""
    if not block.source.startswith("$ "):
        raise BlockError("a console block has commands after '$ ', and below each what it prints")
    checker, flags = doctest.OutputChecker(), doctest.ELLIPSIS
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"}
    for part in re.split(r"^\$ ", block.source, flags=re.MULTILINE)[1:]:
        command, expected = command_and_output(part)
        done = subprocess.run(
            ["/usr/bin/env", "bash", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            check=False,
        )
        printed = "\n".join(stripped(done.stdout)) + "\n"
        if done.returncode:
            raise BlockError(f"{command!r} answered {done.returncode}:\n\n{printed}")
        if not checker.check_output("\n".join(stripped(expected)) + "\n", printed, flags):
            raise BlockError(f"{command!r}: the page says\n\n{expected}\nbut it printed\n\n{printed}")


def command_and_output(part: str) -> tuple[str, str]:
    """Part a command, which goes on after a backslash, from what it prints."""
    lines = part.splitlines()
    end = next(i for i, line in enumerate(lines) if not line.endswith("\\"))
    return "\n".join(lines[: end + 1]), "\n".join(lines[end + 1 :])
