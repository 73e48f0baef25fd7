"""A scenario with one number changed, by the number's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from attrs import evolve

from trustcurve.core.curve import Curve
from trustcurve.core.errors import InvalidValueError, UnknownWordError
from trustcurve.policies import Environment, Policy
from trustcurve.policies.policy_file import idle_rows
from trustcurve.policies.rules import NUMBERS, PolicyRule, RuleBook
from trustcurve.simulation.replication import Progress, simulate_scenario
from trustcurve.simulation.result_tables import measures_of
from trustcurve.simulation.scenario import Scenario, check_scenario, turn_problem
from trustcurve.simulation.segment import Segment, Turning
from trustcurve.simulation.solution import expect_scenario
from trustcurve.verification.arguments import check_whole

__all__ = ["parameters_of", "sweep", "with_parameter"]


_POLICY = ("remember", "window", "promise_due")
_PARTS = {
    "departures": ("hazard", "over"),
    "word_of_mouth": ("telling", "over", "keeps_away"),
    "arrivals": ("each_step",),
}


def parameters_of(scenario: Scenario) -> dict[str, Any]:
    """Answer with every parameter that can be changed, by its name, and its value.

    ``curve.NAME``: a parameter of the curve. ``environment.MOVE``: the probability of a move. ``policy.NAME``: a number of the
    policy's head, or with ``policy.ROW.PART`` one of its rows. ``departures.NAME``, ``word_of_mouth.NAME``, ``arrivals.NAME``:
    the numbers of those tables. Where segments differ, the value is that of the first one that has it.

    Examples:
        >>> from trustcurve.policies import policy
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Scenario(segments=Segment(policy=give, environment=Environment({"complaint": 0.2})), steps=4)
        >>> found = parameters_of(one)
        >>> found["curve.doubt_max"], found["environment.complaint"], found["departures.hazard"]
        (12, 0.2, 0.77)
    """
    check_scenario("scenario", scenario)
    found: dict[str, Any] = {f"curve.{name}": value for name, value in scenario.curve.parameters.items()}
    for segment in scenario.segments:
        for name in _POLICY:
            found.setdefault(f"policy.{name}", getattr(segment.policy, name))
        for row, part, value in _numbers(segment.policy):
            found.setdefault(f"policy.{row}.{part}", value)
        for environment in segment.environments:
            for move, p in (environment.probabilities or {}).items():
                if move != "nothing":
                    found.setdefault(f"environment.{move}", p)
    for table, names in _PARTS.items():
        part = getattr(scenario, table)
        found |= {f"{table}.{name}": getattr(part, name) for name in names if part is not None}
    return found


def with_parameter(scenario: Scenario, name: str, value: Any) -> Scenario:
    """Change one number of a scenario, in every segment that has it, and nothing else: a turn lasts as long as before.

    Args:
        scenario: The scenario.
        name: A name of ``parameters_of``.
        value: The new value; where a duration is meant, a timedelta or a number of days.

    Raises:
        UnknownWordError: There is no such parameter.
        InvalidValueError, InvalidParameterError: The value is out of its range, or with it a row of the policy never decides.

    Examples:
        >>> from trustcurve.policies import policy
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Scenario(segments=Segment(policy=give, environment=Environment({"complaint": 0.2})), steps=4)
        >>> with_parameter(one, "environment.complaint", 0.3).segments[0].environment.probabilities["complaint"]
        0.3
    """
    known = parameters_of(scenario)
    if name not in known:
        raise UnknownWordError("parameter", name, tuple(known))
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
    change = _with_number if table == "policy" else _with_chance
    try:
        changed = evolve(scenario, segments=tuple(change(segment, rest, value) for segment in scenario.segments))
    except InvalidValueError as error:
        raise InvalidValueError(name, value, error.rule) from None
    if table == "policy":
        for before, after in zip(scenario.segments, changed.segments, strict=True):
            idle = set(idle_rows(scenario.curve, after.policy)) - set(idle_rows(scenario.curve, before.policy))
            if idle:
                row, why = min(idle)
                said = after.policy.decide.rules[row].name  # type: ignore[attr-defined] # only rows can be idle
                raise InvalidValueError(name, value, f"row {said!r} of policy {after.policy.name!r} {why}")
    return changed


def _duration(name: str, value: Any) -> timedelta:
    """Read a duration, a number of days or a timedelta."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= timedelta.max.days:
        raise InvalidValueError(name, value, "must be a timedelta or a number of days, above zero")
    return timedelta(days=value)


def _with_curve(scenario: Scenario, curve: Curve, name: str, value: Any) -> Scenario:
    """Change the curve, but not how long a turn lasts."""
    problem = turn_problem(scenario.lasts, curve.silence_after)
    if problem is not None:
        rule = f"{problem}, and a turn lasts {scenario.lasts / timedelta(days=1):g} days here"
        raise InvalidValueError(name, value, rule)
    return evolve(scenario, curve=curve, turn=scenario.lasts)


