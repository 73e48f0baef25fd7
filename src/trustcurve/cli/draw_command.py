"""``trustcurve draw``: draw the curve as a statechart, optionally with a customer's path."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from trustcurve.cli.options import Command, CurveFile, SomeCustomer, SomeMapping, Until, chosen_curve
from trustcurve.cli.screen import Screen, working
from trustcurve.core.curve import Curve
from trustcurve.core.steps import Transition
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.logs import load_mapping, replay_customer, scan_log
from trustcurve.logs.until import read_until
from trustcurve.machine.diagrams import Chart, chart_of, dot_text, mermaid_text, render
from trustcurve.records.whole_files import write_whole

__all__ = ["add_to"]


Format = Literal["mermaid", "dot", "svg", "png"]
_ENDINGS: dict[str, Format] = {
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
    ".svg": "svg",
    ".png": "png",
}


def add_to(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("draw", cls=Command)(draw)


def draw(  # noqa: PLR0917 - one argument for each option of the command
    log: Annotated[
        Path | None, typer.Argument(metavar="LOG", help="A log, to draw a customer's path.", show_default=False)
    ] = None,
    mapping: SomeMapping = None,
    customer: SomeCustomer = None,
    curve: CurveFile = None,
    until: Until = None,
    file_format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="The format; if left out, that of the ending of FILE, or mermaid.",
            show_default=False,
        ),
    ] = None,
    out_file: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="The file to write; if left out, the standard output.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draw the curve: its states, the barrier, and the transitions with their signals and conditions.

    Solid arrows rise, dashed arrows fall. Mermaid and DOT are texts; SVG and PNG need the Graphviz program.
    With a log, a mapping and a customer, the customer's path is drawn on the curve: each transition with number, day and signal.

    For example:

        trustcurve draw > curve.mmd
        trustcurve draw --out curve.svg
        trustcurve draw --curve mine.toml --out mine.png
        trustcurve draw orders.csv -m orders.toml --customer 4711 --out 4711.svg

    Exit code: 0; 2 if nothing could be drawn.
    """
    chosen = file_format or _by_ending(out_file)
    on = chosen_curve(curve)
    picture = _picture(chart_of(on, _path(log, mapping, customer, until, on)), chosen)
    if out_file is not None:
        write_whole(out_file, picture)
        Screen.out().line(f"wrote {out_file}")
    elif chosen != "png":
        Screen.out().file(picture.decode())
    elif sys.stdout.isatty():
        raise InvalidValueError("--format", "png", "must be a text format on a terminal; give a file with --out")
    else:
        sys.stdout.buffer.write(picture)


def _by_ending(out_file: Path | None) -> Format:
    if out_file is None:
        return "mermaid"
    ending = out_file.suffix.lower()
    if ending not in _ENDINGS:
        raise UnknownWordError("--out: the ending", ending, tuple(_ENDINGS))
    return _ENDINGS[ending]


def _path(
    log: Path | None, mapping: Path | None, customer: str | None, until: str | None, on: Curve
) -> list[Transition] | None:
    """Return a customer's transitions, if a customer is given."""
    given = {"LOG": log, "--mapping": mapping, "--customer": customer}
    missing = [name for name, value in given.items() if value is None]
    if log is None or mapping is None or customer is None:
        if len(missing) < len(given) or until is not None:
            raise InvalidValueError(
                missing[0] if missing else "LOG", None, "must be given; a path needs LOG, --mapping and --customer"
            )
        return None
    meaning = load_mapping(mapping)
    end = None if until is None else read_until(until, meaning)
    with working() as work:
        opened = scan_log(log, meaning.column_names)
        work.at("mapping its rows")
        done = replay_customer(opened, meaning, on, customer, until=end, progress=work.replayed)
    return [transition for step in done.steps for transition in step.transitions]


def _picture(chart: Chart, chosen: Format) -> bytes:
    if chosen == "mermaid":
        return mermaid_text(chart).encode()
    return dot_text(chart).encode() if chosen == "dot" else render(chart, chosen)
