"""Snapshots: standings, events, steps, journeys and curves as versioned plain data and JSON."""

from trustcurve.snapshots.codec import from_dict, from_json, to_dict, to_json
from trustcurve.snapshots.snapshot_errors import (
    MalformedSnapshotError,
    OtherCurveError,
    SnapshotError,
    UnknownVersionError,
)
from trustcurve.snapshots.snapshot_schemas import SCHEMAS, json_schema
from trustcurve.snapshots.versions import VERSION

__all__ = [
    "SCHEMAS",
    "VERSION",
    "MalformedSnapshotError",
    "OtherCurveError",
    "SnapshotError",
    "UnknownVersionError",
    "from_dict",
    "from_json",
    "json_schema",
    "to_dict",
    "to_json",
]
