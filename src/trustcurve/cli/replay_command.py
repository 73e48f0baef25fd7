"""``trustcurve replay``: print where customers stand, what moved them, and what could not be used."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from time import perf_counter
from typing import Annotated

import typer
from rich.markup import escape

from trustcurve.cli.options import Command, CurveFile, LogFile, MappingFile, Until, chosen_curve
from trustcurve.cli.outcome_report import print_outcomes
from trustcurve.cli.promise_report import print_promises
from trustcurve.cli.reject_table import AllowRejects, print_rejects
from trustcurve.cli.screen import Screen, TableColumn, working
from trustcurve.errors import InvalidValueError, require
from trustcurve.logs import LogReplay, load_mapping, read_run, replay_log, scan_log
from trustcurve.logs.log_replay import Engine, LogCounts
from trustcurve.logs.outputs import write_replay
from trustcurve.logs.relations import by_month, totals_of
from trustcurve.logs.summary import fall_causes, state_rows
from trustcurve.logs.until import read_until
from trustcurve.records import FileFormat

__all__ = ["MAPPING", "add_to", "print_counts"]

_CAUSES_SHOWN = 8
_MONTHS_SHOWN = 6

MAPPING = """\
[log]
customer = "customer"        # columns of orders.csv
time = "time"
timezone = "Europe/Berlin"

[[rules]]
when = { event = "order" }   # such a row becomes two events
[[rules.events]]
event = "PromiseMade"
promise = "{order}"
due = { column = "promised_on", end_of_day = true }
[[rules.events]]
event = "Purchased"

[[rules]]
when = { event = "delivered" }
[[rules.events]]
event = "PromiseKept"
promise = "{order}"

[[rules]]
ignore = true                # all other rows
"""
"""An example of a mapping."""

_HELP = f"""Replay a log: print where customers stand, what moved them and why.

The mapping maps rows to events. A short example, orders.toml:

{escape(indent(MAPPING, "    "))}
For example:

    trustcurve replay orders.csv --mapping orders.toml
    trustcurve replay orders.csv -m orders.toml --until 2026-06-30 -o june
    trustcurve replay orders.csv -m orders.toml --outcome stars --outcome-at rated_on
    trustcurve replay orders.csv -m orders.toml --png figures
    trustcurve replay years.parquet -m orders.toml --memory 2GB --out years
    trustcurve replay june.csv -m orders.toml --out june --resumable
    trustcurve replay july.csv -m orders.toml --continue june --out july --resumable

