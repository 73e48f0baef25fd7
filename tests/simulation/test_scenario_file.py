"""Scenario files: what can stand in them, and that everything wrong is told at once, with file, table and key."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from trustcurve import Curve
from trustcurve.documents.curve_file import curve_toml
from trustcurve.simulation import (
    Arrivals,
    Departures,
    InvalidScenarioError,
    WordOfMouth,
    load_scenario,
    parse_scenario,
)

POLICY = '[policy]\nname = "ask"\n[[rules]]\ndo = "ask"\n'
HEAD = '[scenario]\nname = "x"\nturns = 6\n'
SEGMENT = '[[segments]]\npolicy = "ask.toml"\nmoves = { purchase = 0.1 }\n'
TWO = "".join(
    f'[[segments]]\nname = "{name}"\nshare = {share}\npolicy = "ask.toml"\nmoves = {{ purchase = 0.1 }}\n'
    for name, share in (("a", 0.4), ("b", 0.6))
)
FULL = (
    '[scenario]\nname = "all of it"\ndescription = "why"\ncurve = "mine.toml"\nturns = 8\ncustomers = 50\nreplications = 2\nseed = 9\n'
    'turn_days = 45\npromises_max = 1\n'
    '[[segments]]\nname = "a"\nshare = 0.25\npolicy = "ask.toml"\nkeeps_promises = true\nmoves = { purchase = 0.1 }\n'
    "gains = { purchase = 30, departure = -2.5 }\n"
    '[[segments.changes]]\nfrom_turn = 3\nmoves = { nothing = 0.5, complaint = 0.5 }\n'
    '[[segments]]\nname = "b"\nshare = 0.75\npolicy = "ask.toml"\nmoves = { kept = 0.5, broken = 0.5 }\n'
    "[arrivals]\neach_turn = 4\nuntil_turn = 5\n"
    "[departures]\nchurn_probability = 0.5\nperiod_days = 180\n"
    "[word_of_mouth]\nshare_telling = 0.2\nperiod_days = 90\nlost_per_report = 3\n"
    "share_recommending = 0.1\nbrought_per_recommendation = 0.5\ndoubt_less = 2\n"
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with a policy and a curve."""
    (tmp_path / "ask.toml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(curve_toml(Curve.default(doubt_max=11)), encoding="utf-8")
    (tmp_path / "bad.toml").write_text('[policy]\nname = "bad"\n[[rules]]\ndo = "shout"\n', encoding="utf-8")
    head = '[policy]\nname = "{0}"\npromise_due = 9\n'
    (tmp_path / "promises.toml").write_text(
        head.format("promises") + '[[rules]]\ndo = "promise_minor"\n', encoding="utf-8"
    )
    other = head.format("elsewhere") + '[[rules]]\nwhen = { state = "elsewhere" }\ndo = "ask"\n'
    (tmp_path / "elsewhere.toml").write_text(other, encoding="utf-8")
    return tmp_path


def test_a_file_holds_all_that_a_scenario_has(folder: Path):
    (folder / "full.toml").write_text(FULL, encoding="utf-8")
    found = load_scenario(folder / "full.toml")
    assert (found.name, found.description, found.turns, found.customers, found.replications) == (
        "all of it",
        "why",
        8,
        50,
        2,
    )
    assert (found.seed, found.turn, found.promises_max) == (9, timedelta(days=45), 1)
    assert found.curve == Curve.default(doubt_max=11)
    assert [(each.name, each.share, each.policy.name) for each in found.segments] == [
        ("a", 0.25, "ask"),
        ("b", 0.75, "ask"),
    ]
    assert [dict(each.gains) for each in found.segments] == [{"purchase": 30, "departure": -2.5}, {}]
    assert [each.environment.keeps_promises for each in found.segments] == [True, False]
    (turning,) = found.segments[0].changes
    assert (turning.from_turn, turning.environment.probabilities) == (3, {"nothing": 0.5, "complaint": 0.5})
    assert found.arrivals == Arrivals(each_turn=4, until_turn=5)
    assert found.departures == Departures(churn_probability=0.5, period=timedelta(days=180))
    assert found.word_of_mouth == WordOfMouth(
        share_telling=0.2, share_recommending=0.1, period=timedelta(days=90), lost_per_report=3,
        brought_per_recommendation=0.5, doubt_less=2,
    )  # fmt: skip


def test_a_short_file_has_the_defaults(folder: Path):
    found = parse_scenario(HEAD + SEGMENT, folder=folder)
    assert (found.customers, found.replications, found.seed, found.promises_max) == (100_000, 10, 1, 2)
    assert (found.departures, found.arrivals, found.word_of_mouth) == (Departures(), None, None)
    assert found.departures == Departures(churn_probability=0.77, period=timedelta(days=360))
    told = parse_scenario(HEAD + SEGMENT + "[arrivals]\neach_turn = 1\n[word_of_mouth]\n", folder=folder)
    assert told.word_of_mouth == WordOfMouth(
        share_telling=0.33, share_recommending=0.33, period=timedelta(days=360), lost_per_report=1,
        brought_per_recommendation=1, doubt_less=1,
    )  # fmt: skip
    assert found.curve is Curve.default()


WRONG = {
    "no head": (SEGMENT, "scenario: is missing: the scenario as a whole"),
    "no name": (HEAD.replace('name = "x"\n', "") + SEGMENT, "[scenario] name: is missing: the name of the scenario"),
    "no turns": (HEAD.replace("turns = 6\n", "") + SEGMENT, "[scenario] turns: is missing: how many turns"),
    "no segments": (HEAD, "segments: is missing: one segment or more"),
    "no customers": (HEAD + "customers = 0\n" + SEGMENT, "[scenario] customers: must be at least 1 where there are no arrivals"),
    "nobody arrives": (
        HEAD + "customers = 0\n" + SEGMENT + "[arrivals]\neach_turn = 3\nuntil_turn = 0\n",
        "[scenario] customers: must be at least 1 where there are no arrivals",
    ),
    "fewer than none": (HEAD + "customers = -1\n" + SEGMENT, "[scenario] customers: must be a whole number from 0 to 100000000, got -1"),
    "half a turn": (HEAD.replace("6", "6.5") + SEGMENT, "[scenario] turns: must be a whole number from 1 to 10000, got 6.5"),
    "an unknown key": (HEAD + "turn = 6\n" + SEGMENT, "[scenario] turn: unknown key; did you mean 'turns'?"),
    "an unknown table": (HEAD + SEGMENT + "[arival]\n", "[arival]: unknown table; did you mean 'arrivals'?"),
    "too many promises": (HEAD + "promises_max = 9\n" + SEGMENT, "[scenario] promises_max: must be a whole number from 0 to 4, got 9"),
    "a turn that does not fit": (
        HEAD + "turn_days = 40\n" + SEGMENT, "[scenario] turn_days: must be a whole fraction of the curve's quiet period, 90 days",
    ),
    "a turn of nothing": (HEAD + "turn_days = 0\n" + SEGMENT, "[scenario] turn_days: must be a duration above zero"),
    "no such curve": (HEAD + 'curve = "no.toml"\n' + SEGMENT, "[scenario] curve: cannot open"),
    "no policy": (HEAD + "[[segments]]\nmoves = { purchase = 0.1 }\n", "[[segments]] number 1 policy: is missing: the file of the policy"),
    "no such policy": (HEAD + SEGMENT.replace("ask.toml", "no.toml"), "[[segments]] number 1 policy: cannot open"),
    "a wrong policy": (HEAD + SEGMENT.replace("ask.toml", "bad.toml"), "bad.toml: [[rules]] number 1 do: unknown word 'shout'"),
    "gains from no move": (
        HEAD + SEGMENT + "gains = { purchse = 3 }\n", "[[segments]] number 1 gains.purchse: unknown word 'purchse'; did you mean 'purchase'?",
    ),
    "gains without end": (
        HEAD + SEGMENT + "gains = { purchase = inf }\n", "gains.purchase: must be a number from -1e+12 to 1e+12, got inf",
    ),
    "an unknown signal": (
        HEAD + SEGMENT.replace("purchase", "purchse"), "[[segments]] number 1 moves.purchse: unknown word 'purchse'; did you mean 'purchase'?",
    ),
    "probabilities that do not add up": (
        HEAD + SEGMENT.replace("purchase = 0.1", "purchase = 0.7, complaint = 0.5"),
        "[[segments]] number 1 moves: must have probabilities that add up to at most 1, not 1.2",
    ),
    "probabilities that should be all": (
        HEAD + SEGMENT.replace("purchase = 0.1", "purchase = 0.7, nothing = 0.2"),
        "[[segments]] number 1 moves: must have probabilities that add up to 1 if they include 'nothing', not 0.9",
    ),
    "a probability of two": (
        HEAD + SEGMENT.replace("0.1", "2"), "[[segments]] number 1 moves.purchase: must be a probability from 0 to 1, got 2",
    ),
    "a probability in words": (HEAD + SEGMENT.replace("0.1", '"often"'), "moves.purchase: must be a probability from 0 to 1, got 'often'"),
    "no moves": (HEAD + '[[segments]]\npolicy = "ask.toml"\n', "[[segments]] number 1 moves: is missing: the probability of each move"),
    "moves as a list": (HEAD + SEGMENT.replace("{ purchase = 0.1 }", '["purchase"]'), "moves: must be a table, got an array"),
    "broken where promises are kept": (
        HEAD + SEGMENT.replace("purchase", "broken") + "keeps_promises = true\n", "moves: must not contain 'broken' if keeps_promises is true",
    ),
    "shares that do not add up": (HEAD + TWO.replace("0.4", "0.3"), "[[segments]]: must have shares that add up to 1, got 0.9"),
    "a missing share": (HEAD + TWO.replace("share = 0.4\n", ""), "[[segments]] a share: is missing"),
    "two of a name": (HEAD + TWO.replace('"b"', '"a"'), "[[segments]]: must each have a name of their own, got 'a'"),
    "no name of two": (HEAD + TWO.replace('name = "b"\n', ""), "[[segments]] number 2 name: is missing: each of several segments must have one"),
    "a change without a turn": (
        HEAD + SEGMENT + "[[segments.changes]]\nmoves = { purchase = 0.1 }\n", "changes number 1 from_turn: is missing",
    ),
    "a late change": (
        HEAD + SEGMENT + "[[segments.changes]]\nfrom_turn = 9\nmoves = { purchase = 0.1 }\n",
        "[[segments]]: must begin by the last turn, 6, in segment 'everyone', got 9",
    ),
    "changes in disorder": (
        HEAD + SEGMENT + "".join(f"[[segments.changes]]\nfrom_turn = {n}\nmoves = {{ purchase = 0.1 }}\n" for n in (3, 2)),
        "[[segments]] number 1 changes: must be in increasing order of from_turn, not 3, 2",
    ),
    "arrivals without a number": (HEAD + SEGMENT + "[arrivals]\n", "[arrivals] each_turn: is missing"),
    "a churn probability of two": (HEAD + SEGMENT + "[departures]\nchurn_probability = 2\n", "[departures] churn_probability: must be a probability from 0 to 1, got 2"),
    "a churn probability over no time": (HEAD + SEGMENT + "[departures]\nperiod_days = -1\n", "[departures] period_days: must be a duration above zero, got -1"),
    "less doubt by a half": (HEAD + SEGMENT + "[word_of_mouth]\ndoubt_less = 0.5\n", "[word_of_mouth] doubt_less: must be a whole number from 0 to 40, got 0.5"),
    "more than one can bring": (
        HEAD + SEGMENT + "[word_of_mouth]\nbrought_per_recommendation = 11\n", "[word_of_mouth] brought_per_recommendation: must be a number from 0 to 10, got 11",
    ),
    "gossip without newcomers": (HEAD + SEGMENT + "[word_of_mouth]\nbrought_per_recommendation = 0\n", "[word_of_mouth]: has no effect without newcomers"),
    "no TOML": ("[scenario", "TOML: "),
    "a policy that no path can name": (HEAD + SEGMENT.replace("ask.toml", r"a\u0000b"), "[[segments]] number 1 policy: must be the name of a file, got 'a\\x00b'"),
    "a curve that no path can name": (HEAD + r'curve = "a\u0000b"' + "\n" + SEGMENT, "[scenario] curve: must be the name of a file, got 'a\\x00b'"),
    "a number of many digits": (HEAD + f"seed = {'7' * 5001}\n" + SEGMENT, "line 4: a number has more than 100 digits"),
    "many digits in another way": (HEAD + f"seed = 0x{'7' * 5001}\n" + SEGMENT, "[scenario] seed: a number has more than 100 digits"),
    "tables in tables": (f"x = {'[' * 5000}", "TOML: "),
    "more customers than can be": (HEAD + "customers = 1000000000000\n" + SEGMENT, "[scenario] customers: must be a whole number from 0 to 100000000, got 1000000000000"),
    "more customers than there are numbers": (
        HEAD + "customers = 99999999999999999999\n" + SEGMENT, "[scenario] customers: must be a whole number from 0 to 100000000, got 99999999999999999999",
    ),
    "more turns than can be": (
        HEAD.replace("6", "99999999999999999999") + SEGMENT, "[scenario] turns: must be a whole number from 1 to 10000, got 99999999999999999999",
    ),
    "more samples than can be": (HEAD + "replications = 10001\n" + SEGMENT, "[scenario] replications: must be a whole number from 1 to 10000, got 10001"),
    "more newcomers than can be": (HEAD + SEGMENT + "[arrivals]\neach_turn = 100000001\n", "[arrivals] each_turn: must be a whole number from 0 to 100000000"),
    "more newcomers in all than can be": (
        HEAD + SEGMENT + "[arrivals]\neach_turn = 50000000\n", "[arrivals] each_turn: must bring at most 100000000 newcomers in total, got 300000000",
    ),
    "more rows than can be kept": (
        HEAD.replace("6", "1000") + SEGMENT + "[arrivals]\neach_turn = 1\n",
        "[scenario] turns: must keep turns x cohorts x segments x replications, 1000 x 1001 x 1 x 10, at most 2000000",
    ),
    "a turn of a minute and a half": (HEAD + "turn_days = 0.001\n" + SEGMENT, "[scenario] turn_days: must be at least a 100th of the curve's quiet period, 90 days"),
    "a curve that is missing, and a policy that would fit it": (
        HEAD + 'curve = "no.toml"\nturn_days = 7\n' + SEGMENT.replace("ask.toml", "elsewhere.toml"), "[scenario] curve: cannot open",
    ),
    "one segment's table": (HEAD + SEGMENT.replace("[[segments]]", "[segments]"), "[segments]: must be an array of tables, got a table"),
    "a head that is none": ("scenario = 3\n" + SEGMENT, "scenario: must be a table, got 3"),
    "arrivals that are none": ("arrivals = 3\n" + HEAD + SEGMENT, "arrivals: must be a table, got 3"),
    "arrivals that are wrong, of nobody else": (
        HEAD + "customers = 0\n" + SEGMENT + "[arrivals]\neach_turn = -1\n", "[arrivals] each_turn: must be a whole number from 0 to 100000000, got -1",
    ),
    "changes that are none": (HEAD + SEGMENT + "changes = [1]\n", "[[segments]] number 1 changes: must be a table, got 1"),
    "moves of none": (HEAD + SEGMENT.replace("{ purchase = 0.1 }", "{}"), "[[segments]] number 1 moves: must not be empty"),
    "a wrong policy twice": (HEAD + TWO.replace("ask.toml", "bad.toml"), "bad.toml: [[rules]] number 1 do: unknown word 'shout'"),
    "more promises than may be open": (
        HEAD + SEGMENT.replace("ask.toml", "promises.toml"),
        "[[segments]] number 1 policy: policy 'promises' cannot be simulated: the policy promises more than promises_max=2 things at once",
    ),
    "gossip, and no newcomer in any turn": (
        HEAD + SEGMENT + "[arrivals]\neach_turn = 0\n[word_of_mouth]\nshare_recommending = 0\n", "[word_of_mouth]: has no effect without newcomers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_one_clear_sentence_with_file_and_key(name: str, folder: Path):
    text, says = WRONG[name]
    (folder / "it.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidScenarioError) as caught:
        load_scenario(folder / "it.toml")
    lines = str(caught.value).splitlines()
    assert len(lines) == 1, lines
    source = folder / ("bad.toml" if name.startswith("a wrong policy") else "it.toml")
    assert lines[0].startswith(f"{source}: ")
    assert says in lines[0]


def test_everything_wrong_is_reported_at_once(folder: Path):
    text = (
        HEAD.replace("6", '"six"')
        + SEGMENT.replace("0.1", "3").replace("ask.toml", "bad.toml")
        + "[departures]\nchurn_probability = -1\n"
    )
    with pytest.raises(InvalidScenarioError) as caught:
        parse_scenario(text, "many.toml", folder)
    assert [(each.table, each.key) for each in caught.value.findings] == [
        ("[scenario]", "turns"),
        ("[[segments]] number 1", "moves.purchase"),
        ("[departures]", "churn_probability"),
        ("[[rules]] number 1", "do"),
    ]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (
            HEAD + TWO.replace("0.4", "0.3").replace("purchase = 0.1", "purchase = 3"),
            [("[[segments]] a", "moves.purchase"), ("[[segments]] b", "moves.purchase")],
        ),
        (
            HEAD + SEGMENT + "[[segments.changes]]\nfrom_turn = 9\nmoves = { purchase = 3 }\n",
            [("[[segments]] number 1 changes number 1", "moves.purchase")],
        ),
        ('segments = [1, "a"]\n' + HEAD, [("[[segments]] number 1", ""), ("[[segments]] number 2", "")]),
        (
            HEAD.replace("6", "-6") + SEGMENT + "[[segments.changes]]\nfrom_turn = 9\nmoves = {}\n",
            [("[scenario]", "turns"), ("[[segments]] number 1 changes number 1", "moves")],
        ),
    ],
    ids=["shares", "a late change", "no tables", "turns"],
)
def test_what_is_wrong_hides_nothing_and_is_reported_once(text: str, places: list[tuple[str, str]], folder: Path):
    with pytest.raises(InvalidScenarioError) as caught:
        parse_scenario(text, "many.toml", folder)
    assert [(each.table, each.key) for each in caught.value.findings] == places


def test_a_file_may_begin_with_a_byte_order_mark(folder: Path):
    (folder / "bom.toml").write_text(HEAD + SEGMENT, encoding="utf-8-sig")
    assert load_scenario(folder / "bom.toml").name == "x"


def test_a_file_that_is_no_text_is_reported(tmp_path: Path):
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidScenarioError, match="is not UTF-8"):
        load_scenario(tmp_path / "x.toml")
