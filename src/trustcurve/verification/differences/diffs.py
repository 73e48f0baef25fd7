"""``diff`` and ``equivalent``: what a change of a policy or of a curve would do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import overload

from trustcurve.core.curve import Curve
from trustcurve.core.journey import Journey
from trustcurve.errors import InvalidValueError
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.verification.arguments import check_kind, check_whole
from trustcurve.verification.differences.between_curves import CurveDifference, between_curves
from trustcurve.verification.differences.between_policies import PolicyDifference, between_policies
from trustcurve.verification.unrolling.loop import Loop

__all__ = ["diff", "equivalent"]

_JOURNEYS = "must be journeys, as replay makes them"


@overload
def diff(
    old: Curve,
    new: Policy,
    newer: Policy,
    /,
    *,
    environment: Environment = ANY,
    within: int = 12,
    max_pairs: int = 200_000,
    turn: timedelta | None = None,
    promises_max: int = 2,
    journeys: Iterable[Journey] = (),
) -> PolicyDifference: ...
@overload
def diff(old: Curve, new: Curve, /, *, journeys: Iterable[Journey] = ()) -> CurveDifference: ...
def diff(
    old: Curve,
    new: Curve | Policy,
    newer: Policy | None = None,
    /,
    *,
    environment: Environment = ANY,
    within: int = 12,
    max_pairs: int = 200_000,
    turn: timedelta | None = None,
    promises_max: int = 2,
    journeys: Iterable[Journey] = (),
) -> PolicyDifference | CurveDifference:
    """Find how two curves differ, ``diff(old_curve, new_curve)``, or two policies, ``diff(curve, old, new)``.

    Args:
        old: The old curve; or the curve of both policies.
        new: The new curve; or the old policy.
        newer: The new policy.
        environment: For policies: what may happen. With probabilities the share of customers is told.
        within: For policies: in how many turns that share is counted.
        max_pairs: For policies: the most pairs of states that are looked at.
        turn: For policies: how long a turn lasts; a third of the curve's quiet period if left out.
        promises_max: For policies: the most promises that may be open at once.
        journeys: Journeys of customers, to tell the share that ends in another state, or in which the
            policies would have acted differently after some event, or in some quiet turn since one.

    Raises:
        InvalidValueError: They are neither; or no difference was found, and more pairs than ``max_pairs`` or more
            promises than ``promises_max`` were left out.
        UnfitPolicyError: A policy reads or answers what a policy may not.

    Examples:
        >>> print(str(diff(Curve.default(), Curve.default(hopeful_lost_at=4))).splitlines()[0])
        hopeful becomes distrust.competitive; in 9883 of 13447 pairs of positions
    """
    check_kind("environment", environment, Environment, "must be an Environment")
    check_whole("within", within, 1)
    check_whole("max_pairs", max_pairs, 1)
    check_kind("journeys", journeys, Iterable, _JOURNEYS)
    told = tuple(journeys)
    for place, journey in enumerate(told):
        check_kind(f"journeys[{place}]", journey, Journey, _JOURNEYS)
    if isinstance(old, Curve) and isinstance(new, Curve) and newer is None:
        return between_curves(old, new, told)
    if isinstance(old, Curve) and isinstance(new, Policy) and isinstance(newer, Policy):
        before, after = (
            Loop(curve=old, policy=each, environment=environment, turn=turn, promises_max=promises_max)
            for each in (new, newer)
        )
        return between_policies(before, after, within, max_pairs, told)
    raise InvalidValueError("diff", (old, new, newer), "takes two curves, or a curve and two policies")


def equivalent(
    old: Curve,
    new: Curve | Policy,
    newer: Policy | None = None,
    /,
    *,
    environment: Environment = ANY,
    promises_max: int = 2,
) -> bool:
    """Whether two curves (and their clocks) lead every journey to the same states, or two policies always act alike.

    Raises:
        InvalidValueError: It cannot be told; see ``diff``.

    Examples:
        >>> equivalent(Curve.default(), Curve.default())
        True
    """
    if isinstance(new, Curve) and newer is None:
        return not diff(old, new)
    if isinstance(new, Policy) and newer is not None:
        return not diff(old, new, newer, environment=environment, promises_max=promises_max)
    raise InvalidValueError("equivalent", (old, new, newer), "takes two curves, or a curve and two policies")
