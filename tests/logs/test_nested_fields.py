"""Fields inside objects, by dotted names: in JSON lines, in structs of Parquet, and in JSON that is a field of a CSV."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unicodedata import normalize

import polars as pl
import pytest

from tests.logs.helpers import CURVE, UTC_LOG, rejects, replay_file, rule, write
from trustcurve.logs import InvalidMappingError, parse_mapping, replay_customer, scan_log

RULES = rule(
    '{ event = "order", "order.total" = { at_least = 10 } }',
    'PromiseMade promise = "{order.shop.name}/{order.id}"; due = { column = "order.due" }',
) + rule("", ignore=True)
MAPPING = UTC_LOG.replace('customer = "customer"', 'customer = "who.id"') + RULES
ROWS: list[dict[str, Any]] = [
    {"who": {"id": "ann"}, "time": "2026-01-01", "event": "order", "order": {
        "id": "9007199254740993", "total": 59.9, "due": "2026-01-09", "shop": {"name": "x"}}},
    {"who": {"id": "bob"}, "time": "2026-01-02", "event": "order", "order": {
        "id": "2", "total": 9.9, "due": "2026-01-09", "shop": {"name": "x"}}},
    {"who": {"id": "cyd"}, "time": "2026-01-03", "event": "order", "order": {
        "id": "3", "total": 10.0, "due": None, "shop": {"name": "y"}}},
    {"who": {"id": None}, "time": "2026-01-03", "event": "order", "order": {
        "id": "4", "total": 10.0, "due": None, "shop": {"name": "y"}}},
]  # fmt: skip


def nested(path: Path, form: str) -> Path:
    if form == "parquet":
        pl.DataFrame(ROWS).write_parquet(path / "log.parquet")
        return path / "log.parquet"
    if form == "jsonl":
        (path / "log.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
        return path / "log.jsonl"
    texts = [{key: json.dumps(each) if isinstance(each, dict) else each for key, each in row.items()} for row in ROWS]
    return write(path, texts, form)


@pytest.mark.parametrize("engine", ["columns", "pure"])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_fields_one_level_down_and_deeper_are_columns(tmp_path: Path, form: str, engine: str) -> None:
    done = replay_file(nested(tmp_path, form), MAPPING, engine=engine)
    found = {customer: [(each.id, each.due) for each in at.promises] for customer, at in done.standings.items()}
    day = datetime(2026, 1, 9, tzinfo=UTC)
    assert found == {"ann": [("x/9007199254740993", day)], "cyd": [("y/3", None)]}
    assert rejects(done) == [(4, "no customer")]
    assert done.counts.ignored == 1


def test_one_customer_is_found_by_a_name_inside(tmp_path: Path) -> None:
    log = scan_log(nested(tmp_path, "jsonl"))
    told = replay_customer(log, parse_mapping(MAPPING, "m.toml"), CURVE, "ann")
    assert [each.id for each in told.history.standing.promises] == ["x/9007199254740993"]


NAME = UTC_LOG + rule('{ "a.b" = "x" }', "Exchanged") + rule("", ignore=True)


def lines(path: Path, *fields: str) -> Path:
    """Write JSON lines of one customer each: c1, c2 and so on."""
    rows = (
        f'{{"customer": "c{number}", "time": "2026-01-01", {each}}}\n' for number, each in enumerate(fields, start=1)
    )
    (path / "log.jsonl").write_text("".join(rows), encoding="utf-8")
    return path / "log.jsonl"


def test_a_column_of_that_very_name_comes_first(tmp_path: Path) -> None:
    done = replay_file(lines(tmp_path, '"a.b": "x", "a": {"b": "y"}', '"a": {"b": "x"}'), NAME)
    assert list(done.standings) == ["c1"]


def test_the_longest_name_of_a_column_comes_first(tmp_path: Path) -> None:
    deep = NAME.replace("a.b", "a.b.c")
    done = replay_file(lines(tmp_path, '"a.b": {"c": "x"}', '"a": {"b": {"c": "x"}}'), deep)
    assert list(done.standings) == ["c1"]


@pytest.mark.parametrize(
    "value", ["null", '"x"', "1", "[1]", '"{"', "{}", '{"b": null}', '{"b": NaN}', r'"{\"b\": \"\\ud800\"}"']
)
def test_what_has_no_such_field_is_empty(tmp_path: Path, value: str) -> None:
    done = replay_file(lines(tmp_path, f'"a": {value}', '"a": {"b": "x"}'), NAME)
    assert (list(done.standings), done.rejects, done.counts.ignored) == (["c2"], (), 1)


@pytest.mark.parametrize(
    ("value", "is_"), [("9007199254740993", "9007199254740993"), ("1.50", "1.50"), ("true", "true"), ('"0815"', "0815")]
)
def test_a_value_is_as_it_is_written(tmp_path: Path, value: str, is_: str) -> None:
    mapping = UTC_LOG + rule("", 'PromiseMade promise = "{a.b}"')
    done = replay_file(lines(tmp_path, f'"a": {{"b": {value}}}'), mapping)
    assert [each.id for each in done.standings["c1"].promises] == [is_]


@pytest.mark.parametrize("theirs", ["NFC", "NFD"])
@pytest.mark.parametrize("ours", ["NFC", "NFD"])
def test_keys_inside_have_two_unicode_forms_too(tmp_path: Path, ours: Any, theirs: Any) -> None:
    path = lines(tmp_path, f'"Ä": {{"{normalize(theirs, "Größe")}": "x"}}')
    mapping = NAME.replace("a.b", normalize(ours, "Ä.Größe"))
    assert list(replay_file(path, mapping).standings) == ["c1"]


def test_a_field_that_no_row_has_is_no_column(tmp_path: Path) -> None:
    path = lines(tmp_path, '"a": {"c": "x"}')
    with pytest.raises(InvalidMappingError, match=r"the log has no column 'a\.b'"):
        replay_file(path, NAME)
