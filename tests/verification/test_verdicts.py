"""Verdicts and reports: what is unknown is never called proved, want of a case is told, and all of it can be read."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.verification.planted import careful
from trustcurve import Curve, Journey
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.policies import ANY, Environment, UnfitPolicyError, View, parse_policy, policy
from trustcurve.snapshots import from_json
from trustcurve.verification import (
    Report,
    Status,
    Verdict,
    Witness,
    always,
    at_most,
    check,
    leads_to,
    never,
    no_ask_on_open_account,
    nobody_forgotten,
    possible,
    probability,
    recoverable_to,
    relational,
)

UPSET = Environment(["complaint"], name="upset")


@policy("careful", remember=1, promise_due=2)
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


@pytest.mark.parametrize("cap", ["max_states", "promises_max"])
def test_where_a_cap_is_hit_nothing_is_proved(curve: Curve, cap: str):
    if cap == "max_states":
        report = check(curve, usual, *UNDECIDED, max_states=5)
    else:
        report = check(curve, greedy, *UNDECIDED, promises_max=3)
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
    verdict = check(curve, usual, asked, environment=Environment({"complaint": 0.5}), max_states=2)["chance"]
    assert (verdict.status, verdict.value) == (Status.UNKNOWN, None)


def test_what_was_found_before_the_cap_counts(curve: Curve):
    report = check(
        curve,
        usual,
        never(lambda turn: turn.move == "complaint", name="no complaint"),
        possible(lambda turn: turn.move == "complaint", name="a complaint"),
        max_states=3,
    )
    assert [verdict.status for verdict in report.verdicts] == [Status.REFUTED, Status.PROVED]
    assert "perhaps there is a shorter journey" in report["no complaint"].note
    whole = check(curve, usual, never(lambda turn: turn.move == "complaint", name="no complaint"))
    assert whole["no complaint"].note == ""


def test_as_many_states_as_there_are_are_enough(curve: Curve):
    asked = always(lambda _: True, name="safe")
    states = check(curve, usual, asked, environment=UPSET)["safe"].states
    assert check(curve, usual, asked, environment=UPSET, max_states=states)["safe"]
    assert not check(curve, usual, asked, environment=UPSET, max_states=states - 1)["safe"]


def test_what_a_property_counts_is_capped_too(curve: Curve):
    counts = at_most(3, lambda turn: turn.move == "complaint", per=12, name="counts")
    wide = at_most(12, lambda turn: turn.move == "complaint", per=12, name="wide")
    states = check(curve, usual, always(lambda _: True), environment=UPSET).verdicts[0].states
    report = check(curve, usual, counts, wide, environment=UPSET, max_states=states)
    assert report["counts"].status is Status.REFUTED, "a journey that is found is found, cap or not"
    verdict = report["wide"]
    assert verdict.status is Status.UNKNOWN
    assert verdict.states == states
    assert f"more than max_states={states} states" in verdict.note
    assert check(curve, usual, wide, environment=UPSET).proved


# --- what holds for want of a case ------------------------------------------------------------------


def test_what_never_comes_up_holds_vacuously(curve: Curve):
    owed = check(curve, usual, no_ask_on_open_account, environment=Environment([])).verdicts[0]
    assert owed.status is Status.PROVED
    assert not owed.vacuous, "an account is open wherever a promise is"
    for asked in (
        always(lambda _: False, when=lambda turn: turn.move == "complaint", name="a"),
        at_most(0, lambda turn: turn.move == "complaint", name="a"),
        leads_to(lambda turn: turn.move == "complaint", lambda _: False, within=1, name="a"),
        leads_to(lambda turn: turn.move == "complaint", lambda _: False, name="a"),
    ):
        verdict = check(curve, usual, asked, environment=Environment([])).verdicts[0]
        assert verdict.status is Status.PROVED
        assert verdict.vacuous
        assert str(verdict) == "PROVED  a (vacuously: what it speaks of never happens)"
        upset = check(curve, usual, asked, environment=UPSET).verdicts[0]
        assert upset.status is Status.REFUTED
        assert not upset.vacuous


# --- what is refused ---------------------------------------------------------------------------------


def test_a_policy_that_counts_questions_is_found_out(curve: Curve):
    asked = count()
    moody = policy("moody")(lambda _: "wait" if next(asked) < 20 else "exchange")
    with pytest.raises(UnfitPolicyError, match=r"'moody' cannot be proved: it answers .* to the same view"):
        check(curve, moody, no_ask_on_open_account)


def test_a_policy_that_reads_what_it_may_not_is_refused_by_the_prover(curve: Curve):
    gossip = policy("gossip")(lambda v: "ask" if v.name == "ann" else "wait")  # type: ignore[attr-defined]
    with pytest.raises(UnfitPolicyError, match=r"it reads view\.name"):
        check(curve, gossip)


def test_what_is_no_property_is_refused(curve: Curve):
    with pytest.raises(InvalidValueError, match=r"properties\[1\]"):
        check(curve, usual, nobody_forgotten, "no_harm_helps")  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="nobody_forgotten is about a policy: give one"):
        check(curve, None, nobody_forgotten)


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
    return check(curve, asking(), no_ask_on_open_account, environment=Environment(["kept"])).verdicts[0]


def test_a_witness_is_told_one_event_a_line(curve: Curve):
    witness = refuted(curve).witness
    assert isinstance(witness, Witness)
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
    asked = never(lambda turn: turn.action == "ask" and turn.met.account == "breach", name="late")
    witness = check(curve, late, asked, environment=Environment([])).verdicts[0].witness
    assert isinstance(witness, Witness)
    assert [line.turn for line in witness.lines() if "was not kept" in line.what] == [3]


def test_a_verdict_explains_itself(curve: Curve):
    verdict = refuted(curve)
    text = verdict.explain()
    assert text.splitlines()[0] == "REFUTED  no_ask_on_open_account"
    assert text.splitlines()[1] == "  The company never asks while it owes the customer something."
    assert "  a shortest journey that shows it:\n    turn 1: " in text
    assert "  the nearest that passes:\n    turn 1: " in text


def test_a_journey_that_goes_round_says_from_where(curve: Curve):
    waits = policy("waits")(lambda _: "wait")
    witness = check(curve, waits, nobody_forgotten, environment=UPSET).verdicts[0].witness
    assert isinstance(witness, Witness)
    assert f"from turn {(witness.loops_from or 0) + 1} it goes round for ever" in str(witness)
    assert repr(witness) == f"<Witness of {len(witness)} turns>"


def test_a_witness_can_be_kept_and_run_again(curve: Curve, tmp_path: Path):
    witness = refuted(curve).witness
    assert isinstance(witness, Witness)
    witness.save(tmp_path / "witness.json")
    again = from_json(Journey, (tmp_path / "witness.json").read_text(encoding="utf-8"), curve=curve)
    assert isinstance(again, Journey)
    assert again == witness.journey
    assert curve.journey(witness.events, start=witness.journey.start).standing.position == again.standing.position


def test_a_report_is_read_by_name(curve: Curve):
    report = check(curve, asking(), no_ask_on_open_account, nobody_forgotten, environment=UPSET)
    assert isinstance(report, Report)
    assert (report.curve, report.policy, report.environment) == ("default", "funnel", "upset")
    assert report["nobody_forgotten"] is report.verdicts[1]
    assert str(report).splitlines() == [str(verdict) for verdict in report.verdicts]
    assert report.refuted == tuple(verdict for verdict in report.verdicts if verdict.status is Status.REFUTED)
    with pytest.raises(KeyError, match=r"no verdict on 'nobody'; there is one on no_ask_on_open_account"):
        report["nobody"]
    assert check(curve).policy is None
    assert check(curve).environment == ANY.name


def test_verdicts_count_what_was_looked_at(curve: Curve):
    verdict = check(curve)["no_harm_helps"]
    assert (verdict.states, verdict.transitions) == (524, 524 * 16)
    assert verdict.seconds > 0
    found = check(curve, usual, nobody_forgotten).verdicts[0]
    assert 0 < found.states < found.transitions


def test_arguments_of_another_kind_are_named(curve: Curve):
    fine = always(lambda _: True)
    for arguments, numbers, match in (
        (("default", usual, fine), {}, "curve"),
        ((curve, "solve_first.toml", fine), {}, "policy"),
        ((curve, usual, fine), {"environment": {"kept": 0.5}}, "environment"),
        ((curve, usual, fine), {"max_states": 0}, "max_states"),
        ((curve, usual, fine), {"max_states": 1.5}, "max_states"),
    ):
        with pytest.raises(InvalidValueError, match=match):
            check(*arguments, **numbers)  # type: ignore[arg-type]
    for insert in ("complaint", 5, None, [3]):
        with pytest.raises(InvalidValueError, match="must be a list of words"):
            relational(insert, never="higher")  # type: ignore[arg-type]
    for made in (always, never, possible, recoverable_to, probability):
        with pytest.raises(InvalidValueError, match="must be a function of a turn"):
            made("departed")  # type: ignore[operator]
    with pytest.raises(UnknownWordError, match="complaint"):
        check(curve, None, relational(["complaints"], never="higher"))
