"""Run the code blocks of README.md and docs/, and write what they print into the pages.

``python tools/docs_outputs.py [PAGE ...]`` writes the pages, all of them or the ones that are named; with
``--check`` it only reports which are out of date. The tests of the pages run the same blocks by the same functions.

The blocks of a page run from top to bottom, in one namespace and in one empty working directory, in
which ``examples`` leads to the project's examples.

- ``python`` runs. If it prints something, a ``text`` block right after it must show exactly that.
- ``toml`` is read; a whole curve or mapping is loaded and checked. With ``title="name"`` in its fence it is
  also written to that file, so that later blocks can use it. ``csv`` with a title is written the same way.
- ``console``: each line after ``$ `` runs in bash, and the lines below it are what it prints. There
  ``...`` stands for anything. A command must return 0; to show another code, add ``; echo $?``.
- ``mermaid`` must be the statechart of the default curve, as it is drawn today.
- ``<!-- not run: why -->`` above a block of shell leaves it alone. Its ``pip install`` lines must still
  name this package (or ``.``, its checkout) and extras that it has.

A block in any other language is an error: nothing on these pages goes untested.

What is written is the content of ``text`` and ``mermaid`` blocks and the printed lines of ``console`` blocks. Printed
lines that still match stay as they are. Where they no longer match, a ``...`` of an old line (a time of running, a
path) stays in the new line that is most like it.
"""

from __future__ import annotations

import argparse
import difflib
import doctest
import io
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import tomllib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stdout
from importlib.metadata import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, settings
from sybil import Document
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

from trustcurve import Curve
from trustcurve.documents.curve_file import parse_curve
from trustcurve.logs import parse_mapping
from trustcurve.machine.diagrams import chart_of, mermaid_text

__all__ = ["Block", "BlockError", "PageRun", "blocks", "page_folder", "renewed"]

ROOT = Path(__file__).parent.parent
WILDCARD = "..."
_INFO = re.compile(r"(?P<language>[\w-]*)(?P<options>[^\n]*)\n")
_TITLE = re.compile(r'title="(?P<name>[^"]+)"')
_NOT_RUN = re.compile(r"<!-- not run: (?P<why>[^\n]+) -->\n\Z")
_INSTALL = re.compile(r"pip install (?P<what>[^#\n]+)")
_REQUIREMENT = re.compile(r"(?P<name>\.|[\w-]+)(\[(?P<extras>[\w,]+)\])?")
_ALIKE = 0.5


class BlockError(Exception):
    """A block that is not as it should be."""


class Block(NamedTuple):
    """A block of code, the text above it on its page, and where on the page it stands."""

    path: Path
    line: int
    language: str
    title: str | None
    source: str
    above: str
    start: int
    end: int

    def written(self, text: str, source: str) -> str:
        """Return the block, fences included, with another source."""
        opening, *_, closing = text[self.start : self.end].split("\n")
        indented = textwrap.indent(source, opening[: len(opening) - len(opening.lstrip())])
        return f"{opening}\n{indented}{closing}"


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
            start=region.start,
            end=region.end,
        )


@contextmanager
def page_folder() -> Iterator[None]:
    """Work in an empty directory, in which ``examples`` leads to the project's examples."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        Path("examples").symlink_to(ROOT / "examples", target_is_directory=True)
        yield


class PageRun:
    """What the blocks of one page have in common."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"__name__": "page"}
        self.printed: str | None = None

    def block(self, block: Block) -> None:
        """Run one block; raise if the page does not show what it prints."""
        today = self.today(block)
        if stripped(today) != stripped(block.source):
            raise BlockError(
                f"the page says\n\n{block.source}\nbut it printed\n\n{today}\nwrite it: python tools/docs_outputs.py"
            )

    def today(self, block: Block) -> str:
        """Run one block, and return its source as it should stand on the page."""
        if block.language == "text":
            return self.shown()
        self.nothing_unsaid()
        if block.language == "python":
            self.python(block)
        elif block.language == "toml":
            read_toml(block)
        elif block.language == "csv" and block.title:
            Path(block.title).write_text(block.source, encoding="utf-8")
        elif block.language == "console" and _NOT_RUN.search(block.above):
            check_installs(block)
        elif block.language == "console":
            return console_today(block)
        elif block.language == "mermaid":
            return mermaid_text(chart_of(Curve.default()))
        else:
            raise BlockError(f"a block of {block.language or 'no language'!r}: nothing here can run or check it")
        return block.source

    def python(self, block: Block) -> None:
        """Run Python, and keep what it prints."""
        code = compile("\n" * block.line + block.source, str(block.path), "exec", dont_inherit=True)
        with redirect_stdout(io.StringIO()) as out:
            exec(code, self.namespace)  # noqa: S102 - our own pages
        self.printed = out.getvalue() or None

    def shown(self) -> str:
        """Return what was printed last, as a block of text shows it."""
        printed, self.printed = self.printed, None
        if printed is None:
            raise BlockError("a block of text without a block of Python before it that prints")
        return as_lines(stripped(printed))

    def nothing_unsaid(self) -> None:
        """Find output that the page does not show."""
        if self.printed is not None:
            raise BlockError(f"a block before this one printed, and no block of text says so:\n\n{self.printed}")


