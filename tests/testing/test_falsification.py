"""Falsification and proof agree: examples can break what a proof refutes, and nothing breaks what is proved."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tests.verification.pictures import move_of
from tests.verification.planted import POLICIES
from trustcurve import Curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies import ANY, KEEPS_PROMISES, Environment, Policy, View, policy
from trustcurve.testing import breaks, falsify, policies
from trustcurve.testing.falsification import can_be_broken
from trustcurve.testing.policy_runs import policy_runs, run_of_choices
from trustcurve.verification import (
    Counterexample,
    Property,
    Status,
    bounded_asks_while_distrusted,
    check,
    leads_to,
    no_ask_on_open_account,
    no_flapping,
    nobody_forgotten,
    possible,
    probability,
    quiet_period,
    recovery_comes_first,
    repair_within,
    way_back,
)
from trustcurve.verification.closed_loop import ClosedLoop

CURVE = Curve.default()
PROPERTIES = (
    *(recovery_comes_first, repair_within(1), no_ask_on_open_account, bounded_asks_while_distrusted(1)),
    *(quiet_period(1, 3), no_flapping(6, 2), nobody_forgotten),
)
SHALLOW = [name for name in POLICIES if name.startswith(("a breach", "its window", "it thanks"))]
SLOWLY = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@settings(SLOWLY, max_examples=20)
@given(policies(CURVE), st.sampled_from([ANY, KEEPS_PROMISES]))
def test_every_witness_is_a_failing_example_and_no_example_refutes_what_is_proved(
    drawn: Policy, environment: Environment
):
    loop = ClosedLoop(curve=CURVE, policy=drawn, environment=environment)
    report = check(CURVE, *PROPERTIES, policy=drawn, environment=environment)
    for prop, verdict in zip(PROPERTIES, report.verdicts, strict=True):
        if verdict.status is Status.REFUTED:
            assert isinstance(verdict.counterexample, Counterexample)
            assert breaks(prop, verdict.counterexample)
    proved = [prop for prop, verdict in zip(PROPERTIES, report.verdicts, strict=True) if verdict]
    with pytest.raises(NoSuchExample):
        find(
            policy_runs(loop, None, 25),
            lambda run: any(breaks(prop, run) for prop in proved),
            settings=settings(SLOWLY, max_examples=25),
        )


@pytest.mark.parametrize("name", SHALLOW)
def test_shallow_planted_bugs_are_found_by_examples_too(name: str):
    bug = POLICIES[name]
    found = falsify(
        bug.curve,
        bug.asked,
        policy=bug.policy,
        environment=bug.environment,
        settings=settings(max_examples=2_000, derandomize=True),
    )
    assert found is not None
    assert breaks(bug.asked, found)
    (verdict,) = check(bug.curve, bug.asked, policy=bug.policy, environment=bug.environment).verdicts
    assert verdict.counterexample is not None
    assert len(verdict.counterexample) <= len(found)
    moves = [move_of(passage) for passage in found.passages]
    fewer = [run_of_choices(found.loop, moves[:place] + moves[place + 1 :]) for place in range(len(moves))]
    assert not any(breaks(bug.asked, run) for run in fewer)


@policy("wait forever")
def forgetful(_view: View) -> str:
    """Never do anything."""
    return "wait"


def test_a_run_that_repeats_shows_that_something_never_happens():
    found = falsify(CURVE, nobody_forgotten, policy=forgetful)
    assert found is not None
    nodes = [passage.after for passage in found.passages]
    assert breaks(nobody_forgotten, found)
    assert len(set(nodes)) < len(nodes) + 1


def test_a_policy_that_answers_in_time_is_not_falsified():
    @policy("answer", promise_due=1)
    def answer(_view: View) -> str:
        return "exchange"

    assert falsify(CURVE, nobody_forgotten, policy=answer) is None


@pytest.mark.parametrize(
    "prop",
    [
        way_back,
        possible(lambda _: True),
        probability(lambda _: True),
        leads_to(lambda _: True, lambda _: True, fair="moves"),
    ],
    ids=lambda prop: prop.name,
)
def test_properties_that_no_single_run_can_break_raise(prop: Property):
    assert not can_be_broken(prop)
    with pytest.raises(InvalidValueError, match="must be a property that a single run can break"):
        falsify(CURVE, prop, policy=forgetful)


@pytest.mark.parametrize(
    "wrong", [{"policy": "wait"}, {"prop": "quiet"}, {"environment": "any"}, {"curve": None}], ids=str
)
def test_invalid_arguments_raise(wrong: dict[str, Any]):
    given_ = {"curve": CURVE, "policy": forgetful, "prop": nobody_forgotten, **wrong}
    with pytest.raises(InvalidValueError, match=next(iter(wrong))):
        falsify(**given_)
