"""Guards: whether an action of a person or a program, between two runs of a policy, can break what is proved of the policy."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal, NamedTuple, final

from attrs import define, field, frozen

from trustcurve.arrays import Array
from trustcurve.core.curve import Curve
from trustcurve.core.standing import Standing
from trustcurve.core.values import checked_word
from trustcurve.errors import InvalidValueError, TrustcurveError, final_class, require
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.memory import Memory
from trustcurve.policies.policy import Policy
from trustcurve.verification.arguments import check_kind, check_whole, check_words
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.checker import check
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.loop_place import LoopPlaces
from trustcurve.verification.product import Watched, watched_graph
from trustcurve.verification.property import Property, PropertyLike, Safety, as_property
from trustcurve.verification.results import Status
from trustcurve.verification.search import distances, reachable
from trustcurve.verification.turn_rules import Happening
from trustcurve.verification.unrolling import STATES_MAX, unroll_loop

__all__ = ["GUARDED", "Allowed", "Guard", "Refused", "UnprovedPropertyError", "guard"]

GUARDED = ("propose", "ask", "exchange", "repair")
"""The actions that are guarded by default. Source: our choice: those without promises, which make the automaton larger."""

_NEAREST = 20_000
"""In how many states it is searched for what would make an action allowed. Source: our choice: some hundredths of a second."""


@define(slots=False, repr=False)
class UnprovedPropertyError(TrustcurveError):
    """A guard cannot keep what is not proved: ``property``, ``status``."""

    property: str
    status: Status

    def __str__(self) -> str:
        return f"holds must contain only what is PROVED of the policy; {self.property} is {self.status.name}"


@final
@frozen
class Allowed:
    """An action that breaks nothing; true."""

    act: str

    __init_subclass__ = final_class

    def __bool__(self) -> Literal[True]:
        return True

    def __str__(self) -> str:
        return f"{self.act} is allowed"


@final
@frozen(eq=False, repr=False)
class Refused:
    """An action that could break something; false.

    Args:
        act: The action.
        property: The property that could be broken then; None if the guard does not know such a customer.
        reason: Why, in words.
    """

    act: str
    property: str | None
    reason: str
    _guard: Guard
    _state: int | None = None
    _node: int | None = None

    __init_subclass__ = final_class

    def __bool__(self) -> Literal[False]:
        return False

    @cached_property
    def journey(self) -> tuple[str, ...]:
        """A shortest way from now to a violation, line by line; empty if the guard does not know such a customer."""
        if self.property is None or self._state is None or self._node is None:
            return ()
        return tuple(self._guard.lines_to_violation(self.property, self._node, self.act))

    @cached_property
    def instead(self) -> tuple[str, ...]:
        """A shortest way to a state in which the action is allowed, line by line, if the customer does nothing; or empty."""
        return () if self._state is None else tuple(self._guard.lines_to_allowed(self._state, self.act))

    def explain(self) -> str:
        """Return the reason, the way to a violation, and what would make the action allowed."""
        lines = [f"{self.act} is refused: {self.reason}"]
        lines += [f"  {line}" for line in self.journey]
        if self.instead:
            lines += ["it is allowed after:", *(f"  {line}" for line in self.instead)]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.explain()

    def __repr__(self) -> str:
        return f"<Refused: {self.act}, {self.reason}>"


class _Edge(NamedTuple):
    """An edge as it is told: what happens, and the state after it."""

    happening: Happening
    target: int


@define(eq=False)
class _Kept:
    """A property that is kept: its product with the automaton, and what is allowed where.

    Args:
        asked: The property.
        watched: The product.
        acts: The guarded action on each edge of the automaton, -1: none. Shape (edges,).
        distance: How many edges each node is from a violation, if nobody acts between two runs; -1: there is none.
        harmful: The edges of the product that a guard must refuse. Shape (edges,).
        reached: Whether a node can be reached without refused actions. Shape (nodes,).
    """

    asked: Safety
    watched: Watched
    acts: Array
    distance: Array
    harmful: Array
    reached: Array

    @classmethod
    def of(cls, asked: Safety, automaton: Automaton, acts: Array, states_max: int) -> _Kept:
        np = require("numpy", "verify")
        watched = watched_graph(automaton, asked.monitor, states_max, acts_between=not asked.momentary)
        graph = watched.graph
        guarded = acts[graph.edge] >= 0
        begins = np.zeros(graph.nodes, bool)
        begins[graph.source()[watched.violates]] = True
        distance = distances(graph, begins, ~guarded & ~watched.violates)
        harmful = guarded & ((distance[graph.target] >= 0) | watched.at_once)
        reached = reachable(graph, ~harmful & ~watched.violates)
        return cls(asked, watched, acts, distance, harmful, reached)

    def refusals(self, states: int, acts: int) -> tuple[Array, Array]:
        """Return for each state and action a node in which it is refused, or -1; and whether each state is reached."""
        np = require("numpy", "verify")
        graph, of = self.watched.graph, self.watched.state
        found = np.full((states, acts), -1, np.int32)
        edges = np.flatnonzero(self.harmful & self.reached[graph.source()])
        nodes = graph.source()[edges]
        found[of[nodes], self.acts[graph.edge[edges]]] = nodes
        known = np.zeros(states, bool)
        known[of[self.reached]] = True
        return found, known


@final
@define(eq=False, repr=False)
class Guard:
    """Decides whether an action between two runs of a policy can break what is proved of it; make one with ``guard``.

    It is made once, which takes as long as a proof; each call takes some hundred microseconds.

    Args:
        automaton: The closed loop, with the guarded actions among the moves.
        acts: The guarded actions.
        holds: The properties that are kept.
    """

    automaton: Automaton
    acts: tuple[str, ...]
    holds: tuple[Safety, ...]
    _kept: dict[str, _Kept] = field(factory=dict, init=False)
    _refusals: dict[str, Any] = field(factory=dict, init=False)
    _known: Any = field(init=False)
    _places: LoopPlaces = field(init=False)

    __init_subclass__ = final_class

    def __attrs_post_init__(self) -> None:
        np = require("numpy", "verify")
        automaton = self.automaton
        number = {act: n for n, act in enumerate(self.acts)}
        acts = np.array([number.get(each.move, -1) for each in automaton.happenings], np.int8)[automaton.happening]
        self._known = np.ones(automaton.states, bool)
        for asked in self.holds:
            kept = self._kept[asked.name] = _Kept.of(asked, automaton, acts, STATES_MAX)
            self._refusals[asked.name], known = kept.refusals(automaton.states, len(self.acts))
            self._known &= known
        self._places = LoopPlaces.of(automaton)

    def __repr__(self) -> str:
        return f"<Guard of {', '.join(self.acts)}: {', '.join(self._kept)}>"

    def __call__(self, standing: Standing, memory: Memory, act: str, *, at: datetime) -> Allowed | Refused:
        """Return whether an action is allowed at an instant; the result is true if it is.

        Args:
            standing: The customer's standing, not after ``at``.
            memory: What the policy remembers of the customer, as ``policy.remember`` returned it.
            act: The action.
            at: When it is done.

        Raises:
            UnknownWordError: The action is not guarded.
            ObservedInThePastError: ``at`` is earlier than the standing.
        """
        place = self.acts.index(checked_word("act", act, self.acts))
        loop = self.automaton.loop
        step = loop.curve.observe(standing, at)
        states = self._places.states(step.after, loop.policy.remember(memory, step))
        if not states or not self._known[states].all():
            return Refused(act, None, self._unknown(step.after, memory), self)
        if not any(self._has_edge(state, act) for state in states):
            return Refused(
                act, None, "it cannot be done: it is about a promise, and too many are open or none is", self
            )
        for name, refusals in self._refusals.items():
            for state in states:
                node = int(refusals[state, place])
                if node >= 0:
                    return Refused(act, name, f"then {name} could be broken", self, state, node)
        return Allowed(act)

    def refusals(self, name: str) -> Array:
        """Return where a property refuses actions: a node of its product for each state and action, or -1.

        Shape (states, actions).
        """
        return self._refusals[name]

    def _unknown(self, standing: Standing, memory: Memory) -> str:
        if memory.run is None:
            return "the policy has not run yet for this customer"
        turn = self.automaton.loop.turn
        if not timedelta(0) <= standing.as_of - memory.run <= turn:
            return f"the latest run of the policy was not in the {turn / timedelta(days=1):g} days before"
        return "the proof does not know of such a customer"

    def _has_edge(self, state: int, act: str) -> bool:
        return any(edge.happening.move == act for edge in self._edges(state))

    def _edges(self, state: int) -> Iterator[_Edge]:
        automaton = self.automaton
        for edge in range(int(automaton.first[state]), int(automaton.first[state + 1])):
            yield _Edge(automaton.happenings[automaton.happening[edge]], int(automaton.target[edge]))

    # --- words -----------------------------------------------------------------------------------------------

    def lines_to_violation(self, name: str, node: int, act: str) -> Iterator[str]:
        """Yield a shortest way from a node of a property's product to a violation, that begins with an action."""
        kept = self._kept[name]
        graph, violates = kept.watched.graph, kept.watched.violates
        act_number = self.acts.index(act)
        first = graph.first
        edge = next(
            edge for edge in range(int(first[node]), int(first[node + 1])) if kept.acts[graph.edge[edge]] == act_number
        )
        turn = 0
        while True:
            happening = self.automaton.happenings[self.automaton.happening[graph.edge[edge]]]
            line = self._line(happening, int(self.automaton.target[graph.edge[edge]]), turn)
            if line:
                yield line
            turn += bool(graph.ends[edge])
            node = int(graph.target[edge])
            if violates[edge] or kept.distance[node] < 0:
                yield f"that breaks {name}"
                return
            edges = [each for each in range(int(first[node]), int(first[node + 1])) if kept.acts[graph.edge[each]] < 0]
            nearer = [each for each in edges if violates[each]] or [
                each for each in edges if kept.distance[graph.target[each]] == kept.distance[node] - 1
            ]
            edge = nearer[0]

    def lines_to_allowed(self, state: int, act: str) -> Iterator[str]:
        """Yield a shortest way from a state to one in which an action is allowed, if the customer does nothing."""
        place = self.acts.index(act)
        came: dict[int, tuple[int, Happening] | None] = {state: None}
        queue = deque([state])
        while queue and len(came) < _NEAREST:
            now = queue.popleft()
            if now != state and self._allows(now, place):
                yield from self._told(came, now)
                return
            for happening, target in self._edges(now):
                if target in came or not self._is_ours(happening):
                    continue
                if happening.move in self.acts and not self._allows(now, self.acts.index(happening.move)):
                    continue
                came[target] = (now, happening)
                queue.append(target)

    def _is_ours(self, happening: Happening) -> bool:
        """Return whether something needs neither the customer nor a failure of the company."""
        if happening.move in ("kept", "kept_late", *self.acts):
            return True
        return happening.move == "time" and not any(signal.startswith("broken") for _, signal in happening.signals)

    def _allows(self, state: int, place: int) -> bool:
        fine = self._known[state] and all(refusals[state, place] < 0 for refusals in self._refusals.values())
        return bool(fine) and self._has_edge(state, self.acts[place])

    def _told(self, came: dict[int, tuple[int, Happening] | None], state: int) -> Iterator[str]:
        steps: list[tuple[Happening, int]] = []
        while (step := came[state]) is not None:
            steps.append((step[1], state))
            state = step[0]
        turn = 0
        for happening, after in reversed(steps):
            line = self._line(happening, after, turn)
            turn += happening.actions is not None
            if line or happening.actions is not None:
                yield line or f"after run {turn}: the policy waits"

    def _line(self, happening: Happening, state: int, turn: int) -> str:
        """Return what happens and where it leads; "" if only time passes."""
        loop = self.automaton.loop
        position = loop.table.positions[int(self.automaton.position[state])]
        words = happening.move
        if happening.actions is not None:
            words = f"run {turn + 1} of the policy: {' and '.join(happening.actions) or 'wait'}"
        elif happening.move == "time":
            words = " and ".join(signal for _, signal in happening.signals)
        if not words:
            return ""
        when = "" if happening.actions is not None else "now: " if not turn else f"after run {turn}: "
        counters = (
            f"kept {position.kept}, engaged {position.engaged}, doubt {position.doubt}, account {position.account}"
        )
        return f"{when}{words} -> {loop.curve.state(position)} ({counters})"


