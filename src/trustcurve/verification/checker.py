"""The checker: ``check``, and how each kind of property is decided, on one unrolling of the loop or on the curve's table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any

from attrs import define, evolve, field

from trustcurve.core.curve import Curve
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.verification.arguments import check_kind, check_whole
from trustcurve.verification.automaton import Automaton, unroll_loop
from trustcurve.verification.chain import TURNS_MAX, expected_turns_to, probability_of
from trustcurve.verification.closed_loop import ClosedLoop
from trustcurve.verification.named_properties import CURVE_PROPERTIES, POLICY_PROPERTIES
from trustcurve.verification.property import (
    CurveProperty,
    ExpectedTurns,
    LeadsTo,
    Possible,
    Predicate,
    Probability,
    Property,
    PropertyLike,
    Recoverable,
    Relational,
    Safety,
    as_property,
)
from trustcurve.verification.results import Counterexample, CurveCounterexample, Report, Status, Verdict, Witness
from trustcurve.verification.search import (
    Run,
    components,
    nearest_passing,
    on_a_cycle,
    reaching,
    shortest_lasso,
    shortest_stems,
    shortest_violation,
)
from trustcurve.verification.simulation_relation import dominance, shortest_paradox

__all__ = ["Checker", "as_properties", "check", "checker_for"]

_EXACT = 1e-9
"""How far a number may lie beyond a bound and still count as on it. Source: our choice; it is solved in floating point."""


def check(
    curve: Curve,
    *properties: PropertyLike,
    policy: Policy | None = None,
    environment: Environment = ANY,
    turn: timedelta | None = None,
    promises_max: int = 2,
    states_max: int = 200_000,
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
        states_max: The most states of the loop, and of the loop together with what a property counts; if there are
            more, what is not refuted is UNKNOWN.

    Raises:
        ImpurePolicyError: The policy is not a pure function of the view.
        InvalidValueError: An argument is of another kind or out of range, is not a property, or needs a policy.
        UnknownWordError: A relational property names a signal that the curve does not have.

    Examples:
        >>> from trustcurve.verification import check, no_stage_skipping
        >>> print(check(Curve.default(), no_stage_skipping))
        PROVED  no_stage_skipping
    """
    checker = checker_for(
        curve, policy, environment=environment, turn=turn, promises_max=promises_max, states_max=states_max
    )
    return Report(
        curve=curve.name,
        policy=None if policy is None else policy.name,
        environment=environment.name,
        verdicts=tuple(map(checker.decide, as_properties(policy, properties))),
    )


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
    loop = None
    if policy is not None:
        loop = ClosedLoop(curve=curve, policy=policy, environment=environment, turn=turn, promises_max=promises_max)
    return Checker(curve, loop, states_max)


