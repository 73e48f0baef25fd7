"""Falsification: look for a run that breaks a property by property-based testing, where a proof would be too large."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from hypothesis import HealthCheck, Phase, Verbosity, find
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import NoSuchExample

from trustcurve.core.curve import Curve
from trustcurve.core.events import PromiseBroken, PromiseKept
from trustcurve.core.journey import Journey
from trustcurve.core.steps import Step
from trustcurve.errors import InvalidValueError
from trustcurve.policies.actions import MOVE_EVENTS, MOVES
from trustcurve.policies.environment import ANY, Environment
from trustcurve.policies.policy import Policy
from trustcurve.testing.minimisation import smallest
from trustcurve.testing.policy_runs import policy_runs, run_of_choices
from trustcurve.testing.session import note_curve
from trustcurve.verification.arguments import check_kind
from trustcurve.verification.automaton import Turn, turn_of
from trustcurve.verification.closed_loop import ClosedLoop, EnvironmentMove
from trustcurve.verification.property import LeadsTo, Property, PropertyLike, Safety, as_property
from trustcurve.verification.results import Counterexample, LoopJourney, Witness
from trustcurve.verification.search import VIOLATED

__all__ = ["breaks", "can_be_broken", "check_settings", "falsify", "falsify_loop", "rerun"]

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
    """Look for a run that breaks a property by property-based testing; ``check`` proves the same statement.

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
    choices = list(smallest([edge.record.move for edge in found.edges], fails))
    for place, choice in enumerate(choices):
        choices[place] = EnvironmentMove("nothing")
        if not fails(choices):
            choices[place] = choice
    return Counterexample(loop, run_of_choices(loop, choices).edges)


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
    something must happen eventually.
    """
    return isinstance(prop, Safety) or (isinstance(prop, LeadsTo) and prop.fair == "nothing")


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
    known: dict[tuple[object, ...], Turn] = {}
    turns = [turn_of(run.loop, edge.record, known) for edge in run.edges]
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
    nodes = [run.loop.start, *(edge.record.after for edge in run.edges)]
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


# --- a saved journey and a policy -----------------------------------------------------------------


def rerun(loop: ClosedLoop, journey: Journey) -> Witness:
    """Run the environment's moves of a journey, one a turn, with the loop's policy as it is now.

    The company's actions in the journey are left out: the policy may have changed since. A move that is no longer
    possible, such as one about a promise that is not made now, becomes "nothing"; of two moves in one turn the first
    counts.
    """
    choices: dict[int, EnvironmentMove] = {}
    for step in journey.steps:
        choice = _choice(loop, step)
        if step.event is not None and choice is not None:
            choices.setdefault(_turn_number(loop, journey, step.event.at), choice)
    turns = max([_turn_number(loop, journey, journey.standing.as_of), *choices], default=0)
    return run_of_choices(loop, [choices.get(number, EnvironmentMove("nothing")) for number in range(1, turns + 1)])


def _turn_number(loop: ClosedLoop, journey: Journey, at: datetime) -> int:
    return round((at - journey.start.as_of) / loop.turn)


def _choice(loop: ClosedLoop, step: Step) -> EnvironmentMove | None:
    """Return the environment's choice behind a step; None if it was the company's or the clock's."""
    event = step.event
    if isinstance(event, PromiseKept | PromiseBroken):
        now = loop.curve.observe(step.before, event.at).after
        still_open = [promise.id for promise in now.promises if not promise.overdue]
        place = still_open.index(event.promise) if event.promise in still_open else None
        if place is not None and loop.environment.keeps_promises:
            next_turn = loop.curve.observe(now, event.at + loop.turn).after
            if any(promise.id == event.promise and promise.overdue for promise in next_turn.promises):
                return None  # the loop keeps it by itself, in time
        return EnvironmentMove("kept" if isinstance(event, PromiseKept) else "broken", place)
    signal = None if event is None else event.signal
    move = next((move for move in MOVES if move in MOVE_EVENTS and move == signal), None)
    return None if move is None else EnvironmentMove(move)
