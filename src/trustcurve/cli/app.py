"""The app with all commands; an error is printed as a sentence on stderr, with exit code 2."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from polars.exceptions import PolarsError

from trustcurve.cli.options import Group
from trustcurve.cli.screen import Screen, configure_streams
from trustcurve.errors import CurveWarning, TrustcurveError

__all__ = ["run"]

_SHOW_OTHERS = warnings.showwarning

_HELP = """Compute where each customer stands on the trust curve, which event and which rule moved them, and why.

You need a log of orders, deliveries, letters or tickets, and a mapping file, which maps its rows to events:

    trustcurve replay orders.csv --mapping orders.toml
    trustcurve explain orders.csv --mapping orders.toml --customer 4711

Check a journey policy before you use it with customers:

    trustcurve check policy.toml

Simulate it for a hundred thousand customers:

    trustcurve simulate scenario.toml

To write a mapping, see:

    trustcurve replay -h    a short example
    trustcurve events       all events and their fields
    trustcurve curve        the effects of each signal, and the reasons
"""

_MODULES = {
    "replay": "replay_command",
    "explain": "explain_command",
    "draw": "draw_command",
    "check": "check_command",
    "diff": "diff_command",
    "watch": "watch_command",
    "simulate": "simulate_command",
    "facts": "facts_command",
    "events": "curve_command",
    "curve": "curve_command",
    "schema": "curve_command",
}
"""The module of each command."""


def _app(words: Sequence[str]) -> typer.Typer:
    """Return the app with the command that is called, because importing all of them takes long; else with all commands."""
    app = typer.Typer(
        name="trustcurve",
        cls=Group,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help=_HELP,
    )
    app.callback()(_options)
    modules = [_MODULES[words[0]]] if words and words[0] in _MODULES else dict.fromkeys(_MODULES.values())
    for module in modules:
        import_module(f"trustcurve.cli.{module}").add_to(app)
    return app


def _print_version(*, wanted: bool) -> None:
    if wanted:
        Screen.out().line(f"trustcurve {version('trustcurve')}")
        raise typer.Exit


def _options(
    *,
    _: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


def run() -> None:
    """Run the command line; an error is printed as a sentence, without a traceback."""
    configure_streams()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", CurveWarning)
            warnings.showwarning = _show_warning
            _app(sys.argv[1:])()
    except (TrustcurveError, OSError, PolarsError) as error:
        Screen.err().lines(f"trustcurve: {_message(error)}")
        sys.exit(2)


def _show_warning(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """Print a warning about a curve as a sentence; other warnings as Python does."""
    if issubclass(category, CurveWarning):
        Screen.err().lines(f"trustcurve: warning: {message}")
    else:
        _SHOW_OTHERS(message, category, *where, **more)


def _message(error: Exception) -> str:
    """Return the message of an error; errors of the operating system without their number."""
    if isinstance(error, PolarsError):  # a damaged Parquet file is only detected while it is read
        return f"the log cannot be read: {str(error).partition(chr(10))[0]}"
    if not isinstance(error, OSError) or error.strerror is None:
        return re.sub(r" \(os error \d+\)", "", str(error))
    names = [repr(name) for name in (error.filename, error.filename2) if name is not None]
    return f"{error.strerror}: {' -> '.join(names)}" if names else error.strerror
