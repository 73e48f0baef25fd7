"""Connected things: lassos and nearest journeys are the least of all there are, found by trying every run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.strategies import small_policies
from trustcurve import Curve
from trustcurve.policies import Environment, Policy, policy
from trustcurve.verification import Counterexample, Status, Verdict, always, at_most, check, leads_to, recoverable_to
from trustcurve.verification.automaton import Automaton, Turn, unroll_loop
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.property import Safety
from trustcurve.verification.search import Run, components, on_a_cycle

LONGEST = 7
MOVES = [("complaint",), ("kept",), ("advocacy", "kept"), ("departure", "return"), ("purchase",)]
PREDICATES: dict[str, Callable[[Turn], bool]] = {
    "something is owed": lambda turn: turn.met.account in ("slip", "breach"),
    "the company acts": lambda turn: turn.action != "wait",
    "the company asks": lambda turn: turn.action == "ask",
    "the customer complains": lambda turn: turn.move == "complaint",
    "nothing happens": lambda turn: turn.move == "nothing",
    "the customer distrusts": lambda turn: turn.after.stage == "distrust",
    "the customer does not": lambda turn: turn.after.stage != "distrust",
    "a promise is open": lambda turn: turn.open_after > 0,
    "nothing ever": lambda _: False,
}
predicates = st.sampled_from(list(PREDICATES))
DEFAULT = Curve.default()


def runs(automaton: Automaton, length: int, node: int = 0) -> Iterator[Run]:
    """Return every run of a length."""
    if length == 0:
        yield ()
        return
    for edge in automaton.out(node):
        yield from ((edge, *rest) for rest in runs(automaton, length - 1, edge.target))


def lassos(automaton: Automaton) -> Iterator[tuple[Run, Run]]:
    """Return every stem and loop that together are no longer than the longest, the shortest first."""
    for length in range(1, LONGEST + 1):
        for run in runs(automaton, length):
            nodes = [0, *(edge.target for edge in run)]
            for place, node in enumerate(nodes[:-1]):
                if node == nodes[-1]:
                    yield run[:place], run[place:]


def forgets(automaton: Automaton, stem: Run, loop: Run, after: str, comes: str) -> bool:
    """Say whether something is called for and never comes, going round the loop forever."""
    turns = [automaton.turn(edge) for edge in (*stem, *loop)]
    if any(PREDICATES[comes](turn) for turn in turns[len(stem) :]):
        return False
    last = max((n for n, turn in enumerate(turns) if PREDICATES[comes](turn)), default=-1)
    return any(PREDICATES[after](turn) for turn in turns[last + 1 :])


@settings(max_examples=60)
@given(small_policies, st.sampled_from(MOVES), predicates, predicates)
def test_a_lasso_is_least(ours: Policy, moves: tuple[str, ...], after: str, comes: str):
    asked = leads_to(PREDICATES[after], PREDICATES[comes])
    verdict = check(DEFAULT, asked, policy=ours, environment=Environment(moves)).verdicts[0]
    automaton = unroll_loop(ClosedLoop(curve=DEFAULT, policy=ours, environment=Environment(moves)))
    if automaton.stopped is not None:
        return
    best = next((len(s) + len(c) for s, c in lassos(automaton) if forgets(automaton, s, c, after, comes)), None)
    if verdict.counterexample is None:
        assert verdict.status is Status.PROVED
        assert best is None
        return
    witness = verdict.counterexample
    assert isinstance(witness, Counterexample)
    assert goes_round(witness)
    stem, loop = witness.edges[: witness.loops_from], witness.edges[witness.loops_from :]
    assert forgets(automaton, stem, loop, after, comes)
    if best is None:
        assert len(witness) > LONGEST
    else:
        assert len(witness) == best


def goes_round(witness: Counterexample) -> bool:
    """Say whether a witness is a run that comes back to where its loop begins."""
    assert witness.loops_from is not None
    joined = all(one.record.after == other.record.before for one, other in pairwise(witness.edges))
    begin = witness.edges[witness.loops_from].record.before
    return joined and witness.edges[0].record.before == witness.loop.start and witness.edges[-1].record.after == begin


@settings(max_examples=60)
@given(small_policies, st.sampled_from(MOVES), predicates)
def test_where_nothing_leads_back_is_shown_by_a_least_lasso(ours: Policy, moves: tuple[str, ...], goal: str):
    verdict = check(DEFAULT, recoverable_to(PREDICATES[goal]), policy=ours, environment=Environment(moves)).verdicts[0]
    automaton = unroll_loop(ClosedLoop(curve=DEFAULT, policy=ours, environment=Environment(moves)))
    if automaton.stopped is not None:
        assert verdict.status is Status.UNKNOWN
        return
    hopes = {edge.source for edge in automaton.edges if PREDICATES[goal](automaton.turn(edge))}
    while more := {edge.source for edge in automaton.edges if edge.target in hopes} - hopes:
        hopes |= more
    lost = set(range(len(automaton.nodes))) - hopes
    assert verdict.status is (Status.REFUTED if lost else Status.PROVED)
    if isinstance(verdict.counterexample, Counterexample):
        assert goes_round(verdict.counterexample)
        best = next((len(s) + len(c) for s, c in lassos(automaton) if c[0].source in lost), LONGEST + 1)
        assert min(len(verdict.counterexample), LONGEST + 1) == best


@settings(max_examples=60)
@given(small_policies, st.sampled_from(MOVES), predicates, st.integers(0, 2))
def test_the_nearest_that_passes_is_nearest(ours: Policy, moves: tuple[str, ...], event: str, most: int):
    asked = at_most(most, PREDICATES[event])
    verdict = check(DEFAULT, asked, policy=ours, environment=Environment(moves)).verdicts[0]
    witness = verdict.counterexample
    if not isinstance(witness, Counterexample) or len(witness) > LONGEST:
        return
    automaton = unroll_loop(ClosedLoop(curve=DEFAULT, policy=ours, environment=Environment(moves)))
    passing = [run for run in runs(automaton, len(witness)) if not breaks(automaton, run, asked)]
    if verdict.nearest_passing is None:
        assert passing == []
        return
    assert not breaks(automaton, verdict.nearest_passing.edges, asked)
    assert len(verdict.nearest_passing) == len(witness)
    assert changes(verdict.nearest_passing.edges, witness.edges) == min(changes(run, witness.edges) for run in passing)


def changes(one: Run, other: Run) -> int:
    return sum(a.record.move != b.record.move for a, b in zip(one, other, strict=True))


def breaks(automaton: Automaton, run: Run, asked: Safety) -> bool:
    """Run the monitor of a property over a run."""
    state = asked.monitor.start
    for edge in run:
        state = asked.monitor.step(state, automaton.turn(edge))
        if state == -2:  # violated
            return True
    return False


# --- fairness -----------------------------------------------------------------------------------


@policy("a friend", promise_due=1)
def friend(view: object) -> str:  # the customer decides how it goes on
    return "exchange" if view.quiet >= 2 else "wait"  # type: ignore[attr-defined]


def decided(curve: Curve, fair: str, environment: Environment, comes: Callable[[Turn], bool]) -> Verdict:
    asked = leads_to(lambda turn: turn.move == "complaint", comes, fair=fair)  # type: ignore[arg-type]
    return check(curve, asked, policy=friend, environment=environment).verdicts[0]  # type: ignore[arg-type]


def test_fairness_is_what_it_says(curve: Curve):
    both = Environment(["complaint", "purchase"])
    bought = decided(curve, "nothing", both, lambda turn: turn.move == "purchase")
    assert bought.status is Status.REFUTED, "it may complain forever and never buy"
    assert decided(curve, "moves", both, lambda turn: turn.move == "purchase"), "but not if it can and always does"
    assert not decided(curve, "moves", both, lambda turn: turn.action == "ask"), "no fairness makes the company ask"


def test_fairness_says_nothing_about_what_was_not_unrolled(curve: Curve):
    asked = leads_to(lambda turn: turn.move == "complaint", lambda turn: turn.after.stage == "hopeful", fair="moves")
    verdict = check(curve, asked, policy=friend, states_max=2).verdicts[0]  # type: ignore[arg-type]
    assert verdict.status is Status.UNKNOWN


# --- components ----------------------------------------------------------------------------------


@settings(max_examples=40)
@given(small_policies, st.sampled_from(MOVES), st.integers(1, 3))
def test_components_are_who_can_reach_each_other(ours: Policy, moves: tuple[str, ...], every: int):
    automaton = unroll_loop(ClosedLoop(curve=DEFAULT, policy=ours, environment=Environment(moves)), states_max=60)
    usable = [number % every == 0 for number in range(len(automaton.edges))]
    reach = {node: set[int]() for node in range(len(automaton.nodes))}
    for edge, use in zip(automaton.edges, usable, strict=True):
        if use:
            reach[edge.source].add(edge.target)
    for middle, beyond in reach.items():
        for reached in reach.values():
            if middle in reached:
                reached.update(beyond)
    label = components(automaton, usable)
    for one, reached in reach.items():
        for other, back in reach.items():
            mutual = one == other or (other in reached and one in back)
            assert (label[one] == label[other]) == mutual
    assert on_a_cycle(automaton, usable) == [node in reached for node, reached in reach.items()]


def test_of_runs_of_one_length_all_may_break_a_property(curve: Curve):
    verdict = check(curve, always(lambda _: False), policy=friend).verdicts[0]  # type: ignore[arg-type]
    assert verdict.counterexample is not None
    assert len(verdict.counterexample) == 1
    assert verdict.nearest_passing is None


@pytest.mark.parametrize("within", [0, 1, 2])
def test_within_so_many_turns_means_so_many(curve: Curve, within: int):
    late = policy("late", remember=2)(
        lambda v: "repair" if v.account == "slip" and v.last[:1] == ("wait",) and v.last[1:] == ("wait",) else "wait"
    )
    asked = leads_to(
        lambda turn: turn.met.account == "slip", lambda turn: turn.action == "repair", within=within, name="within"
    )
    verdict = check(curve, asked, policy=late, environment=Environment(["complaint"])).verdicts[0]
    assert verdict.status is (Status.PROVED if within == 2 else Status.REFUTED)
    if verdict.counterexample is not None:
        assert len(verdict.counterexample) == within + 1
