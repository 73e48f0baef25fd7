"""A rule in words, with the numbers of its curve."""

from __future__ import annotations

import pytest

from tests.core.test_own_curve import OURS
from trustcurve import Curve
from trustcurve.core.phrases import rule_words
from trustcurve.documents.curve_file import parse_curve


@pytest.mark.parametrize(
    ("name", "when", "then"),
    [
        (
            "proposition.opens",
            "stage distrust, posture suspicious, account clear",
            "stage hopeful, account due",
        ),
        ("proposition.renews", "across the barrier, account clear", "account due"),
        ("proposition.intrudes", "always", "engaged -1, doubt +2"),
        ("promise_made.adds_nothing", "always", "nothing"),
        ("kept_minor.pleases", "account clear or due, engaged below 2", "account clear, engaged +1"),
        ("kept_major.proves", "always", "kept +1, doubt -1, account 1 level down"),
        ("broken_minor.slips", "always", "account at least slip, doubt +1"),
        ("company_one_sided.paid", "account clear, engaged above 0", "engaged -1"),
        ("return.starts_low", "stage departed", "stage distrust, doubt at least 2"),
        ("silence.unheard", "before the barrier", "nothing"),
        ("silence.cools", "always", "engaged 0, stage 1 stage down"),
        (
            "hopeful.rises",
            "stage hopeful, kept at least 1, engaged at least 3, felt doubt at most 1",
            "stage customer_centric",
        ),
    ],
)
def test_a_rule_is_said_in_words(curve: Curve, name: str, when: str, then: str) -> None:
    rule = next(rule for rule in (*curve.rules, *curve.settling) if rule.name == name)
    assert rule_words(rule, curve.value_of) == (when, then)


def test_the_numbers_are_those_of_the_curve() -> None:
    ours = parse_curve(OURS).with_parameters(one_sided_doubt=3, loyal_lost_at=1)
    words = {rule.name: rule_words(rule, ours.value_of) for rule in (*ours.rules, *ours.settling)}
    assert words["customer_one_sided.takes"] == ("always", "doubt +3")
    assert words["loyal.falls"] == ("stage loyal, felt doubt at least 1", "stage customer_centric")
    assert words["loyal.rises"][0] == "stage customer_centric, kept at least 2, engaged at least 4, felt doubt 0"
