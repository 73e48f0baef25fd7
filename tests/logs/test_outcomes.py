"""Outcomes of the user's own: told by the state just before their row, beside a plain baseline; they change nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.logs.helpers import CURVE, UTC_LOG, at, rejects, replay, rule
from trustcurve.logs.outcomes import Outcome, Share, by_baseline, by_state
from trustcurve.logs.outputs import frames_of

RULES = rule('{ event = "made" }', 'PromiseMade promise = "{p}"; due = "due"')
RULES += rule('{ event = "kept" }', 'PromiseKept promise = "{p}"') + rule('{ event = "bye" }', "Departed")
RULES += rule('{ event = "rated" }', ignore=True)
MAPPING = UTC_LOG + 'id = "id"\n' + RULES


def outcomes(path: Path, log: str, column: str = "stars") -> list[Outcome]:
    return list(replay(path, log, MAPPING, outcome=column).outcomes)


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
    told = [(each.row, each.customer, each.value, each.state) for each in outcomes(tmp_path, LOG)]
    assert told == [
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
    told = [(each.row, each.last_promise, each.repeat) for each in outcomes(tmp_path, LOG)]
    assert told == [
        (3, "none yet", False),
        (4, "kept", False),
        (5, "none yet", False),
        (6, "broken", False),
        (8, "broken", True),
        (9, "none yet", False),
        (10, "kept", False),
        (11, "kept", False),
    ]


def test_shares_are_counts_and_means_from_the_highest_state_down(tmp_path: Path) -> None:
    seen = outcomes(tmp_path, LOG)
    assert by_state(CURVE, seen) == (
        Share("hopeful", 4, 13 / 4),
        Share("distrust.suspicious", 1, 3),
        Share("distrust.competitive", 2, 1.5),
        Share("departed", 1, 2),
    )
    assert by_baseline(seen) == (Share("kept", 3, 7 / 3), Share("none yet", 3, 11 / 3), Share("broken", 2, 1.5))
    assert (by_state(CURVE, ()), by_baseline(())) == ((), ())


def test_asking_for_an_outcome_changes_nothing_else(tmp_path: Path) -> None:
    asked, plain = replay(tmp_path, LOG, MAPPING, outcome="stars"), replay(tmp_path, LOG, MAPPING)
    assert (asked.counts, asked.rejects, asked.relations) == (plain.counts, plain.rejects, plain.relations)
    assert all(
        one.equals(other) for one, other in zip(frames_of(asked).values(), frames_of(plain).values(), strict=True)
    )
    assert list(asked.standings) == ["ann", "bob", "dan"]
    assert plain.outcomes == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("4.5", 4.5), ("-1", -1), ("1e1", 10), ("true", 1), ("False", 0), ("YES", 1), ("no", 0), (" 3 ", 3)],
)
def test_numbers_and_flags_are_values(tmp_path: Path, text: str, value: float) -> None:
    (seen,) = outcomes(
        tmp_path, f"customer | time | event | p | due | stars | id\nann | 2026-01-01 | rated | | | {text} |"
    )
    assert seen.value == value


@pytest.mark.parametrize("text", ["good", "5 stars", "4,5", "yes!", "[1]"])
def test_an_unreadable_outcome_is_told_and_its_row_counts_all_the_same(tmp_path: Path, text: str) -> None:
    log = f"customer | time | event | p | due | stars | id\nann | 2026-01-01 | made | A | | {text} |"
    done = replay(tmp_path, log, MAPPING, outcome="stars")
    assert (done.outcomes, rejects(done)) == ((), [(1, "unreadable outcome")])
    assert done.rejects[0].detail == f"outcome must be a number, true or false, got {text!r}"
    assert (done.counts.used, done.counts.broken, done.counts.rejected) == (1, 0, 0)
    assert list(done.standings) == ["ann"]


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "1e999", "1_0", "0x10"])
def test_what_is_no_number_is_no_value(tmp_path: Path, text: str) -> None:
    assert (
        outcomes(tmp_path, f"customer | time | event | p | due | stars | id\nann | 2026-01-01 | rated | | | {text} |")
        == []
    )


def test_outcomes_after_until_are_not_told(tmp_path: Path) -> None:
    done = replay(tmp_path, LOG, MAPPING, outcome="stars", until=at("2026-01-05"))
    assert [each.row for each in done.outcomes] == [3, 4, 5]


def test_outcomes_after_the_last_event_are_told(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | 2026-01-01 | made  | A |     |       | 1
    ann      | 2026-01-02 | rated |   |     | 5     | 2
    """
    assert [(each.row, each.state) for each in outcomes(tmp_path, log)] == [(2, "hopeful")]


