"""Relations by month: what a look at the end of each month would see, and what was given and asked in it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from tests.logs.helpers import CURVE, UTC_LOG, replay, rule
from tests.replay.strategies import CUSTOMERS, logs
from trustcurve.core.replay import History, LoggedEvent, history
from trustcurve.logs.outputs import frames_of
from trustcurve.logs.relations import RelationCounter, by_cohort, by_month, totals_of
from trustcurve.records import RelationRecord
from trustcurve.report import draw_log_relations

INSIDE = ("hopeful", "customer_centric", "advocate")
ASKS = ("company_one_sided.paid", "company_one_sided.unpaid", "proposition.repeats", "proposition.intrudes")
GIVEN = ("kept_minor", "kept_major", "exchange", "repair")
LOG = """
customer | time       | event
ann      | 2026-01-30 | offer
ann      | 2026-02-02 | advice
ann      | 2026-02-03 | letter
bob      | 2026-02-10 | letter
bob      | 2026-02-11 | offer
cyd      | 2026-08-01 | letter
"""
RULES = rule('{ event = "offer" }', "Proposed") + rule('{ event = "advice" }', "Exchanged")
RULES += rule('{ event = "letter" }', 'OneSided by = "company"')


def counted(histories: list[History], end: datetime) -> list[RelationRecord]:
    """Count histories, and a look at the end."""
    counter = RelationCounter(CURVE)
    for each in histories:
        counter.add_history(each)
    for each in histories:
        if each.standing is not None:
            counter.add_step(CURVE.observe(each.standing, end))
    return list(counter.records())


def month_of(at: datetime) -> str:
    return f"{at:%Y-%m}"


def months(first: datetime, last: datetime) -> list[tuple[str, datetime]]:
    """List months, each with its last instant, or the very last one."""
    found, at = [], first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while at <= last:
        following = (at + timedelta(days=32)).replace(day=1)
        found.append((month_of(at), min(following - timedelta(microseconds=1), last)))
        at = following
    return found


@given(logs(), st.sampled_from([0, 20, 95, 400]))
def test_the_end_of_each_month_is_what_a_look_would_see(log: list[LoggedEvent], later: int) -> None:
    events = {customer: [each for each in log if each.event.customer == customer] for customer in CUSTOMERS}
    histories = [history(CURVE, customer, own) for customer, own in events.items()]
    last = max((each.standing.as_of for each in histories if each.standing), default=datetime(2026, 1, 1, tzinfo=UTC))
    end = last + timedelta(days=later)
    expected: Counter[tuple[str, str, str]] = Counter()
    for each in histories:
        if each.start is None or each.standing is None:
            continue
        cohort = month_of(each.start.as_of)
        steps = [*each.steps, CURVE.observe(each.standing, end)]
        been = [o for step in steps for o in step.occurrences if o.reaction is not None]
        for month, look in months(each.start.as_of, end):
            known = history(CURVE, each.customer, events[each.customer], until=look).standing
            assert known is not None
            position = CURVE.observe(known, look).after.position
            across = position.stage in INSIDE
            expected[cohort, month, "customers"] += 1
            expected[cohort, month, "crossed"] += any(
                o.reaction is not None and o.reaction.after.stage in INSIDE and o.at <= look for o in been
            )
            expected[cohort, month, "across"] += across
            expected[cohort, month, "engaged"] += across and position.engaged > 0
        for o in been:
            assert o.reaction is not None
            expected[cohort, month_of(o.at), "given"] += o.reaction.signal in GIVEN
            expected[cohort, month_of(o.at), "asked"] += o.reaction.rule.name in ASKS
    records = {(each.cohort, each.month): each for each in counted(histories, end)}
    for cohort in sorted({cohort for cohort, _, _ in expected}):
        latest = None
        for month, _ in months(datetime.fromisoformat(f"{cohort}-01").replace(tzinfo=UTC), end):
            found = records.get((cohort, month))
            latest = latest if found is None else found
            assert latest is not None
            for name in ("customers", "crossed", "across", "engaged"):
                assert getattr(latest, name) == expected[cohort, month, name], (cohort, month, name)
            for name in ("given", "asked"):
                assert (0 if found is None else getattr(found, name)) == expected[cohort, month, name]


def test_a_log_has_its_relations_by_cohort_and_month(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, UTC_LOG + RULES)
    assert [tuple(frames_of(done)["relations"].row(number)) for number in range(len(done.relations))] == [
        ("2026-01", "2026-01", 1, 1, 1, 0, 0, 0),
        ("2026-01", "2026-02", 1, 1, 1, 0, 1, 1),
        ("2026-01", "2026-05", 1, 1, 0, 0, 0, 0),
        ("2026-02", "2026-02", 1, 0, 0, 0, 0, 2),
        ("2026-08", "2026-08", 1, 0, 0, 0, 0, 1),
    ]
    assert [(each.period, each.customers, each.across, each.asked) for each in by_month(done.relations)] == [
        ("2026-01", 1, 1, 0),
        ("2026-02", 2, 1, 3),
        ("2026-05", 2, 0, 0),
        ("2026-08", 3, 0, 1),
    ]
    assert [(each.period, each.crossed, each.given, each.asked) for each in by_cohort(done.relations)] == [
        ("2026-01", 1, 1, 1),
        ("2026-02", 0, 0, 2),
        ("2026-08", 0, 0, 1),
    ]
    total = totals_of(done.relations)
    assert (total.customers, total.crossed, total.across, total.given, total.asked) == (3, 1, 0, 1, 4)


def test_who_crosses_twice_has_crossed_once_and_what_is_given_each_month_adds_up(tmp_path: Path) -> None:
    days = {"2026-01-01": "offer", "2026-06-01": "advice", "2026-08-01": "advice", "2026-09-01": "offer"}
    days |= {"2026-09-02": "advice"}
    log = "customer | time | event\n" + "".join(f"ann | {day} | {what}\n" for day, what in days.items())
    done = replay(tmp_path, log, UTC_LOG + RULES)
    across = [each.across for each in done.relations]
    assert across.count(0) >= 1, "she is lost between"
    assert across[-1] == 1, "and comes back"
    assert {each.crossed for each in done.relations} == {1}
    assert [(each.period, each.given) for each in by_month(done.relations) if each.given] == [
        ("2026-06", 1),
        ("2026-08", 1),
        ("2026-09", 1),
    ]


def test_what_was_asked_before_anybody_crossed_is_counted_and_a_late_keep_is_no_gift(tmp_path: Path) -> None:
    rules = rule('{ event = "made" }', 'PromiseMade promise = "p"; due = "due"')
    rules += rule('{ event = "kept" }', 'PromiseKept promise = "p"')
    log = "customer | time | event | due\nann | 2026-01-01 | made | 2026-01-05\nann | 2026-01-09 | kept |\n"
    done = replay(tmp_path, log, UTC_LOG + rules)
    assert (totals_of(done.relations).given, totals_of(done.relations).asked) == (0, 0)
    early = replay(tmp_path, log.replace("01-09", "01-04"), UTC_LOG + rules)
    assert totals_of(early.relations).given == 1


@pytest.mark.parametrize("log", [LOG, "customer | time | event\nann | soon | offer\n"], ids=["some", "none"])
def test_relations_are_drawn_and_the_same_each_time(log: str, tmp_path: Path) -> None:
    done = replay(tmp_path, log, UTC_LOG + RULES)
    one, other = (draw_log_relations(tmp_path / name, done) for name in ("one.png", "other.png"))
    assert one.read_bytes() == other.read_bytes()
    assert imread(one).shape[0] == 444
    assert frames_of(done)["relations"].schema["given"] == pl.Int64()
