"""Verdicts and reports: what is unknown is never called proved, want of a case is told, and all of it can be read."""

from __future__ import annotations

from enum import Enum
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.verification.planted import careful
from trustcurve import Curve, Journey
from trustcurve.errors import FinalClassError, InvalidValueError, UnknownWordError
from trustcurve.policies import ANY, Environment, ImpurePolicyError, Policy, View, parse_policy, policy, since
from trustcurve.snapshots import from_json
from trustcurve.verification import (
    POLICY_PROPERTIES,
    Counterexample,
    CurveCounterexample,
    Property,
    Report,
    Status,
    Turn,
    Verdict,
    always,
    at_most,
    bounded_asks_while_distrusted,
    check,
    expected_total,
    leads_to,
    never,
    no_ask_on_open_account,
    no_flapping,
    no_harm_helps,
    nobody_forgotten,
    possible,
    probability,
    quiet_period,
    recoverable_to,
    relational,
    repair_within,
)
from trustcurve.verification.property import Safety

UPSET = Environment(["complaint"], name="upset")


@policy("careful", recalls=[since("exchange", 2)], promise_due=2)
def usual(view: View) -> Any:
    """Decide carefully."""
    return careful(view)


@policy("greedy", promise_due=6)
def greedy(_: View) -> Any:
    """Promise every turn."""
    return "promise_minor"


def mended(turn: Any) -> bool:
    return bool(turn.after.account == "clear")


# --- what is unknown -------------------------------------------------------------------------------


UNDECIDED = [
    always(lambda _: True, name="safe"),
    leads_to(lambda turn: turn.met.account == "slip", lambda _: True, within=1, name="soon"),
    leads_to(lambda turn: turn.met.account == "slip", lambda _: True, name="sometime"),
    leads_to(lambda turn: turn.met.account == "slip", mended, fair="moves", name="fairly"),
    possible(lambda turn: turn.after.kept == 9, name="impossible"),
    recoverable_to(mended, name="recoverable"),
    at_most(0, lambda turn: turn.after.stage == "advocate", name="never there"),
]


@pytest.mark.parametrize("cap", ["states_max", "promises_max"])
def test_where_a_cap_is_hit_nothing_is_proved(curve: Curve, cap: str):
    if cap == "states_max":
        report = check(curve, *UNDECIDED, policy=usual, states_max=5)
    else:
        report = check(curve, *UNDECIDED, policy=greedy, promises_max=3)
    for verdict in report.verdicts:
        assert verdict.status is Status.UNKNOWN, verdict
        assert not verdict
        assert not verdict.vacuous
        assert cap in verdict.note
        assert str(verdict).startswith(f"UNKNOWN  {verdict.name}: ")
    assert report.unknown == report.verdicts
    assert not report.proved
    assert report.refuted == ()


def test_a_probability_is_unknown_too(curve: Curve):
    asked = probability(mended, name="chance")
    verdict = check(curve, asked, policy=usual, environment=Environment({"complaint": 0.5}), states_max=2)["chance"]
    assert (verdict.status, verdict.value) == (Status.UNKNOWN, None)


def test_what_was_found_before_the_cap_counts(curve: Curve):
    report = check(
        curve,
        never(lambda turn: "complaint" in turn.moves, name="no complaint"),
        possible(lambda turn: "complaint" in turn.moves, name="a complaint"),
        policy=usual,
        states_max=40,
    )
    assert [verdict.status for verdict in report.verdicts] == [Status.REFUTED, Status.PROVED]
    assert "a shorter counterexample may exist" in report["no complaint"].note
    whole = check(curve, never(lambda turn: "complaint" in turn.moves, name="no complaint"), policy=usual)
    assert whole["no complaint"].note == ""


def test_as_many_states_as_there_are_are_enough(curve: Curve):
    asked = always(lambda _: True, name="safe")
    states = check(curve, asked, policy=usual, environment=UPSET)["safe"].states
    assert check(curve, asked, policy=usual, environment=UPSET, states_max=states)["safe"]
    assert not check(curve, asked, policy=usual, environment=UPSET, states_max=states - 1)["safe"]


def test_what_a_property_counts_is_capped_too(curve: Curve):
    counts = at_most(3, lambda turn: "complaint" in turn.moves, per=12, name="counts")
    wide = at_most(12, lambda turn: "complaint" in turn.moves, per=12, name="wide")
    states = check(curve, always(lambda _: True), policy=usual, environment=UPSET).verdicts[0].states
    report = check(curve, counts, wide, policy=usual, environment=UPSET, states_max=states)
    assert report["counts"].status is Status.REFUTED, "a journey that is found is found, cap or not"
    verdict = report["wide"]
    assert verdict.status is Status.UNKNOWN
    assert verdict.states == states
    assert f"more than states_max={states} states" in verdict.note
    assert check(curve, wide, policy=usual, environment=UPSET).proved