def test_the_outcome_of_a_duplicate_is_not_told_twice(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | 2026-01-01 | made  | A |     | 5     | 1
    ann      | 2026-01-01 | made  | A |     | 5     | 1
    """
    done = replay(tmp_path, log, MAPPING, outcome="stars")
    assert ([each.row for each in done.outcomes], done.counts.duplicate) == ([1], 1)


def test_the_outcome_of_an_ignored_duplicate_is_not_told_twice(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | 2026-01-01 | rated |   |     | 5     | 1
    ann      | 2026-01-01 | rated |   |     | 5     | 1
    """
    assert len(outcomes(tmp_path, log)) == 1


def test_the_outcome_of_a_row_that_is_mended_later_is_told_once(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | 2026-01-01 | kept  | A |     | 5     | 1
    ann      | 2026-01-02 | made  | A |     | 5     | 1
    """
    done = replay(tmp_path, log, MAPPING, outcome="stars")
    assert ([each.row for each in done.outcomes], done.counts.applied, done.counts.rejected) == ([1], 1, 1)


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
    assert [(each.row, each.state) for each in done.outcomes] == [(2, "hopeful")]
    assert rejects(done) == [(1, "unknown promise")]


def test_rows_that_cannot_be_placed_tell_no_outcome(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | soon       | rated |   |     | 5     | 1
             | 2026-01-01 | rated |   |     | 5     | 1
    """
    done = replay(tmp_path, log, MAPPING, outcome="stars")
    assert (done.outcomes, rejects(done)) == ((), [(1, "unreadable time"), (2, "no customer")])


def test_the_outcome_of_a_rejected_row_is_told_by_what_was_known_before_it(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | 2026-01-01 | made  | A |     |       | 1
    ann      | 2026-01-02 | kept  | Z |     | 5     | 2
    ann      | 2026-01-03 | odd   |   |     | 4     | 3
    ann      | 2026-01-04 | bye   |   |     |       | 4
    """
    done = replay(tmp_path, log, MAPPING, outcome="stars")
    assert [(each.row, each.state, each.last_promise) for each in done.outcomes] == [
        (2, "hopeful", "none yet"),
        (3, "hopeful", "none yet"),
    ]
    assert rejects(done) == [(2, "unknown promise"), (3, "no rule matches")]


def test_a_promise_of_which_only_the_keeping_is_known_counts(tmp_path: Path) -> None:
    log = "customer | time | w | stars\nann | 2026-01-01 | major |\nann | 2026-01-02 | minor | 5\nann | 2026-01-03 | minor | 5"
    mapping = UTC_LOG + rule("", 'PromiseKept promise = "{time}"; weight = "{w}"')
    seen = replay(tmp_path, log, mapping, outcome="stars").outcomes
    assert [(each.last_promise, each.repeat) for each in seen] == [("kept", False), ("kept", True)]


def test_an_outcome_is_dropped_for_an_id_of_the_same_customer_alone(tmp_path: Path) -> None:
    log = """
    customer | time       | event | p | due | stars | id
    ann      | 2026-01-01 | rated |   |     | 5     | 1
    bob      | 2026-01-01 | rated |   |     | 4     | 1
    ann      | 2026-01-02 | bye   |   |     | 3     | 1
    """
    assert [(each.row, each.value) for each in outcomes(tmp_path, log)] == [(1, 5), (2, 4)]
