"""The commands, and how errors leave them: a sentence on stderr and exit code 2."""

from __future__ import annotations

import sys

import typer

from trustcurve.cli import curves, explain, replay
from trustcurve.core.errors import TrustcurveError

__all__ = ["app", "run"]

app = typer.Typer(
    name="trustcurve",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Where each customer stands on the trust curve, what moved them and why.

Start with a log of orders or tickets and a mapping file that says what its rows mean:

    trustcurve replay orders.csv --mapping orders.toml

    trustcurve explain orders.csv --mapping orders.toml --customer 4711

    trustcurve events        (what can happen, for writing a mapping)

    trustcurve curve         (what each signal does, and why)
""",
)
replay.add_to(app)
explain.add_to(app)
curves.add_to(app)


def run() -> None:
    """Run the command line; an error becomes a sentence, never a traceback."""
    try:
        app()
    except (TrustcurveError, OSError) as error:
        print(f"trustcurve: {error}", file=sys.stderr)  # noqa: T201 - the command line speaks
        sys.exit(2)
