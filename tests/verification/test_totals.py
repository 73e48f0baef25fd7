"""Expected totals: as an exact chain of fractions has them, and infinite or undecided where they must be."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.exact_chain import chances_of, total_until, total_within
from tests.verification.pictures import edges_of
from tests.verification.strategies import small_policies
from tests.verification.test_chances import LIFE, feared, hoped, warm
from tests.verification.test_searches import PREDICATES, predicates
from trustcurve import Curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies import Environment, Policy, policy
from trustcurve.verification import Status, Turn, check, expected_total, expected_turns
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.unrolling import unroll_loop

DEFAULT = Curve.default()
GIVEN = dict(LIFE.probabilities or {})
AMOUNTS: dict[str, Callable[[Turn], float]] = {
    "turns": lambda _: 1,
    "complaints": lambda turn: "complaint" in turn.moves,
    "a cost and a gain": lambda turn: 2.5 * ("purchase" in turn.moves) - 0.5 * (turn.after.account != "clear"),
    "doubt": lambda turn: turn.after.doubt,
}
SMALL = 40  # fractions grow: more states take long

waits = policy("waits")(lambda _: "wait")


@settings(max_examples=25, deadline=None)
@given(small_policies, st.sampled_from(list(AMOUNTS)), st.none() | predicates, st.integers(1, 6))
def test_a_total_in_some_turns_is_that_of_fractions(ours: Policy, amount: str, goal: str | None, turns: int):
    automaton = unroll_loop(ClosedLoop(curve=DEFAULT, policy=ours, environment=LIFE, promises_max=4), 3000)
    if automaton.stopped is not None:
        return
    edges, until = edges_of(automaton), None if goal is None else PREDICATES[goal]
    exact = total_within(edges, chances_of(edges, GIVEN), AMOUNTS[amount], until or (lambda _: False), turns)
    asked = expected_total(AMOUNTS[amount], within=turns, goal=until)
    verdict = check(DEFAULT, asked, policy=ours, environment=LIFE, promises_max=4).verdicts[0]
    assert verdict.value == pytest.approx(float(exact), abs=1e-12)
    assert verdict.status is Status.PROVED


@settings(max_examples=40, deadline=None)
@given(small_policies, st.sampled_from(list(AMOUNTS)), predicates, st.sampled_from([("complaint",), ("departure",)]))
def test_a_total_up_to_a_goal_is_that_of_fractions(ours: Policy, amount: str, goal: str, moves: tuple[str, ...]):
    world = Environment(dict.fromkeys(moves, 0.25))
    automaton = unroll_loop(ClosedLoop(curve=DEFAULT, policy=ours, environment=world, promises_max=2), SMALL)
    verdict = check(
        DEFAULT,
        expected_total(AMOUNTS[amount], goal=PREDICATES[goal]),
        policy=ours,
        environment=world,
        states_max=SMALL,
    ).verdicts[0]
    if automaton.stopped is not None:
        assert verdict.status is Status.UNKNOWN
        return
    edges = edges_of(automaton)
    later = [edge for edge in edges if not PREDICATES[goal](edge.turn)]
    reached = {0}
    while more := {edge.target for edge in later if edge.source in reached} - reached:
        reached |= more
    known = {edge.source for edge in edges if PREDICATES[goal](edge.turn)}
    while more := {edge.source for edge in edges if edge.target in known} - known:
        known |= more
    # What is left when the goal cannot come any more: which amounts recur there?
    ends = [edge for edge in later if edge.source in reached - known and edge.source in loops(later, edge.target)]
    again = {AMOUNTS[amount](edge.turn) for edge in ends if closed(later, edge.source)} - {0}
    if not again:
        exact = total_until(
            edges, chances_of(edges, dict(world.probabilities or {})), AMOUNTS[amount], PREDICATES[goal]
        )
        assert verdict.value == pytest.approx(float(exact), abs=1e-9)
    elif min(again) > 0 or max(again) < 0:
        assert verdict.value == (inf if min(again) > 0 else -inf)
    else:
        assert verdict.status is Status.UNKNOWN
        assert "amounts above and below 0 go on forever" in verdict.note


def loops(edges: list[Any], begin: int) -> set[int]:
    found = {begin}
    while more := {edge.target for edge in edges if edge.source in found} - found:
        found |= more
    return found


def closed(edges: list[Any], node: int) -> bool:
    return all(node in loops(edges, other) for other in loops(edges, node))


def test_the_total_of_ones_is_the_number_of_turns(curve: Curve):
    goal = lambda turn: hoped(turn) or feared(turn)  # noqa: E731
    total, turns = check(
        curve,
        expected_total(lambda _: 1, goal=goal, name="total"),
        expected_turns(goal, at_most=inf, name="turns"),
        policy=warm,
        environment=LIFE,
    )
    assert total.value == pytest.approx(turns.value, rel=1e-12)


def test_totals_worked_out_by_hand(curve: Curve):
    leaves = Environment({"departure": 0.25, "complaint": 0.5})
    left = lambda turn: "departure" in turn.moves  # noqa: E731
    complaints = lambda turn: "complaint" in turn.moves  # noqa: E731
    report = check(
        curve,
        expected_total(complaints, goal=left, name="up to the end"),
        expected_total(complaints, within=2, goal=left, name="in two turns"),
        expected_total(lambda turn: 3 * complaints(turn) - left(turn), goal=left, name="cost"),
        expected_total(left, goal=lambda turn: "return" in turn.moves, name="no way back"),
        expected_total(lambda _: -1, goal=lambda turn: "return" in turn.moves, name="down"),
        policy=waits,
        environment=leaves,
    )
    values = [each.value for each in report]
    both = expected_total(lambda turn: 1 if turn.moves else -1, goal=lambda turn: "return" in turn.moves)
    mixed = check(curve, both, policy=waits, environment=leaves).verdicts[0]
    assert mixed.status is Status.UNKNOWN
    assert mixed.note == "the goal may never come, and then amounts above and below 0 go on forever"
    assert values == [*map(pytest.approx, (0.5 / 0.25, 0.5 + 0.75 * 0.5, 3 * 2 - 1, 1)), -inf]


@pytest.mark.parametrize(
    ("at_least", "at_most", "says"),
    [
        (-inf, inf, ""),
        (2, 2, ""),
        (2.5, inf, "must be at least 2.5"),
        (-inf, 1.5, "must be at most 1.5"),
        (0, 1, "must lie between 0 and 1"),
    ],
)
def test_bounds_of_totals_decide(curve: Curve, at_least: float, at_most: float, says: str):
    asked = expected_total(
        lambda turn: "complaint" in turn.moves,
        goal=lambda turn: "departure" in turn.moves,
        at_least=at_least,
        at_most=at_most,
        name="complaints",
    )
    world = Environment({"departure": 0.25, "complaint": 0.5})
    verdict = check(curve, asked, policy=waits, environment=world).verdicts[0]
    assert verdict.status is (Status.REFUTED if says else Status.PROVED)
    assert verdict.note == says
    assert str(verdict).startswith(f"{verdict.status.name}  complaints = 2")


def test_totals_that_take_too_long_are_unknown(curve: Curve):
    asked = expected_total(lambda _: 1, goal=lambda turn: "departure" in turn.moves)
    verdict = check(curve, asked, policy=waits, environment=Environment({"departure": 1e-9})).verdicts[0]
    assert verdict.status is Status.UNKNOWN
    assert "too many to compute exactly" in verdict.note


@pytest.mark.parametrize("wrong", [None, "3", nan, inf, 10**400, 1j])
def test_amounts_that_are_not_numbers_are_named(curve: Curve, wrong: Any):
    asked = expected_total(lambda _: wrong, within=2)
    with pytest.raises(InvalidValueError, match="what amount returned must be a finite number"):
        check(curve, asked, policy=waits, environment=LIFE)


def test_bad_arguments_of_totals_are_named(curve: Curve):
    with pytest.raises(InvalidValueError, match="within, goal must not both be missing"):
        expected_total(hoped)
    with pytest.raises(InvalidValueError, match="in ascending order"):
        expected_total(hoped, within=1, at_least=2, at_most=1)
    for wrong in ({"at_least": nan}, {"at_most": "3"}):
        with pytest.raises(InvalidValueError, match="must be a number"):
            expected_total(hoped, within=1, **wrong)
    for within in (0, 1.5, True):
        with pytest.raises(InvalidValueError, match="within"):
            expected_total(hoped, within=within)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="goal must be a function of a turn"):
        expected_total(hoped, goal="departed")  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="must have a probability for each move"):
        check(curve, expected_total(hoped, within=2), policy=warm)
