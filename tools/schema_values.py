"""Draw values of which a JSON Schema says that they are right, with the keywords that the schemas of our documents use."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

NAMES = ("a", "b", "due", "last", "hopeful", "distrust", "kept_major", "order", "{order}", "{a} of {b}", "2026-01-01")
"""Texts that documents refer to, so that some references meet."""

_KEYS_MAX = 3
"""The most keys of a table in which none is needed: tables can contain tables of the same kind, without end."""

_KEYWORDS = {
    *("$schema", "$defs", "$ref", "title", "description", "default", "type", "enum", "const", "anyOf"),
    *("properties", "required", "additionalProperties", "minProperties", "items", "minItems"),
    *("pattern", "minLength", "minimum", "maximum"),
}


def values_of(schema: dict[str, Any], root: dict[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """Return a strategy for what a schema allows.

    Raises:
        ValueError: the schema has a keyword that is not among ``_KEYWORDS``.
    """
    root = schema if root is None else root
    if not schema.keys() <= _KEYWORDS:
        raise ValueError(f"no values are drawn for {sorted(schema.keys() - _KEYWORDS)}")
    if "$ref" in schema:
        more = {key: value for key, value in schema.items() if key != "$ref"}
        return st.deferred(lambda: values_of({**root["$defs"][schema["$ref"].rpartition("/")[2]], **more}, root))
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        least = schema.get("minLength", 0)
        any_of = st.one_of([values_of(each, root) for each in schema["anyOf"]])
        return any_of.filter(lambda value: not isinstance(value, str) or len(value) >= least) if least else any_of
    kinds = schema.get("type", ["boolean", "integer", "number", "string"])
    return st.one_of([_of_type(each, schema, root) for each in ([kinds] if isinstance(kinds, str) else kinds)])


def _of_type(kind: str, schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    low, high = schema.get("minimum"), schema.get("maximum")
    match kind:
        case "boolean":
            return st.booleans()
        case "integer":
            near = st.integers(
                0 if low is None else low, (low or 0) + 12 if high is None else min(high, (low or 0) + 12)
            )
            return near | st.integers(low, high)
        case "number":
            return st.floats(low, high, allow_nan=False)
        case "string":
            right = [name for name in NAMES if re.search(schema.get("pattern", ""), name)]
            return st.sampled_from(right) | st.from_regex(schema.get("pattern", r"\A"))
        case "array":
            inner = values_of(schema["items"], root) if "items" in schema else st.integers()
            return st.lists(inner, min_size=schema.get("minItems", 0), max_size=4)
        case "object":
            return _objects(schema, root)
    raise ValueError(f"no values are drawn of the type {kind!r}")


def _objects(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    known = {key: values_of(each, root) for key, each in schema.get("properties", {}).items()}
    needed = {key: known.pop(key) for key in schema.get("required", ())}
    fixed = st.fixed_dictionaries(needed, optional=known)
    others = schema.get("additionalProperties", False)
    if isinstance(others, dict):
        more = st.dictionaries(st.sampled_from(NAMES), values_of(others, root), max_size=3)
        fixed = st.tuples(fixed, more).map(lambda both: {**both[1], **both[0]})
    least = schema.get("minProperties", 0)
    if least and known and not needed and not others:
        few = st.lists(st.sampled_from(list(known)), min_size=least, max_size=max(least, _KEYS_MAX), unique=True)
        return few.flatmap(lambda keys: st.fixed_dictionaries({key: known[key] for key in keys}))
    return fixed.filter(lambda table: len(table) >= least) if least else fixed
