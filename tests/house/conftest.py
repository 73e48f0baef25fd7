"""What the tests of the house share: the built wheel, and a Python that has nothing else."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest

from tests.house.programs import ROOT, Run, checked, run
from tests.system import required

OFFLINE = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ProxyError", "Connection refused")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet")
    checked(run(*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT))
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Install the wheel, without extras, where nothing else is, and return a way to run programs there."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    programs = folder / "venv" / "bin"
    pip = (sys.executable, "-m", "pip", "--python", programs / "python", "--disable-pip-version-check")
    done = run(*pip, "install", "--quiet", "--no-input", "--retries", "1", wheel)
    if done.returncode and any(sign in done.stderr for sign in OFFLINE) and not required():
        pytest.skip("no package index answers")
    checked(done)
    return lambda program, *words: run(programs / program, *words, cwd=folder)
