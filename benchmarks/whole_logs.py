"""What it costs to replay whole logs, beside the least that Polars needs, C, ``transitions`` and version 0.1.0.

A part of ``make bench``; alone: ``python benchmarks/whole_logs.py``. ``BENCH_EVENTS`` says how many rows logs have, 20 million if
it is not set. With ``BENCH_MEMORY=1`` logs of up to 100 million rows are replayed within 2 GB, too.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import NamedTuple

import polars as pl
from log_runs import has_option, measured, timed_command
from loops import ROOT, extracted
from synthetic_logs import Kind, LogShape, write_log
from tables import Row, markdown, show, verdict

EVENTS = int(os.environ.get("BENCH_EVENTS", "20_000_000"))
OLD_EVENTS = min(EVENTS, 500_000)
TEXT_EVENTS = min(EVENTS, 2_000_000)
MACHINE_CUSTOMERS = 1_000
MEMORY = "2GB"
MEMORY_EVENTS = (20_000_000, 50_000_000, 100_000_000)

ROUNDS, ENOUGH = 3, 90
"""How often runs are repeated, interleaved, and after how many seconds of a log no round begins any more."""

SHAPES = (
    *(LogShape(kind, names, in_order=order) for kind, names, order in product(
        ("plain", "promises"), ("integer", "string"), (True, False)
    )),
    LogShape(row_ids=False),
)  # fmt: skip
TARGETS: dict[Kind, float] = {"plain": 2.5, "promises": 4}
PLAIN, PROMISES = LogShape("plain"), LogShape("promises")

_OLD = "from trustcurve.cli import main; main()"


class Cost(NamedTuple):
    """The least seconds of a run, and the most bytes of memory."""

    seconds: float
    peak: float


class Replayed(NamedTuple):
    """What a log costs: its rows, Polars' floor, and the replay."""

    rows: int
    floor: Cost
    replay: Cost

    @property
    def ns(self) -> float:
        """Nanoseconds for each row."""
        return self.replay.seconds / self.rows * 1e9


def least(runs: dict[str, Callable[[], dict[str, float]]]) -> dict[str, Cost]:
    """Run all in turn, a few times, and return what each takes at best; of memory, at worst."""
    found: dict[str, Cost] = {}
    spent = 0.0
    for _ in range(ROUNDS):
        for name, run in runs.items():
            once = run()
            before = found.get(name, Cost(float("inf"), 0))
            found[name] = Cost(min(before.seconds, once["seconds"]), max(before.peak, once["peak"]))
            spent += once["seconds"]
        if spent > ENOUGH:
            break
    return found


@contextmanager
def log_of(shape: LogShape, rows: int) -> Iterator[tuple[Path, Path]]:
    """Write a log and its mapping, and delete them in the end."""
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "build") as folder:
        yield write_log(shape, rows, Path(folder))


# --- the measurements -------------------------------------------------------------------------------------------------


def replayed(shape: LogShape, log: Path, mapping: Path) -> Replayed:
    """Replay a log, and let Polars do the least that any replay must do."""
    asked = {"log": str(log), "columns": shape.columns, "unique": shape.row_ids, "in_order": shape.in_order}
    found = least(
        {
            "in-memory": lambda: measured("floor", **asked, engine="in-memory"),
            "streaming": lambda: measured("floor", **asked, engine="streaming"),
            "replay": lambda: measured("replay", log=str(log), mapping=str(mapping), out=str(log.parent / "out")),
        }
    )
    rows = pl.scan_parquet(log).select(pl.len()).collect().item()
    return Replayed(rows, min(found["in-memory"], found["streaming"]), found["replay"])