Exit code: 0; 1 if a row could not be used (see --allow-rejects); 2 after an error.
"""


def add_to(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("replay", cls=Command, help=_HELP)(replay)


def replay(  # noqa: PLR0917 - one argument for each option of the command
    log: LogFile,
    mapping: MappingFile,
    curve: CurveFile = None,
    until: Until = None,
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Write standings, the look at --until, transitions, rejects, promises, relations and outcomes to files in DIR.",
            show_default=False,
        ),
    ] = None,
    file_format: Annotated[FileFormat, typer.Option("--format", help="The format of these files.")] = "parquet",
    earlier: Annotated[
        Path | None,
        typer.Option(
            "--continue",
            metavar="DIR",
            help="Go on from an earlier run, whose files --out and --resumable wrote into DIR; LOG has the rows since then.",
            show_default=False,
        ),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(
            "--png",
            metavar="DIR",
            help="Draw who is kept, and what was given and asked, by month and cohort, into DIR.",
            show_default=False,
        ),
    ] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="A column with an outcome of yours (a score, a churn flag), or the name of an outcome of the mapping: print its mean by what was "
            "known just before it, and by simple baselines. Can be repeated. If not given: all outcomes of the mapping.",
            show_default=False,
        ),
    ] = None,
    outcome_at: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="The column with the time of the outcomes that are columns, if that is not the time of the row.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        Engine,
        typer.Option(
            "--engine",
            help="How customers are replayed: columns, all at once where their events allow it; pure, one event after the other. The results are equal.",
        ),
    ] = "columns",
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="About how much memory to take, such as 2GB: a Parquet log that needs more is replayed part by part, through temporary files.",
            show_default=False,
        ),
    ] = None,
    *,
    resumable: Annotated[
        bool, typer.Option("--resumable", help="Write with --out what a later run with --continue needs, too.")
    ] = False,
    allow_rejects: AllowRejects = False,
) -> None:
    """Replay a log: print where customers stand, what moved them and why."""
    screen, started = Screen.out(), perf_counter()
    if png is not None:
        require("matplotlib", "plot")
    meaning = load_mapping(mapping)
    end = None if until is None else read_until(until, meaning)
    on = chosen_curve(curve)
    if resumable and (out_dir is None or file_format != "parquet"):
        raise InvalidValueError("--resumable", resumable, "needs --out, and Parquet as its format")
    standings, identities = (None, None) if earlier is None else read_run(earlier, on)
    written: tuple[Path, ...] = ()
    with working() as work:
        opened = scan_log(log, meaning.column_names)
        for folder in (out_dir, png):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)  # raises before the work if it cannot be written
        work.at("mapping its rows")
        done = replay_log(
            opened,
            meaning,
            on,
            standings=standings,
            identities=identities,
            memory=memory,
            resumable=resumable,
            until=end,
            outcome=outcome or None,
            outcome_at=outcome_at,
            progress=work.replayed,
            engine=engine,
        )
        if out_dir is not None:
            work.at("writing files")
            written = write_replay(done, out_dir, file_format, resumable=resumable)
        if png is not None:
            written = (*written, _figure(png, done))
    _print_head(screen, done, perf_counter() - started)
    _print_states(screen, done)
    print_promises(screen, done.promises)
    _print_causes(screen, done)
    _print_relations(screen, done)
    print_outcomes(screen, done.outcomes)
    print_rejects(screen, done.rejects)
    if written:
        screen.line()
    for path in written:
        screen.line(f"wrote {path}")
    if done.rejects and not allow_rejects:
        raise typer.Exit(1)


def print_counts(screen: Screen, counts: LogCounts) -> None:
    """Print the numbers of rows and of events, by fate."""
    words = [
        f"{_count(counts.rows, 'row')}: {counts.used:,} used",
        f"{counts.ignored:,} ignored" if counts.ignored else "",
        f"{counts.broken:,} broken" if counts.broken else "",
    ]
    screen.line(", ".join(filter(None, words)))
    if not counts.total:
        return
    words = [
        f"{_count(counts.total, 'event')}: {counts.applied:,} applied",
        f"{counts.skipped:,} skipped" if counts.skipped else "",
        f"{_count(counts.duplicate, 'duplicate')} dropped" if counts.duplicate else "",
        f"{_count(counts.conflict, 'conflict')} dropped" if counts.conflict else "",
        f"{counts.later:,} after --until" if counts.later else "",
        f"{counts.rejected:,} rejected" if counts.rejected else "",
    ]
    screen.line(", ".join(filter(None, words)))


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def _print_head(screen: Screen, done: LogReplay, seconds: float) -> None:
    screen.line((_count(done.tables.customers, "customer"), "bold"), f", in {seconds:.1f} s")
    print_counts(screen, done.counts)
    if done.skipped:
        rules = ", ".join(f"{many:,} by rule {name!r}" for name, many in done.skipped)
        screen.line(f"skipped, because no such promise was open: {rules}")
    for name in done.unmatched_rules:
        screen.line(f"rule {name!r} matched no row")
    if done.until is not None:
        most = "" if done.nearly_all_by is None else f"; 99% of the events happened by {done.nearly_all_by:%Y-%m-%d}"
        screen.line(f"states as of {done.until:%Y-%m-%d %H:%M} UTC{most}")
    for warning in done.warnings:
        screen.line(warning)


def _print_states(screen: Screen, done: LogReplay) -> None:
    headings = ("customers", "share", "rose into", "fell into", "rose from", "fell from")
    columns = (TableColumn("state", "name"), *(TableColumn(heading, "number") for heading in headings))
    rows = [
        (
            row.state,
            f"{row.customers:,}",
            f"{row.share:.1%}",
            *(f"{n:,}" for n in (row.rises_in, row.falls_in, row.rises_out, row.falls_out)),
        )
        for row in state_rows(done)
    ]
    screen.line()
    screen.table("Where customers stand", columns, rows)


def _print_causes(screen: Screen, done: LogReplay) -> None:
    causes = fall_causes(done)
    screen.line()
    if not causes:
        screen.line("No customer fell.")
        return
    columns = (
        TableColumn("falls", "number"),
        TableColumn("customers", "number"),
        TableColumn("rule", "name"),
        TableColumn("because"),
    )
    shown = causes[:_CAUSES_SHOWN]
    screen.table(
        "What made them fall",
        columns,
        [(f"{cause.falls:,}", f"{cause.customers:,}", cause.rule, cause.because) for cause in shown],
    )
    if len(causes) > len(shown):
        falls = _count(sum(cause.falls for cause in causes[_CAUSES_SHOWN:]), "fall")
        screen.line(f"and {falls} by {_count(len(causes) - len(shown), 'other rule')}; --out writes all of them")


def _print_relations(screen: Screen, done: LogReplay) -> None:
    all_, months = totals_of(done.relations), list(by_month(done.relations))
    if not all_.customers:
        return
    screen.line()
    kept = f": {_share(all_.across, all_.crossed)} of them still are, {_share(all_.engaged, all_.crossed)} are engaged"
    screen.line(
        f"{all_.crossed:,} of {_count(all_.customers, 'customer')} were ever across the barrier{kept if all_.crossed else ''}"
    )
    each = f": {all_.given / all_.asked:.2f} given for each ask" if all_.asked else ""
    screen.line(f"given {_count(all_.given, 'time')}, asked {_count(all_.asked, 'time')}{each}")
    headings = ("customers", "ever across", "still across", "engaged", "given", "asked")
    columns = (TableColumn("month (UTC)", "name"), *(TableColumn(heading, "number") for heading in headings))
    rows = [
        (
            month.period, f"{month.customers:,}", f"{month.crossed:,}", _share(month.across, month.crossed),
            _share(month.engaged, month.crossed), f"{month.given:,}", f"{month.asked:,}",
        )
        for month in months[-_MONTHS_SHOWN:]
    ]  # fmt: skip
    screen.line()
    screen.table("Who is kept, and what was given and asked", columns, rows)
    if len(months) > _MONTHS_SHOWN:
        screen.line("the last months; --out writes all of them, by cohort, and --png draws them")


def _share(some: int, of: int) -> str:
    return f"{some / of:.1%}" if of else ""


def _figure(folder: Path, done: LogReplay) -> Path:
    from trustcurve.report import draw_log_relations  # noqa: PLC0415 - the extra may be missing

    return draw_log_relations(folder / "relations.png", done)
