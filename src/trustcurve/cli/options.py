"""How commands show their help: flags take no value, prose fills its lines, and examples stay as they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand, TyperGroup

from trustcurve.core.curve import Curve
from trustcurve.documents.curve_file import load_curve
from trustcurve.policies import ANY, KEEPS_PROMISES, Environment

__all__ = [
    "ENVIRONMENTS",
    "Command",
    "CurveFile",
    "Group",
    "LogFile",
    "MappingFile",
    "PromisesMax",
    "SomeCustomer",
    "SomeMapping",
    "Surroundings",
    "Until",
    "chosen_curve",
]


def _without_types_of_flags(params: list[Any]) -> list[Any]:
    """A flag is no ``<bool>`` that wants a value."""
    for param in params:
        if getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = ""
    return params


def _flowing(told: str) -> str:
    """Join the lines of each paragraph that is not set in: where they end in the source is nobody's business."""
    return "\n\n".join(
        part if part.startswith(" ") else part.replace("\n", " ") for part in told.strip("\n").split("\n\n")
    )


class Command(TyperCommand):
    """A command."""

    def __init__(self, *args: Any, help: str | None = None, **options: Any) -> None:  # noqa: A002 - typer's name for it
        super().__init__(*args, help=None if help is None else _flowing(help), **options)

    def get_params(self, ctx: Any) -> list[Any]:
        """List the options and arguments."""
        return _without_types_of_flags(super().get_params(ctx))


class Group(TyperGroup):
    """The commands together."""

    def get_params(self, ctx: Any) -> list[Any]:
        """List the options."""
        return _without_types_of_flags(super().get_params(ctx))


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
