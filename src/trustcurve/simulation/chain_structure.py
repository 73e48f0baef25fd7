"""What a turn changes: each change of leaf state, with the rule behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from attrs import define, frozen
from numpy.typing import NDArray

from trustcurve.core.curve import Curve
from trustcurve.core.errors import TrustcurveError
from trustcurve.core.extras import require
from trustcurve.core.table import Table
from trustcurve.policies import ACTIONS, MOVES, Environment, Move, Policy
from trustcurve.verification.unrolling.automaton import Automaton, unroll_loop
from trustcurve.verification.unrolling.collecting import not_collecting
from trustcurve.verification.unrolling.loop import Loop

__all__ = [
    "CUSTOMER",
    "LOST",
    "LOST_NAME",
    "STRANGER",
    "Change",
    "Changes",
    "Shape",
    "SimulationError",
    "UnboundedPolicyError",
    "changes_of",
    "shape_of",
]


class SimulationError(TrustcurveError):
    """The root of the errors about simulations."""


@define(slots=False, repr=False)
class UnboundedPolicyError(SimulationError):
    """The loop of a policy has no end within the limits: ``policy``, ``problem``."""

    policy: str
    problem: str

    def __str__(self) -> str:
        return f"policy {self.policy!r} cannot be simulated: {self.problem}"


class Change(NamedTuple):
    """A change of leaf state: from where to where, by which signal and rule, and how many places in rank."""

    before: str
    after: str
    signal: str
    rule: str
    because: str
    places: int


class Changes(NamedTuple):
    """Every kind of change, and which of them each edge makes.

    An edge's ``way`` says which signals came where; ``times[kind, way]`` says how often such an edge makes a change.
    """

    kinds: tuple[Change, ...]
    way: NDArray[np.int32]
    times: NDArray[np.float64]


def changes_of(automaton: Automaton) -> Changes:
    """Find out what each edge changes."""
    table = automaton.loop.table
    columns = {signal: number for number, signal in enumerate(table.signals)}
    ways: dict[tuple[int, tuple[tuple[str, str], ...]], int] = {}
    kinds: dict[Change, int] = {}
    made: list[list[int]] = []
    numbers: list[int] = []
    for source, _, played in automaton.edges:
        key = (automaton.nodes[source].position, played.signals)
        way = ways.get(key)
        if way is None:
            way = ways[key] = len(made)
            made.append([kinds.setdefault(change, len(kinds)) for change in _changes(table, columns, *key)])
        numbers.append(way)
    return Changes(tuple(kinds), np.array(numbers, np.int32), _times(made, len(kinds)))


def _changes(
    table: Table, columns: dict[str, int], position: int, signals: tuple[tuple[str, str], ...]
) -> Sequence[Change]:
    found = []
    for _, signal in signals:
        reaction = table.reactions[position][columns[signal]]
        if reaction.moved:
            found.append(
                Change(
                    reaction.state_before, reaction.state_after, signal, reaction.rule.name, reaction.because, reaction.change
                )
            )  # fmt: skip
        position = table.next[position][columns[signal]]
    return found


def _times(made: list[list[int]], kinds: int) -> NDArray[np.float64]:
    times = np.zeros((kinds, len(made)))
    for way, changes in enumerate(made):
        for kind in changes:
            times[kind, way] += 1
    return times


STRANGER, CUSTOMER, LOST = 0, 1, 2
"""A customer's past."""

LOST_NAME = "lost"
"""How those are called who were customers and are none any more, beside the names of stages."""

_PASTS: Final = 3
_KEPT = 32
_MOST_STATES = 500_000

Ints = NDArray[np.int32]
Small = NDArray[np.int8]


