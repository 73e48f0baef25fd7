"""Properties that speak of an order: each against a plain reading of what it says, on every run of a small loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.pictures import Edge
from tests.verification.strategies import small_policies
from tests.verification.test_searches import LONGEST, MOVES, PREDICATES, goes_round, lassos, predicates, runs, unrolled
from trustcurve import Curve
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies import Environment, Policy, load_policy, policy
from trustcurve.testing.falsification import can_be_broken
from trustcurve.verification import (
    VIOLATED,
    Counterexample,
    Monitor,
    Property,
    Status,
    Turn,
    Verdict,
    always,
    assuming,
    at_least,
    at_most,
    before,
    check,
    expected_turns,
    leads_to,
    never,
    possible,
    recoverable_to,
    safety,
    until,
)

DEFAULT = Curve.default()
EXAMPLES = sorted(Path(__file__).parents[2].joinpath("examples/policies").glob("*.toml"))
LARGE_IS_SLOW = [pytest.param(path, marks=pytest.mark.slow) if path.stem == "loyalty" else path for path in EXAMPLES]
Turns = Sequence[Turn]
moves_of = st.sampled_from(MOVES)


def decided(asked: Property, ours: Policy, moves: tuple[str, ...]) -> Verdict:
    return check(DEFAULT, asked, policy=ours, environment=Environment(moves), once_a_turn=True).verdicts[0]


def is_least(asked: Property, ours: Policy, moves: tuple[str, ...], broken: Callable[[Turns], bool]) -> None:
    """Check that a verdict says what a plain reading says of every run, and that its journey is a shortest one."""
    automaton, edges = unrolled(ours, moves)
    if automaton.stopped is not None:
        return
    verdict = decided(asked, ours, moves)
    lengths = range(1, LONGEST + 1)
    least = next((n for n in lengths for run in runs(edges, n) if broken([edge.turn for edge in run])), None)
    if verdict.counterexample is None:
        assert verdict.status is Status.PROVED
        assert least is None
        return
    shown = verdict.counterexample
    assert isinstance(shown, Counterexample)
    assert verdict.status is Status.REFUTED
    assert shown.happens
    assert broken(shown.turns)
    assert not broken(shown.turns[:-1])
    assert (least or LONGEST + 1) == min(len(shown), LONGEST + 1)
    if verdict.nearest_passing is not None:
        assert not broken(verdict.nearest_passing.turns)
        assert len(verdict.nearest_passing) == len(shown)


# --- plain readings ---------------------------------------------------------------------------------------


def too_few(turns: Turns, n: int, event: str, per: int, while_: str | None) -> bool:
    rows = (turns[end - per : end] for end in range(per, len(turns) + 1))
    counted = (row for row in rows if while_ is None or all(PREDICATES[while_](turn) for turn in row))
    return any(sum(map(PREDICATES[event], row)) < n for row in counted)


def out_of_order(turns: Turns, first: str, then: str, after: str | None) -> bool:
    """Say whether something came from which on, up to a turn with ``then``, there was none with ``first``."""
    begins = [0] if after is None else [n for n, turn in enumerate(turns) if PREDICATES[after](turn)]
    return any(
        PREDICATES[then](turns[end]) and not any(map(PREDICATES[first], turns[begin : end + 1]))
        for begin in begins
        for end in range(begin, len(turns))
    )


def ended_early(turns: Turns, holds: str, goal: str) -> bool:
    return any(
        not PREDICATES[holds](turn) and not any(map(PREDICATES[goal], turns[: n + 1])) for n, turn in enumerate(turns)
    )


@settings(max_examples=50)
@given(small_policies, moves_of, predicates, st.integers(1, 3), st.integers(0, 2), st.none() | predicates)
def test_at_least_counts_rows_of_turns(  # noqa: PLR0917 - Hypothesis draws them
    ours: Policy, moves: tuple[str, ...], event: str, n: int, more: int, while_: str | None
):
    asked = at_least(n, PREDICATES[event], per=n + more, while_=None if while_ is None else PREDICATES[while_])
    is_least(asked, ours, moves, lambda turns: too_few(turns, n, event, n + more, while_))


@settings(max_examples=50)
@given(small_policies, moves_of, predicates, predicates, st.none() | predicates)
def test_before_is_an_order(ours: Policy, moves: tuple[str, ...], first: str, then: str, after: str | None):
    asked = before(PREDICATES[first], PREDICATES[then], after=None if after is None else PREDICATES[after])
    is_least(asked, ours, moves, lambda turns: out_of_order(turns, first, then, after))


@settings(max_examples=50)
@given(small_policies, moves_of, predicates, predicates)
def test_weak_until_holds_as_long_as_the_goal_has_not_come(ours: Policy, moves: tuple[str, ...], holds: str, goal: str):
    asked = until(PREDICATES[holds], PREDICATES[goal], weak=True)
    is_least(asked, ours, moves, lambda turns: ended_early(turns, holds, goal))


@settings(max_examples=50)
@given(small_policies, moves_of, predicates, predicates)
def test_strong_until_asks_for_the_goal_as_well(ours: Policy, moves: tuple[str, ...], holds: str, goal: str):
    automaton, edges = unrolled(ours, moves)
    if automaton.stopped is not None:
        return
    weak = decided(until(PREDICATES[holds], PREDICATES[goal], weak=True), ours, moves)
    strong = decided(until(PREDICATES[holds], PREDICATES[goal]), ours, moves)
    shown = strong.counterexample
    if weak.counterexample is not None:
        assert strong.status is Status.REFUTED
        assert shown is not None
        assert len(shown) == len(weak.counterexample)
        return
    without = (
        len(stem) + len(loop)
        for stem, loop in lassos(edges)
        if not any(PREDICATES[goal](edge.turn) for edge in (*stem, *loop))
    )
    best = next(without, None)
    if shown is None:
        assert strong.status is Status.PROVED
        assert best is None
        return
    assert isinstance(shown, Counterexample)
    assert goes_round(shown)
    assert not any(map(PREDICATES[goal], shown.turns))
    assert strong.note == "it never comes"
    assert min(len(shown), LONGEST + 1) == (best or LONGEST + 1)


def reached(edges: list[Edge], begin: set[int]) -> set[int]:
    found = set(begin)
    while more := {edge.target for edge in edges if edge.source in found} - found:
        found |= more
    return found


@settings(max_examples=50)
@given(small_policies, moves_of, predicates)
def test_in_a_fair_world_a_goal_comes_unless_it_cannot_any_more(ours: Policy, moves: tuple[str, ...], goal: str):
    automaton, edges = unrolled(ours, moves)
    if automaton.stopped is not None:
        return
    without = [edge for edge in edges if not PREDICATES[goal](edge.turn)]
    with_goal = {edge.source for edge in edges if PREDICATES[goal](edge.turn)}
    lost = {node for node in reached(without, {0}) if not reached(edges, {node}) & with_goal}
    verdict = decided(until(lambda _: True, PREDICATES[goal], fair="moves"), ours, moves)
    assert verdict.status is (Status.REFUTED if lost else Status.PROVED)
    if isinstance(verdict.counterexample, Counterexample):
        assert goes_round(verdict.counterexample)
        assert not any(map(PREDICATES[goal], verdict.counterexample.turns))


@settings(max_examples=40)
@given(small_policies, moves_of, predicates, predicates, predicates, st.none() | st.integers(0, 2))
def test_unless_lifts_what_is_called_for(  # noqa: PLR0917 - Hypothesis draws them
    ours: Policy, moves: tuple[str, ...], after: str, comes: str, unless: str, within: int | None
):
    asked = leads_to(PREDICATES[after], PREDICATES[comes], unless=PREDICATES[unless], within=within)

    def settled(turn: Turn) -> bool:
        return PREDICATES[comes](turn) or PREDICATES[unless](turn)

    def late(turns: Turns) -> bool:
        called = (n for n, turn in enumerate(turns) if PREDICATES[after](turn))
        ends = ((n, n + (within or 0) + 1) for n in called)
        return any(end <= len(turns) and not any(map(settled, turns[begin:end])) for begin, end in ends)

    if within is not None:
        is_least(asked, ours, moves, late)
        return
    verdict = decided(asked, ours, moves)
    if isinstance(verdict.counterexample, Counterexample):
        turns, begin = verdict.counterexample.turns, verdict.counterexample.loops_from or 0
        assert not any(map(settled, turns[begin:]))
        assert any(PREDICATES[after](turn) and not any(map(settled, turns[n:])) for n, turn in enumerate(turns))
    elif verdict.status is Status.PROVED:
        _, edges = unrolled(ours, moves)
        for stem, loop in lassos(edges):
            turns = [edge.turn for edge in (*stem, *loop)]
            forgotten = any(
                PREDICATES[after](turn) and not any(map(settled, turns[n:])) for n, turn in enumerate(turns)
            )
            assert any(map(settled, turns[len(stem) :])) or not forgotten


# --- under an assumption ----------------------------------------------------------------------------------


@settings(max_examples=50)
@given(small_policies, moves_of, predicates, predicates, st.integers(0, 2), st.integers(0, 1))
def test_given_an_assumption_only_some_runs_count(  # noqa: PLR0917 - Hypothesis draws them
    ours: Policy, moves: tuple[str, ...], harm: str, event: str, most: int, count: int
):
    asked = assuming(at_most(most, PREDICATES[harm]), at_most(count, PREDICATES[event]))

    def broken(turns: Turns) -> bool:
        seen = 0
        for n, turn in enumerate(turns):
            seen += PREDICATES[event](turn)
            if sum(map(PREDICATES[harm], turns[: n + 1])) > most:
                return False
            if seen > count:
                return True
        return False

    is_least(asked, ours, moves, broken)
    passing = decided(asked, ours, moves).nearest_passing
    assert passing is None or sum(map(PREDICATES[harm], passing.turns)) <= most, (
        "what passes does not break the assumption"
    )
    plain = decided(at_most(count, PREDICATES[event]), ours, moves)
    if plain.status is Status.PROVED:
        assert decided(asked, ours, moves).status is Status.PROVED


@settings(max_examples=40)
@given(small_policies, moves_of, predicates, predicates, st.integers(0, 2))
def test_what_comes_eventually_under_an_assumption(
    ours: Policy, moves: tuple[str, ...], harm: str, comes: str, most: int
):
    automaton, edges = unrolled(ours, moves)
    if automaton.stopped is not None:
        return

    def fits(stem: Any, loop: Any) -> bool:
        spared = not any(PREDICATES[harm](edge.turn) for edge in loop)
        return spared and sum(PREDICATES[harm](edge.turn) for edge in stem) <= most

    ever = leads_to(lambda _: True, PREDICATES[comes])
    without = (
        len(stem) + len(loop)
        for stem, loop in lassos(edges)
        if fits(stem, loop) and not any(PREDICATES[comes](edge.turn) for edge in loop)
    )
    best = next(without, None)
    verdict = decided(assuming(at_most(most, PREDICATES[harm]), ever), ours, moves)
    if isinstance(verdict.counterexample, Counterexample):
        shown = verdict.counterexample
        assert sum(map(PREDICATES[harm], shown.turns)) <= most
        assert not any(map(PREDICATES[harm], shown.turns[shown.loops_from or 0 :]))
        assert min(len(shown), LONGEST + 1) == (best or LONGEST + 1)
    else:
        assert verdict.status is Status.PROVED
        assert best is None


def complains(turn: Turn) -> bool:
    return "complaint" in turn.moves


def buys(turn: Turn) -> bool:
    return "purchase" in turn.moves


@policy("waits")
def waits(_: object) -> Any:
    """Do nothing."""
    return "wait"


def test_assumptions_compose(curve: Curve):
    one, two = at_most(1, complains, name="one complaint"), at_most(2, buys, name="two sales")
    either = lambda turn: complains(turn) or buys(turn)  # noqa: E731
    about: dict[str, Any] = {
        "policy": waits,
        "environment": Environment(["complaint", "purchase"]),
        "once_a_turn": True,
    }
    for most, fine in ((3, True), (2, False)):
        once, other = at_most(most, either, name="safe"), at_most(most, either, name="safe")
        report = check(
            curve, assuming(one, assuming(two, once)), assuming(two, assuming(one, other), name="other"), **about
        )
        assert [bool(each) for each in report] == [fine, fine]
        assert report.verdicts[0].name == "safe, assuming two sales, assuming one complaint"
    goal = lambda turn: turn.after.account == "slip"  # noqa: E731
    assert check(curve, assuming(one, assuming(two, possible(goal))), **about).proved
    assert not check(curve, assuming(never(complains), assuming(two, possible(goal))), **about).proved
    eventually = until(lambda _: True, lambda turn: not turn.moves)
    assert not check(curve, eventually, **about).proved
    assert check(curve, assuming(one, assuming(two, eventually)), **about).proved, "only three turns can be otherwise"
    assert check(curve, assuming(one, assuming(two, leads_to(complains, lambda turn: not turn.moves))), **about).proved


def test_an_assumption_that_cannot_hold_makes_it_vacuous(curve: Curve):
    about: dict[str, Any] = {"policy": waits, "environment": Environment(["complaint"])}
    asked = assuming(never(complains), always(lambda _: False, when=complains))
    verdict = check(curve, asked, **about).verdicts[0]
    assert verdict.status is Status.PROVED
    assert verdict.vacuous
    assert not check(curve, assuming(at_most(1, complains), always(lambda _: False, when=complains)), **about).proved


def test_fair_moves_under_an_assumption_are_those_that_it_allows(curve: Curve):
    both = {"policy": waits, "environment": Environment(["complaint", "purchase"]), "once_a_turn": True}
    fair = until(lambda _: True, complains, fair="moves")
    assert check(curve, fair, **both).proved  # type: ignore[arg-type]
    assert not check(curve, assuming(never(complains), fair), **both).proved  # type: ignore[arg-type]
    assert check(curve, assuming(never(buys), fair), **both).proved  # type: ignore[arg-type]


# --- at any time ------------------------------------------------------------------------------------------

ORDERS = [
    at_least(1, lambda turn: "exchange" in turn.signals, per=5, name="something in five turns"),
    at_least(2, lambda turn: not turn.moves, per=4, while_=lambda turn: turn.met.stage == "distrust", name="quiet"),
    before(lambda turn: "kept_major" in turn.signals, lambda turn: turn.after.stage == "advocate", name="earned"),
    before(
        lambda turn: "repair" in turn.signals,
        lambda turn: "company_one_sided" in turn.signals,
        after=complains,
        name="amends before asks",
    ),
    until(lambda turn: "company_one_sided" not in turn.signals, buys, weak=True, name="no ask before a sale"),
    assuming(at_most(1, complains), never(lambda turn: turn.after.doubt > 5, name="calm"), name="one complaint"),
    safety(
        Monitor(
            (0, 0), lambda state, turn: VIOLATED if state == (2, 1) else ((state[0] + complains(turn)) % 3, buys(turn))
        ),
        name="two complaints and a sale",
    ),
]


@pytest.mark.parametrize("path", LARGE_IS_SLOW, ids=lambda path: path.stem)
def test_at_any_time_every_journey_that_is_shown_happens(curve: Curve, path: Path):
    ours = load_policy(path)
    report, slow = check(curve, *ORDERS, policy=ours), check(curve, *ORDERS, policy=ours, once_a_turn=True)
    for verdict, once in zip(report, slow, strict=True):
        assert verdict.status is not Status.UNKNOWN
        shown = verdict.counterexample
        if verdict.status is Status.PROVED:
            assert once.status is Status.PROVED, "what can happen once a turn can happen at any time"
        else:
            assert isinstance(shown, Counterexample)
            assert shown.happens
            assert once.counterexample is None or len(shown) <= len(once.counterexample)


def test_a_strong_until_at_any_time(curve: Curve):
    asked = until(lambda _: True, lambda turn: turn.after.stage == "advocate", name="wins all")
    shown = check(curve, asked, policy=load_policy(EXAMPLES[-1])).verdicts[0].counterexample
    assert isinstance(shown, Counterexample)
    assert shown.happens
    ends = [0, *(place for place, each in enumerate(shown.passages, start=1) if each.met is not None)]
    assert shown.passages[ends[shown.loops_from or 0]].before == shown.passages[-1].after


# --- monitors of one's own --------------------------------------------------------------------------------


@settings(max_examples=30)
@given(small_policies, moves_of, predicates, predicates)
def test_a_monitor_of_ones_own_is_what_a_combinator_makes(ours: Policy, moves: tuple[str, ...], one: str, two: str):
    """Twice one thing with nothing of the other in between, with tuples as states."""

    def step(state: tuple[str, int], turn: Turn) -> Any:
        count = 0 if PREDICATES[two](turn) else state[1] + PREDICATES[one](turn)
        return VIOLATED if count == 2 else ("count", count)

    asked = safety(Monitor(("count", 0), step), relevant=PREDICATES[one])
    same = at_most(1, PREDICATES[one], while_=lambda turn: not PREDICATES[two](turn))
    ours_, theirs = decided(asked, ours, moves), decided(same, ours, moves)
    assert ours_.status is theirs.status
    assert (ours_.counterexample and len(ours_.counterexample)) == (
        theirs.counterexample and len(theirs.counterexample)
    )


def test_relevant_turns_decide_what_is_vacuous(curve: Curve):
    fine = Monitor(0, lambda state, _: state)
    about: dict[str, Any] = {"policy": waits, "environment": Environment(["complaint"])}
    seen, unseen, plain = check(
        curve,
        safety(fine, relevant=complains, name="seen"),
        safety(fine, relevant=buys, name="unseen"),
        safety(fine, name="plain"),
        **about,
    )
    assert [each.vacuous for each in (seen, unseen, plain)] == [False, True, False]


def test_a_monitor_that_remembers_too_much_is_undecided(curve: Curve):
    counts = safety(Monitor(0, lambda turns, _: turns + 1), name="counts turns")
    verdict = check(curve, counts, policy=waits, environment=Environment([]), states_max=5_000).verdicts[0]
    assert verdict.status is Status.UNKNOWN
    assert "states_max=5000" in verdict.note
    deep = safety(Monitor(0, lambda n, _: n + 1), name="deep")
    wide = check(curve, deep, policy=waits, environment=Environment([]), states_max=3_000).verdicts[0]
    assert wide.states <= 3_000


@pytest.mark.parametrize("returned", [None, [1], {}, ([],)])
def test_a_step_that_returns_no_state_is_named(curve: Curve, returned: Any):
    wrong = safety(Monitor(0, lambda *_: returned), name="wrong")
    with pytest.raises(InvalidValueError, match="what the monitor returned must be a state of the monitor"):
        check(curve, wrong, policy=waits)


def test_bad_arguments_are_named():
    for start in (None, [], VIOLATED):
        with pytest.raises(InvalidValueError, match="start must be a state"):
            Monitor(start, lambda state, _: state)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="step must be a function of a state and a turn"):
        Monitor(0, 3)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="monitor must be a Monitor"):
        safety(complains)  # type: ignore[arg-type]
    for made in (
        lambda wrong: safety(Monitor(0, lambda *_: 0), relevant=wrong),
        lambda wrong: at_least(1, wrong, per=2),
        lambda wrong: at_least(1, buys, per=2, while_=wrong),
        lambda wrong: before(wrong, buys),
        lambda wrong: before(buys, wrong),
        lambda wrong: before(buys, buys, after=wrong),
        lambda wrong: until(wrong, buys),
        lambda wrong: until(buys, wrong),
        lambda wrong: leads_to(buys, buys, unless=wrong),
    ):
        with pytest.raises(InvalidValueError, match="must be a function of a turn"):
            made("departed")
    for n, per, says in ((0, 3, "n must"), (1.5, 3, "n must"), (2, 1, "per must be a whole number of at least 2")):
        with pytest.raises(InvalidValueError, match=says):
            at_least(n, buys, per=per)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="weak must be True or False"):
        until(buys, buys, weak="yes")  # type: ignore[arg-type]
    with pytest.raises(UnknownWordError, match="fair"):
        until(buys, buys, fair="chance")  # type: ignore[arg-type]


def test_what_cannot_be_given_is_named():
    one = at_most(1, complains, name="one")
    for wrong in (leads_to(buys, complains), possible(buys), until(buys, complains)):
        with pytest.raises(InvalidValueError, match="assumption must say what never happens"):
            assuming(wrong, one)
    for kind in (recoverable_to(buys), expected_turns(buys, at_most=3)):
        with pytest.raises(InvalidValueError, match="prop must be a property of single journeys"):
            assuming(one, kind)
    with pytest.raises(InvalidValueError, match="assumption must be a property"):
        assuming(complains, one)  # type: ignore[arg-type]
    made = assuming(one, never(buys, name="no sale", description="Why."), name="mine", description="Because.")
    assert (made.name, made.description) == ("mine", "Because.")
    assert assuming(one, never(buys, name="no sale", description="Why.")).description == "Why."


def test_random_journeys_are_not_tried_for_what_they_cannot_show():
    one = at_most(1, complains)
    assert can_be_broken(assuming(one, never(buys)))
    assert can_be_broken(until(buys, complains, weak=True))
    assert not can_be_broken(until(buys, complains))
    assert not can_be_broken(assuming(one, leads_to(buys, complains)))
