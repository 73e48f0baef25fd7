"""Options of the commands that prove and watch policies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

import typer

from trustcurve.core.curve import Curve
from trustcurve.errors import UnknownWordError
from trustcurve.policies import ANY, KEEPS_PROMISES, Environment, Policy, load_environment
from trustcurve.verification import Property, load_properties, property_named

__all__ = ["OnceATurn", "PromisesMax", "Surroundings", "chosen_environment", "chosen_properties"]

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
