"""Test a property by examples, where a proof would have to look at too much."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from hypothesis import HealthCheck, Phase, Verbosity, find
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import NoSuchExample

from trustcurve.core.curve import Curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.testing.arguments import check_curve, check_settings
from trustcurve.testing.properties.judging import breaks, can_be_broken
from trustcurve.testing.session import session
from trustcurve.testing.shrinking import smallest
from trustcurve.testing.strategies.runs import runs, walked
from trustcurve.verification.arguments import check_kind
from trustcurve.verification.closed_loop import ClosedLoop, EnvironmentMove
from trustcurve.verification.property import Property, PropertyLike, as_property
from trustcurve.verification.results import Counterexample

__all__ = ["falsify", "falsify_on"]

TURNS = 40
"""How long a run is at most, in turns. Source: our choice: over three years on the default curve."""


def falsify(
    curve: Curve,
    prop: PropertyLike,
    *,
    policy: Policy,
    environment: Environment = ANY,
    turn: timedelta | None = None,
    promises_max: int = 2,
    settings: hypothesis_settings | None = None,
) -> Counterexample | None:
    """Look by property testing for a run that breaks a property: the statement that ``check`` proves, asked of examples.

    Args:
        curve: The curve.
        prop: A property that a single run can break: ``always``, ``never``, ``at_most``, ``leads_to`` (without
            fairness) and the named ones made of them.
        policy: The policy.
        environment: What may happen that the company does not choose.
        turn: How long a turn lasts; a third of the curve's quiet period if left out.
        promises_max: The most promises that may be open at once; a run ends where the policy would make more.
        settings: Hypothesis's; the present profile if left out.

    Returns:
        A run that breaks it, of which no turn can be left out, and in which as little happens as can be; or None where no example did. That is no proof.

    Raises:
        InvalidValueError: An argument is of another kind, or no single run can break the property.

    Examples:
        >>> from trustcurve.policies import load_policy
        >>> from trustcurve.verification import no_ask_on_open_account
        >>> funnel = load_policy("examples/policies/funnel.toml")
        >>> print(falsify(Curve.default(), no_ask_on_open_account, policy=funnel))
        turn 1: the company makes a hopeful proposition (policy row: pitch) -> hopeful (...) by proposition.opens
        turn 2: the company asks (policy row: close) -> hopeful (...) by company_one_sided.unpaid
    """
    check_curve(curve)
    check_kind("policy", policy, Policy, "must be a Policy: load_policy(path), or a function under @policy(name)")
    check_kind("environment", environment, Environment, "must be an Environment")
    asked = as_property("prop", prop)
    check_settings(settings)
    if not can_be_broken(asked):
        raise InvalidValueError("prop", asked.name, "no single run can break it: only a proof can decide it")
    session.saw(curve)
    loop = ClosedLoop(curve=curve, policy=policy, environment=environment, turn=turn, promises_max=promises_max)
    return falsify_on(loop, asked, settings)


def falsify_on(loop: ClosedLoop, prop: Property, settings: hypothesis_settings | None = None) -> Counterexample | None:
    """Look for a run of a loop that breaks a property; for more see ``falsify``."""
    given = settings or hypothesis_settings()
    # No shrinking by Hypothesis: the loop is deterministic, so what can be left out is found exactly.
    quiet = hypothesis_settings(
        given,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        verbosity=Verbosity.quiet,
        phases=[Phase.generate],  # whatever the profile says of tests of one's own
    )
    try:
        found = find(runs(loop, None, TURNS), lambda run: breaks(prop, run), settings=quiet)
    except NoSuchExample:
        return None
    fails = partial(_fails, loop, prop)
    choices = list(smallest([edge.record.move for edge in found.edges], fails))
    for place, choice in enumerate(choices):
        choices[place] = EnvironmentMove("nothing")
        if not fails(choices):
            choices[place] = choice
    return Counterexample(loop, walked(loop, choices).edges)


def _fails(loop: ClosedLoop, prop: Property, choices: Sequence[EnvironmentMove]) -> bool:
    return breaks(prop, walked(loop, choices))
