"""``trustcurve check``: prove or refute properties of policies and curves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve

from trustcurve.cli.options import (
    Command,
    CurveFile,
    OnceATurn,
    PromisesMax,
    Surroundings,
    chosen_curve,
    chosen_environment,
    chosen_properties,
)
from trustcurve.cli.screen import Screen, TableColumn, working
from trustcurve.core.curve import Curve
from trustcurve.documents.curve_file import is_curve, load_curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies import Policy, load_policy
from trustcurve.verification import PROPERTY_NAMES, Counterexample, Property, Report
from trustcurve.verification.checker import checker_for
from trustcurve.verification.explicit_model import check_model_path, write_model
from trustcurve.verification.property import CurveProperty, Relational
from trustcurve.verification.unrolling import STATES_MAX

__all__ = ["add_to"]


_REFUTED, _UNKNOWN = 1, 2


def add_to(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("check", cls=Command)(check_files)


def check_files(  # noqa: PLR0917 - one argument for each option of the command
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE.toml", help="Policy and curve files; if none is given, the default curve.", show_default=False
        ),
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            "-p",
            metavar="NAME or FILE.toml",
            show_default=False,
            help="A property to check, or a file of properties: FILE.toml takes all, FILE.toml:NAME one of them. Can be repeated. "
            f"If left out, the default properties of policies and of curves. NAME is one of: {'; '.join(PROPERTY_NAMES)}.",
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
    states_max: Annotated[
        int, typer.Option("--states-max", help="The maximum number of states to explore.")
    ] = STATES_MAX,
    promises_max: PromisesMax = 2,
    once_a_turn: OnceATurn = False,  # noqa: FBT002 - an option
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="FILE",
            help="For one policy: write its closed loop to FILE, for the model checkers Storm (.drn) or PRISM (.prism).",
            show_default=False,
        ),
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option(
            "--begin",
            metavar="STATE",
            help="For policies: begin with customers in this state, such as advocate, at the end of a shortest journey into it. If left out: with strangers.",
            show_default=False,
        ),
    ] = None,
    constants: Annotated[
        list[str] | None,
        typer.Option(
            "--constant",
            metavar="NAME=VALUE",
            help="For policies with constants: check them for these segments only, such as tier=gold. Can be repeated. If left out: for every segment.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check properties of policies or curves: prove each one, or print a shortest counterexample.

    All reachable states are explored: PROVED means that no journey violates the property, whatever customers do and promises
    become between two runs of the policy, at any time and as often as they like. The runs are a turn apart, each promise is
    due a whole number of turns after its run, and the company does nothing but what the policy decides. REFUTED prints a
    shortest journey that violates it, next to the nearest one that does not. UNKNOWN means that a limit was reached first;
    then a counterexample may not be the shortest. `trustcurve explain FILE` prints saved journeys.

    For example:

        trustcurve check                    (the default curve)
        trustcurve check mine.toml          (a curve of your own)
        trustcurve check funnel.toml        (a policy)
        trustcurve check policies/*.toml --environment keeps-promises
        trustcurve check funnel.toml --environment year.toml
        trustcurve check funnel.toml -p "repair_within(2)" -p nobody_forgotten
        trustcurve check funnel.toml -p manners.toml -p "more.toml:favours are thanked"
        trustcurve check funnel.toml --once-a-turn
        trustcurve check funnel.toml --export funnel.drn
        trustcurve check funnel.toml --begin advocate
        trustcurve check tiers.toml --constant tier=gold

    Exit code: 0; 1 if a property is refuted; 2 if one is unknown, or a file is invalid.
    """
    screen, on, surroundings = Screen.out(), chosen_curve(curve), chosen_environment(environment)
    wanted = properties or ()
    whole = [_subject(path, on, wanted) for path in files or ()] or [(on, None, _of_curves(on, wanted))]
    named = zip(whole, _names(files or [Path()]), strict=True)
    pairs = [pair for subject, name in named for pair in _segments(subject, name, constants or ())]
    subjects, names = [subject for subject, _ in pairs], [name for _, name in pairs]
    if all(policy is None for _, policy, _ in subjects):
        _check_curves_only(environment, begin, once_a_turn=once_a_turn)
    if export is not None:
        _check_export(export, [policy for _, policy, _ in subjects])
    reports, unrolled = [], None
    with working() as work:
        for its_curve, policy, asked in subjects:
            work.at(f"checking {its_curve.name if policy is None else policy.name}")
            checker = checker_for(
                its_curve,
                policy,
                environment=surroundings,
                turn=None,
                promises_max=promises_max,
                once_a_turn=once_a_turn,
                begin=begin,
                states_max=states_max,
            )
            reports.append(checker.report(surroundings, asked))
            unrolled = None if export is None else checker.automaton("--export")
    for report, name in zip(reports, names, strict=True):
        _print_report(screen, report)
        if save is not None:
            _save(screen, report, save, name)
    if export is not None and unrolled is not None:
        write_model(unrolled, export, argument="--export")
        screen.line(f"wrote {export}")
    if any(report.refuted for report in reports):
        raise typer.Exit(_REFUTED)
    if any(report.unknown for report in reports):
        raise typer.Exit(_UNKNOWN)


