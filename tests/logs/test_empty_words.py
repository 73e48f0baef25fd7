"""Words that mean "empty", customers whose names say that nobody is known, and events that are skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.logs.helpers import CURVE, UTC_LOG, replay, rule, warnings
from trustcurve.logs import InvalidMappingError, parse_mapping

ORDERS = """
customer | time       | event | delivered  | due
ann      | 2026-01-01 | order | 2026-01-05 | 2026-01-09
bob      | 2026-01-01 | order | NULL       | 2026-01-09
cyd      | 2026-01-01 | order | -          | 9999-12-31
NULL     | 2026-01-01 | order | NULL       | 2026-01-09
null     | 2026-01-02 | order | NULL       | 2026-01-09
"""
RULES = rule(
    '{ event = "order" }', 'PromiseMade promise = "p"; due = "due"', 'PromiseKept promise = "p"; at = "delivered"'
)
EMPTY = UTC_LOG + 'empty = ["NULL", " - ", "9999-12-31"]\n'


@pytest.mark.parametrize("engine", ["columns", "pure"])
def test_words_that_mean_empty_are_empty_in_every_column(engine: str, tmp_path: Path) -> None:
    plain = replay(tmp_path, ORDERS, UTC_LOG + RULES, engine=engine)
    assert [(each.row, each.reason) for each in plain.rejects] == [(row, "unreadable time") for row in (2, 3, 4, 5)]
    done = replay(tmp_path, ORDERS, EMPTY + RULES, engine=engine)
    assert [(each.row, each.reason) for each in done.rejects] == [(4, "no customer")]
    assert [each.id for each in done.standings["bob"].promises] == ["p"]
    (far,) = done.standings["cyd"].promises
    assert far.due is None, "a day that means never is no day"
    assert done.standings["ann"].promises == ()


def test_who_may_be_nobody_is_told_unless_the_mapping_says_it(tmp_path: Path) -> None:
    log = "customer | time | event\nNULL | 2026-01-01 | buy\nnull | 2026-01-02 | buy\nNULL | 2026-01-03 | buy\nann | 2026-01-03 | buy\n"
    rules = rule('{ event = "buy" }', "Purchased")
    done = replay(tmp_path, log, UTC_LOG + rules)
    assert warnings(done) == (
        "a customer is named 'NULL' (2 events): if that means that nobody is known, say so in [log] of the mapping, empty = [\"NULL\"]",
        "a customer is named 'null' (1 event): if that means that nobody is known, say so in [log] of the mapping, empty = [\"null\"]",
    )
    said = replay(tmp_path, log, UTC_LOG + 'empty = ["NULL", "null"]\n' + rules)
    assert (warnings(said), list(said.standings), len(said.rejects)) == ((), ["ann"], 3)


def test_words_for_empty_are_checked() -> None:
    with pytest.raises(InvalidMappingError, match=r"\[log\] empty: must be a text that is not empty"):
        parse_mapping(UTC_LOG + 'empty = ["NULL", ""]\n[[rules]]\nignore = true\n')


TICKETS = """
customer | time             | event    | ticket
ann      | 2026-03-02 09:00 | question | T1
ann      | 2026-03-02 10:00 | reply    | T1
ann      | 2026-03-02 11:00 | reply    | T1
ben      | 2026-03-02 09:00 | reply    | T2
"""
ANSWERS = rule(
    '{ event = "question" }',
    'PromiseMade promise = "answer {ticket}"; due = { after = { hours = 4 } }; weight = "minor"',
)
ANSWERS += rule('{ event = "reply" }', 'PromiseKept promise = "answer {ticket}"; if_open = true', "Exchanged")


@pytest.mark.parametrize("engine", ["columns", "pure"])
def test_a_second_reply_keeps_nothing_and_counts_for_the_rest(engine: str, tmp_path: Path) -> None:
    done = replay(tmp_path, TICKETS, UTC_LOG + ANSWERS, engine=engine)
    assert (done.counts.applied, done.counts.skipped, done.counts.rejected) == (5, 2, 0)
    ann, ben = done.standings["ann"].position, done.standings["ben"].position
    assert (ann.doubt, ben.doubt) == (CURVE.start.doubt - 2, CURVE.start.doubt - 1)
    strict = replay(tmp_path, TICKETS, UTC_LOG + ANSWERS.replace("\nif_open = true", ""), engine=engine)
    assert strict.counts.rejected == 4, "without it both events of a second reply are rejected"


@pytest.mark.parametrize("engine", ["columns", "pure"])
def test_of_whom_every_event_is_skipped_there_is_no_standing(engine: str, tmp_path: Path) -> None:
    kept = rule('{ event = "kept" }', 'PromiseKept promise = "p"; if_open = true') + rule(
        '{ event = "buy" }', "Purchased"
    )
    log = "customer | time | event\nann | 2026-01-09 | kept\nbob | 2026-01-01 | buy\n"
    done = replay(tmp_path, log, UTC_LOG + kept, engine=engine)
    assert list(done.standings) == ["bob"]
    assert done.at_until.until is not None
    assert done.at_until.until.day == 1, "what is skipped does not run the clock"
    assert (done.counts.used, done.counts.skipped) == (2, 1)


def test_only_what_is_about_an_earlier_promise_can_be_skipped() -> None:
    with pytest.raises(InvalidMappingError, match="if_open: unknown key"):
        parse_mapping(UTC_LOG + rule("", 'PromiseMade promise = "p"; if_open = true'))
