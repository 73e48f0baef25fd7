"""``service_machine``: a Hypothesis state machine that drives a user's service and compares it with the curve."""

from __future__ import annotations

import os
import sys
import unittest
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from attrs import evolve, frozen
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event
from trustcurve.core.instants import MICROSECOND
from trustcurve.core.journey import Journey
from trustcurve.core.standing import Standing
from trustcurve.errors import InvalidValueError
from trustcurve.testing.disagreement import (
    Disagreement,
    DisagreementError,
    compare,
    deliver,
    find_disagreement,
    fresh_customer,
    smallest_disagreement,
)
from trustcurve.testing.failures import PYTEST_TEST, fail, save_journey
from trustcurve.testing.journey_builder import JourneyAction, JourneyBuilder
from trustcurve.testing.journey_strategy import journey_actions
from trustcurve.testing.service import Delivery, MakeService, Reference, open_service, time_of
from trustcurve.testing.session import note_curve, session
from trustcurve.verification.arguments import check_kind
from trustcurve.verification.closed_loop import BEGIN

__all__ = ["service_machine"]

_EVENTS_MAX: Final = 1_000
"""The most events of one journey. Source: our choice; Hypothesis stops long before."""

_REORDERED_MAX: Final = 4
"""The most events that arrive out of order at once. Source: our choice; two would find most faults."""

_REDELIVERED_MAX: Final = 8
"""How many of the latest events can be delivered again. Source: our choice."""


def service_machine(
    curve: Curve,
    make_service: MakeService,
    *,
    redeliver: bool = False,
    reorder: bool = False,
    customer: str = "customer",
) -> type[RuleBasedStateMachine]:
    """Return a Hypothesis state machine that drives a service of yours and compares it with the curve.

    The service gets events of one customer, each with an id of its own. After each event it must show the same as the
    curve. Hypothesis searches for events after which it does not; the test then fails with the first disagreement and
    the shortest journey that leads to it. ``TestShop = service_machine(...).TestCase`` is a test for pytest and
    unittest; its ``settings`` are those of Hypothesis. To add rules and invariants, subclass the machine.

    Args:
        curve: The curve.
        make_service: Makes the service for one new customer, from the customer's first standing: any object
            with ``apply(event)`` and ``standing``, sync or async (or a coroutine that makes it, or a context manager that
            returns it). ``standing`` may be a whole standing, a position, or the name of the state or stage: what it
            shows is compared. If the service has ``observe(at)``, its clock is run at times, too.
        redeliver: Whether events are delivered again, as queues do; the service must recognise an event by its id.
        reorder: Whether some events arrive later than others that happened after them. Once all have arrived, the
            customer must stand as if they had come in order; in between nothing is compared.
        customer: The beginning of the customer's id. Each example has a customer of its own ("customer 1", "customer 2"),
            so that a service which keeps its customers in one database does not meet the same customer again.

    Raises:
        InvalidValueError: An argument has the wrong type; when run, the service has no ``apply`` or no ``standing``, or
            its ``apply`` or ``observe`` is a function with a yield, which would run nothing.

    Examples:
        >>> from trustcurve.machine import Callbacks, LiveCustomer
        >>> curve = Curve.default()
        >>> def make_service(standing):
        ...     return LiveCustomer(standing, Callbacks(curve))
        >>> TestLiveCustomer = service_machine(curve, make_service).TestCase
        >>> TestLiveCustomer().runTest()
    """
    note_curve(curve)
    for argument, value in {"redeliver": redeliver, "reorder": reorder}.items():
        check_kind(argument, value, bool, "must be True or False")
    if not callable(make_service):
        raise InvalidValueError("make_service", make_service, "must be a function of the customer's first standing")

    class ServiceMachine(_Driver):
        """Drives one service through one journey."""

        def __init_subclass__(cls, **more: object) -> None:
            """Make the test of a machine with rules or invariants of the user's own."""
            super().__init_subclass__(**more)
            cls.TestCase = _test_case(cls)  # type: ignore[assignment]

    ServiceMachine.task = _Task(curve, curve.begin(customer, BEGIN), make_service, redeliver, reorder)
    ServiceMachine.__module__ = sys._getframe(1).f_globals.get("__name__", __name__)  # noqa: SLF001 - as namedtuple does
    ServiceMachine.TestCase = _test_case(ServiceMachine)  # type: ignore[assignment] # a TestCase, but not of that class
    return ServiceMachine


