"""What users get: the built wheel, installed with its base dependencies and nothing else."""

from __future__ import annotations

import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from tests.house.programs import ROOT, Run, checked

pytestmark = [pytest.mark.slow]

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_wheel_holds_the_package_and_nothing_else(wheel: Path):
    source = ROOT / "src"
    ours = {
        path.relative_to(source).as_posix()
        for path in (source / "trustcurve").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    ours |= {"_trustcurve_hypothesis.py", "_trustcurve_pytest.py"}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == ours
    assert {"trustcurve/py.typed", "trustcurve/core/default.toml"} <= packed


def test_wheel_says_what_it_needs_and_under_which_licence(wheel: Path):
    info = f"trustcurve-{PROJECT['version']}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        about = HeaderParser().parsestr(archive.read(f"{info}/METADATA").decode())
        licence = archive.read(f"{info}/licenses/LICENSE").decode()
    assert licence.startswith("MIT License")
    assert about["License-Expression"] == "MIT"
    assert about["Requires-Python"] == ">=3.11"
    needs = about.get_all("Requires-Dist") or []
    assert {need for need in needs if "extra ==" not in need} == set(PROJECT["dependencies"])
    assert set(about.get_all("Provides-Extra") or []) == set(PROJECT["optional-dependencies"])


@pytest.mark.network
def test_base_install_serves_the_default_curve(clean: Run):
    program = """
from datetime import UTC, datetime
from trustcurve import Curve, PromiseMade
from trustcurve.snapshots import from_json, to_json
from trustcurve import Standing
curve = Curve.default()
at = datetime(2026, 1, 1, tzinfo=UTC)
step = curve.advance(curve.begin("ann", at), PromiseMade(at=at, promise="o-1"))
assert from_json(Standing, to_json(step.after, curve=curve), curve=curve) == step.after
print(len(curve.table()), step.transitions[0].after)
"""
    assert checked(clean("python", "-W", "error", "-c", program)).stdout == "524 hopeful\n"


@pytest.mark.network
def test_command_line_without_its_extra_says_what_to_install(clean: Run):
    done = clean("trustcurve", "--help")
    assert done.returncode != 0
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    assert sentence.endswith("run pip install '.[cli]'")


@pytest.mark.network
@pytest.mark.parametrize(
    ("use", "extra"),
    [
        (
            "from trustcurve import Curve; from trustcurve.documents.curve_file import curve_toml; curve_toml(Curve.default())",
            "toml",
        ),
        ("from trustcurve.logs import scan_log; scan_log('log.csv')", "logs"),
        ("from trustcurve.simulation import solve", "simulation"),
        ("from trustcurve.report import draw_all", "plot"),
    ],
)
def test_what_needs_an_extra_says_which(clean: Run, use: str, extra: str):
    done = clean("python", "-c", use)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "MissingExtraError: module " in last
    assert last.endswith(f"run pip install '.[{extra}]'")
