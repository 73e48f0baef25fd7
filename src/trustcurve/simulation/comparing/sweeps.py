"""Sensitivity: one number after the other changed, and what becomes of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from trustcurve.errors import InvalidValueError
from trustcurve.simulation.comparing.parameters import with_parameter
from trustcurve.simulation.exact.expecting import expect_scenario
from trustcurve.simulation.populations.scenarios import Scenario
from trustcurve.simulation.sampling.replications import Progress
from trustcurve.simulation.sampling.simulating import simulate_scenario
from trustcurve.simulation.tallies.measures import measures_of
from trustcurve.verification.arguments import check_whole

__all__ = ["sweep"]


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
        >>> from trustcurve.simulation.populations.segments import Segment
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
