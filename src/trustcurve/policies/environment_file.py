"""Environment files: their form as attrs classes, and how an environment is made of one."""

from __future__ import annotations

from os import PathLike
from typing import Annotated, Any, cast

from attrs import field, frozen

from trustcurve.documents.forms import SOME, Text
from trustcurve.documents.plain_text import read_text
from trustcurve.documents.problems import unknown
from trustcurve.documents.reader import Reading, read_toml
from trustcurve.policies.actions import MOVES, PROMISE_MOVES, Move
from trustcurve.policies.environment import CHANCE, Environment
from trustcurve.policies.policy_errors import InvalidEnvironmentError

__all__ = ["Chances", "EnvironmentFile", "check_moves", "load_environment", "parse_environment"]


Chances = Annotated[dict[Move | str, Annotated[float, CHANCE]], SOME]
"""The probability of each move in a turn, as documents say it."""

_Interval = Annotated[tuple[Annotated[float, CHANCE], ...], SOME]
_Moves = Annotated[dict[Move | str, Annotated[float, CHANCE] | _Interval], SOME]


@frozen
class _Environment:
    """What the company does not choose.

    Args:
        name: The name of the environment in reports.
        moves: The moves that may happen, or the probability of each in a turn, for example { purchase = 0.1 }; or an interval of
            probabilities: { purchase = [0.05, 0.15] }.
        where: Other probabilities, by stage or leaf state, for example { "distrust.adversarial" = { complaint = 0.2 } }.
        signals: Those of the moves that are signals of your own curve.
        keeps_promises: Whether every promise is kept, at the latest on its last day.
    """

    name: Text
    moves: _Moves | Annotated[tuple[str, ...], SOME]
    where: dict[str, _Moves] = field(factory=dict)
    signals: tuple[str, ...] = ()
    keeps_promises: bool = False


@frozen
class EnvironmentFile:
    """An environment: what may happen that the company does not choose.

    Args:
        environment: The environment.
    """

    environment: _Environment


def load_environment(path: str | PathLike[str]) -> Environment:
    r"""Load an environment from a TOML file and check all of it.

    Args:
        path: The file.

    Raises:
        InvalidEnvironmentError: The file is not valid; all findings at once, each with file, table and key.
        OSError: The file cannot be opened.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "quiet.toml")
        ...     characters = file.write_text('[environment]\nname = "quiet"\nmoves = ["kept", "purchase"]')
        ...     load_environment(file).names
        ('nothing', 'kept', 'purchase')
    """
    text, name = read_text(path, InvalidEnvironmentError)
    return parse_environment(text, name)


def parse_environment(text: str, source: str = "the environment") -> Environment:
    """Read an environment from TOML; for errors see ``load_environment``.

    Args:
        text: The document.
        source: The name of the document in messages.

    Examples:
        >>> year = parse_environment('''
        ... [environment]
        ... name = "an ordinary year"
        ... moves = { kept = 0.5, complaint = 0.1 }
        ... ''')
        >>> year.probabilities
        {'nothing': 0.4, 'kept': 0.5, 'complaint': 0.1}
    """
    reading = read_toml(text, EnvironmentFile, source, InvalidEnvironmentError)
    check_moves(reading, ("environment",))
    form = reading.right().environment
    with reading.blaming(("environment",)):
        moves, where = cast("Any", (form.moves, form.where))  # intervals of any length are checked there
        return Environment(moves, signals=form.signals, where=where, keeps_promises=form.keeps_promises, name=form.name)
    raise reading.error(tuple(reading.findings))


def check_moves(
    reading: Reading[Any], path: tuple[str | int, ...], signals: tuple[str | int, ...] | None = None
) -> None:
    """Check the words of the moves of a table and of its states.

    Args:
        reading: The reading of a document.
        path: The path of the table.
        signals: The path of the list of signals of one's own; in the table if left out.
    """
    own = reading.get(*(signals or (*path, "signals")))
    known = (*MOVES, *(own if isinstance(own, list) else ()))
    moves = reading.get(*path, "moves")
    for move in moves if isinstance(moves, list) else ():
        if move not in (*known, *PROMISE_MOVES):
            reading.wrong((*path, "moves"), unknown(move, (*known, *PROMISE_MOVES)))
    for table in (("moves",), *(("where", state) for state in reading.keys(*path, "where"))):
        for move in reading.keys(*path, *table):
            if move in PROMISE_MOVES:
                problem = "must not have a probability: it can happen at any time, but not once a turn"
                reading.wrong((*path, *table, move), problem)
            elif move not in known:
                reading.wrong((*path, *table, move), unknown(move, known))