def replays() -> Iterator[tuple[LogShape, Replayed, dict[str, dict[str, float]]]]:
    """Measure logs of all shapes; on the first one also the kernel and ``transitions``."""
    for shape in SHAPES:
        with log_of(shape, EVENTS) as (log, mapping):
            others = {}
            if shape == PLAIN:
                others["kernels"] = measured("kernels", log=str(log))
                tries = [measured("machines", log=str(log), customers=MACHINE_CUSTOMERS) for _ in range(ROUNDS)]
                others["machines"] = {key: min(each[key] for each in tries) for key in tries[0]}
            yield shape, replayed(shape, log, mapping), others


def old_seconds() -> float | None:
    """Replay a smaller log by version 0.1.0; return the seconds for each row, None if the history does not reach back to it."""
    with tempfile.TemporaryDirectory() as folder, log_of(PROMISES, OLD_EVENTS) as (log, mapping):
        if not extracted(Path(folder)):
            return None
        arguments = ["replay", log, "--mapping", mapping, "--allow-rejects", "--out", log.parent / "old"]
        return timed_command(_OLD, [str(each) for each in arguments], Path(folder, "src")) / OLD_EVENTS


def read() -> list[Row]:
    """Measure reading the columns used from text files, beside Polars."""
    rows = []
    with log_of(PROMISES, TEXT_EVENTS) as (log, _):
        frame = pl.scan_parquet(log)
        for path in (log.with_suffix(".csv"), log.with_suffix(".jsonl")):
            frame.sink_csv(path) if path.suffix == ".csv" else frame.sink_ndjson(path)
            asked = {"log": str(path), "columns": PROMISES.columns}
            found = least({name: lambda n=name: measured(n, **asked) for name in ("read by polars", "read")})  # type: ignore[misc] # noqa: B023 - called at once
            theirs, ours = found["read by polars"].seconds, found["read"].seconds
            met = verdict("<= 3x", met=ours <= 3 * theirs)
            cells = (f"{TEXT_EVENTS:,}", f"{theirs:.2f} s", f"{ours:.2f} s", f"{ours / TEXT_EVENTS * 1e9:,.0f}")
            rows.append((path.suffix, *cells, f"{ours / theirs:.1f}x", met))
            path.unlink()
    return rows


def bounded() -> list[Row]:
    """Measure logs that are larger than the memory that a replay may use."""
    rows = []
    for events in MEMORY_EVENTS:
        with log_of(PROMISES, events) as (log, mapping):
            asked = (
                "replay",
                log,
                "--mapping",
                mapping,
                "--allow-rejects",
                "--out",
                log.parent / "out",
                "--memory",
                MEMORY,
            )
            found = measured("command", arguments=[str(each) for each in asked])
        peak, ns = found["peak"] / 1e9, found["seconds"] / events * 1e9
        cells = (f"{events:,}", f"{found['seconds']:.1f} s", f"{ns:,.0f}", f"{peak:.2f} GB")
        rows.append((str(PROMISES), *cells, verdict("<= 2.3 GB", met=peak <= 2.3)))
    return rows


# --- tables -----------------------------------------------------------------------------------------------------------


def _replay_row(shape: LogShape, found: Replayed) -> Row:
    ratio, most = found.replay.seconds / found.floor.seconds, TARGETS[shape.kind]
    each = found.replay.peak / found.rows
    return (
        str(shape),
        f"{found.rows:,}",
        f"{found.floor.seconds:.2f} s",
        f"{found.replay.seconds:.2f} s",
        f"{found.ns:,.0f}",
        f"{ratio:.1f}x",
        verdict(f"<= {most}x", met=ratio <= most),
        f"{each:,.0f}",
        verdict("<= 400", met=each <= 400),
    )


