"""JSON Schema (2020-12) of every stored form, derived from the classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trustcurve.core.events import EVENTS
from trustcurve.core.instants import RFC_3339
from trustcurve.core.values import checked_word
from trustcurve.documents.curve_file import CurveFile
from trustcurve.documents.json_schema import DIALECT, Schemas
from trustcurve.snapshots.stored import JourneyForm, MemoryForm, StandingForm, StepForm
from trustcurve.snapshots.versions import VERSION

__all__ = ["SCHEMAS", "json_schema"]


_FORMS: dict[str, Any] = {"standing": StandingForm, "step": StepForm, "journey": JourneyForm, "memory": MemoryForm}
_EVENTS = {kind.__name__: kind for kind in EVENTS}

SCHEMAS = ("standing", "event", "step", "journey", "memory", "curve-snapshot", *_EVENTS)
"""The names of all schemas of snapshots."""

_FINGERPRINT = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "the curve's fingerprint"}
_TYPES: dict[Any, dict[str, Any]] = {
    int: {"type": "integer", "minimum": 0},
    datetime: {"type": "string", "format": "date-time", "pattern": RFC_3339},
}


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a snapshot.

    Args:
        name: "standing", "event", "step", "journey", "memory", "curve-snapshot", or an event class ("PromiseMade").

    Raises:
        UnknownWordError: The name is unknown.

    Examples:
        >>> json_schema("standing")["required"][:4]
        ['schema', 'kind', 'curve', 'customer']
    """
    name = checked_word("schema", name, SCHEMAS)
    schemas = Schemas(null=True, types=_TYPES)
    if name == "curve-snapshot":
        schemas = Schemas(null=False)
        document = schemas.table(CurveFile)
        shape = {"properties": {"document": document}, "required": ["document"], "additionalProperties": False}
        body = _with_head({"type": "object", **shape}, "curve")
    elif name == "event":
        variants = [_with_head(schemas.table(kind, ("event", each)), "event") for each, kind in _EVENTS.items()]
        body = {"type": "object", "oneOf": variants}
    elif name in _EVENTS:
        body = _with_head(schemas.table(_EVENTS[name], ("event", name)), "event")
    else:
        body = _with_head(schemas.table(_FORMS[name]), name)
    schema = {"$schema": DIALECT, "title": f"trustcurve {name}", **body}
    return {**schema, "$defs": schemas.definitions} if schemas.definitions else schema


def _with_head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    """Add the fields that every snapshot has."""
    head: dict[str, Any] = {"schema": {"const": VERSION}, "kind": {"const": kind}}
    if kind not in ("event", "memory"):
        head["curve"] = _FINGERPRINT
    return {**body, "properties": {**head, **body["properties"]}, "required": [*head, *body["required"]]}
