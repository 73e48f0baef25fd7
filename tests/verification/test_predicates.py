"""Predicates as data: on random turns they say what a plain reading of their tables says, and they read no more than that."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.test_own_curve import OURS
from trustcurve import Curve, Position
from trustcurve.core.signals import ACCOUNT_LEVELS
from trustcurve.documents.curve_file import parse_curve
from trustcurve.policies import ACTIONS
from trustcurve.verification import Turn
from trustcurve.verification.predicate_form import PredicateReader
from trustcurve.verification.turn import turn_to_read
from trustcurve.verification.vocabulary import ALL_MOVES, UnreadError, Vocabulary

ACTS = tuple(action for action in ACTIONS if action != "wait")
CURVES = {"default": Curve.default(), "of one's own": parse_curve(OURS)}


@cache
def positions(name: str) -> tuple[Position, ...]:
    return tuple(CURVES[name].table().positions)


def turn_of(draw: st.DrawFn, name: str) -> Turn:
    """Draw a turn; its parts need not fit together."""
    before, met, after = (draw(st.sampled_from(positions(name))) for _ in range(3))
    moves = draw(st.frozensets(st.sampled_from(ALL_MOVES), max_size=4))
    signals = draw(st.frozensets(st.sampled_from(CURVES[name].signals), max_size=4))
    actions = draw(st.frozensets(st.sampled_from(ACTS), max_size=2))
    return Turn(before, met, after, moves, actions, signals, draw(st.integers(0, 4)), draw(st.integers(0, 4)))


def some(words: Any) -> st.SearchStrategy[Any]:
    """Draw one word or several."""
    return st.sampled_from(words) | st.lists(st.sampled_from(words), min_size=1, max_size=3)


@st.composite
def one_or_two(draw: st.DrawFn, **parts: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Draw a table with one or two of its keys: with more it would hardly ever hold."""
    keys = draw(st.lists(st.sampled_from(sorted(parts)), min_size=1, max_size=2, unique=True))
    return {key: draw(parts[key]) for key in keys}


NUMBER = st.integers(0, 5)
NUMBERS = (
    NUMBER
    | st.lists(NUMBER, min_size=1, max_size=3)
    | one_or_two(at_least=NUMBER, at_most=NUMBER, above=NUMBER, below=NUMBER)
)


def tables(curve: Curve) -> st.SearchStrategy[dict[str, Any]]:
    """Draw tables of conditions on turns."""
    position = one_or_two(
        stage=some([stage.name for stage in curve.stages]),
        state=some(curve.states),
        posture=some([posture.name for stage in curve.stages for posture in stage.postures]),
        outside=st.booleans(),
        account=some(ACCOUNT_LEVELS),
        **dict.fromkeys(("kept", "engaged", "doubt", "felt_doubt"), NUMBERS),
    )
    simple = {
        **dict.fromkeys(("before", "met", "after"), position),
        "moves": some(["nothing", *ALL_MOVES]),
        "actions": some(ACTIONS),
        "signals": some(curve.signals),
        **dict.fromkeys(("open_before", "open_after"), NUMBERS),
        "changed": st.booleans(),
    }
    return st.recursive(
        one_or_two(**simple),
        lambda inner: one_or_two(
            **{"not": inner}, **dict.fromkeys(("any", "all"), st.lists(inner, min_size=1, max_size=3)), **simple
        ),
        max_leaves=6,
    )


# --- a plain reading -------------------------------------------------------------------------------


def listed(asked: Any) -> list[Any]:
    return asked if isinstance(asked, list) else [asked]


def number_fits(asked: Any, number: int) -> bool:
    if not isinstance(asked, dict):
        return number in listed(asked)
    return (
        number >= asked.get("at_least", number)
        and number <= asked.get("at_most", number)
        and number > asked.get("above", number - 1)
        and number < asked.get("below", number + 1)
    )


def position_fits(asked: dict[str, Any], position: Position, curve: Curve) -> bool:
    state = curve.state(position)
    seen: dict[str, Any] = {
        "stage": position.stage,
        "state": state,
        "posture": state.rpartition(".")[2] if "." in state else None,
        "outside": curve.stage(position).outside,
        "account": position.account,
    }
    numbers = {"kept": position.kept, "engaged": position.engaged, "doubt": position.doubt}
    numbers["felt_doubt"] = curve.felt_doubt(position)
    return all(
        number_fits(each, numbers[part]) if part in numbers else seen[part] in listed(each)
        for part, each in asked.items()
    )


