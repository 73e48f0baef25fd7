"""The checker: ``check``, and how each kind of property is decided, on one unrolling of the loop or on the curve's table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any

from attrs import define, evolve, field

from trustcurve.core.curve import Curve
from trustcurve.core.standing import Standing
from trustcurve.core.values import checked_word
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies.decision_list import DecisionList
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.verification.arguments import check_kind, check_whole
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.beginning import standing_to_begin_with
from trustcurve.verification.chain import UndecidedError
from trustcurve.verification.chance_values import Chance, broken_bound, values_of
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.curve_properties import CURVE_PROPERTIES
from trustcurve.verification.loop_journey import Counterexample, Witness
from trustcurve.verification.monitor import VIOLATED, Monitor, under_assumption
from trustcurve.verification.monitor_table import TooManyStatesError
from trustcurve.verification.nearest_passing import nearest_passing
from trustcurve.verification.policy_properties import POLICY_PROPERTIES
from trustcurve.verification.product import Graph, explore, graph_of
from trustcurve.verification.property import (
    CurveProperty,
    ExpectedTotal,
    ExpectedTurns,
    LeadsTo,
    Possible,
    Probability,
    Property,
    PropertyLike,
    Recoverable,
    Relational,
    Safety,
    Until,
    as_property,
)
from trustcurve.verification.results import CurveCounterexample, Report, Status, Verdict
from trustcurve.verification.search import (
    Lasso,
    fair_cycles,
    reaching,
    shortest_lasso,
    shortest_lasso_along,
    shortest_lasso_among,
)
from trustcurve.verification.simulation_relation import dominance, shortest_paradox
from trustcurve.verification.unrolling import STATES_MAX, unroll_loop

__all__ = ["Checker", "as_properties", "check", "checker_for"]

_NO_SUCH_JOURNEY = (
    "only a journey that cannot happen violates it: more promises are kept late in it than were broken, "
    "or the day of one is moved to a time before"
)


def check(
    curve: Curve,
    *properties: PropertyLike,
    policy: Policy | None = None,
    environment: Environment = ANY,
    turn: timedelta | None = None,
    promises_max: int = 2,
    once_a_turn: bool = False,
    begin: Standing | str | None = None,
    states_max: int = STATES_MAX,
) -> Report:
    """Decide properties of a curve, or of a policy on it, by exploring every reachable state.

    Args:
        curve: The curve.
        *properties: What to decide; named properties may be given with or without a call. Default: the named
            properties of policies (``POLICY_PROPERTIES``), or without a policy those of curves (``CURVE_PROPERTIES``).
        policy: The policy; without one, only properties of the curve can be decided.
        environment: What may happen that the company does not choose.
        turn: How long a turn lasts. Default: a third of the curve's quiet period.
        promises_max: The most promises that may be open at once.
        once_a_turn: Whether the environment makes at most one move in a turn, at the instant of the policy's run; else it
            may do anything at any time, as often as it likes. Environments with probabilities always move once a turn.
        begin: Where customers stand at the beginning, just after a run of the policy, of whom it remembers nothing: a
            standing without open promises, a whole number of turns after its ``quiet_since``; or a stage or leaf state, which
            stands for a shortest journey into it. Default: a stranger.
        states_max: The most states of the loop, and of the loop together with what a property counts; if there are
            more, what is not refuted is UNKNOWN.

    Raises:
        ImpurePolicyError: The policy is not a pure function of the view.
        InvalidValueError: An argument is of another kind or out of range, is not a property, or needs a policy. Or
            ``begin`` has an open promise, is not a whole number of turns after ``quiet_since``, or cannot be reached.
        UnknownWordError: A relational property names a signal that the curve does not have, or ``begin`` a state.

    Examples:
        >>> from trustcurve.verification import check, no_stage_skipping
        >>> print(check(Curve.default(), no_stage_skipping))
        PROVED  no_stage_skipping
    """
    checker = checker_for(
        curve,
        policy,
        environment=environment,
        turn=turn,
        promises_max=promises_max,
        once_a_turn=once_a_turn,
        begin=begin,
        states_max=states_max,
    )
    return checker.report(environment, properties)


def as_properties(policy: Policy | None, properties: Sequence[object]) -> tuple[Property, ...]:
    """Return the properties that are given, or else the default ones of policies or curves.

    Raises:
        InvalidValueError: One of them is not a property.
    """
    if not properties:
        return CURVE_PROPERTIES if policy is None else POLICY_PROPERTIES
    return tuple(as_property(f"properties[{place}]", each) for place, each in enumerate(properties))


def checker_for(
    curve: Curve,
    policy: Policy | None,
    *,
    environment: Environment,
    turn: timedelta | None,
    promises_max: int,
    once_a_turn: bool = False,
    begin: Standing | str | None = None,
    states_max: int,
) -> Checker:
    """Return a checker, which unrolls the loop once for all properties; for arguments and errors see ``check``."""
    check_kind("curve", curve, Curve, "must be a Curve, for example Curve.default()")
    if policy is not None:
        check_kind(
            "policy", policy, Policy, "must be a Policy; use load_policy(path), or a function under @policy(name)"
        )
    check_kind("environment", environment, Environment, "must be an Environment")
    check_whole("states_max", states_max, 1)
    check_kind("once_a_turn", once_a_turn, bool, "must be True or False")
    loop = None
    if policy is None and begin is not None:
        raise InvalidValueError("begin", begin, "must be left out without a policy: a curve is checked everywhere")
    if policy is not None:
        loop = ClosedLoop(
            begin=None if begin is None else standing_to_begin_with(curve, begin),
            curve=curve,
            policy=policy,
            environment=environment,
            turn=turn,
            promises_max=promises_max,
            any_time=not once_a_turn and not environment.has_chances,
        )
    return Checker(curve, loop, states_max, "" if begin is None or loop is None else curve.state(loop.begin.position))


@define(eq=False)
class Checker:
    """Decides properties one after the other, on one unrolling."""

    curve: Curve
    loop: ClosedLoop | None
    states_max: int
    begin: str = ""
    _unrolled: Automaton | None = field(default=None, init=False)
    _dominance: Any = field(default=None, init=False)

    @property
    def scope(self) -> str:
        """What the environment can do, in words; "" without a policy."""
        if self.loop is None:
            return ""
        return "at any time" if self.loop.any_time else "one move in a turn"

    @property
    def unused_rows(self) -> tuple[str, ...] | None:
        """The names of the policy's rows that decide in no state of the loop; None if that is not known."""
        decide = None if self.loop is None else self.loop.policy.decide
        if not isinstance(decide, DecisionList) or self._unrolled is None or self._unrolled.stopped is not None:
            return None
        return tuple(decide.rules[row].name for row in self._unrolled.unused_rows)

    def automaton(self, name: str) -> Automaton:
        """Return the unrolled loop; ``name`` is the property that needs it."""
        if self.loop is None:
            raise InvalidValueError("policy", None, f"must be given: {name} is about what a policy does")
        if self._unrolled is None:
            self._unrolled = unroll_loop(self.loop, self.states_max)
        return self._unrolled

    def report(self, environment: Environment, properties: Sequence[object]) -> Report:
        """Decide properties in the environment of the loop; without any, the default ones."""
        policy = None if self.loop is None else self.loop.policy
        return Report(
            curve=self.curve.name,
            policy=None if policy is None else policy.name,
            environment=environment.name,
            scope=self.scope,
            verdicts=tuple(map(self.decide, as_properties(policy, properties))),
            begin=self.begin,
            unused_rows=self.unused_rows,
        )

    def decide(self, asked: Property) -> Verdict:
        """Decide one property."""
        start = perf_counter()
        ways: tuple[tuple[Any, Callable[..., Verdict]], ...] = (
            (CurveProperty, self._curve),
            (Relational, self._relational),
            (Safety, self._safety),
            (Possible, self._possible),
            (Recoverable, self._recoverable),
            (LeadsTo, self._leads_to),
            (Until, self._until),
            (Probability | ExpectedTurns | ExpectedTotal, self._chance),
        )
        way = next(way for kind, way in ways if isinstance(asked, kind))
        try:
            verdict = way(asked)
        except TooManyStatesError as error:
            verdict = self._too_many(asked, self.automaton(asked.name), str(error))
        except Exception as error:
            error.add_note(f"in property {asked.name!r}")
            raise
        return evolve(verdict, seconds=perf_counter() - start)

    def _too_many(self, asked: Property, automaton: Automaton, why: str = "") -> Verdict:
        note = f"with what the property reads there are more than states_max={self.states_max} states"
        return _verdict(asked, automaton, Status.UNKNOWN, why or note)

    # --- on the curve's table -----------------------------------------------------------------------------

    def _curve(self, asked: CurveProperty) -> Verdict:
        signals = asked.counterexample(self.curve)
        return self._on_curve(asked, None if signals is None else CurveCounterexample(self.curve, signals))

    def _relational(self, asked: Relational) -> Verdict:
        table = self.curve.table()
        for signal in asked.insert:
            if signal not in table.signals:
                raise UnknownWordError("signal", signal, table.signals)
        for state in asked.at:
            checked_word("at", state, self.curve.stages_and_states)
        there = {
            number
            for number, position in enumerate(table.positions)
            if not asked.at or {position.stage, self.curve.state(position)} & {*asked.at}
        }
        if self._dominance is None:
            self._dominance = dominance(table)
        holds = self._dominance
        columns = [table.signals.index(signal) for signal in asked.insert]
        fine = all(
            holds[row[column], number] if asked.helps else holds[number, row[column]]
            for column in columns
            for number, row in enumerate(table.next)
            if number in there
        )
        if fine:
            return self._on_curve(asked, None)
        found = shortest_paradox(table, asked.insert, there, helps=asked.helps)
        assert found is not None  # noqa: S101 - the relation is the greatest, so there are such journeys
        before, inserted, after = found
        shown = CurveCounterexample(self.curve, (*before, inserted, *after), (*before, *after), inserted)
        return self._on_curve(asked, shown)

    def _on_curve(self, asked: Property, counterexample: CurveCounterexample | None) -> Verdict:
        table = self.curve.table()
        return Verdict(
            asked.name,
            asked.description,
            Status.PROVED if counterexample is None else Status.REFUTED,
            counterexample,
            states=len(table),
            transitions=len(table) * len(table.signals),
        )

    # --- on the automaton -----------------------------------------------------------------------------------

    def _safety(self, asked: Safety) -> Verdict:
        automaton = self.automaton(asked.name)
        found = explore(automaton, asked.monitor, asked.relevant, self.states_max)
        states, transitions = found.states, found.transitions
        if found.run is not None:
            shown = Counterexample(automaton.loop, automaton.passages(found.run))
            near = nearest_passing(shown, asked.monitor) if shown.happens else None
            verdict = self._refuted(asked, automaton, shown, "")
            return evolve(
                verdict,
                nearest_passing=near if verdict.counterexample else None,
                states=states,
                transitions=transitions,
            )
        if not found.complete and automaton.stopped is None:
            return evolve(self._too_many(asked, automaton), states=states, transitions=transitions)
        return evolve(self._holds(asked, automaton, vacuous=not found.relevant), states=states, transitions=transitions)

    def _possible(self, asked: Possible) -> Verdict:
        automaton = self.automaton(asked.name)
        goal = _under(asked.assumption, Monitor(0, lambda _, turn: VIOLATED if asked.goal(turn) else 0))
        found = explore(automaton, goal, asked.goal, self.states_max)
        if found.run is None:
            status = Status.REFUTED if automaton.stopped is None and found.complete else Status.UNKNOWN
            return _verdict(asked, automaton, status, automaton.stopped or "it never happens")
        witness = Witness(automaton.loop, automaton.passages(found.run))
        if not witness.happens:
            return _verdict(asked, automaton, Status.UNKNOWN, _NO_SUCH_JOURNEY)
        note = _limited(automaton, "the witness shows how", "witness")
        return evolve(_verdict(asked, automaton, Status.PROVED, note), witness=witness)

    def _recoverable(self, asked: Recoverable) -> Verdict:
        automaton = self.automaton(asked.name)
        graph = graph_of(automaton, [asked.goal], self.states_max)
        reaches = reaching(graph, graph.marks[0])
        if automaton.stopped is not None:
            return _verdict(asked, automaton, Status.UNKNOWN, automaton.stopped)
        if reaches.all():
            return self._holds(asked, automaton)
        found = shortest_lasso_among(graph, ~reaches)
        assert found is not None  # noqa: S101 - every node has a way on, so every run comes back somewhere
        return self._refuted(asked, automaton, _lasso(automaton, graph, found), "it can never come again")

    def _leads_to(self, asked: LeadsTo) -> Verdict:
        automaton = self.automaton(asked.name)
        if asked.fair == "moves" and automaton.stopped is not None:  # what is left out may be a way on
            return _verdict(asked, automaton, Status.UNKNOWN, automaton.stopped)
        graph = graph_of(automaton, [asked.after, asked.comes], self.states_max, asked.assumption)
        after, comes = graph.marks
        cycles = fair_cycles(graph, ~comes) if asked.fair == "moves" else ~comes
        found = shortest_lasso(graph, after & ~comes, ~comes, cycles)
        if found is None:
            return self._holds(asked, automaton, vacuous=not after.any())
        return self._refuted(asked, automaton, _lasso(automaton, graph, found), _never_comes(asked.fair))

    def _until(self, asked: Until) -> Verdict:
        monitor = _under(asked.assumption, asked.monitor)
        safe = self._safety(
            Safety(name=asked.name, description=asked.description, monitor=monitor, relevant=lambda _: True)
        )
        automaton = self.automaton(asked.name)
        if safe.status is Status.REFUTED or (asked.fair == "moves" and automaton.stopped is not None):
            return safe
        graph = graph_of(automaton, [asked.goal], self.states_max, asked.assumption)
        waits = ~graph.marks[0]
        found = shortest_lasso_along(graph, waits, fair_cycles(graph, waits) if asked.fair == "moves" else waits)
        if found is None:
            return safe
        return self._refuted(asked, automaton, _lasso(automaton, graph, found), _never_comes(asked.fair))

    def _chance(self, asked: Chance) -> Verdict:
        automaton = self.automaton(asked.name)
        if not automaton.loop.environment.has_chances:
            rule = f"must have a probability for each move to decide {asked.name!r}, as an environment from a file has"
            raise InvalidValueError("environment", automaton.loop.environment.name, rule)
        if automaton.stopped is not None:
            return _verdict(asked, automaton, Status.UNKNOWN, automaton.stopped)
        try:
            least, most = values_of(automaton, asked)
        except UndecidedError as error:
            return _verdict(asked, automaton, Status.UNKNOWN, str(error))
        rule = broken_bound(asked, least) or broken_bound(asked, most)
        verdict = _verdict(asked, automaton, Status.REFUTED if rule else Status.PROVED, rule)
        if not automaton.loop.environment.has_intervals:
            return evolve(verdict, value=most)
        return evolve(verdict, interval=(least, most))

    def _holds(self, asked: Property, automaton: Automaton, *, vacuous: bool = False) -> Verdict:
        if automaton.stopped is not None:
            return _verdict(asked, automaton, Status.UNKNOWN, automaton.stopped)
        return evolve(_verdict(asked, automaton, Status.PROVED, ""), vacuous=vacuous)

    def _refuted(self, asked: Property, automaton: Automaton, shown: Counterexample, note: str) -> Verdict:
        if not shown.happens:
            return _verdict(asked, automaton, Status.UNKNOWN, _NO_SUCH_JOURNEY)
        note = _limited(automaton, note, "counterexample")
        return evolve(_verdict(asked, automaton, Status.REFUTED, note), counterexample=shown)


def _under(assumption: Monitor | None, monitor: Monitor) -> Monitor:
    return monitor if assumption is None else under_assumption(assumption, monitor)


def _never_comes(fair: str) -> str:
    note = "it never comes"
    if fair == "moves":
        note += ": in the states that repeat, it cannot come any more; one round is shown"
    return note


def _verdict(asked: Property, automaton: Automaton, status: Status, note: str) -> Verdict:
    states, transitions = automaton.states, automaton.transitions
    return Verdict(asked.name, asked.description, status, states=states, transitions=transitions, note=note)


def _lasso(automaton: Automaton, graph: Graph, found: Lasso) -> Counterexample:
    edges = [int(graph.edge[edge]) for edge in (*found.stem, *found.cycle)]
    turns = sum(bool(graph.ends[edge]) for edge in found.stem)
    return Counterexample(automaton.loop, automaton.passages(edges), turns)


def _limited(automaton: Automaton, note: str, shown: str) -> str:
    """Add to a note that a limit was reached: what was left out may hold a shorter journey."""
    if automaton.stopped is None:
        return note
    return "; ".join(filter(None, (note, f"{automaton.stopped}: a shorter {shown} may exist")))
