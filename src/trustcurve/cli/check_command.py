"""``trustcurve check``: prove or refute properties of policies and curves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import chain, count
from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve, frozen

from trustcurve.cli.options import Command, CurveFile, chosen_curve
from trustcurve.cli.policy_options import OnceATurn, PromisesMax, Surroundings, chosen_environment, chosen_properties
from trustcurve.cli.screen import Screen, TableColumn, working
from trustcurve.core.curve import Curve
from trustcurve.documents.curve_file import load_curve, tables_of
from trustcurve.errors import InvalidValueError, require
from trustcurve.policies import Environment, Policy, load_policy
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
            metavar="FILE.toml",
            help="Policy, curve and scenario files; if none is given, the default curve.",
            show_default=False,
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
        trustcurve check scenario.toml      (the policy of each segment, in what happens to it)

    Exit code: 0; 1 if a property is refuted; 2 if one is unknown, or a file is invalid.
    """
    screen, on, surroundings = Screen.out(), chosen_curve(curve), chosen_environment(environment)
    wanted = properties or ()
    subjects = [
        each
        for path, name in zip(files or (), _names(files or []), strict=True)
        for each in _subjects(path, name, on, wanted, constants or ())
    ] or [_Subject("", on, None, _of_curves(on, wanted))]
    names = [subject.name for subject in subjects]
    if any(subject.environment is not None for subject in subjects):
        _check_left_out("scenarios: they say what happens", environment, None, once_a_turn=once_a_turn)
    elif all(subject.policy is None for subject in subjects):
        _check_left_out("curves: they are checked everywhere", environment, begin, once_a_turn=once_a_turn)
    if export is not None:
        _check_export(export, [subject.policy for subject in subjects])
    reports, unrolled = [], None
    with working() as work:
        for subject in subjects:
            its_curve, policy = subject.curve, subject.policy
            work.at(f"checking {its_curve.name if policy is None else policy.name}")
            happens = subject.environment or surroundings
            checker = checker_for(
                its_curve,
                policy,
                environment=happens,
                turn=subject.turn,
                promises_max=promises_max if subject.promises_max is None else subject.promises_max,
                once_a_turn=once_a_turn,
                begin=begin,
                states_max=states_max,
            )
            reports.append(checker.report(happens, subject.properties))
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


@frozen(eq=False)
class _Subject:
    """What is checked: a curve, or a policy on it; and of a scenario's segment, what happens to it."""

    name: str
    curve: Curve
    policy: Policy | None
    properties: tuple[Property, ...]
    environment: Environment | None = None
    turn: timedelta | None = None
    promises_max: int | None = None


def _subjects(path: Path, name: str, on: Curve, wanted: Sequence[str], constants: Sequence[str]) -> Iterator[_Subject]:
    """Load a curve file, a policy file on the chosen curve, or a scenario file; yield what is checked."""
    tables = tables_of(path)
    if "scenario" in tables:
        yield from _of_scenario(path, name, wanted)
    elif "curve" in tables:
        yield _Subject(name, load_curve(path), None, _of_curves(on, wanted, str(path)))
    else:
        policy = load_policy(path, on)
        yield from _segments(policy, name, on, wanted, constants)


def _of_scenario(path: Path, name: str, wanted: Sequence[str]) -> Iterator[_Subject]:
    """Yield the policy of each segment of a scenario, in each of its environments."""
    require("scipy", "simulation")
    from trustcurve.simulation import load_scenario  # noqa: PLC0415 - the extra may be missing

    scenario = load_scenario(path)
    for segment in scenario.segments:
        asked = chosen_properties(wanted, scenario.curve, segment.policy)
        for number, environment in enumerate(segment.environments):
            since = f", from turn {segment.changes[number - 1].from_turn}" if number else ""
            words = f"{scenario.name}: {segment.name}{since}"
            policy = evolve(segment.policy, name=f"{segment.policy.name} ({words})")
            yield _Subject(
                f"{name}-{_plain(segment.name + since)}",
                scenario.curve,
                policy,
                asked,
                environment,
                scenario.turn,
                scenario.promises_max,
            )


def _segments(
    policy: Policy, name: str, on: Curve, wanted: Sequence[str], constants: Sequence[str]
) -> Iterator[_Subject]:
    """Yield what is checked for each segment of a policy, if it has any, and what its files are called."""
    asked = chosen_properties(wanted, on, policy)
    if not policy.constants:
        if constants:
            raise InvalidValueError("--constant", constants[0], "must be left out for what has no constants")
        yield _Subject(name, on, policy, asked)
        return
    policy = policy.bound(**dict(_constant(policy, each) for each in constants))
    for each in policy.segments():
        words = ", ".join(f"{constant} {value}" for constant, value in each.segment)
        yield _Subject(f"{name}-{_plain(words)}", on, evolve(each, name=f"{policy.name}, {words}"), asked)


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


def _check_left_out(of: str, environment: str, begin: str | None, *, once_a_turn: bool) -> None:
    """Raise if an option is given that says something about policies."""
    given = (("--environment", environment, "any"), ("--once-a-turn", once_a_turn, False), ("--begin", begin, None))
    for option, value, usual in given:
        if value != usual:
            raise InvalidValueError(option, value, f"must be left out for {of}")


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
