"""Facts of a curve, against a search by `react` alone."""

from __future__ import annotations

from functools import cache

import pytest

from tests.core.test_own_curve import OURS
from trustcurve import Curve, Position
from trustcurve.documents.curve_file import parse_curve
from trustcurve.errors import InvalidValueError
from trustcurve.verification import facts_of
from trustcurve.verification.curve_properties import HARMS
from trustcurve.verification.facts import Span
from trustcurve.verification.simulation_relation import dominance

CURVE = Curve.default()
POSITIONS = CURVE.table().positions


@cache
def as_high() -> dict[Position, set[Position]]:
    """Return for each position those that stand as high, now and later."""
    fine = dominance(CURVE.table())
    return {one: {other for q, other in enumerate(POSITIONS) if fine[p, q]} for p, one in enumerate(POSITIONS)}


def deeds(position: Position, harm: str) -> int | None:
    """Count the good deeds after a harm, breadth first."""
    goods = [signal for signal in CURVE.signals if signal not in HARMS]
    layer, seen, count = {CURVE.react(position, harm).after}, set[Position](), 0
    while layer:
        if layer & as_high()[position]:
            return count
        seen |= layer
        layer = {CURVE.react(each, good).after for each in layer for good in goods} - seen
        count += 1
    return None


@pytest.mark.parametrize("harm", ["broken_major", "company_one_sided", "departure"])
def test_a_search_by_hand_says_the_same(harm: str):
    found = facts_of(CURVE).undone[harm]
    for state in ("advocate", "customer_centric", "distrust.competitive"):
        counts = {deeds(each, harm) for each in POSITIONS if CURVE.state(each) == state}
        assert None not in counts
        assert found[state] == Span(min(counts), max(counts))  # type: ignore[type-var]


@pytest.mark.parametrize(("signal", "fact"), [("company_one_sided", "asks"), ("silence", "silences")])
def test_how_many_in_a_row_are_borne(signal: str, fact: str):
    for state, span in getattr(facts_of(CURVE), fact).items():
        counts = set()
        for position in (each for each in POSITIONS if CURVE.state(each) == state):
            at, count = position, 0
            while not CURVE.stage(at).outside:
                at, count = CURVE.react(at, signal).after, count + 1
            counts.add(count)
        assert span == Span(min(counts), max(counts)), state


def test_every_harm_can_be_undone_and_the_top_is_dearest():
    facts = facts_of(CURVE)
    assert set(facts.undone) == set(HARMS) - {"silence"}
    assert all(span.most is not None for spans in facts.undone.values() for span in spans.values())
    assert facts.undone["broken_major"]["advocate"] == Span(7, 11)
    assert list(facts.asks) == list(reversed(CURVE.states))


def test_facts_of_a_curve_of_ones_own():
    facts = facts_of(parse_curve(OURS))
    assert facts.curve == parse_curve(OURS).name
    assert repr(facts) == f"<CurveFacts of {facts.curve!r}>"


def test_what_has_no_facts():
    with pytest.raises(InvalidValueError, match="curve must be a Curve"):
        facts_of("default")  # type: ignore[arg-type]
    assert str(Span(None, None)) == "never"
    assert str(Span(1, None)) == "1 to never"
