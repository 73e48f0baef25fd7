"""The options that several commands share, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from trustcurve.core.curve import Curve
from trustcurve.core.errors import InvalidValueError
from trustcurve.files import load_curve
from trustcurve.logs import Mapping

__all__ = ["CurveFile", "LogFile", "MappingFile", "Until", "chosen_curve", "out", "progress_bar", "until_instant"]

LogFile = Annotated[
    Path, typer.Argument(metavar="LOG", help="The log: .csv, .tsv, .jsonl, .ndjson or .parquet.", show_default=False)
]
MappingFile = Annotated[
    Path, typer.Option("--mapping", "-m", metavar="MAPPING.toml", help="What the log's rows mean.", show_default=False)
]
CurveFile = Annotated[
    Path | None,
    typer.Option(
        "--curve",
        "-c",
        metavar="CURVE.toml",
        help="A curve of your own instead of the default one.",
        show_default=False,
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Look at everyone at this time (ISO 8601; a date means the end of that day; without a timezone, in the mapping's). "
        "Later events are left out. Default: the last event of the log.",
        show_default=False,
    ),
]

_PIPE_WIDTH = 140


def out() -> Console:
    """Make the console: as wide as the terminal, and of a fixed width in a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def chosen_curve(path: Path | None) -> Curve:
    """Load the user's curve, or take the default one."""
    return Curve.default() if path is None else load_curve(path)


def until_instant(text: str | None, mapping: Mapping) -> datetime | None:
    """Read the value of ``--until``."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValueError(
            "--until", text, "must be an ISO 8601 time such as 2026-01-31 or 2026-01-31T18:00+01:00"
        ) from None
    if len(text) <= len("2026-01-31") and moment.time() == time():
        moment += timedelta(days=1, microseconds=-1)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(mapping.timezone or "UTC"))


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show a progress bar on a terminal, and nothing elsewhere; it goes when the work is done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
