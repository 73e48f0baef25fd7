"""The automaton with intervals of probabilities: the least and the most that a number can be.

In each state an adversary chooses probabilities of the moves within their intervals, each time anew. Of infinitely many
choices, few matter: an adversary who always chooses the same in the same state does best, and gives the best move as much as
its interval allows, then the second best, and so on. Such an adversary is improved state by state (policy iteration), and for
each one the chain is solved exactly. The graph alone decides what is impossible and what is certain.
"""

from __future__ import annotations

from functools import cached_property
from math import inf
from typing import Final

from attrs import frozen

from trustcurve.arrays import Array
from trustcurve.errors import require
from trustcurve.policies.environment import ADDS_UP, move_ranges
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.chain import TURNS_MAX, UndecidedError, begun_states, move_numbers
from trustcurve.verification.numbering import distinct_rows
from trustcurve.verification.product import Graph, graph_of
from trustcurve.verification.search import distances, reachable, reaching

__all__ = ["IntervalChain"]

_GAIN: Final = 1e-14
"""By how much another choice must be better, in a turn and relative to the largest value, to be made. Source: our choice: a
few roundings."""

_NEAR: Final = 1e-9
"""How near the least and the most must be, relative to the largest value. Source: our choice, as for other probabilities."""

_ROUNDS_MAX: Final = 1_000
"""After how many improvements there is no answer. Source: our choice; some ten are usual."""


_MOST: Final = 1
_LEAST: Final = -1
"""What an adversary aims at: a sign."""


