"""The tables of events, signals, transitions, standings, rejects, promises, relations and outcomes.

Each table is derived from the classes of core: its columns, the conversion of values to records and back, and its
types in Polars and SQL.
"""

from trustcurve.records.column_types import polars_frame, polars_types, sql_types, sql_values, typed_frame
from trustcurve.records.event_record import EVENT_KINDS, EVENTS, event_of, event_record
from trustcurve.records.outcome_record import OUTCOME_SHARES, OUTCOMES, OutcomeRecord, OutcomeShareRecord
from trustcurve.records.promise_record import PROMISES, PromiseRecord
from trustcurve.records.replay_record import (
    ONCE_PER,
    REJECTS,
    RELATIONS,
    RUNS,
    SIGNALS,
    STANDINGS,
    TRANSITIONS,
    OncePerRecord,
    RejectRecord,
    RelationRecord,
    RunRecord,
    SignalRecord,
    StandingRecord,
    TransitionRecord,
)
from trustcurve.records.schema import Column, Schema, columns_of
from trustcurve.records.table_files import FileFormat, write_tables

__all__ = [
    "EVENTS",
    "EVENT_KINDS",
    "ONCE_PER",
    "OUTCOMES",
    "OUTCOME_SHARES",
    "PROMISES",
    "REJECTS",
    "RELATIONS",
    "RUNS",
    "SIGNALS",
    "STANDINGS",
    "TABLES",
    "TRANSITIONS",
    "Column",
    "FileFormat",
    "OncePerRecord",
    "OutcomeRecord",
    "OutcomeShareRecord",
    "PromiseRecord",
    "RejectRecord",
    "RelationRecord",
    "RunRecord",
    "Schema",
    "SignalRecord",
    "StandingRecord",
    "TransitionRecord",
    "columns_of",
    "event_of",
    "event_record",
    "polars_frame",
    "polars_types",
    "sql_types",
    "sql_values",
    "typed_frame",
    "write_tables",
]

TABLES: tuple[Schema, ...] = (
    EVENTS,
    SIGNALS,
    TRANSITIONS,
    STANDINGS,
    REJECTS,
    PROMISES,
    RELATIONS,
    OUTCOMES,
    OUTCOME_SHARES,
    RUNS,
    ONCE_PER,
)
"""All tables."""
