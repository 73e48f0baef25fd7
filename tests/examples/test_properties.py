"""The example properties and the example environment: what their page says of them is what is proved today."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from trustcurve import Curve
from trustcurve.policies import load_environment, load_policy
from trustcurve.verification import Report, check, load_properties

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "properties"


@cache
def report(policy: str) -> Report:
    """Check all properties of the example."""
    properties = load_properties(FOLDER / "manners.toml")
    return check(Curve.default(), *properties, policy=load_policy(ROOT / "examples" / "policies" / f"{policy}.toml"))


def test_all_but_one_are_kept_by_the_policy_that_solves_first():
    found = report("solve_first")
    assert not found.unknown
    assert not any(verdict.vacuous for verdict in found)
    assert [verdict.name for verdict in found.refuted] == ["favours are thanked"]
    told = str(found["favours are thanked"].counterexample).splitlines()
    favour = next(number for number, line in enumerate(told) if "the customer recommends the company" in line)
    assert "the company keeps promise" in told[favour + 1]
    assert "the company makes major promise" in told[favour + 2]


def test_the_funnel_has_no_manners_and_nobody_to_thank():
    found = report("funnel")
    assert {verdict.name for verdict in found if verdict} == {"favours are thanked", "hope is possible"}
    assert [verdict.name for verdict in found if verdict.vacuous] == ["favours are thanked"]


def test_the_year_has_probabilities():
    year = load_environment(FOLDER / "ordinary_year.toml")
    assert year.probabilities is not None
    assert sum(year.probabilities.values()) == pytest.approx(1)


def test_the_reference_shows_the_file():
    text = (FOLDER / "manners.toml").read_text(encoding="utf-8").partition("\n")[2]
    assert f"{text}```" in (ROOT / "docs" / "reference" / "property-file.md").read_text(encoding="utf-8")
