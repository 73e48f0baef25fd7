"""``trustcurve facts``: what undoes a harm on a curve, how many asks a customer bears, how long silence is borne."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trustcurve.cli.options import Command
from trustcurve.cli.screen import Screen, TableColumn
from trustcurve.core.curve import Curve
from trustcurve.documents.curve_file import load_curve
from trustcurve.verification.facts import fact_rows, facts_of

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("facts", cls=Command)(print_facts)


def print_facts(
    curve: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CURVE.toml]", help="A curve file. If left out: the default curve.", show_default=False
        ),
    ] = None,
) -> None:
    """Print facts of a curve: how many good deeds undo each harm, how many asks and how much silence customers bear.

    A harm is undone when the customer stands as high as without it, now and whatever comes later. Where the number depends
    on more than the state, the least and the most are given.

    For example:

        trustcurve facts
        trustcurve facts mine.toml

    Exit code: 0; 2 if the file is invalid.
    """
    on = Curve.default() if curve is None else load_curve(curve)
    (_, *states), *rows = fact_rows(facts_of(on))
    columns = [TableColumn("fact", "name"), *(TableColumn(state, "number") for state in states)]
    Screen.out().table(f"Facts of curve {on.name}", columns, rows)
