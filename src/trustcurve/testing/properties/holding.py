"""``@holds``: one test for each property, proved where that can be, tested by examples where not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property, wraps
from inspect import Parameter, isclass, iscoroutinefunction, signature
from time import perf_counter
from typing import Any, NoReturn, TypeVar

import pytest
from attrs import evolve, field, frozen
from hypothesis import settings as hypothesis_settings

from trustcurve.core.curve import Curve
from trustcurve.errors import InvalidValueError, TrustcurveError
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.testing.arguments import check_settings
from trustcurve.testing.places import place_of
from trustcurve.testing.properties.falsifying import falsify_on
from trustcurve.testing.properties.judging import breaks, can_be_broken
from trustcurve.testing.properties.outcomes import Outcome
from trustcurve.testing.properties.rerunning import rerun
from trustcurve.testing.saving import saved
from trustcurve.testing.session import session
from trustcurve.verification.checker import Checker, as_properties, checker_for
from trustcurve.verification.property import Property, PropertyLike
from trustcurve.verification.results import Counterexample, Status, Verdict

__all__ = ["KEY", "holds"]

Test = TypeVar("Test", bound=Callable[..., None])

KEY = "trustcurve"
"""Under which user property of a test report its outcome stands, as JSON."""

_ARGUMENT = "trustcurve_property"


def holds(
    curve: Curve,
    *properties: PropertyLike,
    policy: Policy | None = None,
    environment: Environment = ANY,
    turn: timedelta | None = None,
    promises_max: int = 2,
    settings: hypothesis_settings | None = None,
) -> Callable[[Test], Test]:
    """Make a pytest test of each property: ``test_retail[repair_within(3)]``.

    What can be proved is proved, once for all of them. What a limit keeps from being decided is tested by examples
    instead, with the same statement. A test fails with the shortest journey that shows why, and saves it, so that
    ``pytest --trustcurve-replay FILE`` tests it again. The function's own body runs after that, with its fixtures. In a
    ``unittest.TestCase`` there are no parameters: one test then asks for all properties.

    Args:
        curve: The curve.
        *properties: What must hold; if left out, all named properties of policies, or without a policy those of curves.
        policy: The policy; without one, only properties of the curve can be asked.
        environment: What may happen that the company does not choose.
        turn: How long a turn lasts; a third of the curve's quiet period if left out.
        promises_max: The most promises that may be open at once.
        settings: Hypothesis's, for what is tested by examples; the present profile if left out.

    Raises:
        InvalidValueError: An argument is of another kind or out of range, or the decorated thing is no plain function,
            or is decorated already.

    Examples:
        >>> from trustcurve.verification import no_harm_helps, no_good_hurts
        >>> @holds(Curve.default(), no_harm_helps, no_good_hurts)
        ... def test_our_curve(): ...
    """
    asked = as_properties(policy, properties)
    held = _Held(curve, policy, environment, turn, promises_max, settings)
    held.check()

    def decorate(test: Test) -> Test:
        if isinstance(test, staticmethod | classmethod):
            raise InvalidValueError(
                "test", test, f"must be a plain function: write @{type(test).__name__} above @holds"
            )
        if not callable(test) or isclass(test) or iscoroutinefunction(test):
            raise InvalidValueError("test", test, "must be a plain function, no class and not async")
        if _ARGUMENT in signature(test).parameters:
            raise InvalidValueError("test", test, "is under @holds already: write a test for each policy")
        return _with_property(test, held, asked)

    return decorate


def _with_property(test: Test, held: _Held, asked: tuple[Property, ...]) -> Test:
    """Wrap a test function: another parameter, over which pytest parametrizes, and a check before the body."""
    own = list(signature(test).parameters.values())
    wants_request = any(parameter.name == "request" for parameter in own)
    added = [Parameter(name, Parameter.KEYWORD_ONLY) for name in ("request", _ARGUMENT)[wants_request:]]

    def checked(*args: Any, **fixtures: Any) -> None:
        if _ARGUMENT not in fixtures:  # called by unittest, or by hand: one test for all
            told = [held.decided(prop, test.__name__) for prop in asked]
            for outcome, _ in told:
                if outcome is not None and session.item is not None:
                    session.item.user_properties.append((KEY, json.dumps(outcome.plain())))
            for outcome, wrong in told:
                if outcome is None or not outcome.holds:
                    _fail(wrong if outcome is None else outcome.told)
            test(*args, **fixtures)
            return
        request, prop = fixtures["request"], fixtures.pop(_ARGUMENT)
        outcome, wrong = held.decided(prop, request.node.nodeid)
        if outcome is None:
            _fail(wrong)
        request.node.user_properties.append((KEY, json.dumps(outcome.plain())))
        if not outcome.holds:
            _fail(outcome.told)
        __tracebackhide__ = True  # from here on only the body can fail
        test(*args, **(fixtures if wants_request else {k: v for k, v in fixtures.items() if k != "request"}))

    made: Any = wraps(test)(checked)
    del made.__wrapped__  # pytest would look for the parameters there
    made.__signature__ = signature(test).replace(parameters=[*own, *added])
    parametrized: Test = pytest.mark.parametrize(_ARGUMENT, [pytest.param(prop, id=prop.name) for prop in asked])(made)
    return parametrized


def _fail(told: str) -> NoReturn:
    """Fail as the runner likes it best: pytest without a traceback, which would show nothing of the test."""
    if "PYTEST_CURRENT_TEST" in os.environ:
        pytest.fail(told, pytrace=False)
    raise AssertionError(told)


@frozen(eq=False, slots=False)
class _Held:
    """What one decorator holds: decides its properties, each when its turn comes, on one unrolling."""

    curve: Curve
    policy: Policy | None
    environment: Environment
    turn: timedelta | None
    promises_max: int
    settings: hypothesis_settings | None
    _noted: list[bool] = field(factory=list, init=False)

    def check(self) -> None:
        """Refuse wrong arguments at once; nothing is unrolled yet."""
        check_settings(self.settings)
        self._prover_for(1)
        session.saw(self.curve)

    @cached_property
    def _prover(self) -> Checker:
        return self._prover_for(session.max_states)

    def _prover_for(self, max_states: int) -> Checker:
        return checker_for(
            self.curve,
            self.policy,
            environment=self.environment,
            states_max=max_states,
            turn=self.turn,
            promises_max=self.promises_max,
        )

    def decided(self, prop: Property, test: str) -> tuple[Outcome | None, str]:
        """Decide, or say what is wrong with the policy and where: our own calls on the way there help nobody."""
        try:
            return self.decide(prop, test), ""
        except TrustcurveError as error:
            return None, f"{error}{place_of(error.__cause__)}"

    def decide(self, prop: Property, test: str) -> Outcome:
        """Prove a property, or test it by examples; or hold only the saved journey against it, if there is one."""
        if session.replayed is not None and self._prover.loop is not None:
            return self._replayed(prop)
        verdict = self._prover.decide(prop)
        self._note()
        if verdict.status is Status.UNKNOWN and self._prover.loop is not None and can_be_broken(prop):
            return self._tested(prop, verdict, test)
        told = verdict.explain()
        if isinstance(verdict.counterexample, Counterexample):
            told += saved(verdict.counterexample.journey, self.curve, test)
        if verdict.status is Status.UNKNOWN:
            told += "\n  No example can decide it. Raise --trustcurve-max-states, or promises_max, or make the policy smaller."
        return self._outcome(verdict, told=told)

    def _note(self) -> None:
        """Note for the coverage what the proofs looked at: where the policy leads. Proofs about a curve look at all of it."""
        if self._prover.loop is None or self._noted:
            return
        self._noted.append(True)
        table, looked_at = self.curve.table(), session.looked_at.setdefault(self.curve.fingerprint, set())
        columns = {signal: column for column, signal in enumerate(table.signals)}
        for edge in self._prover.automaton("").edges:
            at = edge.record.before.position
            for _, signal in edge.record.signals:
                looked_at.add(at * len(columns) + columns[signal])
                at = table.next[at][columns[signal]]

    def _tested(self, prop: Property, verdict: Verdict, test: str) -> Outcome:
        assert self._prover.loop is not None  # noqa: S101 - asked before
        start = perf_counter()
        given = self.settings or hypothesis_settings()
        found = falsify_on(self._prover.loop, prop, given)
        seconds = verdict.seconds + perf_counter() - start
        if found is None:
            note = f"{verdict.note}; tested by {given.max_examples} examples instead, none of which refutes it"
            return evolve(
                self._outcome(verdict, told=note),
                status="TESTED",
                note=note,
                examples=given.max_examples,
                seconds=seconds,
            )
        shown = evolve(
            verdict,
            status=Status.REFUTED,
            counterexample=found,
            note="an example shows it; perhaps there is a shorter one",
        )
        return evolve(
            self._outcome(shown, told=shown.explain() + saved(found.journey, self.curve, test)), seconds=seconds
        )

    def _replayed(self, prop: Property) -> Outcome:
        assert self._prover.loop is not None  # noqa: S101 - asked before
        run = rerun(self._prover.loop, session.replayed_on(self.curve))
        if not can_be_broken(prop):
            verdict = self._prover.decide(prop)
            return self._outcome(verdict, told=verdict.explain())
        broken = breaks(prop, run)
        shown = Verdict(
            prop.name,
            prop.description,
            Status.REFUTED if broken else Status.UNKNOWN,
            counterexample=Counterexample(run.loop, run.edges) if broken else None,
            note="the saved journey shows it" if broken else "only the saved journey was tested",
        )
        return evolve(self._outcome(shown, told=shown.explain()), status="REFUTED" if broken else "TESTED", examples=1)

    def _outcome(self, verdict: Verdict, *, told: str) -> Outcome:
        return Outcome(
            curve=self.curve.name,
            policy=None if self.policy is None else self.policy.name,
            environment=self.environment.name,
            prop=verdict.name,
            says=verdict.description,
            status=verdict.status.name,
            vacuous=verdict.vacuous,
            states=verdict.states,
            transitions=verdict.transitions,
            seconds=verdict.seconds,
            examples=0,
            note=verdict.note,
            told=told,
        )
