"""Run programs as users would."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


def run(*command: str | Path, cwd: Path | None = None) -> Done:
    """Run a program as a user would: with nothing of ours in its environment, away from our sources."""
    ours = ("PYTHON", "COV", "PYTEST")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, env=environment, cwd=cwd
    )


def checked(done: Done) -> Done:
    """Show what a program said where it failed."""
    assert done.returncode == 0, f"{done.args}\n{done.stdout}{done.stderr}"
    return done
