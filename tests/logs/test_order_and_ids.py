"""The order of a log, and rows that are there twice."""

from __future__ import annotations

from pathlib import Path

from tests.logs.helpers import (
    CURVE,
    IGNORE_REST,
    UTC_LOG,
    at,
    events_in,
    rejects,
    replay,
    replay_file,
    rule,
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
    assert notes(tmp_path, log, UTC_LOG + 'tie = "tie"\n' + NOTED) == "12345"
    assert notes(tmp_path, log, UTC_LOG + NOTED) == "35124"


def test_a_tie_that_is_no_number_is_told(tmp_path: Path) -> None:
    log = "customer | time | event | n | tie\nann | 2026-01-01 | x | 2 | b\nann | 2026-01-01 | x | 1 | a"
    done = replay(tmp_path, log, UTC_LOG + 'tie = "tie"\n' + NOTED, outcome="n")
    assert [reject.detail for reject in done.rejects] == [
        "not a number: column 'tie' holds 'b'",
        "not a number: column 'tie' holds 'a'",
    ]
    assert done.outcomes == ()  # nobody knows what came before them


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
    assert [move for _, move in shuffled.moves] == [move for _, move in sorted_log.moves]
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
    assert (done.counts.rows, done.counts.used, done.counts.events, done.until) == (3, 3, 8, at("2026-01-07"))
    assert [(row, move.promise) for row, move in done.moves if move.change < 0] == [(None, "A")]


def test_an_unreadable_time_of_an_event_rejects_the_whole_row(tmp_path: Path) -> None:
    log = "customer | time | paid_at\nann | 2026-01-01 | soon\nbob | 2026-01-01 | 2026-01-02"
    done = replay(tmp_path, log, UTC_LOG + rule("", "Complained", 'Purchased at = "paid_at"'))
    assert rejects(done) == [(1, "unreadable time")]
    assert list(done.standings) == ["bob"]


def test_a_row_none_of_whose_events_has_a_time_is_accounted_for(tmp_path: Path) -> None:
    log = "customer | time | paid_at\nann | 2026-01-01 | "
    done = replay(tmp_path, log, UTC_LOG + rule("", 'Purchased at = "paid_at"'))
    assert (done.counts.rows, done.counts.used, done.counts.events, done.standings, done.until) == (1, 1, 0, {}, None)


def test_an_id_used_before_is_a_duplicate(tmp_path: Path) -> None:
    log = """
    customer | time       | event | n | id
    ann      | 2026-01-02 | x     | b | 1
    ann      | 2026-01-01 | x     | a | 1
    ann      | 2026-01-03 | y     | c | 2
    bob      | 2026-01-04 | x     | d | 2
    ann      | 2026-01-05 | x     | e |
    ann      | 2026-01-05 | x     | f |
    """
    done = replay(tmp_path, log, IDS + NOTED)
    assert notes(tmp_path, log, IDS + NOTED) == "acef"
    assert list(done.standings) == ["ann"]
    assert (done.counts.used, done.counts.duplicates, done.rejects) == (4, 2, ())


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
    assert rejects(done) == [(1, "unknown promise"), (2, "unreadable time"), (3, "no customer"), (4, "no rule matches")]
    assert (done.counts.used, done.counts.duplicates) == (1, 1)


def test_an_ignored_row_does_not_use_its_id_up(tmp_path: Path) -> None:
    log = "customer | time | event | n | id\nann | 2026-01-01 | z | a | 1\nann | 2026-01-02 | x | b | 1"
    done = replay(tmp_path, log, IDS + NOTED + IGNORE_REST)
    assert (done.counts.used, done.counts.ignored, done.counts.duplicates) == (1, 1, 0)


def test_the_events_of_one_row_share_its_id(tmp_path: Path) -> None:
    log = "customer | time | event | id | later\nann | 2026-01-01 | x | 1 | 2026-01-03\nann | 2026-01-02 | x | 1 | 2026-01-04"
    mapping = IDS + rule("", "Purchased", "Exchanged", 'Complained at = "later"')
    assert [str(event.at)[8:10] for event in events_in(tmp_path, log, mapping)] == ["01", "01", "03"]
    assert replay(tmp_path, log, mapping).counts.duplicates == 1


def test_duplicates_are_found_in_the_order_of_the_log_and_not_of_the_file(tmp_path: Path) -> None:
    log = "customer | time | event | n | id\nann | 2026-01-02 | x | late | 1\nbob | 2026-01-01 | x | early | 1"
    assert list(replay(tmp_path, log, IDS + NOTED).standings) == ["bob"]


def test_rows_whose_id_has_a_gap_are_not_duplicates_of_each_other(tmp_path: Path) -> None:
    log = """
    customer | time       | event | order | n
    ann      | 2026-01-01 | x     | 1     | a
    ann      | 2026-01-02 | y     |       | b
    bob      | 2026-01-03 | y     |       | c
    """
    done = replay(tmp_path, log, UTC_LOG + 'id = "{order}/{event}"\n' + NOTED)
    assert (list(done.standings), done.counts.duplicates) == (["ann", "bob"], 0)


WHOLE = rule('{ event = "sold" }', 'PromiseMade promise = "{order}"', 'PromiseKept promise = "{order}"; at = "came"')
WHOLE += rule('{ event = "freed" }', 'PromiseReleased promise = "{order}"') + rule('{ event = "x" }', "Exchanged")


def test_a_row_that_is_refused_at_its_last_time_leaves_no_trace(tmp_path: Path) -> None:
    log = """
    customer | time       | event | order | came       | id
    ann      | 2026-01-01 | sold  | A     | 2026-01-09 | 1
    bob      | 2026-01-02 | x     |       |            | 1
    ann      | 2026-01-03 | sold  | A     | 2026-01-04 | 2
    ann      | 2026-01-05 | freed | A     |            | 3
    cyd      | 2026-01-06 | x     |       |            | 2
    """
    # Row 4 frees what row 1 promised, so row 1 cannot keep it and is not used at all. Then its id is free for
    # row 2, its promise is not in the way of row 3, and row 4 has nothing to free.
    done = replay(tmp_path, log, IDS + WHOLE)
    assert rejects(done) == [(1, "unknown promise"), (4, "unknown promise")]
    assert (done.counts.used, done.counts.duplicates, done.counts.events) == (2, 1, 3)
    assert {event.id for event in events_in(tmp_path, log, IDS + WHOLE)} == {"2"}
    assert [event.id for event in events_in(tmp_path, log, IDS + WHOLE, "bob")] == ["1"]
    assert done.until == at("2026-01-04")


def test_rows_that_end_up_unused_cost_only_the_time_between(tmp_path: Path) -> None:
    rows = [
        {
            "customer": "ann",
            "time": f"{2000 + n // 12}-{n % 12 + 1:02}-01",
            "event": "sold",
            "order": str(n),
            "came": "",
        }
        for n in range(1200)
    ]
    for row in rows[::2]:  # kept twice: refused at the second time
        row["came"] = row["time"].replace("-01", "-02") + " 12:00"
    rules = rule(
        "", 'PromiseKept promise = "{order}"; weight = "major"', 'PromiseKept promise = "{order}"; at = "came"'
    )
    done = replay_file(write(tmp_path, rows), UTC_LOG + rules)
    assert (done.counts.used, done.counts.rejected) == (600, 600)


def test_moves_are_in_the_order_of_the_log_and_name_their_rows(tmp_path: Path) -> None:
    log = """
    customer | time       | event | due
    bob      | 2026-01-03 | made  |
    ann      | 2026-01-01 | made  | 2026-01-02
    cyd      | 2026-01-09 | bye   |
    bob      | 2026-01-10 | bye   |
    """
    rules = rule('{ event = "made" }', 'PromiseMade promise = "p"; due = "due"') + rule('{ event = "bye" }', "Departed")
    done = replay(tmp_path, log, UTC_LOG + rules)
    told = [(row, move.customer, move.before, move.after) for row, move in done.moves]
    assert told == [
        (2, "ann", "distrust.suspicious", "hopeful"),
        (1, "bob", "distrust.suspicious", "hopeful"),
        (3, "cyd", "distrust.suspicious", "departed"),
        (4, "bob", "hopeful", "departed"),
        (None, "ann", "hopeful", "distrust.competitive"),
    ]
    assert CURVE.state(done.standings["ann"].position) == "distrust.competitive"
