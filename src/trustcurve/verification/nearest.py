"""The nearest journey that passes: what of a witness would have had to be different."""

from __future__ import annotations

from trustcurve.verification.automaton import Automaton, Edge
from trustcurve.verification.search import VIOLATED, Monitor, Run

__all__ = ["nearest_pass"]

State = tuple[int, int]


def nearest_pass(automaton: Automaton, monitor: Monitor, witness: Run) -> Run | None:
    """Find a run as long as a witness that does not break the monitor, with as few other moves as can be.

    Only the environment's moves are counted: what the policy does follows from them. Layer by layer,
    each state keeps its cheapest way.

    Returns:
        The run; None where every run of this length breaks the monitor.
    """
    layer: dict[State, tuple[int, tuple[Edge, ...]]] = {(0, monitor.start): (0, ())}
    for told in witness:
        then: dict[State, tuple[int, tuple[Edge, ...]]] = {}
        for (node, seen), (cost, way) in layer.items():
            base = automaton.first[node]
            for offset, edge in enumerate(automaton.out(node)):
                after = monitor.step(seen, automaton.turns[base + offset])
                if after == VIOLATED:
                    continue
                dear = cost + (edge.played.choice != told.played.choice)
                state = (edge.target, after)
                if state not in then or dear < then[state][0]:
                    then[state] = (dear, (*way, edge))
        layer = then
    return min(layer.values(), key=lambda each: each[0])[1] if layer else None
