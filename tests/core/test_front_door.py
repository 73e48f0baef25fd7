"""The front door: what `import trustcurve` loads and costs, and what it offers."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

import trustcurve
from trustcurve import core

ALLOWED_MS = 35


def run(code: str) -> str:
    """Run code in a fresh interpreter that knows nothing of this one's environment."""
    return subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True).stdout


def loaded(module: str) -> set[str]:
    """Answer with the top-level modules that are loaded after one import."""
    return set(run(f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})").split())


def test_importing_loads_no_third_party_package_but_attrs() -> None:
    ours = loaded("trustcurve") - loaded("attrs")
    assert "trustcurve" in ours
    assert ours - {"trustcurve"} <= set(sys.stdlib_module_names)


def test_importing_loads_no_slow_module_that_only_some_need() -> None:
    slow = {"json", "hashlib", "tomllib", "difflib", "logging", "asyncio", "importlib.resources", "zoneinfo"}
    names = set(
        run(
            "import attrs, sys; before = set(sys.modules); import trustcurve; print(*set(sys.modules) - before)"
        ).split()
    )
    assert not names & slow


def test_working_with_the_default_curve_loads_nothing_else() -> None:
    code = """
import sys, attrs
before = set(sys.modules)
from datetime import UTC, datetime
from trustcurve import Curve, Proposed
curve = Curve.default()
step = curve.advance(curve.begin("ann", datetime(2026, 1, 1, tzinfo=UTC)), Proposed(at=datetime(2026, 1, 2, tzinfo=UTC)))
step.explain(), curve.table(), curve.fingerprint, curve.path(curve.start, "advocate"), curve.to_plain()
print(*{name.partition(".")[0] for name in set(sys.modules) - before})
"""
    assert set(run(code).split()) - {"trustcurve"} <= set(sys.stdlib_module_names)


def test_importing_is_quick() -> None:
    def cost(module: str) -> float:
        begin = perf_counter()
        run(f"import {module}")
        return (perf_counter() - begin) * 1000

    costs = [(cost("attrs"), cost("trustcurve")) for _ in range(10)]
    more = min(ours for _, ours in costs) - min(theirs for theirs, _ in costs)
    assert more <= ALLOWED_MS, f"{more:.1f} ms more than attrs alone"


def test_the_front_door_offers_what_it_lists() -> None:
    assert sorted(trustcurve.__all__) == trustcurve.__all__
    assert all(hasattr(trustcurve, name) for name in trustcurve.__all__)
    kinds = {kind.__name__ for kind in core.events.EVENTS}
    assert kinds <= set(trustcurve.__all__)
    assert len(kinds) == 15


def test_what_comes_through_the_front_door_is_documented() -> None:
    undocumented = [name for name in trustcurve.__all__ if not getattr(trustcurve, name).__doc__]
    methods = ("react", "advance", "observe", "next_due", "replay", "adopt", "refusals", "path", "outlook", "table")
    undocumented += [name for name in methods if not getattr(trustcurve.Curve, name).__doc__]
    assert undocumented == []