# --- what holds for want of a case ------------------------------------------------------------------


def test_what_never_comes_up_holds_vacuously(curve: Curve):
    owed = check(curve, no_ask_on_open_account, policy=usual, environment=Environment([])).verdicts[0]
    assert owed.status is Status.PROVED
    assert not owed.vacuous, "an account is open wherever a promise is"
    for asked in (
        always(lambda _: False, when=lambda turn: "complaint" in turn.moves, name="a"),
        at_most(0, lambda turn: "complaint" in turn.moves, name="a"),
        leads_to(lambda turn: "complaint" in turn.moves, lambda _: False, within=1, name="a"),
        leads_to(lambda turn: "complaint" in turn.moves, lambda _: False, name="a"),
    ):
        verdict = check(curve, asked, policy=usual, environment=Environment([])).verdicts[0]
        assert verdict.status is Status.PROVED
        assert verdict.vacuous
        assert str(verdict) == "PROVED  a (vacuously true: its condition never occurs)"
        upset = check(curve, asked, policy=usual, environment=UPSET).verdicts[0]
        assert upset.status is Status.REFUTED
        assert not upset.vacuous


# --- what is refused ---------------------------------------------------------------------------------


def test_a_policy_that_counts_questions_is_found_out(curve: Curve):
    asked = count()
    moody = policy("moody")(lambda _: "wait" if next(asked) < 20 else "exchange")
    with pytest.raises(
        ImpurePolicyError,
        match=r"'moody' cannot be analysed: decide.. must be a pure function of the view; it returned .* for the same view",
    ):
        check(curve, no_ask_on_open_account, policy=moody)


def test_a_policy_that_reads_what_it_may_not_is_refused_by_the_prover(curve: Curve):
    gossip = policy("gossip")(lambda v: "ask" if v.name == "ann" else "wait")  # type: ignore[attr-defined]
    with pytest.raises(ImpurePolicyError, match=r"it read view\.name"):
        check(curve, policy=gossip)


def test_what_is_no_property_is_refused(curve: Curve):
    with pytest.raises(InvalidValueError, match=r"properties\[1\]"):
        check(curve, nobody_forgotten, "no_harm_helps", policy=usual)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="policy must be given: nobody_forgotten is about"):
        check(curve, nobody_forgotten)


# --- what can be read ---------------------------------------------------------------------------------


def asking() -> Any:
    text = """
    [policy]
    name = "funnel"
    promise_due = 1
    [[rules]]
    name = "first a promise"
    when = { posture = "suspicious", account = "clear", doubt = { at_most = 2 } }
    do = "promise_major"
    [[rules]]
    name = "keep asking"
    when = { account = "breach" }
    do = "ask"
    """
    return parse_policy(text)


def refuted(curve: Curve) -> Verdict:
    return check(curve, no_ask_on_open_account, policy=asking(), environment=Environment(["kept"])).verdicts[0]


def test_a_witness_is_told_one_event_a_line(curve: Curve):
    witness = refuted(curve).counterexample
    assert isinstance(witness, Counterexample)
    assert [str(line) for line in witness.lines()] == str(witness).splitlines()
    lines = [line for line in witness.lines() if line.what != "nothing happens"]
    assert [line.turn for line in lines] == [1, 3, 3], "the promise of turn 1 breaks as turn 3 begins"
    assert "promise '001' was not kept by its date" in lines[1].what
    assert "the company asks (policy row: keep asking)" in lines[2].what
    assert lines[2].rule == "company_one_sided.unpaid"
    assert "kept 0, engaged 0, doubt" in str(lines[2])


def test_the_clock_is_told_in_the_turn_in_which_it_spoke(curve: Curve):
    late = policy("late", promise_due=1)(
        lambda v: "promise_major" if v.account == "clear" else "ask" if v.quiet == 3 else "wait"
    )
    asked = never(lambda turn: "ask" in turn.actions and turn.met.account == "breach", name="late")
    witness = check(curve, asked, policy=late, environment=Environment([])).verdicts[0].counterexample
    assert isinstance(witness, Counterexample)
    assert [line.turn for line in witness.lines() if "was not kept" in line.what] == [3]


def test_a_verdict_explains_itself(curve: Curve):
    verdict = refuted(curve)
    text = verdict.explain()
    assert text.splitlines()[0] == "REFUTED  no_ask_on_open_account"
    assert text.splitlines()[1] == "  The company never asks while it owes the customer something."
    assert "  a shortest counterexample:\n    turn 1: " in text
    assert "  the nearest journey that passes:\n    turn 1: " in text


