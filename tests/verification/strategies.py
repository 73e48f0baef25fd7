"""What Hypothesis draws about policies: small books of rules, environments, and the numbers of a loop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from trustcurve.core.rules import Condition
from trustcurve.policies import ACTIONS, ANY, KEEPS_PROMISES, MOVES, Environment, Policy
from trustcurve.policies.decision_list import DecisionList, PolicyRule

# What is asked of a view, each so that it often holds and often does not.
CONDITIONS = [
    *(Condition("stage", "is", (stage,)) for stage in ("distrust", "hopeful", "customer_centric", "departed")),
    Condition("posture", "is", ("suspicious",)),
    Condition("outside", "is", (True,)),
    *(Condition("account", "is", accounts) for accounts in (("clear",), ("clear", "due"), ("slip", "breach"))),
    Condition("engaged", "below", 3),
    Condition("kept", "at_least", 1),
    Condition("doubt", "at_most", 1),
    Condition("felt_doubt", "above", 2),
    *(Condition("quiet", "at_least", n) for n in (1, 2, 3)),
    *(Condition("open", "is", (n,)) for n in (0, 1)),
    Condition("times.ask.2", "at_most", 1),
    Condition("times.contact.3", "below", 2),
    Condition("since.complaint", "is", (0,)),
    Condition("since.exchange", "at_least", 2),
    Condition("since.silence", "at_most", 1),
    Condition("tries.propose", "at_least", 2),
    Condition("trend", "is", ("fall",)),
    Condition("left.major", "at_most", 1),
    *(Condition("last", "is", (action,)) for action in ("wait", "ask", "promise_minor")),
]

# Promises come often: most of what can go wrong is about them.
LIKELY = [*ACTIONS, "promise_major", "promise_minor", "promise_major", "promise_minor", "wait"]

rows = st.builds(
    lambda when, do: PolicyRule("row", tuple(when), do),
    st.lists(st.sampled_from(CONDITIONS), max_size=2),
    st.sampled_from(LIKELY),
)
policies = st.builds(
    lambda book, **numbers: Policy(name="drawn", decide=DecisionList(tuple(book)), **numbers),
    st.lists(rows, min_size=1, max_size=5),
    promise_due=st.integers(1, 4),
)
small_policies = st.builds(
    lambda book, **numbers: Policy(name="small", decide=DecisionList(tuple(book)), **numbers),
    st.lists(rows, min_size=1, max_size=3),
    promise_due=st.integers(1, 2),
)
environments = st.one_of(
    st.sampled_from([ANY, KEEPS_PROMISES]),
    st.builds(Environment, st.sets(st.sampled_from(MOVES))),
    st.builds(
        lambda moves: Environment(moves, keeps_promises=True), st.sets(st.sampled_from(sorted({*MOVES} - {"broken"})))
    ),
)

DAY = timedelta(days=1)
CLOCKS: dict[str, tuple[dict[str, Any], timedelta]] = {
    "the default": ({}, 30 * DAY),
    "a turn as long as a quiet period": ({}, 90 * DAY),
    "short turns": ({}, 15 * DAY),
    "a turn of grace": ({"grace": 30}, 30 * DAY),
    "a day of grace": ({"grace": 1}, 30 * DAY),
    "more than a turn of grace": ({"grace": 50}, 30 * DAY),
    "a quiet period of a week": ({"silence_after": 7, "grace": 1}, 1 * DAY),
    "other numbers": ({"initial_doubt": 0, "engaged_max": 3, "doubt_max": 9, "silence_after": 60}, 20 * DAY),
}
"""Parameters of a curve, and how long a turn lasts, by name: names read better in a counterexample."""
clocks = st.sampled_from(list(CLOCKS))