@define(eq=False)
class Checker:
    """Decides properties one after the other, on one unrolling."""

    curve: Curve
    loop: ClosedLoop | None
    states_max: int
    _unrolled: Automaton | None = field(default=None, init=False)
    _dominance: Any = field(default=None, init=False)

    def automaton(self, name: str) -> Automaton:
        """Return the unrolled loop; ``name`` is the property that needs it."""
        if self.loop is None:
            raise InvalidValueError("policy", None, f"must be given: {name} is about what a policy does")
        if self._unrolled is None:
            self._unrolled = unroll_loop(self.loop, self.states_max)
        return self._unrolled

    def decide(self, asked: Property) -> Verdict:
        """Decide one property."""
        start = perf_counter()
        ways: tuple[tuple[type[Property], Callable[..., Verdict]], ...] = (
            (CurveProperty, self._curve),
            (Relational, self._relational),
            (Safety, self._safety),
            (Possible, self._possible),
            (Recoverable, self._recoverable),
            (LeadsTo, self._leads_to),
            (Probability, self._chance),
            (ExpectedTurns, self._chance),
        )
        way = next(way for kind, way in ways if isinstance(asked, kind))
        return evolve(way(asked), seconds=perf_counter() - start)

    # --- on the curve's table -----------------------------------------------------------------------------

    def _curve(self, asked: CurveProperty) -> Verdict:
        signals = asked.counterexample(self.curve)
        return self._on_curve(asked, None if signals is None else CurveCounterexample(self.curve, signals))

    def _relational(self, asked: Relational) -> Verdict:
        table = self.curve.table()
        for signal in asked.insert:
            if signal not in table.signals:
                raise UnknownWordError("signal", signal, table.signals)
        if self._dominance is None:
            self._dominance = dominance(table)
        holds = self._dominance
        columns = [table.signals.index(signal) for signal in asked.insert]
        fine = all(
            holds[row[column], number] if asked.helps else holds[number, row[column]]
            for column in columns
            for number, row in enumerate(table.next)
        )
        if fine:
            return self._on_curve(asked, None)
        found = shortest_paradox(table, asked.insert, helps=asked.helps)
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
        run, states, transitions, complete = shortest_violation(automaton, asked.monitor, self.states_max)
        if run is not None:
            near = nearest_passing(automaton, asked.monitor, run, self.states_max)
            return evolve(
                self._refuted(asked, automaton, Counterexample(automaton.loop, run), ""),
                nearest_passing=None if near is None else Witness(automaton.loop, near),
                states=states,
                transitions=transitions,
            )
        if not complete and automaton.stopped is None:
            note = f"with what the property counts there are more than states_max={self.states_max} states"
            return evolve(_verdict(asked, automaton, Status.UNKNOWN, note), states=states, transitions=transitions)
        vacuous = not any(map(asked.relevant, set(automaton.turns)))
        return evolve(self._holds(asked, automaton, vacuous=vacuous), states=states, transitions=transitions)

    def _possible(self, asked: Possible) -> Verdict:
        automaton = self.automaton(asked.name)
        wanted = _marks(automaton, asked.goal)
        best = next((edge for edge, hit in zip(automaton.edges, wanted, strict=True) if hit), None)
        if best is None:
            status = Status.REFUTED if automaton.stopped is None else Status.UNKNOWN
            return _verdict(asked, automaton, status, automaton.stopped or "it never happens")
        witness = Witness(automaton.loop, (*shortest_stems(automaton)[best.source], best))
        note = _limited(automaton, "the witness shows how", "witness")
        return evolve(_verdict(asked, automaton, Status.PROVED, note), witness=witness)

    def _recoverable(self, asked: Recoverable) -> Verdict:
        automaton = self.automaton(asked.name)
        reaches = reaching(automaton, _marks(automaton, asked.goal))
        if automaton.stopped is not None:
            return _verdict(asked, automaton, Status.UNKNOWN, automaton.stopped)
        lost = {node for node, fine in enumerate(reaches) if not fine}
        if not lost:
            return self._holds(asked, automaton)
        everywhere = [True] * len(automaton.edges)
        stems = {node: run for node, run in shortest_stems(automaton).items() if node in lost}
        found = shortest_lasso(automaton, stems, on_a_cycle(automaton, everywhere), everywhere)
        assert found is not None  # noqa: S101 - every node has a turn, so every run comes back somewhere
        return self._refuted(asked, automaton, _lasso(automaton, *found), "it can never come again")

    def _leads_to(self, asked: LeadsTo) -> Verdict:
        automaton = self.automaton(asked.name)
        if asked.fair == "moves" and automaton.stopped is not None:  # what is left out may be a way on
            return _verdict(asked, automaton, Status.UNKNOWN, automaton.stopped)
        after, comes = _marks(automaton, asked.after), _marks(automaton, asked.comes)
        without = [not each for each in comes]
        calls = [a and w for a, w in zip(after, without, strict=True)]
        cycles = _fair_cycles(automaton, without) if asked.fair == "moves" else without
        stems = shortest_stems(automaton, calls, without)
        cyclic = on_a_cycle(automaton, cycles)
        found = shortest_lasso(automaton, stems, cyclic, cycles)
        if found is not None:  # what calls for it may also lie on the cycle itself
            found = shortest_lasso(automaton, shortest_stems(automaton), cyclic, cycles, through=calls, best=found)
        if found is None:
            return self._holds(asked, automaton, vacuous=not any(after))
        note = "it never comes"
        if asked.fair == "moves":
            note += ": in the states that repeat, it cannot come any more; one round is shown"
        return self._refuted(asked, automaton, _lasso(automaton, *found), note)

    def _chance(self, asked: Probability | ExpectedTurns) -> Verdict:
        automaton = self.automaton(asked.name)
        if automaton.stopped is not None:
            return _verdict(asked, automaton, Status.UNKNOWN, automaton.stopped)
        goal = _marks(automaton, asked.goal)
        if isinstance(asked, Probability):
            value, least = probability_of(automaton, goal, asked.within), asked.at_least
            most, rule = asked.at_most + _EXACT, f"must lie between {least:g} and {asked.at_most:g}"
        else:
            value, least = expected_turns_to(automaton, goal), 0.0
            most, rule = asked.at_most * (1 + _EXACT), f"must be at most {asked.at_most:g}"
        if value is None:
            note = f"the mean number of turns may exceed {TURNS_MAX:,}: too many to compute exactly"
            return _verdict(asked, automaton, Status.UNKNOWN, note)
        fine = least - _EXACT <= value <= most
        verdict = _verdict(asked, automaton, Status.PROVED if fine else Status.REFUTED, "" if fine else rule)
        return evolve(verdict, value=value)

    def _holds(self, asked: Property, automaton: Automaton, *, vacuous: bool = False) -> Verdict:
        if automaton.stopped is not None:
            return _verdict(asked, automaton, Status.UNKNOWN, automaton.stopped)
        return evolve(_verdict(asked, automaton, Status.PROVED, ""), vacuous=vacuous)

    def _refuted(self, asked: Property, automaton: Automaton, shown: Counterexample, note: str) -> Verdict:
        note = _limited(automaton, note, "counterexample")
        return evolve(_verdict(asked, automaton, Status.REFUTED, note), counterexample=shown)


