"""The pages say what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import trustcurve
from trustcurve import Curve

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COMMANDS = ("replay", "explain", "draw", "check", "diff", "watch", "simulate", "facts", "events", "curve", "schema")


def page(name: str) -> str:
    """Read a page."""
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("tool", ["docs_tables.py", "docs_pictures.py"])
def test_what_is_generated_is_up_to_date(tool: str):
    check = [sys.executable, str(ROOT / "tools" / tool), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_is_explained_in_its_own_words():
    curve = Curve.default()
    rows = re.findall(r"^\| `([\w.]+)` \| (.+?) \| (.+?) \|$", page("explanation/curve.md"), re.MULTILINE)
    told = {name: because for name, because, _ in rows if "." in name}
    assert told == {rule.name: rule.because for rule in (*curve.rules, *curve.settling)}


def test_every_parameter_is_explained_with_its_value():
    curve = Curve.default()
    numbers = page("explanation/curve.md").partition("## The numbers")[2]
    told: dict[str, str] = {}
    for names, values in re.findall(r"^\| (`.+?) \| (.+?) \|", numbers, re.MULTILINE):
        told.update(zip(re.findall(r"`(\w+)`", names), values.split(", "), strict=True))
    values = {name: str(getattr(value, "days", value)) for name, value in curve.parameters.items()}
    assert {name: value.removesuffix(" days") for name, value in told.items()} == values


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_page_names_every_option(command: str):
    program = [sys.executable, "-c", "from trustcurve.cli import main; main()", command, "--help"]
    shown = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"(?<=[ │])--[a-z-]+", shown.partition("─ Options")[2])) - {"--help"}
    section = re.split(r"^## ", page("reference/cli.md"), flags=re.MULTILINE)
    told = next(text for text in section if text.startswith(f"{command}\n"))
    assert set(re.findall(r"^\| `(--[a-z-]+)`", told, re.MULTILINE)) == options


def test_the_command_line_page_names_every_command():
    program = [sys.executable, "-c", "from trustcurve.cli import main; main()", "--help"]
    shown = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert tuple(re.findall(r"^│ (\w+) ", shown.partition("─ Commands")[2], re.MULTILINE)) == COMMANDS


def test_every_public_name_is_in_the_reference():
    reference = "\n".join(page(f"reference/{name}.md") for name in ("api", "events", "errors"))
    missing = [name for name in trustcurve.__all__ if not re.search(rf"\b{name}\b", reference)]
    assert missing == []


def test_every_page_stands_in_the_navigation():
    named = set(re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}


def test_nothing_on_the_pages_is_fetched_from_elsewhere():
    for path in DOCS.rglob("*"):
        if path.suffix in {".md", ".css"}:
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?https?:""", text), path
