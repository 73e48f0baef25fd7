"""Every door by which a document comes in, and a right document for each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

from trustcurve import Event, InvalidCurveError, load_curve, parse_curve
from trustcurve.core.curve import default_toml
from trustcurve.documents.curve_file import CurveFile
from trustcurve.errors import InvalidDocumentError
from trustcurve.logs import InvalidMappingError, load_mapping, parse_mapping
from trustcurve.logs.mapping_file import MappingFile
from trustcurve.policies import (
    InvalidEnvironmentError,
    InvalidPolicyError,
    load_environment,
    load_policy,
    parse_environment,
    parse_policy,
)
from trustcurve.policies.environment_file import EnvironmentFile
from trustcurve.policies.policy_file import PolicyFile
from trustcurve.simulation import InvalidScenarioError, load_scenario, parse_scenario
from trustcurve.simulation.scenario_file import ScenarioFile
from trustcurve.snapshots import from_json
from trustcurve.verification import InvalidPropertiesError, load_properties, parse_properties
from trustcurve.verification.property_file import PropertyFile

EXAMPLES = Path(__file__).parents[2] / "examples"


@frozen
class Door:
    """How one kind of document is read."""

    load: Callable[[Any], Any]
    parse: Callable[..., Any]
    form: type
    error: type[InvalidDocumentError]
    right: str
    table: str


DOORS = {
    "curve": Door(load_curve, parse_curve, CurveFile, InvalidCurveError, default_toml(), "[curve]"),
    "mapping": Door(
        load_mapping,
        parse_mapping,
        MappingFile,
        InvalidMappingError,
        (EXAMPLES / "parcelshop" / "mapping.toml").read_text(encoding="utf-8"),
        "[log]",
    ),
    "environment": Door(
        load_environment,
        parse_environment,
        EnvironmentFile,
        InvalidEnvironmentError,
        (EXAMPLES / "properties" / "ordinary_year.toml").read_text(encoding="utf-8"),
        "[environment]",
    ),
    "policy": Door(
        load_policy,
        parse_policy,
        PolicyFile,
        InvalidPolicyError,
        (EXAMPLES / "policies" / "solve_first.toml").read_text(encoding="utf-8"),
        "[policy]",
    ),
    "property": Door(
        load_properties,
        parse_properties,
        PropertyFile,
        InvalidPropertiesError,
        (EXAMPLES / "properties" / "manners.toml").read_text(encoding="utf-8"),
        "[[properties]]",
    ),
    "scenario": Door(
        load_scenario,
        lambda text, source="the scenario": parse_scenario(text, source, EXAMPLES / "scenarios" / "solve_first"),
        ScenarioFile,
        InvalidScenarioError,
        (EXAMPLES / "scenarios" / "solve_first" / "scenario.toml").read_text(encoding="utf-8"),
        "[scenario]",
    ),
}


def event(text: str) -> Event:
    """Read an event from JSON: the door of snapshots."""
    return from_json(Event, text)


NO_PATHS = [
    (5, "must be a str or a path"),
    (None, "must be a str or a path"),
    (b"x.csv", "must be a str or a path"),
    ("a\0.csv", "must not contain NUL"),
    ("a\ud800.csv", "must not have a lone surrogate, which no name has"),
]
"""What no file and no folder can be named, and the rule in the error."""
