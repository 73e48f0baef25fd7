"""The options that several commands share, and what they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trustcurve.core.curve import Curve
from trustcurve.files import load_curve

__all__ = ["CurveFile", "LogFile", "MappingFile", "SomeCustomer", "SomeMapping", "Until", "chosen_curve"]

LogFile = Annotated[
    Path, typer.Argument(metavar="LOG", help="The log: .csv, .tsv, .jsonl, .ndjson or .parquet.", show_default=False)
]
MappingFile = Annotated[
    Path, typer.Option("--mapping", "-m", metavar="MAPPING.toml", help="What the log's rows mean.", show_default=False)
]
SomeMapping = Annotated[
    Path | None,
    typer.Option("--mapping", "-m", metavar="MAPPING.toml", help="What the log's rows mean.", show_default=False),
]
SomeCustomer = Annotated[
    str | None, typer.Option("--customer", metavar="ID", help="Whose story or path.", show_default=False)
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
        help="Look at everyone at this time: 2026-01-31 is the end of that day, 2026-01-31T18:00 a time of the mapping's "
        "timezone, 2026-01-31T18:00+01:00 one of its own. Later events are left out. If left out: the last event of the log that could be used.",
        show_default=False,
    ),
]


def chosen_curve(path: Path | None) -> Curve:
    """Load the user's curve, or take the default one."""
    return Curve.default() if path is None else load_curve(path)
