"""Outcomes with times of their own, several of them, and those that later events decide: none looks ahead."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import asdict
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.logs.helpers import (
    CURVE,
    PLAIN_LOG,
    UTC_LOG,
    at,
    outcomes,
    rejects,
    replay,
    replay_file,
    rule,
    warnings,
    write,
)
from trustcurve import Event, Exchanged, PromiseKept, PromiseMade, Purchased, Standing
from trustcurve.errors import TrustcurveError
from trustcurve.logs import InvalidMappingError, LogReplay
from trustcurve.records import SignalRecord

WIDE = UTC_LOG + rule(
    "", 'PromiseMade promise = "{p}"; due = "due"', 'PromiseKept promise = "{p}"; at = "came"', 'Exchanged at = "rated"'
)
WIDE_LOG = """
customer | time       | p | due        | came       | rated      | stars
ann      | 2026-03-01 | A | 2026-03-05 | 2026-03-20 | 2026-03-25 | 1
bob      | 2026-03-01 | B | 2026-03-05 | 2026-03-03 | 2026-03-25 | 5
cyd      | 2026-03-01 | C | 2026-03-05 | 2026-03-03 |            | 4
dan      | 2026-03-01 | D | 2026-03-05 | 2026-03-03 | 2026-03-05 | 3
"""


def outcome(name: str, **keys: str) -> str:
    """Write an outcome of a mapping; the values are TOML."""
    return "\n".join(["[[outcomes]]", f'name = "{name}"', *(f"{key} = {value}" for key, value in keys.items()), ""])


def test_an_outcome_has_a_time_of_its_own(tmp_path: Path) -> None:
    early = replay(tmp_path, WIDE_LOG, WIDE, outcome="stars")
    assert {state for (state,) in outcomes(early, "state")} == {"distrust.suspicious"}
    late = replay(tmp_path, WIDE_LOG, WIDE, outcome="stars", outcome_at="rated")
    assert outcomes(late, "customer", "at", "state", "engaged", "promises_overdue") == [
        ("ann", at("2026-03-25"), "distrust.competitive", 0, 0),
        ("bob", at("2026-03-25"), "hopeful", 0, 0),  # before the exchange of the same instant
        ("dan", at("2026-03-05"), "hopeful", 0, 0),  # where the time is empty, there is no outcome
    ]
    named = WIDE + outcome("stars", column='"stars"', at='"rated"')
    assert replay(tmp_path, WIDE_LOG, named).outcomes.table.equals(late.outcomes.table)


def test_it_is_said_that_an_outcome_may_be_read_too_early(tmp_path: Path) -> None:
    (warning,) = warnings(replay(tmp_path, WIDE_LOG, WIDE, outcome="stars"))
    assert warning.endswith(
        "times of their own ('came', 'rated'): if it was known later, name the column of its time with --outcome-at"
    )
    (warning,) = warnings(replay(tmp_path, WIDE_LOG, WIDE + outcome("how", column='"stars"')))
    assert warning.startswith("outcome 'how' is compared with what was known at 'time', before all events of its row")
    assert warning.endswith("with at in [[outcomes]] how")
    for column in ("rated", "time"):  # where the log's time is meant, it can be said
        assert warnings(replay(tmp_path, WIDE_LOG, WIDE, outcome="stars", outcome_at=column)) == ()
    long = UTC_LOG + rule("", 'PromiseMade promise = "{p}"; due = "due"')
    assert warnings(replay(tmp_path, WIDE_LOG, long, outcome="stars")) == ()
    after = outcome("kept", followed_by='"PromiseKept"', within="{ days = 9 }")
    assert warnings(replay(tmp_path, WIDE_LOG, WIDE + after)) == ()


def test_the_time_of_the_log_is_no_other_time_if_it_is_named(tmp_path: Path) -> None:
    log = "customer | time | p | stars\nann | 2026-01-01 | A |\nann | 2026-01-01 | B | 5"
    mapping = UTC_LOG + rule("", 'PromiseMade promise = "{p}"')
    for named in (None, "time"):
        done = replay(tmp_path, log, mapping, outcome="stars", outcome_at=named)
        assert outcomes(done, "row", "state", "promises_open") == [
            (2, "hopeful", 1)
        ]  # after earlier rows of its instant
    log = "customer | time | p | stars | rated\nann | 2026-01-01 | A | |\nann | 2026-01-01 | B | 5 | 2026-01-01"
    done = replay(tmp_path, log, mapping, outcome="stars", outcome_at="rated")
    assert outcomes(done, "row", "state", "promises_open") == [(2, "distrust.suspicious", 0)]  # before all events of it


def test_a_time_that_cannot_be_read_is_a_reject_and_an_empty_one_is_not(tmp_path: Path) -> None:
    log = "customer | time | event | rated | stars\nann | 2026-01-01 | x | soon | 5\nbob | 2026-01-01 | x | | 5"
    done = replay(tmp_path, log, UTC_LOG + rule("", "Exchanged"), outcome="stars", outcome_at="rated")
    assert (outcomes(done, "row"), rejects(done)) == ([], [(1, "unreadable outcome")])
    assert done.rejects[0].detail == "outcome 'stars': unreadable time: column 'rated' has 'soon'"
    assert done.counts.used == 2


def test_an_outcome_is_of_the_rows_for_which_its_conditions_hold(tmp_path: Path) -> None:
    log = """
    customer | time       | event | n   | stars
    ann      | 2026-01-01 | rated | 3   | 5
    ann      | 2026-01-02 | other | 3   | 4
    ann      | 2026-01-03 | rated | 1   | 3
    ann      | 2026-01-04 | rated | two | 2
    ann      | 2026-01-05 | other | two | 1
    """
    rated = outcome("stars", column='"stars"', when='{ event = "rated", n = { at_least = 2 } }')
    done = replay(tmp_path, log, UTC_LOG + rule("", ignore=True) + rated)
    assert outcomes(done, "row", "value") == [(1, 5)]
    assert rejects(done) == [(4, "unreadable outcome")]
    assert done.rejects[0].detail == "outcome 'stars': not a number: column 'n' has 'two'"


def test_the_conditions_of_an_outcome_may_be_about_times(tmp_path: Path) -> None:
    log = "customer | time | came | stars\nann | 2026-01-01T00:00Z | 2026-01-03 | 5\nann | 2026-01-02T00:00Z | 2026-01-04 | 4"
    since = outcome("stars", column='"stars"', when="{ came = { at_least = 2026-01-04 } }")
    assert outcomes(replay(tmp_path, log, UTC_LOG + rule("", ignore=True) + since), "row") == [(2,)]
    with pytest.raises(InvalidMappingError, match=r"timezone: is missing, and column 'came' has times without one"):
        replay(tmp_path, log, PLAIN_LOG + rule("", ignore=True) + since)
    log = log.replace("2026-01-03", "2026-01-03T00:00Z").replace("2026-01-04", "2026-01-04T00:00Z")
    with pytest.raises(
        InvalidMappingError, match="the instant of 2026-01-04 depends on the timezone, and outcome 'stars' comp"
    ):
        replay(tmp_path, log, PLAIN_LOG + rule("", ignore=True) + since)


def test_a_log_has_several_outcomes(tmp_path: Path) -> None:
    log = "customer | time | id | a | b\nann | 2026-01-01 | 1 | 1 | yes\nann | 2026-01-01 | 1 | 2 | no\nann | 2026-01-02 | 2 | | no"
    mapping = (
        UTC_LOG
        + 'id = "id"\n'
        + rule("", ignore=True)
        + outcome("second", column='"b"')
        + outcome("first", column='"a"')
    )
    done = replay(tmp_path, log, mapping)
    assert outcomes(done, "name", "row", "value") == [("second", 1, 1), ("first", 1, 1), ("second", 3, 0)]
    assert done.outcomes.names == ("second", "first")
    chosen = replay(tmp_path, log, mapping, outcome=["first", "b", "first"])
    assert chosen.outcomes.names == ("first", "b")
    assert outcomes(chosen, "name", "row", "value") == [("first", 1, 1), ("b", 1, 1), ("b", 3, 0)]
    assert replay(tmp_path, log, mapping, outcome=[]).outcomes.names == ()


def test_the_outcomes_of_a_row_are_in_the_order_of_the_mapping(tmp_path: Path) -> None:
    log = "customer | time | a | later\nann | 2026-01-01 | 1 | 2026-01-09\nann | 2026-01-02 | 2 | 2026-01-03"
    asked = outcome("later", column='"a"', at='"later"') + outcome("soon", column='"a"')
    done = replay(tmp_path, log, UTC_LOG + rule("", ignore=True) + asked)
    assert outcomes(done, "row", "name") == [(1, "later"), (1, "soon"), (2, "later"), (2, "soon")]


AFTER = """
customer | time       | what | p
ann      | 2026-01-01 | sent |
ann      | 2026-01-01 | buys |
bob      | 2026-01-01 | sent |
bob      | 2026-01-11 | buys |
cyd      | 2026-01-01 | sent |
cyd      | 2026-01-11 00:00:01 | buys |
dan      | 2026-01-02 | sent |
eve      | 2026-01-02 00:00:01 | sent |
eve      | 2026-01-03 | buys |
fay      | 2026-01-01 | sent |
fay      | 2026-01-03 | late | never made
fay      | 2026-01-12 | ends |
"""
AFTER_RULES = rule('{ what = "buys" }', "Purchased") + rule(
    '{ what = "late" }', 'PromiseKept promise = "{p}"', "Purchased"
)
AFTER_RULES += rule('{ what = "ends" }', "Complained") + rule("", ignore=True)


@pytest.mark.parametrize(("key", "yes"), [("followed_by", 1), ("not_followed_by", 0)])
def test_events_decide_within_a_period_that_is_over(tmp_path: Path, key: str, yes: int) -> None:
    asked = outcome("again", when='{ what = "sent" }', within="{ days = 10 }", **{key: '["Purchased", "Departed"]'})
    done = replay(tmp_path, AFTER, UTC_LOG + AFTER_RULES + asked)
    assert outcomes(done, "customer", "value") == [
        ("ann", 1 - yes),  # at the instant itself is not after it
        ("bob", yes),  # at its last instant
        ("cyd", 1 - yes),
        ("dan", 1 - yes),  # the period ends with the log
        ("fay", 1 - yes),  # a purchase that was rejected with its row did not happen
    ]
    assert done.outcomes.unfinished == {"again": 1}  # eve bought, and others may still
    done = replay(tmp_path, AFTER, UTC_LOG + AFTER_RULES + asked, until=at("2026-01-11"))
    assert [customer for (customer,) in outcomes(done, "customer")] == ["ann", "bob", "cyd", "fay"]
    assert outcomes(done, "value")[1] == (yes,)
    assert done.outcomes.unfinished == {"again": 2}
    done = replay(tmp_path, AFTER, UTC_LOG + AFTER_RULES + asked, until=at("2026-01-01"))
    assert done.outcomes.unfinished == {"again": 4}


def test_a_duplicate_decides_nothing_and_has_no_outcome(tmp_path: Path) -> None:
    log = "customer | time | id\nann | 2026-01-01 | 1\nann | 2026-01-05 | 1\nann | 2026-01-09 | 2\nbob | 2026-03-01 | 1"
    mapping = UTC_LOG + 'id = "id"\n' + rule("", "Purchased")
    done = replay(tmp_path, log, mapping + outcome("again", followed_by='"Purchased"', within="{ days = 6 }"))
    assert outcomes(done, "row", "value") == [(1, 0), (3, 0)]
    assert done.outcomes.unfinished == {"again": 1}


def test_a_period_may_be_longer_than_the_calendar(tmp_path: Path) -> None:
    asked = outcome("again", followed_by='"Purchased"', within="{ days = 999999999 }")
    log = "customer | time\nann | 2026-01-01\nann | 9999-12-31"
    done = replay(tmp_path, log, UTC_LOG + rule("", "Purchased") + asked)
    assert (outcomes(done, "row"), done.outcomes.unfinished) == ([], {"again": 2})


# --- an oracle: fold a customer's events up to the instant ---------------------------------------------

DAYS = [f"2026-01-{day:02}" for day in (1, 2, 3, 5, 8, 13)] + ["2026-01-05 12:00", "2026-04-20", "2026-08-01"]
FIELDS = {
    "customer": st.sampled_from(["ann", "bob"]),
    "time": st.sampled_from(DAYS),
    "what": st.sampled_from(["made", "kept", "buys", "talk", "noise", "noise"]),
    "p": st.sampled_from(["A", "B"]),
    "due": st.sampled_from(["2026-01-05", "2026-03-01", ""]),
    "rated": st.sampled_from([*DAYS, ""]),
    "stars": st.sampled_from(["", "1", "5"]),
}
FOLDED = rule('{ what = "made" }', 'PromiseMade promise = "{p}"; due = "due"')
FOLDED += rule('{ what = "kept" }', 'PromiseKept promise = "{p}"') + rule('{ what = "buys" }', "Purchased")
FOLDED += rule('{ what = "talk" }', "Exchanged") + rule("", ignore=True)
ASKED = outcome("stars", column='"stars"', at='"rated"')
ASKED += outcome("again", when='{ what = "kept" }', at='"rated"', followed_by='"Purchased"', within="{ days = 5 }")
PERIOD = timedelta(days=5)


def event_of(row: dict[str, str]) -> Event | None:
    when, whose = at(row["time"]), row["customer"]
    if row["what"] == "made":
        due = at(row["due"]) if row["due"] else None
        is_broken = due is not None and due < when
        return None if is_broken else PromiseMade(at=when, customer=whose, promise=row["p"], due=due)
    if row["what"] == "kept":
        return PromiseKept(at=when, customer=whose, promise=row["p"])
    kinds = {"buys": Purchased, "talk": Exchanged}
    return kinds[row["what"]](at=when, customer=whose) if row["what"] in kinds else None


def folded(log: list[dict[str, str]], customer: str, before: datetime) -> tuple[Standing, list[str], list[Event]]:
    """Fold a customer's events up to an instant: the standing then, the signals, and the events that were applied."""
    standing, signals, applied = None, [], []
    own = [event for row in log if (event := event_of(row)) is not None and event.customer == customer]
    for event in sorted((each for each in own if each.at < before), key=lambda each: each.at):
        try:
            step = CURVE.advance(standing or CURVE.begin(customer, event.at), event)
        except TrustcurveError:
            continue
        standing = step.after
        signals += [each.signal for each in SignalRecord.of(step)]
        applied.append(event)
    look = CURVE.observe(standing or CURVE.begin(customer, before), before)
    return look.after, signals + [each.signal for each in SignalRecord.of(look)], applied


