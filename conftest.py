"""Test README.md and every page under docs/: ``tools/docs_outputs.py`` documents how."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent

SLOW_PAGES = {ROOT / "docs" / "how-to" / "prove-a-policy.md"}
"""Pages whose blocks take long: every kind of proof, one after the other."""

pytest_plugins = ["pytester"]  # the plugin's own tests run pytest


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect README.md and the pages of the documentation."""
    if file_path.suffix == ".md" and (file_path == ROOT / "README.md" or ROOT / "docs" in file_path.parents):
        return PageFile.from_parent(parent, path=file_path)
    return None


class PageFile(pytest.File):
    """A page with at least one block of code."""

    def collect(self) -> Iterator[pytest.Item]:
        """Return one test: its blocks need each other, and must not be spread over processes."""
        if "```" in self.path.read_text(encoding="utf-8"):
            page = PageTest.from_parent(self, name="blocks")
            if self.path in SLOW_PAGES:
                page.add_marker(pytest.mark.slow)
            yield page


class PageTest(pytest.Item):
    """All code blocks of one page."""

    line = 0

    def runtest(self) -> None:
        """Run the blocks."""
        from tools.docs_outputs import PageRun, blocks, page_folder  # noqa: PLC0415 - most test runs need it not

        with page_folder():
            run = PageRun()
            for block in blocks(self.path):
                self.line = block.line
                run.block(block)
            run.nothing_unsaid()

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the block at which it stands."""
        return self.path, max(self.line - 1, 0), f"{self.path.relative_to(ROOT)}:{self.line}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Say which block failed, and how."""
        from tools.docs_outputs import BlockError  # noqa: PLC0415 - as above

        where = f"{self.path.relative_to(ROOT)}:{self.line}: this block failed\n"
        if isinstance(excinfo.value, BlockError):
            return where + str(excinfo.value)
        return where + str(super().repr_failure(excinfo, style))
