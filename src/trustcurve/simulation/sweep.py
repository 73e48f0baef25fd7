"""Sensitivity: change the numbers of a scenario by their names, and see how the measures change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from attrs import evolve

from trustcurve.core.curve import Curve
from trustcurve.core.values import checked_word
from trustcurve.errors import InvalidValueError
from trustcurve.policies import Environment, Policy
from trustcurve.policies.decision_list import WORDS, DecisionList, PolicyRule
from trustcurve.policies.policy_file import idle_rows
from trustcurve.simulation.replication import Progress, simulate
from trustcurve.simulation.scenario import Scenario, check_scenario, turn_problem
from trustcurve.simulation.segment import Segment, plain_text
from trustcurve.simulation.solution import solve
from trustcurve.verification.arguments import check_whole

__all__ = ["parameters_of", "sweep", "with_parameter"]

_POLICY = ("promise_due",)
_PARTS = {
    "departures": ("churn_probability", "period"),
    "word_of_mouth": (
        "share_telling",
        "share_recommending",
        "period",
        "lost_per_report",
        "brought_per_recommendation",
        "doubt_less",
    ),
    "arrivals": ("each_turn",),
}


def sweep(
    scenario: Scenario,
    values: Mapping[str, Sequence[Any]],
    *,
    processes: int | None = None,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Change parameters one at a time, and measure what becomes of the customers: exactly where possible.

    Args:
        scenario: The scenario.
        values: The values to try, by the name of the parameter (see ``parameters_of``).
        processes: As for ``simulate``, where customers influence each other.
        progress: Called after each value with the number of those done, and of all.

    Returns:
        A row for each parameter, value, segment and measure (see ``Solution.measures``): ``parameter``, ``value`` (a number; the
        days of a duration), ``segment`` (of brought customers only where somebody was), ``measure``, ``result`` (null where there
        is nobody to measure).

    Raises:
        UnknownWordError: There is no such parameter.
        InvalidValueError, InvalidParameterError: A value is out of its range.
        KeyboardInterrupt: Interrupted while a scenario was sampled.

    Examples:
        >>> from trustcurve.policies import policy
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Scenario.single(Curve.default(), give, Environment({"purchase": 0.2}), turns=4)
        >>> sweep(one, {"environment.purchase": (0.1, 0.4)}).filter(measure="does: exchange")["result"].to_list()
        [4.0, 4.0]
    """
    if processes is not None:
        check_whole("processes", processes, 1)
    changed = [(name, each, with_parameter(scenario, name, each)) for name, tried in _pairs(values) for each in tried]
    schema = {
        "parameter": pl.String, "value": pl.Float64, "segment": pl.String, "measure": pl.String, "result": pl.Float64,
    }  # fmt: skip
    parts = [pl.DataFrame(schema=schema)]
    for done, (name, value, other) in enumerate(changed, 1):
        shown = float(value / timedelta(days=1) if isinstance(value, timedelta) else value)
        first = (pl.lit(name).alias("parameter"), pl.lit(shown).alias("value"))
        parts.append(_measures(other, processes).select(*first, pl.all()))
        if progress is not None:
            progress(done, len(changed))
    return pl.concat(parts)


def _measures(scenario: Scenario, processes: int | None) -> pl.DataFrame:
    """Measure a scenario: exactly, or as the mean of its replications."""
    if scenario.coupled_by is None:
        return solve(scenario).measures()
    run = simulate(scenario, processes=processes)
    if run.stopped:
        raise KeyboardInterrupt  # a mean of fewer replications than the others' would not be told from them
    sampled = run.measures()
    return sampled.group_by("segment", "measure", maintain_order=True).agg(pl.col("result").mean())


