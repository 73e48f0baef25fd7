"""The environment: the moves that the company does not choose, with their probabilities if known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import Any, Final, final

from attrs import evolve, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.values import checked_name, checked_word
from trustcurve.documents.forms import ValueRule, between
from trustcurve.errors import InvalidValueError, UnknownWordError, final_class, plain_word
from trustcurve.policies.actions import MOVES, PROMISE_MOVES, Move, PromiseMove

__all__ = [
    "ADDS_UP",
    "ANY",
    "CHANCE",
    "KEEPS_PROMISES",
    "Chance",
    "Environment",
    "likely_moves",
    "move_probabilities",
    "move_ranges",
]

Range = tuple[float, float]
"""The least and the most that a probability can be."""

Chance = float | Range
"""A probability, or an interval of them."""

Chances = tuple[tuple[Move | PromiseMove, Chance | None], ...]
"""Moves, each with its probability if that is known."""

ADDS_UP: Final = 1e-9
"""By how much a sum of probabilities or shares may miss 1. Source: our choice; what is written as decimals misses less."""

CHANCE: Final = ValueRule(between(0, 1).fits, "must be a probability from 0 to 1", between(0, 1).schema)
"""A probability."""

_ALL: Final[tuple[Move | PromiseMove, ...]] = (*MOVES, *PROMISE_MOVES)

_ROUNDED = 1e-15  # less than this is left of 1 only because numbers are rounded


def _range(chance: Chance) -> Range:
    return chance if isinstance(chance, tuple) else (chance, chance)


def _check_chance(move: str, chance: object) -> None:
    if not isinstance(chance, tuple):
        CHANCE.check(f"moves.{move}", chance)
        return
    for each in chance:
        CHANCE.check(f"moves.{move}", each)
    if len(chance) != 2 or chance[0] > chance[1]:  # noqa: PLR2004 - an interval has two ends
        rule = "must be one number or two, the least and the most, for example (0.01, 0.03)"
        raise InvalidValueError(f"moves.{move}", chance, rule)


def _sum_problem(chances: Mapping[str, Chance]) -> str | None:
    """Return why probabilities of moves do not add up, or None."""
    least, most = (fsum(_range(chance)[end] for chance in chances.values()) for end in (0, 1))
    if least > 1 + ADDS_UP:
        what = "least probabilities" if most > least else "probabilities"
        return f"must have {what} that add up to at most 1, not {least:g}"
    if "nothing" in chances and most < 1 - ADDS_UP:
        return f"must have probabilities that add up to 1 if they include 'nothing', not {most:g}"
    return None


def _moves(value: Iterable[str] | Mapping[str, Chance]) -> Chances:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidValueError(
            "moves", value, "must be a list of moves, or their probabilities such as {'complaint': 0.1}"
        )
    pairs: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, Mapping) else [(move, None) for move in value]
    if isinstance(value, tuple) and all(isinstance(each, tuple) for each in value):
        pairs = value  # of another environment
    return _ordered(_given(pairs))


def _given(value: Iterable[tuple[Any, Any]]) -> dict[str, Chance | None]:
    given: dict[str, Chance | None] = {}
    for move, p in value:
        name = plain_word(move)
        if not isinstance(name, str):
            raise InvalidValueError("move", move, "must be a word")
        if isinstance(p, list | tuple):
            _check_chance(name, tuple(p))
            p = p[0] if p[0] == p[1] else (p[0], p[1])  # noqa: PLW2901 - an interval of one number is that number
        given[name] = p
    return given


def _ordered(given: Mapping[str, Chance | None]) -> Chances:
    ordered: tuple[Any, ...] = (*_ALL, *(move for move in given if move not in _ALL))
    return tuple((move, given.get(move)) for move in ordered if move in given or move == "nothing")


def _where(value: Mapping[str, Mapping[str, Chance]] | tuple[()]) -> tuple[tuple[str, Chances], ...]:
    states = dict(value) if isinstance(value, Mapping | tuple) else {"": None}
    if not all(isinstance(moves, Mapping | tuple) and moves for moves in states.values()):
        rule = (
            "must be the probabilities of moves by stage or state, such as {'distrust.adversarial': {'complaint': 0.3}}"
        )
        raise InvalidValueError("where", value, rule)
    given: Any = {checked_name("where", state): _given(dict(moves).items()) for state, moves in states.items()}
    return tuple((state, tuple(moves.items())) for state, moves in given.items())


def _signals(value: Iterable[str]) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidValueError("signals", value, "must be a list of signals of one's own curve")
    return tuple(checked_name("signals", signal) for signal in value)


@final
@frozen
class Environment:
    """A set of moves; "nothing" is always one of them. With probabilities the closed loop is a Markov chain.

    Where the environment may act at any time, it can also keep a broken promise late ("kept_late"), agree to another day for
    an open one ("moved") and let the company off ("released"). Those moves have no probabilities.

    Args:
        moves: The moves that may happen, or their probabilities in a turn. What is left of 1, and the probability of
            moves that cannot happen (a promise kept when none is open), goes to "nothing". A move of probability 0
            never happens. Instead of a probability, an interval may be given, such as ``(0.01, 0.03)``: any probability
            in it, in each turn and state another one. Such environments are for proofs, and cannot be simulated.
        signals: Those of the moves that are signals of one's own curve.
        where: The probabilities of moves that are other ones in some stage or leaf state, by its name, such as
            ``{"distrust.adversarial": {"complaint": 0.3}}``. It is that in which the customer is when the move is made. Moves
            that are not named there are as likely as anywhere; a leaf state comes before its stage.
        keeps_promises: Whether promises are always kept: at the latest on the last turn on which they can be (the one
            on which they fall due, or the last one of a grace period). Excludes the move "broken".
        name: A name for reports.

    Raises:
        UnknownWordError: A move is unknown, and not among ``signals``.
        InvalidValueError: A probability is not between 0 and 1, an interval is not two of them in ascending order, they
            add up to more than 1, ``keeps_promises`` is set and "broken" is among the moves, or ``where`` has moves without
            probabilities.

    Examples:
        >>> Environment({"kept": 0.5, "complaint": 0.1}).probabilities
        {'nothing': 0.4, 'kept': 0.5, 'complaint': 0.1}
    """

    moves: Chances = field(converter=_moves)
    signals: tuple[str, ...] = field(default=(), converter=_signals, kw_only=True)
    where: tuple[tuple[str, Chances], ...] = field(default=(), converter=_where, kw_only=True)
    keeps_promises: bool = field(default=False, kw_only=True)
    name: str = field(default="environment", kw_only=True)
    _at: dict[str, Environment] = field(factory=dict, init=False, eq=False, repr=False)

    __init_subclass__ = final_class

    def __attrs_post_init__(self) -> None:
        known = (*_ALL, *self.signals)
        for name in self.names:
            if name not in known:
                raise UnknownWordError("move", name, known)
        if not isinstance(self.keeps_promises, bool):
            raise InvalidValueError("keeps_promises", self.keeps_promises, "must be True or False")
        if not isinstance(self.name, str):
            raise InvalidValueError("name", self.name, "must be text")
        self._check_chances()
        if self.keeps_promises and "broken" in self.names:
            raise InvalidValueError("moves", self.names, "must not contain 'broken' if keeps_promises is true")
        if self.where:
            self._check_where()

    def _check_chances(self) -> None:
        """Check the probabilities of moves: each, and together."""
        given: dict[str, Chance] = {move: p for move, p in self.moves if p is not None}
        for move, p in given.items():
            _check_chance(move, p)
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

    def _check_where(self) -> None:
        """Check the probabilities of each state, and list the moves that only some of them have; elsewhere they never happen."""
        if not self.has_chances:
            raise InvalidValueError("where", dict(self.where), "must be left out where moves have no probabilities")
        for state, moves in self.where:
            try:
                self.at(state)
            except InvalidValueError as error:
                raise InvalidValueError(f"where.{state}", dict(moves), error.rule) from None
        more = {str(move): 0.0 for _, moves in self.where for move, _ in moves if move not in self.names}
        object.__setattr__(self, "moves", _ordered({**more, **{str(move): p for move, p in self.moves}}))
        self._at.clear()  # it was asked about other moves

    def at(self, state: str) -> Environment:
        """Return the environment in a leaf state (or a stage), the same everywhere.

        Examples:
            >>> world = Environment({"complaint": 0.1}, where={"distrust": {"complaint": 0.2}})
            >>> world.at("distrust.adversarial").probabilities
            {'nothing': 0.8, 'complaint': 0.2}
        """
        if not self.where:
            return self
        if state not in self._at:
            stage, known = state.partition(".")[0], dict(self.where)
            usual = {move: p for move, p in self.moves if move != "nothing"}
            moves: Any = usual | dict(known.get(stage, ())) | dict(known.get(state, ()))
            self._at[state] = evolve(self, moves=moves, where=())
        return self._at[state]

    def worlds(self, states: Iterable[str]) -> tuple[tuple[Environment, ...], tuple[int, ...]]:
        """Return the different environments in some leaf states, and for each state which of them it is."""
        found = [self.at(state) for state in states]
        numbers = {each: number for number, each in enumerate(dict.fromkeys(found))}
        return tuple(numbers), tuple(numbers[each] for each in found)

    @property
    def turn_moves(self) -> tuple[Move, ...]:
        """Every move that an environment can make once a turn, "nothing" first: those of all curves, and signals of one's own."""
        return (*MOVES, *self.signals)  # type: ignore[arg-type] # own signals are moves, too

    @property
    def names(self) -> tuple[Move | PromiseMove, ...]:
        """The moves."""
        return tuple(move for move, _ in self.moves)

    def check_words(self, curve: Curve) -> None:
        """Check that a curve has the signals among the moves, and the states in which moves are likelier.

        Raises:
            UnknownWordError: It does not.
        """
        for state, _ in self.where:
            checked_word("where", state, curve.stages_and_states)
        own = curve.own_signals
        for signal in self.signals:
            if signal not in own:
                raise UnknownWordError(f"signal of environment {self.name!r}", signal, own)

    @property
    def has_chances(self) -> bool:
        """Whether moves have probabilities, or intervals of them."""
        return any(chance is not None for _, chance in self.moves)

    @property
    def has_intervals(self) -> bool:
        """Whether some probability is an interval, anywhere."""
        listed = (self.moves, *(moves for _, moves in self.where))
        return any(isinstance(chance, tuple) for moves in listed for _, chance in moves)

    @property
    def probabilities(self) -> dict[Move, float] | None:
        """The probability of each move, "nothing" included; they add up to 1. None if there are none, or intervals.

        Those of single states are those of ``at``.
        """
        if not self.has_chances or self.has_intervals:
            return None
        given: dict[Move, float] = {move: float(p) for move, p in self.moves if isinstance(p, int | float)}  # type: ignore[misc]
        rest = 1 - fsum(given.values())
        given = {"nothing": rest if rest > _ROUNDED else 0.0, **given}
        total = fsum(given.values())  # 1, but for rounding
        return {move: p / total for move, p in given.items()}

    @property
    def ranges(self) -> dict[Move, Range] | None:
        """The least and the most probability of each move, "nothing" included, if some of them are intervals; else None."""
        if not self.has_intervals:
            return None
        given: dict[Move, Range] = {move: _range(chance) for move, chance in self.moves if chance is not None}  # type: ignore[misc]
        return _possible_together({"nothing": (0.0, 1.0), **given})


