"""A loop that is written for model checkers has exactly the automaton's states, edges, probabilities and labels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.core.test_own_curve import OURS
from tests.simulation.worlds import ORDINARY, SHIPPED, random_world, shipped
from tests.verification.model_pictures import assert_same, pictured, unrolled
from tests.verification.model_readers import read_drn, read_prism
from tests.verification.strategies import CLOCKS
from trustcurve import Curve
from trustcurve.documents.curve_file import parse_curve, read_curve
from trustcurve.errors import InvalidValueError
from trustcurve.policies import ANY, Environment, parse_policy
from trustcurve.verification import export_model
from trustcurve.verification.automaton import Automaton
from trustcurve.verification.explicit_model import write_model

READERS = {".drn": read_drn, ".prism": read_prism}
GOLDEN = Path(__file__).parent / "golden"
PATIENT = parse_policy('[policy]\nname = "patient"\n[[rules]]\ndo = "wait"')
PROMISING = parse_policy(
    """\
[policy]
name = "promising"
promise_due = 2
[[rules]]
when = { open = 0, stage = "distrust", doubt = { at_most = 2 } }
do = "promise_major"
"""
)
WARM = """\
[policy]
name = "warm\\n@type: DTMC"
[[rules]]
when = { account = ["slip", "breach"] }
do = "repair"
[[rules]]
when = { outside = true, open = 0, account = "clear" }
do = "promise_major"
[[rules]]
when = { outside = false, quiet = { at_least = 1 } }
do = "exchange"
"""
GOLDENS: dict[str, dict[str, Any]] = {
    "chain": {"policy": PATIENT, "environment": Environment({"departure": 0.1, "return": 0.25}, name="come and go")},
    "process": {
        "policy": PROMISING,
        "environment": Environment(["broken"], name="broken"),
        "promises_max": 1,
    },
}


def assert_written(automaton: Automaton, folder: Path) -> None:
    """Check that both files of an automaton say what it is."""
    expected = pictured(automaton)
    for suffix, read in READERS.items():
        path = folder / f"model{suffix}"
        write_model(automaton, path)
        assert_same(read(path), expected)
    assert sorted(path.name for path in folder.iterdir()) == ["model.drn", "model.prism"]


@pytest.mark.parametrize("environment", [ANY, ORDINARY], ids=lambda environment: environment.name)
@pytest.mark.parametrize("name", SHIPPED)
def test_a_file_has_the_states_and_edges_of_a_shipped_policy_with_one_move_in_a_turn(
    curve: Curve, name: str, environment: Environment, tmp_path: Path
):
    assert_written(unrolled(curve, shipped(name), environment, once_a_turn=True), tmp_path)


@pytest.mark.parametrize(
    "more", [["kept", "moved"], ["kept", "broken", "kept_late"], ["complaint", "departure", "return"]]
)
def test_a_file_has_the_states_and_edges_of_a_loop_at_any_time(curve: Curve, more: list[Any], tmp_path: Path):
    automaton = unrolled(curve, PROMISING, Environment(["purchase", *more]), once_a_turn=False)
    assert automaton.states > 300
    assert_written(automaton, tmp_path)


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_file_has_the_states_and_edges_of_random_chains(clock: str, tmp_path: Path):
    parameters, turn = CLOCKS[clock]
    policy, environment = random_world(list(CLOCKS).index(clock))
    automaton = unrolled(Curve.default(**parameters), policy, environment, once_a_turn=False, turn=turn)
    assert automaton.stopped is None
    assert_written(automaton, tmp_path)


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("name", GOLDENS)
def test_a_small_model_is_written_as_it_was_reviewed(curve: Curve, name: str, suffix: str, tmp_path: Path):
    path = tmp_path / f"{name}{suffix.upper()}"
    export_model(curve, path, **GOLDENS[name])
    assert path.read_bytes() == (GOLDEN / f"{name}{suffix}").read_bytes()


def test_a_file_that_exists_is_replaced_where_it_is(curve: Curve, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    link, file = tmp_path / "chain.drn", tmp_path / "elsewhere" / "first.drn"
    file.write_text("something else")
    link.symlink_to(file)
    export_model(curve, str(link), **GOLDENS["chain"])
    assert link.is_symlink()
    assert file.read_bytes() == (GOLDEN / "chain.drn").read_bytes()


# --- names ------------------------------------------------------------------------------------------------------


def renamed(curve: Curve, names: dict[str, str]) -> Curve:
    """Return a curve whose stages and postures have other names."""

    def other(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: other(each) for key, each in value.items()}
        if isinstance(value, list):
            return list(map(other, value))
        return names.get(value, value) if isinstance(value, str) else value

    return read_curve(other(curve.to_plain()))


def test_names_that_are_no_labels_or_are_taken_are_told_apart(curve: Curve, tmp_path: Path):
    names = {
        "departed": "clear",
        "distrust": "full-of-hope",
        "adversarial": "1st",
        "suspicious": "Zürich",
        "hopeful": "init",
        "customer_centric": "full of hope",
    }
    own = renamed(curve, names)
    warm = parse_policy(WARM)
    for suffix, read in READERS.items():
        export_model(own, tmp_path / f"own{suffix}", policy=warm, environment=ANY, once_a_turn=True)
        model = read(tmp_path / f"own{suffix}")
        assert model.kind == "MDP"
        assert [state for state, labels in enumerate(model.labels) if "init" in labels] == [0]
        labels = set().union(*model.labels)
        stages = {"clear", "full_of_hope", "stage_init", "stage_full_of_hope"}
        assert stages | {"full_of_hope_1st", "full_of_hope_Z_rich", "account_clear"} <= labels
        assert all(len(each & stages) == 1 for each in model.labels)


OWN_ACTIONS = """\
actions = { "grüß Gott" = { signal = "applause" }, turns = { signal = "sigh" }, kept_1 = { signal = "sigh" } }
promises."parcel, today" = { due = 1 }
[policy]
name = "words of our own"
[[rules]]
when = { open = 1 }
do = ["kept_1", "turns", "grüß Gott"]
[[rules]]
when = { open = 0 }
do = ["promise_parcel, today", "ask"]
"""


def test_names_of_actions_that_are_no_labels_or_are_taken_are_told_apart(tmp_path: Path):
    own = parse_curve(OURS)
    policy = parse_policy(OWN_ACTIONS, curve=own)
    for suffix, read in READERS.items():
        path = tmp_path / f"own{suffix}"
        export_model(own, path, policy=policy, environment=Environment({"kept": 0.5, "purchase": 0.25}))
        rewards = set().union(*read(path).rewards)
        assert rewards == {
            *("turns", "nothing", "kept", "purchase", "ask"),
            *("promise_parcel__today", "action_kept_1", "action_turns", "gr___Gott"),
        }
        export_model(own, path, policy=policy, environment=Environment(["kept", "purchase"]), once_a_turn=True)
        labels = {choice.label for choices in read(path).choices for choice in choices}
        assert {"nothing__promise_parcel__today__ask", "kept_1__promise_parcel__today__ask"} <= labels
        assert "purchase__action_kept_1__action_turns__gr___Gott" in labels


# --- errors -----------------------------------------------------------------------------------------------------


def says(curve: Curve, path: object, **about: Any) -> str:
    """Return the message of the error that exporting raises."""
    with pytest.raises(InvalidValueError) as raised:
        export_model(curve, path, **{**GOLDENS["process"], **about})  # type: ignore[arg-type]
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.txt", "path must end in .drn (for Storm) or .prism (for PRISM and Storm), got 'model.txt'"),
        ("model", "path must end in .drn (for Storm) or .prism (for PRISM and Storm), got 'model'"),
        (".drn", "path must end in .drn (for Storm) or .prism (for PRISM and Storm), got '.drn'"),
        (3, "path must be a str or a path, got 3"),
        ("a\0.drn", r"path must not contain NUL, got 'a\x00.drn'"),
        ("none/m.drn", "path must be a file that can be written, got 'none/m.drn'; No such file or directory"),
        ("file/m.drn", "path must be a file that can be written, got 'file/m.drn'; Not a directory"),
        ("folder.drn", "path must be a file that can be written, got 'folder.drn'; Is a directory"),
    ],
)
def test_a_path_that_cannot_be_written_is_named(
    curve: Curve, name: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder.drn").mkdir()
    assert says(curve, name) == message
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder.drn"]


def test_a_loop_beyond_the_limits_is_not_written(curve: Curve, tmp_path: Path):
    path = tmp_path / "m.drn"
    path.write_text("as it was")
    rule = "policy must have a closed loop within the limits, got 'promising'; "
    assert says(curve, path, states_max=3) == rule + "there are more than states_max=3 states"
    assert says(curve, path, promises_max=0) == rule + "the policy promises more than promises_max=0 things at once"
    assert path.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"policy": None}, "policy must be given: export_model is about what a policy does"),
        ({"policy": "promising.toml"}, "policy must be a Policy, got 'promising.toml'; use load_policy(path)"),
        ({"states_max": 0}, "states_max must be a whole number of at least 1, got 0"),
    ],
)
def test_other_arguments_are_checked_as_for_a_check(curve: Curve, about: Any, message: str, tmp_path: Path):
    assert says(curve, tmp_path / "m.drn", **about).startswith(message)
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_of_a_file_that_was_not_finished(curve: Curve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "m.prism"
    path.write_text("as it was")

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", full)
    message = f"path must be a file that can be written, got {str(path)!r}; No space left on device"
    assert says(curve, path) == message
    assert path.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [path]


if __name__ == "__main__":  # write the golden files anew, to be reviewed
    for each, about in GOLDENS.items():
        for ending in READERS:
            export_model(Curve.default(), GOLDEN / f"{each}{ending}", **about)
