"""How commands show their help: flags take no value, and examples stay as they are written."""

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


class Command(TyperCommand):
    """A command."""

    def get_params(self, ctx: Any) -> list[Any]:
        """List the options and arguments."""
        return _without_types_of_flags(super().get_params(ctx))


class Group(TyperGroup):
    """The commands together."""

    def get_params(self, ctx: Any) -> list[Any]:
        """List the options."""
        return _without_types_of_flags(super().get_params(ctx))
