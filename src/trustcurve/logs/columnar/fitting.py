"""Whether a mapping fits a log and a curve: columns and signals are there, times that need a timezone have one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import polars as pl

from trustcurve.core.curve import Curve
from trustcurve.core.errors import Finding, UnknownWordError, did_you_mean
from trustcurve.logs.columns import naive_and_aware, sane, text, time_columns
from trustcurve.logs.errors import InvalidMappingError
from trustcurve.logs.mappings.mapping import Mapping
from trustcurve.logs.sources.readers import ROW, Log

__all__ = ["check_signals", "fitting_rows"]


def check_signals(mapping: Mapping, curve: Curve) -> None:
    """Hold the signals that a mapping names against those of the curve.

    Raises:
        InvalidMappingError: It names one that the curve does not have.
    """
    named = [
        (rule.name, made_of.text)
        for rule in mapping.rules
        for event in rule.events
        for key, made_of in event.texts
        if key == "signal" and not made_of.columns
    ]
    findings = [
        Finding(mapping.source, f"[[rules]] {rule}", "signal", str(UnknownWordError("signal", signal, curve.signals)))
        for rule, signal in named
        if signal not in curve.signals
    ]
    if findings:
        raise InvalidMappingError(tuple(findings))


def fitting_rows(log: Log, mapping: Mapping, outcome: str | None) -> pl.LazyFrame:
    """Take from a log the columns that a mapping needs, if it fits.

    Raises:
        InvalidMappingError: It names columns that the log does not have, or gives no timezone where one is needed.
    """
    needed = {**mapping.columns, **({outcome: "--outcome"} if outcome is not None else {})}
    rows = log.having(needed).rows
    schema = rows.collect_schema()
    findings = [
        Finding(mapping.source, place, "", f"the log has no column {column!r}{did_you_mean(column, schema.names())}")
        for column, place in needed.items()
        if column not in schema
    ]
    if findings:
        raise InvalidMappingError(tuple(findings))
    rows = rows.select(ROW, *(sane(column, schema[column]) for column in needed))
    needs_zone = next(_needs_zone(rows, mapping), None) if mapping.timezone is None else None
    if needs_zone is not None:
        raise InvalidMappingError((Finding(mapping.source, "[log]", "timezone", f"is missing{needs_zone}"),))
    return rows


def _needs_zone(rows: pl.LazyFrame, mapping: Mapping) -> Iterator[str]:
    """Say what cannot be an instant without a timezone: times without one, and days of the mapping itself."""
    schema = rows.collect_schema()
    for column in time_columns(mapping):
        naive, _ = naive_and_aware(column, schema[column], mapping.time_format(column))
        first = rows.filter(naive.is_not_null()).select(ROW, text(column).alias("time")).head(1).collect()
        if first.height:
            yield f", and column {column!r} has times without one (row {first[0, 0]}: {first[0, 1]})"
    for rule in mapping.rules:
        if any(event.due and event.due.end_of_day for event in rule.events):
            yield ": a day ends at a different instant in each, and a rule says end_of_day"
        for value in (value for condition in rule.when for value in condition.values):
            if isinstance(value, date) and (not isinstance(value, datetime) or value.tzinfo is None):
                yield f": {value} is a different instant in each, and rule {rule.name!r} asks for it"
