"""How commands show their help: flags take no value, prose fills its lines, and examples stay as they are written."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

__all__ = ["Command", "Group"]


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
