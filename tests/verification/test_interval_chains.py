"""Chains with intervals on random graphs: every stationary choice is tried, with fractions."""

from __future__ import annotations

from fractions import Fraction
from math import inf
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verification.exact_chain import chances_of, total_until
from tests.verification.pictures import Edge
from tests.verification.test_intervals_of_chances import corners, tried
from trustcurve import Curve
from trustcurve.policies import Environment
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.chain import UndecidedError
from trustcurve.verification.closed_loop import EnvironmentMove
from trustcurve.verification.interval_chain import IntervalChain
from trustcurve.verification.turn_rules import Happening

CURVE = Curve.default()

WORDS = ("nothing", "complaint", "purchase", "advocacy")
QUARTERS = st.integers(0, 4).map(lambda n: n / 4)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Draw intervals of two moves or three, in quarters, that can add up to 1."""
    found: dict[str, Any] = {}
    for move in draw(st.lists(st.sampled_from(WORDS[1:]), min_size=2, max_size=3, unique=True)):
        least, most = sorted((draw(QUARTERS), draw(QUARTERS)))
        left = 1 - sum(its[0] for its in found.values())
        found[move] = (min(least, left), most if most > min(least, left) else min(least, left) + 0.25)
    if draw(st.booleans()):
        found["nothing"] = (0, 0.5)
    if "nothing" in found and sum(its[1] for its in found.values()) < 1:
        del found["nothing"]
    return {move: (least, min(most, 1)) for move, (least, most) in found.items()}


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, Any], list[Edge]]:
    """Draw a world, and edges: of each node, for some moves, to one node or two. An edge's turn is: goal, amount."""
    world, nodes, lost = draw(worlds()), draw(st.integers(2, 5)), draw(st.booleans())
    edges = []
    for node in range(nodes):
        for move in (
            "nothing",
            *(word for word in WORDS if word in world and word != "nothing" and draw(st.booleans())),
        ):
            for place in range(draw(st.sampled_from([1, 1, 1, 2]))):
                turn: Any = (draw(st.integers(0, 3)) == 0, draw(st.integers(-1, 2)))
                target = draw(st.integers(0, nodes - 1))
                if lost and node == nodes - 1:  # from here the goal never comes
                    turn, target = (False, turn[1]), node
                edges.append(Edge(node, target, EnvironmentMove(move, place), None, turn))  # type: ignore[arg-type]
    return world, edges


def chain_of(world: dict[str, Any], edges: list[Edge]) -> IntervalChain:
    nodes = 1 + max(edge.source for edge in edges)
    zeros = np.zeros(len(edges), np.int64)
    loop: Any = SimpleNamespace(
        environment=Environment(world), curve=CURVE, table=SimpleNamespace(positions=[CURVE.start], states=CURVE.states)
    )
    automaton = Automaton(
        loop=loop,
        contexts=(None,),  # type: ignore[arg-type]
        memories=((),),
        context=np.zeros(nodes, np.int64),
        memory=np.zeros(nodes, np.int64),
        position=np.zeros(nodes, np.int64),
        begun=np.zeros(nodes, np.int64),
        first=np.searchsorted([edge.source for edge in edges], np.arange(nodes + 1)),
        target=np.array([edge.target for edge in edges]),
        happenings=tuple(Happening(word, None, None, ()) for word in WORDS),  # type: ignore[arg-type]
        happening=np.array([WORDS.index(edge.move.name) for edge in edges]),
        ends=np.ones(len(edges), bool),
        met=zeros,
    )
    return IntervalChain(automaton, np.array([edge.turn[0] for edge in edges]))  # type: ignore[index]


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_the_ends_are_those_of_the_best_and_the_worst_choice(graph: tuple[dict[str, Any], list[Edge]]):
    world, edges = graph
    wanted: Any = lambda turn: turn[0]  # noqa: E731
    amount: Any = lambda turn: turn[1]  # noqa: E731
    chain = chain_of(world, edges)
    if not isinstance(Environment(world).ranges, dict):
        return
    choices = {
        node: corners(world, {edge.move.name for edge in edges if edge.source == node})
        for node in {edge.source for edge in edges}
    }
    chances: list[Fraction] = []
    turns: list[Any] = []
    totals: list[Any] = []
    for choice in tried(edges, choices, wanted):
        likely = chances_of(edges, {}, choice)
        chances.append(total_until(edges, likely, lambda turn: int(wanted(turn)), wanted))
        certain = chances[-1] == 1
        turns.append(total_until(edges, likely, lambda _: 1, wanted) if certain else inf)
        totals.append(total_until(edges, likely, amount, wanted) if certain else None)
    found = chain.probability(None)
    assert found == pytest.approx((float(min(chances)), float(max(chances))), abs=1e-9)
    assert [each in (0, 1) for each in found] == [each in (0, 1) for each in (min(chances), max(chances))]
    assert chain.turns() == pytest.approx((float(min(turns)), float(max(turns))), rel=1e-9)
    amounts = np.array([edge.turn[1] for edge in edges], float)  # type: ignore[index]
    if None in totals:
        with pytest.raises(UndecidedError, match="may never come"):
            chain.total(amounts, None)
    else:
        assert chain.total(amounts, None) == pytest.approx((float(min(totals)), float(max(totals))), abs=1e-9)
