"""Properties from TOML files: each is the property that the same words in Python make, and what is wrong is found at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from tests.core.test_own_curve import OURS
from tests.verification.wrong_properties import RIGHT, WRONG
from trustcurve import Curve, errors
from trustcurve.documents.curve_file import parse_curve
from trustcurve.errors import InvalidDocumentError, UnknownWordError
from trustcurve.policies import ANY, Environment, Policy, load_environment, load_policy, parse_policy
from trustcurve.simulation import Scenario, solve
from trustcurve.verification import (
    InvalidPropertiesError,
    Property,
    Status,
    Turn,
    Verdict,
    always,
    at_least,
    at_most,
    before,
    check,
    expected_total,
    expected_turns,
    leads_to,
    load_properties,
    never,
    parse_properties,
    possible,
    probability,
    recoverable_to,
    until,
)

EXAMPLES = Path(__file__).parents[2] / "examples"
POLICIES = sorted((EXAMPLES / "policies").glob("*.toml"))
YEAR = load_environment(EXAMPLES / "properties" / "ordinary_year.toml")
CURVE = Curve.default()


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str):
    (old, new), table, key, says = WRONG[name]
    assert RIGHT.count(old) == 1
    with pytest.raises(InvalidPropertiesError) as caught:
        parse_properties(RIGHT.replace(old, new), "manners.toml")
    found = [f for f in caught.value.findings if (f.source, f.table, f.key) == ("manners.toml", table, key)]
    assert len(found) == 1, str(caught.value)
    assert says in found[0].problem


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the properties: properties: is missing: the properties, in order"),
        ("properties = []", "the properties: [[properties]]: must not be empty, got an empty array"),
        ("properties = 1", "the properties: properties: must be an array of tables, got 1"),
        ("properties = [1]", "the properties: [[properties]] number 1: must be a table, got 1"),
        ('[properties]\nname = "a"', "the properties: [properties]: must be an array of tables, got a table"),
    ],
)
def test_a_file_without_properties(text: str, says: str):
    with pytest.raises(InvalidPropertiesError) as caught:
        parse_properties(text)
    assert str(caught.value) == says


def test_everything_that_is_wrong_is_told_at_once():
    text = RIGHT.replace("complaint", "complain").replace('"advocate"', '"advocat"').replace("per = 4", "per = 0")
    with pytest.raises(InvalidPropertiesError) as caught:
        parse_properties(text.replace('"exchange"', '"exchang"'), "manners.toml")
    assert str(caught.value).count("manners.toml: ") == len(caught.value.findings) == 4
    assert isinstance(caught.value, InvalidDocumentError)
    assert errors.InvalidPropertiesError is InvalidPropertiesError


def test_a_file_is_named_in_what_is_wrong_with_it(tmp_path: Path):
    path = tmp_path / "manners.toml"
    path.write_text(RIGHT, encoding="utf-8-sig")
    assert [each.name for each in load_properties(path)] == [
        "no ask while amends are owed",
        "one ask",
        "thanks",
        "likely",
    ]
    assert load_properties(path)[0].description == "amends come first"
    path.write_text(RIGHT.replace("advocate", "advocat"), encoding="utf-8")
    with pytest.raises(InvalidPropertiesError, match=r"manners\.toml: \[\[properties\]\] likely probability"):
        load_properties(str(path))
    with pytest.raises(FileNotFoundError):
        load_properties(tmp_path / "nowhere.toml")


def test_the_words_of_a_curve_of_ones_own():
    text = '[[properties]]\nname = "loyal"\npossible = { after = { stage = "loyal" } }'
    assert parse_properties(text, curve=parse_curve(OURS))[0].name == "loyal"
    with pytest.raises(InvalidPropertiesError, match="unknown word 'loyal'"):
        parse_properties(text)
    doubt = text.replace('stage = "loyal"', "doubt = 14")
    assert parse_properties(doubt, curve=Curve.default(doubt_max=14))
    with pytest.raises(InvalidPropertiesError, match="never holds"):
        parse_properties(doubt)


def test_a_file_has_at_most_five_hundred_properties():
    rows = [f'[[properties]]\nname = "{n}"\npossible = {{ changed = true }}\n' for n in range(501)]
    assert len(parse_properties("".join(rows[:500]))) == 500
    with pytest.raises(InvalidPropertiesError, match=r"\[\[properties\]\]: must have at most 500 properties, got 501"):
        parse_properties("".join(rows))


def test_a_file_has_at_most_five_thousand_tables_of_conditions():
    text = '[[properties]]\nname = "long"\npossible = {{ any = [{}] }}'
    assert parse_properties(text.format("{ changed = true }," * 4_999))
    with pytest.raises(InvalidPropertiesError, match="must have at most 5,000 tables of conditions, got 5,001"):
        parse_properties(text.format("{ changed = true }," * 5_000))


# --- actions of policies ---------------------------------------------------------------------------


def of_actions(*actions: str, rest: str = "") -> str:
    return f'[[properties]]\nname = "quiet"\nnever = {{ actions = {list(actions)}{rest} }}\n'


PARCELS = parse_policy(
    """\
