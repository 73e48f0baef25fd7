"""The command line: parse, call, print; no logic."""

from __future__ import annotations

import sys

from trustcurve.errors import MissingExtraError, require

__all__ = ["main"]

_INTERRUPTED = 130  # as of a program that dies of Ctrl-C: 128 and the number of SIGINT


def main() -> None:
    """Run the command line."""
    try:
        require("typer", "cli")
        require("rich", "cli")
        require("polars", "cli")
        from trustcurve.cli.app import run  # noqa: PLC0415 - only where the extra is there

        run()
    except MissingExtraError as error:
        print(f"trustcurve: {error}", file=sys.stderr)  # noqa: T201 - the part that prints better may be missing
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
