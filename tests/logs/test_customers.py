"""One customer out of a log: the same as in the replay of the whole log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from attrs import astuple

from tests.logs.helpers import CURVE, EXCHANGE, IGNORE_REST, PLAIN_LOG, UTC_LOG, at, rejects, replay, rule, table, write
from trustcurve import Exchanged
from trustcurve.core.replay import FATES
from trustcurve.errors import InvalidValueError, UnknownWordError
from trustcurve.logs import (
    CustomerReplay,
    UnreadableLogError,
    parse_mapping,
    replay_customer,
    replay_journeys,
    replay_log,
    scan_log,
)

MAPPING = UTC_LOG + 'id = "id"\n' + EXCHANGE + rule('{ event = "made" }', 'PromiseMade promise = "p"; due = "due"')
MAPPING += rule('{ event = "kept" }', 'PromiseKept promise = "p"') + rule('{ event = "noise" }', ignore=True)
LOG = """
customer | time       | event | due        | id
ann      | 2026-01-03 | made  | 2026-01-05 | 1
bob      | 2026-01-01 | x     |            | 2
ann      | 2026-01-03 | made  | 2026-01-05 | 1
cyd      | 2026-01-01 | noise |            |
ann      | 2026-01-04 | what  |            |
ann      | soon       | x     |            |
dan      | 2026-01-01 | kept  |            |
bob      | 2026-09-01 | x     |            | 3
"""


def one(path: Path, customer: str, log: str = LOG, **options: object) -> CustomerReplay:
    return replay_customer(scan_log(write(path, table(log))), parse_mapping(MAPPING), CURVE, customer, **options)


def test_a_customer_has_every_step_with_the_row_behind_it(tmp_path: Path) -> None:
    ann, whole = one(tmp_path, "ann"), replay(tmp_path, LOG, MAPPING)
    assert ann.customer == "ann"
    assert [(fate.logged.row, fate.fate) for fate in ann.history.fates] == [(1, "applied"), (3, "duplicate")]
    assert ann.standing == whole.standings["ann"]
    assert ann.observed == whole.at_until.standings["ann"]
    assert [(reject.row, reject.reason) for reject in ann.rejects] == [(5, "no rule matches"), (6, "unreadable time")]


def test_the_look_at_until_stands_apart(tmp_path: Path) -> None:
    ann = one(tmp_path, "ann")
    assert ann.standing is not None
    assert ann.observed is not None
    assert (ann.standing.as_of, ann.standing.promises[0].overdue) == (at("2026-01-03"), False)
    assert (ann.observed.as_of, ann.observed.promises[0].overdue) == (at("2026-09-01"), True)
    assert [step.event is None for step in ann.steps] == [False, True]
    early = one(tmp_path, "ann", until=at("2026-01-04"))
    assert early.observed is not None
    assert not early.observed.promises[0].overdue
    assert one(tmp_path, "bob").observation is None, "nothing is later than the last event of the whole log"


@pytest.mark.parametrize("wrong", [4711, None, "", b"ann", ["ann"]])
def test_what_is_not_a_customer_is_named(tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(InvalidValueError, match="customer must be a text that is not empty, got "):
        one(tmp_path, wrong)


@pytest.mark.parametrize(
    "door", [replay_log, replay_journeys, lambda *log, **more: replay_customer(*log, "ann", **more)]
)
@pytest.mark.parametrize("argument", ["log", "mapping", "curve", "progress"])
def test_an_argument_of_another_type_is_named(tmp_path: Path, door: Callable[..., object], argument: str) -> None:
    given: dict[str, Any] = {
        "log": scan_log(write(tmp_path, table(LOG))),
        "mapping": parse_mapping(MAPPING),
        "curve": CURVE,
        "progress": None,
    }
    for wrong in ("x", 5, [1]):
        *three, progress = {**given, argument: wrong}.values()
        with pytest.raises(InvalidValueError, match=rf"{argument} must be .*, got {re.escape(repr(wrong))}"):
            door(*three, progress=progress)


@pytest.mark.parametrize("wrong", [5, "", b"id"])
def test_an_outcome_of_another_type_is_named(tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"^outcome must be a text that is not empty, got "):
        replay(tmp_path, LOG, MAPPING, outcome=wrong)
    with pytest.raises(InvalidValueError, match=r"^outcome\[1\] must be a text that is not empty, got "):
        replay(tmp_path, LOG, MAPPING, outcome=["id", wrong])
    with pytest.raises(InvalidValueError, match=r"^outcome_at must be a text that is not empty, got "):
        replay(tmp_path, LOG, MAPPING, outcome="id", outcome_at=wrong)


@pytest.mark.parametrize("outcome", [None, ()])
def test_a_time_of_no_outcome_is_named(tmp_path: Path, outcome: Any) -> None:
    with pytest.raises(
        InvalidValueError, match="outcome_at needs an outcome that is a column of the log, got 'time'; in a mapping"
    ):
        replay(tmp_path, LOG, MAPPING, outcome=outcome, outcome_at="time")


def test_ids_that_others_used_do_not_count(tmp_path: Path) -> None:
    log = "customer | time | event | due | id\nann | 2026-01-03 | x | | 2\nbob | 2026-01-01 | x | | 2"
    assert [fate.logged.event for fate in one(tmp_path, "ann", log).applied] == [
        Exchanged(at=at("2026-01-03"), customer="ann", id="2")
    ]
    assert rejects(replay(tmp_path, log, MAPPING)) == []


def test_a_customer_of_whom_nothing_was_applied_has_no_standing(tmp_path: Path) -> None:
    dan = one(tmp_path, "dan")
    assert (dan.standing, dan.observed, dan.steps) == (None, None, ())
    assert [reject.reason for reject in dan.rejects] == ["unknown promise"]


@pytest.mark.parametrize(
    ("customer", "says"),
    [
        ("anne", "customer 'anne' is unknown; did you mean 'ann'?"),
        ("7", "customer '7' is unknown"),
    ],
)
def test_an_unknown_customer_is_an_error(tmp_path: Path, customer: str, says: str) -> None:
    with pytest.raises(UnknownWordError) as caught:
        one(tmp_path, customer)
    assert (caught.value.argument, caught.value.value) == ("customer", customer)
    assert str(caught.value) == says


def test_an_id_that_became_a_double_is_proposed_for_its_number(tmp_path: Path) -> None:
    log = "customer | time | event | due | id\n" + "\n".join(
        f"{n}.0 | 2026-01-01 | x | | " for n in (17850, 17985, 17805, 17580)
    )
    with pytest.raises(UnknownWordError, match=r"did you mean '17850\.0'\?"):
        one(tmp_path, "17850", log)


@pytest.mark.parametrize("customer", ["zzz", "customer-1", "ustomer-999", "x-customer-7"])
def test_an_unknown_customer_is_not_answered_with_all_others(tmp_path: Path, customer: str) -> None:
    log = "customer | time | event | due | id\n" + "\n".join(
        f"customer-{n} | 2026-01-01 | x | | " for n in range(100, 999)
    )
    with pytest.raises(UnknownWordError) as caught:
        one(tmp_path, customer, log)
    assert len(str(caught.value)) < 100
    assert len(caught.value.known) <= 3


def test_a_customer_all_of_whose_rows_are_ignored_is_known(tmp_path: Path) -> None:
    cyd = one(tmp_path, "cyd")
    assert (cyd.standing, cyd.steps, cyd.rejects) == (None, (), ())


@pytest.mark.parametrize(
    ("customer", "until", "rows", "fates"),
    [
        ("ann", None, (4, 2, 0, 2), {"applied": 1, "duplicate": 1}),
        ("bob", None, (2, 2, 0, 0), {"applied": 2}),
        ("bob", "2026-01-04", (2, 2, 0, 0), {"applied": 1, "later": 1}),
        ("cyd", None, (1, 0, 1, 0), {}),
        ("dan", None, (1, 1, 0, 0), {"rejected": 1}),
    ],
)
def test_every_row_and_event_of_the_customer_is_accounted_for(
    tmp_path: Path, customer: str, until: str | None, rows: tuple[int, ...], fates: dict[str, int]
) -> None:
    found = one(tmp_path, customer, until=at(until) if until else None)
    counts = found.counts
    assert (counts.rows, counts.used, counts.ignored, counts.broken) == rows
    assert {fate: n for fate in FATES if (n := getattr(counts, fate))} == fates


@pytest.mark.parametrize("until", [None, "2026-01-03", "2026-01-01", "2020-01-01"])
def test_the_rows_of_all_customers_are_the_rows_of_the_log(tmp_path: Path, until: str | None) -> None:
    end = at(until) if until else None
    found = [one(tmp_path, customer, until=end) for customer in ("ann", "bob", "cyd", "dan")]
    whole = replay(tmp_path, LOG, MAPPING, until=end)
    assert tuple(map(sum, zip(*(astuple(each.counts) for each in found), strict=True))) == astuple(whole.counts)


def test_a_rule_that_ignores_the_rest_leaves_no_rejects(tmp_path: Path) -> None:
    bob = replay_customer(
        scan_log(write(tmp_path, table(LOG))), parse_mapping(UTC_LOG + EXCHANGE + IGNORE_REST), CURVE, "bob"
    )
    assert ([each.logged.row for each in bob.applied], bob.rejects) == ([2, 8], ())


NAMES = [
    "a",
    "ab",
    "a ",
    " a",
    "\u3000a",
    "a\u3000",
    "ab\t",
    "\n",
    "",
    "?",
    "A",
    "b",
    "é",
    "aé",
    "\U0010ffff",
    "a\U0010ffff",
    "a!",
    "007",
    "7",
]
NUMBERS: list[tuple[Any, list[Any]]] = [
    (pl.Int8, [None, 0, 7, -7, 127]),
    (pl.Int64, [None, 0, 7, -7, 2**53 + 1, -(2**63)]),
    (pl.UInt64, [None, 0, 7, 2**63, 2**64 - 1]),
    (pl.Int128, [None, 0, 7, 2**100]),
    (pl.Float64, [None, 0.0, -0.0, 7.0, 1e300]),
]


@pytest.mark.parametrize("template", ["customer", "{customer}", "n{customer}", "{customer}{event}"])
@pytest.mark.parametrize(
    ("dtype", "names"), [(pl.String, NAMES), (pl.Categorical, NAMES), (pl.Binary, NAMES), *NUMBERS], ids=str
)
def test_every_name_in_parquet_finds_its_own_rows(tmp_path: Path, dtype: Any, names: list[Any], template: str) -> None:
    names = names * 2
    if dtype == pl.Binary:
        names = [name.encode() for name in names]
    days = [at("2026-01-01"), at("2026-01-02"), at("2026-02-01")]
    frame = pl.DataFrame(
        {
            "customer": pl.Series(names, dtype=pl.String if dtype == pl.Categorical else dtype).cast(dtype),
            "time": [days[number % 3] for number in range(len(names))],
            "event": "x",
        }
    )
    frame.write_parquet(tmp_path / "log.parquet", row_group_size=1)
    mapping = parse_mapping(f'[log]\ncustomer = {json.dumps(template)}\ntime = "time"\nempty = ["?"]\n' + EXCHANGE)
    log = scan_log(tmp_path / "log.parquet")
    whole = replay_log(log, mapping, CURVE)
    rows = 0
    for customer, standing in whole.standings.items():
        own = replay_customer(log, mapping, CURVE, customer)
        assert (own.standing, own.observed) == (standing, whole.at_until.standings[customer])
        rows += own.counts.rows
    assert rows == len(names) - whole.counts.broken
    for name in {"a", "7", "007", str(2**64 - 1), "-0"} - set(whole.standings):
        with pytest.raises(UnknownWordError):
            replay_customer(log, mapping, CURVE, name)


def test_other_customers_in_parquet_are_not_even_read(tmp_path: Path) -> None:
    path, many = tmp_path / "log.parquet", 20_000
    noise = pl.int_range(many, eager=True).hash().cast(pl.String)
    frame = pl.DataFrame({"customer": "a" + noise, "time": at("2026-01-01"), "event": "x", "note": noise}).sort(
        "customer"
    )
    own = pl.DataFrame({"customer": "b", "time": [at("2026-01-01")], "event": "x", "note": "n"})
    pl.concat([frame, own]).write_parquet(path, row_group_size=many, compression="uncompressed")
    data = bytearray(path.read_bytes())
    data[4:100_000] = bytes(100_000 - 4)  # of the first row group, and so of other customers
    path.write_bytes(data)
    mapping = parse_mapping(PLAIN_LOG + EXCHANGE)
    with pytest.raises(UnreadableLogError):
        replay_log(scan_log(path), mapping, CURVE)
    done = replay_customer(scan_log(path), mapping, CURVE, "b", until=at("2026-02-01"))
    assert [each.logged.row for each in done.applied] == [many + 1]
