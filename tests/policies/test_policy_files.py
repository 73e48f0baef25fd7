"""Policies from TOML files: what they say is what they do, and everything that is wrong is found at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.test_own_curve import OURS
from tests.policies.views import view
from tests.policies.wrong_policies import RIGHT, WRONG
from trustcurve import Curve
from trustcurve.documents.curve_file import parse_curve
from trustcurve.policies import (
    InvalidPolicyError,
    OpenPromise,
    Policy,
    PolicyError,
    Recall,
    View,
    load_policy,
    parse_policy,
    since,
    times,
    trend,
    tries,
)


def rules(*rows: str, head: str = "") -> str:
    """Write a policy of a few rows."""
    return "\n".join(['[policy]\nname = "ours"', head, *(f"[[rules]]\n{row}" for row in rows)])


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str):
    (old, new), table, key, says = WRONG[name]
    assert RIGHT.count(old) == 1
    with pytest.raises(InvalidPolicyError) as caught:
        parse_policy(RIGHT.replace(old, new), "patient.toml")
    found = [f for f in caught.value.findings if (f.source, f.table, f.key) == ("patient.toml", table, key)]
    assert len(found) == 1, str(caught.value)
    assert says in found[0].problem


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the policy: policy: is missing: the policy as a whole"),
        ("", "the policy: rules: is missing: the rows, in order"),
        ('rules = []\n[policy]\nname = "a"', "the policy: [[rules]]: must not be empty"),
        ("policy = 1", "the policy: policy: must be a table, got 1"),
        ('rules = 1\n[policy]\nname = "a"', "the policy: rules: must be an array of tables, got 1"),
        ("[policy", "the policy: TOML: Expected"),
        ('[policy]\nname = "a"\n[[rules]]\ndo = "ask"\nwhen = 3', "[[rules]] number 1 when: must be a table, got 3"),
    ],
)
def test_a_file_that_is_not_a_policy(text: str, says: str):
    with pytest.raises(InvalidPolicyError) as caught:
        parse_policy(text)
    assert any(says in line for line in str(caught.value).splitlines()), str(caught.value)


def test_everything_that_is_wrong_is_told_at_once():
    text = RIGHT.replace("within = 2", "within = 25").replace('"repair"', '"repiar"').replace("open", "opn")
    with pytest.raises(InvalidPolicyError) as caught:
        parse_policy(text, "patient.toml")
    assert str(caught.value).count("patient.toml: ") == len(caught.value.findings) == 3
    assert isinstance(caught.value, PolicyError)


def test_a_file_is_named_in_what_is_wrong_with_it(tmp_path: Path):
    path = tmp_path / "patient.toml"
    path.write_text(RIGHT, encoding="utf-8")
    assert load_policy(path) == parse_policy(RIGHT)
    path.write_text(RIGHT, encoding="utf-8-sig")
    assert load_policy(path) == parse_policy(RIGHT), "with a byte order mark"
    path.write_text(RIGHT.replace("repair", "repiar"), encoding="utf-8")
    with pytest.raises(InvalidPolicyError, match=r"patient\.toml: \[\[rules\]\] make good do"):
        load_policy(str(path))
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(InvalidPolicyError, match="is not UTF-8"):
        load_policy(path)
    with pytest.raises(FileNotFoundError):
        load_policy(tmp_path / "nowhere.toml")


def test_what_a_file_says_is_what_the_policy_knows():
    patient = parse_policy(RIGHT.replace("promise_due = 3", 'promise_due = 3\ndescription = "no haste"'))
    assert (patient.name, patient.description) == ("patient", "no haste")
    assert patient.promise_due == 3
    assert set(patient.recalls) == {since("exchange", 2), times("ask", 2)}
    plain = parse_policy(rules('do = "ask"'))
    assert (plain.recalls, plain.promise_due, plain.description) == ((), 2, "")
    assert plain == Policy(name="ours", decide=plain.decide)


MINOR, DELIVERY = OpenPromise("minor", "minor", 3), OpenPromise("delivery", "major", 1)
MOVED = OpenPromise("delivery", "major", None)


@pytest.mark.parametrize(
    ("when", "holds", "fails"),
    [
        ('stage = "hopeful"', {"stage": "hopeful"}, {"stage": "advocate"}),
        ('stage = ["hopeful", "advocate"]', {"stage": "advocate"}, {"stage": "departed"}),
        ('state = "distrust.competitive"', {"state": "distrust.competitive"}, {"state": "distrust.adversarial"}),
        ('posture = "competitive"', {"state": "distrust.competitive"}, {"state": "hopeful"}),
        ("outside = true", {"outside": True}, {"outside": False}),
        ('account = ["slip", "breach"]', {"account": "breach"}, {"account": "due"}),
        ("kept = [1, 3]", {"kept": 3}, {"kept": 2}),
        ("engaged = 2", {"engaged": 2}, {"engaged": 1}),
        ("doubt = { at_least = 2, below = 5 }", {"doubt": 4}, {"doubt": 5}),
        ("felt_doubt = { above = 2, at_most = 5 }", {"felt_doubt": 5}, {"felt_doubt": 2}),
        ("quiet = { at_least = 2 }", {"quiet": 2}, {"quiet": 1}),
        ("open = { at_most = 1 }", {"open": 1}, {"open": 2}),
        ("since = { complaint = 0 }", {since("complaint", 1): 0}, {since("complaint", 1): 1}),
        ("since = { ask = { at_least = 3 } }", {since("ask", 3): 3}, {since("ask", 3): 2}),
        ("since = { joining = { below = 3 } }", {since("joining", 3): 2}, {since("joining", 3): 3}),
        ("times = { contact = { within = 4, at_least = 2 } }", {times("contact", 4): 9}, {times("contact", 4): 8}),
        ("tries = { propose = { at_most = 1 } }", {tries("propose", 2): 1}, {tries("propose", 2): 2}),
        ('trend = "fall"', {trend(): 2}, {trend(): 1}),
        (
            'last = ["ask", "wait"]',
            {since("ask", 2): 1, since("contact", 2): 1},
            {since("ask", 2): 2, since("contact", 2): 1},
        ),
        ('last = "wait"', {since("contact", 2): 2}, {since("contact", 2): 1}),
        ('promised = "minor"', {"promises": (MINOR,)}, {"promises": (DELIVERY,)}),
        ('promised = ["minor", "delivery"]', {"promises": (DELIVERY,)}, {"promises": ()}),
        ("left = { major = { at_most = 1 } }", {"promises": (DELIVERY,)}, {"promises": (MINOR,)}),
        ("left = { delivery = 1 }", {"promises": (MINOR, DELIVERY)}, {"promises": (MOVED,)}),
        ("left = { any = { below = 3 } }", {"promises": (MOVED, DELIVERY)}, {"promises": (MINOR,)}),
        ('constants = { tier = "gold" }', {"constants": (("tier", "gold"),)}, {"constants": (("tier", "basic"),)}),
        ("constants = { value = { above = 2 } }", {"constants": (("value", 3),)}, {"constants": (("value", 1),)}),
        ('stage = "hopeful", open = 0', {"stage": "hopeful", "open": 0}, {"stage": "hopeful", "open": 1}),
    ],
)
def test_a_condition_holds_where_it_says(when: str, holds: dict[Any, Any], fails: dict[Any, Any]):
    head = '[promises.delivery]\n[constants]\ntier = ["basic", "gold"]\nvalue = [1, 3]'
    ours = parse_policy(rules(f'when = {{ {when} }}\ndo = ["exchange", "ask"]', head=head))
    assert ours.actions(shown(holds)) == ("exchange", "ask")
    assert ours.actions(shown(fails)) == (), "no row holds"


def shown(parts: dict[Any, Any]) -> View:
    """Return a view with some parts, or with some values of what is remembered."""
    remembered = {part: value for part, value in parts.items() if isinstance(part, Recall)}
    return view(remembered, **{part: value for part, value in parts.items() if not isinstance(part, Recall)})


def test_the_first_row_that_holds_decides():
    ours = parse_policy(rules('when = { stage = "hopeful" }\ndo = "ask"', 'when = { engaged = 0 }\ndo = "exchange"'))
    assert ours.actions(view(stage="hopeful", engaged=0)) == ("ask",)
    assert ours.actions(view(stage="advocate", engaged=0)) == ("exchange",)


def test_rows_are_named_by_their_place_where_they_have_no_name():
    ours = parse_policy(rules('when = { quiet = 1 }\ndo = "ask"', 'name = "else"\ndo = "wait"\nbecause = "no reason"'))
    assert [(rule.name, rule.because) for rule in ours.decide.rules] == [("number 1", ""), ("else", "no reason")]
    assert ours.decide.rule(view(quiet=1)).name == "number 1"


def test_a_quiet_of_any_length_may_be_asked_for():
    # How many turns a quiet period has is said where the policy is proved, not in its file.
    parse_policy(rules('when = { quiet = { at_least = 500 } }\ndo = "exchange"'))


def test_the_words_of_a_curve_of_ones_own():
    ours = parse_curve(OURS)
    text = rules('when = { stage = "loyal" }\ndo = "ask"')
    loyal = parse_policy(text, curve=ours)
    assert loyal.actions(view(stage="loyal")) == ("ask",)
    with pytest.raises(InvalidPolicyError, match="unknown word 'loyal'"):
        parse_policy(text)


def test_the_ranges_of_a_curve_of_ones_own():
    text = rules('when = { doubt = 14 }\ndo = "repair"')
    parse_policy(text, curve=Curve.default(doubt_max=14))
    with pytest.raises(InvalidPolicyError, match="can never match"):
        parse_policy(text)


def test_a_policy_has_at_most_five_hundred_rows():
    rows = [f'[[rules]]\nwhen = {{ stage = "hopeful", quiet = {n} }}\ndo = "ask"\n' for n in range(501)]
    assert parse_policy('[policy]\nname = "long"\n' + "".join(rows[:500])).is_data
    with pytest.raises(InvalidPolicyError, match=r"\[\[rules\]\]: must have at most 500 rows, got 501"):
        parse_policy('[policy]\nname = "long"\n' + "".join(rows))
