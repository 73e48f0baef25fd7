"""Words in predicates: one that there is not is an error wherever it stands, and is never proved in silence."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustcurve import Curve
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies import Policy, load_policy
from trustcurve.verification import (
    Turn,
    always,
    at_least,
    at_most,
    before,
    check,
    leads_to,
    never,
    possible,
    recoverable_to,
    until,
)
from trustcurve.verification.property import Predicate
from trustcurve.verification.turn import strict_turn
from trustcurve.verification.vocabulary import ALL_MOVES, Vocabulary, Words


@pytest.fixture(scope="module")
def ours() -> Policy:
    return load_policy(Path(__file__).parents[2] / "examples" / "policies" / "solve_first.toml")


# --- typos -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("predicate", "says"),
    [
        (lambda turn: turn.met.stage == "advocat", "stage 'advocat'"),
        (lambda turn: turn.met.stage in ("hopeful", "partner"), "stage 'partner'"),
        (lambda turn: "partner" in [turn.met.stage, turn.after.stage], "stage 'partner'"),
        (lambda turn: turn.after.account != "cleer", "account 'cleer'"),
        (lambda turn: "complain" in turn.moves, "move 'complain'"),
        (lambda turn: any(move == "complain" for move in turn.moves), "move 'complain'"),
        (lambda turn: "complain" in list(turn.moves), "move 'complain'"),
        (lambda turn: "complain" in (turn.moves - {"purchase"}), "move 'complain'"),
        (lambda turn: "complain" in (turn.moves | turn.actions), "move 'complain'"),
        (lambda turn: turn.moves & {"complain"}, "move 'complain'"),
        (lambda turn: {"complain"} & turn.moves, "move 'complain'"),
        (lambda turn: turn.moves | {"complain"}, "move 'complain'"),
        (lambda turn: turn.moves ^ {"complain"}, "move 'complain'"),
        (lambda turn: turn.moves - {"complain"}, "move 'complain'"),
        (lambda turn: {"complain"} - turn.moves, "move 'complain'"),
        (lambda turn: turn.moves.isdisjoint({"complain"}), "move 'complain'"),
        (lambda turn: "kept_mayor" in turn.signals, "signal 'kept_mayor'"),
        (lambda turn: "aks" in turn.actions, "action 'aks'"),
        (lambda turn: turn.actions == {"aks"}, "action 'aks'"),
        (lambda turn: turn.actions != {"aks", "ask"}, "action 'aks'"),
        (lambda turn: turn.actions <= {"repiar"}, "action 'repiar'"),
        (lambda turn: turn.actions < {"repiar", "ask"}, "action 'repiar'"),
        (lambda turn: {"repiar"} <= turn.actions, "action 'repiar'"),
        (lambda turn: turn.actions >= {"repiar"}, "action 'repiar'"),
        (lambda turn: turn.actions > {"repiar"}, "action 'repiar'"),
        (lambda turn: turn.met.stage == None, "stage None"),  # noqa: E711 - that is the fault
    ],
)
def test_a_word_that_there_is_not_is_an_error(ours: Policy, predicate: Predicate, says: str) -> None:
    with pytest.raises(UnknownWordError, match=says):
        check(Curve.default(), never(predicate, name="typo"), policy=ours)


RANKS = {"distrust": 0, "hopefull": 1}


@pytest.mark.parametrize(
    ("predicate", "says", "how"),
    [
        (lambda turn: turn.met.stage.startswith("advokat"), "stage", "asked for its 'startswith'"),
        (lambda turn: turn.met.stage.lower() == "advocat", "stage", "asked for its 'lower'"),
        (lambda turn: turn.met.stage + "s" == "advocats", "stage", "taken apart or ordered"),
        (lambda turn: turn.met.stage[:3] == "adz", "stage", "taken apart or ordered"),
        (lambda turn: "advokat" in turn.met.stage, "stage", "taken apart or ordered"),
        (lambda turn: turn.met.stage < "hopefull", "stage", "taken apart or ordered"),
        (lambda turn: turn.met.stage in {"hopeful", "advocat"}, "stage", "looked up in a set or a dict"),
        (lambda turn: RANKS.get(turn.met.stage) == 1, "stage", "looked up in a set or a dict"),
        (lambda turn: turn.met.account in frozenset({"cleer", "due"}), "account", "looked up in a set or a dict"),
        (lambda turn: not {"complain"}.isdisjoint(turn.moves), "move", "looked up in a set or a dict"),
        (lambda turn: set(turn.moves) & {"complain"}, "move", "looked up in a set or a dict"),
        (lambda turn: "aks" in dict.fromkeys(turn.actions, 1), "action", "looked up in a set or a dict"),
    ],
)
def test_a_word_is_not_used_where_a_typo_would_go_unnoticed(
    ours: Policy, predicate: Predicate, says: str, how: str
) -> None:
    with pytest.raises(InvalidValueError, match=f"^{says} must not be {how}, where a typo would go unnoticed: use =="):
        check(Curve.default(), never(predicate, name="typo"), policy=ours)


def test_what_a_curve_says_of_a_position_can_be_asked(ours: Policy) -> None:
    curve = Curve.default()
    falls = never(lambda turn: curve.rank(turn.after) < curve.rank(turn.before), name="falls")
    suspicious = possible(lambda turn: curve.state(turn.after) == "distrust.suspicious", name="suspicious")
    assert [bool(verdict) for verdict in check(curve, falls, suspicious, policy=ours)] == [False, True]


@pytest.mark.parametrize(
    ("predicate", "says"),
    [
        (
            lambda turn: turn.actions == "ask",
            "the actions of a turn must be compared with a set, for example {'propose'}",
        ),
        (lambda turn: turn.moves == ["kept"], "the moves of a turn must be compared with a set, for example {'kept'}"),
        (
            lambda turn: turn.met == "advocate",
            "a position of a turn must be compared with a position: did you mean its",
        ),
        (lambda turn: turn.met in ("advocate", "hopeful"), "a position of a turn must be compared with a position"),
        (lambda turn: (each for each in turn.moves), "what happens returned must be true or false"),
        (lambda turn: turn.moves.isdisjoint, "what happens returned must be true or false"),
        (lambda turn: str(turn.met.stage), "what happens returned must be true or false, got 'distrust'"),
    ],
)
def test_what_is_no_comparison_is_an_error(ours: Policy, predicate: Predicate, says: str) -> None:
    with pytest.raises(InvalidValueError, match=f"^{re.escape(says)}"):
        check(Curve.default(), never(predicate, name="odd"), policy=ours)


def test_an_attribute_that_there_is_not_is_an_error(ours: Policy) -> None:
    with pytest.raises(AttributeError, match="a turn has no 'actoins'; it has before, met, after, moves, actions"):
        check(Curve.default(), never(lambda turn: turn.actoins, name="odd"), policy=ours)  # type: ignore[attr-defined]


# --- sets of words -------------------------------------------------------------------------------------

words = st.frozensets(st.sampled_from(ALL_MOVES))
operators = st.sampled_from((operator.and_, operator.or_, operator.sub, operator.xor))
comparisons = st.sampled_from((operator.eq, operator.ne, operator.le, operator.lt, operator.ge, operator.gt))


def words_of(came: AbstractSet[str], kind: str = "moves", known: tuple[str, ...] = ALL_MOVES) -> Words:
    return Words(kind, known, lambda feature: feature[1] in came)


@given(words, words, operators, comparisons, st.booleans())
def test_sets_of_words_behave_as_sets(
    one: frozenset[str],
    other: frozenset[str],
    operate: Callable[[Any, Any], Any],
    compare: Callable[[Any, Any], bool],
    plain: bool,  # noqa: FBT001 - drawn
) -> None:
    beside = other if plain else words_of(other)
    assert operate(words_of(one), beside) == operate(one, other)
    assert operate(beside, words_of(one)) == operate(other, one)
    assert compare(words_of(one), beside) is compare(one, other)
    assert compare(beside, words_of(one)) is compare(other, one)
    assert words_of(one).isdisjoint(beside) is one.isdisjoint(other)
    assert sorted(map(str, words_of(one))) == sorted(one)
    assert len(words_of(one)) == len(one)
    assert eval(repr(words_of(one))) == one  # noqa: S307 - our own


@given(words, words, st.sampled_from(ALL_MOVES))
def test_words_of_two_kinds_are_known_where_they_are_together(
    one: frozenset[str], other: frozenset[str], move: str
) -> None:
    acts = ("ask", "repair", move)
    together = words_of(one) | words_of(other | {"ask"}, "actions", acts)
    assert "ask" in together
    assert "repair" not in together
    assert (move in together) is (move in one | other)
    assert len(together & words_of({"ask"}, "actions", acts)) == 1
    with pytest.raises(UnknownWordError, match="move 'aks'"):
        assert "aks" in together


def test_a_turn_of_a_log_knows_its_words() -> None:
    curve = Curve.default()
    start = curve.start
    turn = Turn(start, start, start, frozenset({"purchase"}), frozenset(), frozenset({"purchase"}), 0, 0)
    strict = strict_turn(turn, Vocabulary.of(curve, (), ("ask",)))
    assert strict.moves == {"purchase"}
    assert strict.met.stage == "distrust"
    assert not strict.changed
    with pytest.raises(UnknownWordError, match="move 'buys'"):
        assert "buys" in strict.moves


# --- predicates that say nothing -----------------------------------------------------------------------


def says_nothing(turn: Turn) -> None:
    """Compare, and forget to return."""
    turn.met.stage == "hopeful"  # noqa: B015 - that is the fault


def something(turn: Turn) -> bool:
    return turn.met.doubt > 1


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (always, "holds"),
        (lambda bad: always(something, when=bad), "when"),
        (never, "happens"),
        (possible, "goal"),
        (recoverable_to, "goal"),
        (lambda bad: leads_to(bad, something), "after"),
        (lambda bad: leads_to(something, bad, within=2), "comes"),
        (lambda bad: leads_to(something, something, unless=bad), "unless|comes"),
        (lambda bad: at_most(1, bad), "event"),
        (lambda bad: at_most(1, something, while_=bad), "while"),
        (lambda bad: at_least(1, bad, per=2), "event"),
        (lambda bad: before(bad, something), "first"),
        (lambda bad: before(something, bad), "then"),
        (lambda bad: before(something, something, after=bad), "after"),
        (lambda bad: until(bad, lambda turn: turn.met.doubt > 8), "holds"),
        (lambda bad: until(something, bad), "goal"),
    ],
)
def test_a_predicate_that_returns_none_is_an_error(ours: Policy, make: Callable[[Any], Any], argument: str) -> None:
    with pytest.raises(
        InvalidValueError,
        match=rf"^what ({argument}) returned must be true or false: does says_nothing lack a return\?",
    ):
        check(Curve.default(), make(says_nothing), policy=ours)
