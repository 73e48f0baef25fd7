"""Connected things: lassos and nearest journeys are the least of all there are, found by trying every run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.pictures import Edge, edges_of, move_of
from tests.verification.strategies import small_policies
from trustcurve import Curve
from trustcurve.policies import Environment, Policy, policy, since
from trustcurve.verification import Counterexample, Status, Verdict, always, at_most, check, leads_to, recoverable_to
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import ClosedLoop, Passage
from trustcurve.verification.product import graph_of
from trustcurve.verification.property import Safety
from trustcurve.verification.search import components, on_a_cycle
from trustcurve.verification.turn import Turn
from trustcurve.verification.unrolling import unroll_loop

LONGEST = 7
MOVES = [("complaint",), ("kept",), ("advocacy", "kept"), ("departure", "return"), ("purchase",)]
PREDICATES: dict[str, Callable[[Turn], bool]] = {
    "something is owed": lambda turn: turn.met.account in ("slip", "breach"),
    "the company acts": lambda turn: bool(turn.actions),
    "the company asks": lambda turn: "ask" in turn.actions,
    "the customer complains": lambda turn: "complaint" in turn.moves,
    "nothing happens": lambda turn: not turn.moves,
    "the customer distrusts": lambda turn: turn.after.stage == "distrust",
    "the customer does not": lambda turn: turn.after.stage != "distrust",
    "a promise is open": lambda turn: turn.open_after > 0,
    "nothing ever": lambda _: False,
}
predicates = st.sampled_from(list(PREDICATES))
DEFAULT = Curve.default()


Run = tuple[Edge, ...]


def unrolled(ours: Policy, moves: tuple[str, ...]) -> tuple[Automaton, list[Edge]]:
    automaton = unroll_loop(ClosedLoop(curve=DEFAULT, policy=ours, environment=Environment(moves)))
    return automaton, edges_of(automaton)


def runs(edges: list[Edge], length: int, node: int = 0) -> Iterator[Run]:
    """Return every run of a length."""
    if length == 0:
        yield ()
        return
    for edge in edges:
        if edge.source == node:
            yield from ((edge, *rest) for rest in runs(edges, length - 1, edge.target))


def lassos(automaton: list[Edge]) -> Iterator[tuple[Run, Run]]:
    """Return every stem and loop that together are no longer than the longest, the shortest first."""
    for length in range(1, LONGEST + 1):
        for run in runs(automaton, length):
            nodes = [0, *(edge.target for edge in run)]
            for place, node in enumerate(nodes[:-1]):
                if node == nodes[-1]:
                    yield run[:place], run[place:]


def forgets(turns: list[Turn], stem: int, after: str, comes: str) -> bool:
    """Say whether something is called for and never comes, going round forever from a turn on."""
    if any(PREDICATES[comes](turn) for turn in turns[stem:]):
        return False
    last = max((n for n, turn in enumerate(turns) if PREDICATES[comes](turn)), default=-1)
    return any(PREDICATES[after](turn) for turn in turns[last + 1 :])


@settings(max_examples=60)
@given(small_policies, st.sampled_from(MOVES), predicates, predicates)
def test_a_lasso_is_least(ours: Policy, moves: tuple[str, ...], after: str, comes: str):
    asked = leads_to(PREDICATES[after], PREDICATES[comes])
    verdict = check(DEFAULT, asked, policy=ours, environment=Environment(moves), once_a_turn=True).verdicts[0]
    automaton, edges = unrolled(ours, moves)
    if automaton.stopped is not None:
        return
    found = ((stem, [edge.turn for edge in (*stem, *loop)]) for stem, loop in lassos(edges))
    best = next((len(turns) for stem, turns in found if forgets(turns, len(stem), after, comes)), None)
    if verdict.counterexample is None:
        assert verdict.status is Status.PROVED
        assert best is None
        return
    witness = verdict.counterexample
    assert isinstance(witness, Counterexample)
    assert goes_round(witness)
    assert forgets(list(witness.turns), witness.loops_from or 0, after, comes)
    if best is None:
        assert len(witness) > LONGEST
    else:
        assert len(witness) == best


def goes_round(witness: Counterexample) -> bool:
    """Say whether a witness is a run that comes back to where its loop begins."""
    assert witness.loops_from is not None
    joined = all(one.after == other.before for one, other in pairwise(witness.passages))
    begin = witness.passages[witness.loops_from].before
    return joined and witness.passages[0].before == witness.loop.start and witness.passages[-1].after == begin


@settings(max_examples=60)
@given(small_policies, st.sampled_from(MOVES), predicates)
def test_where_nothing_leads_back_is_shown_by_a_least_lasso(ours: Policy, moves: tuple[str, ...], goal: str):
    asked = recoverable_to(PREDICATES[goal])
    verdict = check(DEFAULT, asked, policy=ours, environment=Environment(moves), once_a_turn=True).verdicts[0]
    automaton, edges = unrolled(ours, moves)
    if automaton.stopped is not None:
        assert verdict.status is Status.UNKNOWN
        return
    hopes = {edge.source for edge in edges if PREDICATES[goal](edge.turn)}
    while more := {edge.source for edge in edges if edge.target in hopes} - hopes:
        hopes |= more
    lost = set(range(automaton.states)) - hopes
    assert verdict.status is (Status.REFUTED if lost else Status.PROVED)
    if isinstance(verdict.counterexample, Counterexample):
        assert goes_round(verdict.counterexample)
        best = next((len(s) + len(c) for s, c in lassos(edges) if c[0].source in lost), LONGEST + 1)
        assert min(len(verdict.counterexample), LONGEST + 1) == best


@settings(max_examples=60)
@given(small_policies, st.sampled_from(MOVES), predicates, st.integers(0, 2))
def test_the_nearest_that_passes_is_nearest(ours: Policy, moves: tuple[str, ...], event: str, most: int):
    asked = at_most(most, PREDICATES[event])
    verdict = check(DEFAULT, asked, policy=ours, environment=Environment(moves), once_a_turn=True).verdicts[0]
    witness = verdict.counterexample
    if not isinstance(witness, Counterexample) or len(witness) > LONGEST:
        return
    _, edges = unrolled(ours, moves)
    passing = [run for run in runs(edges, len(witness)) if not breaks([edge.turn for edge in run], asked)]
    if verdict.nearest_passing is None:
        assert passing == []
        return
    assert not breaks(list(verdict.nearest_passing.turns), asked)
    assert len(verdict.nearest_passing) == len(witness)
    least = min(changes(tuple(edge.passage for edge in run), witness.passages) for run in passing)
    assert changes(verdict.nearest_passing.passages, witness.passages) == least


def changes(one: tuple[Passage, ...], other: tuple[Passage, ...]) -> int:
    return sum(move_of(a) != move_of(b) for a, b in zip(one, other, strict=True))


def breaks(turns: list[Turn], asked: Safety) -> bool:
    """Run the monitor of a property over a run."""
    state = asked.monitor.start
    for turn in turns:
        state = asked.monitor.step(state, turn)
        if state == -2:  # violated
            return True
    return False


# --- fairness -----------------------------------------------------------------------------------


@policy("a friend", promise_due=1)
def friend(view: object) -> str:  # the customer decides how it goes on
    return "exchange" if view.quiet >= 2 else "wait"  # type: ignore[attr-defined]


def decided(curve: Curve, fair: str, environment: Environment, comes: Callable[[Turn], bool]) -> Verdict:
    asked = leads_to(lambda turn: "complaint" in turn.moves, comes, fair=fair)  # type: ignore[arg-type]
    return check(curve, asked, policy=friend, environment=environment, once_a_turn=True).verdicts[0]  # type: ignore[arg-type]


def test_fairness_is_what_it_says(curve: Curve):
    both = Environment(["complaint", "purchase"])
    bought = decided(curve, "nothing", both, lambda turn: "purchase" in turn.moves)
    assert bought.status is Status.REFUTED, "it may complain forever and never buy"
    assert decided(curve, "moves", both, lambda turn: "purchase" in turn.moves), "but not if it can and always does"
    assert not decided(curve, "moves", both, lambda turn: "ask" in turn.actions), "no fairness makes the company ask"


def test_fairness_says_nothing_about_what_was_not_unrolled(curve: Curve):
    asked = leads_to(lambda turn: "complaint" in turn.moves, lambda turn: turn.after.stage == "hopeful", fair="moves")
    verdict = check(curve, asked, policy=friend, states_max=2).verdicts[0]  # type: ignore[arg-type]
    assert verdict.status is Status.UNKNOWN


# --- components ----------------------------------------------------------------------------------


@settings(max_examples=40)
@given(small_policies, st.sampled_from(MOVES), st.integers(1, 3))
def test_components_are_who_can_reach_each_other(ours: Policy, moves: tuple[str, ...], every: int):
    automaton = unroll_loop(ClosedLoop(curve=DEFAULT, policy=ours, environment=Environment(moves)), states_max=60)
    usable = np.arange(automaton.transitions) % every == 0
    reach = {node: set[int]() for node in range(automaton.states)}
    for source, target in zip(automaton.source[usable], automaton.target[usable], strict=True):
        reach[int(source)].add(int(target))
    for middle, beyond in reach.items():
        for reached in reach.values():
            if middle in reached:
                reached.update(beyond)
    graph = graph_of(automaton, ())
    label = components(graph, usable)
    for one, reached in reach.items():
        for other, back in reach.items():
            mutual = one == other or (other in reached and one in back)
            assert (label[one] == label[other]) == mutual
    assert on_a_cycle(graph, usable, usable).tolist() == [node in reached for node, reached in reach.items()]


def test_of_runs_of_one_length_all_may_break_a_property(curve: Curve):
    verdict = check(curve, always(lambda _: False), policy=friend).verdicts[0]  # type: ignore[arg-type]
    assert verdict.counterexample is not None
    assert len(verdict.counterexample) == 1
    assert verdict.nearest_passing is None


@pytest.mark.parametrize("within", [0, 1, 2])
def test_within_so_many_turns_means_so_many(curve: Curve, within: int):
    late = policy("late", recalls=[since("contact", 3), since("joining", 3)])(
        lambda v: "repair" if v.account == "slip" and v.since("contact") == 3 and v.since("joining") == 3 else "wait"
    )
    asked = leads_to(
        lambda turn: turn.met.account == "slip", lambda turn: "repair" in turn.actions, within=within, name="within"
    )
    verdict = check(curve, asked, policy=late, environment=Environment(["complaint"]), once_a_turn=True).verdicts[0]
    assert verdict.status is (Status.PROVED if within == 2 else Status.REFUTED)
    if verdict.counterexample is not None:
        assert len(verdict.counterexample) == within + 1