def _with_chance(segment: Segment, move: str, value: float) -> Segment:
    def changed(environment: Environment) -> Environment:
        chances: dict[str, float] = {str(its): p for its, p in (environment.probabilities or {}).items()}
        if move not in chances:
            return environment
        del chances["nothing"]
        return Environment({**chances, move: value}, keeps_promises=environment.keeps_promises, name=environment.name)

    turnings = tuple(
        Turning(from_step=each.from_step, environment=changed(each.environment)) for each in segment.turnings
    )
    return evolve(segment, environment=changed(segment.environment), turnings=turnings)


def _with_number(segment: Segment, name: str, value: Any) -> Segment:
    policy = segment.policy
    if name in _POLICY:
        return evolve(segment, policy=evolve(policy, **{name: value}))
    if type(value) is not int:
        raise InvalidValueError(f"policy.{name}", value, "must be a whole number")
    row, _, part = name.rpartition(".")
    book = policy.decide
    if not isinstance(book, RuleBook) or (row, part) not in {(its, of) for its, of, _ in _numbers(policy)}:
        return segment
    rules = tuple(_with_value(rule, part, value) if rule.name == row else rule for rule in book.rules)
    return evolve(segment, policy=evolve(policy, decide=RuleBook(rules)))


def _with_value(rule: PolicyRule, part: str, value: int) -> PolicyRule:
    when = tuple(
        evolve(each, value=(value,) if isinstance(each.value, tuple) else value) if each.part == part else each
        for each in rule.when
    )
    return PolicyRule(rule.name, when, rule.do, rule.because)


def _numbers(policy: Policy) -> Iterator[tuple[str, str, int]]:
    """Answer with the numbers in a policy's rows that stand alone: the row, the part it asks about, and the number."""
    rules = policy.decide.rules if isinstance(policy.decide, RuleBook) else ()
    for rule in rules:
        for part in NUMBERS:
            values = tuple(rule.numbers(part))
            if len(values) == 1:
                yield rule.name, part, values[0]


def sweep(
    scenario: Scenario,
    values: Mapping[str, Sequence[Any]],
    *,
    processes: int | None = None,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Change parameters one at a time, and measure what becomes of the customers: exactly, where that can be.

    Args:
        scenario: The scenario.
        values: By the name of a parameter (see ``parameters_of``) the values to try.
        processes: As for ``simulate``, where customers influence each other.
        progress: Called with how many values are tried, and of how many.

    Returns:
        A row for each parameter, value, segment and measure (see ``measures_of``): ``parameter``, ``value`` (a number; of a
        duration the days), ``segment``, ``measure``, ``result`` (null where there is nobody to measure).

    Raises:
        UnknownWordError: There is no such parameter.
        InvalidValueError, InvalidParameterError: A value is out of its range.

    Examples:
        >>> from trustcurve.policies import Environment, policy
        >>> from trustcurve.simulation.segment import Segment
        >>> give = policy("give")(lambda view: "exchange")
        >>> one = Scenario(segments=Segment(policy=give, environment=Environment({"purchase": 0.2})), steps=4)
        >>> sweep(one, {"environment.purchase": (0.1, 0.4)}).filter(measure="does: exchange")["result"].to_list()
        [4.0, 4.0]
    """
    if processes is not None:
        check_whole("processes", processes, 1)
    changed = [(name, each, with_parameter(scenario, name, each)) for name, tried in _pairs(values) for each in tried]
    rows = []
    for done, (name, value, other) in enumerate(changed, 1):
        shown = float(value / timedelta(days=1) if isinstance(value, timedelta) else value)
        for segment, measures in _measured(other, processes):
            rows += [(name, shown, segment, measure, result) for measure, result in measures.items()]
        if progress is not None:
            progress(done, len(changed))
    kinds = (pl.String, pl.Float64, pl.String, pl.String, pl.Float64)
    return pl.DataFrame(
        rows, schema=dict(zip(("parameter", "value", "segment", "measure", "result"), kinds, strict=True)), orient="row"
    ).fill_nan(None)


def _pairs(values: Mapping[str, Sequence[Any]]) -> Iterable[tuple[str, Sequence[Any]]]:
    """Refuse what is no table of values to try."""
    if not isinstance(values, Mapping):
        raise InvalidValueError("values", values, "must be a table: {'environment.kept': (0.3, 0.5)}")
    for name, tried in values.items():
        if isinstance(tried, str) or not isinstance(tried, Iterable):
            raise InvalidValueError(f"values[{name!r}]", tried, "must be the values to try, one after the other")
    return values.items()


def _measured(scenario: Scenario, processes: int | None) -> list[tuple[str, dict[str, float]]]:
    if scenario.coupled_by is None:
        answer = expect_scenario(scenario)
        return [
            (names.segment, measures_of(names, tally))
            for names, tally in zip(answer.names, answer.tallies, strict=True)
        ]
    run = simulate_scenario(scenario, processes=processes)
    found = []
    for place, names in enumerate(run.names):
        each = [measures_of(names, replicated.tallies[place]) for replicated in run.replications]
        found.append((names.segment, {measure: sum(one[measure] for one in each) / len(each) for measure in each[0]}))
    return found
