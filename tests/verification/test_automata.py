"""What automata-lib says: the same shortest journeys, the same differences, the same equivalences."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from automata.fa.dfa import DFA
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.strategies import parameters
from tests.verification.pictures import Edge, edges_of
from tests.verification.strategies import small_policies
from tests.verification.test_searches import MOVES, PREDICATES, predicates
from trustcurve import Curve
from trustcurve.policies import Environment, Policy
from trustcurve.verification import Status, at_most, check, diff, equivalent
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.unrolling import unroll_loop

DEFAULT = Curve.default()
Word = Callable[[Edge], str]


def as_dfa(automaton: Automaton, word: Word) -> DFA:
    """Make a DFA that accepts every run of the loop, a word a turn."""
    words: dict[int, dict[str, int]] = {node: {} for node in range(automaton.states)}
    for edge in edges_of(automaton):
        words[edge.source][word(edge)] = edge.target
    return DFA(
        states=set(words),
        input_symbols={each for row in words.values() for each in row},
        transitions=words,
        initial_state=0,
        final_states=set(words),
        allow_partial=True,
    )


def more_than(most: int, symbols: set[str]) -> DFA:
    """Make a DFA that accepts the runs with more than so many turns that are marked "!"."""
    rows = {n: {each: min(n + each.endswith("!"), most + 1) for each in symbols} for n in range(most + 2)}
    return DFA(states=set(rows), input_symbols=symbols, transitions=rows, initial_state=0, final_states={most + 1})


def chosen(edge: Edge) -> str:
    return f"{edge.move.name} {edge.move.promise}"


@settings(max_examples=40)
@given(small_policies, st.sampled_from(MOVES), predicates, st.integers(0, 3))
def test_a_witness_is_as_short_as_the_shortest_word(ours: Policy, moves: tuple[str, ...], event: str, most: int):
    environment, happens = Environment(moves), PREDICATES[event]
    automaton = unroll_loop(ClosedLoop(curve=DEFAULT, policy=ours, environment=environment))
    if automaton.stopped is not None:
        return
    runs = as_dfa(automaton, lambda edge: chosen(edge) + ("!" if happens(edge.turn) else "."))
    bad = runs & more_than(most, set(runs.input_symbols))
    verdict = check(DEFAULT, at_most(most, happens), policy=ours, environment=environment, once_a_turn=True).verdicts[0]
    if verdict.counterexample is None:
        assert verdict.status is Status.PROVED
        assert bad.isempty()
    else:
        assert len(verdict.counterexample) == bad.minimum_word_length()


@settings(max_examples=40)
@given(small_policies, small_policies, st.sampled_from(MOVES))
def test_policies_part_where_their_languages_do(one: Policy, other: Policy, moves: tuple[str, ...]):
    environment = Environment(moves)
    automata = [unroll_loop(ClosedLoop(curve=DEFAULT, policy=each, environment=environment)) for each in (one, other)]
    if any(automaton.stopped is not None for automaton in automata):
        return

    def acted(policy: Policy) -> Word:
        due = policy.promise_due
        return lambda edge: (
            f"{chosen(edge)} {set(edge.turn.actions)} {due if any(each.startswith('promise_') for each in edge.turn.actions) else ''}"
        )

    told = [as_dfa(automaton, acted(each)) for automaton, each in zip(automata, (one, other), strict=True)]
    symbols = {symbol for dfa in told for symbol in dfa.input_symbols}
    first, second = (wider(dfa, symbols) for dfa in told)
    difference = diff(one, other, curve=DEFAULT, environment=environment, once_a_turn=True)
    same = equivalent(one, other, curve=DEFAULT, environment=environment, once_a_turn=True)
    assert same == (first == second) == (not difference)
    if difference:
        assert difference.old is not None
        assert len(difference.old) == (first ^ second).minimum_word_length()


def wider(dfa: DFA, symbols: set[str]) -> DFA:
    """Make the same DFA over more symbols."""
    return DFA(
        states=dfa.states,
        input_symbols=symbols,
        transitions={state: dict(row) for state, row in dfa.transitions.items()},
        initial_state=dfa.initial_state,
        final_states=dfa.final_states,
        allow_partial=True,
    ).to_complete()


# --- curves -------------------------------------------------------------------------------------


def stands_at_least(curve: Curve, rank: int) -> DFA:
    """Make a DFA that accepts the signals after which a customer stands at least so high."""
    table = curve.table()
    return DFA(
        states=set(range(len(table))),
        input_symbols=set(table.signals),
        transitions={n: dict(zip(table.signals, row, strict=True)) for n, row in enumerate(table.next)},
        initial_state=0,
        final_states={n for n, standing in enumerate(table.ranks) if standing >= rank},
    )


def languages_differ_after(old: Curve, new: Curve) -> int | None:
    """Return the length of the shortest signals after which a customer stands elsewhere."""
    lengths = []
    for rank in range(1, len(old.states)):
        differing = stands_at_least(old, rank) ^ stands_at_least(new, rank)
        if not differing.isempty():
            lengths.append(differing.minimum_word_length())
    return min(lengths, default=None)


def differ_after(old: Curve, new: Curve) -> int | None:
    signals = diff(old, new).signals
    return None if signals is None else len(signals)


SMALL = {"kept_max": 1, "engaged_max": 2, "doubt_max": 4, "advocate_kept": 1, "advocate_engaged": 2}
SMALL |= {"competitive_max": 3, "suspicious_max": 2, "hopeful_lost_at": 4, "customer_centric_engaged": 2}
SMALL |= {"customer_centric_lost_at": 3, "advocate_lost_at": 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"one_sided_doubt": 1},
        {"initial_doubt": 1},
        {"broken_major_doubt": 4},
        {"broken_minor_doubt": 2},
        {"minor_engaged_max": 1},
        {"hopeful_lost_at": 3},
        {"customer_centric_doubt_max": 0},
        {"advocate_engaged": 1},
    ],
)
def test_curves_differ_where_their_languages_do(change: dict[str, int]):
    old, new = Curve.default(**SMALL), Curve.default(**{**SMALL, **change})
    assert differ_after(old, new) == languages_differ_after(old, new)
    assert equivalent(old, new) == (not change)


@pytest.mark.slow
@settings(max_examples=8)
@given(parameters(kept_max=1, engaged_max=2, doubt_max=3), parameters(kept_max=1, engaged_max=2, doubt_max=3))
def test_any_curves_differ_where_their_languages_do(one: dict[str, int], other: dict[str, int]):
    old, new = Curve.default(**one), Curve.default(**other)
    assert differ_after(old, new) == languages_differ_after(old, new)
