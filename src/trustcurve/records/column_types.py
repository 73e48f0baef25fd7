"""The types of columns in Polars (and so in Arrow) and in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from trustcurve.core.instants import instant
from trustcurve.core.values import checked_word
from trustcurve.errors import InvalidValueError, require
from trustcurve.records.schema import Kind, Schema, check_schema, values_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["polars_frame", "polars_types", "sql_types", "sql_values", "typed_frame"]

Dialect = Literal["postgresql", "sqlite", "spark"]

_SQL: dict[str, dict[Kind, str]] = {
    "postgresql": {
        "text": "TEXT",
        "integer": "BIGINT",
        "number": "DOUBLE PRECISION",
        "flag": "BOOLEAN",
        "instant": "TIMESTAMPTZ",
    },
    # SQLite has no type for times: an instant is a text in UTC, which sorts in the order of time.
    "sqlite": {"text": "TEXT", "integer": "INTEGER", "number": "REAL", "flag": "INTEGER", "instant": "TEXT"},
    "spark": {"text": "STRING", "integer": "BIGINT", "number": "DOUBLE", "flag": "BOOLEAN", "instant": "TIMESTAMP"},
}


def polars_types(schema: Schema) -> dict[str, pl.DataType]:
    """Return the Polars type of each column. Polars uses Arrow: ``pyarrow.table(frame)`` does not copy.

    Raises:
        MissingExtraError: Polars is not installed (extra ``logs``).

    Examples:
        >>> from trustcurve.records import SIGNALS
        >>> polars_types(SIGNALS)["at"]
        Datetime(time_unit='us', time_zone='UTC')
    """
    check_schema(schema)
    pl = require("polars", "logs")
    types: dict[Kind, Any] = {
        "text": pl.String(),
        "integer": pl.Int64(),
        "number": pl.Float64(),
        "flag": pl.Boolean(),
        "instant": pl.Datetime("us", "UTC"),
    }
    return {column.name: types[column.kind] for column in schema.columns}


def polars_frame(schema: Schema, records: Iterable[object]) -> pl.DataFrame:
    """Return a Polars frame of records: mappings, or objects that have the columns as attributes.

    Raises:
        InvalidValueError: A record lacks a column, or has a value of another kind; the error names record and column.
        NaiveTimeError: A time has no timezone.
        MissingExtraError: Polars is not installed (extra ``logs``).

    Examples:
        >>> from trustcurve.records import REJECTS, RejectRecord
        >>> polars_frame(REJECTS, [RejectRecord(7, "ann", None, None, "no time", "no time: it is empty")]).shape
        (1, 6)
    """
    types = polars_types(schema)
    if not isinstance(records, Iterable) or isinstance(records, Mapping | str | bytes):
        raise InvalidValueError("records", records, "must be a list or another iterable of records")
    rows = [values_of(schema, each, f"records[{number}]") for number, each in enumerate(records)]
    return require("polars", "logs").DataFrame(rows, schema=types, orient="row")  # type: ignore[no-any-return] # one


def typed_frame(schema: Schema, records: Iterable[object]) -> pl.DataFrame:
    """Return a Polars frame of records of the schema's own class, whose values need no checks."""
    pl, types, listed = require("polars", "logs"), polars_types(schema), list(records)
    columns = {
        name: pl.Series(name, [getattr(each, name) for each in listed], dtype=dtype) for name, dtype in types.items()
    }
    return pl.DataFrame(columns)  # type: ignore[no-any-return] # one


def sql_types(schema: Schema, dialect: Dialect) -> dict[str, str]:
    """Return the SQL type of each column, including NOT NULL.

    Raises:
        InvalidValueError: The schema is not a Schema.
        UnknownWordError: The dialect is not "postgresql", "sqlite" or "spark".

    Examples:
        >>> from trustcurve.records import SIGNALS
        >>> sql_types(SIGNALS, "postgresql")["at"], sql_types(SIGNALS, "sqlite")["promise"]
        ('TIMESTAMPTZ NOT NULL', 'TEXT')
    """
    check_schema(schema)
    types = _types(dialect)
    return {column.name: types[column.kind] + ("" if column.optional else " NOT NULL") for column in schema.columns}


def sql_values(schema: Schema, record: Mapping[str, Any], dialect: Dialect) -> tuple[Any, ...]:
    """Return a record's values, in the order of the columns, in the types that a driver of the dialect accepts.

    Raises:
        InvalidValueError: The record lacks a column, or has a value of another kind.
        NaiveTimeError: A time has no timezone.
        UnknownWordError: The dialect is unknown.
    """
    check_schema(schema)
    _types(dialect)
    values = values_of(schema, record, "record")
    if dialect != "sqlite":
        return values
    return tuple(_sortable(value) if isinstance(value, datetime) else value for value in values)


def _types(dialect: str) -> dict[Kind, str]:
    return _SQL[checked_word("dialect", dialect, tuple(_SQL))]


def _sortable(at: datetime) -> str:
    """Return an instant as a text that sorts in the order of time: always with microseconds."""
    return instant(at).isoformat(timespec="microseconds").replace("+00:00", "Z")
