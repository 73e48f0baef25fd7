"""Intervals of probabilities: the ends are those of the best and the worst of all stationary choices, tried one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import permutations, product
from math import inf, prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.verification.exact_chain import chances_of, total_until
from tests.verification.pictures import Edge, edges_of
from tests.verification.strategies import small_policies
from tests.verification.test_searches import PREDICATES, predicates
from trustcurve import Curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies import Environment, Policy, load_policy, policy
from trustcurve.simulation import Segment
from trustcurve.verification import (
    Status,
    Turn,
    Verdict,
    check,
    diff,
    expected_total,
    expected_turns,
    never,
    possible,
    probability,
)
from trustcurve.verification.closed_loop import ClosedLoop, Node
from trustcurve.verification.property import Probability, Property
from trustcurve.verification.unrolling import unroll_loop

DEFAULT = Curve.default()
SOLVE_FIRST = Path(__file__).parents[2] / "examples/policies/solve_first.toml"
Ranges = Mapping[str, Any]
Choice = dict[str, Fraction]
WORLDS: list[dict[str, Any]] = [
    {"complaint": (0.125, 0.5)},
    {"complaint": (0, 0.5), "departure": (0.25, 0.75)},
    {"kept": (0.25, 1), "complaint": 0.25},
    {"departure": (0, 0.5), "return": (0.25, 1)},
    {"complaint": (0.25, 1), "purchase": (0.25, 0.75)},
    {"advocacy": (0.5, 1), "nothing": (0, 0.25)},
    {"complaint": (0.5, 1), "departure": (0, 0.5), "nothing": 0},
    {"complaint": (0, 0.75), "purchase": (0, 0.75), "nothing": (0, 0.5)},
]
worlds = st.sampled_from(WORLDS)
Places = Mapping[str, Ranges]
PLACES: list[dict[str, dict[str, Any]]] = [
    {"distrust": {"complaint": (0, 0.25)}},
    {"distrust.adversarial": {"complaint": 0.25}, "distrust": {"complaint": (0.25, 0.5), "customer_one_sided": 0.25}},
    {"hopeful": {"complaint": 0, "purchase": (0, 0.25)}, "departed": {"return": (0.125, 0.5)}},
]
"""Chances that differ by stage and state; of everything else they leave enough in any world without "nothing"."""
MANY_ARE_TOO_LARGE = [HealthCheck.filter_too_much, HealthCheck.too_slow]
TRIES = 800  # so many choices are tried at most
waits = policy("waits")(lambda _: "wait")


def corners(ranges: Ranges, possible: set[str]) -> list[Choice]:
    """Return the extreme probabilities: from the least of each, raise some to the most, one after the other."""
    ends = {move: its if isinstance(its, tuple) else (its, its) for move, its in ranges.items()}
    ends = {"nothing": (0, 1), **ends}
    found: list[Choice] = []
    for order in permutations(ends):
        its = {move: Fraction(ends[move][0]) for move in ends}
        rest = 1 - sum(its.values())
        for move in order:
            more = min(Fraction(ends[move][1]) - its[move], rest)
            its[move], rest = its[move] + more, rest - more
        if rest:
            continue
        choice = {move: p for move, p in its.items() if move in possible and move != "nothing"}
        choice["nothing"] = Fraction(1) - sum(choice.values())
        if choice not in found:
            found.append(choice)
    return found


def small_loop(
    ours: Policy, world: Ranges, states: int, places: Places | None = None
) -> tuple[list[Edge], dict[int, list[Choice]]]:
    """Return the edges of a small loop, and for each state the extreme choices in it."""
    loop = ClosedLoop(curve=DEFAULT, policy=ours, environment=Environment(world, where=places or {}), promises_max=1)
    automaton = unroll_loop(loop, states)
    assume(automaton.stopped is None)
    edges = edges_of(automaton)
    return edges, {
        node: corners(
            there(world, places or {}, loop, automaton.state(node)),
            {edge.move.name for edge in edges if edge.source == node},
        )
        for node in range(automaton.states)
    }


def there(world: Ranges, places: Places, loop: ClosedLoop, node: Node) -> Ranges:
    """Return the chances in the turn after a state."""
    state = DEFAULT.state(loop.table.positions[loop._begun(node).position])
    return {**world, **places.get(state.partition(".")[0], {}), **places.get(state, {})}


def decided(asked: Property, ours: Policy, world: Ranges, places: Places | None = None) -> Verdict:
    environment = Environment(world, where=places or {})
    return check(DEFAULT, asked, policy=ours, environment=environment, promises_max=1).verdicts[0]


def tried(
    edges: list[Edge], choices: dict[int, list[Choice]], goal: Callable[[Turn], bool]
) -> Iterator[dict[int, Choice]]:
    """Yield every stationary choice; what is chosen where the journey never comes before the goal makes no difference."""
    reached = {0}
    while more := {e.target for e in edges if e.source in reached and not goal(e.turn)} - reached:
        reached |= more
    assume(prod(len(choices[node]) for node in reached) <= TRIES)
    fixed = {node: each[0] for node, each in choices.items()}
    for some in product(*(choices[node] for node in sorted(reached))):
        yield {**fixed, **dict(zip(sorted(reached), some, strict=True))}


@settings(max_examples=40, suppress_health_check=MANY_ARE_TOO_LARGE)
@given(small_policies, worlds, predicates)
def test_the_ends_are_those_of_the_best_and_the_worst_choice(ours: Policy, world: Ranges, goal: str):
    agrees(ours, world, PREDICATES[goal])


@settings(max_examples=20, suppress_health_check=MANY_ARE_TOO_LARGE)
@pytest.mark.slow
@given(
    small_policies,
    st.sampled_from([{"complaint": (0.125, 0.5)}, {"kept": (0.25, 0.5), "complaint": 0.25}]),
    st.sampled_from(PLACES),
    predicates,
)
def test_the_ends_are_those_of_the_best_and_the_worst_choice_by_state(
    ours: Policy, world: Ranges, places: Places, goal: str
):
    agrees(ours, world, PREDICATES[goal], places)


def test_a_goal_that_can_be_lost_on_a_way_that_is_forced(curve: Curve):
    """A customer who left may return, but may complain before that, and then the goal does not come any more."""
    world = Environment({"departure": (0.25, 0.5), "return": (0.25, 0.5), "complaint": (0.25, 0.5)})
    stays = lambda turn: turn.before.stage != "departed" and turn.before.account != "slip"  # noqa: E731
    asked = probability(lambda turn: "complaint" in turn.moves and stays(turn))
    # p = a + b * c * p: it comes first, or the customer leaves first, returns before complaining, and so on.
    worst, best = ((1 / 3, 2 / 3, 1 / 3), (2 / 3, 1 / 3, 2 / 3))
    ends = tuple(a / (1 - b * c) for a, b, c in (worst, best))
    assert check(curve, asked, policy=waits, environment=world).verdicts[0].interval == pytest.approx(ends, rel=1e-12)


def agrees(ours: Policy, world: Ranges, wanted: Callable[[Turn], bool], places: Places | None = None) -> None:
    """Check probabilities, turns and totals against all stationary choices."""
    edges, choices = small_loop(ours, world, 30, places)
    chances, turns, complaints = [], [], []
    complained = lambda turn: int("complaint" in turn.moves)  # noqa: E731
    for choice in tried(edges, choices, wanted):
        likely = chances_of(edges, {}, choice)
        chances.append(total_until(edges, likely, wanted, wanted))
        turns.append(total_until(edges, likely, lambda _: 1, wanted) if chances[-1] == 1 else inf)
        complaints.append(total_until(edges, likely, complained, wanted) if chances[-1] == 1 else None)
    verdict = decided(probability(wanted), ours, world, places)
    assert verdict.value is None
    assert verdict.interval == pytest.approx((float(min(chances)), float(max(chances))), abs=1e-9)
    for found, exact in zip(verdict.interval or (), (min(chances), max(chances)), strict=True):
        assert (found in (0, 1)) == (exact in (0, 1)), "what is impossible or certain is known exactly"
    means = decided(expected_turns(wanted, at_most=inf), ours, world, places)
    assert means.interval == pytest.approx((float(min(turns)), float(max(turns))), rel=1e-9)
    total = decided(expected_total(complained, goal=wanted), ours, world, places)
    known = [each for each in complaints if each is not None]
    if len(known) == len(complaints):
        assert total.interval == pytest.approx((float(min(known)), float(max(known))), abs=1e-9)
    else:
        assert total.status is Status.UNKNOWN
        assert total.note == "with some probabilities in the intervals the goal may never come"


@settings(max_examples=40, deadline=None)
@given(small_policies, worlds, predicates, st.integers(1, 6))
def test_in_some_turns_each_turn_may_have_other_probabilities(ours: Policy, world: Ranges, goal: str, turns: int):
    edges, choices = small_loop(ours, world, 60)
    wanted = PREDICATES[goal]
    cost = lambda turn: 2 * int("complaint" in turn.moves) - int(not turn.moves)  # noqa: E731
    count = {node: dict.fromkeys(("nothing", *world), 0) for node in choices}
    for edge in edges:
        count[edge.source][edge.move.name] += 1
    for amount, asked in (
        (lambda turn: int(wanted(turn)), probability(wanted, within=turns)),
        (cost, expected_total(cost, goal=wanted, within=turns)),
    ):
        ends = []
        for best in (min, max):
            value = dict.fromkeys(choices, Fraction(0))
            for _ in range(turns):
                of = {node: {move: Fraction(0) for move in count[node]} for node in choices}
                for edge in edges:
                    later = 0 if wanted(edge.turn) else value[edge.target]
                    of[edge.source][edge.move.name] += (amount(edge.turn) + later) / count[edge.source][edge.move.name]
                value = {
                    node: best(sum(p * of[node][move] for move, p in choice.items()) for choice in choices[node])
                    for node in choices
                }
            ends.append(value[0])
        found = decided(asked, ours, world).interval
        assert found == pytest.approx(tuple(map(float, ends)), abs=1e-12)
        if isinstance(asked, Probability):
            assert [each in (0, 1) for each in found or ()] == [each in (0, 1) for each in ends]


def iterated(
    edges: list[Edge], choices: dict[int, list[Choice]], wanted: Callable[[Turn], bool], cost: float, best: Any
) -> tuple[float, float]:
    """Return what value iteration has come to at the start after 2,000 and 4,000 rounds, from below: by corners, one by one."""
    rows = [
        (node, chances_of([e for e in edges if e.source == node], {}, {node: its}))
        for node in choices
        for its in choices[node]
    ]
    matrix = np.zeros((len(rows), len(choices)))
    gained = np.zeros(len(rows))
    for row, (node, likely) in enumerate(rows):
        for edge, p in zip((e for e in edges if e.source == node), likely, strict=True):
            if wanted(edge.turn):
                gained[row] += 0 if cost else float(p)
            else:
                matrix[row, edge.target] += float(p)
    first = np.flatnonzero([n == 0 or rows[n][0] != rows[n - 1][0] for n in range(len(rows))])
    value, found = np.zeros(len(choices)), []
    for _ in range(2):
        for _ in range(2_000):
            value = best.reduceat(cost + gained + matrix @ value, first)
        found.append(float(value[0]))
    return found[0], found[1]


@settings(max_examples=60, deadline=None)
@given(small_policies, worlds, predicates)
@example(waits, {"complaint": (0, 0.5), "departure": (0.25, 0.75)}, "the customer complains")
@example(waits, {"complaint": (0, 0.5), "departure": (0.25, 0.75)}, "nothing happens")
@example(waits, {"complaint": (0, 0.75), "purchase": (0, 0.75), "nothing": (0, 0.5)}, "the customer complains")
@example(waits, {"complaint": (0, 0.75), "purchase": (0, 0.75), "nothing": (0, 0.5)}, "nothing happens")
@example(waits, {"complaint": (0, 0.5)}, "something is owed")
def test_value_iteration_comes_near(ours: Policy, world: Ranges, goal: str):
    edges, choices = small_loop(ours, world, 150)
    wanted = PREDICATES[goal]
    chance = decided(probability(wanted), ours, world).interval
    turns = decided(expected_turns(wanted, at_most=inf), ours, world).interval
    assert chance is not None
    assert turns is not None
    for place, best in enumerate((np.minimum, np.maximum)):
        assert chance[place] == pytest.approx(iterated(edges, choices, wanted, 0, best)[1], abs=1e-7)
        sooner, later = iterated(edges, choices, wanted, 1, best)
        if later - sooner > 1:
            assert turns[place] == inf
        else:
            assert turns[place] == pytest.approx(later, rel=1e-7)


LIFE: dict[str, Any] = {
    "purchase": (0.1, 0.3),
    "kept": (0.4, 0.6),
    "broken": (0.0, 0.1),
    "complaint": (0.03, 0.08),
    "advocacy": 0.1,
    "departure": (0.005, 0.02),
}


def asked_of() -> list[Property]:
    recommends = lambda turn: turn.after.stage == "advocate"  # noqa: E731
    ends = lambda turn: turn.after.stage in ("customer_centric", "departed")  # noqa: E731
    return [
        probability(recommends, within=24, name="advocate in two years"),
        probability(recommends, name="advocate"),
        expected_turns(ends, at_most=inf, name="turns"),
        expected_total(lambda turn: "complaint" in turn.moves, within=12, name="complaints"),
        expected_total(lambda turn: 3 - turn.after.kept, goal=ends, name="a score"),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_fixed_probabilities_within_the_intervals_stay_within_the_ends(curve: Curve, seed: int):
    ours = load_policy(SOLVE_FIRST)
    wide = check(curve, *asked_of(), policy=ours, environment=Environment(LIFE))
    at = [(seed + 1) * 0.37 % 1, (seed + 1) * 0.61 % 1]
    fixed = {
        move: its if isinstance(its, float) else its[0] + at[place % 2] * (its[1] - its[0])
        for place, (move, its) in enumerate(LIFE.items())
    }
    for outer, one in zip(wide, check(curve, *asked_of(), policy=ours, environment=Environment(fixed)), strict=True):
        assert outer.interval is not None
        assert one.value is not None
        assert outer.interval[0] - 1e-9 <= one.value <= outer.interval[1] + 1e-9
        assert outer.interval[0] < outer.interval[1]


def test_narrow_intervals_are_numbers(curve: Curve):
    ours = load_policy(SOLVE_FIRST)
    middle = {move: its if isinstance(its, float) else sum(its) / 2 for move, its in LIFE.items()}
    narrow = {move: (p, p + 1e-13) for move, p in middle.items()}
    for near, exact in zip(
        check(curve, *asked_of(), policy=ours, environment=Environment(narrow)),
        check(curve, *asked_of(), policy=ours, environment=Environment(middle)),
        strict=True,
    ):
        assert near.interval == pytest.approx((exact.value, exact.value), rel=1e-9)
    same = Environment({move: (p, p) for move, p in middle.items()})
    assert same == Environment(middle), "an interval of one number is that number"


def test_a_verdict_holds_for_every_choice(curve: Curve):
    left = lambda turn: "departure" in turn.moves  # noqa: E731
    world = Environment({"departure": (0.1, 0.25)}, name="unsure")
    for at_least, at_most, status in ((0.1, 0.25, "PROVED"), (0.2, 1, "REFUTED"), (0, 0.2, "REFUTED")):
        asked = probability(left, within=1, at_least=at_least, at_most=at_most, name="leaves")
        verdict = check(curve, asked, policy=waits, environment=world).verdicts[0]
        assert verdict.status.name == status
        assert str(verdict).startswith(f"{status}  leaves = 0.1 to 0.25")
    mean = check(curve, expected_turns(left, at_most=9), policy=waits, environment=world).verdicts[0]
    assert mean.status is Status.REFUTED
    assert mean.interval == pytest.approx((4, 10))
    assert mean.note == "must be at most 9"


def test_what_takes_too_long_is_unknown(curve: Curve):
    left = lambda turn: "departure" in turn.moves  # noqa: E731
    complains = lambda turn: "complaint" in turn.moves and turn.before.stage != "departed"  # noqa: E731
    world = Environment({"departure": (1e-9, 2e-9), "complaint": (1e-9, 2e-9)})
    asked = [
        probability(complains, name="complains"),
        expected_turns(left, at_most=inf, name="turns"),
        expected_total(lambda _: 1, goal=left, name="total"),
    ]
    for verdict in check(curve, *asked, policy=waits, environment=world):
        assert verdict.status is Status.UNKNOWN
        assert "too many to compute exactly" in verdict.note
        assert verdict.interval is None


def test_moves_that_cannot_have_a_probability_never_happen(curve: Curve):
    world = Environment({"complaint": (0, 0), "purchase": (0, 0.5), "departure": (0.5, 0.75), "nothing": (0.5, 1)})
    assert world.ranges == {"nothing": (0.5, 0.5), "complaint": (0, 0), "purchase": (0, 0), "departure": (0.5, 0.5)}
    about: dict[str, Any] = {"policy": waits, "environment": world}
    assert check(curve, never(lambda turn: "complaint" in turn.moves), **about).proved
    assert check(curve, possible(lambda turn: "departure" in turn.moves), **about).proved
    assert check(
        curve, never(lambda turn: "purchase" in turn.moves and turn.before.stage != "departed"), **about
    ).proved
    report = check(curve, never(lambda turn: "departure" in turn.moves), **about)
    assert report.scope == "one move in a turn"


@pytest.mark.parametrize(
    ("moves", "says"),
    [
        ({"complaint": (0.3, 0.1)}, "must be one number or two, the least and the most"),
        ({"complaint": (0.1, 0.2, 0.3)}, "must be one number or two"),
        ({"complaint": (0.1,)}, "must be one number or two"),
        ({"complaint": ()}, "must be one number or two"),
        ({"complaint": (0.5, 1.5)}, "moves.complaint must be a probability from 0 to 1"),
        ({"complaint": ("a", 1)}, "moves.complaint must be a probability from 0 to 1"),
        ({"complaint": (0.6, 0.7), "purchase": (0.5, 0.6)}, "add up to at most 1, not 1.1"),
        ({"complaint": (0.1, 0.2), "nothing": (0.1, 0.5)}, "add up to 1 if they include 'nothing', not 0.7"),
        ({"moved": (0.1, 0.2)}, "must not have a probability for moved"),
    ],
)
def test_bad_intervals_are_named(moves: Any, says: str):
    with pytest.raises(InvalidValueError, match=says):
        Environment(moves)


def test_what_needs_one_probability_says_so(curve: Curve):
    unsure = Environment({"complaint": (0.01, 0.03)}, name="unsure")
    assert unsure.probabilities is None
    assert unsure.has_chances
    with pytest.raises(
        InvalidValueError, match="must have one probability for each move to be simulated, not an interval"
    ):
        Segment(policy=waits, environment=unsure)
    asks = policy("asks")(lambda _: "ask")
    assert diff(waits, asks, curve=curve, environment=unsure).share is None