def _kernel_rows(kernels: dict[str, float], machines: dict[str, float], plain: Replayed) -> list[Row]:
    ours, triggers, whole = (
        found[key] / found["rows"] * 1e9
        for found, key in ((kernels, "kernel"), (machines, "triggers"), (machines, "whole"))
    )
    rows = []
    if "c" in kernels:
        c = kernels["c"] / kernels["rows"] * 1e9
        met = verdict("<= 30x", met=ours <= 30 * c)
        rows.append(
            ("the kernel, beside a loop in C", f"{kernels['rows']:,}", _ns(c), _ns(ours), f"{ours / c:.1f}x", met)
        )
    sample = f"{machines['rows']:,}"
    for name, theirs, mine, target in (
        ("the kernel, beside triggers of transitions", triggers, ours, 150),
        ("Parquet to Parquet, beside transitions", whole, plain.ns, 40),
    ):
        ratio = theirs / mine
        met = verdict(f">= {target}x", met=ratio >= target)
        rows.append((name, sample, _ns(theirs), _ns(mine), f"{ratio:.0f}x", met))
    return rows


def _old_row(ours: float) -> Row:
    name = "Parquet to Parquet, beside version 0.1.0"
    old = old_seconds()
    if old is None:
        return (name, "SKIPPED: not in the history here", "", _ns(ours), "", "")
    ratio = old * 1e9 / ours
    return (name, f"{OLD_EVENTS:,}", _ns(old * 1e9), _ns(ours), f"{ratio:.0f}x", verdict(">= 30x", met=ratio >= 30))


def _ns(each: float) -> str:
    return f"{each:,.1f} ns"


def tables() -> Iterator[tuple[str, Row, list[Row]]]:
    """Measure, and yield one table after the other: title, head and rows."""
    rows, beside, promises = [], list[Row](), 0.0
    for shape, found, others in replays():
        rows.append(_replay_row(shape, found))
        if others:
            beside = _kernel_rows(others["kernels"], others["machines"], found)
        if shape == PROMISES:
            promises = found.ns
    head = ("log", "rows", "Polars' floor", "replayed", "ns a row", "ratio", "target", "bytes a row", "target")
    yield "Whole logs, from Parquet to Parquet", head, rows
    head = ("what", "their rows", "they, a row", "we, a row", "ratio", "target")
    yield f"Whole logs beside others, our rows: {EVENTS:,}", head, [*beside, _old_row(promises)]
    yield "Reading text files", ("file", "rows", "Polars", "ours", "ns a row", "ratio", "target"), read()
    if os.environ.get("BENCH_MEMORY") != "1":
        print("SKIPPED: logs larger than memory. They take long: set BENCH_MEMORY=1")
        return
    if not has_option("replay", "--memory"):
        print("SKIPPED: logs larger than memory. There is no such option")
        return
    head = ("log", "rows", "replayed", "ns a row", "peak", "target")
    yield f"Whole logs within {MEMORY}, from Parquet to Parquet", head, bounded()


def show_whole_logs() -> None:
    """Measure and print."""
    for title, head, rows in tables():
        show(title, head, rows)


_FIGURES = re.compile(r"(?<=<!-- figures -->\n).*(?=<!-- end of figures -->)", re.DOTALL)


def main() -> None:
    """Measure whole logs alone, print, and write the figures into a page if one is named."""
    parser = argparse.ArgumentParser(description="Measure whole logs.")
    parser.add_argument("--page", type=Path, help="a page to write the figures into, between its comments 'figures'")
    page = parser.parse_args().page
    text = "" if page is None else page.read_text(encoding="utf-8")  # a wrong name is noticed before all the work
    names = ("polars", "numpy", "transitions")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    machine = f"Python {platform.python_version()}, {packages}; {os.cpu_count()} processors"
    print(f"{machine}; least of up to {ROUNDS} rounds")
    written, verdicts = list[str](), list[bool]()
    for title, head, rows in tables():
        show(title, head, rows)
        written.append(markdown(title, head, rows))
        verdicts += [cell.endswith("met") for row in rows for cell in row if cell.endswith(("met", "MISSED"))]
    if page is not None:
        said = f"{machine}; logs of {EVENTS:,} rows. {verdicts.count(True)} of {len(verdicts)} targets are met."
        figures = "\n".join((said, "", *written))
        page.write_text(_FIGURES.sub(lambda _: f"\n{figures}\n", text), encoding="utf-8")


if __name__ == "__main__":
    main()