@frozen(eq=False)
class Shape:
    """An unrolled loop.

    Args:
        policy: The policy's name.
        turn: How long a turn lasts.
        states: The leaf states, from low to high.
        stages: The stages, in the curve's order.
        source: The node before each edge; edges are ordered by it, and node 0 is the start.
        target: The node after each edge.
        move: The environment's move on each edge, a number in ``MOVES``.
        action: The policy's action on each edge, a number in ``ACTIONS``.
        way: What each edge changes; see ``times``.
        state: The leaf state of each node.
        stage: The stage of each node.
        past: The past of each node.
        at_risk: Whether a customer of each node is lost but has not left, as the environment's move comes.
        kinds: Every change of leaf state that there is.
        times: ``times[kind, way]``: how often an edge of this way makes such a change.
    """

    policy: str
    turn: timedelta
    states: tuple[str, ...]
    stages: tuple[str, ...]
    source: Ints
    target: Ints
    move: Small
    action: Small
    way: Ints
    state: Small
    stage: Small
    past: Small
    at_risk: NDArray[np.bool_]
    kinds: tuple[Change, ...]
    times: NDArray[np.float64]

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.state)

    @property
    def edges(self) -> int:
        """How many edges there are."""
        return len(self.target)

    @property
    def counted(self) -> int:
        """How many things are told apart by ``added_up``."""
        return len(self.kinds) + len(ACTIONS) + len(MOVES)

    @cached_property
    def _adds_up(self) -> Any:
        """What each edge counts as: sparse, (edges, kinds + actions + moves)."""
        sparse = require("scipy.sparse", "simulation")  # dense, it would start threads for next to nothing
        ones, every = np.ones(self.edges), np.arange(self.edges)
        groups = ((self.way, self.times.shape[1]), (self.action, len(ACTIONS)), (self.move, len(MOVES)))
        ways, actions, moves = (
            sparse.csr_matrix((ones, (every, group)), shape=(self.edges, size)) for group, size in groups
        )
        return sparse.hstack([ways @ sparse.csr_matrix(self.times.T), actions, moves]).tocsr()

    def added_up(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """Sum what is counted per edge to what is counted per kind of change, per action and per move, side by side."""
        summed: NDArray[np.float64] = self._adds_up.T @ counts
        return summed

    def parted(self, sums: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Part rows of sums into those of changes, of actions and of moves."""
        changes, actions, moves = np.split(sums, [len(self.kinds), len(self.kinds) + len(ACTIONS)], axis=-1)
        return changes, actions, moves

    def per_state(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """Sum what is counted per node to what is counted per leaf state."""
        return np.bincount(self.state, counts, len(self.states)).astype(np.float64)


def shape_of(
    curve: Curve, policy: Policy, moves: tuple[Move, ...], *, keeps_promises: bool, turn: timedelta | None, most: int
) -> Shape:
    """Unroll a loop; the last ones are kept, so that asking again costs nothing.

    Args:
        curve: The curve.
        policy: The policy.
        moves: The moves that may happen.
        keeps_promises: As for an environment.
        turn: How long a turn lasts; a third of the curve's quiet period if left out.
        most: The most promises that may be open at once.

    Raises:
        UnboundedPolicyError: The policy promises more, or there are too many states.
        UnfitPolicyError: The policy reads or answers what a policy may not.
        InvalidValueError: ``turn`` or ``most`` is out of range.
    """
    ordered = tuple(move for move in MOVES if move in moves)
    return _unrolled(curve, policy, Environment(ordered, keeps_promises=keeps_promises), turn, most)


@lru_cache(maxsize=_KEPT)
def _unrolled(curve: Curve, policy: Policy, environment: Environment, turn: timedelta | None, most: int) -> Shape:
    loop = Loop(curve=curve, policy=policy, environment=environment, turn=turn, promises_max=most)
    with not_collecting():
        automaton = unroll_loop(loop, _MOST_STATES)
        if automaton.stopped is not None:
            raise UnboundedPolicyError(policy.name, automaton.stopped)
        return _with_pasts(automaton)


def _with_pasts(automaton: Automaton) -> Shape:
    """Tell the pasts of an automaton's nodes apart, and keep the nodes that can be reached."""
    curve, table = automaton.loop.curve, automaton.loop.table
    stages = tuple(stage.name for stage in curve.stages)
    stage_at = np.array([stages.index(position.stage) for position in table.positions], np.int8)
    state_at = np.array([table.states.index(curve.state(position)) for position in table.positions], np.int8)
    position = np.array([node.position for node in automaton.nodes], np.int32)
    moves, actions = ({word: number for number, word in enumerate(words)} for words in (MOVES, ACTIONS))
    columns = [
        (source, target, played.clock, played.met, moves[played.choice.move], actions[played.action])
        for source, target, played in automaton.edges
    ]
    source, target, clock, met, move, action = np.array(columns, np.int32).T
    later = _Pasts.of(curve, stage_at)
    clocked = later.after(np.arange(_PASTS)[:, None], clock)  # (pasts, edges)
    past_then = later.after(later.after(clocked, met), position[target])
    apart = np.array([stage.apart for stage in curve.stages])[stage_at]
    risk = (clocked == LOST) & ~apart[clock]
    begins = int(later.after(np.array(STRANGER), position[0]))
    sources = (source * _PASTS + np.arange(_PASTS)[:, None]).ravel()
    targets = (target * _PASTS + past_then).ravel()
    reached = _reached(sources, targets, begins, len(position) * _PASTS)
    number = np.cumsum(reached) - 1
    kept = np.flatnonzero(reached[sources])
    kept = kept[np.argsort(sources[kept], kind="stable")]
    edge, wide = kept % len(source), np.flatnonzero(reached)
    at_risk = np.zeros(len(position) * _PASTS, bool)
    at_risk[sources] = risk.ravel()
    changes = changes_of(automaton)
    return Shape(
        policy=automaton.loop.policy.name,
        turn=automaton.loop.turn,
        states=table.states,
        stages=stages,
        source=number[sources[kept]].astype(np.int32),
        target=number[targets[kept]].astype(np.int32),
        move=move[edge].astype(np.int8),
        action=action[edge].astype(np.int8),
        way=changes.way[edge],
        state=state_at[position[wide // _PASTS]],
        stage=stage_at[position[wide // _PASTS]],
        past=(wide % _PASTS).astype(np.int8),
        at_risk=at_risk[wide],
        kinds=changes.kinds,
        times=changes.times,
    )


@frozen(eq=False)
class _Pasts:
    """How standing somewhere changes a past."""

    inside: NDArray[np.bool_]
    distrusts: NDArray[np.bool_]

    @classmethod
    def of(cls, curve: Curve, stage_at: Small) -> _Pasts:
        """Read from the curve which positions lie beyond the barrier, and which before it."""
        outside = np.array([stage.outside for stage in curve.stages])
        apart = np.array([stage.apart for stage in curve.stages])
        return cls(~outside[stage_at], (outside & ~apart)[stage_at])

    def after(self, past: NDArray[Any], position: NDArray[Any] | np.int32) -> NDArray[Any]:
        """Answer with the past of one who stood at a position; who has left keeps it."""
        lost = np.where(self.distrusts[position] & (past != STRANGER), LOST, past)
        return np.where(self.inside[position], CUSTOMER, lost)


def _reached(sources: NDArray[Any], targets: NDArray[Any], begins: int, nodes: int) -> NDArray[np.bool_]:
    sparse, graphs = require("scipy.sparse", "simulation"), require("scipy.sparse.csgraph", "simulation")
    ways = sparse.csr_matrix((np.ones(len(sources), np.int8), (sources, targets)), shape=(nodes, nodes))
    reached = np.zeros(nodes, bool)
    reached[graphs.breadth_first_order(ways, begins, return_predecessors=False)] = True
    return reached