def guard(
    curve: Curve,
    *holds: PropertyLike,
    policy: Policy,
    environment: Environment = ANY,
    acts: Sequence[str] = GUARDED,
    turn: timedelta | None = None,
    promises_max: int = 2,
    states_max: int = STATES_MAX,
) -> Guard:
    """Make a guard: it allows an action between two runs of a policy only if nothing that is proved can be broken by it.

    For properties of single turns (``always`` and ``never``) an action is judged at once, as though the policy had decided
    on it alone in a turn that ends there; for all others it is one more thing that the company did in the turn in which it falls. It is refused if it
    violates a property, or if some behaviour of the environment could then lead to a violation, for one of the histories
    that lead to this standing and memory. What the automaton does not know is refused.

    Args:
        curve: The curve.
        *holds: What must hold: safety properties that are PROVED for the policy.
        policy: The policy.
        environment: What may happen that the company does not choose.
        acts: The actions to guard.
        turn: How long a turn lasts. Default: a third of the curve's quiet period.
        promises_max: The most promises that may be open at once.
        states_max: The most states of the loop.

    Raises:
        UnprovedPropertyError: A property is not proved.
        UnknownWordError: The policy has no such action.
        InvalidValueError: A property is not a safety property, the environment has probabilities, or the loop has more
            than ``states_max`` states.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from trustcurve.policies import policy
        >>> from trustcurve.verification import no_ask_on_open_account
        >>> waits = policy("waits")(lambda view: "wait")
        >>> curve, new_year = Curve.default(), datetime(2026, 1, 1, tzinfo=UTC)
        >>> may = guard(curve, no_ask_on_open_account, policy=waits, acts=["ask"])
        >>> decision = waits.next_action(curve, curve.begin("ann", new_year), waits.memory(), at=new_year)
        >>> print(may(decision.standing, decision.memory, "ask", at=new_year))
        ask is allowed
    """
    check_kind("policy", policy, Policy, "must be a Policy")
    check_kind("environment", environment, Environment, "must be an Environment")
    if not holds:
        raise InvalidValueError("holds", holds, "must not be empty")
    asked = [_safety(as_property(f"holds[{place}]", each)) for place, each in enumerate(holds)]
    names = [each.name for each in asked]
    if len(set(names)) < len(names):
        raise InvalidValueError("holds", names, "must have different names")
    guarded = tuple(checked_word("acts", act, tuple(policy.acts)) for act in dict.fromkeys(check_words("acts", acts)))
    if not guarded:
        raise InvalidValueError("acts", acts, f"must name an action at least; known: {', '.join(policy.acts)}")
    if environment.has_chances:
        raise InvalidValueError(
            "environment", environment.name, "must not have probabilities: a guard acts at any time"
        )
    check_whole("states_max", states_max, 1)
    about: dict[str, Any] = {"environment": environment, "turn": turn, "promises_max": promises_max}
    for verdict in check(curve, *asked, policy=policy, states_max=states_max, **about):
        if not verdict:
            raise UnprovedPropertyError(verdict.name, verdict.status)
    automaton = unroll_loop(ClosedLoop(curve=curve, policy=policy, any_time=True, guarded=guarded, **about), states_max)
    if automaton.stopped is not None and "promises" not in automaton.stopped:
        raise InvalidValueError(
            "states_max", states_max, "must be larger: with the guarded actions there are more states"
        )
    return Guard(automaton, guarded, tuple(asked))


def _safety(asked: Property) -> Safety:
    if not isinstance(asked, Safety):
        rule = "must be a safety property such as always(...), never(...), at_most(...) or leads_to(..., within=...)"
        raise InvalidValueError("holds", asked.name, rule)
    return asked