def test_a_journey_that_goes_round_says_from_where(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    witness = check(curve, nobody_forgotten, policy=waits, environment=UPSET).verdicts[0].counterexample
    assert isinstance(witness, Counterexample)
    assert f"it repeats forever from turn {(witness.loops_from or 0) + 1}" in str(witness)
    assert repr(witness) == f"<Counterexample of {len(witness)} turns>"


def test_a_witness_can_be_kept_and_run_again(curve: Curve, tmp_path: Path):
    witness = refuted(curve).counterexample
    assert isinstance(witness, Counterexample)
    witness.save(tmp_path / "witness.json")
    again = from_json(Journey, (tmp_path / "witness.json").read_text(encoding="utf-8"), curve=curve)
    assert isinstance(again, Journey)
    assert again == witness.journey
    assert curve.journey(witness.events, start=witness.journey.start).standing.position == again.standing.position


def test_a_report_is_read_by_name(curve: Curve):
    report = check(curve, no_ask_on_open_account, nobody_forgotten, policy=asking(), environment=UPSET)
    assert isinstance(report, Report)
    assert (report.curve, report.policy, report.environment) == ("default", "funnel", "upset")
    assert report["nobody_forgotten"] is report.verdicts[1]
    assert str(report).splitlines() == [str(verdict) for verdict in report.verdicts]
    assert report.explain().splitlines()[0] == str(report.verdicts[0])
    assert report.refuted == tuple(verdict for verdict in report.verdicts if verdict.status is Status.REFUTED)
    with pytest.raises(KeyError, match=r"no verdict on 'nobody'; there is one on no_ask_on_open_account"):
        report["nobody"]
    assert check(curve).policy is None
    assert check(curve).environment == ANY.name


def test_a_report_is_iterated_and_asked_with_in(curve: Curve):
    report = check(curve, repair_within, nobody_forgotten, policy=asking(), environment=UPSET)
    assert list(report) == list(report.verdicts)
    assert len(report) == 2
    for key in ("nobody_forgotten", nobody_forgotten, "repair_within(3)", repair_within, repair_within(3)):
        assert key in report
        assert report[key] in report
    for key in ("repair_within", repair_within(2), "quiet_period(3, 4)", quiet_period, 3, None, curve):
        assert key not in report
    with pytest.raises(KeyError, match=r"no verdict on 'repair_within\(2\)'"):
        report[repair_within(2)]


def test_results_are_short_in_a_debugger(curve: Curve):
    report = check(curve, no_ask_on_open_account, nobody_forgotten, policy=asking(), environment=Environment(["kept"]))
    assert repr(report) == "<Report on policy 'funnel': 1 proved, 1 refuted>"
    assert repr(report.verdicts[0]) == "<Verdict: REFUTED no_ask_on_open_account>"
    assert repr(nobody_forgotten) == "<LeadsTo nobody_forgotten>"
    assert repr(check(curve)) == "<Report on curve 'default': 11 proved>"
    shown = check(curve, relational(["proposition"], never="lower")).verdicts[0].counterexample
    assert isinstance(shown, CurveCounterexample)
    assert repr(shown) == f"<CurveCounterexample of {len(shown)} signals>"
    assert list(shown.lines()) == str(shown).splitlines()


# --- how properties are given -------------------------------------------------------------------------


def test_properties_are_given_bare_or_called(curve: Curve):
    bare = check(curve, quiet_period, no_ask_on_open_account, policy=usual)
    called = check(curve, quiet_period(3, 4), no_ask_on_open_account(), policy=usual)
    assert [(each.name, each.status) for each in bare] == [(each.name, each.status) for each in called]
    own = check(curve, lambda: never(mended, name="never mended"), policy=usual)
    assert [each.name for each in own] == ["never mended"]


def test_the_properties_by_default_are_the_factories_without_numbers():
    for bare in (repair_within, quiet_period, bounded_asks_while_distrusted, no_flapping):
        assert bare().name in {each.name for each in POLICY_PROPERTIES}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, r"properties\[0\] must be a property, for example always"),
        (usual, r"give the policy by name: policy='careful'"),
        (always, r"must be a property, got .*; always needs arguments: always\(holds\)"),
        (at_most, r"at_most needs arguments: at_most\(n, event\)"),
        (lambda turn: turn.changed, r"needs arguments: <lambda>\(turn\)"),
        (lambda: True, r"must be a property, for example always\(...\), got .*; <lambda>\(\) returned True"),
        ("no_harm_helps", r"must be a property, for example always"),
    ],
)
def test_what_is_given_instead_of_a_property_is_named(curve: Curve, given: Any, says: str):
    with pytest.raises(InvalidValueError, match=says):
        check(curve, given)
    with pytest.raises(InvalidValueError, match="must be a property"):
        check(curve, given, no_harm_helps)


class Word(str, Enum):  # noqa: UP042 - the kind that many projects have
    """A word as many projects write theirs."""

    COMPLAINT = "complaint"
    REPAIR = "repair"
    HIGHER = "higher"
    FAIR = "moves"


