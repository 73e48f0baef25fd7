"""JSON Schema 2020-12 of every stored form, made from the classes."""

from __future__ import annotations

from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import NOTHING, fields, has

from trustcurve.core.errors import UnknownWordError
from trustcurve.core.events import EVENTS, Event
from trustcurve.snapshots.converting import RFC_3339
from trustcurve.snapshots.curve_schema import CURVE_DOCUMENT
from trustcurve.snapshots.forms import AnyEvent, JourneyForm, StandingForm, StepForm
from trustcurve.snapshots.versions import VERSION

__all__ = ["SCHEMAS", "json_schema"]

_FORMS: dict[str, Any] = {"standing": StandingForm, "event": AnyEvent, "step": StepForm, "journey": JourneyForm}

SCHEMAS = (*_FORMS, "curve", *(kind.__name__ for kind in EVENTS))
"""The names that ``json_schema`` knows."""

_FINGERPRINT = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "the curve's fingerprint"}


def json_schema(name: str) -> dict[str, Any]:
    """Make the JSON Schema (2020-12) of a snapshot.

    Args:
        name: "standing", "event", "step", "journey", "curve", or one kind of event ("PromiseMade").

    Raises:
        UnknownWordError: There is no such form.

    Examples:
        >>> json_schema("standing")["required"][:4]
        ['schema', 'kind', 'curve', 'customer']
    """
    if name not in SCHEMAS:
        raise UnknownWordError("schema", name, SCHEMAS)
    definitions: dict[str, Any] = {}
    kinds = {kind.__name__: kind for kind in EVENTS}
    kind = "event" if name in kinds else name
    head: dict[str, Any] = {"schema": {"const": VERSION}, "kind": {"const": kind}}
    if kind != "event":
        head["curve"] = _FINGERPRINT
    if name == "curve":
        body = {**_closed({**head, "document": CURVE_DOCUMENT}, ["schema", "kind", "curve", "document"])}
    elif kind == "event":
        chosen = [kinds[name]] if name in kinds else list(EVENTS)
        variants = [_with_head(_object(event, definitions), head) for event in chosen]
        body = variants[0] if name in kinds else {"type": "object", "oneOf": variants}
    else:
        body = _with_head(_object(_FORMS[name], definitions), head)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"trustcurve {name}", **body}
    return {**schema, "$defs": definitions} if definitions else schema


def _closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _with_head(body: dict[str, Any], head: dict[str, Any]) -> dict[str, Any]:
    return {**body, "properties": {**head, **body["properties"]}, "required": [*head, *body["required"]]}


def _object(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    properties: dict[str, Any] = {}
    required: list[str] = []
    if issubclass(cls, Event):
        properties["event"] = {"const": cls.__name__}
        required.append("event")
    elif issubclass(cls, Exception):
        properties["error"] = {"const": cls.__name__}
        required.append("error")
    for field in (field for field in fields(cls) if field.init):
        properties[field.name] = _type(hints[field.name], definitions)
        if field.default is NOTHING:
            required.append(field.name)
    summary = (cls.__doc__ or "").strip().partition("\n")[0]
    return {"description": summary, **_closed(properties, required)}


def _type(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    plain: dict[Any, dict[str, Any]] = {
        str: {"type": "string"},
        bool: {"type": "boolean"},
        int: {"type": "integer", "minimum": 0},
        datetime: {"type": "string", "format": "date-time", "pattern": RFC_3339},
        NoneType: {"type": "null"},
        object: {},
    }
    if hint in plain:
        return plain[hint]
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _type(arguments[0], definitions)}
    if origin in (Union, UnionType):
        return {"anyOf": [_type(argument, definitions) for argument in arguments]}
    if has(hint):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}
            definitions[hint.__name__].update(_object(hint, definitions))
        return {"$ref": f"#/$defs/{hint.__name__}"}
    raise TypeError(hint)
