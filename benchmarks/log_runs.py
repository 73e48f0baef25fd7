"""Runs over whole logs, each meant for a Python of its own: ``measured("floor", log=...)`` starts one and returns what it took.

What is imported before the clock starts is not counted; what is read, and written, is.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

Engine = Literal["in-memory", "streaming"]


def measured(run: str, **given: Any) -> dict[str, float]:
    """Run in a Python of its own.

    Args:
        run: One of ``RUNS``.
        given: Its arguments.

    Returns:
        What the run returns, its "seconds" unless it says them itself, and its "peak", the most bytes it had in memory.
    """
    command = [sys.executable, str(Path(__file__).resolve()), run, json.dumps(given)]
    return json.loads(_output(command))  # type: ignore[no-any-return] - by our own main


def has_option(command: str, option: str) -> bool:
    """Return whether the help of one of our commands mentions an option."""
    wide = {**os.environ, "COLUMNS": "200"}
    return option in _output([sys.executable, "-m", "trustcurve", command, "--help"], env=wide)


def timed_command(code: str, arguments: list[str], source: Path) -> float:
    """Run Python code in another source tree, and return the seconds of the whole process."""
    begin = perf_counter()
    _output([sys.executable, "-c", code, *arguments], env={**os.environ, "PYTHONPATH": str(source)}, cwd=source)
    return perf_counter() - begin


def _output(command: list[str], **how: Any) -> str:
    done = subprocess.run(command, capture_output=True, check=False, text=True, **how)
    if done.returncode:
        message = f"{command} ended with {done.returncode}:\n{done.stderr or done.stdout}"
        raise RuntimeError(message)
    return done.stdout


# --- the runs ---------------------------------------------------------------------------------------------------------


def _floor(log: str, columns: list[str], *, unique: bool, in_order: bool, engine: Engine) -> dict[str, float]:
    """Read the columns used, drop repeated ids of rows, sort by time, group by customer: Polars alone."""
    import polars as pl  # noqa: PLC0415 - each run imports what it needs

    begin = perf_counter()
    rows = pl.scan_parquet(log).select(columns)
    if unique:
        rows = rows.unique(["customer", "id"], keep="any", maintain_order=in_order)
    if not in_order:
        rows = rows.sort("time")
    rows.group_by("customer", maintain_order=True).agg(pl.all()).collect(engine=engine)
    return {"seconds": perf_counter() - begin}


def _replay(log: str, mapping: str, out: str) -> dict[str, float]:
    """Replay a log and write the results."""
    from trustcurve import Curve  # noqa: PLC0415 - each run imports what it needs
    from trustcurve.logs import load_mapping, replay_log, scan_log  # noqa: PLC0415 - as above
    from trustcurve.logs.outputs import write_replay  # noqa: PLC0415 - as above

    begin = perf_counter()
    done = replay_log(scan_log(log), load_mapping(mapping), Curve.default())
    write_replay(done, out)
    return {"seconds": perf_counter() - begin, "rows": done.counts.rows}


def _command(arguments: list[str]) -> dict[str, float]:
    """Run our command line."""
    from trustcurve.cli import main as run  # noqa: PLC0415 - each run imports what it needs

    begin = perf_counter()
    sys.argv = ["trustcurve", *arguments]
    with redirect_stdout(sys.stderr):
        try:
            run()
        except SystemExit as ended:
            if ended.code:
                raise
    return {"seconds": perf_counter() - begin}


def _read(log: str, columns: list[str]) -> dict[str, float]:
    """Read the columns used from a text file."""
    from trustcurve.logs import scan_log  # noqa: PLC0415 - each run imports what it needs

    begin = perf_counter()
    rows = scan_log(log).rows.select(columns).collect().height
    return {"seconds": perf_counter() - begin, "rows": rows}


def _read_by_polars(log: str, columns: list[str]) -> dict[str, float]:
    """Read the columns used from a text file by Polars alone."""
    import polars as pl  # noqa: PLC0415 - each run imports what it needs

    scan: Callable[[str], pl.LazyFrame] = pl.scan_csv if log.endswith(".csv") else pl.scan_ndjson
    begin = perf_counter()
    rows = scan(log).select(columns).collect().height
    return {"seconds": perf_counter() - begin, "rows": rows}


def _kernels(log: str) -> dict[str, float]:
    from table_loops import kernel_seconds  # noqa: PLC0415 - each run imports what it needs

    return kernel_seconds(log)


def _machines(log: str, customers: int) -> dict[str, float]:
    from table_loops import machine_seconds  # noqa: PLC0415 - each run imports what it needs

    return machine_seconds(log, customers)


RUNS: dict[str, Callable[..., dict[str, float]]] = {
    "floor": _floor,
    "replay": _replay,
    "command": _command,
    "read": _read,
    "read by polars": _read_by_polars,
    "kernels": _kernels,
    "machines": _machines,
}


def _peak() -> int:
    """Return the most bytes that this process had in memory; on Linux not those of the one that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def main() -> None:
    """Do the run that the command line names, and print what it took."""
    found = RUNS[sys.argv[1]](**json.loads(sys.argv[2]))
    print(json.dumps({**found, "peak": _peak()}))


if __name__ == "__main__":
    main()
