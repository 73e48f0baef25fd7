"""Policies: a few rows of conditions, as in policy files."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from trustcurve.core.curve import Curve
from trustcurve.core.rules import Condition
from trustcurve.core.signals import ACCOUNT_LEVELS
from trustcurve.policies.actions import ACTIONS, Action
from trustcurve.policies.decision_list import DecisionList, PolicyRule
from trustcurve.policies.policy import Policy
from trustcurve.testing.arguments import check_curve
from trustcurve.testing.session import session

__all__ = ["policies"]

_ROOM = Condition("open", "below", 2)
"""A policy promises only while fewer than two promises are open: so many a proof allows, if nothing else is said."""

_HIGHEST = {"kept": 2, "engaged": 3, "felt_doubt": 6, "quiet": 3, "open": 1, "asks": 1}


def policies(curve: Curve) -> st.SearchStrategy[Policy]:
    """Draw small policies that every proof can look at whole: up to four rows, which remember at most one action and two asks.

    They shrink to the policy that always waits.

    Examples:
        >>> from hypothesis import given, settings
        >>> from trustcurve.verification import check, no_ask_on_open_account
        >>> curve = Curve.default()
        >>> @settings(max_examples=5)
        ... @given(policies(curve))
        ... def test_every_question_gets_an_answer(policy):
        ...     assert not check(curve, no_ask_on_open_account, policy=policy).unknown
        >>> test_every_question_gets_an_answer()
    """
    check_curve(curve)
    session.saw(curve)
    return _policies(curve)


@st.composite
def _policies(draw: st.DrawFn, curve: Curve) -> Policy:
    return _policy(draw(st.lists(_rows(curve), max_size=4)), draw(st.integers(1, 3)))


def _rows(curve: Curve) -> st.SearchStrategy[tuple[list[Condition], Action]]:
    return st.tuples(st.lists(_conditions(curve), max_size=2, unique_by=lambda one: one.part), st.sampled_from(ACTIONS))


def _conditions(curve: Curve) -> st.SearchStrategy[Condition]:
    words: dict[str, tuple[Any, ...]] = {
        "account": ACCOUNT_LEVELS,
        "stage": tuple(stage.name for stage in curve.stages),
        "last": ACTIONS,
    }
    about_words = [
        st.builds(Condition, st.just(part), st.just("is"), st.sampled_from(known).map(lambda word: (word,)))
        for part, known in words.items()
    ]
    about_numbers = [
        st.builds(Condition, st.just(part), st.sampled_from(["at_least", "at_most"]), st.integers(0, highest))
        for part, highest in _HIGHEST.items()
    ]
    return st.one_of([*about_words, *about_numbers])


def _policy(rows: list[tuple[list[Condition], Action]], promise_due: int) -> Policy:
    rules = []
    for number, (when, action) in enumerate(rows, start=1):
        room = [_ROOM] if action.startswith("promise_") else []
        rules.append(PolicyRule(name=f"row {number}", when=(*when, *room), do=action))
    asked = {condition.part for rule in rules for condition in rule.when}
    return Policy(
        name="a drawn policy",
        decide=DecisionList(rules=tuple(rules)),
        remember=int("last" in asked),
        window=2 if "asks" in asked else 0,
        promise_due=promise_due,
    )