def _pairs(values: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield the values to try for each name; raise unless the argument is a mapping of these."""
    if not isinstance(values, Mapping):
        raise InvalidValueError("values", values, "must be a mapping such as {'environment.kept': (0.3, 0.5)}")
    for name, tried in values.items():
        if isinstance(tried, str) or not isinstance(tried, Iterable):
            raise InvalidValueError(f"values[{name!r}]", tried, "must be a sequence of the values to try")
        yield plain_text(name), tried


def parameters_of(scenario: Scenario) -> dict[str, Any]:
    """Return every parameter that can be changed: its name and its value.

    ``curve.NAME``: a parameter of the curve. ``environment.MOVE``: the probability of a move. ``policy.NAME``: a number of the
    policy's head, and ``policy.ROW.PART``: a number of one of its rows. ``costs.ACTION``: what an action of the policy costs;
    ``gains.MOVE``: what a move brings. ``departures.NAME``, ``word_of_mouth.NAME``,
    ``arrivals.NAME``: the numbers of those tables. Where segments differ, the value is that of the first one that has it.

    Examples:
        >>> from trustcurve.policies import policy
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Scenario(segments=Segment(policy=give, environment=Environment({"complaint": 0.2})), turns=4)
        >>> found = parameters_of(one)
        >>> found["curve.doubt_max"], found["environment.complaint"], found["departures.churn_probability"]
        (12, 0.2, 0.77)
    """
    check_scenario("scenario", scenario)
    found: dict[str, Any] = {f"curve.{name}": value for name, value in scenario.curve.parameters.items()}
    for segment in scenario.segments:
        for name, value in _of_segment(segment):
            found.setdefault(name, value)
    for table, names in _PARTS.items():
        part = getattr(scenario, table)
        found |= {f"{table}.{name}": getattr(part, name) for name in names if part is not None}
    return found


def _of_segment(segment: Segment) -> Iterator[tuple[str, Any]]:
    """Yield the parameters of a segment."""
    for name in _POLICY:
        yield f"policy.{name}", getattr(segment.policy, name)
    for row, part, value in _numbers(segment.policy):
        yield f"policy.{row}.{part}", value
    for table, amounts in (("costs", segment.policy.costs), ("gains", segment.gains)):
        yield from ((f"{table}.{word}", amount) for word, amount in amounts)
    for environment in segment.environments:
        for move, p in (environment.probabilities or {}).items():
            if move != "nothing":
                yield f"environment.{move}", p
        for state, moves in environment.where:
            yield from ((f"environment.{state}.{its}", p) for its, p in moves)


def with_parameter(scenario: Scenario, name: str, value: Any) -> Scenario:
    """Return the scenario with one number changed, in every segment that has it; the length of a turn stays the same.

    Args:
        scenario: The scenario.
        name: A name of ``parameters_of``.
        value: The new value; for a duration a timedelta or a number of days.

    Raises:
        UnknownWordError: There is no such parameter.
        InvalidValueError, InvalidParameterError: The value is out of its range, or with it a row of the policy never decides.

    Examples:
        >>> from trustcurve.policies import policy
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Scenario.single(Curve.default(), give, Environment({"complaint": 0.2}), turns=4)
        >>> with_parameter(one, "environment.complaint", 0.3).segments[0].environment.probabilities["complaint"]
        0.3
    """
    known = parameters_of(scenario)
    name = checked_word("parameter", name, tuple(known))
    table, _, rest = name.partition(".")
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(known[name], timedelta):
        value = _duration(name, value)
    if table == "curve":
        return _with_curve(scenario, scenario.curve.with_parameters(**{rest: value}), name, value)
    if table in _PARTS:
        try:
            return evolve(scenario, **{table: evolve(getattr(scenario, table), **{rest: value})})
        except InvalidValueError as error:
            raise InvalidValueError(name, value, error.rule) from None
    change = _CHANGES[table]
    try:
        changed = evolve(scenario, segments=tuple(change(segment, rest, value) for segment in scenario.segments))
    except InvalidValueError as error:
        raise InvalidValueError(name, value, error.rule) from None
    if table == "policy":
        for before, after in zip(scenario.segments, changed.segments, strict=True):
            idle = set(idle_rows(scenario.curve, after.policy)) - set(idle_rows(scenario.curve, before.policy))
            if idle:
                row, why = min(idle)
                rule = after.policy.decide.rules[row].name  # type: ignore[attr-defined] # only rows can be idle
                raise InvalidValueError(name, value, f"row {rule!r} of policy {after.policy.name!r} {why}")
    return changed


def _duration(name: str, value: Any) -> timedelta:
    """Convert a number of days to a timedelta."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= timedelta.max.days:
        raise InvalidValueError(name, value, "must be a timedelta or a number of days, above zero")
    return timedelta(days=value)


def _with_curve(scenario: Scenario, curve: Curve, name: str, value: Any) -> Scenario:
    """Change the curve, but not the length of a turn."""
    if turn_problem(scenario.turn_length, curve.silence_after) is not None:
        length = scenario.turn_length / timedelta(days=1)
        raise InvalidValueError(name, value, f"must be a whole number of turns of {length:g} days, and not too many")
    return evolve(scenario, curve=curve, turn=scenario.turn_length)


def _with_probability(segment: Segment, move: str, value: float) -> Segment:
    def changed(environment: Environment) -> Environment:
        state, _, its_move = move.rpartition(".")
        if state:
            where: dict[str, dict[Any, Any]] = {its: dict(moves) for its, moves in environment.where}
            if its_move not in where.get(state, {}):
                return environment
            return evolve(environment, where={**where, state: {**where[state], its_move: value}})
        probabilities: dict[str, float] = {str(its): p for its, p in (environment.probabilities or {}).items()}
        if move not in probabilities:
            return environment
        del probabilities["nothing"]
        return evolve(environment, moves={**probabilities, move: value})

    changes = tuple(evolve(change, environment=changed(change.environment)) for change in segment.changes)
    return evolve(segment, environment=changed(segment.environment), changes=changes)


def _with_number(segment: Segment, name: str, value: Any) -> Segment:
    policy = segment.policy
    if name in _POLICY:
        return evolve(segment, policy=evolve(policy, **{name: value}))
    if type(value) is not int:
        raise InvalidValueError(f"policy.{name}", value, "must be a whole number")
    book = policy.decide
    found = next(((row, part) for row, part, _ in _numbers(policy) if f"{row}.{part}" == name), None)
    if not isinstance(book, DecisionList) or found is None:
        return segment
    row, part = found
    rules = tuple(_with_value(rule, part, value) if rule.name == row else rule for rule in book.rules)
    return evolve(segment, policy=evolve(policy, decide=DecisionList(rules)))


def _with_value(rule: PolicyRule, part: str, value: int) -> PolicyRule:
    when = tuple(
        evolve(each, value=(value,) if isinstance(each.value, tuple) else value) if each.part == part else each
        for each in rule.when
    )
    return PolicyRule(rule.name, when, rule.do, rule.because)


def _numbers(policy: Policy) -> Iterator[tuple[str, str, int]]:
    """Yield each single number in a policy's rows: the row, the part that it is compared with, and the number."""
    rules = policy.decide.rules if isinstance(policy.decide, DecisionList) else ()
    for rule in rules:
        for part in dict.fromkeys(condition.part for condition in rule.when if condition.part not in WORDS):
            values = tuple(rule.numbers(part))
            if len(values) == 1:
                yield rule.name, part, values[0]


def _with_cost(segment: Segment, action: str, value: float) -> Segment:
    costs = dict(segment.policy.costs)
    return (
        segment
        if action not in costs
        else evolve(segment, policy=evolve(segment.policy, costs=costs | {action: value}))
    )


def _with_gain(segment: Segment, move: str, value: float) -> Segment:
    gains = dict(segment.gains)
    return segment if move not in gains else evolve(segment, gains=gains | {move: value})


_CHANGES = {"policy": _with_number, "environment": _with_probability, "costs": _with_cost, "gains": _with_gain}
"""How a parameter of a segment is changed, by the table in its name."""