@frozen(eq=False)
class IntervalChain:
    """The chain up to the goal, with an interval for each move in each node.

    A *way* is a node together with a move. Of the edges of one way (a promise kept, of several open ones) each is as likely.

    Args:
        automaton: A complete automaton, of an environment that moves once a turn.
        goal: Which edges are goals. Shape (edges,).
    """

    automaton: Automaton
    goal: Array

    # --- ways ---------------------------------------------------------------------------------------------

    @property
    def _wide(self) -> int:
        """How many moves there are."""
        return len(self.automaton.loop.environment.turn_moves)

    @cached_property
    def _graph(self) -> Graph:
        return graph_of(self.automaton, [])

    @cached_property
    def _way(self) -> Array:
        """The way to which each edge belongs. Shape (edges,)."""
        np = require("numpy", "verify")
        return self.automaton.source.astype(np.int64) * self._wide + move_numbers(self.automaton)

    @cached_property
    def _edges_of(self) -> Array:
        """How many edges each way has. Shape (nodes * moves,)."""
        np = require("numpy", "verify")
        return np.bincount(self._way, minlength=self.automaton.states * self._wide)

    @cached_property
    def _ranges(self) -> tuple[Array, Array]:
        """The least and the most probability of each way. Shapes (nodes, moves)."""
        np = require("numpy", "verify")
        possible, begun = (self._edges_of > 0).reshape(-1, self._wide), begun_states(self.automaton)
        first, kind = distinct_rows(np.column_stack([begun, possible]))
        environment, states = self.automaton.loop.environment, self.automaton.loop.table.states
        moves, ends = environment.turn_moves, np.zeros((2, len(first), self._wide))
        for row, node in enumerate(first.tolist()):
            words = [moves[move] for move in np.flatnonzero(possible[node]).tolist()]
            for move, its in move_ranges(environment.at(states[begun[node]]), words).items():
                ends[:, row, moves.index(move)] = its
        return ends[0][kind], ends[1][kind]

    def _mean(self, of_edges: Array) -> Array:
        """Return the mean of something over the edges of each way. Shape (nodes, moves)."""
        np = require("numpy", "verify")
        total = np.bincount(self._way, of_edges, self.automaton.states * self._wide)
        return (total / np.maximum(self._edges_of, 1)).reshape(-1, self._wide)

    def _all(self, edges: Array) -> Array:
        """Return the ways all of whose edges are among some. Shape (nodes, moves)."""
        np = require("numpy", "verify")
        missing = np.bincount(self._way[~edges], minlength=self.automaton.states * self._wide)
        return ((missing == 0) & (self._edges_of > 0)).reshape(-1, self._wide)

    def _some(self, edges: Array) -> Array:
        """Return the ways one of whose edges is among some. Shape (nodes, moves)."""
        np = require("numpy", "verify")
        return (np.bincount(self._way[edges], minlength=self.automaton.states * self._wide) > 0).reshape(-1, self._wide)

    @cached_property
    def _usable(self) -> Array:
        """The edges that can have a probability above 0. Shape (edges,)."""
        return self._ranges[1].reshape(-1)[self._way] > 0

    # --- what is impossible, and what is certain ----------------------------------------------------------

    def _can_stay_on(self, ways: Array) -> Array:
        """Return the nodes in which only some ways can have a probability above 0, if the adversary wants it. Shape (nodes,)."""
        least, most = self._ranges
        forced = ((least > 0) & ~ways).any(axis=1)
        return ~forced & ((most * ways).sum(axis=1) >= 1 - ADDS_UP)

    @cached_property
    def _possible(self) -> Array:
        """The nodes from which the goal comes with some choice, and with some probability."""
        return reaching(self._graph, self.goal, self._usable)

    @cached_property
    def _avoidable(self) -> Array:
        """The nodes from which the goal never comes with some choice."""
        np = require("numpy", "verify")
        found = np.ones(self.automaton.states, bool)
        while True:
            ways = self._all(~self.goal & found[self.automaton.target])
            less = found & self._can_stay_on(ways)
            if (less == found).all():
                return found
            found = less

    @cached_property
    def _certain(self) -> Array:
        """The nodes from which the goal comes with probability 1, whatever is chosen."""
        usable = self._usable & ~self.goal
        begins = usable & self._avoidable[self.automaton.target]
        return ~self._avoidable & ~reaching(self._graph, begins, usable)

    @cached_property
    def _attainable(self) -> Array:
        """The nodes from which the goal comes with probability 1 with some choice."""
        np = require("numpy", "verify")
        target, inside = self.automaton.target, self._possible
        while True:
            ways = self._all(self.goal | inside[target])
            fine = inside & self._can_stay_on(ways)
            found = np.zeros(len(inside), bool)
            while True:
                nearer = ways & self._some(self._usable & (self.goal | found[target]))
                more = fine & nearer.any(axis=1)
                if (more == found).all():
                    break
                found = more
            if (found == inside).all():
                return found
            inside = found

    # --- choices ------------------------------------------------------------------------------------------

    def _best(self, values: Array, aim: int, most: Array | None = None) -> Array:
        """Return the probabilities with which the mean of values is largest or smallest. Shape (nodes, moves)."""
        np = require("numpy", "verify")
        least, highest = self._ranges
        room = (highest if most is None else most) - least
        order = np.argsort(-aim * values, axis=1, kind="stable")
        ordered = np.take_along_axis(room, order, axis=1)
        rest = 1 - least.sum(axis=1, keepdims=True)
        filled = np.clip(rest - (np.cumsum(ordered, axis=1) - ordered), 0, ordered)
        more = np.zeros_like(filled)
        np.put_along_axis(more, order, filled, axis=1)
        return least + more

    def _towards(self, ends: Array, most: Array | None = None) -> Array:
        """Return a choice with which the goal or some nodes are reached from wherever they can be: it goes nearer."""
        np = require("numpy", "verify")
        source, target = self.automaton.source, self.automaton.target
        begins = ends.copy()
        allowed = self._usable if most is None else most.reshape(-1)[self._way] > 0
        begins[source[self.goal & allowed]] = True
        far = distances(self._graph, begins, allowed & ~self.goal)
        far = np.where(far < 0, len(far), far)
        nearer = self.goal | ends[target] | (far[target] < far[source])
        return self._best(self._mean(nearer.astype(float)), _MOST, most)

    # --- numbers ------------------------------------------------------------------------------------------

    def probability(self, within: int | None) -> tuple[float, float]:
        """Return the least and the most probability of the goal, in some turns or eventually.

        Raises:
            UndecidedError: It takes too many turns until it is decided.
        """
        if within is not None:
            return self._probability_within(within)
        if not self._possible[0]:
            return 0.0, 0.0
        if self._certain[0]:
            return 1.0, 1.0
        least = most = 1.0
        gained = self._mean(self.goal.astype(float))
        reached = reachable(self._graph, self._usable & ~self.goal)
        if self._avoidable[0]:
            least = 0.0
        else:
            among = reached & ~self._avoidable & ~self._certain
            least = self._improved(among, gained, self._certain, _LEAST, choice=self._best(gained, _LEAST))
        if not self._attainable[0]:
            among = reached & self._possible & ~self._attainable
            most = self._improved(among, gained, self._attainable, _MOST, choice=self._towards(self._attainable))
        return min(max(least, 0.0), 1.0), min(max(most, 0.0), 1.0)

    def _probability_within(self, turns: int) -> tuple[float, float]:
        np = require("numpy", "verify")
        least, most = self.total(self.goal.astype(float), turns)
        avoids, sure = np.ones(self.automaton.states, bool), np.zeros(self.automaton.states, bool)
        for _ in range(turns):
            open_ways = self._some(self._usable & ~self.goal & avoids[self.automaton.target])
            sure = self._can_stay_on(self._all(self.goal | sure[self.automaton.target]))
            avoids = open_ways.any(axis=1)
        return (min(least, 1.0) if avoids[0] else 1.0), (1.0 if sure[0] else min(most, 1.0))

    def turns(self) -> tuple[float, float]:
        """Return the least and the most mean number of turns to the goal; infinite if it is not certain to come.

        Raises:
            UndecidedError: They are too many.
        """
        np = require("numpy", "verify")
        ones, nowhere = np.ones((self.automaton.states, self._wide)), np.zeros(self.automaton.states, bool)
        reached = reachable(self._graph, self._usable & ~self.goal)
        least = most = inf
        if self._attainable[0]:
            # A choice that may leave the nodes from which the goal is attained takes forever: it is not the least.
            ways = self._all(self.goal | self._attainable[self.automaton.target])
            highest = np.where(ways, self._ranges[1], 0)
            begin = self._towards(nowhere, highest)
            least = self._improved(reached & self._attainable, ones, nowhere, _LEAST, choice=begin, most=highest)
        if self._certain[0]:
            most = self._improved(reached, ones, nowhere, _MOST, choice=self._best(ones, _MOST))
        return least, most

    def total(self, amounts: Array, within: int | None) -> tuple[float, float]:
        """Return the least and the most mean total of amounts on edges, in some turns or up to the goal.

        Raises:
            UndecidedError: It takes too many turns until the goal comes, or it may never come.
        """
        np = require("numpy", "verify")
        added, nowhere = self._mean(amounts), np.zeros(self.automaton.states, bool)
        if within is not None:
            return self._total_within(added, within, _LEAST), self._total_within(added, within, _MOST)
        if not self._certain[0]:
            raise UndecidedError("with some probabilities in the intervals the goal may never come")
        reached = reachable(self._graph, self._usable & ~self.goal)
        least = self._improved(reached, added, nowhere, _LEAST, choice=self._best(added, _LEAST))
        return least, self._improved(reached, added, nowhere, _MOST, choice=self._best(added, _MOST))

    def _total_within(self, added: Array, turns: int, aim: int) -> float:
        np = require("numpy", "verify")
        total = np.zeros(self.automaton.states)
        for _ in range(turns):
            values = added + self._mean(np.where(self.goal, 0, total[self.automaton.target]))
            total = (self._best(values, aim) * values).sum(axis=1)
        return float(total[0])

    def _improved(
        self, among: Array, added: Array, ends: Array, aim: int, *, choice: Array, most: Array | None = None
    ) -> float:
        """Improve a choice until none is better in any node, and return the value at the start.

        Args:
            among: The nodes that are solved for; from each one, some end is reached with this choice. Shape (nodes,).
            added: What each way adds. Shape (nodes, moves).
            ends: The nodes whose value is 1; that of all others is 0. Shape (nodes,).
            aim: What is looked for.
            choice: The choice to begin with. Shape (nodes, moves).
            most: The most probability of each way, if it is less than its range says.

        Raises:
            UndecidedError: The values cannot be computed exactly enough.
        """
        np = require("numpy", "verify")
        target = self.automaton.target
        value = ends.astype(float)
        for _ in range(_ROUNDS_MAX):
            value, turns = self._solved(among, added, ends, choice)
            values = added + self._mean(np.where(self.goal, 0, value[target]))
            better = self._best(values, aim, most)
            gain = np.where(among, aim * ((better - choice) * values).sum(axis=1), 0)
            scale = max(1.0, float(np.abs(value).max()))
            if gain.max() <= _GAIN * scale:
                if max(float(gain.max()), 0.0) * turns > _NEAR * scale:
                    break
                return float(value[0])
            choice = np.where((gain > _GAIN * scale)[:, None], better, choice)
        raise UndecidedError(f"the mean number of turns may exceed {TURNS_MAX:,}: too many to compute exactly")

    def _solved(self, among: Array, added: Array, ends: Array, choice: Array) -> tuple[Array, float]:
        """Return the values with a choice, and the largest mean number of turns until they are decided."""
        np, sparse = require("numpy", "verify"), require("scipy.sparse", "verify")
        linalg = require("scipy.sparse.linalg", "verify")
        source, target, states = self.automaton.source, self.automaton.target, self.automaton.states
        p = (choice.reshape(-1) / np.maximum(self._edges_of, 1))[self._way]
        goes_on = ~self.goal & among[target] & (source != target)
        away = sparse.csr_matrix((p[goes_on], (source[goes_on], target[goes_on])), shape=(states, states))
        leaves = np.bincount(source, np.where(self.goal | (source != target), p, 0), states)
        known = (choice * added).sum(axis=1) + np.bincount(source, np.where(~self.goal & ends[target], p, 0), states)
        nodes = np.flatnonzero(among)
        try:
            factors = linalg.splu((sparse.diags(leaves[nodes]) - away[nodes][:, nodes]).tocsc())
        except RuntimeError:  # singular, in floating point
            turns = np.full(len(nodes), inf)
        else:
            turns = factors.solve(np.ones(len(nodes)))
        if not (np.isfinite(turns).all() and turns.min() > 0 and turns.max() <= TURNS_MAX):
            raise UndecidedError(f"the mean number of turns may exceed {TURNS_MAX:,}: too many to compute exactly")
        value = ends.astype(float)
        value[nodes] = factors.solve(known[nodes])
        return value, float(turns.max())
