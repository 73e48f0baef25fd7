"""Falsification: look for a run that breaks a property by property-based testing, where a proof would be too large."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from attrs import evolve
from hypothesis import HealthCheck, Phase, Verbosity, find
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import NoSuchExample

from trustcurve.core.curve import Curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.testing.minimisation import smallest
from trustcurve.testing.policy_runs import policy_runs, run_of_choices
from trustcurve.testing.session import note_curve
from trustcurve.verification.arguments import check_kind
from trustcurve.verification.closed_loop import ClosedLoop, EnvironmentMove
from trustcurve.verification.loop_journey import Counterexample, LoopJourney
from trustcurve.verification.monitor import VIOLATED
from trustcurve.verification.property import LeadsTo, Property, PropertyLike, Safety, as_property
from trustcurve.verification.turn import Turn

__all__ = ["breaks", "can_be_broken", "check_settings", "falsify", "falsify_loop"]

_TURNS_MAX: Final = 40
"""The most turns of a run. Source: our choice: over three years on the default curve."""


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
    """Look for a run that breaks a property by property-based testing.

    In the runs that are tried the environment makes one move in a turn, at the instant of the policy's run. ``check`` proves
    more: that nothing breaks the property that the environment can do at any time.

    Args:
        curve: The curve.
        prop: A property that a single run can break: ``always``, ``never``, ``at_most``, ``leads_to`` (without
            fairness) and the named ones made of them.
        policy: The policy.
        environment: What may happen that the company does not choose.
        turn: How long a turn lasts; if left out, a third of the curve's quiet period.
        promises_max: The most promises that may be open at once; a run ends where the policy would make more.
        settings: Settings of Hypothesis; if left out, those of the current profile.

    Returns:
        A run that breaks the property, in which no turn can be left out and no move of the environment can be replaced
        by "nothing"; or None if no example breaks it, which is no proof.

    Raises:
        InvalidValueError: An argument has the wrong type, or no single run can break the property.

    Examples:
        >>> from trustcurve.policies import load_policy
        >>> from trustcurve.verification import no_ask_on_open_account
        >>> funnel = load_policy("examples/policies/funnel.toml")
        >>> print(falsify(Curve.default(), no_ask_on_open_account, policy=funnel))
        turn 1: the company makes a hopeful proposition (policy row: pitch) -> hopeful (...) by proposition.opens
        turn 2: the company asks (policy row: close) -> hopeful (...) by company_one_sided.unpaid
    """
    note_curve(curve)
    check_kind("policy", policy, Policy, "must be a Policy: load_policy(path), or a function under @policy(name)")
    check_kind("environment", environment, Environment, "must be an Environment")
    asked = as_property("prop", prop)
    check_settings(settings)
    if not can_be_broken(asked):
        raise InvalidValueError(
            "prop", asked.name, "must be a property that a single run can break: only a proof can decide this one"
        )
    loop = ClosedLoop(curve=curve, policy=policy, environment=environment, turn=turn, promises_max=promises_max)
    return falsify_loop(loop, asked, settings)


def falsify_loop(
    loop: ClosedLoop, prop: Property, settings: hypothesis_settings | None = None
) -> Counterexample | None:
    """Look for a run of a loop that breaks a property; for more see ``falsify``."""
    loop = evolve(loop, any_time=False)
    # Hypothesis does not shrink: the loop is deterministic, so what can be left out is found exactly.
    quiet = hypothesis_settings(
        settings or hypothesis_settings(),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        verbosity=Verbosity.quiet,
        phases=[Phase.generate],  # also where a profile for the user's own tests has other phases
    )
    try:
        found = find(policy_runs(loop, None, _TURNS_MAX), lambda run: breaks(prop, run), settings=quiet)
    except NoSuchExample:
        return None
    fails = partial(_choices_break, loop, prop)
    moves = [EnvironmentMove(each.happening.move, each.happening.promise) for each in found.passages]
    choices = list(smallest(moves, fails))
    for place, choice in enumerate(choices):
        choices[place] = EnvironmentMove("nothing")
        if not fails(choices):
            choices[place] = choice
    return Counterexample(loop, run_of_choices(loop, choices).passages)


def check_settings(settings: object) -> None:
    """Raise InvalidValueError unless an argument is settings of Hypothesis, or None."""
    if settings is not None:
        check_kind("settings", settings, hypothesis_settings, "must be settings(...) of Hypothesis")


def _choices_break(loop: ClosedLoop, prop: Property, choices: Sequence[EnvironmentMove]) -> bool:
    return breaks(prop, run_of_choices(loop, choices))


# --- one run and one property ---------------------------------------------------------------------


def can_be_broken(prop: Property) -> bool:
    """Return whether a single run can show that a property does not hold.

    No run can do that if something must be possible, likely or recoverable; nor, where moves are fair, if
    something must happen eventually. Runs are not tried for ``until``, and for ``leads_to`` under an assumption.
    """
    eventually = isinstance(prop, LeadsTo) and prop.fair == "nothing" and prop.assumption is None
    return isinstance(prop, Safety) or eventually


def breaks(prop: Property, run: LoopJourney) -> bool:
    """Return whether a run shows that a property does not hold.

    If something must happen eventually, a run shows the contrary by returning to the same state of the loop
    without it: it can repeat that part endlessly.

    Args:
        prop: A property that a single run can break: see ``falsify``.
        run: The run, for example a witness of ``check``.

    Examples:
        >>> from trustcurve import Curve
        >>> from trustcurve.policies import load_policy
        >>> from trustcurve.verification import no_ask_on_open_account
        >>> funnel = load_policy("examples/policies/funnel.toml")
        >>> breaks(no_ask_on_open_account, falsify(Curve.default(), no_ask_on_open_account, policy=funnel))
        True
    """
    turns = run.turns
    if isinstance(prop, Safety):
        state = prop.monitor.start
        for turn in turns:
            state = prop.monitor.step(state, turn)
            if state == VIOLATED:
                return True
        return False
    assert isinstance(prop, LeadsTo)  # noqa: S101 - callers check
    return _repeats_without(prop, run, turns)


def _repeats_without(prop: LeadsTo, run: LoopJourney, turns: Sequence[Turn]) -> bool:
    """Return whether a run returns to a state while something is due; it may also have become due in between."""
    nodes = [run.loop.start, *(each.after for each in run.passages if each.met is not None)]
    comes = [bool(prop.comes(turn)) for turn in turns]
    calls = [bool(prop.after(turn)) for turn in turns]
    waiting = [False]  # whether something is due after so many turns
    for called, came in zip(calls, comes, strict=True):
        waiting.append((waiting[-1] or called) and not came)
    for end, node in enumerate(nodes):
        for begin in range(end - 1, -1, -1):
            if comes[begin]:
                break  # every longer cycle has this turn, too
            if nodes[begin] == node and (waiting[begin] or any(calls[begin:end])):
                return True
    return False
