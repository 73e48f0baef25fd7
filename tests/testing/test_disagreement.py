"""Disagreements of a service and the curve: what they show, when they are looked for, and the smallest one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.testing.services import CURVE, START, Deaf, Plain, Sorting
from trustcurve import Event, Exchanged, PromiseMade, Proposed, Returned, Standing
from trustcurve.testing import journeys
from trustcurve.testing.disagreement import find_disagreement, smallest_disagreement
from trustcurve.testing.service import comparable_after, time_of


def test_a_disagreement_shows_what_happened_and_what_both_show():
    ann = CURVE.begin("ann", START)
    found = find_disagreement(CURVE, Deaf, ann, [Exchanged(at=START)])
    assert str(found) == (
        "the service and the curve disagree after 1 delivery:\n"
        "  1. 2026-01-01 00:00:00  a useful exchange\n"
        "the curve says:    distrust.suspicious (kept 0, engaged 0, doubt 1, account clear)\n"
        "the service says:  distrust.suspicious (kept 0, engaged 0, doubt 2, account clear)\n"
        "the curve's last step:\n"
        "  2026-01-01 00:00 UTC  a useful exchange\n"
        "    stays distrust.suspicious\n"
        f"    because {CURVE.react(CURVE.start, 'exchange').because}\n"
        "    doubt 2 -> 1"
    )


def test_each_silence_of_the_last_step_is_one_line():
    ann = CURVE.begin("ann", START)
    for event in (Proposed(at=START), Exchanged(at=START)):
        ann = CURVE.advance(ann, event).after
    found = find_disagreement(CURVE, Deaf, ann, [Exchanged(at=START + timedelta(days=200))])
    assert found is not None
    last = str(found).partition("the curve's last step:\n")[2].splitlines()
    assert last[0] == (
        "  2026-04-01 00:00:00  a whole quiet period passed: no move, because goodwill wears off during a quiet period"
    )
    assert last[1].startswith(
        "  2026-06-30 00:00:00  a whole quiet period passed: hopeful -> distrust.suspicious, because no goodwill is left"
    )
    assert last[2] == "  2026-07-20 00:00 UTC  a useful exchange"


@settings(max_examples=50)
@given(journeys(CURVE, max_size=8), st.randoms(use_true_random=False))
def test_nothing_is_compared_while_something_earlier_is_under_way(journey: Any, order: Any):
    told = [step.event for step in journey.steps if step.event is not None]
    shuffled = told[:]
    order.shuffle(shuffled)
    for number in comparable_after(shuffled):
        came = max((event.at for event in shuffled[:number]), default=None)
        assert came is None or all(event.at >= came for event in shuffled[number:])
    assert len(shuffled) in set(comparable_after(shuffled))


def test_what_is_missing_at_the_latest_instant_changes_nothing_before_it():
    first, second = Exchanged(at=START), Exchanged(at=START)
    assert list(comparable_after([first, second])) == [0, 1, 2]
    later = Exchanged(at=START + timedelta(days=1))
    assert list(comparable_after([later, first, second])) == [0, 3]


class Patient(Sorting):
    """Shows nothing new before three events have come: it may, while earlier ones are under way."""

    @property
    def standing(self) -> Standing:
        """Say where the customer stands."""
        return self.start if len(self.events) < 3 else super().standing


def test_a_service_is_not_compared_while_something_earlier_is_under_way():
    events = [Exchanged(at=START + timedelta(days=day), id=f"{day}") for day in (3, 1, 2)]
    ann = CURVE.begin("ann", START)
    assert find_disagreement(CURVE, Patient, ann, events) is None
    assert find_disagreement(CURVE, Patient, ann, sorted(events, key=time_of)) is not None


def test_the_smallest_disagreement_has_no_needless_event_and_no_needless_wait():
    ann, day = CURVE.begin("ann", START), timedelta(days=1)
    made = PromiseMade(at=START + 5 * day, promise="p", due=START + 9 * day)
    told = [Exchanged(at=START + day), made, Returned(at=START + 7 * day), Exchanged(at=START + 20 * day)]

    class Timeless(Plain):
        """Keeps promises without their dates, and shows the position alone."""

        def apply(self, event: Event) -> None:
            """Take an event in."""
            super().apply(evolve(event, due=None) if isinstance(event, PromiseMade) else event)

    def make(standing: Standing) -> Any:
        service = Timeless(standing)
        return type("Shown", (), {"apply": service.apply, "standing": lambda _: service.standing.position})()

    found = find_disagreement(CURVE, make, ann, told)
    assert found is not None
    least = smallest_disagreement(make, found, ann).deliveries
    assert [(type(each).__name__, time_of(each) - START) for each in least] == [
        ("PromiseMade", 0 * day),
        ("Exchanged", 15 * day),
    ]
