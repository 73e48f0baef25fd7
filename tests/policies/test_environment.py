"""Environments: what may happen, how likely it is, and what cannot be meant."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from trustcurve import Curve
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies import ANY, KEEPS_PROMISES, MOVES, Environment
from trustcurve.policies.environment import move_probabilities


def test_nothing_may_always_happen():
    assert Environment(["complaint"]).names == ("nothing", "complaint")
    assert Environment([]).names == ("nothing",)
    assert ANY.names == (*MOVES, "kept_late", "moved", "released")
    assert set(ANY.names) - set(KEEPS_PROMISES.names) == {"broken"}
    assert KEEPS_PROMISES.keeps_promises
    assert not ANY.keeps_promises


@pytest.mark.parametrize("move", ["kept_late", "moved", "released"])
def test_what_happens_to_promises_at_any_time_has_no_probability(move: str):
    assert move in Environment([move]).names
    with pytest.raises(InvalidValueError, match=f"must not have a probability for {move}"):
        Environment({move: 0.1})


def test_the_order_in_which_moves_are_given_does_not_matter():
    assert Environment(["return", "kept"]) == Environment({"kept": None, "return": None})
    assert Environment({"complaint": 0.1, "kept": 0.2}) == Environment({"kept": 0.2, "complaint": 0.1})


def test_what_is_left_of_one_is_nothing():
    assert Environment({"kept": 0.5, "complaint": 0.25}).probabilities == {
        "nothing": 0.25,
        "kept": 0.5,
        "complaint": 0.25,
    }
    assert Environment({"nothing": 0.5, "kept": 0.5}).probabilities == {"nothing": 0.5, "kept": 0.5}
    assert Environment({"kept": 1}).probabilities == {"nothing": 0, "kept": 1}
    assert Environment({"kept": 0.7, "broken": 0.2, "complaint": 0.1}).probabilities["nothing"] == 0  # type: ignore[index]
    assert Environment(["kept"]).probabilities is None


@pytest.mark.parametrize("moves", ["kept", 5, None, [["kept"]]])
def test_what_is_no_list_of_moves(moves: object):
    with pytest.raises(InvalidValueError, match="move"):
        Environment(moves)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="keeps_promises"):
        Environment(["kept"], keeps_promises="no")  # type: ignore[arg-type]


@pytest.mark.parametrize("moves", [["kepd"], {"kepd": 0.5}])
def test_a_word_that_is_no_move(moves: object):
    with pytest.raises(UnknownWordError, match="move"):
        Environment(moves)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("moves", "says"),
    [
        ({"kept": 1.5}, "must be a probability from 0 to 1"),
        ({"kept": -0.1}, "must be a probability from 0 to 1"),
        ({"kept": float("nan")}, "must be a probability from 0 to 1"),
        ({"kept": True}, "must be a probability from 0 to 1"),
        ({"kept": "often"}, "must be a probability from 0 to 1"),
        ({"kept": 0.6, "broken": 0.6}, "add up to at most 1, not 1.2"),
        ({"nothing": 0.1, "kept": 0.6}, "add up to 1 if they include 'nothing', not 0.7"),
        (
            {"kept": 0.5, "complaint": None},
            "must have probabilities for all moves or for none, got .*; missing: complaint",
        ),
    ],
)
def test_probabilities_that_cannot_be(moves: dict[str, float], says: str):
    with pytest.raises(InvalidValueError, match=says):
        Environment(moves)


def test_promises_that_are_kept_are_not_broken():
    with pytest.raises(InvalidValueError, match="must not contain 'broken' if keeps_promises"):
        Environment(["kept", "broken"], keeps_promises=True)
    assert Environment({"complaint": 0.1}, keeps_promises=True).names == ("nothing", "complaint")


def test_what_cannot_happen_goes_to_nothing():
    env = Environment({"kept": 0.5, "return": 0.25})
    assert move_probabilities(env, ["nothing"]) == [1]
    assert move_probabilities(env, ["nothing", "return"]) == [0.75, 0.25]
    assert move_probabilities(env, ["nothing", "kept", "kept"]) == [0.5, 0.25, 0.25], "each of two open promises alike"
    with pytest.raises(InvalidValueError, match="must have a probability for each move"):
        move_probabilities(ANY, ["nothing"])


@given(
    st.dictionaries(st.sampled_from(MOVES[1:]), st.integers(1, 9), min_size=1),
    st.integers(0, 9),
    st.data(),
)
def test_what_is_likely_adds_up_to_one(weights: dict[str, int], rest: int, data: st.DataObject):
    total = sum(weights.values()) + rest
    env = Environment({move: weight / total for move, weight in weights.items()})
    possible = ["nothing", *data.draw(st.lists(st.sampled_from(list(weights)), max_size=6))]
    likely = move_probabilities(env, possible)
    assert sum(likely) == pytest.approx(1)
    assert all(0 <= p <= 1 for p in likely)


# --- by stage and state ----------------------------------------------------------------------------

UNEVEN = Environment(
    {"complaint": 0.1, "nothing": 0.9},
    where={
        "distrust": {"complaint": 0.2, "customer_one_sided": 0.3},
        "distrust.adversarial": {"complaint": 0.4},
        "departed": {"return": 0.05, "complaint": 0},
    },
)


@pytest.mark.parametrize(
    ("state", "chances"),
    [
        ("hopeful", {"complaint": 0.1}),
        ("distrust", {"complaint": 0.2, "customer_one_sided": 0.3}),
        ("distrust.competitive", {"complaint": 0.2, "customer_one_sided": 0.3}),
        ("distrust.adversarial", {"complaint": 0.4, "customer_one_sided": 0.3}),
        ("departed", {"return": 0.05}),
    ],
)
def test_probabilities_depend_on_the_state(state: str, chances: dict[str, float]):
    there = UNEVEN.at(state)
    assert there.where == ()
    assert {move: p for move, p in (there.probabilities or {}).items() if p and move != "nothing"} == chances
    assert there.probabilities["nothing"] == pytest.approx(1 - sum(chances.values()))  # type: ignore[index]
    assert there.names == UNEVEN.names == ("nothing", "complaint", "customer_one_sided", "return")


def test_equal_worlds_are_one():
    states = ("hopeful", "advocate", "distrust.competitive", "distrust.adversarial", "distrust.suspicious")
    worlds, numbers = UNEVEN.worlds(states)
    assert numbers == (0, 0, 1, 2, 1)
    assert worlds == (UNEVEN.at("hopeful"), UNEVEN.at("distrust"), UNEVEN.at("distrust.adversarial"))
    even = Environment({"complaint": 0.1})
    assert even.worlds(states) == ((even,), (0,) * 5)


def test_intervals_in_some_state_alone():
    unsure = Environment({"complaint": 0.1}, where={"hopeful": {"complaint": (0.1, 0.3)}})
    assert unsure.has_intervals
    assert unsure.probabilities is None
    assert unsure.at("hopeful").ranges == {"nothing": (0.7, 0.9), "complaint": (0.1, 0.3)}
    assert unsure.at("distrust").probabilities == {"nothing": 0.9, "complaint": 0.1}


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"distrust": {"complaint": 2}}, "where.distrust must be a probability from 0 to 1"),
        (
            {"distrust": {"complaint": 0.5, "kept": 0.6}},
            "where.distrust must have probabilities that add up to at most 1",
        ),
        ({"distrust": {"moved": 0.2}}, "where.distrust must not have a probability for moved"),
        ({"distrust": {}}, "where must be the probabilities of moves by stage or state"),
        ({"distrust": ["complaint"]}, "where must be the probabilities of moves by stage or state"),
        (5, "where must be the probabilities of moves by stage or state"),
        ({5: {"complaint": 0.1}}, "where must be a text"),
    ],
)
def test_what_cannot_be_said_of_a_state(where: object, says: str):
    with pytest.raises(InvalidValueError, match=f"^{says}"):
        Environment({"complaint": 0.1}, where=where)  # type: ignore[arg-type]


def test_states_are_for_environments_with_probabilities():
    with pytest.raises(InvalidValueError, match="where must be left out where moves have no probabilities"):
        Environment(["complaint"], where={"distrust": {"complaint": 0.1}})
    with pytest.raises(UnknownWordError, match="move 'complian' is unknown; did you mean 'complaint'"):
        Environment({"complaint": 0.1}, where={"distrust": {"complian": 0.1}})
    with pytest.raises(
        UnknownWordError, match=r"where 'distrust.adversrial' is unknown; did you mean 'distrust.adversarial'"
    ):
        Environment({"complaint": 0.1}, where={"distrust.adversrial": {"complaint": 0.1}}).check_words(Curve.default())


def test_an_environment_is_copied_with_changes():
    named = evolve(UNEVEN, name="uneven")
    assert (named.name, named.moves, named.where) == ("uneven", UNEVEN.moves, UNEVEN.where)
    assert evolve(ANY, name="all").names == ANY.names
    assert evolve(UNEVEN, where={}).at("distrust") == evolve(UNEVEN, where={})
