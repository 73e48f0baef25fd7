"""The automaton as a Markov chain: exact probabilities and expected times, by sparse linear algebra.

The graph alone decides what is impossible and what is certain; only the nodes in between are solved for.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from attrs import frozen

from trustcurve.errors import require
from trustcurve.policies.actions import Move
from trustcurve.policies.environment import Environment, move_probabilities
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.numbering import distinct_rows
from trustcurve.verification.product import graph_of
from trustcurve.verification.search import components, reachable, reaching

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "TURNS_MAX",
    "UndecidedError",
    "automaton_probabilities",
    "begun_states",
    "edge_probabilities",
    "expected_total_of",
    "expected_turns_to",
    "move_numbers",
    "probability_of",
]

TURNS_MAX = 1_000_000
"""The largest mean number of turns that is solved for. Source: our choice; up to there nine digits are exact."""


class UndecidedError(Exception):
    """There is a number that cannot be computed exactly, or none; why, in words."""


def move_numbers(automaton: Automaton) -> NDArray[Any]:
    """Return the environment's move on each edge, as a number in its ``turn_moves``. Shape (edges,)."""
    np = require("numpy", "verify")
    numbers = {str(name): number for number, name in enumerate(automaton.loop.environment.turn_moves)}
    move: NDArray[Any] = np.array([numbers.get(each.move, -1) for each in automaton.happenings])[automaton.happening]
    return move


def edge_probabilities(
    environment: Environment,
    source: NDArray[Any],
    move: NDArray[Any],
    begun: NDArray[Any],
    words: tuple[Sequence[Move], Sequence[str]],
) -> NDArray[np.float64]:
    """Return the probability of each edge, given its source; see ``move_probabilities``.

    Args:
        environment: An environment with probabilities.
        source: The node before each edge, from 0.
        move: The environment's move on each edge, as a number.
        begun: The leaf state in which it moves from each node, as a number. Shape (nodes,).
        words: The moves and the leaf states with these numbers.

    Raises:
        InvalidValueError: The environment has no probabilities.
    """
    np = require("numpy", "verify")
    moves, states = words
    worlds, in_state = environment.worlds(states)
    world = np.array(in_state)[begun]
    counts = np.zeros((len(begun), len(moves)), np.int64)
    np.add.at(counts, (source, move), 1)
    # Few nodes differ in which moves are possible how often, in which world: each kind of node is worked out once.
    first, kind = distinct_rows(np.column_stack([world, counts]))
    likely = np.zeros((len(first), len(moves)))
    for row, number, amounts in zip(likely, world[first].tolist(), counts[first].tolist(), strict=True):
        possible = [number for number, amount in enumerate(amounts) for _ in range(amount)]
        row[possible] = move_probabilities(worlds[number], [moves[each] for each in possible])
    return likely[kind[source], move]  # type: ignore[no-any-return]


def automaton_probabilities(automaton: Automaton) -> NDArray[np.float64]:
    """Return the probability of each edge of an automaton. Shape (edges,).

    Raises:
        InvalidValueError: The environment has no probabilities.
    """
    environment, table = automaton.loop.environment, automaton.loop.table
    words = (environment.turn_moves, table.states)
    return edge_probabilities(environment, automaton.source, move_numbers(automaton), begun_states(automaton), words)


def begun_states(automaton: Automaton) -> NDArray[Any]:
    """Return the leaf state in which the environment moves from each state, as a number. Shape (states,)."""
    np = require("numpy", "verify")
    table, curve = automaton.loop.table, automaton.loop.curve
    found: NDArray[Any] = np.array([table.states.index(curve.state(each)) for each in table.positions])[automaton.begun]
    return found


def probability_of(automaton: Automaton, goal: NDArray[np.bool_], within: int | None) -> float | None:
    """Return the probability that a run from the start takes a goal edge.

    Args:
        automaton: A complete automaton.
        goal: Which edges are goals.
        within: In how many turns; None: eventually.

    Returns:
        The probability; None if the system is too ill-conditioned to solve exactly (see TURNS_MAX).

    Raises:
        MissingExtraError: scipy is not installed (extra ``verify``).
        InvalidValueError: The environment has no probabilities.
    """
    chain = _Chain.of(automaton, goal)
    return chain.eventually() if within is None else chain.within(within)


def expected_turns_to(automaton: Automaton, goal: NDArray[np.bool_]) -> float | None:
    """Return the mean number of turns up to the first goal edge, including it; infinite if it is not certain to come.

    Args:
        automaton: A complete automaton.
        goal: Which edges are goals.

    Returns:
        The turns, or None as for ``probability_of``.

    Raises:
        MissingExtraError: scipy is not installed (extra ``verify``).
        InvalidValueError: The environment has no probabilities.
    """
    return _Chain.of(automaton, goal).turns()


