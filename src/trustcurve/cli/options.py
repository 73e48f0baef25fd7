"""Options that several commands share, and the layout of their help texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from trustcurve.core.curve import Curve
from trustcurve.documents.curve_file import load_curve
from trustcurve.errors import UnknownWordError
from trustcurve.policies import ANY, KEEPS_PROMISES, Environment, Policy, load_environment
from trustcurve.verification import Property, load_properties, property_named

__all__ = [
    "Command",
    "CurveFile",
    "Group",
    "LogFile",
    "MappingFile",
    "OnceATurn",
    "PromisesMax",
    "SomeCustomer",
    "SomeMapping",
    "Surroundings",
    "Until",
    "chosen_curve",
    "chosen_environment",
    "chosen_properties",
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

Surroundings = Annotated[
    str,
    typer.Option(
        "--environment",
        "-e",
        metavar="NAME or FILE.toml",
        help="For policies: what can happen: any (anything), keeps-promises (anything except broken promises), "
        "or what the file of an environment says, with or without probabilities.",
    ),
]

PromisesMax = Annotated[
    int,
    typer.Option("--promises-max", help="For policies: the maximum number of open promises, up to 4.", metavar="N"),
]
OnceATurn = Annotated[
    bool,
    typer.Option(
        "--once-a-turn",
        help="For policies: let the environment make at most one move in a turn, at the instant of the policy's run: faster, and it proves less.",
    ),
]
_ENVIRONMENTS = {"any": ANY, "keeps-promises": KEEPS_PROMISES}


def chosen_curve(path: Path | None) -> Curve:
    """Return the curve of a file, or the default curve."""
    return Curve.default() if path is None else load_curve(path)


def chosen_environment(text: str) -> Environment:
    """Return an environment by its name on the command line, or from a file: whatever ends in ".toml" is one."""
    if text in _ENVIRONMENTS:
        return _ENVIRONMENTS[text]
    if not text.endswith(".toml"):
        raise UnknownWordError("--environment", text, (*_ENVIRONMENTS, "FILE.toml"))
    return load_environment(text)


def chosen_properties(texts: Iterable[str], on: Curve, policy: Policy | None = None) -> tuple[Property, ...]:
    """Return the properties that are named on the command line, or that are in a file: all, or the one named after a colon."""
    return tuple(each for text in texts for each in _properties(text, on, policy))


def _properties(text: str, on: Curve, policy: Policy | None) -> tuple[Property, ...]:
    found = re.fullmatch(r"(?P<path>.+?\.toml)(:(?P<name>.*))?", text, re.DOTALL)
    if found is None:
        return (property_named(text),)
    every = load_properties(found["path"], on, policy=policy)
    if found["name"] is None:
        return every
    known = {each.name: each for each in every}
    if found["name"] not in known:
        raise UnknownWordError(f"property of {found['path']}", found["name"], tuple(known))
    return (known[found["name"]],)
