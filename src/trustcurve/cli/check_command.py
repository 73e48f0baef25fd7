"""``trustcurve check``: what is proved of policies and curves."""

from __future__ import annotations

import re
from itertools import chain, count
from pathlib import Path
from typing import Annotated

import typer

from trustcurve.cli.options import ENVIRONMENTS, Command, CurveFile, PromisesMax, Surroundings, chosen_curve
from trustcurve.cli.screen import Column, Screen, working
from trustcurve.core.curve import Curve
from trustcurve.documents.curve_file import is_curve, load_curve
from trustcurve.policies import Policy, load_policy
from trustcurve.verification import PROPERTY_NAMES, Counterexample, Report, check, property_named

__all__ = ["add_to"]


_REFUTED, _UNKNOWN = 1, 2


def add_to(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("check", cls=Command)(check_files)


def check_files(  # noqa: PLR0917 - one argument for each option of the command
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE.toml", help="Policies and curves; without one, the default curve.", show_default=False
        ),
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            "-p",
            metavar="NAME",
            show_default=False,
            help=f"What to decide, as often as you like; if left out, all that are asked of every policy, or of every curve. One of: {'; '.join(PROPERTY_NAMES)}.",
        ),
    ] = None,
    curve: CurveFile = None,
    environment: Surroundings = "any",
    save: Annotated[
        Path | None,
        typer.Option(
            "--save", metavar="DIR", help="Write each counterexample of a policy to a file in DIR.", show_default=False
        ),
    ] = None,
    max_states: Annotated[int, typer.Option("--max-states", help="The most states to look at.")] = 200_000,
    promises_max: PromisesMax = 2,
) -> None:
    """Prove what a policy (or a curve) never does, or show the shortest journey in which it does it.

    Everything that can happen is looked at, so PROVED means always. REFUTED comes with a shortest journey, and beside it the
    nearest one that passes. UNKNOWN means that a limit was hit first; where one was, a journey may not be the
    shortest. Saved journeys are read by `trustcurve explain FILE`.

    For example:

        trustcurve check                    (the default curve)
        trustcurve check mine.toml          (a curve of your own)
        trustcurve check funnel.toml        (a policy)
        trustcurve check policies/*.toml --environment keeps-promises
        trustcurve check funnel.toml -p "repair_within(2)" -p nobody_forgotten

    Exit code: 0; 1 where something is refuted; 2 where something is unknown, or a file is wrong.
    """
    screen, on = Screen.out(), chosen_curve(curve)
    asked = [property_named(text) for text in properties or ()]
    subjects = [_load(path, on) for path in files or ()] or [(on, None)]
    reports = []
    with working() as work:
        for its_curve, policy in subjects:
            work.at(f"checking {its_curve.name if policy is None else policy.name}")
            reports.append(
                check(
                    its_curve,
                    *asked,
                    policy=policy,
                    environment=ENVIRONMENTS[environment],
                    promises_max=promises_max,
                    states_max=max_states,
                )
            )
    names = _names(files or [Path()])
    for report, name in zip(reports, names, strict=True):
        _print_report(screen, report)
        if save is not None:
            _save(screen, report, save, name)
    if any(report.refuted for report in reports):
        raise typer.Exit(_REFUTED)
    if any(report.unknown for report in reports):
        raise typer.Exit(_UNKNOWN)


def _load(path: Path, on: Curve) -> tuple[Curve, Policy | None]:
    """Load what a file says is to be checked: a curve, or a policy on the curve that was chosen."""
    return (load_curve(path), None) if is_curve(path) else (on, load_policy(path, on))


def _print_report(screen: Screen, report: Report) -> None:
    what = (
        f"curve {report.curve}"
        if report.policy is None
        else f"policy {report.policy}, where {report.environment} may happen"
    )
    columns = [Column("verdict", "name"), Column("property", "name"), Column("what it protects")]
    rows = []
    for verdict in report.verdicts:
        said = verdict.description + (" (Vacuously true: its condition never occurs.)" if verdict.vacuous else "")
        note = f" ({verdict.note[0].upper()}{verdict.note[1:]}.)" if verdict.note else ""
        rows.append((verdict.status.name, verdict.name, said + note))
    screen.table(what[0].upper() + what[1:], columns, rows)
    states = max((verdict.states for verdict in report.verdicts), default=0)
    transitions = max((verdict.transitions for verdict in report.verdicts), default=0)
    seconds = sum(verdict.seconds for verdict in report.verdicts)
    screen.line(f"{states:,} states and {transitions:,} transitions, in {seconds:.2f} s")
    for verdict in (*report.refuted, *report.unknown):
        if verdict.counterexample is not None:
            screen.line()
            screen.lines(verdict.explain())
    screen.line()


def _names(paths: list[Path]) -> list[str]:
    """Name each policy by its file, with a number where another one has that name."""
    names: list[str] = []
    for path in paths:
        stem = _plain(path.stem)
        more = (f"{stem}-{number}" for number in count(2))
        names.append(next(name for name in chain((stem,), more) if name not in names))
    return names


def _plain(words: str) -> str:
    return re.sub(r"\W+", "-", words).strip("-")


def _save(screen: Screen, report: Report, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for verdict in report.refuted:
        if isinstance(verdict.counterexample, Counterexample):
            path = folder / f"{name}-{_plain(verdict.name)}.json"
            verdict.counterexample.save(path)
            screen.line(f"wrote {path}")
