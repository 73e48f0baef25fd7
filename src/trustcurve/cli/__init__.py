"""The command line: parse, call, print; no logic."""

from __future__ import annotations

import sys

from trustcurve.core.errors import MissingExtraError
from trustcurve.core.extras import require

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    try:
        require("typer", "cli")
        require("rich", "cli")
        require("polars", "cli")
    except MissingExtraError as error:
        sys.exit(f"trustcurve: {error}")
    from trustcurve.cli.app import run  # noqa: PLC0415 - only where the extra is there

    run()