# --- the state machine ----------------------------------------------------------------------------

_actions = st.runner().flatmap(lambda driver: journey_actions(driver.task.curve))
_CLOCK_CHANGES: Final = tuple(
    datetime(2026, month, day, hour, tzinfo=UTC)
    for month, day, hour in ((3, 8, 7), (3, 29, 1), (4, 4, 16), (10, 25, 1), (11, 1, 6))
)
"""When clocks change in 2026 in New York, Berlin and Sydney: there local times are left out or come twice."""

_times_of_day = st.timedeltas(timedelta(0), timedelta(days=1) - MICROSECOND)
_around_changes = st.builds(
    lambda change, gap: change + gap,
    st.sampled_from(_CLOCK_CHANGES),
    st.sampled_from((timedelta(0), MICROSECOND)) | st.timedeltas(timedelta(hours=-26), timedelta(hours=26)),
)
_promises = st.sampled_from(("promise_made", "minor_promise_made", "promise_moved"))
_goals = st.runner().flatmap(lambda driver: st.integers(0, len(driver.task.curve.table()) - 1))


@frozen(eq=False)
class _Task:
    """The service on its curve, the first standing, and what happens to events on their way."""

    curve: Curve
    start: Standing
    make_service: MakeService
    redeliver: bool
    reorder: bool


class _Driver(RuleBasedStateMachine):
    """Drives one service through one journey; a subclass has the task."""

    task: ClassVar[_Task]
    found: ClassVar[Disagreement | None] = None  # the latest one: of a flaky service Hypothesis reports none

    def __init__(self) -> None:
        super().__init__()
        self._exit = ExitStack()
        start = fresh_customer(self.task.start)
        self._service = self._exit.enter_context(open_service(self.task.make_service, start))
        self._builder = JourneyBuilder(self.task.curve, start, events_max=_EVENTS_MAX)
        self._reference = Reference(self.task.curve, start)
        self._delivered: list[Delivery] = []
        try:
            self._compare()
        except BaseException:
            self.teardown()  # Hypothesis does not: there is no machine yet
            raise

    @rule(action=_actions)
    def act(self, action: JourneyAction) -> None:
        """Let something happen, and deliver it."""
        for event in self._events_of([action]):
            self._deliver(event)
        self._compare()

    @rule(goal=_goals)
    def go(self, goal: int) -> None:
        """Go to a position that may be rare."""
        for action in self._builder.path(frozenset({goal})):
            self.act(action)

    @rule(time=_times_of_day)
    def wait_for(self, time: timedelta) -> None:
        """Let time pass until a time of day."""
        midnight = self._builder.now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._builder.now = max(self._builder.now, midnight + time)

    @rule(what=_promises, due=_around_changes)
    def promise(self, what: str, due: datetime) -> None:
        """Promise something for about the time at which clocks change somewhere."""
        self.act(JourneyAction(what, due=due))

    @precondition(lambda self: self._service.has_clock)
    @rule(action=_actions)
    def observe(self, action: JourneyAction) -> None:
        """Run the service's clock."""
        self._builder.wait(action)
        self._deliver(self._builder.now)
        self._compare()

    @precondition(lambda self: self.task.redeliver and self._delivered_events())
    @rule(back=st.integers(0, _REDELIVERED_MAX - 1))
    def redeliver(self, back: int) -> None:
        """Deliver one of the latest events again."""
        events = self._delivered_events()
        self._deliver(events[-1 - back % len(events)])
        self._compare()

    @precondition(lambda self: self.task.reorder)
    @rule(actions=st.lists(_actions, min_size=2, max_size=_REORDERED_MAX), order=st.permutations(range(_REORDERED_MAX)))
    def reorder(self, actions: list[JourneyAction], order: list[int]) -> None:
        """Deliver some events in another order than that in which they happened."""
        events = self._events_of(actions, apart=True)
        shuffled = [events[place] for place in order if place < len(events)]
        for number, event in enumerate(shuffled, start=1):
            self._deliver(event, shuffled[number:])
        self._compare()

    def teardown(self) -> None:
        """Close the service."""
        self._exit.close()

    def _delivered_events(self) -> list[Event]:
        return [each for each in self._delivered if isinstance(each, Event)]

    def _events_of(self, actions: list[JourneyAction], *, apart: bool = False) -> list[Event]:
        """Let actions happen, and return their events, each with an id; ``apart``: no two at one instant."""
        begin = len(self._builder.events)
        for action in actions:
            if apart:
                self._builder.now += MICROSECOND
            self._builder.add(action)
        new = self._builder.events[begin:]
        return [evolve(event, id=f"event {number}") for number, event in enumerate(new, start=begin + 1)]

    def _deliver(self, delivery: Delivery, coming: Sequence[Delivery] = ()) -> None:
        self._delivered.append(delivery)
        self._check(deliver(self._reference, self._delivered, self._service, coming))

    def _compare(self) -> None:
        self._check(compare(self._reference, self._delivered, self._service))

    def _check(self, found: Disagreement | None) -> None:
        if found is not None:
            type(self).found = found
            raise DisagreementError(found)


