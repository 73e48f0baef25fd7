"""A table of a scenario's file, read key by key: what is wrong is noted, and replaced by something harmless."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar, cast

from attrs import frozen

from trustcurve.core.errors import did_you_mean
from trustcurve.core.reader import Reader
from trustcurve.policies import MOVES, Environment, Move
from trustcurve.policies.environment import is_chance, sum_problem

__all__ = ["Part"]

_Days = TypeVar("_Days", timedelta, None)

_SHOWN = 60
_HARMLESS: dict[Move, float] = {"purchase": 0.1}


@frozen
class Part:
    """A table: where it stands, and what is in it; whether it is one at all: of what is none, nothing more is missed."""

    reader: Reader
    place: str
    row: Mapping[str, Any]
    given: bool = True

    @classmethod
    def of(cls, reader: Reader, place: str, value: object, known: Iterable[str]) -> Part:
        """Read a table, and note its unknown keys."""
        return cls(reader, place, reader.table(value, place, known), isinstance(value, Mapping))

    def wrong(self, key: str, says: str) -> None:
        """Note what is wrong."""
        self.reader.wrong(self.place, key, says)

    def needs(self, key: str, what: str) -> None:
        """Note that a key is missing, if it is."""
        if self.given and key not in self.row:
            self.wrong(key, f"is missing: {what}")

    def whole(self, key: str, least: int, default: int, most: int | None = None) -> int:
        """Read a whole number of at least so much, and at most so much."""
        value = self.row.get(key, default)
        if type(value) is not int or value < least:
            self.wrong(key, f"must be a whole number of at least {least}, not {_shown(value)}")
        elif most is not None and value > most:
            self.wrong(key, f"must be at most {most}, not {_shown(value)}")
        else:
            return value
        return max(default, least)

    def number(self, key: str, default: float, most: float = 1.0) -> float:
        """Read a number from 0 to so much."""
        value = self.row.get(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most:
            return value
        self.wrong(key, f"must be a number from 0 to {most:g}, not {value!r}")
        return default

    def days(self, key: str, default: _Days) -> timedelta | _Days:
        """Read a duration above zero."""
        if key not in self.row:
            return default
        value = self.reader.duration(self.place, key, self.row[key])
        if value is not None and value <= timedelta(0):
            self.wrong(key, f"must be above zero, not {self.row[key]!r}")
            return default
        return default if value is None else value

    def environment(self, name: str, *, keeps_promises: bool) -> Environment:
        """Read the probabilities of moves."""
        given = self.row.get("moves")
        if not isinstance(given, Mapping) or not given:
            said = "is missing" if given is None else "is empty" if given == {} else f"must be a table, not {given!r}"
            if self.given:
                self.wrong("moves", f"{said}: the probability of each move, for example {{ purchase = 0.1 }}")
            return Environment(_HARMLESS)
        wrong = len(self.reader.findings)
        chances = {move: p for move, p in given.items() if self._is_chance(move, p, keeps_promises=keeps_promises)}
        problem = sum_problem(chances) if len(self.reader.findings) == wrong else None
        if problem is not None:
            self.wrong("moves", problem)
        if len(self.reader.findings) > wrong:
            return Environment(_HARMLESS)
        return Environment(cast("dict[str, float]", chances), keeps_promises=keeps_promises, name=name)

    def _is_chance(self, move: str, p: object, *, keeps_promises: bool) -> bool:
        """Note what is wrong with the probability of a move."""
        if move not in MOVES:
            hint = did_you_mean(move, MOVES) or "; known: " + ", ".join(MOVES)
            self.wrong(f"moves.{move}", f"unknown move{hint}")
        elif keeps_promises and move == "broken":
            self.wrong(f"moves.{move}", "where keeps_promises is true no promise is broken: leave it out")
        elif not is_chance(p):
            self.wrong(f"moves.{move}", f"must be a probability from 0 to 1, not {p!r}")
        else:
            return True
        return False


def _shown(value: object) -> str:
    """Show a value, a long one in part."""
    said = repr(value)
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}..."
