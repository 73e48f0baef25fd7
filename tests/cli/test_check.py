"""``trustcurve check`` and ``trustcurve diff``, as users see them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Trustcurve
from trustcurve import Curve
from trustcurve.documents.curve_file import curve_toml, read_curve
from trustcurve.policies import load_policy
from trustcurve.verification import export_model

pytestmark = pytest.mark.usefixtures("shop")

PITCH = """\
[[rules]]
name = "pitch"
when = { stage = "distrust", account = "clear" }
do = "propose"
"""
FUNNEL = '[policy]\nname = "funnel"\n' + PITCH + '[[rules]]\nname = "ask"\ndo = "ask"\n'
GENTLE = '[policy]\nname = "gentle"\n[[rules]]\nwhen = { account = ["slip", "breach"] }\ndo = "repair"\n'


@pytest.fixture(autouse=True)
def files(shop: Path) -> None:
    """Write two policies and two curves."""
    (shop / "funnel.toml").write_text(FUNNEL, encoding="utf-8")
    (shop / "gentle.toml").write_text(GENTLE, encoding="utf-8")
    (shop / "old.toml").write_text(curve_toml(Curve.default()), encoding="utf-8")
    (shop / "new.toml").write_text(curve_toml(Curve.default(hopeful_lost_at=4)), encoding="utf-8")


def verdicts(out: str) -> dict[str, str]:
    """Read the table of verdicts."""
    rows = [line.split("│") for line in out.splitlines() if line.startswith("│")]
    return {row[2].strip(): row[1].strip() for row in rows if row[1].strip()}


def test_the_curve_itself_is_proved(trustcurve: Trustcurve) -> None:
    said = trustcurve("check")
    assert said.code == 0
    assert len(verdicts(said.out)) == 11
    assert set(verdicts(said.out).values()) == {"PROVED"}


def test_a_curve_file_is_proved_as_the_default_curve_is(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "old.toml")
    assert (said.code, said.err) == (0, "")
    assert verdicts(said.out) == verdicts(trustcurve("check").out)


def test_a_curve_that_lifts_by_a_sale_is_refuted(trustcurve: Trustcurve) -> None:
    document = Curve.default().to_plain()
    next(row for row in document["rules"] if row["name"] == "purchase.owes")["add"] = {"engaged": 1}
    Path("mine.toml").write_text(curve_toml(read_curve(document)), encoding="utf-8")
    said = trustcurve("check", "mine.toml")
    assert said.code == 1
    assert "REFUTED" in verdicts(said.out).values()
    assert said.out.startswith("Curve default")


def test_a_curve_file_that_is_wrong_is_told_as_a_curve(trustcurve: Trustcurve) -> None:
    Path("mine.toml").write_text("[curve]\nname = 'mine'\n", encoding="utf-8")
    said = trustcurve("check", "mine.toml")
    assert said.code == 2
    assert "mine.toml: [curve] start: is missing: the position of a new customer" in said.err


def test_what_is_hardly_meant_in_a_curve_is_a_warning(trustcurve: Trustcurve) -> None:
    document = Curve.default().to_plain()
    document["parameters"]["spare"] = 3
    Path("mine.toml").write_text(curve_toml(read_curve(document)), encoding="utf-8")
    said = trustcurve("check", "mine.toml")
    says = "trustcurve: warning: mine.toml: [parameters] spare: is not used: no row, counter, stage or start names it\n"
    assert (said.code, said.err) == (0, says)


def test_a_policy_is_refuted_with_a_journey(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "funnel.toml", "-p", "recovery_comes_first", "-p", "quiet_period(4, 4)")
    assert said.code == 1
    assert verdicts(said.out) == {"recovery_comes_first": "REFUTED", "quiet_period(4, 4)": "PROVED"}
    asked = "turn 1: the company asks (policy row: ask) -> distrust.competitive"
    assert any(line.strip().startswith(asked) for line in said.lines)
    assert "the nearest journey that passes:" in said.out


def test_several_policies_are_checked_in_turn(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "gentle.toml", "funnel.toml", "-p", "no_ask_on_open_account")
    assert said.code == 1
    assert said.out.index("Policy gentle") < said.out.index("Policy funnel")


def test_what_is_saved_can_be_explained(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "funnel.toml", "-p", "repair_within(1)", "--save", "found")
    assert "wrote found/funnel-repair_within-1.json" in said.out
    told = trustcurve("explain", "found/funnel-repair_within-1.json")
    assert told.code == 0
    assert "the customer complains" in told.out
    assert "stands at distrust." in told.out


MANNERS = """\
[[properties]]
name = "good manners"
description = "Nobody is asked while amends are owed."
never = { actions = "ask", met = { account = ["slip", "breach"] } }

