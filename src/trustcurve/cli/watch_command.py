"""``trustcurve watch``: list where a log breaks the properties that a policy is proved to keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from trustcurve.cli.options import Command, CurveFile, LogFile, MappingFile, Until, chosen_curve
from trustcurve.cli.policy_options import chosen_properties
from trustcurve.cli.reject_table import AllowRejects, print_rejects
from trustcurve.cli.screen import Screen, TableColumn, working
from trustcurve.core.curve import Curve
from trustcurve.errors import InvalidValueError
from trustcurve.logs import load_mapping, replay_journeys, scan_log
from trustcurve.logs.until import read_until
from trustcurve.policies import load_policy
from trustcurve.policies.policy import check_turn
from trustcurve.records import FileFormat, write_tables
from trustcurve.verification import PROPERTY_NAMES, Violation, watch
from trustcurve.verification.violations import violations_frame

__all__ = ["add_to"]

_BROKEN = 1


def add_to(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("watch", cls=Command)(watch_log)


def watch_log(  # noqa: PLR0917 - one argument for each option of the command
    log: LogFile,
    mapping: MappingFile,
    policy: Annotated[
        Path,
        typer.Option(
            "--policy", metavar="POLICY.toml", help="The policy that the company follows.", show_default=False
        ),
    ],
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            "-p",
            metavar="NAME",
            show_default=False,
            help="A property to watch, or a file of properties: FILE.toml takes all, FILE.toml:NAME one of them. Can be repeated. "
            f"If left out, the default safety properties of policies. NAME is one of: {'; '.join(PROPERTY_NAMES)}.",
        ),
    ] = None,
    curve: CurveFile = None,
    until: Until = None,
    first_run: Annotated[
        str | None,
        typer.Option(
            "--first-run",
            metavar="TIME",
            show_default=False,
            help="When the policy first ran, for all customers, as for --until. If not given: for each customer as the journey begins.",
        ),
    ] = None,
    turn_days: Annotated[
        float | None,
        typer.Option(
            "--turn-days",
            metavar="DAYS",
            min=0.001,
            help="How long a turn lasts. If not given: a third of the curve's quiet period.",
            show_default=False,
        ),
    ] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write all violations to a file in DIR.", show_default=False),
    ] = None,
    file_format: Annotated[FileFormat, typer.Option("--format", help="The format of this file.")] = "parquet",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=0, help="How many violations to print.")] = 20,
    *,
    allow_rejects: AllowRejects = False,
) -> None:
    """List where a log breaks the properties that a policy is proved to keep: which customer, when, and by what.

    Turns are as long as the policy's. What the company did counts as done in its turn, by whomever. Properties of single
    turns, such as no_ask_on_open_account, are judged for each action of the company at once.

    For example:

        trustcurve watch orders.csv -m orders.toml --policy solve_first.toml
        trustcurve watch orders.csv -m orders.toml --policy solve_first.toml -p no_ask_on_open_account -o broken

    Exit code: 0 if nothing is broken; 1 if something is, or a row could not be used (see --allow-rejects); 2 after an error.
    """
    screen, on = Screen.out(), chosen_curve(curve)
    meaning, ours = load_mapping(mapping), load_policy(policy, on)
    asked = chosen_properties(properties or (), on, ours)
    end = None if until is None else read_until(until, meaning)
    begun = None if first_run is None else read_until(first_run, meaning, "--first-run")
    with working() as work:
        opened = scan_log(log, meaning.column_names)
        if out_dir is not None:
            out_dir.mkdir(parents=True, exist_ok=True)  # raises before the work if it cannot be written
        work.at("mapping its rows")
        journeys = replay_journeys(opened, meaning, on, until=end, progress=work.replayed)
        last = max((each.standing.as_of for each in journeys), default=None)
        if begun is not None and last is not None and begun > last:
            raise InvalidValueError(
                "--first-run", first_run, f"must not be after the end of the log, {last:%Y-%m-%d %H:%M} UTC"
            )
        work.at("watching")
        turn = None if turn_days is None else _turn(turn_days, on)
        found = list(watch(on, *asked, policy=ours, journeys=journeys, first_run=begun, turn=turn))
    _print(screen, found, len(journeys), limit)
    print_rejects(screen, journeys.rejects)
    if out_dir is not None:
        for path in write_tables({"violations": violations_frame(found)}, out_dir, file_format):
            screen.line(f"wrote {path}")
    if found or (journeys.rejects and not allow_rejects):
        raise typer.Exit(_BROKEN)


def _turn(days: float, curve: Curve) -> timedelta:
    try:
        return check_turn(timedelta(days=days), curve)
    except (OverflowError, ValueError, InvalidValueError):
        period = curve.silence_after / timedelta(days=1)
        rule = f"must be a whole fraction of the curve's quiet period of {period:g} days"
        raise InvalidValueError("--turn-days", days, rule) from None


def _print(screen: Screen, found: Sequence[Violation], customers: int, limit: int) -> None:
    if not found:
        screen.line(f"nothing is broken in the journeys of {customers:,} customers")
        return
    counts = Counter(each.property for each in found)
    whose = {name: len({each.customer for each in found if each.property == name}) for name in counts}
    columns = [TableColumn("property", "name"), TableColumn("times", "number"), TableColumn("customers", "number")]
    rows = [(name, f"{times:,}", f"{whose[name]:,}") for name, times in counts.most_common()]
    screen.table(f"Broken in the journeys of {customers:,} customers", columns, rows)
    for each in found[:limit]:
        screen.line(str(each))
    if len(found) > limit > 0:
        screen.line(f"and {len(found) - limit:,} more: see --limit and --out")
