"""The runner of the pages' blocks finds what is wrong with a page, and the tool writes what can be written."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.docs_outputs import BlockError, PageRun, blocks, renewed
from trustcurve import Curve
from trustcurve.machine.diagrams import chart_of, mermaid_text

FENCE = "```"
ROOT = Path(__file__).parents[2]


def fenced(page: str) -> str:
    """Make fences of the lines that begin with ~~~."""
    return re.sub(r"^( *)~~~", rf"\1{FENCE}", page, flags=re.MULTILINE)


def written(page: str, folder: Path) -> Path:
    """Write a page whose fences are written as ~~~."""
    path = folder / "page.md"
    path.write_text(fenced(page), encoding="utf-8")
    return path


def run(page: str, folder: Path) -> None:
    """Run a page."""
    page_run = PageRun()
    for block in blocks(written(page, folder)):
        page_run.block(block)
    page_run.nothing_unsaid()


@pytest.mark.parametrize(
    "page",
    [
        "~~~python\nx = 1\n~~~\n\n~~~python\nprint(x + 1)\n~~~\n\n~~~text\n2\n~~~\n",
        "1. in a list\n\n    ~~~python\n    print(1)\n    ~~~\n\n    ~~~text\n    1\n    ~~~\n",
        '~~~toml title="a.toml"\na = 1\n~~~\n\n~~~console\n$ cat a.toml\na = 1\n$ echo b; false; echo $?\nb\n1\n~~~\n',
        "~~~console\n$ echo in 1.7 s\nin ... s\n~~~\n",
        "<!-- not run: it needs the network -->\n~~~console\n$ pip install 'trustcurve[cli]'\n~~~\n",
        "<!-- not run: it needs the network -->\n~~~console\n$ pip install '.[cli]'\n~~~\n",
    ],
)
def test_a_page_that_is_right_passes(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    run(page, tmp_path)
    assert renewed(tmp_path / "page.md") == (fenced(page), None)


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("~~~python\nprint(1)\n~~~\n\n~~~text\n2\n~~~\n", "but it printed"),
        ("~~~python\nprint(1)\n~~~\n", "no block of text says so"),
        ("~~~python\nprint(1)\n~~~\n\n~~~python\nx = 1\n~~~\n", "no block of text says so"),
        ("~~~text\n1\n~~~\n", "without a block of Python before it"),
        ("~~~\nx = 1\n~~~\n", "no language"),
        ("~~~javascript\nx = 1\n~~~\n", "javascript"),
        ("~~~console\n$ echo a\nb\n~~~\n", "but it printed"),
        ("~~~console\n$ false\n~~~\n", "answered 1"),
        ("~~~console\necho a\n~~~\n", "commands after"),
        ("<!-- not run: network -->\n~~~console\n$ pip install 'trustcurve[clie]'\n~~~\n", "extras among"),
        ("<!-- not run: network -->\n~~~console\n$ pip install '.[clie]'\n~~~\n", "extras among"),
        ("<!-- not run: network -->\n~~~console\n$ pip install trustcruve\n~~~\n", "does not name trustcurve"),
        ("~~~csv\na,b\n~~~\n", "csv"),
    ],
)
def test_a_page_that_is_wrong_is_found_out(page: str, says: str, tmp_path: Path):
    with pytest.raises(BlockError, match=says):
        run(page, tmp_path)
    new, error = renewed(tmp_path / "page.md")
    assert (new != fenced(page)) is (says == "but it printed")
    assert (error is None) is (says == "but it printed")


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            "~~~python\nprint(1)\n~~~\n\n~~~text\n2\n~~~\n\n~~~python\nprint(3)\n~~~\n\n~~~text\n3\n4\n~~~\nend\n",
            "~~~python\nprint(1)\n~~~\n\n~~~text\n1\n~~~\n\n~~~python\nprint(3)\n~~~\n\n~~~text\n3\n~~~\nend\n",
        ),
        (
            "1. list\n\n    ~~~python\n    print('a\\n\\nb')\n    ~~~\n\n    ~~~text\n    c\n    ~~~\n",
            "1. list\n\n    ~~~python\n    print('a\\n\\nb')\n    ~~~\n\n    ~~~text\n    a\n\n    b\n    ~~~\n",
        ),
        (
            "~~~console\n$ echo '12 states, in 1.3 s'\n11 states, in ... s\n$ echo a/b \\\n  c\n...\n$ echo d\ne\n\n$ true\n~~~\n",
            "~~~console\n$ echo '12 states, in 1.3 s'\n12 states, in ... s\n$ echo a/b \\\n  c\n...\n$ echo d\nd\n\n$ true\n~~~\n",
        ),
        (
            "~~~console\n$ echo 'curve 1f2e: 3 rules'; echo 'written to /x/y'\ncurve ...: 2 rules\nwritten to ...\n~~~\n",
            "~~~console\n$ echo 'curve 1f2e: 3 rules'; echo 'written to /x/y'\ncurve ...: 3 rules\nwritten to ...\n~~~\n",
        ),
        ("~~~mermaid\nold\n~~~\n", f"~~~mermaid\n{mermaid_text(chart_of(Curve.default()))}~~~\n"),
    ],
)
def test_a_page_that_is_out_of_date_is_written_and_passes(
    page: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    new, error = renewed(written(page, tmp_path))
    assert (new, error) == (fenced(expected), None)
    monkeypatch.chdir(tmp_path)
    run(new, tmp_path)


def test_an_error_is_reported_with_its_line_after_what_could_be_written(tmp_path: Path):
    page = "~~~python\nprint(1)\n~~~\n\n~~~text\n2\n~~~\n\n~~~python\nraise KeyError('here')\n~~~\n"
    new, error = renewed(written(page, tmp_path))
    assert "\n1\n" in new
    assert error == "9: KeyError: 'here'"


@pytest.mark.parametrize("option", ["--check", ""])
def test_the_tool_writes_pages_and_only_reports_with_check(option: str, tmp_path: Path):
    path = written("~~~python\nprint(1)\n~~~\n\n~~~text\n2\n~~~\n", tmp_path)
    old = path.read_text(encoding="utf-8")
    command = [sys.executable, str(ROOT / "tools" / "docs_outputs.py"), *option.split(), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if option else 0), done.stderr
    assert ("out of date" if option else "written") in done.stdout
    assert (path.read_text(encoding="utf-8") == old) is bool(option)


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("~~~python\nraise KeyError('here')\n~~~\n", "here"),
        ("~~~toml\na = \n~~~\n", "Invalid value"),
        ('~~~toml\nrules = []\n[curve]\nname = "x"\n~~~\n', "is missing"),
        ('~~~toml\nrules = []\n[log]\ncustomer = "c"\n~~~\n', "is missing: the column that has the time"),
    ],
)
def test_errors_of_a_block_come_through(page: str, says: str, tmp_path: Path):
    with pytest.raises(Exception, match=says):
        run(page, tmp_path)


def test_a_block_not_run_needs_a_reason(tmp_path: Path):
    with pytest.raises(BlockError):
        run("<!-- not run -->\n~~~console\n$ false\n~~~\n", tmp_path)
