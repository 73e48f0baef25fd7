"""One customer's story out of a log: the same as in the replay of the whole log."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import astuple

from tests.logs.helpers import CURVE, EXCHANGE, IGNORE_REST, UTC_LOG, at, rejects, replay, rule, table, write
from trustcurve import Exchanged
from trustcurve.core.errors import UnknownWordError
from trustcurve.logs import Story, parse_mapping, scan_log, tell_story
from trustcurve.logs.replays import Counts

MAPPING = UTC_LOG + 'id = "id"\n' + EXCHANGE + rule('{ event = "made" }', 'PromiseMade promise = "p"; due = "due"')
MAPPING += rule('{ event = "kept" }', 'PromiseKept promise = "p"') + rule('{ event = "noise" }', ignore=True)
LOG = """
customer | time       | event | due        | id
ann      | 2026-01-03 | made  | 2026-01-05 | 1
bob      | 2026-01-01 | x     |            | 2
ann      | 2026-01-02 | x     |            | 2
cyd      | 2026-01-01 | noise |            |
ann      | 2026-01-04 | what  |            |
ann      | soon       | x     |            |
dan      | 2026-01-01 | kept  |            |
bob      | 2026-09-01 | x     |            | 3
"""


def story(path: Path, customer: str, log: str = LOG, **options: object) -> Story:
    return tell_story(scan_log(write(path, table(log))), parse_mapping(MAPPING), CURVE, customer, **options)


def test_a_story_has_every_step_with_the_row_behind_it(tmp_path: Path) -> None:
    told = story(tmp_path, "ann")
    assert told.customer == "ann"
    assert [(each.row, type(each.step.event).__name__) for each in told.steps] == [
        (1, "PromiseMade"),
        (None, "NoneType"),
    ]
    assert told.standing == replay(tmp_path, LOG, MAPPING).standings["ann"]
    assert [(reject.row, reject.reason) for reject in told.rejects] == [(5, "no rule matches"), (6, "unreadable time")]


def test_the_clock_runs_as_far_as_in_the_whole_log(tmp_path: Path) -> None:
    told = story(tmp_path, "ann")
    assert told.standing is not None
    assert (told.standing.as_of, told.standing.promises[0].overdue) == (at("2026-09-01"), True)
    early = story(tmp_path, "ann", until=at("2026-01-04"))
    assert early.standing is not None
    assert not early.standing.promises[0].overdue


def test_ids_that_others_used_count(tmp_path: Path) -> None:
    # ann's row 3 is a duplicate of bob's row 2, which came first.
    assert [each.row for each in story(tmp_path, "ann").steps] == [1, None]
    without_bob = LOG.replace("bob      | 2026-01-01", "bob      | 2026-01-09")
    assert [each.row for each in story(tmp_path, "ann", without_bob).steps] == [3, 1, None]


def test_an_id_used_by_somebody_whose_own_row_is_a_duplicate_counts(tmp_path: Path) -> None:
    log = """
    customer | time       | event | due | id
    ann      | 2026-01-03 | x     |     | 2
    bob      | 2026-01-02 | kept  |     | 2
    bob      | 2026-01-01 | x     |     | 1
    cyd      | 2026-01-01 | x     |     | 1
    """
    # bob's row 2 is rejected, so it does not use the id up, and ann's counts.
    assert [each.step.event for each in story(tmp_path, "ann", log).steps] == [Exchanged(at=at("2026-01-03"), id="2")]
    assert rejects(replay(tmp_path, log, MAPPING)) == [(2, "unknown promise")]


def test_a_customer_all_of_whose_rows_are_rejects_has_a_story_without_a_standing(tmp_path: Path) -> None:
    told = story(tmp_path, "dan")
    assert (told.standing, told.steps) == (None, ())
    assert [reject.reason for reject in told.rejects] == ["unknown promise"]


@pytest.mark.parametrize(
    ("customer", "says"),
    [
        ("anne", "customer 'anne' is unknown; did you mean 'ann'?"),
        ("7", "customer '7' is unknown"),
        ("", "customer '' is unknown"),
    ],
)
def test_an_unknown_customer_is_told(tmp_path: Path, customer: str, says: str) -> None:
    with pytest.raises(UnknownWordError) as caught:
        story(tmp_path, customer)
    assert (caught.value.argument, caught.value.value) == ("customer", customer)
    assert str(caught.value) == says


@pytest.mark.parametrize("customer", ["zzz", "customer-1", "ustomer-999", "x-customer-7"])
def test_an_unknown_customer_is_not_answered_with_all_others(tmp_path: Path, customer: str) -> None:
    log = "customer | time | event | due | id\n" + "\n".join(
        f"customer-{n} | 2026-01-01 | x | | " for n in range(100, 999)
    )
    with pytest.raises(UnknownWordError) as caught:
        story(tmp_path, customer, log)
    assert len(str(caught.value)) < 100
    assert len(caught.value.known) <= 3


def test_a_customer_all_of_whose_rows_are_ignored_is_known(tmp_path: Path) -> None:
    told = story(tmp_path, "cyd")
    assert (told.standing, told.steps, told.rejects) == (None, (), ())


@pytest.mark.parametrize(
    ("customer", "until", "counts"),
    [
        ("ann", None, Counts(rows=4, used=1, ignored=0, duplicates=1, later=0, rejected=2, events=1)),
        ("bob", None, Counts(rows=2, used=2, ignored=0, duplicates=0, later=0, rejected=0, events=2)),
        ("bob", "2026-01-04", Counts(rows=2, used=1, ignored=0, duplicates=0, later=1, rejected=0, events=1)),
        ("cyd", None, Counts(rows=1, used=0, ignored=1, duplicates=0, later=0, rejected=0, events=0)),
        ("dan", None, Counts(rows=1, used=0, ignored=0, duplicates=0, later=0, rejected=1, events=0)),
    ],
)
def test_every_row_of_the_customer_is_accounted_for(
    tmp_path: Path, customer: str, until: str | None, counts: Counts
) -> None:
    assert story(tmp_path, customer, until=at(until) if until else None).counts == counts


@pytest.mark.parametrize("until", [None, "2026-01-03", "2026-01-01", "2020-01-01"])
def test_the_rows_of_all_customers_are_the_rows_of_the_log(tmp_path: Path, until: str | None) -> None:
    end = at(until) if until else None
    told = [astuple(story(tmp_path, customer, until=end).counts) for customer in ("ann", "bob", "cyd", "dan")]
    whole = replay(tmp_path, LOG, MAPPING, until=end).counts
    assert tuple(map(sum, zip(*told, strict=True))) == astuple(whole)


def test_a_rule_that_ignores_the_rest_leaves_no_rejects(tmp_path: Path) -> None:
    told = tell_story(
        scan_log(write(tmp_path, table(LOG))), parse_mapping(UTC_LOG + EXCHANGE + IGNORE_REST), CURVE, "bob"
    )
    assert ([each.row for each in told.steps], told.rejects) == ([2, 8], ())
