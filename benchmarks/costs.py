"""What things cost that are done once: importing, loading, unrolling, storing."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from trustcurve import Curve, Exchanged, load_curve
from trustcurve.snapshots import to_json

IMPORTS = 10
TRIES = 10


def interleaved(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Time each run once a round, so that drift hits all alike; answer with the least seconds of each."""
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            start = perf_counter()
            run()
            least[name] = min(least[name], perf_counter() - start)
    return least


def importing(module: str) -> Callable[[], object]:
    """Start a Python that imports one module and ends; the first start leaves compiled files behind."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run() -> object:
        return subprocess.run([sys.executable, "-c", f"import {module}"], check=True, env=environment)

    run()
    return run


def import_seconds() -> dict[str, float]:
    """Time a bare start of Python, one that imports attrs, and one that imports trustcurve."""
    return interleaved({name: importing(name) for name in ("sys", "attrs", "trustcurve")}, IMPORTS)


def curve_seconds() -> dict[str, float]:
    """Time unrolling a curve that nobody has asked yet, and loading one with all checks."""
    curve = Curve.default()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "curve.toml")
        path.write_text(curve.to_toml(), encoding="utf-8")
        return interleaved(
            {"unroll": lambda: copy.copy(curve).table(), "load": lambda: load_curve(path)},
            TRIES,
        )


def standing_bytes() -> int:
    """Count the bytes of a stored standing without open promises."""
    curve = Curve.default()
    at = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
    standing = curve.advance(curve.begin("customer-0000001", at), Exchanged(at=at)).after
    return len(to_json(standing, curve=curve).encode())
