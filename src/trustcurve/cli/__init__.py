"""The command line: parses arguments, calls the library and prints."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

from trustcurve.errors import MissingExtraError, require

__all__ = ["main"]

_SIGNALLED = 128  # the usual exit code after a signal: this plus its number


def main() -> None:
    """Run the command line."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
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
        sys.exit(_SIGNALLED + signal.SIGINT)


def _terminate(number: int, _: FrameType | None) -> None:
    """Exit so that temporary files are removed."""
    sys.exit(_SIGNALLED + number)
