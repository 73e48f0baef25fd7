"""The tables of events, signals, transitions, standings, rejects and relations.

Each table is derived from the classes of core: its columns, the conversion of values to records and back, and its
types in Polars and SQL.
"""

from trustcurve.records.column_types import polars_frame, polars_types, sql_types, sql_values
from trustcurve.records.event_record import EVENT_KINDS, EVENTS, event_of, event_record
from trustcurve.records.replay_record import (
    REJECTS,
    RELATIONS,
    SIGNALS,
    STANDINGS,
    TRANSITIONS,
    RejectRecord,
    RelationRecord,
    SignalRecord,
    StandingRecord,
    TransitionRecord,
)
from trustcurve.records.schema import Column, Schema, columns_of
from trustcurve.records.table_files import FileFormat, write_tables

__all__ = [
    "EVENTS",
    "EVENT_KINDS",
    "REJECTS",
    "RELATIONS",
    "SIGNALS",
    "STANDINGS",
    "TABLES",
    "TRANSITIONS",
    "Column",
    "FileFormat",
    "RejectRecord",
    "RelationRecord",
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
    "write_tables",
]

TABLES: tuple[Schema, ...] = (EVENTS, SIGNALS, TRANSITIONS, STANDINGS, REJECTS, RELATIONS)
"""All tables."""
