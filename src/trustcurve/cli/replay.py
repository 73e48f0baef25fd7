"""``trustcurve replay``: where everyone stands, what moved them, and what could not be used."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

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
from trustcurve.logs import LogReplay, load_mapping, replay_log, scan_log
from trustcurve.logs.outcomes import Share, by_baseline, by_state
from trustcurve.logs.outputs import write_replay
from trustcurve.logs.summaries import fall_causes, reject_groups, state_rows

__all__ = ["add_to"]

_CAUSES_SHOWN = 8


def add_to(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("replay")(replay)


def replay(  # noqa: PLR0917 - one argument for each option of the command
    log: LogFile,
    mapping: MappingFile,
    curve: CurveFile = None,
    until: Until = None,
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Write standings, moves and rejects to files in DIR.", show_default=False
        ),
    ] = None,
    form: Annotated[Literal["parquet", "csv"], typer.Option("--format", help="The form of these files.")] = "parquet",
    outcome: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="A column with an outcome of your own (a score, a churn flag): tell it by the state just before its row.",
            show_default=False,
        ),
    ] = None,
    *,
    allow_rejects: Annotated[
        bool, typer.Option("--allow-rejects", help="Exit with 0 even where rows could not be used.")
    ] = False,
) -> None:
    """Replay a log: where every customer stands, what moved them and why.

    Exit code: 0; 1 where rows could not be used (see --allow-rejects); 2 where a file is wrong as a whole.

    For example:

        trustcurve replay orders.csv --mapping orders.toml

        trustcurve replay orders.parquet -m orders.toml --until 2026-06-30 --out june

        trustcurve replay orders.csv -m orders.toml --outcome review_score --allow-rejects
    """
    console, started = out(), perf_counter()
    meaning = load_mapping(mapping)
    end = until_instant(until, meaning)
    on = chosen_curve(curve)
    with progress_bar("replaying") as progress:
        done = replay_log(scan_log(log), meaning, on, until=end, outcome=outcome, progress=progress)
    written = write_replay(done, out_dir, form) if out_dir is not None else ()
    _print_counts(console, done, perf_counter() - started)
    _print_states(console, done)
    _print_causes(console, done)
    if outcome is not None:
        _print_outcomes(console, done, outcome)
    _print_rejects(console, done)
    for path in written:
        console.print(f"wrote {path}", soft_wrap=True)
    if done.rejects and not allow_rejects:
        raise typer.Exit(1)


def _print_counts(console: Console, done: LogReplay, seconds: float) -> None:
    counts = done.counts
    console.print(f"[bold]{len(done.standings):,} customers[/], {counts.events:,} events, in {seconds:.1f} s")
    duplicates = "duplicate dropped" if counts.duplicates == 1 else "duplicates dropped"
    said = {"ignored": counts.ignored, duplicates: counts.duplicates, "after --until": counts.later}
    parts = [f"{counts.rows:,} rows: {counts.used:,} used", *(f"{n:,} {what}" for what, n in said.items() if n)]
    console.print(", ".join([*parts, f"{counts.rejected:,} rejected"]))
    if done.until is not None:
        console.print(f"seen at {done.until:%Y-%m-%d %H:%M} UTC\n")


def _print_states(console: Console, done: LogReplay) -> None:
    table = Table(title="Where customers stand", title_justify="left")
    table.add_column("state")
    for heading in ("customers", "share", "rises into", "falls into", "rises out of", "falls out of"):
        table.add_column(heading, justify="right")
    for row in state_rows(done):
        moves = (row.rises_in, row.falls_in, row.rises_out, row.falls_out)
        table.add_row(row.state, f"{row.customers:,}", f"{row.share:.1%}", *(f"{n:,}" for n in moves))
    console.print(table)


def _print_causes(console: Console, done: LogReplay) -> None:
    causes = fall_causes(done)
    if not causes:
        console.print("Nobody fell.")
        return
    table = Table(title="What made them fall", title_justify="left")
    for heading in ("falls", "customers"):
        table.add_column(heading, justify="right")
    table.add_column("rule", no_wrap=True)
    table.add_column("because")
    for cause in causes[:_CAUSES_SHOWN]:
        table.add_row(f"{cause.falls:,}", f"{cause.customers:,}", cause.rule, cause.because)
    console.print(table)


def _print_outcomes(console: Console, done: LogReplay, outcome: str) -> None:
    repeats = [each for each in done.outcomes if each.repeat]
    groups = (("all customers", done.outcomes), ("customers with two or more promises by then", tuple(repeats)))
    for whose, outcomes in groups:
        table = Table(title=f"{outcome} by what was known just before: {whose}", title_justify="left")
        table.add_column("known just before")
        table.add_column("count", justify="right")
        table.add_column(f"mean {outcome}", justify="right")
        _add_shares(table, by_state(done.curve, outcomes))
        table.add_section()
        _add_shares(table, by_baseline(outcomes), "baseline: last promise ")
        console.print(table if outcomes else f"No {outcome} of {whose}.")


def _add_shares(table: Table, shares: tuple[Share, ...], prefix: str = "") -> None:
    for share in shares:
        table.add_row(f"{prefix}{share.group}", f"{share.count:,}", f"{share.mean:.2f}")


def _print_rejects(console: Console, done: LogReplay) -> None:
    if not done.rejects:
        return
    table = Table(title="Rows that could not be used", title_justify="left")
    table.add_column("rows", justify="right")
    for heading in ("reason", "row numbers", "first of them"):
        table.add_column(heading)
    for group in reject_groups(done):
        more = ", ..." if group.count > len(group.rows) else ""
        table.add_row(f"{group.count:,}", group.reason, ", ".join(map(str, group.rows)) + more, group.detail)
    console.print(table)