[policy]
name = "parcels"
[promises.parcel]
due = 1
[actions.greet]
signal = "applause"
[[rules]]
do = "greet"
""",
    curve=parse_curve(OURS),
)
WAITING = parse_policy('rules = [{ do = "wait" }]\n[policy]\nname = "waiting"')


def test_the_actions_of_a_policy_are_known_if_it_is_given():
    curve = parse_curve(OURS)
    text = of_actions("greet", "move_parcel", "promise_major")
    quiet = parse_properties(text, curve=curve, policy=PARCELS)
    assert [verdict.status.name for verdict in check(curve, *quiet, policy=PARCELS, once_a_turn=True)] == ["REFUTED"]
    for wrong, meant in (("gret", "greet"), ("move_parcle", "move_parcel")):
        with pytest.raises(InvalidPropertiesError, match=f"unknown word '{wrong}'; did you mean '{meant}'"):
            parse_properties(of_actions("ask", wrong), curve=curve, policy=PARCELS)
    with pytest.raises(InvalidPropertiesError, match="unknown word 'greet'"):
        parse_properties(text, curve=curve)


@pytest.mark.parametrize("rest", ["", ', met = { stage = "advocate" }', " }\nwhen = { signals = ['kept_major']"])
@pytest.mark.parametrize("action", ["promise_parcel", "move_parcel", "release_parcel"])
def test_without_a_policy_actions_about_promises_are_left_to_the_policy_that_is_checked(action: str, rest: str):
    quiet = parse_properties(of_actions("promise_minor", action, rest=rest))
    with pytest.raises(UnknownWordError, match=f"action '{action}' is unknown"):
        check(CURVE, *quiet, policy=WAITING, once_a_turn=True)
    same = parse_properties(of_actions("promise_minor", action.replace("parcel", "minor"), rest=rest))
    assert [verdict.status.name for verdict in check(CURVE, *same, policy=WAITING, once_a_turn=True)] == ["PROVED"]


# --- the same in Python ----------------------------------------------------------------------------


def did(turn: Turn, *actions: str) -> bool:
    """Whether the company did one of these; "wait": nothing."""
    return any(not turn.actions if action == "wait" else action in turn.actions for action in actions)


def asks(turn: Turn) -> bool:
    return did(turn, "ask")


def owed(turn: Turn) -> bool:
    return turn.met.account in ("slip", "breach")


SAME: dict[str, tuple[str, Property]] = {
    "always": (
        'always = { actions = ["repair", "wait"] }\nwhen = { met = { account = ["slip", "breach"] } }',
        always(lambda turn: did(turn, "repair", "wait"), when=owed),
    ),
    "never": (
        'never = { actions = "ask", met = { account = ["slip", "breach"] } }',
        never(lambda turn: asks(turn) and owed(turn)),
    ),
    "vacuously never": (
        'never = { actions = "ask" }\nwhen = { before = { state = "hopeful", doubt = { above = 3 }, account = "due" } }',
        never(asks, when=lambda turn: (turn.before.stage, turn.before.doubt > 3, turn.before.account) == ("hopeful", True, "due")),
    ),
    "at most": ('count = { actions = "ask" }\nat_most = 3', at_most(3, asks)),
    "at most per": ('count = { actions = "ask" }\nat_most = 1\nper = 3', at_most(1, asks, per=3)),
    "at most while": (
        'count = { actions = "ask" }\nat_most = 1\nwhile = { open_after = { at_least = 1 } }',
        at_most(1, asks, while_=lambda turn: turn.open_after >= 1),
    ),
    "leads to within": (
        'after = { moves = "advocacy" }\ncomes = { any = [{ actions = "exchange" }, { moves = "departure" }] }\nwithin = 2',
        leads_to(
            lambda turn: "advocacy" in turn.moves,
            lambda turn: did(turn, "exchange") or "departure" in turn.moves,
            within=2,
        ),
    ),
    "leads to": (
        'after = { signals = ["purchase", "exchange"] }\ncomes = { not = { actions = "wait" } }',
        leads_to(lambda turn: bool({"purchase", "exchange"} & turn.signals), lambda turn: not did(turn, "wait")),
    ),
    "leads to if all is fair": (
        'after = { moves = "purchase" }\ncomes = { actions = "exchange" }\nfair = "moves"',
        leads_to(lambda turn: "purchase" in turn.moves, lambda turn: did(turn, "exchange"), fair="moves"),
    ),
    "leads to unless": (
        'after = { met = { account = "slip" } }\ncomes = { actions = "repair" }\nunless = { moves = "departure" }\nwithin = 1',
        leads_to(
            lambda turn: turn.met.account == "slip",
            lambda turn: did(turn, "repair"),
            unless=lambda turn: "departure" in turn.moves,
            within=1,
        ),
    ),
    "at least": (
        'recurs = { actions = ["exchange", "repair"] }\nat_least = 1\nper = 3\nwhile = { met = { account = "slip" } }',
        at_least(
            1,
            lambda turn: did(turn, "exchange") or did(turn, "repair"),
            per=3,
            while_=lambda turn: turn.met.account == "slip",
        ),
    ),
    "before": (
        'first = { actions = "exchange" }\nthen = { actions = "ask" }',
        before(lambda turn: did(turn, "exchange"), asks),
    ),
    "until, maybe never": (
        'until = { after = { stage = "hopeful" } }\nholds = { not = { actions = "ask" } }\nweak = true',
        until(lambda turn: not did(turn, "ask"), lambda turn: turn.after.stage == "hopeful", weak=True),
    ),
    "until if all is fair": (
        'until = { after = { stage = "hopeful" } }\nholds = { not = { actions = "ask" } }\nfair = "moves"',
        until(lambda turn: not did(turn, "ask"), lambda turn: turn.after.stage == "hopeful", fair="moves"),
    ),
    "possible": (
        "possible = { before = { outside = true }, after = { outside = false } }",
        possible(
            lambda turn: (
                turn.before.stage in ("distrust", "departed")
                and turn.after.stage not in ("distrust", "departed")
            )
        ),
    ),
    "recoverable": (
        'recoverable_to = { all = [{ after = { stage = "hopeful" } }, { moves = "nothing" }, { changed = false }] }',
        recoverable_to(lambda turn: turn.after.stage == "hopeful" and not turn.moves and not turn.changed),
    ),
}  # fmt: skip
READ_LITTLE = ("always", "never", "at most per", "leads to within", "possible")
"""Those that are decided in seconds where anything may happen at any time."""

LIKELY: dict[str, tuple[str, Property]] = {
    "probability": (
        'probability = { after = { stage = "advocate" } }\nwithin = 24\nat_least = 0.1',
        probability(lambda turn: turn.after.stage == "advocate", within=24, at_least=0.1),
    ),
    "probability some day": (
        'probability = { after = { stage = "departed" }, open_before = 0 }\nat_most = 0.9',
        probability(lambda turn: turn.after.stage == "departed" and turn.open_before == 0, at_most=0.9),
    ),
    "expected turns": (
        'expected_turns = { after = { stage = ["customer_centric", "departed"] } }\nat_most = 24',
        expected_turns(lambda turn: turn.after.stage in ("customer_centric", "departed"), at_most=24),
    ),
}


def told(verdict: Verdict) -> tuple[Any, ...]:
    """Return all of a verdict but its name and the time that it took."""
    journeys = (verdict.counterexample, verdict.nearest_passing, verdict.witness)
    counts = (verdict.states, verdict.transitions, verdict.value)
    return verdict.status, verdict.vacuous, verdict.note, counts, tuple(map(str, journeys))


def compare(pairs: dict[str, tuple[str, Property]], policy: Policy, environment: Environment, **options: Any) -> None:
    """Check properties from a file beside the same in Python."""
    rows = [f'[[properties]]\nname = "{name}"\n{row}\n' for name, (row, _) in pairs.items()]
    read = check(CURVE, *parse_properties("".join(rows)), policy=policy, environment=environment, **options)
    written = check(CURVE, *(each for _, each in pairs.values()), policy=policy, environment=environment, **options)
    assert [verdict.name for verdict in read] == list(pairs)
    assert list(map(told, read)) == list(map(told, written))


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_the_same_in_python_has_the_same_verdict_and_the_same_journeys(path: Path):
    compare(SAME, load_policy(path), ANY, once_a_turn=True)


@pytest.mark.slow
@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_and_at_any_time(path: Path):
    compare({name: SAME[name] for name in READ_LITTLE}, load_policy(path), ANY)


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_and_the_same_numbers(path: Path):
    compare(LIKELY, load_policy(path), YEAR)


# --- totals and assumptions ------------------------------------------------------------------------

MORE = """\
[[assumptions]]
name = "one complaint"
count = { moves = "complaint" }
at_most = 1