# --- its test -------------------------------------------------------------------------------------


def _test_case(machine: type[_Driver]) -> type[unittest.TestCase]:
    """Return the test of a machine: it fails with the smallest disagreement, and shows nothing else."""

    class ServiceTest(unittest.TestCase):
        settings = hypothesis_settings(deadline=None, suppress_health_check=list(HealthCheck))

        def __init__(self, methodName: str = "runTest") -> None:  # noqa: N803 - unittest's name
            super().__init__(methodName)
            _take_name(type(self))

        def runTest(self) -> None:  # noqa: N802 - unittest's name
            wrong: DisagreementError | InvalidValueError | None = None
            try:
                found = _replay(machine) if session().replayed else _search(machine, self.settings)
                wrong = None if found is None else DisagreementError(found, _save(found))
            except InvalidValueError as error:
                wrong = error
            if wrong is not None:
                fail(wrong)

        runTest.is_hypothesis_test = True  # type: ignore[attr-defined] # its pytest plugin looks for this

    ServiceTest.__name__ = ServiceTest.__qualname__ = f"{machine.__name__}.TestCase"
    ServiceTest.__module__ = machine.__module__
    return ServiceTest


def _take_name(test: type[unittest.TestCase]) -> None:
    """Call a test what its module calls it: unittest prints the name of the class."""
    for name, value in vars(sys.modules.get(test.__module__)).items():
        if value is test:
            test.__name__ = test.__qualname__ = name
            return


def _search(machine: type[_Driver], settings: hypothesis_settings) -> Disagreement | None:
    # Hypothesis does not shrink: of a deterministic service, what can be left out is found exactly, and sooner.
    phases = [phase for phase in settings.phases if phase not in (Phase.shrink, Phase.explain)]
    quiet = hypothesis_settings(settings, report_multiple_bugs=False, verbosity=Verbosity.quiet, phases=phases)
    machine.found = None
    try:
        run_state_machine_as_test(machine, settings=quiet)
    except (DisagreementError, Flaky):
        if machine.found is None:
            raise
        return smallest_disagreement(machine.task.make_service, machine.found, machine.task.start)
    return None


def _replay(machine: type[_Driver]) -> Disagreement | None:
    task = machine.task
    journey = session().replayed_on(task.curve)
    deliveries = list(_deliveries(journey, again=task.redeliver))
    return find_disagreement(task.curve, task.make_service, journey.start, deliveries)


def _deliveries(journey: Journey, *, again: bool) -> Iterator[Delivery]:
    """Return a saved journey's deliveries; its duplicates are delivered again, at once and at the end."""
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


def _save(found: Disagreement) -> str:
    """Save what happened, in its order; what was delivered twice becomes a duplicate."""
    made = (*found.deliveries, *found.coming)
    events = [each for each in made if isinstance(each, Event)]
    until = max(map(time_of, made), default=None)
    journey = found.curve.journey(events, start=found.start, until=until, used={})
    return save_journey(journey, found.curve, os.environ.get(PYTEST_TEST, "service").rpartition(" (")[0])