def fits(table: dict[str, Any], turn: Turn, curve: Curve) -> bool:
    """Read a table key by key, all of them."""
    words = {
        "moves": set(turn.moves) or {"nothing"},
        "actions": set(turn.actions) or {"wait"},
        "signals": set(turn.signals),
    }
    found = []
    for key, asked in table.items():
        if key in ("before", "met", "after"):
            found.append(position_fits(asked, getattr(turn, key), curve))
        elif key in words:
            found.append(not words[key].isdisjoint(listed(asked)))
        elif key in ("open_before", "open_after"):
            found.append(number_fits(asked, getattr(turn, key)))
        elif key == "changed":
            found.append((turn.before.stage != turn.after.stage) is asked)
        elif key == "not":
            found.append(not fits(asked, turn, curve))
        else:
            inner = [fits(each, turn, curve) for each in asked]
            found.append(True in inner if key == "any" else False not in inner)
    return False not in found


@pytest.mark.parametrize(
    "name", [name if name == "default" else pytest.param(name, marks=pytest.mark.slow) for name in CURVES]
)
def test_a_predicate_says_what_a_plain_reading_says(name: str):
    curve = CURVES[name]
    reader = PredicateReader(curve)

    @settings(max_examples=300)
    @given(st.data())
    def agrees(data: st.DataObject) -> None:
        table = data.draw(tables(curve))
        predicate = reader.predicate_of(table)
        for _ in range(3):
            turn = data.draw(st.composite(turn_of)(name))
            assert predicate(turn) is fits(table, turn, curve)

    agrees()


# --- what is read ----------------------------------------------------------------------------------


def read_of(table: dict[str, Any], turn: Turn) -> set[tuple[str, str]]:
    """Return the features of a turn that a predicate reads, and check that it says the same of the turn itself."""
    curve = Curve.default()
    predicate = PredicateReader(curve).predicate_of(table)
    words = Vocabulary(tuple(stage.name for stage in curve.stages), ACCOUNT_LEVELS, ALL_MOVES, ACTS, curve.signals)
    known: dict[tuple[str, str], Any] = {}
    while True:
        try:
            assert predicate(turn_to_read(known, words)) is predicate(turn)
        except UnreadError as unread:
            for which, part in unread.features:
                value = getattr(turn, which)
                if which in ("moves", "actions", "signals"):
                    value = part in value
                known[which, part] = getattr(value, part) if which in ("before", "met", "after") else value
        else:
            return set(known)


START = Curve.default().start
HOPEFUL = next(each for each in Curve.default().table().positions if each.stage == "hopeful")
ASKED = Turn(START, HOPEFUL, HOPEFUL, frozenset({"complaint"}), frozenset({"ask"}), frozenset({"complaint"}), 0, 1)


@pytest.mark.parametrize(
    ("table", "features"),
    [
        ({"actions": "ask"}, {("actions", "ask")}),
        ({"actions": "wait"}, {("actions", action) for action in ACTS}),
        ({"actions": "exchange", "met": {"doubt": 3}, "moves": "purchase"}, {("actions", "exchange")}),
        ({"met": {"stage": "hopeful"}}, {("met", "stage")}),
        ({"met": {"state": "hopeful", "doubt": {"above": 90}}}, {("met", "stage"), ("met", "doubt")}),
        ({"met": {"state": "distrust.suspicious"}}, {("met", "stage")}),
        ({"before": {"posture": "suspicious"}}, {("before", part) for part in ("stage", "doubt", "account")}),
        ({"before": {"outside": True}}, {("before", "stage")}),
        ({"after": {"felt_doubt": 3}}, {("after", "doubt"), ("after", "account")}),
        ({"moves": ["complaint", "purchase"]}, {("moves", "complaint")}),
        ({"signals": ["purchase", "complaint"]}, {("signals", "complaint"), ("signals", "purchase")}),
        ({"moves": "nothing"}, {("moves", move) for move in ALL_MOVES}),
        ({"open_after": 1, "open_before": 1}, {("open_after", ""), ("open_before", "")}),
        ({"changed": False}, {("before", "stage"), ("after", "stage")}),
        ({"any": [{"actions": "ask"}, {"moves": "purchase"}]}, {("actions", "ask")}),
        ({"not": {"actions": "ask"}, "any": [{"open_after": 0}]}, {("open_after", "")}),
    ],
)
def test_a_predicate_reads_only_what_decides(table: dict[str, Any], features: set[tuple[str, str]]):
    assert read_of(table, ASKED) == features
