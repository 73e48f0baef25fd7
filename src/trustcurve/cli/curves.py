"""``trustcurve curve``, ``events`` and ``schema``: what the library knows, for writing files of one's own."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from attrs import NOTHING, fields
from rich.table import Table

from trustcurve.cli.options import CurveFile, chosen_curve, out
from trustcurve.core.events import EVENTS
from trustcurve.core.telling import rule_words
from trustcurve.files import default_toml
from trustcurve.snapshots import SCHEMAS, json_schema

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the commands to an app."""
    app.command("events")(events)
    app.command("curve")(curve_table)
    app.command("schema")(schema)


def events() -> None:
    """List the events: what each means, its fields, and the signal that the curve sees.

    Every event has `at` (filled from the log's time), and may have `channel` and `note`, which are
    kept and shown and never change the outcome.

    For example:

        trustcurve events
    """
    table = Table(title="Events", title_justify="left")
    for heading in ("event", "means", "fields (those in brackets may be left out)", "signal", "ends a silence"):
        table.add_column(heading)
    for kind in EVENTS:
        common = {"at", "customer", "channel", "note", "id"}
        own = [field for field in fields(kind) if field.name not in common]
        named = ", ".join(field.name if field.default is NOTHING else f"[{field.name}]" for field in own)
        signal = kind.signal if isinstance(kind.signal, str) else _SIGNALS.get(kind.__name__, "none")
        summary = (kind.__doc__ or "").strip().partition("\n")[0]
        table.add_row(kind.__name__, summary, named.replace("[", r"\["), signal, "yes" if kind.gives else "")
    out().print(table)


_SIGNALS = {
    "PromiseMade": "promise_made (minor: none)",
    "PromiseKept": "kept_major or kept_minor",
    "PromiseBroken": "broken_major or broken_minor",
    "OneSided": "company_one_sided or customer_one_sided",
    "Signalled": "the one that it names",
}


def curve_table(
    curve: CurveFile = None,
    *,
    toml: Annotated[
        bool, typer.Option("--toml", help="Print the curve as a TOML file instead, to start one of your own.")
    ] = False,
) -> None:
    """Show a curve's rules: what each signal does, when, and why; or print it as a file.

    A curve file that is wrong is told here with every finding: file, table and key.

    For example:

        trustcurve curve

        trustcurve curve --toml > mine.toml

        trustcurve curve --curve mine.toml
    """
    if toml:
        print(default_toml() if curve is None else chosen_curve(curve).to_toml(), end="")  # noqa: T201 - a file
        return
    on, console = chosen_curve(curve), out()
    console.print(f"curve [bold]{on.name}[/], fingerprint {on.fingerprint}, {len(on.table())} positions")
    console.print("states, low to high: " + " < ".join(on.states) + "\n", soft_wrap=True)
    for title, rows in (
        ("Rules: the first row of a signal that holds", on.rules),
        ("Settling: every row that holds", on.settling),
    ):
        table = Table(title=title, title_justify="left")
        for heading in ("rule", "when", "then", "because"):
            table.add_column(heading, no_wrap=heading == "rule")
        for rule in rows:
            when, then = rule_words(on, rule)
            table.add_row(rule.name, when, then, rule.because)
        console.print(table)
    table = Table(title="Parameters", title_justify="left")
    for heading in ("parameter", "value", "what it is"):
        table.add_column(heading)
    for row in on.parameter_rows:
        table.add_row(row.name, str(row.value).removesuffix(", 0:00:00"), row.says)
    console.print(table)


def schema(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of: {', '.join(SCHEMAS)}.", show_default=False)],
) -> None:
    """Print the JSON Schema (2020-12) of a snapshot.

    For example:

        trustcurve schema standing
    """
    print(json.dumps(json_schema(name), indent=2))  # noqa: T201 - a file, not a picture
