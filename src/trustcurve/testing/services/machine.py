"""``service_machine``: Hypothesis drives a service of one's own, event by event, and the curve says what should come of it."""

from __future__ import annotations

import os
import unittest
from collections.abc import Iterator
from typing import Final, NoReturn

import pytest
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event
from trustcurve.core.journey import Journey
from trustcurve.errors import InvalidValueError
from trustcurve.testing.arguments import check_curve
from trustcurve.testing.saving import saved
from trustcurve.testing.services.deliveries import Delivery, at_of
from trustcurve.testing.services.disagreements import (
    Disagreement,
    DisagreementError,
    disagreement,
)
from trustcurve.testing.services.driver import Driver, Task
from trustcurve.testing.services.minimal import smallest_disagreement
from trustcurve.testing.services.service import MakeService
from trustcurve.testing.session import session
from trustcurve.verification.arguments import check_kind
from trustcurve.verification.closed_loop import BEGIN

__all__ = ["service_machine"]

_TEST: Final = "PYTEST_CURRENT_TEST"
"""Where pytest says which test it runs."""


def service_machine(
    curve: Curve,
    make_service: MakeService,
    *,
    redeliver: bool = False,
    reorder: bool = False,
    customer: str = "customer",
) -> type[RuleBasedStateMachine]:
    """Make a Hypothesis state machine that drives a service of one's own and compares it with the curve.

    The service is handed events of one customer, each with an id of its own; after each it must say that the customer
    stands where the curve says. Hypothesis looks for events after which it does not; the test then fails with the first
    disagreement, told as a journey from which nothing can be left out. ``TestShop = service_machine(...).TestCase`` is a
    test for pytest and unittest; its ``settings`` are Hypothesis's.

    Args:
        curve: The curve.
        make_service: Makes the service for one new customer, from the standing with which the customer begins: any object
            with ``apply(event)`` and ``standing``, sync or async (or a coroutine that makes it, or a context manager that
            answers with it). ``standing`` may be a whole standing, a position, or the name of the state or stage: what it
            says is compared. If it has ``observe(at)``, its clock is run now and then, too.
        redeliver: Whether events are delivered again, as queues do; by its id the service must know an event.
        reorder: Whether some events arrive later than others that happened after them. Once all have arrived, the
            customer must stand as if they had come in order; in between nothing is compared.
        customer: The customer's id.

    Raises:
        InvalidValueError: An argument is of another kind; when run, the service has no ``apply`` or no ``standing``.

    Examples:
        >>> from trustcurve.machine import Callbacks, LiveCustomer
        >>> curve = Curve.default()
        >>> def make_service(standing):
        ...     return LiveCustomer(standing, Callbacks(curve))
        >>> TestLiveCustomer = service_machine(curve, make_service).TestCase
        >>> TestLiveCustomer().runTest()
    """
    check_curve(curve)
    for argument, value in {"redeliver": redeliver, "reorder": reorder}.items():
        check_kind(argument, value, bool, "must be True or False")
    if not callable(make_service):
        raise InvalidValueError("make_service", make_service, "must be a function of the standing with which it begins")
    session.saw(curve)

    class ServiceMachine(Driver):
        """Drives one service through one journey."""

        def __init_subclass__(cls, **more: object) -> None:
            """Make the test of a machine to which somebody adds rules or invariants."""
            super().__init_subclass__(**more)
            cls.TestCase = _test_case(cls)  # type: ignore[assignment]

    ServiceMachine.task = Task(curve, curve.begin(customer, BEGIN), make_service, redeliver, reorder)
    ServiceMachine.TestCase = _test_case(ServiceMachine)  # type: ignore[assignment] # ours says more, and less
    return ServiceMachine


def _test_case(machine: type[Driver]) -> type[unittest.TestCase]:
    """Make the test of a machine, which tells the disagreement from which nothing can be left out, and nothing else."""

    class ServiceTest(unittest.TestCase):
        settings = hypothesis_settings(deadline=None, suppress_health_check=list(HealthCheck))

        def runTest(self) -> None:  # noqa: N802 - unittest's name
            wrong: DisagreementError | InvalidValueError | None = None
            try:
                found = _drawn(machine, self.settings) if session.replayed is None else _replayed(machine)
                wrong = None if found is None else DisagreementError(found, _kept(found))
            except InvalidValueError as error:
                wrong = error
            if wrong is not None:
                _fail(wrong)

        runTest.is_hypothesis_test = True  # type: ignore[attr-defined] # so its pytest plugin knows it

    ServiceTest.__name__ = ServiceTest.__qualname__ = f"{machine.__name__}.TestCase"
    return ServiceTest


def _fail(error: DisagreementError | InvalidValueError) -> NoReturn:
    """Fail as the runner likes it best: pytest without a traceback, which would show nothing of the service."""
    if _TEST in os.environ:
        pytest.fail(str(error), pytrace=False)
    raise error


def _drawn(machine: type[Driver], settings: hypothesis_settings) -> Disagreement | None:
    # No shrinking by Hypothesis: where the service is deterministic, what can be left out is found exactly, and sooner.
    phases = [phase for phase in settings.phases if phase not in (Phase.shrink, Phase.explain)]
    quiet = hypothesis_settings(settings, report_multiple_bugs=False, verbosity=Verbosity.quiet, phases=phases)
    machine.found = None
    try:
        run_state_machine_as_test(machine, settings=quiet)
    except (DisagreementError, Flaky):
        if machine.found is None:
            raise
        return smallest_disagreement(machine.task.make_service, machine.found)
    return None


def _replayed(machine: type[Driver]) -> Disagreement | None:
    journey = session.replayed_on(machine.task.curve)
    return disagreement(
        machine.task.curve,
        machine.task.make_service,
        journey.start,
        list(_deliveries(journey, again=machine.task.redeliver)),
    )


def _deliveries(journey: Journey, *, again: bool) -> Iterator[Delivery]:
    """Answer with a saved journey's deliveries; what was dropped as a duplicate is delivered again, at once and at the end."""
    twice = {event.id for event in journey.duplicates} if again else set()
    repeated: list[Event] = []
    for step in journey.steps:
        if step.event is None:
            yield step.after.as_of
            continue
        yield step.event
        if step.event.id in twice:
            repeated.append(step.event)
            yield step.event
    yield from repeated


def _kept(found: Disagreement) -> str:
    """Save what happened, in its order; what was delivered twice stands among the duplicates."""
    made = (*found.deliveries, *found.coming)
    events = [each for each in made if isinstance(each, Event)]
    until = max(map(at_of, made), default=None)
    journey = found.curve.journey(events, start=found.start, until=until, used={})
    return saved(journey, found.curve, os.environ.get(_TEST, "service").rpartition(" (")[0])
