"""The papers of the house agree with the house."""

from __future__ import annotations

import os
import re
import tomllib

from tests.house.programs import ROOT, checked, run

PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
SETTINGS = tomllib.loads(PYPROJECT)
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def requirements() -> set[str]:
    """Name every package that we ask for, for whatever purpose, but ourselves."""
    project, groups = SETTINGS["project"], SETTINGS["dependency-groups"]
    wanted = [
        *SETTINGS["build-system"]["requires"],
        *project["dependencies"],
        *(need for extra in project["optional-dependencies"].values() for need in extra),
        *(need for group in groups.values() for need in group),
    ]
    return {re.split(r"[^\w.-]", need)[0] for need in wanted} - {project["name"]}


def test_architecture_fits_on_a_page():
    assert len(ARCHITECTURE.splitlines()) <= 95


def test_every_dependency_earns_its_place_in_architecture():
    assert {name for name in requirements() if f"`{name}`" not in ARCHITECTURE} == set()


def test_every_ignored_rule_has_its_reason():
    ignored = re.findall(r'^  "[A-Z]+[0-9]*",.*$', PYPROJECT, re.MULTILINE)
    assert ignored
    assert [line for line in ignored if not re.search(r"# \w.{9,}", line)] == []


def test_changes_wait_under_known_headings():
    known = {kind["directory"] for kind in SETTINGS["tool"]["towncrier"]["type"]}
    fragments = [path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    assert {path.name.split(".")[-2] for path in fragments} <= known
    assert all(path.suffix == ".md" and path.read_text(encoding="utf-8").strip() for path in fragments)


def test_ci_can_be_run():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    checked(run("bash", "-n", ROOT / ".ci" / "run"))


def test_help_lists_every_door():
    listed = set(re.findall(r"^  make (\w+)", checked(run("make", "-s", "-C", ROOT, "help")).stdout, re.MULTILINE))
    assert listed == {"help", "demo", "test", "check", "format", "bench", "fuzz", "mutants", "docs", "clean"}
