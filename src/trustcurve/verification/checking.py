"""``check``: every property decided, each with a verdict."""

from __future__ import annotations

from datetime import timedelta

from trustcurve.core.curve import Curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.verification.answers.verdicts import Report
from trustcurve.verification.arguments import check_kind, check_whole
from trustcurve.verification.deciding.proving import Prover
from trustcurve.verification.properties.kinds import Property
from trustcurve.verification.properties.of_curves import CURVE_PROPERTIES
from trustcurve.verification.properties.of_policies import POLICY_PROPERTIES
from trustcurve.verification.unrolling.loop import Loop

__all__ = ["asked_of", "check", "prover_for"]


def check(
    curve: Curve,
    policy: Policy | None = None,
    *properties: Property,
    environment: Environment = ANY,
    max_states: int = 200_000,
    turn: timedelta | None = None,
    promises_max: int = 2,
) -> Report:
    """Decide properties of a curve, and of a policy on it, by exhaustion.

    Args:
        curve: The curve.
        policy: The policy; without one, only properties of the curve can be asked.
        properties: What to decide; if left out, all named properties of the policy (``POLICY_PROPERTIES``), or
            without a policy those of the curve (``CURVE_PROPERTIES``).
        environment: What may happen that the company does not choose.
        max_states: The most states of the loop, and of the loop together with what a property counts; where there
            are more, what is not refuted is UNKNOWN.
        turn: How long a turn lasts; a third of the curve's quiet period if left out.
        promises_max: The most promises that may be open at once.

    Raises:
        UnfitPolicyError: The policy reads or answers what a policy may not.
        InvalidValueError: An argument is of another kind or out of range, a property is none, or needs a policy.
        UnknownWordError: A relational property names a signal that the curve does not have.

    Examples:
        >>> from trustcurve.verification import check, no_stage_skipping
        >>> print(check(Curve.default(), None, no_stage_skipping))
        PROVED  no_stage_skipping
    """
    prover = prover_for(
        curve, policy, environment=environment, max_states=max_states, turn=turn, promises_max=promises_max
    )
    return Report(
        curve=curve.name,
        policy=None if policy is None else policy.name,
        environment=environment.name,
        verdicts=tuple(map(prover.decide, asked_of(policy, properties))),
    )


def asked_of(policy: Policy | None, properties: tuple[Property, ...]) -> tuple[Property, ...]:
    """Answer with what is to be decided: the properties that are given, or else all that are asked of a policy or a curve.

    Raises:
        InvalidValueError: Something among them is no property.
    """
    asked = properties or (CURVE_PROPERTIES if policy is None else POLICY_PROPERTIES)
    for place, each in enumerate(asked):
        check_property(f"properties[{place}]", each)
    return asked


def check_property(argument: str, value: object) -> None:
    """Refuse what is no property."""
    if not isinstance(value, Property):
        name = getattr(value, "__name__", None)
        rule = f"must be a property: call it, {name}(...)" if name else "must be a property, for example always(...)"
        raise InvalidValueError(argument, value, rule)


def prover_for(
    curve: Curve,
    policy: Policy | None,
    *,
    environment: Environment,
    max_states: int,
    turn: timedelta | None,
    promises_max: int,
) -> Prover:
    """Make a prover, which unrolls the loop once for all that it decides; for arguments and errors see ``check``."""
    check_kind("curve", curve, Curve, "must be a Curve, for example Curve.default()")
    if policy is not None:
        check_kind("policy", policy, Policy, "must be a Policy: load_policy(path), or a function under @policy(name)")
    check_kind("environment", environment, Environment, "must be an Environment")
    check_whole("max_states", max_states, 1)
    loop = None
    if policy is not None:
        loop = Loop(curve=curve, policy=policy, environment=environment, turn=turn, promises_max=promises_max)
    return Prover(curve, loop, max_states)