def _verdict(asked: Property, automaton: Automaton, status: Status, note: str) -> Verdict:
    states, transitions = len(automaton.nodes), len(automaton.edges)
    return Verdict(asked.name, asked.description, status, states=states, transitions=transitions, note=note)


def _lasso(automaton: Automaton, stem: Run, cycle: Run) -> Counterexample:
    return Counterexample(automaton.loop, (*stem, *cycle), len(stem))


def _fair_cycles(automaton: Automaton, usable: Sequence[bool]) -> list[bool]:
    """Return the edges on which a fair run can stay forever along usable edges.

    A fair run ends in a component that it cannot leave, and takes all of its edges.
    """
    label = components(automaton, [True] * len(automaton.edges))
    left = {
        label[edge.source]
        for edge, use in zip(automaton.edges, usable, strict=True)
        if label[edge.source] != label[edge.target] or not use
    }
    return [label[edge.source] == label[edge.target] and label[edge.source] not in left for edge in automaton.edges]


def _limited(automaton: Automaton, note: str, shown: str) -> str:
    """Add to a note that a limit was reached: what was left out may hold a shorter journey."""
    if automaton.stopped is None:
        return note
    return "; ".join(filter(None, (note, f"{automaton.stopped}: a shorter {shown} may exist")))


def _marks(automaton: Automaton, predicate: Predicate) -> list[bool]:
    """Return what a predicate says of every turn; it is asked once for all that look alike."""
    answers = {turn: bool(predicate(turn)) for turn in set(automaton.turns)}
    return [answers[turn] for turn in automaton.turns]
