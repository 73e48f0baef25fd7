"""Write a replay to files: standings, observed, transitions and rejects, as Parquet or CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import polars as pl

from trustcurve.core.curve import Curve
from trustcurve.core.errors import UnknownWordError
from trustcurve.core.standing import Standing
from trustcurve.core.steps import Transition
from trustcurve.logs.log_replay import LogReplay

__all__ = ["FORMATS", "frames_of", "write_replay"]

FORMATS = ("parquet", "csv")

_INSTANT = pl.Datetime("us", "UTC")
_Schema = dict[str, pl.DataType | type[pl.DataType]]


def frames_of(replay: LogReplay) -> dict[str, pl.DataFrame]:
    """Make the frames.

    Returns:
        ``standings``: each customer at their last event, to be stored; ``observed``: each customer as of ``until``;
        ``transitions``: every change of leaf state with its time, rule and row (null where the clock made it), and
        whether the look at ``until`` found it; ``rejects``: whatever could not be used.
    """
    return {
        "standings": _standings(replay.curve, replay.standings),
        "observed": _standings(replay.curve, replay.at_until.standings),
        "transitions": _transitions(replay),
        "rejects": _rejects(replay),
    }


def write_replay(
    replay: LogReplay, folder: str | Path, form: Literal["parquet", "csv"] = "parquet"
) -> tuple[Path, ...]:
    r"""Write the frames into a folder, which is made if need be; files of the same names are replaced.

    Raises:
        UnknownWordError: The form is neither "parquet" nor "csv".
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
        ...     written = write_replay(replay_log(scan_log(log), mapping, Curve.default()), folder, "csv")
        ...     print(written[2].read_text().splitlines()[1])
        ann,2026-01-01T00:00:00.000000Z,1,Departed,,departure,departure.leaves,the customer left,distrust.suspicious,departed,-3,false
    """
    if form not in FORMATS:
        raise UnknownWordError("format", form, FORMATS)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in frames_of(replay).items():
        path = target / f"{name}.{form}"
        if form == "parquet":
            frame.write_parquet(path)
        else:
            frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
        written.append(path)
    return tuple(written)


def _standings(curve: Curve, standings: dict[str, Standing]) -> pl.DataFrame:
    rows = [
        (
            s.customer, curve.state(s.position), s.position.stage, s.position.kept, s.position.engaged, s.position.doubt,
            s.position.account, s.as_of, s.quiet_since, sum(not p.overdue for p in s.promises),
            sum(p.overdue for p in s.promises), curve.next_due(s),
        )
        for s in standings.values()
    ]  # fmt: skip
    schema: _Schema = {
        "customer": pl.String, "state": pl.String, "stage": pl.String, "kept": pl.Int64, "engaged": pl.Int64,
        "doubt": pl.Int64, "account": pl.String, "as_of": _INSTANT, "quiet_since": _INSTANT,
        "promises_open": pl.Int64, "promises_overdue": pl.Int64, "next_due": _INSTANT,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _transitions(replay: LogReplay) -> pl.DataFrame:
    rows = [_transition(each.transition, each.row, observed=False) for each in replay.transitions]
    rows += [_transition(each, None, observed=True) for each in replay.at_until.transitions]
    schema: _Schema = {
        "customer": pl.String, "at": _INSTANT, "row": pl.Int64, "source": pl.String, "promise": pl.String,
        "signal": pl.String, "rule": pl.String, "because": pl.String, "before": pl.String, "after": pl.String,
        "change": pl.Int64, "observed": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _transition(t: Transition, row: int | None, *, observed: bool) -> tuple[object, ...]:
    return (
        t.customer, t.at, row, "clock" if t.event is None else type(t.event).__name__, t.promise, t.signal,
        t.rule and t.rule.name, t.because, t.before, t.after, t.change, observed,
    )  # fmt: skip


def _rejects(replay: LogReplay) -> pl.DataFrame:
    rows = [(r.row, r.customer, r.at, r.event, r.reason, r.detail) for r in replay.rejects]
    schema: _Schema = {
        "row": pl.Int64, "customer": pl.String, "at": _INSTANT, "event": pl.String, "reason": pl.String,
        "detail": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