def _possible_together(ranges: Mapping[Move, Range]) -> dict[Move, Range]:
    """Return what is left of some ranges if their probabilities add up to 1."""
    found: dict[Move, Range] = {}
    for move, (least, most) in ranges.items():
        others = [its for other, its in ranges.items() if other != move]
        least = max(least, 1 - fsum(its[1] for its in others))  # noqa: PLW2901 - narrowed
        most = min(most, 1 - fsum(its[0] for its in others))  # noqa: PLW2901 - narrowed
        most = max(least, most)  # noqa: PLW2901 - where it is known, but for rounding
        found[move] = (least if least > _ROUNDED else 0.0, most if most > _ROUNDED else 0.0)
    return found


def move_probabilities(environment: Environment, possible: Sequence[Move]) -> list[float]:
    """Return the probabilities of the moves that are possible in a state of the loop.

    The probability of impossible moves goes to "nothing". A move that is listed several times (a promise kept, of
    several open ones) is equally likely each time. A move that the environment never makes has probability 0.

    Args:
        environment: The environment.
        possible: The moves, one for each way in which the turn can go on.

    Raises:
        InvalidValueError: The environment has no probabilities, or intervals of them.
    """
    given = environment.probabilities
    if given is None:
        rule = "must have one probability for each move, not an interval"
        if not environment.has_chances:
            rule = "must have a probability for each move"
        raise InvalidValueError("environment", environment.name, rule)
    among = Counter(possible)
    rest = min(given["nothing"] + fsum(p for move, p in given.items() if move not in among), 1.0)
    return [rest if move == "nothing" else given.get(move, 0.0) / among[move] for move in possible]


