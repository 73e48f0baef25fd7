"""Policies as values: their bounds, two forms with one meaning, and what is refused."""

from __future__ import annotations

import random
import re
from collections import deque
from itertools import count, product
from typing import Any

import pytest

from tests.policies.views import view
from trustcurve import Curve, TrustcurveError
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies import (
    ImpurePolicyError,
    Policy,
    PromiseKind,
    View,
    parse_policy,
    policy,
    since,
    times,
    trend,
    tries,
)


def test_numbers_of_turns_are_bounded():
    for good in (1, 24):
        made = policy("ours", promise_due=good, recalls=[since("ask", good)])(lambda _: "wait")
        assert (made.promise_due, made.recalls[0].most) == (good, good)
        assert PromiseKind(due=good).due == good
    makers: list[tuple[str, Any]] = [
        ("promise_due", lambda bad: policy("ours", promise_due=bad)(lambda _: "wait")),
        ("due", lambda bad: PromiseKind(due=bad)),
        ("most", lambda bad: since("ask", bad)),
        ("most", lambda bad: times("ask", bad)),
    ]
    for bad, (name, make) in product((0, 25, True, 2.0, "2", None), makers):
        with pytest.raises(InvalidValueError, match=f"{name}.*whole number of turns from 1 to 24"):
            make(bad)


def test_a_policy_is_a_value():
    def decide(_: View) -> Any:
        return "wait"

    one, other = (
        Policy(name="a", decide=decide, recalls=(trend(),)),
        policy("a", recalls=[trend()], description="")(decide),
    )
    assert one == other
    assert hash(one) == hash(other)
    assert one != policy("a", recalls=[tries("ask", 1)])(decide)
    with pytest.raises(AttributeError):
        one.name = "b"  # type: ignore[misc]


PATIENT = """\
[policy]
name = "patient"

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
when = { stage = "advocate", times = { ask = { within = 3, at_most = 1 } }, felt_doubt = 0 }
do = "ask"

[[rules]]
when = { quiet = { at_least = 2 }, engaged = { below = 4 } }
do = "exchange"

[[rules]]
when = { last = ["exchange", "repair"], kept = [1, 3], doubt = { above = 1, at_most = 6 } }
do = "promise_minor"
"""


LAST = (since("exchange", 2), since("repair", 2))


@policy("patient", recalls=[times("ask", 3), *LAST])
def patient(v: View) -> Any:
    """Decide as the file above does."""
    if v.account in ("slip", "breach"):
        return "repair"
    if v.state == "distrust.suspicious" and v.account == "clear" and v.open == 0:
        return "promise_major"
    if v.outside:
        return "wait"
    if v.stage == "advocate" and v.times("ask", 3) <= 1 and v.felt_doubt == 0:
        return "ask"
    if v.quiet >= 2 and v.engaged < 4:
        return "exchange"
    if 1 in (v.since("exchange"), v.since("repair")) and v.kept in (1, 3) and 1 < v.doubt <= 6:
        return "promise_minor"
    return "wait"


def test_a_function_and_a_file_of_one_policy_agree_on_all_views(curve: Curve):
    written = parse_policy(PATIENT)
    seen = set()
    for position in curve.table().positions:
        for quiet, opened, asks, last in product(range(4), range(3), range(3), (None, *LAST)):
            shown = view(
                {times("ask", 3): (1 << asks) - 1, **{each: 1 if each is last else 2 for each in LAST}},
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
            )
            action = patient.decide(shown)
            seen.add(action)
            assert written.actions(shown) == (() if action == "wait" else (action,)), shown
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
        gossip.actions(view())


@pytest.mark.parametrize("answer", ["aks", "", ["ask", 3], ("ask", None)])
def test_an_answer_that_is_no_action(answer: object):
    with pytest.raises(ImpurePolicyError, match="which is not an action; known: wait, propose"):
        policy("wrong")(lambda _: answer).actions(view())  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    "answer", [None, 3, True, {"ask"}, frozenset({"ask"}), {"ask": 1}, (each for each in ("ask",))]
)
def test_an_answer_that_is_not_a_word(answer: object):
    with pytest.raises(ImpurePolicyError, match="it must return an action, or a list or tuple of actions, in order"):
        policy("wrong")(lambda _: answer).actions(view())  # type: ignore[arg-type, return-value]


