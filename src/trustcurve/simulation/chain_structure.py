"""The structure of a segment's Markov chain: its nodes, and the turns that lead from node to node; without probabilities.

A node is a node of the closed loop that the prover explores, together with the customer's history class: a stranger, a
customer, or a lost customer (one who was a customer and now distrusts, or has left since).
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from attrs import define, evolve, frozen
from numpy.typing import NDArray

from trustcurve.core.curve import Curve
from trustcurve.core.standing import Position, Reaction, Standing
from trustcurve.core.table import Table
from trustcurve.errors import TrustcurveError, require
from trustcurve.policies import ACTIONS, MOVES, Environment, Move, Policy
from trustcurve.policies.actions import WAIT
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.closed_loop import BEGIN, ClosedLoop
from trustcurve.verification.unrolling import unroll_loop

__all__ = [
    "CUSTOMER",
    "LOST",
    "LOST_NAME",
    "STRANGER",
    "ChainStructure",
    "SimulationError",
    "TransitionType",
    "UnboundedPolicyError",
    "chain_structure",
    "start_with",
]

STRANGER, CUSTOMER, LOST = 0, 1, 2
"""The history classes."""

LOST_NAME = "lost"
"""What the tables call lost customers, next to the names of stages."""

_CLASSES: Final = 3
_CACHED = 32
_STATES_MAX = 500_000

_Ints = NDArray[np.int32]
_Small = NDArray[np.int8]


class SimulationError(TrustcurveError):
    """The root of the errors about simulations."""


@define(slots=False, repr=False)
class UnboundedPolicyError(SimulationError):
    """The closed loop of a policy exceeds the limits: ``policy``, ``problem``."""

    policy: str
    problem: str

    def __str__(self) -> str:
        return f"policy {self.policy!r} cannot be simulated: {self.problem}"


class TransitionType(NamedTuple):
    """A kind of change of leaf state: from where to where, by which signal and rule, and by how many places in rank."""

    before: str
    after: str
    signal: str
    rule: str
    because: str
    change: int


@frozen(eq=False)
class ChainStructure:
    """An unrolled closed loop as arrays.

    Args:
        policy: The policy's name.
        turn: The length of a turn.
        states: The leaf states, from low to high.
        stages: The stages, in the curve's order.
        source: The node before each edge; edges are ordered by it, and node 0 is the start.
        target: The node after each edge.
        moves: What the environment can do.
        move: The environment's move on each edge, an index of ``moves``.
        actions: What the company can do.
        done: ``done[decision, action]``: whether the company does that.
        decision: The policy's decision on each edge, a row of ``done``.
        edge_type: Which transitions each edge makes: a column of ``times``.
        state: The leaf state of each node.
        stage: The stage of each node.
        begun: The leaf state in which the environment moves from each node.
        history: The history class of each node.
        at_risk: Whether a customer of each node is lost, but has not left, when the environment moves.
        retained: Which customers of each node count as ``RETAINED``: (nodes, 3).
        transition_types: Every kind of change of leaf state that some edge makes.
        times: ``times[transition_type, edge_type]``: how often such an edge makes such a transition.
        exchanged: ``exchanged[edge_type]``: how often the company gives and asks on such an edge, see ``EXCHANGED``.
    """

    policy: str
    turn: timedelta
    states: tuple[str, ...]
    stages: tuple[str, ...]
    source: _Ints
    target: _Ints
    moves: tuple[str, ...]
    move: _Small
    actions: tuple[str, ...]
    done: NDArray[np.float64]
    decision: _Small
    edge_type: _Ints
    state: _Small
    stage: _Small
    begun: _Small
    history: _Small
    at_risk: NDArray[np.bool_]
    retained: NDArray[np.bool_]
    transition_types: tuple[TransitionType, ...]
    times: NDArray[np.float64]
    exchanged: _Small

    @property
    def nodes(self) -> int:
        """The number of nodes."""
        return len(self.state)

    @property
    def edges(self) -> int:
        """The number of edges."""
        return len(self.target)

    @cached_property
    def decisions(self) -> tuple[str, ...]:
        """The policy's decisions in words, each a row of ``done``."""
        return tuple(" and ".join(self.actions[n] for n in np.flatnonzero(row)) for row in self.done)

    @property
    def totals_width(self) -> int:
        """The number of columns of ``totals``."""
        return len(self.transition_types) + len(self.actions) + len(self.moves)

    @cached_property
    def _weights(self) -> Any:
        """What each edge adds to the totals: sparse, (edges, transition types + actions + moves)."""
        sparse = require("scipy.sparse", "simulation")  # a dense product would start threads for very little work
        ones, every = np.ones(self.edges), np.arange(self.edges)
        groups = ((self.edge_type, self.times.shape[1]), (self.decision, len(self.done)), (self.move, len(self.moves)))
        types, decisions, moves = (
            sparse.csr_matrix((ones, (every, group)), shape=(self.edges, size)) for group, size in groups
        )
        actions = decisions @ sparse.csr_matrix(self.done)
        return sparse.hstack([types @ sparse.csr_matrix(self.times.T), actions, moves]).tocsr()

    def totals(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """Sum counts per edge to counts per transition type, per action and per move, side by side."""
        summed: NDArray[np.float64] = self._weights.T @ counts
        return summed

    def split_totals(self, totals: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Split rows of totals into those of transitions, of actions and of moves."""
        first = len(self.transition_types)
        transitions, actions, moves = np.split(totals, [first, first + len(self.actions)], axis=-1)
        return transitions, actions, moves

    def per_state(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """Sum counts per node to counts per leaf state."""
        return np.bincount(self.state, counts, len(self.states)).astype(np.float64)

    @cached_property
    def edge_looks(self) -> tuple[_Small, _Ints]:
        """What is counted of customers who take an edge: the distinct rows of such numbers, and the row of each edge.

        A row has a 1 for the leaf state at the edge's end, the numbers of ``RETAINED``, and those of ``EXCHANGED``.
        """
        state = (self.state[self.target, None] == np.arange(len(self.states))).astype(np.int8)
        looks = np.hstack([state, self.retained[self.target].astype(np.int8), self.exchanged[self.edge_type]])
        rows, number = np.unique(looks, axis=0, return_inverse=True)
        return rows, number.ravel().astype(np.int32)


def chain_structure(
    curve: Curve,
    policy: Policy,
    moves: tuple[Move, ...],
    *,
    keeps_promises: bool,
    turn: timedelta | None,
    promises_max: int,
    doubt_less: int = 0,
) -> ChainStructure:
    """Unroll a closed loop; the latest results are cached.

    Args:
        curve: The curve.
        policy: The policy.
        moves: The moves that may happen.
        keeps_promises: As for an environment.
        turn: The length of a turn; a third of the curve's quiet period if None.
        promises_max: How many promises may be open at once.
        doubt_less: How much less doubt customers begin with than strangers.

    Raises:
        UnboundedPolicyError: The policy promises more, or there are too many states.
        ImpurePolicyError: The policy is not a pure function of its view.
        InvalidValueError: ``turn`` or ``promises_max`` is out of range.
    """
    ordered, own = (move for move in MOVES if move in moves), tuple(move for move in moves if move not in MOVES)
    environment = Environment((*ordered, *own), signals=own, keeps_promises=keeps_promises)
    return _unrolled(curve, policy, environment, turn=turn, promises_max=promises_max, doubt_less=doubt_less)


def start_with(curve: Curve, doubt_less: int) -> Position:
    """Return the position of a new customer with less doubt than strangers have, down to none."""
    return evolve(curve.start, doubt=max(curve.start.doubt - doubt_less, 0))


@lru_cache(maxsize=_CACHED)
def _unrolled(
    curve: Curve,
    policy: Policy,
    environment: Environment,
    *,
    turn: timedelta | None,
    promises_max: int,
    doubt_less: int,
) -> ChainStructure:
    begin = Standing("newcomer", BEGIN, start_with(curve, doubt_less), (), BEGIN) if doubt_less else None
    loop = ClosedLoop(
        curve=curve, policy=policy, environment=environment, turn=turn, promises_max=promises_max, begin=begin
    )
    automaton = unroll_loop(loop, _STATES_MAX)
    if automaton.stopped is not None:
        raise UnboundedPolicyError(policy.name, automaton.stopped)
    return _with_histories(automaton)


def _words(automaton: Automaton) -> tuple[tuple[str, ...], tuple[str, ...], NDArray[np.float64], _Small]:
    """Return the moves, the actions, each decision as a row of actions, and the move and decision of each happening."""
    decided: list[tuple[str, ...]] = sorted({each.actions for each in automaton.happenings if each.actions is not None})
    own = sorted({action for actions in decided for action in actions} - set(ACTIONS))
    actions, moves = (*ACTIONS, *own), automaton.loop.environment.turn_moves
    done = np.array([[float(action in (each or (WAIT,))) for action in actions] for each in decided])
    happened = [
        (moves.index(each.move), decided.index(each.actions))
        if each.actions is not None and each.move in moves
        else (-1, -1)
        for each in automaton.happenings
    ]
    return moves, actions, done, np.array(happened, np.int8)


def _with_histories(automaton: Automaton) -> ChainStructure:
    """Split an automaton's nodes by history class, and keep those that can be reached."""
    curve, table = automaton.loop.curve, automaton.loop.table
    stages = tuple(stage.name for stage in curve.stages)
    stage_at = np.array([stages.index(position.stage) for position in table.positions], np.int8)
    state_at = np.array([table.states.index(curve.state(position)) for position in table.positions], np.int8)
    engaged_at = np.array([curve.is_engaged(position) for position in table.positions])
    source, target, position = automaton.source, automaton.target, automaton.position
    moves, actions, done, happened = _words(automaton)
    move, decision = happened[automaton.happening].T
    histories, clock = _Histories.of(curve, stage_at), automaton.begun[source]
    transition_types, edge_type, times, exchanged, moved = _edge_types(automaton, histories)
    at_clock = histories.after(np.arange(_CLASSES)[:, None], clock)  # (history classes, edges)
    at_end = moved[edge_type].T  # likewise
    apart = np.array([stage.apart for stage in curve.stages])[stage_at]
    risk = (at_clock == LOST) & ~apart[clock]
    begins = int(histories.after(np.array(STRANGER), position[0]))
    sources = (source * _CLASSES + np.arange(_CLASSES)[:, None]).ravel()
    targets = (target * _CLASSES + at_end).ravel()
    reached = _reached(sources, targets, begins, len(position) * _CLASSES)
    number = np.cumsum(reached) - 1
    kept = np.flatnonzero(reached[sources])
    kept = kept[np.argsort(sources[kept], kind="stable")]
    edge, wide = kept % len(source), np.flatnonzero(reached)
    at_risk = np.zeros(len(position) * _CLASSES, bool)
    at_risk[sources] = risk.ravel()
    history, place = wide % _CLASSES, position[wide // _CLASSES]
    return ChainStructure(
        policy=automaton.loop.policy.name,
        turn=automaton.loop.turn,
        states=table.states,
        stages=stages,
        source=number[sources[kept]].astype(np.int32),
        target=number[targets[kept]].astype(np.int32),
        moves=moves,
        move=move[edge].astype(np.int8),
        actions=actions,
        done=done,
        decision=decision[edge].astype(np.int8),
        edge_type=edge_type[edge],
        state=state_at[place],
        stage=stage_at[place],
        begun=state_at[automaton.begun[wide // _CLASSES]],
        history=history.astype(np.int8),
        at_risk=at_risk[wide],
        retained=np.stack([history != STRANGER, histories.inside[place], engaged_at[place]], axis=1),
        transition_types=transition_types,
        times=times,
        exchanged=exchanged,
    )


@frozen(eq=False)
class _Histories:
    """How a position changes a history class."""

    inside: NDArray[np.bool_]
    distrusts: NDArray[np.bool_]

    @classmethod
    def of(cls, curve: Curve, stage_at: _Small) -> _Histories:
        """Read from the curve which positions lie beyond the barrier, and which before it."""
        outside = np.array([stage.outside for stage in curve.stages])
        apart = np.array([stage.apart for stage in curve.stages])
        return cls(~outside[stage_at], (outside & ~apart)[stage_at])

    def after(self, history: NDArray[Any], position: NDArray[Any] | np.int32) -> NDArray[Any]:
        """Return the history classes after the positions; customers who have left keep theirs."""
        lost = np.where(self.distrusts[position] & (history != STRANGER), LOST, history)
        return np.where(self.inside[position], CUSTOMER, lost)


def _reached(sources: NDArray[Any], targets: NDArray[Any], begins: int, nodes: int) -> NDArray[np.bool_]:
    sparse, graphs = require("scipy.sparse", "simulation"), require("scipy.sparse.csgraph", "simulation")
    edges = sparse.csr_matrix((np.ones(len(sources), np.int8), (sources, targets)), shape=(nodes, nodes))
    reached = np.zeros(nodes, bool)
    reached[graphs.breadth_first_order(edges, begins, return_predecessors=False)] = True
    return reached


class _EdgeTypes(NamedTuple):
    """Transition types; the type of each edge; how often each makes each transition, gives and asks; what history it leaves."""

    transition_types: tuple[TransitionType, ...]
    edge_type: _Ints
    times: NDArray[np.float64]
    exchanged: _Small
    history: _Small


def _edge_types(automaton: Automaton, histories: _Histories) -> _EdgeTypes:
    """Find the types of the edges: two are of one type if they begin in one position and send the same signals."""
    curve, table = automaton.loop.curve, automaton.loop.table
    columns = {signal: number for number, signal in enumerate(table.signals)}
    transition_types: dict[TransitionType, int] = {}
    made: list[list[int]] = []
    exchanged: list[tuple[int, int]] = []
    left: list[NDArray[Any]] = []
    kinds, kind = automaton.kinds()
    edge_types: dict[tuple[int, tuple[tuple[str, str], ...]], int] = {}
    numbers: list[int] = []
    for position, happening in kinds:
        key = (position, happening.signals)
        if key not in edge_types:
            edge_types[key] = len(made)
            reactions = _reactions(table, columns, *key)
            made.append(
                [transition_types.setdefault(_transition_type(r), len(transition_types)) for r in reactions if r.moved]
            )
            exchanged.append((sum(r.signal in curve.gives for r in reactions), sum(map(curve.is_ask, reactions))))
            history = histories.after(np.arange(_CLASSES), np.int32(position))
            for reaction in reactions:
                history = histories.after(history, np.int32(table.number(reaction.after)))
            left.append(history)
        numbers.append(edge_types[key])
    times = np.zeros((len(transition_types), len(made)))
    for edge_type, transitions in enumerate(made):
        for transition_type in transitions:
            times[transition_type, edge_type] += 1
    edge_type_of = np.array(numbers, np.int32)[kind]
    return _EdgeTypes(
        tuple(transition_types), edge_type_of, times, np.array(exchanged, np.int8), np.array(left, np.int8)
    )


def _reactions(
    table: Table, columns: dict[str, int], position: int, signals: tuple[tuple[str, str], ...]
) -> list[Reaction]:
    """Return the curve's reactions to signals, one after the other."""
    found = []
    for _, signal in signals:
        found.append(table.reactions[position][columns[signal]])
        position = table.next[position][columns[signal]]
    return found


def _transition_type(reaction: Reaction) -> TransitionType:
    return TransitionType(
        reaction.state_before,
        reaction.state_after,
        reaction.signal,
        reaction.rule.name,
        reaction.because,
        reaction.change,
    )
