"""The commands, and how errors leave them: a sentence on stderr and exit code 2."""

from __future__ import annotations

import re
import sys
import warnings
from importlib.metadata import version
from typing import Annotated, Any

import typer
from polars.exceptions import PolarsError

from trustcurve.cli import (
    check_command,
    curve_command,
    diff_command,
    draw_command,
    explain_command,
    replay_command,
    simulate_command,
)
from trustcurve.cli.options import Group
from trustcurve.cli.screen import Screen, make_streams_patient
from trustcurve.errors import CurveWarning, TrustcurveError

__all__ = ["app", "run"]

_SHOW_OTHERS = warnings.showwarning

_HELP = """Where each customer stands on the trust curve, what moved them and why.

You need a log of orders, deliveries, letters or tickets, and a mapping, a file that says what its rows mean. Then ask:

    trustcurve replay orders.csv --mapping orders.toml
    trustcurve explain orders.csv --mapping orders.toml --customer 4711

Before a journey policy meets customers, learn where it betrays them:

    trustcurve check policy.toml

And what it would do to a hundred thousand of them:

    trustcurve simulate scenario.toml

For writing a mapping:

    trustcurve replay -h    shows a short one
    trustcurve events       what can happen, and which fields it has
    trustcurve curve        what each signal does, and why
"""

app = typer.Typer(
    name="trustcurve",
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_HELP,
)
for _command in (
    replay_command,
    explain_command,
    draw_command,
    check_command,
    diff_command,
    simulate_command,
    curve_command,
):
    _command.add_to(app)


def _tell_version(*, wanted: bool) -> None:
    if wanted:
        Screen.out().line(f"trustcurve {version('trustcurve')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


def run() -> None:
    """Run the command line; an error becomes a sentence, never a traceback."""
    make_streams_patient()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", CurveWarning)
            warnings.showwarning = _show_warning
            app()
    except (TrustcurveError, OSError, PolarsError) as error:
        Screen.err().lines(f"trustcurve: {_told(error)}")
        sys.exit(2)


def _show_warning(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """Print a warning about a curve as a sentence; any other one as Python does."""
    if issubclass(category, CurveWarning):
        Screen.err().lines(f"trustcurve: warning: {message}")
    else:
        _SHOW_OTHERS(message, category, *where, **more)


def _told(error: Exception) -> str:
    """Tell an error; one of the operating system without its number."""
    if isinstance(error, PolarsError):  # a log that is broken in its midst says so only while it is read
        return f"the log cannot be read: {str(error).partition(chr(10))[0]}"
    if not isinstance(error, OSError) or error.strerror is None:
        return re.sub(r" \(os error \d+\)", "", str(error))
    names = [repr(name) for name in (error.filename, error.filename2) if name is not None]
    return f"{error.strerror}: {' -> '.join(names)}" if names else error.strerror
