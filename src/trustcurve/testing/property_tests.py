"""``@holds``: a pytest test for each property, proved if that is possible, and otherwise tested by examples."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property, wraps
from inspect import Parameter, isclass, iscoroutinefunction, signature
from time import perf_counter
from typing import Any, Final, TypeVar

import pytest
from attrs import asdict, evolve, field, frozen
from hypothesis import settings as hypothesis_settings

from trustcurve.core.curve import Curve
from trustcurve.errors import InvalidValueError, TrustcurveError
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.testing.failures import fail, place_of, save_journey
from trustcurve.testing.falsification import breaks, can_be_broken, check_settings, falsify_loop
from trustcurve.testing.rerun import rerun
from trustcurve.testing.session import note_curve, session
from trustcurve.verification.checker import Checker, as_properties, checker_for
from trustcurve.verification.loop_journey import Counterexample
from trustcurve.verification.property import Property, PropertyLike
from trustcurve.verification.results import Status, Verdict

__all__ = ["PropertyResult", "holds"]

Test = TypeVar("Test", bound=Callable[..., None])

_USER_PROPERTY: Final = "trustcurve"
"""The user property of a test report that has the result, as JSON; the pytest plugin looks for it."""

_ARGUMENT: Final = "trustcurve_property"


@frozen
class PropertyResult:
    """The result of one property: only words and numbers, so that it can be sent between processes.

    Args:
        curve: The curve's name.
        policy: The policy's name, or None.
        environment: The environment's name.
        name: The property's name.
        description: What the property protects.
        status: PROVED, REFUTED, UNKNOWN, or TESTED: not proved, but no example refutes it.
        vacuous: Whether it is only vacuously true: its condition never occurs.
        states: How many states were explored.
        transitions: How many transitions were explored.
        seconds: How long it took.
        examples: The most examples that were tried, if it was tested.
        note: More in words.
        explanation: The whole result in words, with the journey that shows it.
    """

    curve: str
    policy: str | None
    environment: str
    name: str
    description: str
    status: str
    vacuous: bool
    states: int
    transitions: int
    seconds: float
    examples: int
    note: str
    explanation: str

    @property
    def holds(self) -> bool:
        """Whether the test passes."""
        return self.status in ("PROVED", "TESTED")

    @property
    def attachment(self) -> tuple[str, str]:
        """The user property of pytest with which the result travels in a test report."""
        return _USER_PROPERTY, json.dumps(asdict(self))


def holds(
    curve: Curve,
    *properties: PropertyLike,
    policy: Policy | None = None,
    environment: Environment = ANY,
    turn: timedelta | None = None,
    promises_max: int = 2,
    once_a_turn: bool = False,
    settings: hypothesis_settings | None = None,
) -> Callable[[Test], Test]:
    """Make a pytest test of each property: ``test_retail[repair_within(3)]``.

    Every property is proved if that is possible within ``--trustcurve-states-max``, and otherwise tested by examples. A
    test fails with the shortest journey that refutes the property, and saves it, so that ``pytest
    --trustcurve-replay FILE`` tests it again. The function's own body runs after that, with its fixtures. In a
    ``unittest.TestCase``, which has no parameters, one test checks all properties.

    Args:
        curve: The curve.
        properties: What must hold; if left out, all named properties of policies, or without a policy those of curves.
        policy: The policy; without one, only properties of the curve can be tested.
        environment: What may happen that the company does not choose.
        turn: How long a turn lasts; if left out, a third of the curve's quiet period.
        promises_max: The most promises that may be open at once.
        once_a_turn: Whether the environment makes at most one move in a turn; else it may do anything at any time.
        settings: Settings of Hypothesis, for what is tested by examples; if left out, those of the current profile.

    Raises:
        InvalidValueError: An argument has the wrong type or is out of range; or the decorated object is not a plain
            function, or is decorated already.

    Examples:
        >>> from trustcurve.verification import no_harm_helps, no_good_hurts
        >>> @holds(Curve.default(), no_harm_helps, no_good_hurts)
        ... def test_our_curve(): ...
    """
    asked = as_properties(policy, properties)
    tested = _Tested(curve, policy, environment, turn, promises_max, once_a_turn, settings)
    tested.check()

    def decorate(test: Test) -> Test:
        if isinstance(test, staticmethod | classmethod):
            raise InvalidValueError(
                "test", test, f"must be a plain function: write @{type(test).__name__} above @holds"
            )
        if not callable(test) or isclass(test) or iscoroutinefunction(test):
            raise InvalidValueError("test", test, "must be a plain function, not a class and not async")
        if _ARGUMENT in signature(test).parameters:
            raise InvalidValueError("test", test, "must have one @holds; write a test for each policy")
        return _parametrized(test, tested, asked)

    return decorate


def _parametrized(test: Test, tested: _Tested, asked: tuple[Property, ...]) -> Test:
    """Wrap a test function: pytest parametrizes it over another argument, which is checked before the body runs."""
    own = list(signature(test).parameters.values())
    wants_request = any(parameter.name == "request" for parameter in own)
    added = [Parameter(name, Parameter.KEYWORD_ONLY) for name in ("request", _ARGUMENT)[wants_request:]]

    def checked(*args: Any, **fixtures: Any) -> None:
        if _ARGUMENT not in fixtures:  # called by unittest, or directly: one test for all properties
            results = [tested.result(prop, test.__name__) for prop in asked]
            for result in results:
                if isinstance(result, PropertyResult) and session().item is not None:
                    session().item.user_properties.append(result.attachment)
            for result in results:
                _fail_unless_held(result)
            test(*args, **fixtures)
            return
        request, prop = fixtures["request"], fixtures.pop(_ARGUMENT)
        result = tested.result(prop, request.node.nodeid)
        if isinstance(result, PropertyResult):
            request.node.user_properties.append(result.attachment)
        _fail_unless_held(result)
        __tracebackhide__ = True  # from here on only the body can fail
        test(*args, **(fixtures if wants_request else {k: v for k, v in fixtures.items() if k != "request"}))

    made: Any = wraps(test)(checked)
    del made.__wrapped__  # pytest would look for the parameters there
    made.__signature__ = signature(test).replace(parameters=[*own, *added])
    parametrized: Test = pytest.mark.parametrize(_ARGUMENT, [pytest.param(prop, id=prop.name) for prop in asked])(made)
    return parametrized


def _fail_unless_held(result: PropertyResult | str) -> None:
    if isinstance(result, str):
        fail(AssertionError(result))
    if not result.holds:
        fail(AssertionError(result.explanation))


@frozen(eq=False, slots=False)
class _Tested:
    """What the properties of one decorator are about; all are decided on one unrolling of the loop."""

    curve: Curve
    policy: Policy | None
    environment: Environment
    turn: timedelta | None
    promises_max: int
    once_a_turn: bool
    settings: hypothesis_settings | None
    _noted: list[bool] = field(factory=list, init=False)

    def check(self) -> None:
        """Check the arguments."""
        check_settings(self.settings)
        note_curve(self.curve)
        self._make_checker()

    @cached_property
    def _checker(self) -> Checker:
        return self._make_checker()

    def _make_checker(self) -> Checker:
        return checker_for(
            self.curve,
            self.policy,
            environment=self.environment,
            states_max=session().states_max,
            turn=self.turn,
            promises_max=self.promises_max,
            once_a_turn=self.once_a_turn,
        )

    def result(self, prop: Property, test: str) -> PropertyResult | str:
        """Return the result of a property; or what is wrong with the policy, and where in the user's code."""
        try:
            return self._decide(prop, test)
        except TrustcurveError as error:
            return f"{error}{place_of(error.__cause__)}"

    def _decide(self, prop: Property, test: str) -> PropertyResult:
        if session().replayed is not None and self._checker.loop is not None:
            return self._replay(prop)
        verdict = self._checker.decide(prop)
        self._note_explored()
        if verdict.status is Status.UNKNOWN and self._checker.loop is not None and can_be_broken(prop):
            return self._test(prop, verdict, test)
        explanation = verdict.explain()
        if isinstance(verdict.counterexample, Counterexample):
            explanation += save_journey(verdict.counterexample.journey, self.curve, test)
        if verdict.status is Status.UNKNOWN:
            explanation += "\n  No example can decide it: raise --trustcurve-states-max or simplify the policy."
        return self._result(verdict, explanation)

    def _note_explored(self) -> None:
        """Note for the coverage where the policy leads; a proof about a curve would count as all of it."""
        if self._checker.loop is None or self._noted:
            return
        self._noted.append(True)
        table, explored = self.curve.table(), session().explored.setdefault(self.curve.fingerprint, set())
        columns = {signal: column for column, signal in enumerate(table.signals)}
        for position, happening in self._checker.automaton("").kinds()[0]:
            at = position
            for _, signal in happening.signals:
                explored.add(at * len(columns) + columns[signal])
                at = table.next[at][columns[signal]]

    def _test(self, prop: Property, verdict: Verdict, test: str) -> PropertyResult:
        assert self._checker.loop is not None  # noqa: S101 - checked before
        start = perf_counter()
        settings = self.settings or hypothesis_settings()
        found = falsify_loop(self._checker.loop, prop, settings)
        seconds = verdict.seconds + perf_counter() - start
        if found is None:
            note = f"{verdict.note}; tested by {settings.max_examples} examples instead, and none refutes it"
            return evolve(
                self._result(verdict, note),
                status="TESTED",
                note=note,
                examples=settings.max_examples,
                seconds=seconds,
            )
        refuted = evolve(
            verdict,
            status=Status.REFUTED,
            counterexample=found,
            note="found by an example; a shorter counterexample may exist",
        )
        explanation = refuted.explain() + save_journey(found.journey, self.curve, test)
        return evolve(self._result(refuted, explanation), seconds=seconds)

    def _replay(self, prop: Property) -> PropertyResult:
        assert self._checker.loop is not None  # noqa: S101 - checked before
        if not can_be_broken(prop):
            verdict = self._checker.decide(prop)
            return self._result(verdict, verdict.explain())
        run = rerun(self._checker.loop, session().replayed_on(self.curve))
        if breaks(prop, run):
            note = "the saved journey shows it"
            refuted = Verdict(
                prop.name,
                prop.description,
                Status.REFUTED,
                counterexample=Counterexample(run.loop, run.passages),
                note=note,
            )
            return evolve(self._result(refuted, refuted.explain()), examples=1)
        note = "only the saved journey was tested"
        unknown = Verdict(prop.name, prop.description, Status.UNKNOWN, note=note)
        return evolve(self._result(unknown, unknown.explain()), status="TESTED", examples=1)

    def _result(self, verdict: Verdict, explanation: str) -> PropertyResult:
        return PropertyResult(
            curve=self.curve.name,
            policy=None if self.policy is None else self.policy.name,
            environment=self.environment.name,
            name=verdict.name,
            description=verdict.description,
            status=verdict.status.name,
            vacuous=verdict.vacuous,
            states=verdict.states,
            transitions=verdict.transitions,
            seconds=verdict.seconds,
            examples=0,
            note=verdict.note,
            explanation=explanation,
        )