def expected_total_of(
    automaton: Automaton, goal: NDArray[np.bool_], amounts: NDArray[np.float64], within: int | None
) -> float:
    """Return the mean total of amounts on edges, up to the first goal edge, including it.

    Args:
        automaton: A complete automaton.
        goal: Which edges are goals.
        amounts: What each edge adds.
        within: In how many turns at most; None: up to the goal.

    Returns:
        The total; infinite where amounts go on forever.

    Raises:
        UndecidedError: The system is too ill-conditioned, or amounts above and below 0 go on forever.
        MissingExtraError: scipy is not installed (extra ``verify``).
        InvalidValueError: The environment has no probabilities.
    """
    np = require("numpy", "verify")
    chain = _Chain.of(automaton, goal)
    source = automaton.source
    each_turn = np.bincount(source, automaton_probabilities(automaton) * amounts, automaton.states)
    if within is not None:
        return chain.total_within(each_turn, within)
    if chain.certain[0]:
        return _known(chain.solved(chain.certain, each_turn))
    between, forever = _apart(automaton, goal)
    recurring = amounts[forever[source]]
    if recurring.any():
        if recurring.min() < 0 < recurring.max():
            raise UndecidedError("the goal may never come, and then amounts above and below 0 go on forever")
        return inf if recurring.max() > 0 else -inf
    return _known(chain.solved(between, each_turn)) if between[0] else 0.0


def _known(value: float | None) -> float:
    if value is None:
        raise UndecidedError(f"the mean number of turns may exceed {TURNS_MAX:,}: too many to compute exactly")
    return value


def _apart(automaton: Automaton, goal: NDArray[np.bool_]) -> tuple[Any, Any]:
    """Return which nodes are passed before the goal, and in which of them runs that avoid it stay forever."""
    np = require("numpy", "verify")
    graph = graph_of(automaton, [])
    source, target = automaton.source, automaton.target
    reached = reachable(graph, ~goal)
    label = components(graph, ~goal)
    left = np.zeros(int(label.max()) + 1, bool)
    left[label[source[goal | (label[source] != label[target])]]] = True
    forever = reached & ~left[label]
    return reached & ~forever, forever


@frozen(eq=False)
class _Chain:
    """The chain up to the goal: from each node at once into the goal, away to other nodes, or back to itself."""

    at_once: Any
    away: Any
    back: Any
    possible: Any
    certain: Any

    @classmethod
    def of(cls, automaton: Automaton, goal: NDArray[np.bool_]) -> _Chain:
        """Make the chain of an automaton, and find out from its graph where the goal is possible and where certain."""
        np, sparse = require("numpy", "verify"), require("scipy.sparse", "verify")
        count, source, target = automaton.states, automaton.source, automaton.target
        p, wanted = automaton_probabilities(automaton), np.asarray(goal, bool)
        graph = graph_of(automaton, [])
        stays = ~wanted & (source == target)
        leaves = ~wanted & (source != target)
        away = sparse.csr_matrix((p[leaves], (source[leaves], target[leaves])), shape=(count, count))
        possible = reaching(graph, wanted)
        certain = possible & ~reaching(graph, ~wanted & ~possible[target], ~wanted)
        at_once, back = (np.bincount(source[which], p[which], count) for which in (wanted, stays))
        return cls(at_once, away, back, possible, certain)

    def within(self, turns: int) -> float:
        """Return the probability of the goal in some turns: exactly 1 if no run avoids it that long."""
        np = require("numpy", "verify")
        reached, avoids = np.zeros(len(self.back)), np.ones(len(self.back))
        for _ in range(turns):
            reached = self.at_once + self.away @ reached + self.back * reached
            avoids = (self.away @ avoids + self.back * avoids > 0).astype(float)
        return min(float(reached[0]), 1.0) if avoids[0] else 1.0

    def total_within(self, each_turn: Any, turns: int) -> float:
        """Return the mean total in some turns, or up to the goal if it comes before, of what each node adds in a turn."""
        np = require("numpy", "verify")
        total = np.zeros(len(self.back))
        with np.errstate(over="ignore", invalid="ignore"):  # an infinite total is UNKNOWN
            for _ in range(turns):
                total = each_turn + self.away @ total + self.back * total
        return float(total[0])

    def eventually(self) -> float | None:
        """Return the probability of the goal; None if it cannot be solved exactly."""
        between = self.possible & ~self.certain
        if not between[0]:
            return float(self.certain[0])
        found = self.solved(between, self.at_once + self.away @ self.certain.astype(float))
        return None if found is None else min(max(found, 0.0), 1.0)

    def turns(self) -> float | None:
        """Return the mean number of turns to the goal; None if it cannot be solved exactly."""
        np = require("numpy", "verify")
        return self.solved(self.certain, np.ones(len(self.back))) if self.certain[0] else inf

    def solved(self, among: Any, known: Any) -> float | None:
        """Solve (1 - back) x = known + away x among some nodes, each of which has a way out, and return x at the start.

        The condition of the matrix is the largest mean number of turns until those nodes are left: so many digits are
        lost. Beyond TURNS_MAX there is no answer.
        """
        np, sparse = require("numpy", "verify"), require("scipy.sparse", "verify")
        linalg = require("scipy.sparse.linalg", "verify")
        leaves = self.at_once + self.away.sum(axis=1).A1  # 1 - back, without losing a small probability beside 1
        try:
            factors = linalg.splu((sparse.diags(leaves[among]) - self.away[among][:, among]).tocsc())
        except RuntimeError:  # singular, in floating point
            return None
        turns = factors.solve(np.ones(int(among.sum())))
        if not (np.isfinite(turns).all() and turns.min() > 0 and turns.max() <= TURNS_MAX):
            return None
        return float(factors.solve(known[among])[0])