def stripped(text: str) -> list[str]:
    """Leave out what nobody sees: blanks at the end of lines."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


def as_lines(lines: Sequence[str]) -> str:
    """End each line."""
    return "".join(f"{line}\n" for line in lines)


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
        if not what or what["name"] not in {about["Name"], "."} or not extras <= known:
            raise BlockError(f"{found[0]!r} does not name {about['Name']} with extras among {', '.join(sorted(known))}")


# --- the command line ------------------------------------------------------------------------------


def console_today(block: Block) -> str:
    """Run each command, and return the block with what they print."""
    if not block.source.startswith("$ "):
        raise BlockError("a console block has commands after '$ ', and below each what it prints")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"}
    today = []
    for part in re.split(r"^\$ ", block.source, flags=re.MULTILINE)[1:]:
        command, expected = command_and_output(part)
        done = subprocess.run(  # noqa: S603 - our own pages
            ["/usr/bin/env", "bash", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            check=False,
        )
        printed = stripped(done.stdout)
        if done.returncode:
            raise BlockError(f"{command!r} answered {done.returncode}:\n\n{as_lines(printed)}")
        today.append(f"$ {command}\n{as_lines(output_today(expected, printed))}")
    return "".join(today)


def command_and_output(part: str) -> tuple[str, list[str]]:
    """Part a command, which goes on after a backslash, from what it prints."""
    lines = part.splitlines()
    end = next(i for i, line in enumerate(lines) if not line.endswith("\\"))
    return "\n".join(lines[: end + 1]), lines[end + 1 :]


def output_today(expected: list[str], printed: list[str]) -> list[str]:
    """Return the expected lines if they match, otherwise the printed ones with the wildcards of the expected."""
    shown = stripped(as_lines(expected))
    if doctest.OutputChecker().check_output(as_lines(shown) or "\n", as_lines(printed) or "\n", doctest.ELLIPSIS):
        return expected
    new = list(printed)
    for line in shown:
        if WILDCARD in line:
            alike = difflib.get_close_matches(line, new, n=1, cutoff=_ALIKE)
            new = [with_wildcards(line, each) if each in alike else each for each in new]
    return new + expected[len(shown) :]


def with_wildcards(old: str, new: str) -> str:
    """Put each wildcard of an old line into the new one, between the same two neighbours."""
    parts = old.split(WILDCARD)
    for before, after in pairwise(parts):
        left = re.escape(re.findall(r"\S*\s*\Z", before)[0]) if before else "^"
        right = re.escape(re.findall(r"\A\s*\S*", after)[0]) if after else "$"
        new = re.sub(rf"({left})\S.*?({right})", rf"\g<1>{WILDCARD}\g<2>", new, count=1)
    return new


# --- the pages -------------------------------------------------------------------------------------


def renewed(path: Path) -> tuple[str, str | None]:
    """Run the blocks of a page. Return the page as it should be, and the error at which the run ended, if any."""
    text = path.read_text(encoding="utf-8")
    parts, at, line = [], 0, 1
    try:
        with page_folder(), warnings.catch_warnings():
            warnings.simplefilter("error")  # as in the tests
            run = PageRun()
            for block in blocks(path):
                line = block.line
                today = run.today(block)
                if stripped(today) != stripped(block.source):
                    parts += [text[at : block.start], block.written(text, today)]
                    at = block.end
            run.nothing_unsaid()
    except Exception as error:  # noqa: BLE001 - whatever a page raises is reported with its place
        return "".join(parts) + text[at:], f"{line}: {type(error).__name__}: {error}"
    return "".join(parts) + text[at:], None


def main() -> int:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; return 1 if a page is out of date")
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="README.md and all pages of docs/ if none")
    arguments = parser.parse_args()
    # As in the tests: a slow machine is not a fault of a page.
    settings.register_profile("pages", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("pages")
    bad = False
    for path in arguments.pages or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        page = path.resolve()
        name = page.relative_to(ROOT) if page.is_relative_to(ROOT) else path
        new, error = renewed(page)
        if new != page.read_text(encoding="utf-8"):
            bad |= arguments.check
            print(f"{name}: {'out of date: run python tools/docs_outputs.py' if arguments.check else 'written'}")
            if not arguments.check:
                page.write_text(new, encoding="utf-8")
        if error is not None:
            bad = True
            print(f"{name}:{error}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
