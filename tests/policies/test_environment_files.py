"""Environments from TOML files: what they say is the environment, and everything that is wrong is found at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from trustcurve import errors
from trustcurve.policies import (
    ANY,
    KEEPS_PROMISES,
    Environment,
    InvalidEnvironmentError,
    PolicyError,
    load_environment,
    parse_environment,
)

RIGHT = """\
[environment]
name = "an ordinary year"
keeps_promises = false
moves = { kept = 0.6, broken = 0.1, complaint = 0.05 }
"""

WRONG: dict[str, tuple[tuple[str, str], str, str, str]] = {
    "an unknown table": (("[environment]", "[enviroment]"), "[enviroment]", "", "did you mean 'environment'?"),
    "an unknown key": (("keeps_promises", "keep_promises"), "[environment]", "keep_promises", "'keeps_promises'?"),
    "an unknown move": (("kept", "kpet"), "[environment]", "moves.kpet", "unknown word 'kpet'; did you mean 'kept'?"),
    "an unknown move in an array": (
        ("{ kept = 0.6, broken = 0.1, complaint = 0.05 }", '["kept", "complain"]'),
        "[environment]",
        "moves",
        "unknown word 'complain'; did you mean 'complaint'?",
    ),
    "a move without probabilities that has one": (
        ("broken", "released"),
        "[environment]",
        "moves.released",
        "must not have a probability: it can happen at any time, but not once a turn",
    ),
    "no name": (('name = "an ordinary year"', ""), "[environment]", "name", "is missing: the name of the environment"),
    "an empty name": (('"an ordinary year"', '" "'), "[environment]", "name", "must be a text that is not empty"),
    "no moves": (("moves", "# moves"), "[environment]", "moves", "is missing: the moves that may happen"),
    "an empty table": (
        ("{ kept = 0.6, broken = 0.1, complaint = 0.05 }", "{}"),
        "[environment]",
        "moves",
        "must not be empty",
    ),
    "an empty array": (
        ("{ kept = 0.6, broken = 0.1, complaint = 0.05 }", "[]"),
        "[environment]",
        "moves",
        "must not be empty",
    ),
    "one move": (
        ("{ kept = 0.6, broken = 0.1, complaint = 0.05 }", '"kept"'),
        "[environment]",
        "moves",
        "must be a table or an array, got 'kept'",
    ),
    "a probability above 1": (("0.6", "1.6"), "[environment]", "moves.kept", "must be a probability from 0 to 1"),
    "a probability that is no number": (("0.6", '"often"'), "[environment]", "moves.kept", "got 'often'"),
    "probabilities that exceed 1": (
        ("0.6", "0.9"),
        "[environment]",
        "moves",
        "must have probabilities that add up to at most 1, not 1.05",
    ),
    "nothing, and not all of the rest": (
        ("kept = 0.6", "nothing = 0.6"),
        "[environment]",
        "moves",
        "must have probabilities that add up to 1 if they include 'nothing', not 0.75",
    ),
    "promises that are always kept, and broken": (
        ("keeps_promises = false", "keeps_promises = true"),
        "[environment]",
        "moves",
        "must not contain 'broken' if keeps_promises is true",
    ),
    "a flag that is none": (("= false", '= "no"'), "[environment]", "keeps_promises", "must be true or false"),
}
"""What is changed in the right file (old text, new text), and table, key and sentence of what must be found."""


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str):
    (old, new), table, key, says = WRONG[name]
    assert RIGHT.count(old) == 1
    with pytest.raises(InvalidEnvironmentError) as caught:
        parse_environment(RIGHT.replace(old, new), "year.toml")
    found = [f for f in caught.value.findings if (f.source, f.table, f.key) == ("year.toml", table, key)]
    assert len(found) == 1, str(caught.value)
    assert says in found[0].problem


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(InvalidEnvironmentError) as caught:
        parse_environment(RIGHT.replace("false", "0").replace("kept", "kpet").replace("0.05", "5"))
    assert len(caught.value.findings) == 3
    assert str(caught.value).count("the environment: [environment] ") == 3
    assert isinstance(caught.value, PolicyError)
    assert errors.InvalidEnvironmentError is InvalidEnvironmentError


def test_what_a_file_says_is_the_environment(tmp_path: Path):
    year = Environment({"kept": 0.6, "broken": 0.1, "complaint": 0.05}, name="an ordinary year")
    assert parse_environment(RIGHT) == year
    path = tmp_path / "year.toml"
    path.write_text(RIGHT, encoding="utf-8-sig")
    assert load_environment(path) == load_environment(str(path)) == year, "with a byte order mark"


@pytest.mark.parametrize("environment", [ANY, KEEPS_PROMISES, Environment(["return"], name="back")])
def test_an_environment_without_probabilities_is_an_array_of_moves(environment: Environment):
    flag = str(environment.keeps_promises).lower()
    text = f'[environment]\nname = "{environment.name}"\nmoves = {list(environment.names)}\nkeeps_promises = {flag}\n'
    assert parse_environment(text) == environment


BY_STATE = """\
[environment]
name = "an uneven year"
moves = { complaint = 0.05, review = 0.1 }
signals = ["review"]

[environment.where."distrust.adversarial"]
complaint = 0.3
customer_one_sided = [0.1, 0.2]
"""


def test_probabilities_may_depend_on_the_state():
    where = {"distrust.adversarial": {"complaint": 0.3, "customer_one_sided": (0.1, 0.2)}}
    year = Environment({"complaint": 0.05, "review": 0.1}, signals=["review"], where=where, name="an uneven year")
    assert parse_environment(BY_STATE) == year


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "complaint = 0.3",
            "complian = 0.3",
            "where.'distrust.adversarial'.complian: unknown word 'complian'; did you mean 'complaint'?",
        ),
        ("review = 0.1", "reviw = 0.1", "moves.reviw: unknown word 'reviw'; did you mean 'review'?"),
        (
            "complaint = 0.3",
            "complaint = 3",
            "where.'distrust.adversarial'.complaint: must be a probability from 0 to 1",
        ),
        (
            "complaint = 0.3",
            "complaint = 0.95",
            "where.distrust.adversarial: must have least probabilities that add up to at most 1, not 1.15",
        ),
        (
            "complaint = 0.3",
            "moved = 0.3",
            "must not have a probability: it can happen at any time, but not once a turn",
        ),
    ],
)
def test_what_is_wrong_in_a_state_is_found(old: str, new: str, says: str):
    with pytest.raises(InvalidEnvironmentError) as caught:
        parse_environment(BY_STATE.replace(old, new))
    assert says in str(caught.value)


def test_a_file_is_named_in_what_is_wrong_with_it(tmp_path: Path):
    path = tmp_path / "year.toml"
    path.write_text(RIGHT.replace("kept", "kpet"), encoding="utf-8")
    with pytest.raises(InvalidEnvironmentError, match=r"year\.toml: \[environment\] moves\.kpet: unknown word"):
        load_environment(path)
    with pytest.raises(FileNotFoundError):
        load_environment(tmp_path / "nowhere.toml")
