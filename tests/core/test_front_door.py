"""The front door: what it offers, and that working with the default curve needs nobody else."""

from __future__ import annotations

import subprocess
import sys

import trustcurve
from trustcurve import core


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
    done = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True)
    assert set(done.stdout.split()) - {"trustcurve"} <= set(sys.stdlib_module_names)


def test_the_front_door_offers_what_it_lists() -> None:
    assert sorted(trustcurve.__all__) == trustcurve.__all__
    assert all(hasattr(trustcurve, name) for name in trustcurve.__all__)
    kinds = {kind.__name__ for kind in core.events.EVENTS}
    assert kinds <= set(trustcurve.__all__)
    assert len(kinds) == 15


def test_what_comes_through_the_front_door_is_documented() -> None:
    undocumented = [name for name in trustcurve.__all__ if not getattr(trustcurve, name).__doc__]
    methods = ("react", "advance", "observe", "next_due", "journey", "migrate", "refusals", "path", "outlook", "table")
    undocumented += [name for name in methods if not getattr(trustcurve.Curve, name).__doc__]
    assert undocumented == []