def move_ranges(environment: Environment, possible: Iterable[Move]) -> dict[Move, Range]:
    """Return the least and the most probability of each move that is possible in a state, "nothing" included.

    Any probabilities within these ranges that add up to 1 are possible. The probability of impossible moves goes to "nothing".

    Args:
        environment: The environment, with probabilities or intervals of them.
        possible: The moves that are possible; "nothing" always is.

    Raises:
        InvalidValueError: The environment has neither.
    """
    given = environment.ranges
    if given is None:
        if environment.probabilities is None:
            raise InvalidValueError("environment", environment.name, "must have a probability for each move")
        given = {move: (p, p) for move, p in environment.probabilities.items()}
    among = {"nothing", *possible}
    rest = [its for move, its in given.items() if move == "nothing" or move not in among]
    found: dict[Move, Range] = {move: given.get(move, (0.0, 0.0)) for move in environment.turn_moves if move in among}
    found["nothing"] = fsum(its[0] for its in rest), min(fsum(its[1] for its in rest), 1.0)
    return _possible_together(found)


def likely_moves(environment: Environment, possible: Sequence[Move]) -> list[bool]:
    """Return which of the moves that are possible in a state can have a probability above 0.

    Raises:
        InvalidValueError: The environment has neither probabilities nor intervals of them.
    """
    if environment.ranges is None:
        return [p > 0 for p in move_probabilities(environment, possible)]
    ranges = move_ranges(environment, possible)
    return [ranges[move][1] > 0 for move in possible]


ANY: Final = Environment(_ALL, name="anything")
"""Every move may happen, in any order and forever."""

KEEPS_PROMISES: Final = Environment(
    (move for move in _ALL if move != "broken"), keeps_promises=True, name="promises are kept"
)
"""Every move may happen, but promises are kept: at the latest on the last turn on which they can be, that on which they
fall due or the last one of a grace period."""
