"""Conditions on columns: texts, numbers, truths, times, and nothing at all."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.logs.helpers import (
    IGNORE_REST,
    PLAIN_LOG,
    UTC_LOG,
    rejects,
    replay,
    replay_file,
    rule,
    write,
)
from trustcurve.logs import InvalidMappingError

ROWS = ["", "x", "y", "X", "5", "5.0", "5e0", "4.99", "-5", "true", "True", "false", "1", "x y", "[x]", "null"]


def taken(path: Path, when: str, fields: list[str] = ROWS, mapping: str = UTC_LOG) -> list[str]:
    """Return the fields of the rows that a condition takes."""
    rows = [{"customer": str(number), "time": "2026-01-01", "f": field} for number, field in enumerate(fields)]
    path = write(path, rows)
    done = replay_file(path, mapping + rule(when, "Exchanged") + IGNORE_REST)
    assert all(reason == "not a number" for _, reason in rejects(done))
    return [fields[int(customer)] for customer in done.standings]


@pytest.mark.parametrize(
    ("when", "fields"),
    [
        ('{ f = "x" }', ["x"]),
        ('{ f = "5" }', ["5"]),
        ('{ f = "true" }', ["true"]),
        ("{ f = 5 }", ["5", "5.0", "5e0"]),
        ("{ f = -5.0 }", ["-5"]),
        ("{ f = 1 }", ["1"]),
        ("{ f = true }", ["true", "True"]),
        ("{ f = false }", ["false"]),
        ('{ f = ["x", "y", 5] }', ["x", "y", "5", "5.0", "5e0"]),
        ('{ f = { is = ["x", true] } }', ["x", "true", "True"]),
        ("{ f = { null = true } }", [""]),
        ("{ f = { null = false } }", ROWS[1:]),
        ('{ f = { not = "x" } }', [field for field in ROWS if field != "x"]),
        (
            '{ f = { not = ["x", 5, true], null = false } }',
            ["y", "X", "4.99", "-5", "false", "1", "x y", "[x]", "null"],
        ),
        ('{ f = { not = ["x", "y"], is = ["y", "X"] } }', ["X"]),
        ('{ f = "no such word" }', []),
        ("{}", ROWS),
    ],
)
def test_equality_sets_not_and_null(tmp_path: Path, when: str, fields: list[str]) -> None:
    assert taken(tmp_path, when) == fields


@pytest.mark.parametrize(
    ("when", "fields"),
    [
        ("{ f = { at_least = 5 } }", ["5", "5.01", "1e3"]),
        ("{ f = { above = 5 } }", ["5.01", "1e3"]),
        ("{ f = { at_most = 5 } }", ["5", "4.99", "-5", "0"]),
        ("{ f = { below = 5 } }", ["4.99", "-5", "0"]),
        ("{ f = { at_least = 0, below = 5.01 } }", ["5", "4.99", "0"]),
        ("{ f = { above = -5, at_most = 0.5 } }", ["0"]),
        ("{ f = { above = 9, below = 1 } }", []),
        ("{ f = { at_least = 5, not = [5, 1000] } }", ["5.01"]),
    ],
)
def test_ranges_of_numbers(tmp_path: Path, when: str, fields: list[str]) -> None:
    assert taken(tmp_path, when, ["", "5", "5.01", "4.99", "-5", "0", "1e3"]) == fields


def test_what_is_no_number_is_a_reject_where_a_rule_asks_for_its_range(tmp_path: Path) -> None:
    log = """
    customer | time       | event | n
    a        | 2026-01-01 | x     | 5
    b        | 2026-01-01 | x     | five
    c        | 2026-01-01 | x     | 1,000
    d        | 2026-01-01 | y     | five
    e        | 2026-01-01 | x     |
    """
    rules = rule('{ event = "x", n = { at_least = 5 } }', "Exchanged") + rule('{ event = "y" }', ignore=True)
    done = replay(tmp_path, log, UTC_LOG + rules + rule('{ event = "x", n = { null = true } }', ignore=True))
    assert [(r.row, r.detail) for r in done.rejects] == [
        (2, "not a number: column 'n' has 'five'"),
        (3, "not a number: column 'n' has '1,000'"),
    ]
    assert (done.counts.used, done.counts.ignored) == (1, 2)


def test_a_word_that_a_condition_leaves_out_need_be_no_number(tmp_path: Path) -> None:
    log = "customer | time | n\na | 2026-01-01 | n/a\nb | 2026-01-01 | 6"
    rules = rule('{ n = { at_least = 5, not = ["n/a"] } }', "Exchanged") + IGNORE_REST
    assert rejects(replay(tmp_path, log, UTC_LOG + rules)) == []


N = 1_790_000_000_000_000_000
"""A number that a double cannot tell from its neighbours."""


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize(
    ("test", "fits"), [("at_least", [1, 2]), ("above", [2]), ("at_most", [0, 1]), ("below", [0]), ("is", [1])]
)
def test_whole_numbers_of_64_bits_are_compared_exactly(
    tmp_path: Path, test: str, fits: list[int], *, typed: bool
) -> None:
    numbers = [N - 1, N, N + 1]
    frame = pl.DataFrame({"customer": ["0", "1", "2"], "time": ["2026-01-01"] * 3, "n": numbers})
    frame.with_columns(pl.col("n") if typed else pl.col("n").cast(pl.String)).write_parquet(tmp_path / "log.parquet")
    when = f"{{ n = {N} }}" if test == "is" else f"{{ n = {{ {test} = {N} }} }}"
    done = replay_file(tmp_path / "log.parquet", UTC_LOG + rule(when, "Exchanged") + IGNORE_REST)
    assert list(done.standings) == [str(n) for n in fits]


CLOSE = [
    "18446744073709551614",
    "18446744073709551615",
    "18446744073709551616",
    "18446744073709551615.5",
    "1.8446744073709551615e19",
]
M = 18446744073709551615


@pytest.mark.parametrize("form", ["csv", "jsonl", "typed"])
@pytest.mark.parametrize(
    ("test", "fits"),
    [("is", [1, 4]), ("above", [2, 3]), ("at_least", [1, 2, 3, 4]), ("below", [0]), ("at_most", [0, 1, 4])],
)
def test_numbers_of_any_length_are_compared_exactly(tmp_path: Path, form: str, test: str, fits: list[int]) -> None:
    fields = CLOSE[:2] if form == "typed" else CLOSE
    if form == "typed":
        numbers = pl.Series([int(field) for field in fields], dtype=pl.UInt64)
        frame = pl.DataFrame({"customer": ["0", "1"], "time": ["2026-01-01"] * 2, "n": numbers})
        frame.write_parquet(tmp_path / "log.parquet")
    elif form == "csv":
        write(tmp_path, [{"customer": str(n), "time": "2026-01-01", "n": field} for n, field in enumerate(fields)])
    else:
        lines = (f'{{"customer": {n}, "time": "2026-01-01", "n": {field}}}\n' for n, field in enumerate(fields))
        (tmp_path / "log.jsonl").write_text("".join(lines))
    when = f"{{ n = [{M}, 7] }}" if test == "is" else f"{{ n = {{ {test} = {M} }} }}"
    path = tmp_path / f"log.{'parquet' if form == 'typed' else form}"
    done = replay_file(path, UTC_LOG + rule(when, "Exchanged") + IGNORE_REST)
    assert list(done.standings) == [str(n) for n in fits if n < len(fields)]


@pytest.mark.parametrize(
    ("when", "fields"),
    [
        ("{ f = 9007199254740993 }", ["9007199254740993", "9007199254740993.0"]),
        ("{ f = { not = 9007199254740993, above = 9007199254740992 } }", ["9007199254740992.5"]),
        ("{ f = 0.1 }", ["0.1", "1e-1"]),
        ("{ f = { above = 0.1, below = 1 } }", ["0.10000000000000000001"]),
        ("{ f = { above = 0, below = 1e-300 } }", ["1e-400", "1e-99999999999999999999"]),
        ("{ f = 0 }", ["0e99999999999999999999"]),
    ],
)
def test_decimals_are_compared_exactly(tmp_path: Path, when: str, fields: list[str]) -> None:
    given = [
        "9007199254740992", "9007199254740993", "9007199254740993.0", "9007199254740992.5", "0.1", "1e-1",
        "0.10000000000000000001", "1e-400", "1e-99999999999999999999", "0e99999999999999999999",
    ]  # fmt: skip
    assert taken(tmp_path, when, given) == fields


def test_doubles_are_compared_as_the_numbers_that_they_are(tmp_path: Path) -> None:
    numbers = [2.0**64, 0.1, 0.1 + 0.2]
    frame = pl.DataFrame({"customer": ["a", "b", "c"], "time": ["2026-01-01"] * 3, "f": numbers})
    frame.write_parquet(tmp_path / "log.parquet")
    for condition, customers in ((2**64, ["a"]), (2**64 - 1, []), (0.1, ["b"]), (0.3, [])):
        mapping = UTC_LOG + rule(f"{{ f = {condition!r} }}", "Exchanged") + IGNORE_REST
        assert list(replay_file(tmp_path / "log.parquet", mapping).standings) == customers


@pytest.mark.parametrize("nan", ["nan", "NaN", "inf", "1e999", "1_0"])
@pytest.mark.parametrize("test", ["at_least", "above"])
def test_nan_is_no_number(tmp_path: Path, nan: str, test: str) -> None:
    assert taken(tmp_path, f"{{ f = {{ {test} = 5 }} }}", [nan, "6"]) == ["6"]


def test_nan_in_a_column_of_numbers_is_no_number(tmp_path: Path) -> None:
    frame = pl.DataFrame({"customer": ["a", "b"], "time": ["2026-01-01"] * 2, "f": [float("nan"), 6.0]})
    frame.write_parquet(tmp_path / "log.parquet")
    done = replay_file(tmp_path / "log.parquet", UTC_LOG + rule("{ f = { above = 5 } }", "Exchanged") + IGNORE_REST)
    assert list(done.standings) == ["b"]


def test_a_field_that_cannot_be_read_matters_only_where_the_other_conditions_hold(tmp_path: Path) -> None:
    log = """
    customer | time       | event | n    | m
    a        | 2026-01-01 | x     | five | six
    b        | 2026-01-01 | x     | five | 6
    c        | 2026-01-01 | x     | five | 4
    d        | 2026-01-01 | y     | five | 6
    """
    rules = rule('{ n = { at_least = 5, below = 9 }, m = { above = 5 }, event = "x" }', "Exchanged") + IGNORE_REST
    done = replay(tmp_path, log, UTC_LOG + rules)
    assert [(r.row, r.detail) for r in done.rejects] == [
        (1, "not a number: column 'n' has 'five'"),
        (2, "not a number: column 'n' has 'five'"),
    ]
    assert done.counts.ignored == 2


def test_a_field_that_cannot_be_read_matters_only_until_the_first_row_is_found(tmp_path: Path) -> None:
    log = "customer | time | n\na | 2026-01-01 | odd\na | 2026-01-02 | 6\na | 2026-01-03 | odd"
    done = replay(
        tmp_path, log, UTC_LOG + rule("{ n = { at_least = 5 } }", "Exchanged", once_per="{customer}") + IGNORE_REST
    )
    assert (rejects(done), done.counts.ignored) == ([(1, "not a number")], 1)


DAYS = ["", "2026-01-31", "2026-02-01", "2026-02-01 00:00", "2026-01-31T23:30:00Z", "2026-02-02T12:00+01:00"]


@pytest.mark.parametrize(
    ("when", "fields"),
    [
        ("{ f = { at_least = 2026-02-01 } }", DAYS[2:]),
        ("{ f = { above = 2026-02-01 } }", DAYS[4:]),
        ("{ f = { below = 2026-02-01 } }", ["2026-01-31"]),
        ("{ f = { at_most = 2026-02-01 } }", ["2026-01-31", "2026-02-01", "2026-02-01 00:00"]),
        ("{ f = { at_least = 2026-02-01T00:30:00 } }", DAYS[4:]),
        ("{ f = { above = 2026-01-31T23:30:00Z } }", ["2026-02-02T12:00+01:00"]),
        ("{ f = { at_least = 2026-02-01, below = 2026-02-02 } }", DAYS[2:5]),
    ],
)
def test_ranges_of_times_in_the_logs_timezone(tmp_path: Path, when: str, fields: list[str]) -> None:
    assert taken(tmp_path, when, DAYS, UTC_LOG.replace("UTC", "Europe/Berlin")) == fields


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "Asia/Tokyo"])
def test_ranges_of_times_in_typed_columns(tmp_path: Path, zone: str | None) -> None:
    time = pl.Series(["2026-01-31 23:30:00", "2026-02-01 00:00:00"]).str.to_datetime()
    berlin = time.dt.replace_time_zone("Europe/Berlin")
    frame = {
        "customer": ["a", "b"],
        "time": ["2026-01-01"] * 2,
        "f": berlin.dt.convert_time_zone(zone) if zone else time,
    }
    pl.DataFrame(frame).write_parquet(tmp_path / "log.parquet")
    mapping = UTC_LOG.replace("UTC", "Europe/Berlin") + rule("{ f = { at_least = 2026-02-01 } }", "Exchanged")
    assert list(replay_file(tmp_path / "log.parquet", mapping).standings) == ["b"]


def test_ranges_of_times_in_columns_of_dates(tmp_path: Path) -> None:
    days = [date(2026, 1, 31), date(2026, 2, 1)]
    pl.DataFrame({"customer": ["a", "b"], "time": days, "f": days}).write_parquet(tmp_path / "log.parquet")
    mapping = UTC_LOG + rule("{ f = { below = 2026-02-01 } }", "Exchanged") + IGNORE_REST
    assert list(replay_file(tmp_path / "log.parquet", mapping).standings) == ["a"]


@pytest.mark.parametrize("form", ['"%d.%m.%Y"', '"epoch_seconds"'])
def test_a_format_of_texts_is_not_asked_of_typed_columns(tmp_path: Path, form: str) -> None:
    time = pl.Series(["2026-01-31 23:30:00", "2026-02-01 00:00:00"]).str.to_datetime()
    pl.DataFrame({"customer": ["a", "b"], "time": time, "f": time}).write_parquet(tmp_path / "log.parquet")
    mapping = f"{UTC_LOG}time_format = {form}\n" + rule("{ f = { at_least = 2026-02-01 } }", "Exchanged") + IGNORE_REST
    assert list(replay_file(tmp_path / "log.parquet", mapping).standings) == ["b"]


def test_what_is_no_time_is_a_reject_where_a_rule_asks_for_its_range(tmp_path: Path) -> None:
    log = "customer | time | f\na | 2026-01-01 | soon\nb | 2026-01-01 | 2026-02-01"
    done = replay(tmp_path, log, UTC_LOG + rule("{ f = { at_least = 2026-02-01 } }", "Exchanged") + IGNORE_REST)
    assert [(r.row, r.detail) for r in done.rejects] == [(1, "unreadable time: column 'f' has 'soon'")]


def test_a_range_of_naive_times_needs_a_timezone(tmp_path: Path) -> None:
    log = "customer | time | f\na | 2026-01-01T00:00Z | 2026-02-01 00:30"
    mapping = PLAIN_LOG + rule("{ f = { at_least = 2026-02-01 } }", "Exchanged") + IGNORE_REST
    says = r"\[log\] timezone: is missing, and column 'f' has times without one \(row 1: 2026-02-01 00:30\)"
    with pytest.raises(InvalidMappingError, match=says):
        replay(tmp_path, log, mapping)


@pytest.mark.parametrize("when", ["{ f = { below = 2026-02-01 } }", "{ f = 2026-02-01T00:00:00 }"])
def test_a_day_of_the_mapping_needs_a_timezone(tmp_path: Path, when: str) -> None:
    log = "customer | time | f\na | 2026-01-01T00:00Z | 2026-02-01T00:00Z"
    with pytest.raises(
        InvalidMappingError, match=r"\[log\] timezone: is missing: the instant of 2026-02-01.* depends on the timezone"
    ):
        replay(tmp_path, log, PLAIN_LOG + rule(when, "Exchanged"))
    aware = rule("{ f = { below = 2026-02-01T00:00:01Z } }", "Exchanged")
    assert list(replay(tmp_path, log, PLAIN_LOG + aware).standings) == ["a"]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo"])
def test_days_at_the_ends_of_the_calendar_may_be_asked_for(tmp_path: Path, zone: str) -> None:
    fields = ["2026-01-01", "9999-12-30"]
    when = "{ f = { at_least = 0001-01-01, at_most = 9999-12-31T23:59:59 } }"
    assert taken(tmp_path, when, fields, UTC_LOG.replace("UTC", zone)) == fields


@pytest.mark.parametrize("when", ["{ f = 2026-02-01 }", "{ f = [2026-02-01, 2026-03-01] }"])
def test_equality_with_a_date_is_about_time(tmp_path: Path, when: str) -> None:
    assert taken(tmp_path, when, ["2026-02-01", "2026-02-01 00:00", "2026-02-02"]) == ["2026-02-01", "2026-02-01 00:00"]


def test_all_conditions_must_hold(tmp_path: Path) -> None:
    log = """
    customer | time       | event | shop  | n
    a        | 2026-01-01 | x     | north | 5
    b        | 2026-01-01 | x     | south | 5
    c        | 2026-01-01 | y     | north | 5
    d        | 2026-01-01 | x     | north | 4
    """
    when = '{ event = "x", shop = "north", n = { at_least = 5 } }'
    assert list(replay(tmp_path, log, UTC_LOG + rule(when, "Exchanged") + IGNORE_REST).standings) == ["a"]
