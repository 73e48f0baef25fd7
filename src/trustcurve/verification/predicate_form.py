"""Predicates as data: tables of conditions on a turn, as documents write them, and the functions that are made of them.

A function reads of a turn only what its table asks about, what decides most cheaply first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Annotated, Any, Final, Literal, TypeVar

from attrs import define, field, frozen

from trustcurve.core.curve import Curve
from trustcurve.core.rules import Condition, Test, plain_conditions
from trustcurve.core.signals import ACCOUNT_LEVELS, ACCOUNT_WEIGHTS, Account
from trustcurve.core.standing import Position
from trustcurve.documents.condition_forms import Numbers, Words
from trustcurve.documents.forms import SOME, Problem
from trustcurve.documents.plain_text import Path
from trustcurve.documents.problems import unknown
from trustcurve.policies.actions import ACTIONS, WAIT, Move, PromiseMove
from trustcurve.policies.policy import OPEN_MAX, Policy
from trustcurve.verification.property import Predicate
from trustcurve.verification.turn import Turn
from trustcurve.verification.vocabulary import check_word

__all__ = ["PredicateReader", "PredicateTable", "tables_in"]


_Move = Literal[Move, PromiseMove]


@frozen
class PositionTable:
    """Conditions on a position, all of which must hold.

    Args:
        stage: The stage is one of these.
        posture: The posture within the stage is one of these.
        state: The leaf state is one of these.
        outside: Whether the customer stands before the barrier, or has left.
        account: What the company owes is one of these.
        kept: Promises that matter, kept.
        engaged: Goodwill.
        doubt: What repair alone cannot heal.
        felt_doubt: Doubt, and what the account adds to it.
    """

    stage: Words | None = None
    posture: Words | None = None
    state: Words | None = None
    outside: bool | None = None
    account: Account | Annotated[tuple[Account, ...], SOME] | None = None
    kept: Numbers | None = None
    engaged: Numbers | None = None
    doubt: Numbers | None = None
    felt_doubt: Numbers | None = None


_Position = Annotated[PositionTable, SOME]


@frozen
class PredicateTable:
    """Conditions on a turn, all of which must hold.

    Args:
        before: The position at the beginning of the turn.
        met: The position in which the policy decides.
        after: The position after the policy's action.
        moves: One of these moves of the environment came; "nothing": none came.
        actions: The company did one of these, such as "ask" or "promise_major"; "wait": it did nothing.
        signals: One of these signals came.
        open_before: How many promises are open at the beginning of the turn.
        open_after: How many are open at its end.
        changed: Whether the stage has changed.
        any: Tables of conditions of which at least one holds.
        all: Tables of conditions all of which hold.
        not_: Conditions that do not hold all at once.
    """

    before: _Position | None = None
    met: _Position | None = None
    after: _Position | None = None
    moves: _Move | Annotated[tuple[_Move, ...], SOME] | None = None
    actions: Words | None = None
    signals: Words | None = None
    open_before: Numbers | None = None
    open_after: Numbers | None = None
    changed: bool | None = None
    any: Annotated[tuple[Annotated[PredicateTable, SOME], ...], SOME] | None = None
    all: Annotated[tuple[Annotated[PredicateTable, SOME], ...], SOME] | None = None
    not_: Annotated[PredicateTable, SOME] | None = None


_POSITIONS: Final = ("before", "met", "after")
_PARTS: Final = ("stage", "posture", "state", "outside", "account", "kept", "engaged", "doubt", "felt_doubt")
_OPEN: Final = ("open_before", "open_after")
_CHEAPEST_FIRST: Final = (
    # What is known when a turn ends comes before what proofs must remember while it lasts.
    *("actions", "met", "after", "open_after", "moves", "signals", "before", "open_before", "changed"),
    *("all", "any", "not"),
)
_NOTHING: Final = ("nothing", WAIT)
"""The words for an empty set of moves, and of actions."""

_ABOUT_PROMISES: Final = re.compile(r"(promise|move|release)_.+", re.DOTALL)
"""Actions about a kind of promises, which only a policy names."""


def tables_in(value: object, path: Path) -> Iterator[Path]:
    """Yield the path of a predicate's table, and of every table inside it; skip what is not a table."""
    if isinstance(value, Mapping):
        yield path
        for key in ("any", "all"):
            entries = value.get(key)
            for number, each in enumerate(entries if isinstance(entries, list | tuple) else ()):
                yield from tables_in(each, (*path, key, number))
        yield from tables_in(value.get("not"), (*path, "not"))


