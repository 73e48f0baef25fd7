"""The command line: parses arguments, calls the library and prints."""

from __future__ import annotations

import sys

from trustcurve.errors import MissingExtraError, require

__all__ = ["main"]

_INTERRUPTED = 130  # the usual exit code after Ctrl-C: 128 + SIGINT


def main() -> None:
    """Run the command line."""
    try:
        require("typer", "cli")
        require("rich", "cli")
        require("polars", "cli")
        from trustcurve.cli.app import run  # noqa: PLC0415 - the extra may be missing

        run()
    except MissingExtraError as error:
        print(f"trustcurve: {error}", file=sys.stderr)  # noqa: T201 - rich may be missing
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