_Subject = tuple[Curve, Policy | None, tuple[Property, ...]]


def _subject(path: Path, on: Curve, wanted: Sequence[str]) -> _Subject:
    """Load a curve file, or a policy file on the chosen curve; return what is checked, and its properties."""
    if is_curve(path):
        return load_curve(path), None, _of_curves(on, wanted, str(path))
    policy = load_policy(path, on)
    return on, policy, chosen_properties(wanted, on, policy)


def _segments(subject: _Subject, name: str, constants: Sequence[str]) -> Iterator[tuple[_Subject, str]]:
    """Yield what is checked for each segment of a policy, if it has any, and what its files are called."""
    on, policy, asked = subject
    if policy is None or not policy.constants:
        if constants:
            raise InvalidValueError("--constant", constants[0], "must be left out for what has no constants")
        yield subject, name
        return
    policy = policy.bound(**dict(_constant(policy, each) for each in constants))
    for each in policy.segments():
        words = ", ".join(f"{constant} {value}" for constant, value in each.segment)
        yield (on, evolve(each, name=f"{policy.name}, {words}"), asked), f"{name}-{_plain(words)}"


def _constant(policy: Policy, text: str) -> tuple[str, str | int]:
    """Read a constant of a policy: its name and one of its values."""
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidValueError("--constant", text, "must be a name and a value, such as tier=gold")
    values = dict(policy.constants).get(name, ())
    return name, next((each for each in values if str(each) == value), value)


def _of_curves(on: Curve, wanted: Sequence[str], source: str = "the default curve") -> tuple[Property, ...]:
    """Return properties; raise if one of them is about what a policy does."""
    asked = chosen_properties(wanted, on)
    for each in asked:
        if not isinstance(each, CurveProperty | Relational):
            rule = f"must be a property of curves to check {source}; give a policy file, because it is about policies"
            raise InvalidValueError("--property", each.name, rule)
    return asked


def _check_curves_only(environment: str, begin: str | None, *, once_a_turn: bool) -> None:
    """Raise if an option is given that is about policies."""
    given = (("--environment", environment, "any"), ("--once-a-turn", once_a_turn, False), ("--begin", begin, None))
    for option, value, usual in given:
        if value != usual:
            raise InvalidValueError(option, value, "must be left out for curves: they are checked everywhere")


def _check_export(path: Path, policies: Sequence[Policy | None]) -> None:
    """Raise unless the loop of one policy can be written to a file of this name."""
    check_model_path("--export", path)
    if len(policies) > 1 or policies[0] is None:
        raise InvalidValueError("--export", str(path), "must be given with one policy file; it writes a policy's loop")


def _print_report(screen: Screen, report: Report) -> None:
    what = (
        f"curve {report.curve}"
        if report.policy is None
        else f"policy {report.policy}, environment: {report.environment}, {report.scope}"
        + (f", beginning in {report.begin}" if report.begin else "")
    )
    columns = [TableColumn("verdict", "name"), TableColumn("property", "name"), TableColumn("what it protects")]
    rows = []
    for verdict in report.verdicts:
        description = verdict.description + (
            " (Vacuously true: its condition never occurs.)" if verdict.vacuous else ""
        )
        note = f" ({verdict.note[0].upper()}{verdict.note[1:]}.)" if verdict.note else ""
        value = "" if verdict.value is None else f" = {verdict.value:.6g}"
        rows.append((verdict.status.name, verdict.name + value, (description + note).strip()))
    screen.table(what[0].upper() + what[1:], columns, rows)
    states = max((verdict.states for verdict in report.verdicts), default=0)
    transitions = max((verdict.transitions for verdict in report.verdicts), default=0)
    seconds = sum(verdict.seconds for verdict in report.verdicts)
    screen.line(f"{states:,} states and {transitions:,} transitions, in {seconds:.2f} s")
    if report.unused_rows:
        screen.line(f"rows that decide in no journey: {', '.join(report.unused_rows)}")
    for verdict in (*report.refuted, *report.unknown):
        if verdict.counterexample is not None:
            screen.line()
            screen.lines(verdict.explain())
    screen.line()


def _names(paths: list[Path]) -> list[str]:
    """Return a name for each file, with a number if an earlier one has the same name."""
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
