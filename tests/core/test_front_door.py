"""The front door: what it offers, and that working with the default curve needs nobody else."""

from __future__ import annotations

import subprocess
import sys

import pytest

import trustcurve
from tests.core.stories import after, day, hopeful
from trustcurve import Curve, OneSided, Proposed, core


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
    undocumented = [
        name for name in trustcurve.__all__ if not getattr(trustcurve, name).__doc__ and name != "__version__"
    ]
    methods = ("react", "advance", "observe", "next_due", "journey", "migrate", "refusals", "path", "outlook", "table")
    undocumented += [name for name in methods if not getattr(trustcurve.Curve, name).__doc__]
    assert undocumented == []


def test_every_error_is_in_one_module() -> None:
    from trustcurve import errors  # noqa: PLC0415 - as users write it

    assert trustcurve.errors is errors
    assert errors.OutOfOrderError.__module__ == "trustcurve.errors"


def test_every_error_can_be_imported_from_there() -> None:
    from trustcurve import errors  # noqa: PLC0415 - as users write it

    found = {getattr(errors, name) for name in dir(errors) if name.endswith("Error")}
    pending = [errors.TrustcurveError]
    while pending:
        kind = pending.pop()
        assert kind in found or not kind.__module__.startswith("trustcurve."), kind
        pending += kind.__subclasses__()
    with pytest.raises(AttributeError, match="no attribute 'NothingError'"):
        errors.NothingError  # noqa: B018


def test_what_is_slow_to_import_comes_when_it_is_asked_for() -> None:
    code = """
import sys, trustcurve
assert "cattrs" not in sys.modules and "importlib.metadata" not in sys.modules
from trustcurve import from_json, parse_curve, to_json
assert "cattrs" in sys.modules
print(trustcurve.__version__)
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == trustcurve.__version__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        trustcurve.nothing  # noqa: B018


def test_python_dash_m_is_the_command_line() -> None:
    done = subprocess.run([sys.executable, "-m", "trustcurve", "--help"], check=False, capture_output=True, text=True)
    assert done.returncode == 0
    assert "replay" in done.stdout


def test_questions_take_a_standing_or_a_position(curve: Curve) -> None:
    standing = after(curve, *hopeful())
    position = standing.position
    assert curve.state(standing) == curve.state(position) == "hopeful"
    assert curve.rank(standing) == curve.rank(position)
    assert curve.stage(standing) is curve.stage(position)
    assert curve.felt_doubt(standing) == curve.felt_doubt(position)
    assert curve.outlook(standing) == curve.outlook(position)
    assert curve.path(standing, "advocate") == curve.path(position, "advocate")
    assert curve.refusals(standing, "advocacy") == curve.refusals(position, "advocacy")


def test_values_print_as_a_person_would_write_them(curve: Curve) -> None:
    standing = after(curve, *hopeful())
    step = curve.advance(standing, OneSided(at=day(1), by="company"))
    assert str(step) == step.explain()
    assert repr(step) == "<Step of 'ann': OneSided at 2026-01-02 00:00 UTC, hopeful>"
    (rise,) = curve.advance(curve.begin("ann", day(0)), Proposed(at=day(0))).transitions
    assert str(rise) == (
        "2026-01-01 00:00 UTC  ann rose: distrust.suspicious -> hopeful (the company makes a hopeful proposition)"
    )
    assert repr(rise) == "<Transition of 'ann': distrust.suspicious -> hopeful>"
    assert str(step.reaction).splitlines()[0] == "stays hopeful"
    assert repr(step.reaction) == "<Reaction company_one_sided: hopeful -> hopeful by company_one_sided.paid>"
    refusal = curve.refusals(standing, "advocacy")[0]
    assert repr(refusal) == f"<Refusal {refusal}>"
    way = curve.path(standing, "customer_centric")
    assert str(way) == "one major promise kept, one exchange"
    assert repr(way) == "<SignalPath: one major promise kept, one exchange>"
