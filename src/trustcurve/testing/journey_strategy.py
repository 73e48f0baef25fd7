"""Strategies for journeys and where they end: they reach every position that a curve can reach, rare ones too.

Strategies draw target positions and edits. The journey builder turns them into a valid sequence of events, so no draw is
rejected, and shrinking removes event by event.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final
from unittest import SkipTest

from hypothesis import strategies as st

from trustcurve.core.curve import Curve
from trustcurve.core.journey import Journey
from trustcurve.core.signals import SILENCE
from trustcurve.core.standing import Position, Standing
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.testing.journey_builder import (
    UNREACHABLE,
    WAITS,
    Destination,
    JourneyAction,
    Target,
    build_journey,
    plan_actions,
    shortest_paths,
)
from trustcurve.testing.policy_runs import policy_runs
from trustcurve.testing.session import note_curve, session
from trustcurve.verification.arguments import check_kind, check_whole
from trustcurve.verification.closed_loop import BEGIN, ClosedLoop

__all__ = ["Reach", "journey_actions", "journeys", "positions", "standings"]

Reach = str | Position | Callable[[Position], bool]
"""Where a journey ends: a stage or leaf state, a position, or a condition on it."""

_CUSTOMER: Final = "customer"

_SIZE_MAX: Final = 1_000
"""The most events of a journey. Source: our choice; Hypothesis draws a few thousand numbers for a test and no more."""

_TARGETS_MIN: Final = 4
"""The fewest targets of a journey. Source: our choice; fewer reach fewer positions, more hardly any others."""


def journeys(
    curve: Curve,
    *,
    policy: Policy | None = None,
    start: Standing | None = None,
    reach: Reach | None = None,
    max_size: int = 50,
    environment: Environment = ANY,
) -> st.SearchStrategy[Journey]:
    """Draw journeys: events that fit each other, in the order of time, with the step of each; perhaps an observation at the end.

    The curve's table steers them, and with a policy the nearest 20,000 states of its loop, so that they reach
    positions that are hardly ever reached by chance. They shrink to short journeys of mild events. No draw is rejected.

    Args:
        curve: The curve.
        policy: What the company does; the environment does the rest, turn by turn, as in ``verification.check``. If
            left out, everything may happen.
        start: The standing at the beginning; if left out, a stranger's.
        reach: Where every journey ends: a stage ("advocate"), a leaf state, a position, or a function of a position.
        max_size: The most events, at least 0; with a policy also the most turns.
        environment: With a policy: what may happen that the company does not choose.

    Raises:
        InvalidValueError: An argument has the wrong type or is out of range; or no journey ends where it should.
        UnknownWordError: ``reach`` is not a stage or leaf state of the curve.

    Examples:
        >>> from hypothesis import given
        >>> curve = Curve.default()
        >>> @given(journeys(curve, reach="advocate"))
        ... def test_advocates_have_seen_promises_kept(journey):
        ...     assert journey.standing.position.kept >= 3
        >>> test_advocates_have_seen_promises_kept()
    """
    note_curve(curve)
    if check_whole("max_size", max_size, 0) > _SIZE_MAX:
        raise InvalidValueError("max_size", max_size, f"must be at most {_SIZE_MAX}")
    check_kind("environment", environment, Environment, "must be an Environment")
    if policy is not None:
        check_kind("policy", policy, Policy, "must be a Policy: load_policy(path), or a function under @policy(name)")
    if start is not None:
        check_kind("start", start, Standing, "must be a Standing such as curve.begin(id, at)")
    begin = curve.begin(_CUSTOMER, BEGIN) if start is None else start
    goals = None if reach is None else _goals(curve, reach)
    if session().replayed is not None:  # read only once a test asks for it: other tests may be about other curves
        return st.just(curve).map(lambda on: _replayed(on, start, goals, max_size))
    if policy is not None:
        try:
            loop = ClosedLoop(curve=curve, policy=policy, environment=environment, begin=begin)
        except InvalidValueError as error:
            raise InvalidValueError(error.argument.replace("begin", "start"), error.value, error.rule) from None
        return policy_runs(loop, goals, max_size).map(lambda run: run.journey)
    if goals is None:
        return _journeys(curve, begin, max_size, None)
    distance, _ = shortest_paths(curve).to(goals)
    if not UNREACHABLE < distance[curve.table().number(begin.position)] <= max_size:
        raise InvalidValueError("reach", reach, f"must be reachable in at most {max_size} events")
    destinations = st.builds(Destination, st.just(goals), st.sampled_from(sorted(goals)))
    return _journeys(curve, begin, max_size, destinations)


def standings(curve: Curve) -> st.SearchStrategy[Standing]:
    """Draw standings, with promises and quiet clock: the ends of ``journeys``.

    Examples:
        >>> from hypothesis import given
        >>> curve = Curve.default()
        >>> @given(standings(curve))
        ... def test_observing_again_changes_nothing(standing):
        ...     observed = curve.observe(standing, standing.as_of).after
        ...     assert curve.observe(observed, standing.as_of).after == observed
        >>> test_observing_again_changes_nothing()
    """
    return journeys(curve, max_size=20).map(lambda journey: journey.standing)


def positions(curve: Curve) -> st.SearchStrategy[Position]:
    """Draw positions that can be reached from the start of a curve; they shrink to those that are nearest to it.

    Examples:
        >>> from hypothesis import given
        >>> curve = Curve.default()
        >>> @given(positions(curve))
        ... def test_a_kept_promise_never_lowers_a_customer(position):
        ...     assert not curve.react(position, "kept_major").fell
        >>> test_a_kept_promise_never_lowers_a_customer()
    """
    note_curve(curve)
    return _positions(curve)


@lru_cache(maxsize=16)
def _positions(curve: Curve) -> st.SearchStrategy[Position]:
    return st.deferred(lambda: st.sampled_from(curve.table().positions))


def _replayed(curve: Curve, start: Standing | None, goals: frozenset[int] | None, max_size: int) -> Journey:
    """Return the saved journey if the test could draw it; otherwise the test is about others, and is skipped."""
    journey = session().replayed_on(curve)
    events = sum(step.event is not None for step in journey.steps)
    end = curve.table().number(journey.standing.position)
    if (start is not None and journey.start != start) or (goals is not None and end not in goals) or events > max_size:
        raise SkipTest("the saved journey begins, ends or stops elsewhere than the journeys of this test")
    return journey


def _goals(curve: Curve, reach: Reach) -> frozenset[int]:
    table = curve.table()
    if isinstance(reach, Position):
        return frozenset({table.number(reach)})
    if isinstance(reach, str):
        if reach not in curve.stages_and_states:
            raise UnknownWordError("reach", reach, curve.stages_and_states)
        found = [n for n, at in enumerate(table.positions) if reach in (at.stage, curve.state(at))]
    elif callable(reach):
        found = [n for n, at in enumerate(table.positions) if reach(at)]
    else:
        raise InvalidValueError("reach", reach, "must be a stage, a state, a Position or a function of one")
    if not found:
        raise InvalidValueError("reach", reach, "must hold in a position that this curve can reach")
    return frozenset(found)


# --- targets and edits ----------------------------------------------------------------------------

_MILD_TO_SEVERE: Final = (
    *("exchange", "kept_minor", "kept_major", "repair", "proposition", "promise_made", "minor_promise_made"),
    *("promise_moved", "promise_released", "advocacy", "purchase", "return", "complaint", "company_one_sided"),
    *("customer_one_sided", "broken_minor", SILENCE, "broken_major", "departure"),
)
"""What can happen on every curve; shrinking prefers what comes first. Source: our choice, from what each does to
doubt and stage on the default curve."""

_OFTEN: Final = (*["none"] * 40, *["a day"] * 20, *WAITS[2:])
_DUE: Final = (None, None, 0, 1, 3, 6)


@lru_cache(maxsize=16)
def journey_actions(curve: Curve) -> st.SearchStrategy[JourneyAction]:
    """Draw actions, from mild to severe."""
    what, wait, due = st.sampled_from(_words(curve)), st.sampled_from(_OFTEN), st.sampled_from(_DUE)
    return st.builds(JourneyAction, what, wait, st.integers(0, 3), due)


@lru_cache(maxsize=16)
def _targets(curve: Curve) -> st.SearchStrategy[Target]:
    return st.builds(Target, st.integers(0, len(curve.table()) - 1), journey_actions(curve))


@lru_cache(maxsize=16)
def _edits(actions_max: int) -> st.SearchStrategy[bytes]:
    """Draw edits of up to that number of actions: two bytes for each.

    They are drawn so that almost nothing is edited, and shrink so that one action after the other is left out or replaced
    by a milder one. So journeys are long while rare positions are searched for, and short once a failure is found.
    """
    return st.binary(min_size=2 * actions_max, max_size=2 * actions_max)


def _edited(curve: Curve, planned: list[JourneyAction], edits: bytes) -> list[JourneyAction]:
    """Leave out or replace some actions: those with a first byte of 0, and by what the second byte says (0: left out)."""
    left: list[JourneyAction] = []
    for action, keep, by in zip(planned, edits[::2], edits[1::2], strict=False):
        if keep or by > len(_words(curve)):
            left.append(action)
        elif by:
            left.append(JourneyAction(_words(curve)[by - 1]))
    return left


@lru_cache(maxsize=16)
def _words(curve: Curve) -> tuple[str, ...]:
    """Return everything that can happen on a curve, from mild to severe; its own signals are in the middle."""
    middle = _MILD_TO_SEVERE.index("complaint")
    return (*_MILD_TO_SEVERE[:middle], *curve.own_signals, *_MILD_TO_SEVERE[middle:])


def _journeys(
    curve: Curve, begin: Standing, max_size: int, destinations: st.SearchStrategy[Destination] | None
) -> st.SearchStrategy[Journey]:
    # A few targets at least: the edits make journeys short, and many short lists would reach little.
    targets = st.lists(_targets(curve), min_size=min(_TARGETS_MIN, max_size), max_size=max_size)

    @st.composite
    def drawn(draw: st.DrawFn) -> Journey:
        plan = plan_actions(curve, begin, draw(targets), max_size)
        destination = None if destinations is None else draw(destinations)
        return build_journey(curve, begin, _edited(curve, plan, draw(_edits(max_size))), max_size, destination)

    return drawn()