[[properties]]
name = "cheap"
expected_total = "cost"
within = 4
at_most = 7

[[properties]]
name = "few"
expected_total = { moves = "complaint" }
within = 4
at_most = 1.5

[[properties]]
name = "once"
assuming = "one complaint"
count = { signals = "complaint" }
at_most = 1
"""
MENDS = """
rules = [{ when = { account = ["slip", "breach"] }, do = "repair" }, { do = "exchange" }]
[policy]
name = "mends"
[costs]
exchange = 2
"""


def test_totals_of_costs_and_of_turns_and_what_is_assumed():
    ours = parse_policy(MENDS)
    told = parse_properties(MORE, policy=ours)
    assert [each.name for each in told] == ["cheap", "few", "once"]
    world = Environment({"complaint": 0.5})
    cheap, few, once = check(Curve.default(), *told, policy=ours, environment=world)
    spent = expected_total(lambda turn: 2 * ("exchange" in turn.actions), within=4)
    assert cheap.value == check(Curve.default(), spent, policy=ours, environment=world).verdicts[0].value
    assert cheap
    assert (few.value, few.status) == (2, Status.REFUTED)
    assert once, "of journeys with one complaint"
    freely = parse_properties(MORE.replace('assuming = "one complaint"', ""), policy=ours)[-1]
    assert not check(Curve.default(), freely, policy=ours, environment=world).verdicts[0]


BALANCE = '[[properties]]\nname = "pays"\nexpected_total = "balance"\ngains = { purchase = 30, complaint = -4, exchange = 1 }\nwithin = 4\n'


def test_a_balance_is_what_moves_and_actions_bring_less_what_they_cost():
    ours, world = parse_policy(MENDS), Environment({"complaint": 0.25, "purchase": 0.5})
    (pays,) = parse_properties(BALANCE, policy=ours)
    told = check(Curve.default(), pays, policy=ours, environment=world).verdicts[0]
    by_hand = Scenario.single(Curve.default(), ours, world, turns=4, customers=1)
    segment = evolve(by_hand.segments[0], gains={"purchase": 30, "complaint": -4, "exchange": 1})
    exact = solve(evolve(by_hand, segments=segment)).measures().filter(measure="balance")["result"].item()
    assert told.value == pytest.approx(exact)
    assert told.value > 30


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("purchase", "purchse", "gains: unknown word 'purchse'; did you mean 'purchase'?"),
        ('"balance"', '"cost"', 'gains: must be left out unless expected_total is "balance"'),
        ("gains = { purchase = 30, complaint = -4, exchange = 1 }\n", "", "gains: must say what a move or an action brings"),
        ("30", '"much"', "gains.purchase: must be a number"),
    ],
)  # fmt: skip
def test_gains_are_checked(old: str, new: str, says: str):
    with pytest.raises(InvalidPropertiesError, match=re.escape(says)):
        parse_properties(BALANCE.replace(old, new), policy=parse_policy(MENDS))
    with pytest.raises(InvalidPropertiesError, match="must be of a policy"):
        parse_properties(BALANCE)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'assuming = "one complaint"',
            'assuming = "one complain"',
            "assuming: unknown word 'one complain'; did you mean 'one complaint'?",
        ),
        (
            'count = { moves = "complaint" }\nat_most = 1',
            'possible = { moves = "complaint" }',
            "assuming: must say what never happens",
        ),
        ("within = 4\nat_most = 7", "", "cheap within: must not both be missing: a total ends somewhere"),
        ("at_most = 7", "at_most = nan", "at_most: must be a number, got nan"),
        ('"cost"', '"costs"', "expected_total: unknown word 'costs'; did you mean 'cost'?"),
        ('name = "cheap"', 'name = "one complaint"', "name: is the name of an earlier property"),
        (
            'moves = "complaint" }\nwithin',
            'moves = "complain" }\nwithin',
            "few expected_total.moves: unknown word 'complain'",
        ),
        (
            'count = { moves = "complaint" }',
            'count = { moves = "complain" }',
            "[[assumptions]] one complaint count.moves: unknown word 'complain'",
        ),
    ],
)
def test_what_is_wrong_with_totals_and_assumptions(old: str, new: str, says: str):
    assert old in MORE
    with pytest.raises(InvalidPropertiesError) as caught:
        parse_properties(MORE.replace(old, new, 1), policy=parse_policy(MENDS))
    assert says in str(caught.value)


def test_costs_are_those_of_a_policy():
    with pytest.raises(
        InvalidPropertiesError, match=r"expected_total: must be of a policy: give it with load_properties"
    ):
        parse_properties(MORE)
    free = parse_policy(MENDS.partition("[costs]")[0])
    with pytest.raises(InvalidPropertiesError, match="must be of a policy with costs, got 'cost'"):
        parse_properties(MORE, policy=free)
