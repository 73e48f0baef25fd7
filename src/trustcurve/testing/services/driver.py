"""The state machine that drives a service: rules let things happen, deliver them, and compare."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import ClassVar, Final

from attrs import evolve, frozen
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from trustcurve.core.curve import Curve
from trustcurve.core.events import Event
from trustcurve.core.instants import MICROSECOND
from trustcurve.core.standing import Standing
from trustcurve.testing.services.deliveries import Delivery, Expected
from trustcurve.testing.services.disagreements import Disagreement, DisagreementError, compare, deliver
from trustcurve.testing.services.service import MakeService, opened
from trustcurve.testing.strategies.telling import Teller
from trustcurve.testing.strategies.wishes import Deed, deeds

__all__ = ["Driver", "Task"]

_MOST: Final = 1_000
_TOGETHER: Final = 4
"""How many events can come out of order at once. Source: our choice; two would find most faults."""

_LATELY: Final = 8
"""How many of the latest events can be delivered again. Source: our choice."""

_deeds = st.runner().flatmap(lambda driver: deeds(driver.task.curve))
_goals = st.runner().flatmap(lambda driver: st.integers(0, len(driver.task.curve.table()) - 1))


@frozen(eq=False)
class Task:
    """What is driven: the service on its curve, from where, and what is done to it beside handing it events."""

    curve: Curve
    start: Standing
    make_service: MakeService
    redeliver: bool
    reorder: bool


class Driver(RuleBasedStateMachine):
    """Drives one service through one journey; a subclass has the task."""

    task: ClassVar[Task]
    found: ClassVar[Disagreement | None] = (
        None  # the latest one: Hypothesis tells of none where a service is not deterministic
    )

    def __init__(self) -> None:
        super().__init__()
        self._exit = ExitStack()
        self._service = self._exit.enter_context(opened(self.task.make_service, self.task.start))
        self._teller = Teller(self.task.curve, self.task.start, most=_MOST)
        self._expected = Expected(self.task.curve, self.task.start)
        self._delivered: list[Delivery] = []
        try:
            self._compare()
        except BaseException:
            self.teardown()  # nobody else would: there is no machine yet
            raise

    @rule(deed=_deeds)
    def happens(self, deed: Deed) -> None:
        """Let something happen, and deliver it."""
        for event in self._told([deed]):
            self._deliver(event)
        self._compare()

    @rule(goal=_goals)
    def goes(self, goal: int) -> None:
        """Go to a position that may be rare."""
        for deed in self._teller.way(frozenset({goal})):
            self.happens(deed)

    @precondition(lambda self: self._service.looks)
    @rule(deed=_deeds)
    def looks(self, deed: Deed) -> None:
        """Let the service's clock run."""
        self._teller.wait(deed)
        self._deliver(self._teller.now)
        self._compare()

    @precondition(lambda self: self.task.redeliver and self._events())
    @rule(back=st.integers(0, _LATELY - 1))
    def redelivers(self, back: int) -> None:
        """Deliver one of the latest events again."""
        events = self._events()
        self._deliver(events[-1 - back % len(events)])
        self._compare()

    @precondition(lambda self: self.task.reorder)
    @rule(some=st.lists(_deeds, min_size=2, max_size=_TOGETHER), order=st.permutations(range(_TOGETHER)))
    def reorders(self, some: list[Deed], order: list[int]) -> None:
        """Deliver some events in another order than that in which they happened."""
        events = self._told(some, apart=True)
        shuffled = [events[place] for place in order if place < len(events)]
        for number, event in enumerate(shuffled, start=1):
            self._deliver(event, shuffled[number:])
        self._compare()

    def teardown(self) -> None:
        """Leave the service."""
        self._exit.close()

    def _events(self) -> list[Event]:
        return [each for each in self._delivered if isinstance(each, Event)]

    def _told(self, some: list[Deed], *, apart: bool = False) -> list[Event]:
        """Let things happen; answer with their events, each with an id, and no two at one instant if they come apart."""
        begin = len(self._teller.events)
        for deed in some:
            if apart:
                self._teller.now += MICROSECOND
            self._teller.do(deed)
        new = self._teller.events[begin:]
        return [evolve(event, id=f"event {number}") for number, event in enumerate(new, start=begin + 1)]

    def _deliver(self, delivery: Delivery, coming: Sequence[Delivery] = ()) -> None:
        self._delivered.append(delivery)
        self._tell(deliver(self._expected, self._delivered, self._service, coming))

    def _compare(self) -> None:
        self._tell(compare(self._expected, self._delivered, self._service))

    def _tell(self, found: Disagreement | None) -> None:
        if found is not None:
            type(self).found = found
            raise DisagreementError(found)
