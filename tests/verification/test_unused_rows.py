"""Rows that decide in no journey: found by asking, in every state in which a policy decides, which row does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings

from tests.verification.strategies import environments, policies, small_policies
from trustcurve import Curve
from trustcurve.policies import KEEPS_PROMISES, Environment, Policy, parse_policy, policy
from trustcurve.policies.decision_list import DecisionList
from trustcurve.policies.policy_file import idle_rows
from trustcurve.verification import always, check, no_harm_helps
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.unrolling import unroll_loop

DEFAULT = Curve.default()
FINE = always(lambda _: True, name="fine")


def deciding(automaton: Automaton) -> set[int]:
    """Return the rows that decide, by number, asked one turn at a time."""
    decide = automaton.loop.policy.decide
    assert isinstance(decide, DecisionList)
    found = set()
    for number in range(automaton.transitions):
        source, happening, _ = automaton.edge(number)
        if automaton.ends[number]:
            met = automaton.loop.follow(automaton.state(source), happening).met
            assert met is not None
            view = automaton.loop.view(met)
            found |= {next((n for n, row in enumerate(decide.rules) if row.holds(view)), -1)}
    return found - {-1}


@pytest.mark.parametrize("any_time", [False, True])
@settings(max_examples=40, deadline=None)
@given(policies | small_policies, environments)
def test_rows_are_unused_where_no_turn_asks_them(any_time: bool, ours: Policy, environment: Environment):  # noqa: FBT001
    loop = ClosedLoop(curve=DEFAULT, policy=ours, environment=environment, any_time=any_time)
    automaton = unroll_loop(loop, 3_000)
    about = {"policy": ours, "environment": environment, "once_a_turn": not any_time, "states_max": 3_000}
    report = check(DEFAULT, FINE, **about)  # type: ignore[arg-type]
    if automaton.stopped is not None:
        assert report.unused_rows is None
        return
    assert isinstance(ours.decide, DecisionList)
    unused = set(range(len(ours.decide.rules))) - deciding(automaton)
    assert set(automaton.unused_rows) == unused
    assert all(one < other for one, other in pairwise(automaton.unused_rows))
    assert report.unused_rows == tuple(ours.decide.rules[row].name for row in sorted(unused))
    assert {row for row, _ in idle_rows(DEFAULT, ours)} <= unused, "what no view can match decides nowhere"


ROWS = """
[policy]
name = "promises"
promise_due = 2
[[rules]]
name = "mend"
when = { account = ["slip", "breach"] }
do = "repair"
[[rules]]
name = "promise"
when = { open = 0, stage = "distrust" }
do = "promise_minor"
[[rules]]
name = "thank"
when = { kept = { at_least = 1 } }
do = "exchange"
"""


def test_which_rows_decide_depends_on_the_environment_and_the_beginning(curve: Curve):
    ours = parse_policy(ROWS)
    assert check(curve, FINE, policy=ours).unused_rows == ("thank",), "a minor promise does not count as kept"
    silent = Environment([], keeps_promises=True)
    assert check(curve, FINE, policy=ours, environment=silent).unused_rows == ("mend", "thank")
    assert check(curve, FINE, policy=ours, environment=silent, begin="advocate").unused_rows is not None
    assert "thank" not in (check(curve, FINE, policy=ours, begin="advocate").unused_rows or ())
    assert check(curve, FINE, policy=ours, environment=KEEPS_PROMISES).unused_rows == ("thank",)


def test_a_row_that_decides_in_few_states_is_used(curve: Curve):
    rare = ROWS + '[[rules]]\nname = "late"\nwhen = { quiet = 3, doubt = { above = 2 } }\ndo = "propose"\n'
    ours = parse_policy(rare)
    for once_a_turn in (False, True):
        loop = ClosedLoop(curve=curve, policy=ours, any_time=not once_a_turn)
        unused = set(range(4)) - deciding(unroll_loop(loop))
        assert unused == {2}
        assert check(curve, FINE, policy=ours, once_a_turn=once_a_turn).unused_rows == ("thank",)


def test_where_it_is_not_known_none_is_said(curve: Curve):
    ours = parse_policy(ROWS)
    assert check(curve).unused_rows is None
    assert check(curve, no_harm_helps, policy=ours).unused_rows is None, "nothing was asked of what the policy does"
    assert check(curve, FINE, policy=ours, states_max=5).unused_rows is None
    assert check(curve, FINE, policy=policy("waits")(lambda _: "wait")).unused_rows is None
