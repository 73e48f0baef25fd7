"""JSON Schema (2020-12) of the attrs classes of documents; the reader rejects whatever a schema rejects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import NOTHING, Attribute, define, field, fields, has

from trustcurve.documents.forms import Form, Keyed, Named, Tagged, ValueRule, described, key_of
from trustcurve.documents.hooks import DURATION_SCHEMA

__all__ = ["DIALECT", "Schemas", "document_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TYPES: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    date: {"type": "string"},
    datetime: {"type": "string"},
    timedelta: DURATION_SCHEMA,
    NoneType: {"type": "null"},
    object: {},
    Any: {},
}
_ONLY_OF = {"minItems": "array", "minProperties": "object"}


def document_schema(form: type, title: str) -> dict[str, Any]:
    """Return the JSON Schema of a document, for completion and checks in editors.

    Examples:
        >>> from trustcurve.policies.policy_file import PolicyFile
        >>> document_schema(PolicyFile, "a policy")["required"]
        ['policy', 'rules']
    """
    schemas = Schemas(null=False)
    # TOML has no null: an optional value is left out.
    schema = {"$schema": DIALECT, "title": title, **schemas.table(form)}
    return {**schema, "$defs": schemas.definitions} if schemas.definitions else schema


@define
class Schemas:
    """Makes schemas of types.

    Args:
        null: Whether an optional value may be null; if not, it can only be left out.
        types: The schemas of types that differ from the usual ones.
        definitions: The schemas of the classes that are used.
    """

    null: bool
    types: Mapping[Any, Mapping[str, Any]] = field(factory=dict)
    definitions: dict[str, Any] = field(factory=dict)

    def table(self, cls: type, tag: tuple[str, str] | None = None) -> dict[str, Any]:
        """Return the schema of a class; ``tag`` is the key that names its kind, and that name."""
        hints = get_type_hints(cls, include_extras=True)
        descriptions, properties, required = described(cls), {}, []
        if tag is not None:
            properties[tag[0]] = {"description": f"The kind of {tag[0]}.", "const": tag[1]}
            required.append(tag[0])
        for each in (each for each in fields(cls) if each.init):
            key = key_of(each)
            description = {"description": descriptions[each.name]} if each.name in descriptions else {}
            properties[key] = {**description, **self._field(each, hints[each.name])}
            if each.default is NOTHING:
                required.append(key)
        summary = (cls.__doc__ or "").strip().partition("\n")[0]
        shape = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        return {"description": summary, **shape}

    def _field(self, attribute: Attribute[Any], hint: Any) -> dict[str, Any]:
        rule = getattr(attribute.validator, "validator", attribute.validator)  # inside attrs' optional(...)
        schema = self.of(hint)
        if isinstance(rule, ValueRule):
            schema = _narrowed(schema, rule)
        shown = isinstance(attribute.default, str | int | float) and attribute.default != ""
        return {**schema, "default": attribute.default} if shown else schema

    def of(self, hint: Any) -> dict[str, Any]:
        """Return the schema of a type."""
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self._annotated(*arguments)
        if hint in self.types or hint in _TYPES:
            return dict(self.types.get(hint, _TYPES.get(hint, {})))
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin is tuple:
            return {"type": "array", "items": self.of(arguments[0])}
        if origin in (dict, Mapping):
            return self._mapping(*arguments)
        if origin in (Union, UnionType):
            arms = [self.of(each) for each in arguments if self.null or each is not NoneType]
            return arms[0] if len(arms) == 1 else {"anyOf": arms}
        if has(hint):
            return self._defined(hint)
        raise TypeError(hint)

    def _annotated(self, inner: Any, *extras: object) -> dict[str, Any]:
        for extra in extras:
            if isinstance(extra, Form):
                return dict(extra.schema)
            if isinstance(extra, Tagged):
                return {"anyOf": [self._defined(kind, (extra.tag, name)) for name, kind in extra.kinds.items()]}
            if isinstance(extra, Keyed):
                return {"anyOf": [self._defined(kind) for kind in extra.kinds.values()]}
            if isinstance(extra, Named):
                known = {key: self.of(each) for key, each in extra.types.items()}
                return {**self.of(inner), "properties": known, "required": list(known)}
        schema = self.of(inner)
        for extra in extras:
            schema = _narrowed(schema, extra) if isinstance(extra, ValueRule) else schema
        return schema

    def _mapping(self, keys: Any, values: Any) -> dict[str, Any]:
        arms = get_args(keys) if get_origin(keys) in (Union, UnionType) else (keys,)
        words = [word for arm in arms if get_origin(arm) is Literal for word in get_args(arm)]
        listed = {"properties": dict.fromkeys(words, self.of(values))} if words else {}
        return {"type": "object", **listed, "additionalProperties": self.of(values) if str in arms else False}

    def _defined(self, cls: type, tag: tuple[str, str] | None = None) -> dict[str, Any]:
        name = cls.__name__.strip("_")
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name].update(self.table(cls, tag))
        return {"$ref": f"#/$defs/{name}"}


def _narrowed(schema: dict[str, Any], rule: ValueRule) -> dict[str, Any]:
    """Add the schema of a rule, as far as it applies to the type."""
    kind = "object" if "$ref" in schema else schema.get("type")
    return {**schema, **{key: value for key, value in rule.schema.items() if _ONLY_OF.get(key, kind) == kind}}
