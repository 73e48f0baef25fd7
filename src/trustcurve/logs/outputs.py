"""Write a replay to files as Parquet or CSV: standings, observed, transitions, rejects, promises, relations and outcomes."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import polars as pl

from trustcurve.logs.log_replay import LogReplay
from trustcurve.records import (
    PROMISES,
    REJECTS,
    RELATIONS,
    RUNS,
    FileFormat,
    RunRecord,
    typed_frame,
    write_tables,
)

__all__ = ["frames_of", "write_replay"]


def frames_of(replay: LogReplay, *, resumable: bool = False) -> dict[str, pl.DataFrame]:
    """Return the tables of a replay as frames.

    Args:
        replay: The replay.
        resumable: Whether to return what a later run must know, too: ``run``, ``identities`` and ``once_per``.

    Returns:
        ``standings``: each customer at their last event, to store; ``observed``: each customer as of ``until``;
        ``transitions``: every change of leaf state with its time, rule and row (null if the clock caused it), and
        whether the observation at ``until`` found it; ``rejects``: everything that could not be used; ``promises``: what
        became of them, by the rule that made them; ``relations``: who
        is kept, and what was given and asked, by cohort and month. If there are outcomes to compare: ``outcomes``, each with
        what was known just before it, and ``outcome_shares``, their means by what was known.
    """
    found = _scanned(replay, resumable=resumable)
    return {name: each.collect() if isinstance(each, pl.LazyFrame) else each for name, each in found.items()}


def _scanned(replay: LogReplay, *, resumable: bool) -> dict[str, pl.DataFrame | pl.LazyFrame]:
    """Return the tables of a replay; those that may be larger than memory are not read yet."""
    asked = {"outcomes": replay.outcomes.table, "outcome_shares": replay.outcomes.shares()}
    return {
        **{name: replay.tables.scan(name) for name in ("standings", "observed", "transitions")},
        "rejects": typed_frame(REJECTS, replay.rejects),
        "promises": typed_frame(PROMISES, replay.promises),
        "relations": typed_frame(RELATIONS, replay.relations),
        **(asked if replay.outcomes.names else {}),
        **(_resumable(replay) if resumable else {}),
    }


def _resumable(replay: LogReplay) -> dict[str, pl.DataFrame | pl.LazyFrame]:
    run = typed_frame(RUNS, [RunRecord(replay.curve.fingerprint, replay.until)])
    return {"run": run, "identities": replay.tables.scan("identities"), "once_per": replay.once_per}


def write_replay(
    replay: LogReplay,
    folder: str | PathLike[str],
    format: FileFormat = "parquet",  # noqa: A002 - what the command line calls it, too
    *,
    resumable: bool = False,
) -> tuple[Path, ...]:
    r"""Write the frames to files in a folder, which is created if needed; existing files are replaced.

    Args:
        replay: The replay.
        folder: The folder.
        format: "parquet" or "csv".
        resumable: Whether to write what a later run must know, too (``read_run``).

    Raises:
        UnknownWordError: The format is not "parquet" or "csv".
        OSError: A file cannot be written.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from trustcurve import Curve
        >>> from trustcurve.logs import parse_mapping, replay_log, scan_log
        >>> rules = '[[rules]]\nwhen = { what = "bye" }\nevents = [{ event = "Departed" }]'
        >>> mapping = parse_mapping(f'[log]\ncustomer = "client"\ntime = "when"\ntimezone = "UTC"\n{rules}')
        >>> with TemporaryDirectory() as folder:
        ...     log = Path(folder, "log.csv")
        ...     _ = log.write_text("client,when,what\nann,2026-01-01,bye\n")
        ...     written = write_replay(replay_log(scan_log(log), mapping, Curve.default()), folder, format="csv")
        ...     print(written[2].read_text().splitlines()[1])
        ann,2026-01-01T00:00:00.000000Z,1,Departed,,departure,departure.leaves,the customer left,distrust.suspicious,departed,-3,false
    """
    return write_tables(_scanned(replay, resumable=resumable), folder, format)
