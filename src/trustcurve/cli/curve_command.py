"""``trustcurve events``, ``trustcurve curve`` and ``trustcurve schema``: print events, a curve and JSON Schemas."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Annotated, Any

import typer
from attrs import fields_dict

from trustcurve.cli.options import Command, CurveFile, chosen_curve
from trustcurve.cli.screen import Screen, TableColumn
from trustcurve.core.curve import Curve, default_toml
from trustcurve.core.events import EVENTS, Event, PromiseMade, Signalled
from trustcurve.core.phrases import rule_words, value_words
from trustcurve.documents.curve_file import curve_toml
from trustcurve.documents.json_schema import document_schema
from trustcurve.errors import UnknownWordError
from trustcurve.records import columns_of
from trustcurve.snapshots import SCHEMAS as SNAPSHOTS
from trustcurve.snapshots import json_schema

__all__ = ["DOCUMENTS", "SCHEMAS", "add_to", "schema_of"]


DOCUMENTS = {
    "curve": ("trustcurve.documents.curve_file", "CurveFile"),
    "environment": ("trustcurve.policies.environment_file", "EnvironmentFile"),
    "mapping": ("trustcurve.logs.mapping_file", "MappingFile"),
    "policy": ("trustcurve.policies.policy_file", "PolicyFile"),
    "property": ("trustcurve.verification.property_file", "PropertyFile"),
    "scenario": ("trustcurve.simulation.scenario_file", "ScenarioFile"),
}
"""The module and class of each document; that of scenarios needs an extra."""

SCHEMAS = (*DOCUMENTS, *SNAPSHOTS)
"""The names of all schemas."""


def schema_of(name: str) -> dict[str, Any]:
    """Return a JSON Schema (2020-12) by its name.

    Raises:
        UnknownWordError: The name is unknown.
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


_SCHEMA_LINES = """\
#:schema curve.schema.json
# For completion in your editor, write that schema next to this file: trustcurve schema curve > curve.schema.json
"""


def add_to(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.command("events", cls=Command)(events)
    app.command("curve", cls=Command)(curve_table)
    app.command("schema", cls=Command)(schema)


def events() -> None:
    """List the events: the meaning of each, its fields, and its signal for the curve.

    Every event has the time of its row, and can have a channel, a note and a fault, which are shown but never change the outcome.

    For example:

        trustcurve events

    The rules of a mapping name events and fill their fields from columns: see trustcurve replay -h
    """
    rows, common = [], fields_dict(Event)
    for kind in EVENTS:
        own = columns_of(kind, without=common)
        named = ", ".join(column.name if column.needed else f"[{column.name}]" for column in own)
        summary = (kind.__doc__ or "").strip().partition("\n")[0]
        rows.append((kind.__name__, summary, named, _signals(kind), _ends_silence(kind)))
    columns = ("means", "fields, [optional]", "signal", "ends a silence")
    Screen.out().table("Events", (TableColumn("event", "name"), *map(TableColumn, columns)), rows)


def _signals(kind: type[Event]) -> str:
    """Return the signals that events of a class send."""
    if kind is Signalled:
        return "the one in its field"
    return (" or ".join(kind.signals) or "none") + (" (minor: none)" if kind is PromiseMade else "")


def _ends_silence(kind: type[Event]) -> str:
    """Return when an event of a class ends a silence on the default curve."""
    ends = Curve.default().ends_silence
    return "as in the curve" if kind is Signalled else next((ends[signal] for signal in kind.signals), "never")


def curve_table(
    curve: CurveFile = None,
    *,
    toml: Annotated[bool, typer.Option("--toml", help="Print the curve as a TOML file, to start your own.")] = False,
) -> None:
    """Print a curve's rules: the effects of each signal, the conditions and the reasons; or print the curve as a file.

    If the curve file is invalid, all problems are printed, each with file, table and key.

    For example:

        trustcurve curve
        trustcurve curve --toml > mine.toml
        trustcurve curve --curve mine.toml
        trustcurve replay orders.csv --mapping orders.toml --curve mine.toml
    """
    screen = Screen.out()
    if toml:
        text = default_toml().partition("\n")[2] if curve is None else curve_toml(chosen_curve(curve))
        screen.file(f"{_SCHEMA_LINES}{text}")
        return
    _print_curve(screen, chosen_curve(curve))


def _print_curve(screen: Screen, on: Curve) -> None:
    screen.line("curve ", (on.name, "bold"), f", fingerprint {on.fingerprint}, {len(on.table())} positions")
    screen.line(f"fingerprint of version 1: {on.fingerprint_1 or 'none, version 1 cannot express this curve'}")
    screen.line("states, low to high: " + " < ".join(on.states))
    for title, rules in (
        ("Rules: the first row of a signal whose condition holds applies", on.rules),
        ("Settling: every row whose condition holds applies", on.settling),
    ):
        screen.line()
        screen.table(
            title,
            (TableColumn("rule", "name"), TableColumn("when"), TableColumn("then"), TableColumn("because")),
            [(rule.name, *rule_words(rule, on.value_of), rule.because) for rule in rules],
        )
    screen.line()
    screen.table(
        "Parameters",
        (TableColumn("parameter", "name"), TableColumn("value", "number"), TableColumn("description")),
        [(row.name, value_words(row.value), row.description) for row in on.parameter_rows],
    )


def schema(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of: {', '.join(SCHEMAS)}.", show_default=False)],
) -> None:
    """Print the JSON Schema (2020-12) of a document, for completion in your editor, or of a snapshot.

    For example:

        trustcurve schema policy > policy.schema.json
        trustcurve schema standing
        trustcurve schema journey > journey.schema.json
    """
    Screen.out().file(json.dumps(schema_of(name), indent=2) + "\n")
