"""Options that several commands share, and the layout of their help texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from trustcurve.core.curve import Curve
from trustcurve.documents.curve_file import load_curve

__all__ = [
    "Command",
    "CurveFile",
    "Group",
    "LogFile",
    "MappingFile",
    "SomeCustomer",
    "SomeMapping",
    "Until",
    "chosen_curve",
]


def _without_types_of_flags(params: list[Any]) -> list[Any]:
    """Remove the metavar of flags, which take no value."""
    for param in params:
        if getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = ""
    return params


def _flowing(text: str) -> str:
    """Join the lines of each paragraph that is not indented."""
    return "\n\n".join(
        part if part.startswith(" ") else part.replace("\n", " ") for part in text.strip("\n").split("\n\n")
    )


class Command(TyperCommand):
    """A command."""

    def __init__(self, *args: Any, help: str | None = None, **options: Any) -> None:  # noqa: A002 - typer's name for it
        super().__init__(*args, help=None if help is None else _flowing(help), **options)

    def get_params(self, ctx: Any) -> list[Any]:
        """List the options and arguments."""
        return _without_types_of_flags(super().get_params(ctx))


class Group(TyperGroup):
    """The group of all commands."""

    def get_params(self, ctx: Any) -> list[Any]:
        """List the options."""
        return _without_types_of_flags(super().get_params(ctx))


LogFile = Annotated[
    Path,
    typer.Argument(
        metavar="LOG",
        help="The log: .csv, .tsv, .jsonl, .ndjson, .json (also with .gz or .zst) or .parquet.",
        show_default=False,
    ),
]
MappingFile = Annotated[
    Path,
    typer.Option(
        "--mapping", "-m", metavar="MAPPING.toml", help="The mapping of the log's rows to events.", show_default=False
    ),
]
SomeMapping = Annotated[
    Path | None,
    typer.Option(
        "--mapping", "-m", metavar="MAPPING.toml", help="The mapping of the log's rows to events.", show_default=False
    ),
]
SomeCustomer = Annotated[
    str | None, typer.Option("--customer", metavar="ID", help="The customer's id.", show_default=False)
]
CurveFile = Annotated[
    Path | None,
    typer.Option(
        "--curve",
        "-c",
        metavar="CURVE.toml",
        help="Your own curve instead of the default one.",
        show_default=False,
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Observe all customers at this time, and leave out later events: 2026-01-31 is the end of that day, "
        "2026-01-31T18:00 a time in the mapping's timezone, 2026-01-31T18:00+01:00 one with its own. If not given: the last applied event of the log.",
        show_default=False,
    ),
]


def chosen_curve(path: Path | None) -> Curve:
    """Return the curve of a file, or the default curve."""
    return Curve.default() if path is None else load_curve(path)
