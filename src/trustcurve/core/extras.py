"""Optional parts: one clear sentence when one is missing."""

from __future__ import annotations

from typing import Any

from trustcurve.core.errors import MissingExtraError

__all__ = ["require"]


def require(module: str, extra: str) -> Any:
    """Import an optional module by name.

    Raises:
        MissingExtraError: It is not installed; the message has the pip command.
    """
    from importlib import import_module  # noqa: PLC0415

    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == module.partition(".")[0]:
            raise MissingExtraError(extra, module) from None
        raise
