"""Monitors alone, on drawn turns: each is violated at the first turn at which its property does not hold, and not before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trustcurve import Curve
from trustcurve.policies import Environment, policy
from trustcurve.verification import (
    VIOLATED,
    assuming,
    at_least,
    at_most,
    before,
    check,
    leads_to,
    never,
    until,
)
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.monitor import EXCUSED
from trustcurve.verification.product import explore, watched_graph
from trustcurve.verification.property import Property, Safety
from trustcurve.verification.search import distances
from trustcurve.verification.unrolling import unroll_loop

Turns = Sequence[tuple[bool, bool, bool]]
drawn = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=12)
one: Any = lambda turn: turn[0]  # noqa: E731
two: Any = lambda turn: turn[1]  # noqa: E731
three: Any = lambda turn: turn[2]  # noqa: E731


def violated_at(asked: Property, turns: Turns) -> int | None:
    """Return after how many turns a monitor is violated."""
    assert isinstance(asked, Safety)
    state = asked.monitor.start
    for n, turn in enumerate(turns, start=1):
        state = asked.monitor.step(state, turn)  # type: ignore[arg-type]
        if state == VIOLATED:
            return n
    return None


def first(turns: Turns, broken: Callable[[Turns], bool]) -> int | None:
    return next((n for n in range(1, len(turns) + 1) if broken(turns[:n])), None)


@settings(max_examples=200)
@given(drawn, st.integers(1, 3), st.integers(0, 3), st.booleans())
def test_at_least(turns: Turns, n: int, more: int, within: bool):  # noqa: FBT001
    per = n + more
    asked = at_least(n, one, per=per, while_=two if within else None)

    def broken(turns: Turns) -> bool:
        row = turns[-per:]
        return len(row) == per and sum(map(one, row)) < n and (not within or all(map(two, row)))

    assert violated_at(asked, turns) == first(turns, broken)


@settings(max_examples=200)
@given(drawn, st.booleans())
def test_before(turns: Turns, again: bool):  # noqa: FBT001
    asked = before(one, two, after=three if again else None)

    def broken(turns: Turns) -> bool:
        begins = [n for n, turn in enumerate(turns) if three(turn)] if again else [0]
        return two(turns[-1]) and any(not any(map(one, turns[begin:])) for begin in begins)

    assert violated_at(asked, turns) == first(turns, broken)


@settings(max_examples=200)
@given(drawn)
def test_weak_until(turns: Turns):
    asked = until(one, two, weak=True)
    assert violated_at(asked, turns) == first(turns, lambda turns: not one(turns[-1]) and not any(map(two, turns)))


@settings(max_examples=200)
@given(drawn, st.integers(0, 3))
def test_leads_to_unless(turns: Turns, within: int):
    asked = leads_to(one, two, unless=three, within=within)

    def broken(turns: Turns) -> bool:
        row = turns[-within - 1 :]
        return len(row) == within + 1 and one(row[0]) and not any(two(turn) or three(turn) for turn in row)

    assert violated_at(asked, turns) == first(turns, broken)


@settings(max_examples=200)
@given(drawn, st.integers(0, 2))
def test_assuming(turns: Turns, most: int):
    asked = assuming(at_most(most, one), never(two))
    found = violated_at(asked, turns)
    bad, excused = violated_at(never(two), turns), violated_at(at_most(most, one), turns)
    assert found == (bad if bad is not None and (excused is None or bad < excused) else None)
    assert isinstance(asked, Safety)
    assert asked.monitor.step(EXCUSED, (True, True, True)) == EXCUSED  # type: ignore[arg-type]


@policy("waits")
def waits(_: object) -> Any:
    """Do nothing."""
    return "wait"


def complains(turn: Any) -> bool:
    return "complaint" in turn.moves


def buys(turn: Any) -> bool:
    return "purchase" in turn.moves


@pytest.mark.parametrize("once", [True, False])
def test_what_is_lifted_and_what_is_assumed(curve: Curve, once: bool):  # noqa: FBT001
    about: dict[str, Any] = {
        "policy": waits,
        "environment": Environment(["complaint", "purchase"]),
        "once_a_turn": once,
    }
    calls = leads_to(complains, lambda turn: turn.after.stage == "advocate", name="never comes")
    lifted = leads_to(complains, lambda turn: turn.after.stage == "advocate", unless=complains, name="lifted")
    quiet = until(lambda turn: not complains(turn), lambda turn: not turn.moves, name="quiet")
    few = at_most(2, buys, name="two sales")
    once_only = lambda turn: turn.before == curve.start  # noqa: E731 - in the first turn, and perhaps never again
    assert check(curve, until(lambda _: True, once_only), **about).proved
    assert check(curve, until(lambda _: True, once_only, fair="moves"), **about).proved
    report = check(
        curve, calls, lifted, assuming(few, quiet), assuming(never(complains), assuming(few, quiet)), **about
    )
    assert [bool(each) for each in report] == [False, True, False, True]


@pytest.mark.parametrize("most", [0, 1])
def test_where_runs_go_on_an_assumption_that_is_violated_excuses_all_that_follows(curve: Curve, most: int):
    """Guards follow every run: their product has the same violations, and none where nothing counts any more."""
    loop = ClosedLoop(curve=curve, policy=waits, environment=Environment(["complaint", "purchase"]))  # type: ignore[arg-type]
    automaton = unroll_loop(loop)
    asked = assuming(at_most(most, complains), at_most(1, lambda turn: complains(turn) or buys(turn)))
    assert isinstance(asked, Safety)
    watched = watched_graph(automaton, asked.monitor, 100_000)
    found = explore(automaton, asked.monitor, asked.relevant, 100_000)
    assert found.run is not None
    assert watched.violates.any()
    begins = np.zeros(watched.graph.nodes, bool)
    begins[watched.graph.source()[watched.violates]] = True
    assert distances(watched.graph, begins, ~watched.violates)[0] == len(found.run) - 1
    assert set(watched.state.tolist()) == set(range(automaton.states)), "runs go on where nothing counts any more"
    assert watched.graph.nodes > found.states
