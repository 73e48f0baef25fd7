"""Policies as values: their bounds, two forms with one meaning, and what is refused."""

from __future__ import annotations

import random
from collections import deque
from itertools import count, product
from typing import Any

import pytest

from tests.policies.views import view
from trustcurve import Curve, TrustcurveError
from trustcurve.errors import InvalidValueError
from trustcurve.policies import ACTIONS, ImpurePolicyError, Policy, View, parse_policy, policy


@pytest.mark.parametrize(("name", "least", "most"), [("remember", 0, 8), ("window", 0, 8), ("promise_due", 1, 24)])
def test_a_memory_is_bounded(name: str, least: int, most: int):
    for good in (least, most):
        made = policy("ours", **{name: good})(lambda _: "wait")
        assert getattr(made, name) == good
    for bad in (least - 1, most + 1, True, 2.0, "2", None):
        with pytest.raises(InvalidValueError, match=f"{name}.*whole number of turns from {least} to {most}"):
            policy("ours", **{name: bad})(lambda _: "wait")  # type: ignore[arg-type]


def test_a_policy_is_a_value():
    def decide(_: View) -> Any:
        return "wait"

    one, other = Policy(name="a", decide=decide, window=2), policy("a", window=2, description="")(decide)
    assert one == other
    assert hash(one) == hash(other)
    assert one != policy("a", window=3)(decide)
    with pytest.raises(AttributeError):
        one.name = "b"  # type: ignore[misc]


PATIENT = """\
[policy]
name = "patient"
remember = 2
window = 3

[[rules]]
when = { account = ["slip", "breach"] }
do = "repair"

[[rules]]
when = { posture = "suspicious", account = "clear", open = 0 }
do = "promise_major"

[[rules]]
when = { outside = true }
do = "wait"

[[rules]]
when = { stage = "advocate", asks = { at_most = 1 }, felt_doubt = 0 }
do = "ask"

[[rules]]
when = { quiet = { at_least = 2 }, engaged = { below = 4 } }
do = "exchange"

[[rules]]
when = { last = ["exchange", "repair"], kept = [1, 3], doubt = { above = 1, at_most = 6 } }
do = "promise_minor"
"""


@policy("patient", remember=2, window=3)
def patient(v: View) -> Any:
    """Decide as the file above does."""
    if v.account in ("slip", "breach"):
        return "repair"
    if v.state == "distrust.suspicious" and v.account == "clear" and v.open == 0:
        return "promise_major"
    if v.outside:
        return "wait"
    if v.stage == "advocate" and v.asks <= 1 and v.felt_doubt == 0:
        return "ask"
    if v.quiet >= 2 and v.engaged < 4:
        return "exchange"
    if v.last and v.last[0] in ("exchange", "repair") and v.kept in (1, 3) and 1 < v.doubt <= 6:
        return "promise_minor"
    return "wait"


def test_a_function_and_a_file_of_one_policy_agree_on_all_views(curve: Curve):
    written = parse_policy(PATIENT)
    lasts = [(), *((action,) for action in ACTIONS)]
    seen = set()
    for position in curve.table().positions:
        for quiet, opened, asks, last in product(range(4), range(3), range(3), lasts):
            shown = view(
                stage=position.stage,
                state=curve.state(position),
                outside=curve.stage(position).outside,
                kept=position.kept,
                engaged=position.engaged,
                doubt=position.doubt,
                felt_doubt=curve.felt_doubt(position),
                account=position.account,
                quiet=quiet,
                open=opened,
                asks=asks,
                last=last,
            )
            action = patient.decide(shown)
            seen.add(action)
            assert written.decide(shown) == action, shown
    assert seen == {"repair", "promise_major", "wait", "ask", "exchange", "promise_minor"}


# --- what is refused --------------------------------------------------------------------------


def fails(_: View) -> Any:
    raise KeyError("ann")


def test_a_policy_that_reads_what_it_may_not_is_told_what_it_may():
    gossip = policy("gossip")(lambda v: "ask" if v.customer == "ann" else "wait")  # type: ignore[attr-defined]
    with pytest.raises(
        ImpurePolicyError,
        match=r"'gossip' cannot be analysed: decide\(\) must be a pure function of the view; it read view\.customer; a view has stage, state",
    ):
        gossip.action(view())


@pytest.mark.parametrize("answer", [None, "aks", "", 3, ("ask",), ["ask"], True])
def test_an_answer_that_is_no_action(answer: object):
    with pytest.raises(ImpurePolicyError, match="which is not an action; known: wait, propose"):
        policy("wrong")(lambda _: answer).action(view())  # type: ignore[arg-type, return-value]


def test_a_policy_that_fails():
    with pytest.raises(ImpurePolicyError, match="it failed with KeyError") as caught:
        policy("failing")(fails).action(view())
    assert isinstance(caught.value.__cause__, KeyError)
    assert isinstance(caught.value, TrustcurveError)
    with pytest.raises(ImpurePolicyError, match="it failed with AttributeError"):
        policy("failing")(lambda v: v.stage.nothing).action(view())  # type: ignore[attr-defined]


def test_a_policy_that_changes_what_it_sees():
    def change(v: View) -> Any:
        v.doubt = 0  # type: ignore[misc]
        return "wait"

    with pytest.raises(ImpurePolicyError, match="it failed with"):
        policy("changing")(change).action(view())


def test_a_policy_that_answers_in_two_ways():
    turns = count()
    with pytest.raises(ImpurePolicyError, match="it returned 'wait' and then 'ask' for the same view"):
        policy("moody")(lambda _: "ask" if next(turns) % 2 else "wait").action(view())
    dice = random.Random(1)  # noqa: S311 - a policy that gambles, to be refused
    gambler = policy("gambler")(lambda _: dice.choice(["ask", "wait"]))
    with pytest.raises(ImpurePolicyError, match="for the same view"):
        deque((gambler.action(view()) for _ in range(100)), maxlen=0)


def test_a_policy_may_be_called_as_often_as_one_likes():
    waits = policy("waits")(lambda v: "repair" if v.account == "slip" else "wait")
    assert {waits.action(view(account="slip")) for _ in range(3)} == {"repair"}
