"""``trustcurve simulate``: what a scenario's policies would do to its customers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trustcurve.cli.options import Command
from trustcurve.cli.screen import Screen
from trustcurve.errors import require
from trustcurve.records import FileFormat

__all__ = ["add_to"]

_STOPPED = 130  # as of a program that Ctrl-C ends; what was done by then is kept


def add_to(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("simulate", cls=Command)(_simulate)


def _simulate(  # noqa: PLR0917 - one argument for each option of the command
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO.toml", help="The scenario.", show_default=False)],
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare",
            metavar="OTHER.toml",
            help="Another scenario with the same customers: print how the results differ.",
            show_default=False,
        ),
    ] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write all tables to files in DIR.", show_default=False),
    ] = None,
    file_format: Annotated[FileFormat, typer.Option("--format", help="The format of these files.")] = "parquet",
    png: Annotated[
        Path | None,
        typer.Option("--png", metavar="DIR", help="Draw figures into DIR; implies --sample.", show_default=False),
    ] = None,
    customers: Annotated[
        int | None,
        typer.Option(
            "--customers", metavar="N", help="The number of customers, instead of the file's.", show_default=False
        ),
    ] = None,
    replications: Annotated[
        int | None,
        typer.Option(
            "--replications", metavar="N", help="The number of replications, instead of the file's.", show_default=False
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", help="The seed of the random numbers, instead of the file's.", show_default=False
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes",
            metavar="N",
            help="The number of processes for sampling; one for each core if left out. The result is the same.",
            show_default=False,
        ),
    ] = None,
    *,
    sample: Annotated[bool, typer.Option("--sample", help="Sample as well, and print confidence intervals.")] = False,
) -> None:
    """Compute what a policy would do to many customers before it meets one: where they stand, who falls and why.

    Where customers do not influence each other, the result is exact, without random numbers. Where they do (word_of_mouth
    in the file), or with --sample, customers are sampled, with as many replications as the file says; Ctrl-C keeps those that
    are done.

    For example:

        trustcurve simulate spam.toml
        trustcurve simulate spam.toml --compare solve_first.toml
        trustcurve simulate spam.toml --sample --customers 1000
        trustcurve simulate spam.toml --out tables --png figures

    Exit code: 0; 130 if interrupted, with what was done by then; 2 if a file is not valid.
    """
    for module in ("numpy", "scipy"):
        require(module, "simulation")
    if png is not None:
        require("matplotlib", "plot")
    from trustcurve.cli.simulation_report import Request, report  # noqa: PLC0415 - the extra may be missing

    paths = (scenario,) if compare is None else (scenario, compare)
    numbers = {"customers": customers, "replications": replications, "seed": seed}
    given = {name: value for name, value in numbers.items() if value is not None}
    request = Request(paths, given, sample, out_dir, file_format, png, processes)
    if not report(Screen.out(), request):
        raise typer.Exit(_STOPPED)
