"""``trustcurve draw``: the curve as a statechart, with a customer's path over it if wanted."""

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
from trustcurve.machine.drawing import Chart, chart_of, dot_text, mermaid_text, render

__all__ = ["add_to"]


Form = Literal["mermaid", "dot", "svg", "png"]
_ENDINGS: dict[str, Form] = {
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
    form: Annotated[
        Form | None,
        typer.Option(
            "--format",
            help="The form of the picture; if left out, by the ending of FILE, or mermaid.",
            show_default=False,
        ),
    ] = None,
    out_file: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Where to write it; if left out, to the output.", show_default=False
        ),
    ] = None,
) -> None:
    """Draw the curve: its states, the barrier, and what leads from one to the other, and when.

    Solid arrows rise, dashed ones fall. Mermaid and DOT are texts; SVG and PNG are drawn by Graphviz, which must be installed.
    With a log, a mapping and a customer, the customer's path is drawn over the curve: each move with its number, day and signal.

    For example:

        trustcurve draw > curve.mmd
        trustcurve draw --out curve.svg
        trustcurve draw --curve mine.toml --out mine.png
        trustcurve draw orders.csv -m orders.toml --customer 4711 --out 4711.svg

    Exit code: 0; 2 where nothing could be drawn.
    """
    chosen = form or _by_ending(out_file)
    on = chosen_curve(curve)
    picture = _picture(chart_of(on, _path(log, mapping, customer, until, on)), chosen)
    if out_file is not None:
        out_file.write_bytes(picture)
        Screen.out().line(f"wrote {out_file}")
    elif chosen != "png":
        Screen.out().file(picture.decode())
    elif sys.stdout.isatty():
        raise InvalidValueError("--format", "png", "is no text for a terminal: give a file with --out")
    else:
        sys.stdout.buffer.write(picture)


def _by_ending(out_file: Path | None) -> Form:
    if out_file is None:
        return "mermaid"
    ending = out_file.suffix.lower()
    if ending not in _ENDINGS:
        raise UnknownWordError("--out: the ending", ending, tuple(_ENDINGS))
    return _ENDINGS[ending]


def _path(
    log: Path | None, mapping: Path | None, customer: str | None, until: str | None, on: Curve
) -> list[Transition] | None:
    """Find a customer's moves, where one is asked for."""
    given = {"LOG": log, "--mapping": mapping, "--customer": customer}
    missing = [name for name, value in given.items() if value is None]
    if log is None or mapping is None or customer is None:
        if len(missing) < len(given) or until is not None:
            raise InvalidValueError("path", None, f"needs LOG, --mapping and --customer; missing: {', '.join(missing)}")
        return None
    meaning = load_mapping(mapping)
    end = None if until is None else read_until(until, meaning)
    with working() as work:
        opened = scan_log(log)
        work.at("mapping its rows")
        done = replay_customer(opened, meaning, on, customer, until=end, progress=work.replayed)
    return [move for step in done.steps for move in step.transitions]


def _picture(chart: Chart, form: Form) -> bytes:
    if form == "mermaid":
        return mermaid_text(chart).encode()
    return dot_text(chart).encode() if form == "dot" else render(chart, form)
