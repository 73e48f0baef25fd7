"""What may happen that the company does not choose, and if known, how likely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import Final

from attrs import field, frozen

from trustcurve.documents.forms import Rule, between
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies.actions import MOVES, Move

__all__ = ["ADDS_UP", "ANY", "CHANCE", "KEEPS_PROMISES", "Environment"]

ADDS_UP: Final = 1e-9
"""By how much a sum of probabilities or shares may miss 1. Source: our choice; what is written as decimals misses less."""

CHANCE: Final = Rule(between(0, 1).fits, "must be a probability from 0 to 1", between(0, 1).schema)
"""A probability."""

_ROUNDED = 1e-15  # less than this is left of 1 only because numbers are rounded


def _sum_problem(chances: Mapping[str, float]) -> str | None:
    """Say why probabilities of moves do not add up, if they do not."""
    total = fsum(chances.values())
    if total > 1 + ADDS_UP:
        return f"the probabilities add up to {total:g}, more than 1"
    if "nothing" in chances and abs(total - 1) > ADDS_UP:
        return f"with 'nothing' the probabilities must add up to 1, not {total:g}"
    return None


def _moves(value: Iterable[str] | Mapping[str, float]) -> tuple[tuple[Move, float | None], ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidValueError("moves", value, "must be a list of moves, or their probabilities: {'complaint': 0.1}")
    value = value if isinstance(value, Mapping) else tuple(value)
    for move in value:
        if not isinstance(move, str):
            raise InvalidValueError("move", move, "must be a word")
    given = value if isinstance(value, Mapping) else dict.fromkeys(value)
    for move in given:
        if move not in MOVES:
            raise UnknownWordError("move", move, MOVES)
    pairs: dict[str, float | None] = {"nothing": None, **given}
    return tuple((move, pairs[move]) for move in MOVES if move in pairs)


@frozen
class Environment:
    """A set of moves; "nothing" is always among them. With probabilities it makes a Markov chain.

    Args:
        moves: The moves that may happen, or their probabilities in a turn. What is left of 1, and what
            cannot happen (a promise kept where none is open), is "nothing". A move of probability 0 never happens.
        keeps_promises: Promises are then kept on the last turn on which they can be (the one on which they fall
            due, or with a grace period the last one of it), if not before, and never broken.
        name: What it is called.

    Raises:
        UnknownWordError: A move is unknown.
        InvalidValueError: A probability is not between 0 and 1, they add up to more than 1, or
            "broken" is among the moves of one who keeps promises.

    Examples:
        >>> Environment({"kept": 0.5, "complaint": 0.1}).probabilities
        {'nothing': 0.4, 'kept': 0.5, 'complaint': 0.1}
    """

    moves: tuple[tuple[Move, float | None], ...] = field(converter=_moves)
    keeps_promises: bool = field(default=False, kw_only=True)
    name: str = field(default="environment", kw_only=True)

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
                "moves", dict(self.moves), f"give every move a probability, or none; missing: {missing}"
            )
        problem = _sum_problem(given)
        if problem is not None:
            raise InvalidValueError("moves", dict(self.moves), problem)
        if self.keeps_promises and "broken" in self.names:
            raise InvalidValueError("moves", self.names, "keeps_promises excludes the move 'broken': leave it out")

    @property
    def names(self) -> tuple[Move, ...]:
        """The moves."""
        return tuple(move for move, _ in self.moves)

    @property
    def probabilities(self) -> dict[Move, float] | None:
        """The probability of each move, "nothing" included, which add up to 1; None where there are none."""
        given = {move: float(p) for move, p in self.moves if p is not None}
        if not given:
            return None
        rest = 1 - fsum(given.values())
        given = {"nothing": rest if rest > _ROUNDED else 0.0, **given}
        total = fsum(given.values())  # as good as 1, if not 1
        return {move: p / total for move, p in given.items()}

    def likely(self, moves: Sequence[Move]) -> list[float]:
        """Answer with the probabilities of the moves that are possible somewhere.

        What cannot happen there goes to "nothing"; a move that is there several times (a promise kept, of
        several that are open) is as likely each time.

        Raises:
            InvalidValueError: The environment has no probabilities.
        """
        given = self.probabilities
        if given is None:
            raise InvalidValueError("environment", self.name, "has no probabilities: give each move one")
        among = Counter(moves)
        rest = min(given["nothing"] + fsum(p for move, p in given.items() if move not in among), 1.0)
        return [rest if move == "nothing" else given[move] / among[move] for move in moves]


ANY: Final = Environment(MOVES, name="anything")
"""Whatever can happen may happen, in any order and for ever."""

KEEPS_PROMISES: Final = Environment(
    (move for move in MOVES if move != "broken"), keeps_promises=True, name="promises are kept"
)
"""Whatever can happen may happen, but promises are kept, if not before, then on the last turn on which they can be:
that on which they fall due, or with a grace period the last one of it."""
