"""The environment: the moves that the company does not choose, with their probabilities if known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import Final, final

from attrs import field, frozen

from trustcurve.documents.forms import ValueRule, between
from trustcurve.errors import InvalidValueError, UnknownWordError, final_class, plain_word
from trustcurve.policies.actions import MOVES, PROMISE_MOVES, Move, PromiseMove

__all__ = ["ADDS_UP", "ANY", "CHANCE", "KEEPS_PROMISES", "Environment", "move_probabilities"]

ADDS_UP: Final = 1e-9
"""By how much a sum of probabilities or shares may miss 1. Source: our choice; what is written as decimals misses less."""

CHANCE: Final = ValueRule(between(0, 1).fits, "must be a probability from 0 to 1", between(0, 1).schema)
"""A probability."""

_ALL: Final[tuple[Move | PromiseMove, ...]] = (*MOVES, *PROMISE_MOVES)

_ROUNDED = 1e-15  # less than this is left of 1 only because numbers are rounded


def _sum_problem(chances: Mapping[str, float]) -> str | None:
    """Return why probabilities of moves do not add up, or None."""
    total = fsum(chances.values())
    if total > 1 + ADDS_UP:
        return f"must have probabilities that add up to at most 1, not {total:g}"
    if "nothing" in chances and abs(total - 1) > ADDS_UP:
        return f"must have probabilities that add up to 1 if they include 'nothing', not {total:g}"
    return None


def _moves(value: Iterable[str] | Mapping[str, float]) -> tuple[tuple[Move | PromiseMove, float | None], ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidValueError(
            "moves", value, "must be a list of moves, or their probabilities such as {'complaint': 0.1}"
        )
    given: dict[str, float | None] = {}
    for move, p in value.items() if isinstance(value, Mapping) else ((move, None) for move in value):
        name = plain_word(move)
        if not isinstance(name, str):
            raise InvalidValueError("move", move, "must be a word")
        if name not in _ALL:
            raise UnknownWordError("move", name, _ALL)
        given[name] = p
    return tuple((move, given.get(move)) for move in _ALL if move in given or move == "nothing")


@final
@frozen
class Environment:
    """A set of moves; "nothing" is always one of them. With probabilities the closed loop is a Markov chain.

    Where the environment may act at any time, it can also keep a broken promise late ("kept_late"), agree to another day for
    an open one ("moved") and let the company off ("released"). Those moves have no probabilities.

    Args:
        moves: The moves that may happen, or their probabilities in a turn. What is left of 1, and the probability of
            moves that cannot happen (a promise kept when none is open), goes to "nothing". A move of probability 0
            never happens.
        keeps_promises: Whether promises are always kept: at the latest on the last turn on which they can be (the one
            on which they fall due, or the last one of a grace period). Excludes the move "broken".
        name: A name for reports.

    Raises:
        UnknownWordError: A move is unknown.
        InvalidValueError: A probability is not between 0 and 1, they add up to more than 1, or ``keeps_promises`` is
            set and "broken" is among the moves.

    Examples:
        >>> Environment({"kept": 0.5, "complaint": 0.1}).probabilities
        {'nothing': 0.4, 'kept': 0.5, 'complaint': 0.1}
    """

    moves: tuple[tuple[Move | PromiseMove, float | None], ...] = field(converter=_moves)
    keeps_promises: bool = field(default=False, kw_only=True)
    name: str = field(default="environment", kw_only=True)

    __init_subclass__ = final_class

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.keeps_promises, bool):
            raise InvalidValueError("keeps_promises", self.keeps_promises, "must be True or False")
        if not isinstance(self.name, str):
            raise InvalidValueError("name", self.name, "must be text")
        given: dict[str, float] = {move: p for move, p in self.moves if p is not None}
        for move, p in given.items():
            CHANCE.check(f"probability of {move}", p)
        if given and len(given) < len(self.moves) - ("nothing" not in given):
            missing = ", ".join(move for move, p in self.moves if p is None and move != "nothing")
            raise InvalidValueError(
                "moves", dict(self.moves), f"must have probabilities for all moves or for none; missing: {missing}"
            )
        without = [move for move in given if move in PROMISE_MOVES]
        if without:
            rule = f"must not have a probability for {without[0]}: it can happen at any time, but not once a turn"
            raise InvalidValueError("moves", dict(self.moves), rule)
        problem = _sum_problem(given)
        if problem is not None:
            raise InvalidValueError("moves", dict(self.moves), problem)
        if self.keeps_promises and "broken" in self.names:
            raise InvalidValueError("moves", self.names, "must not contain 'broken' if keeps_promises is true")

    @property
    def names(self) -> tuple[Move | PromiseMove, ...]:
        """The moves."""
        return tuple(move for move, _ in self.moves)

    @property
    def probabilities(self) -> dict[Move, float] | None:
        """The probability of each move, "nothing" included; they add up to 1. None if none were given."""
        given: dict[Move, float] = {move: float(p) for move, p in self.moves if p is not None and move in MOVES}
        if not given:
            return None
        rest = 1 - fsum(given.values())
        given = {"nothing": rest if rest > _ROUNDED else 0.0, **given}
        total = fsum(given.values())  # 1, but for rounding
        return {move: p / total for move, p in given.items()}


def move_probabilities(environment: Environment, possible: Sequence[Move]) -> list[float]:
    """Return the probabilities of the moves that are possible in a state of the loop.

    The probability of impossible moves goes to "nothing". A move that is listed several times (a promise kept, of
    several open ones) is equally likely each time. A move that the environment never makes has probability 0.

    Args:
        environment: The environment.
        possible: The moves, one for each way in which the turn can go on.

    Raises:
        InvalidValueError: The environment has no probabilities.
    """
    given = environment.probabilities
    if given is None:
        raise InvalidValueError("environment", environment.name, "must have a probability for each move")
    among = Counter(possible)
    rest = min(given["nothing"] + fsum(p for move, p in given.items() if move not in among), 1.0)
    return [rest if move == "nothing" else given.get(move, 0.0) / among[move] for move in possible]


ANY: Final = Environment(_ALL, name="anything")
"""Every move may happen, in any order and forever."""

KEEPS_PROMISES: Final = Environment(
    (move for move in _ALL if move != "broken"), keeps_promises=True, name="promises are kept"
)
"""Every move may happen, but promises are kept: at the latest on the last turn on which they can be, that on which they
fall due or the last one of a grace period."""