[[properties]]
name = "hope"
possible = { after = { stage = "hopeful" } }
"""
REPORT = """\
Policy funnel, environment: anything, one move in a turn
┏━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ verdict ┃ property           ┃ what it protects                                   ┃
┡━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ REFUTED │ good manners       │ Nobody is asked while amends are owed.             │
│ PROVED  │ hope               │ (The witness shows how.)                           │
│ PROVED  │ quiet_period(4, 4) │ The company acts in at most 4 of 4 turns in a row. │
└─────────┴────────────────────┴────────────────────────────────────────────────────┘
"""


def test_properties_may_come_from_a_file(trustcurve: Trustcurve) -> None:
    Path("manners.toml").write_text(MANNERS, encoding="utf-8")
    said = trustcurve("check", "funnel.toml", "--once-a-turn", "-p", "manners.toml", "-p", "quiet_period(4, 4)")
    assert said.code == 1
    assert said.out.startswith(REPORT)
    assert "REFUTED  good manners\n  Nobody is asked while amends are owed.\n  a shortest counterexample:\n" in said.out


def test_one_property_of_a_file_is_named_after_a_colon(trustcurve: Trustcurve) -> None:
    Path("manners.toml").write_text(MANNERS, encoding="utf-8")
    said = trustcurve("check", "funnel.toml", "-p", "manners.toml:hope")
    assert (said.code, verdicts(said.out)) == (0, {"hope": "PROVED"})
    said = trustcurve("check", "funnel.toml", "-p", "manners.toml:good manners", "--save", "found")
    assert (said.code, verdicts(said.out)) == (1, {"good manners": "REFUTED"})
    assert "wrote found/funnel-good-manners.json" in said.out


def test_properties_speak_of_the_chosen_curve(trustcurve: Trustcurve) -> None:
    Path("mine.toml").write_text(curve_toml(Curve.default(doubt_max=14)), encoding="utf-8")
    row = '[[properties]]\nname = "calm"\nnever = { after = { doubt = 14 } }\n'
    Path("calm.toml").write_text(row, encoding="utf-8")
    said = trustcurve("check", "gentle.toml", "-c", "mine.toml", "-p", "calm.toml", "--once-a-turn")
    assert (said.code, verdicts(said.out)) == (1, {"calm": "REFUTED"})
    said = trustcurve("check", "gentle.toml", "-p", "calm.toml")
    says = "trustcurve: calm.toml: [[properties]] calm never.after: never holds: the curve has no such position\n"
    assert (said.code, said.out, said.err) == (2, "", says)


def test_properties_speak_of_the_actions_of_the_policy(trustcurve: Trustcurve) -> None:
    row = '[[properties]]\nname = "quiet"\nnever = {{ actions = "move_{}", met = {{ stage = "advocate" }} }}\n'
    Path("quiet.toml").write_text(row.format("minor"), encoding="utf-8")
    said = trustcurve("check", "gentle.toml", "-p", "quiet.toml", "--once-a-turn")
    assert (said.code, verdicts(said.out)) == (0, {"quiet": "PROVED"})
    Path("quiet.toml").write_text(row.format("mino"), encoding="utf-8")
    said = trustcurve("check", "gentle.toml", "-p", "quiet.toml", "--once-a-turn")
    says = "trustcurve: quiet.toml: [[properties]] quiet never.actions: unknown word 'move_mino'; did you mean 'move_minor'?\n"
    assert (said.code, said.out, said.err) == (2, "", says)


def test_the_value_of_a_number_is_told(trustcurve: Trustcurve) -> None:
    Path("year.toml").write_text(YEAR, encoding="utf-8")
    row = '[[properties]]\nname = "{}"\nprobability = {{ moves = "purchase" }}\nwithin = 1\nat_least = {}\n'
    Path("likely.toml").write_text(row.format("some buy", 0.1) + row.format("most buy", 0.5), encoding="utf-8")
    said = trustcurve("check", "gentle.toml", "-p", "likely.toml", "-e", "year.toml")
    assert (said.code, verdicts(said.out)) == (1, {"some buy = 0.1": "PROVED", "most buy = 0.1": "REFUTED"})
    assert "(Must lie between 0.5 and 1.)" in said.out


def test_all_that_is_wrong_with_a_file_of_properties_is_told(trustcurve: Trustcurve) -> None:
    Path("manners.toml").write_text(MANNERS.replace("slip", "slipp").replace("hopeful", "hopefull"), encoding="utf-8")
    said = trustcurve("check", "funnel.toml", "-p", "manners.toml")
    assert (said.code, said.out, said.err.splitlines()) == (
        2,
        "",
        [
            "trustcurve: manners.toml: [[properties]] good manners never.met.account: unknown word 'slipp'; did you mean 'slip'?",
            "manners.toml: [[properties]] hope possible.after.stage: unknown word 'hopefull'; did you mean 'hopeful'?",
        ],
    )


YEAR = '[environment]\nname = "a good year"\nmoves = { kept = 0.9, purchase = 0.1 }\n'


def test_an_environment_may_come_from_a_file(trustcurve: Trustcurve) -> None:
    Path("year.toml").write_text(YEAR, encoding="utf-8")
    said = trustcurve("check", "gentle.toml", "-p", "recovery_comes_first", "-e", "year.toml")
    assert (said.code, said.lines[0]) == (0, "Policy gentle, environment: a good year, one move in a turn")
    assert verdicts(said.out) == {"recovery_comes_first": "PROVED"}
    Path("year.toml").write_text(YEAR.replace("{ kept = 0.9, purchase = 0.1 }", '["return"]'), encoding="utf-8")
    said = trustcurve("check", "funnel.toml", "-p", "recovery_comes_first", "--environment", "year.toml")
    assert said.lines[0] == "Policy funnel, environment: a good year, at any time"


def test_with_the_probabilities_of_a_file_the_share_of_customers_is_told(trustcurve: Trustcurve) -> None:
    Path("year.toml").write_text(YEAR, encoding="utf-8")
    said = trustcurve("diff", "funnel.toml", "gentle.toml", "-e", "year.toml")
    assert (said.code, said.lines[1]) == (1, "share of customers treated differently: 100.0%")


def test_an_environment_that_is_wrong_is_told(trustcurve: Trustcurve) -> None:
    Path("year.toml").write_text(YEAR.replace("kept", "kpet"), encoding="utf-8")
    for command in (["check", "gentle.toml"], ["diff", "funnel.toml", "gentle.toml"]):
        said = trustcurve(*command, "-e", "year.toml")
        says = "trustcurve: year.toml: [environment] moves.kpet: unknown word 'kpet'; did you mean 'kept'?\n"
        assert (said.code, said.out, said.err) == (2, "", says)
        said = trustcurve(*command, "-e", "keeps_promises")
        says = "trustcurve: --environment 'keeps_promises' is unknown; did you mean 'keeps-promises'?\n"
        assert (said.code, said.out, said.err) == (2, "", says)


def test_a_loop_is_exported_beside_its_verdicts(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "gentle.toml", "--once-a-turn", "-p", "recovery_comes_first", "--export", "gentle.drn")
    assert said.code == 0
    assert verdicts(said.out) == {"recovery_comes_first": "PROVED"}
    assert said.lines[-1] == "wrote gentle.drn"
    export_model(Curve.default(), "same.drn", policy=load_policy("gentle.toml"), once_a_turn=True)
    assert Path("gentle.drn").read_bytes() == Path("same.drn").read_bytes()


def test_a_loop_is_exported_whatever_the_verdicts(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "funnel.toml", "-p", "recovery_comes_first", "--export", "funnel.prism", "-e", "any")
    assert (said.code, said.lines[-1]) == (1, "wrote funnel.prism")
    assert Path("funnel.prism").read_text(encoding="ascii").splitlines()[1] == "mdp"


def test_a_loop_beyond_the_limits_is_checked_and_not_exported(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "gentle.toml", "-p", "recovery_comes_first", "--states-max", "3", "--export", "m.drn")
    assert said.code == 2
    assert "UNKNOWN" in said.out
    assert (
        "policy must have a closed loop within the limits, got 'gentle'; there are more than states_max=3" in said.err
    )
    assert not list(Path().glob("m.drn*"))


def test_a_file_that_cannot_be_written_is_named_after_the_verdicts(trustcurve: Trustcurve) -> None:
    words = ["gentle.toml", "--once-a-turn", "-p", "recovery_comes_first", "--export", "none/m.drn"]
    said = trustcurve("check", *words)
    assert (said.code, verdicts(said.out)) == (2, {"recovery_comes_first": "PROVED"})
    says = "--export must be a file that can be written, got 'none/m.drn'; No such file or directory"
    assert said.err == f"trustcurve: {says}\n"


def test_journeys_can_begin_in_a_state(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "gentle.toml", "-p", "recovery_comes_first", "--begin", "advocate")
    assert said.code == 0
    assert said.lines[0].startswith("Policy gentle, environment: anything, at any time, beginning in advocate")


def test_rows_that_decide_in_no_journey_are_listed(trustcurve: Trustcurve) -> None:
    Path("sorry.toml").write_text(GENTLE + '[[rules]]\nname = "sorry"\nwhen = { kept = 3 }\ndo = "repair"\n', "utf-8")
    said = trustcurve("check", "sorry.toml", "-p", "recovery_comes_first")
    assert "rows that decide in no journey: sorry" in said.lines
    assert "decide in no journey" not in trustcurve("check", "gentle.toml", "-p", "recovery_comes_first").out
    assert "decide in no journey" not in trustcurve("check", "sorry.toml", "--states-max", "3").out


def test_a_limit_makes_it_unknown(trustcurve: Trustcurve) -> None:
    said = trustcurve("check", "gentle.toml", "-p", "recovery_comes_first", "--states-max", "3")
    assert said.code == 2
    assert "UNKNOWN" in said.out
    assert "states_max=3" in said.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["check", "funnel.toml", "-p", "repair_wihtin(3)"], "did you mean 'repair_within(n)'"),
        (
            ["check", "funnel.toml", "-p", "repair_within(1, 2)"],
            "must have the arguments n, got 'repair_within(1, 2)'; for example repair_within(3)",
        ),
        (["check", "m.toml"], "m.toml: [log]: unknown table"),
        (["check", "gentle.toml", "--promises-max", "5"], "promises_max must be a whole number from 0 to 4"),
        (["check", "gentle.toml", "--export", "m.txt"], "--export must end in .drn (for Storm) or .prism"),
        (["check", "gentle.toml", "funnel.toml", "--export", "m.drn"], "--export must be given with one policy file"),
        (["check", "old.toml", "--export", "m.drn"], "--export must be given with one policy file, got 'm.drn'"),
        (["check", "--export", "m.drn"], "--export must be given with one policy file, got 'm.drn'"),
        (["check", "old.toml", "-p", "nobody_forgotten"], "must be a property of curves to check old.toml"),
        (["check", "-p", "way_back"], "must be a property of curves to check the default curve"),
        (
            ["check", "gentle.toml", "-p", f"repair_within({'9' * 5000})"],
            "must have whole numbers between its brackets",
        ),
        (["check", "gentle.toml", "-p", "repair_within(-1)"], "must have whole numbers between its brackets"),
        (
            ["check", "gentle.toml", "-p", "quiet_period(5, 3)"],
            "n must be at most the 3 turns in which events are counted",
        ),
        (["check", "old.toml", "--once-a-turn"], "--once-a-turn must be left out for curves"),
        (["check", "old.toml", "-e", "keeps-promises"], "--environment must be left out for curves"),
        (
            ["check", "gentle.toml", "-p", "repair_within(9999999999)"],
            "n must be a whole number of at most 1,000,000,000",
        ),
        (["check", "gentle.toml", "--begin", "partner"], "begin 'partner' is unknown"),
        (["check", "old.toml", "--begin", "advocate"], "--begin must be left out for curves"),
        (["check", "gentle.toml", "--states-max", "0"], "states_max must be a whole number of at least 1"),
        (["check", "funnel.toml", "-p", "nowhere.toml"], "No such file or directory: 'nowhere.toml'"),
        (["check", "funnel.toml", "-p", "nowhere.toml:hope"], "No such file or directory: 'nowhere.toml'"),
        (["check", "funnel.toml", "-p", "funnel.toml"], "funnel.toml: [policy]: unknown table"),
        (["check", "funnel.toml", "-p", "manners.tml"], "property 'manners.tml' is unknown"),
        (
            ["check", "funnel.toml", "-p", "some.toml:"],
            "property of some.toml '' is unknown; known: good manners, hope",
        ),
        (
            ["check", "funnel.toml", "-p", "some.toml:hop"],
            "property of some.toml 'hop' is unknown; did you mean 'hope'?",
        ),
        (
            ["check", "-p", "some.toml:hope"],
            "--property must be a property of curves to check the default curve, got 'hope'; give a policy file",
        ),
        (["diff", "funnel.toml", "old.toml"], "must be of the same kind as OLD.toml"),
        (["diff", "funnel.toml", "gentle.toml", "--log", "orders.csv"], "a log needs both --log and --mapping"),
        (["diff", "funnel.toml", "gentle.toml", "-m", "m.toml"], "a log needs both --log and --mapping"),
    ],
)
def test_what_cannot_be_checked_is_told(trustcurve: Trustcurve, words: list[str], says: str) -> None:
    Path("some.toml").write_text(MANNERS, encoding="utf-8")
    said = trustcurve(*words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_the_difference_of_two_policies(trustcurve: Trustcurve) -> None:
    said = trustcurve("diff", "funnel.toml", "gentle.toml")
    assert said.code == 1
    assert said.lines[0].startswith("they first differ in turn 1: propose becomes wait; in ")
    same = trustcurve("diff", "funnel.toml", "funnel.toml")
    assert (same.code, same.out) == (0, "no difference: whatever happens, at any time, both do the same\n")


def test_the_difference_of_two_curves(trustcurve: Trustcurve) -> None:
    said = trustcurve("diff", "old.toml", "new.toml")
    assert said.code == 1
    assert said.lines[0].startswith("hopeful becomes distrust.competitive")
    assert trustcurve("diff", "old.toml", "old.toml").code == 0


def test_the_difference_of_two_clocks(trustcurve: Trustcurve) -> None:
    patient = trustcurve("curve", "--toml").out.replace(
        "silence_after = { days = 90 }", "silence_after = { days = 60 }"
    )
    Path("patient.toml").write_text(patient, encoding="utf-8")
    Path("usual.toml").write_text(trustcurve("curve", "--toml").out, encoding="utf-8")
    said = trustcurve("diff", "usual.toml", "patient.toml")
    assert (said.code, said.lines) == (
        1,
        ["silence_after: 90 days becomes 60 days", "apart from that: the same signals lead to the same states"],
    )


OLD_AND_NEW = [("gentle.toml", "waits.toml", "treated differently"), ("old.toml", "new.toml", "who end elsewhere")]


@pytest.mark.parametrize(("old", "new", "says"), OLD_AND_NEW)
def test_with_a_log_the_share_of_customers_is_told(trustcurve: Trustcurve, old: str, new: str, says: str) -> None:
    Path("waits.toml").write_text('[policy]\nname = "waits"\n[[rules]]\ndo = "wait"\n', encoding="utf-8")
    Path("some.csv").write_text(
        "client,when,what\nann,2026-01-01,order\nann,2026-01-02,complaint\nbob,2026-01-01,order\n", encoding="utf-8"
    )
    rules = "".join(
        f'[[rules]]\nwhen = {{ what = "{what}" }}\nevents = [{{ event = "{event}" }}]\n'
        for what, event in (("order", "Purchased"), ("complaint", "Complained"))
    )
    log = f'[log]\ncustomer = "client"\ntime = "when"\ntimezone = "UTC"\n{rules}'
    Path("some.toml").write_text(log, encoding="utf-8")
    said = trustcurve("diff", old, new, "--log", "some.csv", "-m", "some.toml")
    assert said.code == 1
    shares = {"treated differently": "50.0%", "who end elsewhere": "0.0%"}
    assert f"share of customers {says}: {shares[says]}" in said.out


def test_a_limit_without_a_difference_is_an_error(trustcurve: Trustcurve) -> None:
    Path("greedy.toml").write_text(
        '[policy]\nname = "greedy"\npromise_due = 9\n[[rules]]\ndo = "promise_minor"\n', encoding="utf-8"
    )
    said = trustcurve("diff", "greedy.toml", "greedy.toml", "--once-a-turn")
    assert (said.code, said.out) == (2, "")
    assert "promises_max must be larger to find a difference" in said.err
    said = trustcurve("check", "greedy.toml", "-p", "nobody_forgotten", "--promises-max", "3")
    assert said.code == 2
    assert verdicts(said.out) == {"nobody_forgotten": "UNKNOWN"}


def test_policies_of_the_same_name_are_saved_apart(trustcurve: Trustcurve) -> None:
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "funnel.toml").write_text(FUNNEL, encoding="utf-8")
    words = ("check", "a/funnel.toml", "b/funnel.toml", "-p", "repair_within(1)", "--save", "found")
    assert trustcurve(*words).code == 1
    assert {path.name for path in Path("found").iterdir()} == {
        "funnel-repair_within-1.json",
        "funnel-2-repair_within-1.json",
    }


TIERS = """
[policy]
name = "tiers"
[constants]
tier = ["basic", "gold"]
months = [1, 12]
[[rules]]
when = { constants = { tier = "gold" }, account = ["slip", "breach"] }
do = "repair"
"""


def test_a_policy_with_constants_is_checked_for_each_segment(trustcurve: Trustcurve, tmp_path: Path) -> None:
    path = tmp_path / "tiers.toml"
    path.write_text(TIERS, encoding="utf-8")
    said = trustcurve("check", str(path), "-p", "repair_within(1)", "--save", str(tmp_path / "out"))
    assert said.code == 1
    heads = [line.partition(", environment")[0] for line in said.out.splitlines() if line.startswith("Policy ")]
    segments = ("tier basic, months 1", "tier basic, months 12", "tier gold, months 1", "tier gold, months 12")
    assert heads == [f"Policy tiers, {segment}" for segment in segments]
    assert len(re.findall("REFUTED +repair_within", said.out)) == 2
    saved = sorted(each.name for each in (tmp_path / "out").iterdir())
    assert saved == [f"tiers-tier-basic-months-{n}-repair_within-1.json" for n in (1, 12)]
    gold = trustcurve(
        "check", str(path), "-p", "repair_within(1)", "--constant", "tier=gold", "--constant", "months=12"
    )
    assert gold.code == 0
    assert gold.out.count("PROVED") == 1
    for constant, says in (
        ("tier=silver", "tier 'silver' is unknown"),
        ("tier", "must be a name and a value"),
        ("x=1", "constant 'x'"),
    ):
        assert says in trustcurve("check", str(path), "--constant", constant).err
    assert (
        "must be left out for what has no constants"
        in trustcurve("check", "gentle.toml", "--constant", "tier=gold").err
    )


SEGMENTS = """\
[scenario]
name = "tiers"
turns = 6
[[segments]]
name = "many"
share = 0.9
policy = "tiers.toml"
constants = { tier = "basic" }
moves = { complaint = 0.1 }
[[segments]]
name = "few"
share = 0.1
policy = "tiers.toml"
constants = { tier = "gold" }
moves = { purchase = 0.1 }
[[segments.changes]]
from_turn = 4
moves = { purchase = 0.1, complaint = 0.1 }
"""
TWO_TIERS = """\
[policy]
name = "tiers"
[[rules]]
when = { account = ["slip", "breach"], constants = { tier = "gold" } }
do = "repair"
[[rules]]
do = "wait"
[constants]
tier = ["basic", "gold"]
"""


def test_the_policy_of_each_segment_is_checked_in_what_happens_to_it(
    trustcurve: Trustcurve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiers.toml").write_text(TWO_TIERS, encoding="utf-8")
    (tmp_path / "year.toml").write_text(SEGMENTS, encoding="utf-8")
    said = trustcurve("check", "year.toml", "-p", "repair_within(2)", "--save", "found")
    assert said.code == 1
    heads = [line for line in said.lines if line.startswith("Policy tiers")]
    assert [head.partition(", environment")[0] for head in heads] == [
        "Policy tiers (tiers: many)", "Policy tiers (tiers: few)", "Policy tiers (tiers: few, from turn 4)",
    ]  # fmt: skip
    assert [line.split()[0] for line in said.lines if "repair_within(2) A slip" in line] == [
        "REFUTED",
        "PROVED",
        "PROVED",
    ]
    assert [path.name for path in (tmp_path / "found").iterdir()] == ["year-many-repair_within-2.json"]
    assert trustcurve("check", "year.toml", "--environment", "keeps-promises").code == 2
    assert (
        "--environment must be left out for scenarios" in trustcurve("check", "year.toml", "-e", "keeps-promises").err
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('tier = "gold" }', 'tier = "glod" }'), "few constants.tier: unknown word 'glod'; did you mean 'gold'?"),
        (('tier = "gold" }', 'teir = "gold" }'), "few constants.teir: unknown word 'teir'; did you mean 'tier'?"),
        (('constants = { tier = "gold" }\n', ""), "few constants: must have a value for 'tier', which the policy asks about: basic or gold"),
    ],
)  # fmt: skip
def test_constants_of_a_segment_are_checked(
    change: tuple[str, str], says: str, trustcurve: Trustcurve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiers.toml").write_text(TWO_TIERS, encoding="utf-8")
    (tmp_path / "year.toml").write_text(SEGMENTS.replace(*change), encoding="utf-8")
    for command in ("check", "simulate"):
        said = trustcurve(command, "year.toml")
        assert said.code == 2
        assert says in " ".join(said.err.split())
