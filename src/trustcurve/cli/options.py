"""The options that several commands share, and what they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from trustcurve.core.curve import Curve
from trustcurve.documents.curve_file import load_curve
from trustcurve.policies import ANY, KEEPS_PROMISES, Environment

__all__ = [
    "ENVIRONMENTS",
    "CurveFile",
    "LogFile",
    "MappingFile",
    "PromisesMax",
    "SomeCustomer",
    "SomeMapping",
    "Surroundings",
    "Until",
    "chosen_curve",
]

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

Surroundings = Annotated[
    Literal["any", "keeps-promises"],
    typer.Option("--environment", "-e", help="For policies: what may happen. Anything, or all but broken promises."),
]

PromisesMax = Annotated[
    int,
    typer.Option(
        "--promises-max", help="For policies: the most promises that may be open at once, up to 4.", metavar="N"
    ),
]
ENVIRONMENTS: dict[str, Environment] = {"any": ANY, "keeps-promises": KEEPS_PROMISES}
"""The environments, by what they are called on the command line."""


def chosen_curve(path: Path | None) -> Curve:
    """Load the user's curve, or take the default one."""
    return Curve.default() if path is None else load_curve(path)
