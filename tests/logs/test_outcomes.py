"""Outcomes of the user's own: each with what was known just before it, by state and by baselines; they change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.logs.helpers import UTC_LOG, at, outcomes, parts, rejects, replay, rule, shares

RULES = rule('{ event = "made" }', 'PromiseMade promise = "{p}"; due = "due"')
RULES += rule('{ event = "kept" }', 'PromiseKept promise = "{p}"') + rule('{ event = "bye" }', "Departed")
RULES += rule('{ event = "rated" }', ignore=True)
MAPPING = UTC_LOG + 'id = "id"\n' + RULES


def seen(path: Path, log: str, *columns: str) -> list[tuple[Any, ...]]:
    return outcomes(replay(path, log, MAPPING, outcome="stars"), *columns)


LOG = """
customer | time             | event | p | due        | stars | id
ann      | 2026-01-01       | made  | A | 2026-01-05 |       | 1
bob      | 2026-01-01       | made  | B | 2026-01-05 |       | 2
ann      | 2026-01-04       | kept  | A |            | 5     | 3
ann      | 2026-01-05       | rated |   |            | 4     | 4
bob      | 2026-01-05       | rated |   |            | 3     | 5
bob      | 2026-01-05 00:01 | rated |   |            | 1     | 6
bob      | 2026-01-09       | made  | C |            |       | 7
bob      | 2026-01-09       | rated |   |            | 2     | 8
cyd      | 2026-01-09       | rated |   |            | 3     | 9
ann      | 2026-01-10       | bye   |   |            | 1     | 10
ann      | 2026-01-11       | rated |   |            | 2     | 11
dan      | 2026-01-12       | bye   |   |            |       | 12
"""


def test_an_outcome_is_told_by_the_state_just_before_its_row(tmp_path: Path) -> None:
    assert seen(tmp_path, LOG, "row", "customer", "value", "state") == [
        (3, "ann", 5, "hopeful"),
        (4, "ann", 4, "hopeful"),
        (5, "bob", 3, "hopeful"),  # at the due instant itself the promise can still be kept
        (6, "bob", 1, "distrust.competitive"),  # the clock has run, though no row came
        (8, "bob", 2, "distrust.competitive"),
        (9, "cyd", 3, "distrust.suspicious"),  # a stranger
        (10, "ann", 1, "hopeful"),  # before the row that carries it
        (11, "ann", 2, "departed"),
    ]


def test_the_baseline_is_whether_the_last_promise_was_kept(tmp_path: Path) -> None:
    assert seen(tmp_path, LOG, "row", "last_promise", "repeat") == [
        (3, "none yet", False),
        (4, "kept", False),
        (5, "none yet", False),
        (6, "broken", False),
        (8, "broken", True),
        (9, "none yet", False),
        (10, "kept", False),
        (11, "kept", False),
    ]


def test_promises_are_counted_and_the_position_is_known(tmp_path: Path) -> None:
    columns = ("row", "promises_open", "promises_overdue", "promises_kept", "promises_broken", "doubt", "account")
    assert seen(tmp_path, LOG, *columns) == [
        (3, 1, 0, 0, 0, 2, "due"),
        (4, 0, 0, 1, 0, 1, "clear"),
        (5, 1, 0, 0, 0, 2, "due"),
        (6, 0, 1, 0, 1, 4, "breach"),
        (8, 1, 1, 0, 1, 4, "breach"),
        (9, 0, 0, 0, 0, 2, "clear"),
        (10, 0, 0, 1, 0, 1, "clear"),
        (11, 0, 0, 1, 0, 1, "clear"),
    ]


def test_shares_are_counts_and_means_from_the_highest_state_down(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, MAPPING, outcome="stars")
    assert list(shares(done, "state", "count", "customers", "mean").items()) == [
        ("hopeful", (4, 2, 13 / 4)),
        ("distrust.suspicious", (1, 1, 3)),
        ("distrust.competitive", (2, 1, 1.5)),
        ("departed", (1, 1, 2)),
    ]
    assert list(shares(done, "last promise", "count", "mean").items()) == [
        ("kept", (3, 7 / 3)),
        ("none yet", (3, 11 / 3)),
        ("broken", (2, 1.5)),
    ]
    assert shares(done, "state", "count", whose="repeat") == {"distrust.competitive": (1,)}


def test_asking_for_an_outcome_changes_nothing_else(tmp_path: Path) -> None:
    asked, plain = replay(tmp_path, LOG, MAPPING, outcome="stars"), replay(tmp_path, LOG, MAPPING)
    assert parts(asked) == parts(plain)
    assert list(asked.standings) == ["ann", "bob", "dan"]
    assert plain.outcomes.table.is_empty()
    assert plain.outcomes.names == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("4.5", 4.5), ("-1", -1), ("1e1", 10), ("true", 1), ("False", 0), ("YES", 1), ("no", 0), (" 3 ", 3)],
)
def test_numbers_and_flags_are_values(tmp_path: Path, text: str, value: float) -> None:
    log = f"customer | time | event | p | due | stars | id\nann | 2026-01-01 | rated | | | {text} |"
    assert seen(tmp_path, log, "value") == [(value,)]


@pytest.mark.parametrize("text", ["good", "5 stars", "4,5", "yes!", "[1]"])
def test_an_unreadable_outcome_is_told_and_its_row_counts_all_the_same(tmp_path: Path, text: str) -> None:
    log = f"customer | time | event | p | due | stars | id\nann | 2026-01-01 | made | A | | {text} |"
    done = replay(tmp_path, log, MAPPING, outcome="stars")
    assert (outcomes(done, "row"), rejects(done)) == ([], [(1, "unreadable outcome")])
    assert done.rejects[0].detail == (
        f"outcome 'stars': column 'stars' has '{text}', which is not a number, true or false"
    )
    assert (done.counts.used, done.counts.broken, done.counts.rejected) == (1, 0, 0)
    assert list(done.standings) == ["ann"]


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "1e999", "1_0", "0x10"])
def test_what_is_no_number_is_no_value(tmp_path: Path, text: str) -> None:
    log = f"customer | time | event | p | due | stars | id\nann | 2026-01-01 | rated | | | {text} |"
    assert seen(tmp_path, log, "row") == []


def test_outcomes_after_until_are_not_told(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, MAPPING, outcome="stars", until=at("2026-01-05"))
    assert outcomes(done, "row") == [(3,), (4,), (5,)]


def test_outcomes_after_the_last_event_are_told(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | 2026-01-01 | made  | A |     |       | 1
    ann      | 2026-01-02 | rated |   |     | 5     | 2
    """
    assert seen(tmp_path, log, "row", "state") == [(2, "hopeful")]


