"""The runner of the pages' blocks finds what is wrong with a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import BlockError, PageRun, blocks

FENCE = "```"


def run(page: str, folder: Path) -> None:
    """Run a page whose fences are written as ~~~."""
    path = folder / "page.md"
    path.write_text(page.replace("~~~", FENCE), encoding="utf-8")
    page_run = PageRun()
    for block in blocks(path):
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
    ],
)
def test_a_page_that_is_right_passes(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    run(page, tmp_path)


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
        ("<!-- not run: network -->\n~~~console\n$ pip install trustcruve\n~~~\n", "does not name trustcurve"),
        ("~~~csv\na,b\n~~~\n", "csv"),
    ],
)
def test_a_page_that_is_wrong_is_found_out(page: str, says: str, tmp_path: Path):
    with pytest.raises(BlockError, match=says):
        run(page, tmp_path)


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