def by_fold(log: list[dict[str, str]], row: dict[str, str], value: float) -> dict[str, Any]:
    standing, signals, applied = folded(log, row["customer"], at(row["rated"]))
    promises = [each.removesuffix("_major") for each in signals if each.endswith("_major")]
    overdue = [promise for promise in standing.promises if promise.overdue]
    about = {each.promise for each in applied if isinstance(each, PromiseMade | PromiseKept)}
    return {
        "customer": row["customer"], "at": at(row["rated"]), "value": value, "state": CURVE.state(standing.position),
        **asdict(standing.position), "promises_open": len(standing.promises) - len(overdue),
        "promises_overdue": len(overdue), "last_promise": promises[-1] if promises else "none yet",
        "promises_kept": promises.count("kept"), "promises_broken": promises.count("broken"), "repeat": len(about) > 1,
    }  # fmt: skip


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.fixed_dictionaries(FIELDS), min_size=1, max_size=12))
@example(
    [
        {
            "customer": "ann",
            "time": "2026-01-01",
            "what": "made",
            "p": "A",
            "due": "2026-01-05",
            "rated": "2026-01-05",
            "stars": "5",
        }
    ]
)
def test_an_outcome_knows_what_the_events_before_its_instant_make(tmp_path: Path, log: list[dict[str, str]]) -> None:
    done = replay_file(write(tmp_path, log), UTC_LOG + FOLDED + ASKED)
    far = at("9998-01-01")
    ends = [event.at for whose in ("ann", "bob") for event in folded(log, whose, far)[2]]
    assert done.at_until.until == max(ends, default=None)
    expected = []
    for number, row in enumerate(log, start=1):
        if not row["rated"]:
            continue
        if row["stars"]:
            expected.append({"name": "stars", "row": number, **by_fold(log, row, float(row["stars"]))})
        if row["what"] == "kept" and ends and at(row["rated"]) + PERIOD <= max(ends):
            bought = [each.at for each in folded(log, row["customer"], far)[2] if isinstance(each, Purchased)]
            again = any(timedelta(0) < each - at(row["rated"]) <= PERIOD for each in bought)
            expected.append({"name": "again", "row": number, **by_fold(log, row, float(again))})
    assert done.outcomes.table.rows(named=True) == expected
    anchors = sum(row["what"] == "kept" and bool(row["rated"]) for row in log)
    finished = sum(each["name"] == "again" for each in expected)
    assert done.outcomes.unfinished == {"stars": 0, "again": anchors - finished}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.fixed_dictionaries(FIELDS), min_size=1, max_size=12), st.sampled_from(DAYS))
def test_what_comes_later_changes_nothing_that_was_known(tmp_path: Path, log: list[dict[str, str]], day: str) -> None:
    """Cut off all that happens at an instant or later: the outcomes up to it stay as they are."""

    def known(done: LogReplay) -> list[tuple[Any, ...]]:
        table = done.outcomes.table.filter(name="stars")
        return [row for row in table.rows() if row[3] <= at(day)]

    whole = replay_file(write(tmp_path, log), UTC_LOG + FOLDED + ASKED)
    cut = [row if at(row["time"]) < at(day) else {**row, "what": "noise"} for row in log]
    assert known(replay_file(write(tmp_path, cut), UTC_LOG + FOLDED + ASKED)) == known(whole)