def _actions_in(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the actions that a table and the tables inside it name."""
    yield from _listed(table.get("actions", ()))
    for inner in (*table.get("any", ()), *table.get("all", ()), *filter(None, [table.get("not")])):
        yield from _actions_in(inner)


@define(eq=False)
class PredicateReader:
    r"""Makes predicates of tables, in the words of a curve and of a policy.

    Args:
        curve: The curve whose stages, states and signals the tables name.
        policy: The policy whose actions they name. Without one: the actions of every policy, and those about kinds of
            promises, such as "promise_parcel", which must be actions of the policy for which a property is decided.

    Examples:
        >>> from trustcurve.policies import parse_policy
        >>> from trustcurve.verification import check, never
        >>> asks = PredicateReader(Curve.default()).predicate_of({"actions": "ask", "met": {"stage": "departed"}})
        >>> patient = parse_policy('rules = [{ do = "wait" }]\n[policy]\nname = "patient"')
        >>> print(check(Curve.default(), never(asks, name="no ask after a departure"), policy=patient))
        PROVED  no ask after a departure
    """

    curve: Curve
    policy: Policy | None = None
    _leaves: dict[str, dict[int, str]] = field(init=False)  # the state for each stage and felt doubt

    def __attrs_post_init__(self) -> None:
        self._leaves = {stage.name: {} for stage in self.curve.stages}
        for position in self.curve.table().positions:
            self._leaves[position.stage][self.curve.felt_doubt(position)] = self.curve.state(position)

    def problems_of(self, path: Path, get: Callable[..., Any]) -> Iterator[tuple[Path, Problem]]:
        """Yield the problems of one table, without those inside it: unknown words, and conditions that no turn fulfils.

        Args:
            path: The path of the table.
            get: Returns the plain value at a path, or None if it is missing or invalid.
        """
        known = {
            "stage": tuple(stage.name for stage in self.curve.stages),
            "posture": tuple(posture.name for stage in self.curve.stages for posture in stage.postures),
            "state": self.curve.states,
        }
        yield from _unknown((*path, "signals"), get(*path, "signals"), self.curve.signals)
        actions = [word for word in _listed(get(*path, "actions") or ()) if not self._is_about_promises(word)]
        yield from _unknown((*path, "actions"), actions, self._actions)
        for name in _POSITIONS:
            words = ((part, get(*path, name, part)) for part in known)
            wrong = [each for part, asked in words for each in _unknown((*path, name, part), asked, known[part])]
            yield from wrong
            where = get(*path, name)
            if where and not wrong and not any(map(self._position_test(where), self.curve.table().positions)):
                yield (*path, name), "never holds: the curve has no such position"
        for name in _OPEN:
            asked = get(*path, name)
            if asked is not None and not any(map(_number_test(asked), range(OPEN_MAX + 1))):
                yield (*path, name), f"never holds: from 0 to {OPEN_MAX} promises can be open"

    @property
    def _actions(self) -> tuple[str, ...]:
        return ACTIONS if self.policy is None else (WAIT, *self.policy.acts)

    def _is_about_promises(self, action: str) -> bool:
        """Whether it is left to the policy for which a property is decided whether there is such an action."""
        return self.policy is None and action not in ACTIONS and bool(_ABOUT_PROMISES.fullmatch(action))

    def predicates_of(self, tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Predicate]:
        """Return the predicates of a property by their keys; the shape and the words of their tables must be right.

        Where an action is left to the policy, each of them raises ``UnknownWordError`` in every turn of a policy without it,
        even if the rest decides: so a wrong word is never part of what is proved.
        """
        words = (word for table in tables.values() for word in _actions_in(table))
        left = tuple(dict.fromkeys(word for word in words if self._is_about_promises(word)))
        return {key: _checked(self.predicate_of(table), left) for key, table in tables.items()}

    def predicate_of(self, table: Mapping[str, Any]) -> Predicate:
        """Return the predicate that a table says; its shape and its words must be right."""
        return _all([self._turn_test(key, table[key]) for key in _CHEAPEST_FIRST if key in table])

    def _turn_test(self, key: str, asked: Any) -> Predicate:
        """Return the test of one key of a predicate's table."""
        if key in _POSITIONS:
            return _of(attrgetter(key), self._position_test(asked))
        if key in _OPEN:
            return _of(attrgetter(key), _number_test(asked))
        if key == "changed":
            return lambda turn: turn.changed == asked
        if key == "not":
            inner = self.predicate_of(asked)
            return lambda turn: not inner(turn)
        if key in ("any", "all"):
            tests = [self.predicate_of(each) for each in asked]
            return _any(tests) if key == "any" else _all(tests)
        return _any([partial(_came, _CAME[key], word) for word in _listed(asked)])

    def _position_test(self, asked: Mapping[str, Any]) -> Callable[[Position], bool]:
        return _all([self._part_test(condition) for condition in plain_conditions(asked, _PARTS)])

    def _part_test(self, condition: Condition) -> Callable[[Position], bool]:
        """Return the test of one part of a position."""
        part, values = condition.part, _listed(condition.value)
        if part == "account":
            return lambda position: position.account in values
        if part in ("kept", "engaged", "doubt", "felt_doubt"):
            return _of(_felt_doubt if part == "felt_doubt" else attrgetter(part), _comparison(condition.test, values))
        outside = {stage.name: stage.outside for stage in self.curve.stages}
        holds: dict[str, Callable[[str], bool]] = {
            "stage": lambda state: state.partition(".")[0] in values,
            "posture": lambda state: state.partition(".")[2] in values,
            "state": lambda state: state in values,
            "outside": lambda state: outside[state.partition(".")[0]] in values,
        }
        return self._state_test(holds[part])

    def _state_test(self, holds: Callable[[str], bool]) -> Callable[[Position], bool]:
        """Return the test of a state; it reads no more than the stage where that decides."""
        right = {
            stage: {felt for felt, leaf in leaves.items() if holds(leaf)} for stage, leaves in self._leaves.items()
        }
        decided = {stage: len(right[stage]) in (0, len(leaves)) for stage, leaves in self._leaves.items()}

        def passes(position: Position) -> bool:
            stage = position.stage
            return bool(right[stage]) if decided[stage] else _felt_doubt(position) in right[stage]

        return passes


def _unknown(path: Path, asked: Any, known: Collection[str]) -> Iterator[tuple[Path, Problem]]:
    words = (asked,) if isinstance(asked, str) else asked or ()
    return ((path, unknown(word, known)) for word in words if word not in known)


def _checked(predicate: Predicate, actions: Sequence[str]) -> Predicate:
    """Return a predicate that first checks that its policy has these actions."""

    def passes(turn: Turn) -> bool:
        for action in actions:
            check_word(turn.actions, action)
        return predicate(turn)

    return passes if actions else predicate


_CAME: Final[Mapping[str, Callable[[Turn], Collection[str]]]] = {
    key: attrgetter(key) for key in ("moves", "signals", "actions")
}


def _came(read: Callable[[Turn], Collection[str]], word: str, turn: Turn) -> bool:
    """Return whether a word came up in a turn; "nothing" and "wait": whether none did."""
    words = read(turn)
    return not words if word in _NOTHING else word in words


def _felt_doubt(position: Position) -> int:
    return position.doubt + ACCOUNT_WEIGHTS[ACCOUNT_LEVELS.index(position.account)]


# --- tests -----------------------------------------------------------------------------------------

_T = TypeVar("_T")
_V = TypeVar("_V")


def _of(part: Callable[[_T], _V], test: Callable[[_V], bool]) -> Callable[[_T], bool]:
    return lambda value: test(part(value))


def _all(tests: Sequence[Callable[[_T], bool]]) -> Callable[[_T], bool]:
    return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)


def _any(tests: Sequence[Callable[[_T], bool]]) -> Callable[[_T], bool]:
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _listed(asked: Any) -> tuple[Any, ...]:
    return tuple(asked) if isinstance(asked, list | tuple) else (asked,)


def _number_test(asked: Any) -> Callable[[int], bool]:
    conditions = plain_conditions({"number": asked}, ("number",))
    return _all([_comparison(each.test, _listed(each.value)) for each in conditions])


def _comparison(test: Test, values: Sequence[int]) -> Callable[[int], bool]:
    bound = values[0]
    comparisons: Mapping[Test, Callable[[int], bool]] = {
        "is": lambda number: number in values,
        "at_least": lambda number: number >= bound,
        "at_most": lambda number: number <= bound,
        "above": lambda number: number > bound,
        "below": lambda number: number < bound,
    }
    return comparisons[test]