def test_words_are_converted_at_the_door(curve: Curve):
    assert Environment([Word.COMPLAINT]).names == UPSET.names
    assert all(type(name) is str for name in Environment({Word.COMPLAINT: 0.1}).names)
    asked = relational([Word.COMPLAINT], never=Word.HIGHER)  # type: ignore[arg-type]
    assert (asked.insert, asked.helps) == (("complaint",), True)
    assert type(asked.insert[0]) is str
    assert type(leads_to(mended, mended, fair=Word.FAIR).fair) is str  # type: ignore[arg-type, union-attr]
    mends = policy("mends")(lambda _: Word.REPAIR)  # type: ignore[arg-type, return-value]
    shown = check(curve, never(lambda turn: "repair" in turn.actions), policy=mends).verdicts[0].counterexample
    assert isinstance(shown, Counterexample)
    assert type(shown.passages[-1].happening.actions[0]) is str


@pytest.mark.parametrize(
    "kind", [Policy, Environment, View, Report, Verdict, Counterexample, CurveCounterexample, Property, Safety, Turn]
)
def test_nothing_public_is_subclassed(kind: type):
    with pytest.raises(FinalClassError, match=f"class 'Ours' cannot subclass {kind.__name__}, which is final"):
        type("Ours", (kind,), {})


def test_verdicts_count_what_was_looked_at(curve: Curve):
    verdict = check(curve)["no_harm_helps"]
    assert (verdict.states, verdict.transitions) == (524, 524 * 16)
    assert verdict.seconds > 0
    found = check(curve, nobody_forgotten, policy=usual).verdicts[0]
    assert 0 < found.states < found.transitions


def test_arguments_of_another_kind_are_named(curve: Curve):
    fine = always(lambda _: True)
    for arguments, numbers, match in (
        (("default", fine), {}, "curve"),
        ((curve, fine), {"policy": "solve_first.toml"}, "policy"),
        ((curve, fine), {"environment": {"kept": 0.5}}, "environment"),
        ((curve, fine), {"states_max": 0}, "states_max"),
        ((curve, fine), {"states_max": 1.5}, "states_max"),
    ):
        with pytest.raises(InvalidValueError, match=match):
            check(*arguments, **{"policy": usual, **numbers})  # type: ignore[arg-type]
    for insert in ("complaint", 5, None, [3]):
        with pytest.raises(InvalidValueError, match="must be a list of words"):
            relational(insert, never="higher")  # type: ignore[arg-type]
    for made in (always, never, possible, recoverable_to, probability):
        with pytest.raises(InvalidValueError, match="must be a function of a turn"):
            made("departed")  # type: ignore[operator]
    with pytest.raises(UnknownWordError, match="complaint"):
        check(curve, relational(["complaints"], never="higher"))


def test_verdicts_of_one_name_are_not_looked_up_by_it(curve: Curve) -> None:
    waits = policy("waits")(lambda _: "wait")
    report = check(
        curve, never(lambda t: bool(t.actions), name="a"), never(lambda t: not t.actions, name="a"), policy=waits
    )
    assert [bool(verdict) for verdict in report] == [True, False]
    assert "a" in report
    with pytest.raises(InvalidValueError, match="must be the name of one verdict, and is that of 2"):
        report["a"]


def test_an_error_says_in_which_property_it_came_up(curve: Curve) -> None:
    odd = never(lambda turn: turn.met.stage == "advocat", name="odd one")
    with pytest.raises(UnknownWordError) as caught:
        check(curve, always(lambda _: True, name="fine"), odd, policy=policy("waits")(lambda _: "wait"))
    assert caught.value.__notes__ == ["in property 'odd one'"]


def test_flags_are_flags(curve: Curve) -> None:
    with pytest.raises(InvalidValueError, match="once_a_turn must be True or False, got 'no'"):
        check(curve, policy=policy("waits")(lambda _: "wait"), once_a_turn="no")  # type: ignore[arg-type]


def test_a_chance_needs_chances(curve: Curve) -> None:
    likely = probability(lambda turn: "complaint" in turn.moves, within=2, name="complains")
    with pytest.raises(
        InvalidValueError, match="environment must have a probability for each move to decide 'complains'"
    ):
        check(curve, likely, policy=policy("waits")(lambda _: "wait"))


def test_a_total_beyond_all_numbers_is_unknown(curve: Curve) -> None:
    much = expected_total(lambda _: 1e308, within=30, name="much")
    world = Environment({"complaint": 0.5})
    verdict = check(curve, much, policy=policy("waits")(lambda _: "wait"), environment=world).verdicts[0]
    assert (verdict.status, verdict.note) == (Status.UNKNOWN, "the total is larger than a number can be")
