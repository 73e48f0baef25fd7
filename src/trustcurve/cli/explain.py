"""``trustcurve explain``: one customer's story, step by step."""

from __future__ import annotations

from typing import Annotated

import typer

from trustcurve.cli.options import (
    CurveFile,
    LogFile,
    MappingFile,
    Until,
    chosen_curve,
    out,
    progress_bar,
    until_instant,
)
from trustcurve.logs import load_mapping, scan_log, tell_story

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("explain")(explain)


def explain(
    log: LogFile,
    mapping: MappingFile,
    customer: Annotated[str, typer.Option("--customer", metavar="ID", help="Whose story.", show_default=False)],
    curve: CurveFile = None,
    until: Until = None,
) -> None:
    """Tell one customer's story step by step: what happened, what it changed and why.

    For example:

        trustcurve explain orders.csv --mapping orders.toml --customer 4711
    """
    console = out()
    meaning = load_mapping(mapping)
    end = until_instant(until, meaning)
    on = chosen_curve(curve)
    with progress_bar("replaying") as progress:
        story = tell_story(scan_log(log), meaning, on, customer, until=end, progress=progress)
    for each in story.steps:
        if each.row is not None or each.step.reactions:
            console.print(each.step.explain(f"row {each.row}"), markup=False, soft_wrap=True)
    for reject in story.rejects:
        console.print(f"row {reject.row} could not be used: {reject.detail}", markup=False, soft_wrap=True)
    standing = story.standing
    if standing is not None:
        position = standing.position
        counters = (
            f"kept {position.kept}, engaged {position.engaged}, doubt {position.doubt}, account {position.account}"
        )
        console.print(
            f"\nstands at {on.state(position)} ({counters}), seen at {standing.as_of:%Y-%m-%d %H:%M} UTC", markup=False
        )
        due = on.next_due(standing)
        console.print(
            "the clock has nothing to say"
            if due is None
            else f"the clock says something next at {due:%Y-%m-%d %H:%M} UTC"
        )
    else:
        raise typer.Exit(1)
