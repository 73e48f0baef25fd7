"""The nearest journey that passes: what of a witness would have had to be different."""

from __future__ import annotations

from trustcurve.verification.deciding.search import VIOLATED, Monitor, Run
from trustcurve.verification.unrolling.automaton import Automaton, Edge

__all__ = ["nearest_pass"]

State = tuple[int, int, int]
"""How many turns have passed, the node, and what the monitor has seen."""

Step = tuple[State, Edge] | None


def nearest_pass(automaton: Automaton, monitor: Monitor, witness: Run, most: int) -> Run | None:
    """Find a run as long as a witness that does not break the monitor, with as few other moves as can be.

    Only the environment's moves are counted: what the policy does follows from them. All runs with no
    other move are followed first, then all with one, and so on. It passes up to its end: what comes after is not asked.

    Returns:
        The run; None where every run of this length breaks the monitor, or more than ``most`` states were looked at.
    """
    came: dict[State, Step] = {}
    level: list[tuple[State, Step]] = [((0, 0, monitor.start), None)]
    while level:
        later: list[tuple[State, Step]] = []
        for state, step in level:
            if state in came:
                continue
            if len(came) >= most:
                return None
            came[state] = step
            turns, node, seen = state
            if turns == len(witness):
                return _trace(came, state)
            base, told = automaton.first[node], witness[turns].played.choice
            for offset, edge in enumerate(automaton.out(node)):
                after = monitor.step(seen, automaton.turns[base + offset])
                if after != VIOLATED:
                    same = edge.played.choice == told
                    (level if same else later).append(((turns + 1, edge.target, after), (state, edge)))
        level = later
    return None


def _trace(came: dict[State, Step], state: State) -> Run:
    edges: list[Edge] = []
    while (step := came[state]) is not None:
        state, edge = step
        edges.append(edge)
    return tuple(reversed(edges))
