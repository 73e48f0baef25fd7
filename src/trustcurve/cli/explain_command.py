"""``trustcurve explain``: print one customer's journey, step by step."""

from __future__ import annotations

import typer

from trustcurve.cli.options import Command, CurveFile, LogFile, SomeCustomer, SomeMapping, Until, chosen_curve
from trustcurve.cli.replay_command import print_counts
from trustcurve.cli.screen import Screen, working
from trustcurve.core.curve import Curve
from trustcurve.core.journey import Journey
from trustcurve.core.standing import Standing
from trustcurve.errors import InvalidValueError
from trustcurve.logs import load_mapping, replay_customer, scan_log
from trustcurve.logs.until import read_until

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("explain", cls=Command)(explain)


def explain(
    log: LogFile,
    mapping: SomeMapping = None,
    customer: SomeCustomer = None,
    curve: CurveFile = None,
    until: Until = None,
) -> None:
    """Print one customer's journey step by step: what happened, what it changed and why.

    Row numbers are those of the log; they count from 1, without the heading. A file that ends in .json is a saved journey,
    for example of `trustcurve check --save`, and needs no mapping and no customer.

    For example:

        trustcurve explain orders.csv --mapping orders.toml --customer 4711
        trustcurve explain orders.csv -m orders.toml --customer 4711 | less
        trustcurve explain witness.json

    Exit code: 0; 1 if no row of the customer could be used; 2 after an error.
    """
    screen, on = Screen.out(), chosen_curve(curve)
    if log.suffix.lower() == ".json":
        from trustcurve.snapshots import from_json  # noqa: PLC0415 - slow to import

        journey = from_json(Journey, log.read_bytes(), curve=on)
        screen.lines(journey.explain())
        screen.line()
        _print_standing(screen, on, journey.customer, journey.standing)
        return
    if mapping is None or customer is None:
        missing = "--mapping" if mapping is None else "--customer"
        raise InvalidValueError(missing, None, "must be given; a log needs both --mapping and --customer")
    meaning = load_mapping(mapping)
    end = None if until is None else read_until(until, meaning)
    with working() as work:
        opened = scan_log(log, meaning.column_names)
        work.at("mapping its rows")
        done = replay_customer(opened, meaning, on, customer, until=end, progress=work.replayed)
    for each in done.applied:
        if each.step is not None:
            screen.lines(each.step.explain(f"row {each.logged.row}"))
    if done.observation is not None and done.observation.reactions:
        screen.lines(done.observation.explain())
    unused = dict.fromkeys(f"row {reject.row} could not be used: {reject.detail}" for reject in done.rejects)
    for line in unused:
        screen.line(line)
    if done.applied or unused:
        screen.line()
    _print_standing(screen, on, customer, done.observed)
    print_counts(screen, done.counts)
    if done.standing is None:
        raise typer.Exit(1)


def _print_standing(screen: Screen, curve: Curve, customer: str, standing: Standing | None) -> None:
    if standing is None:
        screen.line(f"no event of customer {customer!r} was applied")
        return
    p = standing.position
    counters = f"kept {p.kept}, engaged {p.engaged}, doubt {p.doubt}, account {p.account}"
    screen.line(f"stands at {curve.state(p)} ({counters}) as of {standing.as_of:%Y-%m-%d %H:%M} UTC")
    due = curve.next_due(standing)
    screen.line("nothing is due" if due is None else f"next due at {due:%Y-%m-%d %H:%M} UTC")
