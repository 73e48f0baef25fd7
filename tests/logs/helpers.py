"""Small logs and mappings, written where they are needed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from attrs import astuple, evolve

from trustcurve import Curve, Event
from trustcurve.logs import LogReplay, parse_mapping, replay_customer, replay_log, scan_log

CURVE = Curve.default()
FORMS = ("csv", "tsv", "jsonl", "ndjson", "parquet")

Row = dict[str, str]

UTC_LOG = '[log]\ncustomer = "customer"\ntime = "time"\ntimezone = "UTC"\n'
PLAIN_LOG = '[log]\ncustomer = "customer"\ntime = "time"\n'


def rule(when: str, *events: str, **options: object) -> str:
    """Write a rule: a condition (TOML, "" for every row) and its events (TOML, each without its heading)."""
    lines = ["[[rules]]", *([f"when = {when}"] if when else [])]
    lines += [f"{key} = {json.dumps(value)}" for key, value in options.items()]
    for event in events:
        kind, _, fields = event.partition(" ")
        lines += ["[[rules.events]]", f'event = "{kind}"', *fields.split("; ")]
    return "\n".join(lines) + "\n"


IGNORE_REST = rule("", ignore=True)
EXCHANGE = rule('{ event = "x" }', "Exchanged")


def write(path: Path, rows: Sequence[Row], form: str = "csv") -> Path:
    """Write a log of texts in one of the forms; every row has the same columns."""
    target = path / f"log.{form}"
    heading = list(rows[0])
    if form == "parquet":
        pl.DataFrame(
            {column: [row[column] or None for row in rows] for column in heading},
            schema=dict.fromkeys(heading, pl.String),
        ).write_parquet(target)
    elif form in ("jsonl", "ndjson"):
        target.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    else:
        text = io.StringIO()
        writer = csv.DictWriter(text, heading, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        target.write_text(text.getvalue(), encoding="utf-8", newline="")
    return target


def table(text: str) -> list[Row]:
    """Read rows from a small table: columns parted by ``|``, blanks around fields do not count."""
    heading, *lines = [
        [field.strip() for field in line.split("|")] for line in text.strip().splitlines() if line.strip()
    ]
    return [dict(zip(heading, line, strict=True)) for line in lines]


def replay_file(path: Path, mapping: str, curve: Curve = CURVE, **options: Any) -> LogReplay:
    """Replay a log's file through a mapping."""
    return replay_log(scan_log(path), parse_mapping(mapping, "m.toml"), curve, **options)


def replay(path: Path, text: str, mapping: str, curve: Curve = CURVE, **options: Any) -> LogReplay:
    """Replay a small table, written as CSV, through a mapping."""
    return replay_file(write(path, table(text)), mapping, curve, **options)


def replay_text(path: Path, text: str, mapping: str, form: str = "csv", **options: Any) -> LogReplay:
    """Replay a log's text, just as it stands."""
    target = path / f"log.{form}"
    target.write_text(text, encoding="utf-8", newline="")
    return replay_file(target, mapping, **options)


def events_of(path: Path, mapping: str, customer: str = "ann", **options: Any) -> list[Event]:
    """Return the events of a customer that were applied, in order, without the customer's name."""
    done = replay_customer(scan_log(path), parse_mapping(mapping, "m.toml"), CURVE, customer, **options)
    return [evolve(each.logged.event, customer=None) for each in done.applied]


def events_in(path: Path, text: str, mapping: str, customer: str = "ann") -> list[Event]:
    """Return the events of a customer in a small table."""
    return events_of(write(path, table(text)), mapping, customer)


def rejects(done: LogReplay) -> list[tuple[int, str]]:
    """Return row and reason of every reject, once for the events of a row that were rejected together."""
    return list(dict.fromkeys((reject.row or 0, reject.reason) for reject in done.rejects))


def warnings(done: LogReplay) -> tuple[str, ...]:
    """Return the warnings of a replay, but those of what its mapping does not make: most mappings here are small."""
    return tuple(each for each in done.warnings if not each.startswith("no rule makes "))


def parts(done: LogReplay) -> tuple[Any, ...]:
    """Return everything that a replay says, but its curve and its outcomes, as values that can be compared."""
    said = astuple(evolve(done, curve=None, outcomes=None, tables=None, once_per=None), recurse=False)
    return *said, done.standings, done.transitions, done.at_until, sorted(done.once_per.rows())


def outcomes(done: LogReplay, *columns: str) -> list[tuple[Any, ...]]:
    """Return some columns of the outcomes of a replay."""
    return done.outcomes.table.select(columns).rows()


def shares(done: LogReplay, known_by: str, *columns: str, whose: str = "all") -> dict[str, tuple[Any, ...]]:
    """Return some columns of the shares of outcomes, by their groups."""
    found = done.outcomes.shares().filter(known_by=known_by, whose=whose)
    return dict(zip(found["group"], found.select(columns).rows(), strict=True))


def at(text: str) -> datetime:
    """Read an instant; without a timezone, in UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
