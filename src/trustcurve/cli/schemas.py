"""The JSON Schemas of everything that is read: documents of people, and snapshots."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from trustcurve.documents.json_schema import document_schema
from trustcurve.errors import UnknownWordError
from trustcurve.snapshots import SCHEMAS as SNAPSHOTS
from trustcurve.snapshots import json_schema

__all__ = ["DOCUMENTS", "SCHEMAS", "schema_of"]

DOCUMENTS = {
    "curve": ("trustcurve.documents.curve_file", "CurveFile"),
    "mapping": ("trustcurve.logs.mapping_file", "MappingFile"),
    "policy": ("trustcurve.policies.policy_file", "PolicyFile"),
    "scenario": ("trustcurve.simulation.scenario_file", "ScenarioFile"),
}
"""The classes of the documents, and where they are: a scenario's needs an extra."""

SCHEMAS = (*DOCUMENTS, *SNAPSHOTS)
"""The names of all schemas."""


def schema_of(name: str) -> dict[str, Any]:
    """Make a JSON Schema (2020-12) by its name.

    Raises:
        UnknownWordError: There is no such schema.
        MissingExtraError: The extra of that document is not installed.

    Examples:
        >>> schema_of("policy")["title"]
        'trustcurve policy'
    """
    if name not in SCHEMAS:
        raise UnknownWordError("schema", name, SCHEMAS)
    if name in SNAPSHOTS:
        return json_schema(name)
    module, form = DOCUMENTS[name]
    return document_schema(getattr(import_module(module), form), f"trustcurve {name}")
