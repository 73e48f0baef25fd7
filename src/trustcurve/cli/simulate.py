"""``trustcurve simulate``: what a scenario's policies would do to its customers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from trustcurve.cli.options import Command
from trustcurve.cli.screen import Screen
from trustcurve.errors import require

__all__ = ["add_to"]

_STOPPED = 130  # as of a program that dies of Ctrl-C; what was done by then is kept


def add_to(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("simulate", cls=Command)(simulate)


def simulate(  # noqa: PLR0917 - one argument for each option of the command
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO.toml", help="The scenario.", show_default=False)],
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare",
            metavar="OTHER.toml",
            help="Another scenario of the same customers: tell what would be different there.",
            show_default=False,
        ),
    ] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write all tables to files in DIR.", show_default=False),
    ] = None,
    form: Annotated[Literal["parquet", "csv"], typer.Option("--format", help="The form of these files.")] = "parquet",
    png: Annotated[
        Path | None,
        typer.Option("--png", metavar="DIR", help="Draw pictures into DIR; that samples, too.", show_default=False),
    ] = None,
    customers: Annotated[
        int | None,
        typer.Option("--customers", metavar="N", help="How many customers, instead of the file's.", show_default=False),
    ] = None,
    replications: Annotated[
        int | None,
        typer.Option(
            "--replications", metavar="N", help="How many samples, instead of the file's.", show_default=False
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Where chance begins, instead of the file's.", show_default=False),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes",
            metavar="N",
            help="In how many processes to sample; one for each core if left out. The result is the same.",
            show_default=False,
        ),
    ] = None,
    *,
    sample: Annotated[bool, typer.Option("--sample", help="Sample, too, and say how sure that is.")] = False,
) -> None:
    """Tell what a policy would do to many customers before it meets one: where they stand, who falls and why.

    Where customers do not influence each other, the answer is exact, without throwing dice. Where they do (word_of_mouth
    in the file), or with --sample, all of them are sampled, as often as the file says; Ctrl-C keeps what is done.

    For example:

        trustcurve simulate spam.toml
        trustcurve simulate spam.toml --compare solve_first.toml
        trustcurve simulate spam.toml --sample --customers 1000
        trustcurve simulate spam.toml --out tables --png pictures

    Exit code: 0; 130 where it was stopped, with what was done by then; 2 where a file is wrong.
    """
    for module in ("numpy", "scipy"):
        require(module, "simulation")
    if png is not None:
        require("matplotlib", "plot")
    from trustcurve.cli.simulated import Asked, answer  # noqa: PLC0415 - the extra may be missing

    paths = (scenario,) if compare is None else (scenario, compare)
    numbers = {"customers": customers, "replications": replications, "seed": seed}
    given = {name: value for name, value in numbers.items() if value is not None}
    asked = Asked(paths, given, sample=sample, out_dir=out_dir, form=form, png=png, processes=processes)
    if not answer(Screen.out(), asked):
        raise typer.Exit(_STOPPED)
