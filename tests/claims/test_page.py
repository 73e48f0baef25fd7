"""The page of claims says what the register says, and the register has a test for each."""

from __future__ import annotations

import re
from pathlib import Path

from tests.claims.register import CLAIMS, NOT_MODELLED
from tools.claims_page import PAGE, renewed
from trustcurve import Curve
from trustcurve.verification import PROPERTY_NAMES

EXAMPLES = Path(__file__).parents[2] / "examples"
SCENARIOS = EXAMPLES / "scenarios"
POLICIES = {path.stem for path in (EXAMPLES / "policies").glob("*.toml")}


def test_the_page_is_up_to_date():
    """`python -m tools.claims_page` writes it."""
    text = PAGE.read_text(encoding="utf-8")
    assert renewed(text) == text


def test_all_claims_of_all_sources_are_there():
    many = {"T": 20, "V": 20, "R": 7, "N": 4, "W": 4}
    assert CLAIMS.keys() | NOT_MODELLED.keys() == {
        f"{source}{n}" for source in many for n in range(1, many[source] + 1)
    }


def test_what_is_named_is_there():
    rules = {rule.name for rule in (*Curve.default().rules, *Curve.default().settling)}
    scenarios = {path.name for path in SCENARIOS.iterdir() if path.is_dir()}
    properties = {name.partition("(")[0] for name in PROPERTY_NAMES}
    known = rules | scenarios | properties | set(Curve.default().parameters) | POLICIES | {"spent", "gained", "balance"}
    for each in CLAIMS.values():
        for name in re.findall(r"`([^`]+)`", each.shown_by):
            assert name.partition("(")[0] in known or name.startswith("trustcurve "), f"{each.number} names {name}"


def test_a_claim_is_shown_or_not_modelled():
    assert not CLAIMS.keys() & NOT_MODELLED.keys()
    assert all(each.shown_by.startswith("not modelled: ") for each in NOT_MODELLED.values())
    page = PAGE.read_text(encoding="utf-8")
    for each in (*CLAIMS.values(), *NOT_MODELLED.values()):
        assert f"| {each.number} | {each.words} | {each.shown_by} |" in page