def test_an_action_is_done_once_in_a_turn():
    with pytest.raises(ImpurePolicyError, match="it returned 'wait' beside other actions"):
        policy("both")(lambda _: ("ask", "wait")).actions(view())
    assert policy("both")(lambda _: ["repair", "exchange"]).actions(view()) == ("repair", "exchange")
    with pytest.raises(ImpurePolicyError, match="it returned 'ask' twice for one turn"):
        policy("twice")(lambda _: ("ask", "repair", "ask")).actions(view())


@pytest.mark.parametrize(
    ("read", "needed"),
    [
        (lambda v: v.since("ask"), r"recalls=\[since\('ask', turns\)\]"),
        (lambda v: v.times("ask", 4), r"recalls=\[times\('ask', 4\)\]"),
        (lambda v: v.tries("ask"), r"recalls=\[tries\('ask', most\)\]"),
        (lambda v: v.trend, r"recalls=\[trend\(\)\]"),
        (lambda v: v.constant("tier"), r"constants=\{'tier': \(…,\)\}"),
    ],
)
def test_a_policy_is_told_what_it_has_to_remember(read: Any, needed: str):
    forgetful = policy("forgetful", recalls=[times("ask", 3)])(lambda v: "ask" if read(v) else "wait")
    with pytest.raises(ImpurePolicyError, match=f"it asked for something that it does not remember; say so: {needed}"):
        forgetful.actions(view({times("ask", 3): 0}))


def test_a_policy_that_fails():
    with pytest.raises(ImpurePolicyError, match="it failed with KeyError") as caught:
        policy("failing")(fails).actions(view())
    assert isinstance(caught.value.__cause__, KeyError)
    assert isinstance(caught.value, TrustcurveError)
    with pytest.raises(ImpurePolicyError, match="it failed with AttributeError"):
        policy("failing")(lambda v: v.stage.nothing).actions(view())  # type: ignore[attr-defined]


def test_a_policy_that_changes_what_it_sees():
    def change(v: View) -> Any:
        v.doubt = 0  # type: ignore[misc]
        return "wait"

    with pytest.raises(ImpurePolicyError, match="it failed with"):
        policy("changing")(change).actions(view())


def test_a_policy_that_answers_in_two_ways():
    turns = count()
    with pytest.raises(ImpurePolicyError, match=r"it returned \(\) and then \('ask',\) for the same view"):
        policy("moody")(lambda _: "ask" if next(turns) % 2 else "wait").actions(view())
    dice = random.Random(1)  # noqa: S311 - a policy that gambles, to be refused
    gambler = policy("gambler")(lambda _: dice.choice(["ask", "wait"]))
    with pytest.raises(ImpurePolicyError, match="for the same view"):
        deque((gambler.actions(view()) for _ in range(100)), maxlen=0)


def test_a_policy_may_be_called_as_often_as_one_likes():
    waits = policy("waits")(lambda v: "repair" if v.account == "slip" else "wait")
    assert {waits.actions(view(account="slip")) for _ in range(3)} == {("repair",)}


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"promises": {"d": 3}}, 'promises must be a dict, for example {"parcel": PromiseKind("major", 2)}'),
        ({"promises": ["x"]}, "promises must be a dict"),
        ({"recalls": "ask"}, "recalls must be a list of what is counted"),
        ({"recalls": ["ask"]}, "recalls must be a list of what is counted"),
        ({"constants": {"tier": ()}}, "constants must be a dict"),
        ({"constants": {"tier": "gold"}}, "constants must be a dict"),
        ({"constants": ["tier"]}, "constants must be a dict"),
        ({"costs": ["ask"]}, "costs must be a dict"),
        ({"costs": {"ask": "free"}}, "costs must be a dict"),
        ({"signals": ["bonus"]}, "signals must be a dict"),
        ({"signals": {"bonus": 3}}, "signals must be a dict"),
        ({"name": 3}, "name must be a text that is not empty"),
        ({"name": ""}, "name must be a text that is not empty"),
    ],
)
def test_what_a_policy_is_given_wrongly(about: dict[str, Any], says: str):
    with pytest.raises(InvalidValueError, match=f"^{re.escape(says)}"):
        policy(**{"name": "odd", **about})(lambda _: "wait")


def test_costs_are_of_actions_that_there_are():
    gifts = policy("gifts", costs={"exchange": 4.5})(lambda _: "exchange")
    assert gifts.cost(frozenset()) == 0
    with pytest.raises(UnknownWordError, match="action 'exchagne' is unknown; did you mean 'exchange'"):
        gifts.cost({"exchagne"})
    for no_set in ("exchange", None, ["exchange"]):
        with pytest.raises(InvalidValueError, match="actions must be a set of actions"):
            gifts.cost(no_set)  # type: ignore[arg-type]