def test_the_outcome_of_a_duplicate_is_not_told_twice(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | 2026-01-01 | made  | A |     | 5     | 1
    ann      | 2026-01-01 | made  | A |     | 5     | 1
    """
    done = replay(tmp_path, log, MAPPING, outcome="stars")
    assert (outcomes(done, "row"), done.counts.duplicate) == ([(1,)], 1)


def test_the_outcome_of_an_ignored_duplicate_is_not_told_twice(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | 2026-01-01 | rated |   |     | 5     | 1
    ann      | 2026-01-01 | rated |   |     | 5     | 1
    """
    assert seen(tmp_path, log, "row") == [(1,)]


def test_the_outcome_of_a_row_that_is_mended_later_is_told_once(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | 2026-01-01 | kept  | A |     | 5     | 1
    ann      | 2026-01-02 | made  | A |     | 5     | 1
    """
    done = replay(tmp_path, log, MAPPING, outcome="stars")
    assert (outcomes(done, "row"), done.counts.applied, done.counts.rejected) == ([(1,)], 1, 1)


def test_an_outcome_sees_what_a_row_made_at_an_earlier_instant_whatever_becomes_of_the_rest(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | came       | stars
    ann      | 2026-01-01 | sold  | A | 2026-01-09 |
    ann      | 2026-01-02 | rated |   |            | 5
    ann      | 2026-01-03 | freed | A |            |
    """
    rules = rule('{ event = "sold" }', 'PromiseMade promise = "{p}"', 'PromiseKept promise = "{p}"; at = "came"')
    rules += rule('{ event = "freed" }', 'PromiseReleased promise = "{p}"') + rule("", ignore=True)
    done = replay(tmp_path, log, UTC_LOG + rules, outcome="stars")
    assert outcomes(done, "row", "state") == [(2, "hopeful")]
    assert rejects(done) == [(1, "unknown promise")]


def test_rows_that_cannot_be_placed_tell_no_outcome(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | soon       | rated |   |     | 5     | 1
             | 2026-01-01 | rated |   |     | 5     | 1
    """
    done = replay(tmp_path, log, MAPPING, outcome="stars")
    assert (outcomes(done, "row"), rejects(done)) == ([], [(1, "unreadable time"), (2, "no customer")])


def test_the_outcome_of_a_rejected_row_is_told_by_what_was_known_before_it(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | 2026-01-01 | made  | A |     |       | 1
    ann      | 2026-01-02 | kept  | Z |     | 5     | 2
    ann      | 2026-01-03 | odd   |   |     | 4     | 3
    ann      | 2026-01-04 | bye   |   |     |       | 4
    """
    done = replay(tmp_path, log, MAPPING, outcome="stars")
    assert outcomes(done, "row", "state", "last_promise") == [
        (2, "hopeful", "none yet"),
        (3, "hopeful", "none yet"),
    ]
    assert rejects(done) == [(2, "unknown promise"), (3, "no rule matches")]


def test_a_promise_of_which_only_the_keeping_is_known_counts(tmp_path: Path) -> None:
    log = "customer | time | w | stars\nann | 2026-01-01 | major |\nann | 2026-01-02 | minor | 5\nann | 2026-01-03 | minor | 5"
    mapping = UTC_LOG + rule("", 'PromiseKept promise = "{time}"; weight = "{w}"')
    done = replay(tmp_path, log, mapping, outcome="stars")
    assert outcomes(done, "last_promise", "promises_kept", "repeat") == [("kept", 1, False), ("kept", 2, True)]


def test_an_outcome_is_dropped_for_an_id_of_the_same_customer_alone(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | 2026-01-01 | rated |   |     | 5     | 1
    bob      | 2026-01-01 | rated |   |     | 4     | 1
    ann      | 2026-01-02 | bye   |   |     | 3     | 1
    """
    assert seen(tmp_path, log, "row", "value") == [(1, 5), (2, 4)]
