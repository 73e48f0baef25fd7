"""``trustcurve diff``: compare two policies or two curves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trustcurve.cli.options import Command, CurveFile, SomeMapping, chosen_curve
from trustcurve.cli.policy_options import OnceATurn, PromisesMax, Surroundings, chosen_environment
from trustcurve.cli.reject_table import print_rejects
from trustcurve.cli.screen import Screen, Work, working
from trustcurve.core.curve import Curve
from trustcurve.documents.curve_file import is_curve, load_curve
from trustcurve.errors import InvalidValueError
from trustcurve.logs import LogJourneys, load_mapping, replay_journeys, scan_log
from trustcurve.policies import load_policy
from trustcurve.verification import CurveDifference, PolicyDifference, diff

__all__ = ["add_to"]


_DIFFERENT = 1


def add_to(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("diff", cls=Command)(diff_files)


def diff_files(  # noqa: PLR0917 - one argument for each option of the command
    old: Annotated[Path, typer.Argument(metavar="OLD.toml", help="A policy or curve file.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW.toml", help="Another one of the same kind.", show_default=False)],
    curve: CurveFile = None,
    environment: Surroundings = "any",
    promises_max: PromisesMax = 2,
    log: Annotated[
        Path | None,
        typer.Option(
            "--log",
            metavar="LOG",
            help="A log, to compute the share of its customers who are treated differently; needs --mapping.",
            show_default=False,
        ),
    ] = None,
    mapping: SomeMapping = None,
    once_a_turn: OnceATurn = False,  # noqa: FBT002 - an option
) -> None:
    """Compare two policies or two curves: print the shortest journey on which they differ, and how many states differ.

    With a log, also print the share of its customers who are affected: for policies, customers for whom the two would have
    acted differently at some run; for curves, customers who end in another state.

    For example:

        trustcurve diff funnel.toml gentle.toml
        trustcurve diff curve.toml stricter.toml
        trustcurve diff funnel.toml gentle.toml --log orders.csv -m orders.toml

    Exit code: 0 if they never differ; 1 if they differ; 2 if a limit was reached first, or a file is invalid.
    """
    screen, surroundings = Screen.out(), chosen_environment(environment)
    kinds = {is_curve(path) for path in (old, new)}
    if len(kinds) > 1:
        raise InvalidValueError(
            "NEW.toml", str(new), "must be of the same kind as OLD.toml: two policies or two curves"
        )
    on = load_curve(old) if kinds == {True} else chosen_curve(curve)
    with working() as work:
        journeys = _journeys(work, log, mapping, on)
        work.at("comparing")
        found: CurveDifference | PolicyDifference
        if kinds == {True}:
            found = diff(on, load_curve(new), journeys=journeys)
        else:
            found = diff(
                load_policy(old, on), load_policy(new, on), curve=on,
                environment=surroundings, promises_max=promises_max, once_a_turn=once_a_turn, journeys=journeys,
            )  # fmt: skip
    screen.lines(str(found))
    print_rejects(screen, journeys.rejects)
    if found:
        raise typer.Exit(_DIFFERENT)


def _journeys(work: Work, log: Path | None, mapping: Path | None, on: Curve) -> LogJourneys:
    """Return the journeys of a log; none if no log is given."""
    if log is None and mapping is None:
        return LogJourneys((), ())
    if log is None or mapping is None:
        raise InvalidValueError(
            "--log" if log is None else "--mapping", None, "must be given; a log needs both --log and --mapping"
        )
    meaning = load_mapping(mapping)
    return replay_journeys(scan_log(log, meaning.column_names), meaning, on, progress=work.replayed)
