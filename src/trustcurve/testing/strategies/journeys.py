"""Journeys, and where they end: every position that a curve can reach is reached, rare ones too."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final
from unittest import SkipTest

from hypothesis import strategies as st

from trustcurve.core.curve import Curve
from trustcurve.core.journey import Journey
from trustcurve.core.standing import Position, Standing
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.testing.arguments import check_curve, check_max_size
from trustcurve.testing.session import session
from trustcurve.testing.strategies.routes import NOWHERE, routes_of
from trustcurve.testing.strategies.runs import runs
from trustcurve.testing.strategies.telling import End, planned, told
from trustcurve.testing.strategies.wishes import edited, edits, wishes
from trustcurve.verification.arguments import check_kind
from trustcurve.verification.closed_loop import BEGIN, ClosedLoop

__all__ = ["Reach", "journeys", "positions", "standings"]

Reach = str | Position | Callable[[Position], bool]
"""Where a journey shall end: a stage or leaf state, a position, or a condition on it."""

CUSTOMER: Final = "customer"

_LEAST: Final = 4
"""How many wishes a journey is made of at least. Source: our choice; fewer reach fewer positions, more hardly any others."""


def journeys(
    curve: Curve,
    policy: Policy | None = None,
    start: Standing | None = None,
    reach: Reach | None = None,
    max_size: int = 50,
    *,
    environment: Environment = ANY,
) -> st.SearchStrategy[Journey]:
    """Draw journeys: events that fit each other, in time order, with what each did; perhaps a last look.

    They are steered by the curve's table, and with a policy by the nearest 20,000 states of its loop, so that positions are
    reached to which chance alone hardly ever leads. They shrink to short ones and to mild events. Nothing is drawn in vain: no draw is ever refused.

    Args:
        curve: The curve.
        policy: What the company does; the environment does the rest, turn by turn, as in ``verification.check``. If
            left out, anybody may do anything.
        start: Where the customer stands before; a stranger if left out.
        reach: Where every journey ends: a stage ("advocate"), a leaf state, a position, or a function of a position.
        max_size: The most events, at least 0; with a policy, the most turns, too.
        environment: With a policy: what may happen that the company does not choose.

    Raises:
        InvalidValueError: An argument is of another kind or out of range; nothing leads to what shall be reached.
        UnknownWordError: ``reach`` is no stage and no state.

    Examples:
        >>> from hypothesis import given
        >>> curve = Curve.default()
        >>> @given(journeys(curve, reach="advocate"))
        ... def test_advocates_have_seen_promises_kept(journey):
        ...     assert journey.standing.position.kept >= 3
        >>> test_advocates_have_seen_promises_kept()
    """
    check_curve(curve)
    check_max_size(max_size)
    check_kind("environment", environment, Environment, "must be an Environment")
    if policy is not None:
        check_kind("policy", policy, Policy, "must be a Policy: load_policy(path), or a function under @policy(name)")
    if start is not None and not isinstance(start, Standing):
        raise InvalidValueError("start", start, "must be a Standing, for example curve.begin(id, at)")
    session.saw(curve)
    begin = curve.begin(CUSTOMER, BEGIN) if start is None else start
    goals = None if reach is None else _goals(curve, reach)
    if session.replayed is not None:  # not read before a test asks: others may be of other curves
        return st.just(curve).map(lambda on: _replayed(on, start, goals, max_size))
    if policy is not None:
        try:
            loop = ClosedLoop(curve=curve, policy=policy, environment=environment, begin=begin)
        except InvalidValueError as error:
            raise InvalidValueError(error.argument.replace("begin", "start"), error.value, error.rule) from None
        return runs(loop, goals, max_size).map(lambda run: run.journey)
    if goals is None:
        return _journeys(curve, begin, max_size, None)
    away, _ = routes_of(curve).way(goals)
    if not NOWHERE < away[curve.table().number(begin.position)] <= max_size:
        raise InvalidValueError("reach", reach, f"no journey of at most {max_size} events leads there")
    return _journeys(curve, begin, max_size, st.builds(End, st.just(goals), st.sampled_from(sorted(goals))))


def _journeys(
    curve: Curve, begin: Standing, most: int, ends: st.SearchStrategy[End] | None
) -> st.SearchStrategy[Journey]:
    # Some wishes at least: what is short is made so by the edits, and many short lists would see little.
    wished, changes = st.lists(wishes(curve), min_size=min(_LEAST, most), max_size=most), edits(most)

    @st.composite
    def drawn(draw: st.DrawFn) -> Journey:
        plan = planned(curve, begin, draw(wished), most)
        end = None if ends is None else draw(ends)
        return told(curve, begin, edited(curve, plan, draw(changes)), most, end)

    return drawn()


def standings(curve: Curve) -> st.SearchStrategy[Standing]:
    """Draw where a customer may stand, with promises and clock: the ends of ``journeys``.

    Examples:
        >>> from hypothesis import given
        >>> curve = Curve.default()
        >>> @given(standings(curve))
        ... def test_looking_twice_shows_the_same(standing):
        ...     look = curve.observe(standing, standing.as_of)
        ...     assert curve.observe(look.after, standing.as_of).after == look.after
        >>> test_looking_twice_shows_the_same()
    """
    return journeys(curve, max_size=20).map(lambda journey: journey.standing)


def positions(curve: Curve) -> st.SearchStrategy[Position]:
    """Draw positions that the start of a curve can reach; they shrink to those that are nearest to it.

    Examples:
        >>> from hypothesis import given
        >>> curve = Curve.default()
        >>> @given(positions(curve))
        ... def test_nobody_falls_by_a_kept_promise(position):
        ...     assert not curve.react(position, "kept_major").fell
        >>> test_nobody_falls_by_a_kept_promise()
    """
    check_curve(curve)
    session.saw(curve)
    return _positions(curve)


@lru_cache(maxsize=16)
def _positions(curve: Curve) -> st.SearchStrategy[Position]:
    return st.deferred(lambda: st.sampled_from(curve.table().positions))


def _replayed(curve: Curve, start: Standing | None, goals: frozenset[int] | None, most: int) -> Journey:
    """Answer with the saved journey where it begins and ends as asked; else the test is about others, and is skipped."""
    journey = session.replayed_on(curve)
    events = sum(step.event is not None for step in journey.steps)
    ends = curve.table().number(journey.standing.position)
    if (start is not None and journey.start != start) or (goals is not None and ends not in goals) or events > most:
        raise SkipTest("the saved journey is none of those that this test is about")
    return journey


def _goals(curve: Curve, reach: Reach) -> frozenset[int]:
    table = curve.table()
    if isinstance(reach, Position):
        return frozenset({table.number(reach)})
    if isinstance(reach, str):
        known = tuple(dict.fromkeys([*(stage.name for stage in curve.stages), *curve.states]))
        if reach not in known:
            raise UnknownWordError("reach", reach, known)
        found = [n for n, at in enumerate(table.positions) if reach in (at.stage, curve.state(at))]
    elif callable(reach):
        found = [n for n, at in enumerate(table.positions) if reach(at)]
    else:
        raise InvalidValueError("reach", reach, "must be a stage, a state, a Position or a function of one")
    if not found:
        raise InvalidValueError("reach", reach, "holds in no position that this curve can reach")
    return frozenset(found)
