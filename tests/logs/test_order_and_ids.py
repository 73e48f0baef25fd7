"""The order of a log, and rows that are there twice."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.logs.helpers import (
    CURVE,
    FORMS,
    IGNORE_REST,
    UTC_LOG,
    at,
    events_in,
    events_of,
    rejects,
    replay,
    replay_file,
    rule,
    table,
    write,
)

NOTED = rule('{ event = "x" }', 'Exchanged note = "{n}"') + rule('{ event = "y" }', 'Complained note = "{n}"')
PROMISES = rule('{ event = "made" }', 'PromiseMade promise = "p"') + rule(
    '{ event = "kept" }', 'PromiseKept promise = "p"'
)
IDS = UTC_LOG + 'id = "id"\n'


def notes(path: Path, log: str, mapping: str, customer: str = "ann") -> str:
    return "".join(event.note or "-" for event in events_in(path, log, mapping, customer))


def test_rows_out_of_order_are_sorted_by_time(tmp_path: Path) -> None:
    log = """
    customer | time                      | event | n
    ann      | 2026-01-03                | x     | 4
    ann      | 2026-01-02T23:59:59.9999  | x     | 3
    ann      | 2026-01-02T12:00+02:00    | x     | 2
    ann      | 2026-01-02                | y     | 1
    """
    assert notes(tmp_path, log, UTC_LOG + NOTED) == "1234"
    assert rejects(replay(tmp_path, log, UTC_LOG + NOTED)) == []


def test_ties_go_by_the_tie_column_as_numbers_and_then_by_the_file(tmp_path: Path) -> None:
    log = """
    customer | time       | event | n | tie
    ann      | 2026-01-01 | x     | 3 | 10
    ann      | 2026-01-01 | x     | 5 |
    ann      | 2026-01-01 | y     | 1 | -1
    ann      | 2026-01-01 | x     | 2 | 9
    ann      | 2026-01-01 | y     | 4 | 10.0
    """
    assert notes(tmp_path, log, UTC_LOG + 'sequence = "tie"\n' + NOTED) == "12345"
    assert notes(tmp_path, log, UTC_LOG + NOTED) == "35124"


SNOWFLAKE = 1_790_000_000_000_000_000
"""A number of 64 bits that a double cannot tell from its neighbours."""


@pytest.mark.parametrize("form", FORMS)
def test_a_sequence_of_64_bits_is_read_exactly(tmp_path: Path, form: str) -> None:
    log = f"""
    customer | time       | event | n | tie
    ann      | 2026-01-01 | x     | 2 | {SNOWFLAKE + 1}
    ann      | 2026-01-01 | x     | 3 | {2**63 - 1}
    ann      | 2026-01-01 | x     | 1 | {SNOWFLAKE}
    """
    mapping = UTC_LOG + 'sequence = "tie"\n' + NOTED
    found = events_of(write(tmp_path, table(log), form), mapping)
    assert "".join(event.note or "-" for event in found) == "123"


@pytest.mark.parametrize(
    "ties",
    [
        pl.Series([2**53 + 1, 2**53], dtype=pl.UInt64),
        pl.Series([f"{2**53 + 1}.0", f"{2**53}"]),
        pl.Series([1.79e18 + 256, 1.79e18]),
    ],
    ids=["typed", "with a fraction of zero", "doubles"],
)
def test_a_sequence_may_be_a_column_of_numbers(tmp_path: Path, ties: pl.Series) -> None:
    frame = pl.DataFrame({"customer": "ann", "time": "2026-01-01", "event": "x", "n": ["2", "1"], "tie": ties})
    frame.write_parquet(tmp_path / "log.parquet")
    found = events_of(tmp_path / "log.parquet", UTC_LOG + 'sequence = "tie"\n' + NOTED)
    assert "".join(event.note or "-" for event in found) == "12"


def test_a_sequence_without_a_sign_that_is_too_large_is_a_reject(tmp_path: Path) -> None:
    ties = pl.Series([2**63, 2**63 - 1], dtype=pl.UInt64)
    frame = pl.DataFrame({"customer": "ann", "time": "2026-01-01", "event": "x", "n": ["2", "1"], "tie": ties})
    frame.write_parquet(tmp_path / "log.parquet")
    done = replay_file(tmp_path / "log.parquet", UTC_LOG + 'sequence = "tie"\n' + NOTED)
    assert [(reject.row, reject.detail) for reject in done.rejects] == [
        (1, f"not a whole number of 64 signed bits: column 'tie' has '{2**63}'")
    ]


@pytest.mark.parametrize("tie", ["1.5", str(2**63), "1e300", "nan"])
def test_a_sequence_beyond_64_bits_is_a_reject(tmp_path: Path, tie: str) -> None:
    log = f"customer | time | event | n | tie\nann | 2026-01-01 | x | 1 | {tie}"
    (reject,) = replay(tmp_path, log, UTC_LOG + 'sequence = "tie"\n' + NOTED).rejects
    assert reject.detail == f"not a whole number of 64 signed bits: column 'tie' has '{tie}'"


def test_a_tie_that_is_no_number_is_told(tmp_path: Path) -> None:
    log = "customer | time | event | n | tie\nann | 2026-01-01 | x | 2 | b\nann | 2026-01-01 | x | 1 | a"
    done = replay(tmp_path, log, UTC_LOG + 'sequence = "tie"\n' + NOTED, outcome="n")
    assert [reject.detail for reject in done.rejects] == [
        "not a whole number of 64 signed bits: column 'tie' has 'b'",
        "not a whole number of 64 signed bits: column 'tie' has 'a'",
    ]
    assert done.outcomes.table.is_empty()  # nobody knows what came before them


def test_the_order_of_a_file_does_not_matter_where_no_times_are_equal(tmp_path: Path) -> None:
    rows = [
        {
            "customer": "abc"[number % 3],
            "time": f"2026-01-{number + 1:02}",
            "event": ["made", "kept", "made"][number % 4 % 3],
        }
        for number in range(28)
    ]
    sorted_log = replay_file(write(tmp_path, rows), UTC_LOG + PROMISES)
    rows = [*rows[::-2], *rows[0::2]]
    shuffled = replay_file(write(tmp_path, rows), UTC_LOG + PROMISES)
    assert shuffled.standings == sorted_log.standings
    moved, expected = ([each.transition for each in done.transitions] for done in (shuffled, sorted_log))
    assert moved == expected
    assert shuffled.counts == sorted_log.counts
    assert shuffled.counts.rejected > 0


def test_events_at_another_column_are_sorted_by_that_time(tmp_path: Path) -> None:
    log = """
    order | customer | time       | paid_at          | sent_at    | came_at          | due
    A     | ann      | 2026-01-01 | 2026-01-02 08:00 | 2026-01-03 | 2026-01-07       | 2026-01-05
    B     | ann      | 2026-01-04 | 2026-01-02 07:00 |            | 2026-01-06 12:00 | 2026-01-09
    C     | ann      | 2026-01-04 |                  |            |                  |
    """
    mapping = UTC_LOG + rule(
        "",
        'PromiseMade promise = "{order}"; due = "due"',
        'Purchased note = "{order}"; at = "paid_at"',
        'Exchanged note = "{order} sent"; at = "sent_at"',
        'PromiseKept promise = "{order}"; at = "came_at"',
    )
    told = [(str(event.at)[5:16], type(event).__name__) for event in events_in(tmp_path, log, mapping)]
    assert told == [
        ("01-01 00:00", "PromiseMade"),
        ("01-02 07:00", "Purchased"),
        ("01-02 08:00", "Purchased"),
        ("01-03 00:00", "Exchanged"),
        ("01-04 00:00", "PromiseMade"),
        ("01-04 00:00", "PromiseMade"),
        ("01-06 12:00", "PromiseKept"),
        ("01-07 00:00", "PromiseKept"),
    ]
    done = replay(tmp_path, log, mapping)
    # A came two days after its date had broken it; B came in time; C is open without a date.
    assert [(promise.id, promise.due) for promise in done.standings["ann"].promises] == [("C", None)]
    assert (done.counts.rows, done.counts.used, done.counts.applied, done.at_until.until) == (3, 3, 8, at("2026-01-07"))
    falls = [(each.row, each.transition.promise) for each in done.transitions if each.transition.change < 0]
    assert falls == [(None, "A")]


def test_an_unreadable_time_of_an_event_rejects_the_whole_row(tmp_path: Path) -> None:
    log = "customer | time | paid_at\nann | 2026-01-01 | soon\nbob | 2026-01-01 | 2026-01-02"
    done = replay(tmp_path, log, UTC_LOG + rule("", "Complained", 'Purchased at = "paid_at"'))
    assert rejects(done) == [(1, "unreadable time")]
    assert list(done.standings) == ["bob"]


def test_a_row_none_of_whose_events_has_a_time_is_accounted_for(tmp_path: Path) -> None:
    log = "customer | time | paid_at\nann | 2026-01-01 | "
    done = replay(tmp_path, log, UTC_LOG + rule("", 'Purchased at = "paid_at"'))
    assert (done.counts.rows, done.counts.ignored, done.counts.applied) == (1, 1, 0)
    assert (done.standings, done.at_until.until) == ({}, None)


def test_an_id_used_before_is_a_duplicate_or_a_conflict(tmp_path: Path) -> None:
    log = """
    customer | time       | event | n | id
    ann      | 2026-01-02 | x     | b | 1
    ann      | 2026-01-01 | x     | a | 1
    ann      | 2026-01-03 | y     | c | 2
    ann      | 2026-01-03 | y     | c | 2
    ann      | 2026-01-05 | x     | e |
    ann      | 2026-01-05 | x     | e |
    ann      | 2026-01-09 | y     | a | 1
    """
    done = replay(tmp_path, log, IDS + NOTED)
    assert notes(tmp_path, log, IDS + NOTED) == "acee"
    assert (done.counts.used, done.counts.applied, done.counts.duplicate, done.counts.conflict) == (7, 4, 1, 2)
    assert [(each.row, each.reason, each.detail) for each in done.rejects] == [
        (1, "conflict", "conflict: row 2 used id '1' with another at and note"),
        (7, "conflict", "conflict: row 2 used id '1' with another event"),
    ]


def test_the_same_id_at_two_customers_means_two_rows(tmp_path: Path) -> None:
    log = """
    customer | time       | event | n | id
    ann      | 2026-01-03 | y     | c | 2
    bob      | 2026-01-04 | x     | d | 2
    """
    done = replay(tmp_path, log, IDS + NOTED)
    assert list(done.standings) == ["ann", "bob"]
    assert (done.counts.applied, done.counts.duplicate, done.rejects) == (2, 0, ())


def test_a_rejected_row_does_not_use_its_id_up(tmp_path: Path) -> None:
    log = """
    customer | time       | event | n | id
    ann      | 2026-01-01 | kept  | a | 1
    ann      | soon       | x     | b | 1
             | 2026-01-01 | x     | c | 1
    ann      | 2026-01-02 | z     | d | 1
    ann      | 2026-01-03 | x     | e | 1
    ann      | 2026-01-04 | x     | f | 1
    """
    done = replay(tmp_path, log, IDS + NOTED + PROMISES)
    assert notes(tmp_path, log, IDS + NOTED + PROMISES) == "e"
    assert rejects(done) == [
        (1, "unknown promise"), (2, "unreadable time"), (3, "no customer"), (4, "no rule matches"), (6, "conflict"),
    ]  # fmt: skip
    assert (done.counts.used, done.counts.broken, done.counts.applied) == (3, 3, 1)


def test_an_ignored_row_does_not_use_its_id_up(tmp_path: Path) -> None:
    log = "customer | time | event | n | id\nann | 2026-01-01 | z | a | 1\nann | 2026-01-02 | x | b | 1"
    done = replay(tmp_path, log, IDS + NOTED + IGNORE_REST)
    assert (done.counts.used, done.counts.ignored, done.counts.duplicate) == (1, 1, 0)


def test_the_events_of_one_row_share_its_id(tmp_path: Path) -> None:
    log = "customer | time | event | id | later\nann | 2026-01-01 | x | 1 | 2026-01-03\nann | 2026-01-01 | x | 1 | 2026-01-04"
    mapping = IDS + rule("", "Purchased", "Exchanged", 'Complained at = "later"')
    assert [str(event.at)[8:10] for event in events_in(tmp_path, log, mapping)] == ["01", "01", "03"]
    done = replay(tmp_path, log, mapping)
    assert (done.counts.duplicate, done.counts.conflict) == (2, 1)


def test_conflicts_are_found_in_the_order_of_the_log_and_not_of_the_file(tmp_path: Path) -> None:
    log = "customer | time | event | n | id\nann | 2026-01-02 | x | late | 1\nann | 2026-01-01 | x | early | 1"
    assert notes(tmp_path, log, IDS + NOTED) == "early"


def test_rows_whose_id_has_a_gap_are_not_duplicates_of_each_other(tmp_path: Path) -> None:
    log = """
    customer | time       | event | order | n
    ann      | 2026-01-01 | x     | 1     | a
    ann      | 2026-01-02 | y     |       | b
    bob      | 2026-01-03 | y     |       | c
    """
    done = replay(tmp_path, log, UTC_LOG + 'id = "{order}/{event}"\n' + NOTED)
    assert (list(done.standings), done.counts.duplicate) == (["ann", "bob"], 0)


WHOLE = rule('{ event = "sold" }', 'PromiseMade promise = "{order}"', 'PromiseKept promise = "{order}"; at = "came"')
WHOLE += rule('{ event = "freed" }', 'PromiseReleased promise = "{order}"') + rule('{ event = "x" }', "Exchanged")


def test_what_a_row_makes_at_other_instants_stands_on_its_own(tmp_path: Path) -> None:
    log = """
    customer | time       | event | order | came       | id
    ann      | 2026-01-01 | sold  | A     | 2026-01-09 | 1
    bob      | 2026-01-02 | x     |       |            | 1
    ann      | 2026-01-03 | sold  | A     | 2026-01-04 | 2
    ann      | 2026-01-05 | freed | A     |            | 3
    ann      | 2026-01-06 | sold  | B     |            | 1
    """
    # Row 1 promises A, so row 3 cannot promise it again. Row 3 keeps it on the 4th: what it says then is another
    # matter. So row 4 has nothing to free, and row 1 nothing to keep. The id of row 1 is used up for what was applied.
    done = replay(tmp_path, log, IDS + WHOLE)
    assert [(each.row, each.event, each.reason) for each in done.rejects] == [
        (1, "PromiseKept", "unknown promise"),
        (3, "PromiseMade", "promise already open"),
        (4, "PromiseReleased", "unknown promise"),
        (5, "PromiseMade", "conflict"),
    ]
    assert (done.counts.used, done.counts.applied, done.counts.rejected, done.counts.conflict) == (5, 3, 3, 1)
    assert [event.id for event in events_in(tmp_path, log, IDS + WHOLE)] == ["1", "2"]
    assert [event.id for event in events_in(tmp_path, log, IDS + WHOLE, "bob")] == ["1"]
    assert done.at_until.until == at("2026-01-04")


def test_whether_a_row_counts_does_not_depend_on_other_customers(tmp_path: Path) -> None:
    log = """
    customer | time       | event | order | came       | id
    ann      | 2026-01-01 | sold  | A     | 2026-01-09 | 1
    bob      | 2026-01-02 | freed | A     |            | 1
    ann      | 2026-01-05 | freed | A     |            | 3
    """
    alone = "\n".join(line for line in log.splitlines() if "bob" not in line)
    whole, part = (events_in(tmp_path, text, IDS + WHOLE) for text in (log, alone))
    assert whole == part


def test_transitions_are_in_the_order_of_time_and_name_their_rows(tmp_path: Path) -> None:
    log = """
    customer | time       | event | due
    bob      | 2026-01-03 | made  |
    ann      | 2026-01-01 | made  | 2026-01-02
    cyd      | 2026-01-09 | bye   |
    bob      | 2026-01-10 | bye   |
    """
    rules = rule('{ event = "made" }', 'PromiseMade promise = "p"; due = "due"') + rule('{ event = "bye" }', "Departed")
    done = replay(tmp_path, log, UTC_LOG + rules)
    told = [(each.row, each.transition.customer, each.transition.after) for each in done.transitions]
    assert told == [(2, "ann", "hopeful"), (1, "bob", "hopeful"), (3, "cyd", "departed"), (4, "bob", "departed")]
    assert [(each.customer, each.at, each.after) for each in done.at_until.transitions] == [
        ("ann", at("2026-01-02"), "distrust.competitive")
    ]
    assert CURVE.state(done.standings["ann"].position) == "hopeful"
    assert CURVE.state(done.at_until.standings["ann"].position) == "distrust.competitive"
