"""How each kind of property is decided, on one unrolling of the loop or on the curve's table."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from attrs import define, evolve, field

from trustcurve.core.curve import Curve
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.verification.answers.verdicts import Status, Verdict
from trustcurve.verification.answers.witnesses import CurveWitness, Witness
from trustcurve.verification.deciding.chains import LONGEST, expected_turns_to, probability_of
from trustcurve.verification.deciding.nearest import nearest_pass
from trustcurve.verification.deciding.relations import never_above, shortest_paradox
from trustcurve.verification.deciding.search import (
    Run,
    components,
    least_lasso,
    on_a_cycle,
    reaching,
    shortest_stems,
    shortest_violation,
)
from trustcurve.verification.properties.kinds import (
    CurveProperty,
    ExpectedTurns,
    LeadsTo,
    Possible,
    Predicate,
    Probability,
    Property,
    Recoverable,
    Relational,
    Safety,
)
from trustcurve.verification.unrolling.automaton import Automaton, unroll_loop
from trustcurve.verification.unrolling.loop import Loop

__all__ = ["Prover"]

EXACT = 1e-9
"""How far a number may lie beyond a bound and still count as on it. Source: our choice; it is solved in floating point."""


@define(eq=False)
class Prover:
    """Decides one property after the other on one unrolling."""

    curve: Curve
    loop: Loop | None
    max_states: int
    _unrolled: Automaton | None = field(default=None, init=False)
    _never_above: Any = field(default=None, init=False)

    def automaton(self, name: str) -> Automaton:
        """Unroll the loop, once."""
        if self.loop is None:
            raise InvalidValueError("policy", None, f"{name} is about a policy: give one")
        if self._unrolled is None:
            self._unrolled = unroll_loop(self.loop, self.max_states)
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

    # --- curves -----------------------------------------------------------------------------------

    def _curve(self, asked: CurveProperty) -> Verdict:
        found = asked.counterexample(self.curve)
        witness = None if found is None else CurveWitness(self.curve, found)
        return self._of_curve(asked, Status.PROVED if found is None else Status.REFUTED, witness)

    def _relational(self, asked: Relational) -> Verdict:
        table = self.curve.table()
        for signal in asked.insert:
            if signal not in table.signals:
                raise UnknownWordError("signal", signal, table.signals)
        if self._never_above is None:
            self._never_above = never_above(table)
        holds = self._never_above
        columns = [table.signals.index(signal) for signal in asked.insert]
        fine = all(
            holds[row[column], number] if asked.helps else holds[number, row[column]]
            for column in columns
            for number, row in enumerate(table.next)
        )
        if fine:
            return self._of_curve(asked, Status.PROVED, None)
        found = shortest_paradox(table, asked.insert, helps=asked.helps)
        assert found is not None  # noqa: S101 - the relation is the greatest, so there are such journeys
        before, inserted, after = found
        witness = CurveWitness(self.curve, (*before, inserted, *after), (*before, *after), inserted)
        return self._of_curve(asked, Status.REFUTED, witness)

    def _of_curve(self, asked: Property, status: Status, witness: CurveWitness | None) -> Verdict:
        table = self.curve.table()
        return Verdict(
            asked.name, asked.says, status, witness, states=len(table), transitions=len(table) * len(table.signals)
        )

    # --- runs -------------------------------------------------------------------------------------

    def _safety(self, asked: Safety) -> Verdict:
        automaton = self.automaton(asked.name)
        run, states, transitions, complete = shortest_violation(automaton, asked.monitor, self.max_states)
        if run is not None:
            refuted = self._of(asked, automaton, Status.REFUTED, self._witness(run), _perhaps(automaton, ""))
            near = nearest_pass(automaton, asked.monitor, run, self.max_states)
            return evolve(
                refuted, states=states, transitions=transitions, nearest=None if near is None else self._witness(near)
            )
        if not complete and automaton.stopped is None:
            note = f"with what the property counts there are more than max_states={self.max_states} states"
            return evolve(
                self._of(asked, automaton, Status.UNKNOWN, None, note), states=states, transitions=transitions
            )
        vacuous = not any(map(asked.relevant, set(automaton.turns)))
        return self._held(asked, automaton, states, transitions, vacuous=vacuous)

    def _possible(self, asked: Possible) -> Verdict:
        automaton = self.automaton(asked.name)
        wanted = _marks(automaton, asked.goal)
        best = next((edge for edge, hit in zip(automaton.edges, wanted, strict=True) if hit), None)
        if best is None:
            status = Status.REFUTED if automaton.stopped is None else Status.UNKNOWN
            return self._of(asked, automaton, status, None, automaton.stopped or "it never happens")
        shows = self._witness((*shortest_stems(automaton)[best.source], best))
        return self._of(asked, automaton, Status.PROVED, shows, _perhaps(automaton, "the witness shows how"))

    def _recoverable(self, asked: Recoverable) -> Verdict:
        automaton = self.automaton(asked.name)
        reaches = reaching(automaton, _marks(automaton, asked.goal))
        if automaton.stopped is not None:
            return self._of(asked, automaton, Status.UNKNOWN, None, automaton.stopped)
        lost = {node for node, fine in enumerate(reaches) if not fine}
        if not lost:
            return self._held(asked, automaton, len(automaton.nodes), len(automaton.edges))
        everywhere = [True] * len(automaton.edges)
        stems = {node: run for node, run in shortest_stems(automaton).items() if node in lost}
        found = least_lasso(automaton, stems, on_a_cycle(automaton, everywhere), everywhere)
        assert found is not None  # noqa: S101 - every node has a turn, so every run comes back somewhere
        return self._of(asked, automaton, Status.REFUTED, self._lasso(*found), "it can never come again")

    def _leads_to(self, asked: LeadsTo) -> Verdict:
        automaton = self.automaton(asked.name)
        if asked.fair == "moves" and automaton.stopped is not None:
            return self._of(
                asked, automaton, Status.UNKNOWN, None, automaton.stopped
            )  # what is left out may be a way on
        after, comes = _marks(automaton, asked.after), _marks(automaton, asked.comes)
        without = [not each for each in comes]
        calls = [a and w for a, w in zip(after, without, strict=True)]
        if asked.fair == "moves":  # then a run ends in a component that it cannot leave, and takes all of its turns
            label = components(automaton, [True] * len(automaton.edges))
            left = {
                label[e.source]
                for e, w in zip(automaton.edges, without, strict=True)
                if label[e.source] != label[e.target] or not w
            }
            loops = [label[e.source] == label[e.target] and label[e.source] not in left for e in automaton.edges]
        else:
            loops = without
        stems = shortest_stems(automaton, calls, without)
        cyclic = on_a_cycle(automaton, loops)
        found = least_lasso(automaton, stems, cyclic, loops)
        if found is not None:  # what calls for it may also lie on the loop itself
            found = least_lasso(automaton, shortest_stems(automaton), cyclic, loops, through=calls, best=found)
        if found is not None:
            avoids = "it never comes"
            if asked.fair == "moves":
                avoids += ": among the states it goes round in it cannot come any more; one round is shown"
            return self._of(asked, automaton, Status.REFUTED, self._lasso(*found), _perhaps(automaton, avoids))
        return self._held(asked, automaton, len(automaton.nodes), len(automaton.edges), vacuous=not any(after))

    def _chance(self, asked: Probability | ExpectedTurns) -> Verdict:
        automaton = self.automaton(asked.name)
        if automaton.stopped is not None:
            return self._of(asked, automaton, Status.UNKNOWN, None, automaton.stopped)
        goal = _marks(automaton, asked.goal)
        if isinstance(asked, Probability):
            value, least = probability_of(automaton, goal, asked.within), asked.at_least
            most, rule = asked.at_most + EXACT, f"must lie between {least:g} and {asked.at_most:g}"
        else:
            value, least = expected_turns_to(automaton, goal), 0.0
            most, rule = asked.at_most * (1 + EXACT), f"must be at most {asked.at_most:g}"
        if value is None:
            note = f"it may take more than {LONGEST:,} turns on average: too many to compute exactly"
            return self._of(asked, automaton, Status.UNKNOWN, None, note)
        status = Status.PROVED if least - EXACT <= value <= most else Status.REFUTED
        note = rule if status is Status.REFUTED else ""
        return evolve(self._of(asked, automaton, status, None, note), value=value)

    def _held(
        self, asked: Property, automaton: Automaton, states: int, transitions: int, *, vacuous: bool = False
    ) -> Verdict:
        status = Status.PROVED if automaton.stopped is None else Status.UNKNOWN
        note, vacuous = automaton.stopped or "", vacuous and automaton.stopped is None
        return Verdict(
            asked.name, asked.says, status, vacuous=vacuous, states=states, transitions=transitions, note=note
        )

    def _of(self, asked: Property, automaton: Automaton, status: Status, witness: Witness | None, note: str) -> Verdict:
        states, transitions = len(automaton.nodes), len(automaton.edges)
        return Verdict(asked.name, asked.says, status, witness, states=states, transitions=transitions, note=note)

    def _witness(self, run: Run) -> Witness:
        assert self.loop is not None  # noqa: S101 - there was an automaton
        return Witness(self.loop, run)

    def _lasso(self, stem: Run, loop: Run) -> Witness:
        assert self.loop is not None  # noqa: S101 - there was an automaton
        return Witness(self.loop, (*stem, *loop), len(stem))


def _perhaps(automaton: Automaton, note: str) -> str:
    """Add to a note that a cap was hit: what was left out may hold a shorter journey."""
    if automaton.stopped is None:
        return note
    return "; ".join(filter(None, (note, f"{automaton.stopped}: perhaps there is a shorter journey")))


def _marks(automaton: Automaton, predicate: Predicate) -> list[bool]:
    """Ask a predicate about every turn, once for all that look alike."""
    answers = {turn: bool(predicate(turn)) for turn in set(automaton.turns)}
    return [answers[turn] for turn in automaton.turns]
